//! Reads who is signed with whom and insured when (table `enrollee`), once a run: head counts, and the
//! contract of a person on the first day of a month (R08).

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike as _, NaiveDate};

use crate::grouper::signing::{Enrolment, PersonYear, person_year};
use crate::settlement::cases::UNSIGNED;
use crate::settlement::heads::{HeadClass, Heads};
use crate::warehouse::arrow::array::{Array as _, RecordBatch};
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::rows::{bool_column, text_column, time_column, whole_column};
use crate::warehouse::snapshot::Snapshot;
use crate::warehouse::vocabulary::id_key;
use crate::warehouse::{Error, dimension};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Persons of one year.
#[derive(Debug, Default)]
pub(super) struct Signing {
    year: u16,
    first_days: [i32; 12],
    /// Persons and months by contract and class.
    pub(super) heads: BTreeMap<(String, HeadClass), Heads>,
    /// Rows whose months are more than 12 or fewer than 0.
    pub(super) odd_months: u64,
    /// Institutions signed with, in the order met.
    pub(super) codes: Vec<String>,
    numbers: HashMap<String, u32>,
    /// Contracts by month, each kind once.
    patterns: Vec<[u32; 12]>,
    known: HashMap<[u32; 12], u32>,
    /// Pattern of each person who is signed in some month, by the key of the person.
    of: HashMap<i128, u32>,
}

impl Signing {
    /// Reads one year.
    pub(super) fn read(engine: &Engine, snapshot: &Snapshot, year: u16) -> Result<Self, Error> {
        let day =
            |month: u32| NaiveDate::from_ymd_opt(i32::from(year), month, 1).unwrap_or_default();
        let epoch = NaiveDate::default();
        let mut first_days = [0; 12];
        for (month, first) in (1..).zip(&mut first_days) {
            *first = i32::try_from((day(month) - epoch).num_days()).unwrap_or_default();
        }
        let mut signing = Self { year, first_days, ..Self::default() };
        let params = Params::default()
            .whole("year", i64::from(year))
            .time("first_day", Some(i64::from(signing.first_days[0]) * DAY));
        let mut person = String::new();
        let mut rows: Vec<Enrolment> = Vec::new();
        dimension::stream(engine, snapshot, "stg_enrollee", &params, |batch| {
            signing.take(batch, &mut person, &mut rows)
        })?;
        signing.close(&person, &rows);
        Ok(signing)
    }

    fn take(
        &mut self,
        batch: &RecordBatch,
        person: &mut String,
        rows: &mut Vec<Enrolment>,
    ) -> Result<(), Error> {
        let text = |name| text_column(batch, name);
        let (psn_no, signed) = (text("psn_no")?, text("signed")?);
        let (clct_grde, gend) = (text("clct_grde")?, text("gend")?);
        let months = whole_column(batch, "months_insured")?;
        let mut days = Vec::with_capacity(5);
        for name in ["brdy", "insu_begin", "insu_end", "sign_begin", "sign_end"] {
            days.push(time_column(batch, name)?);
        }
        let chronic = bool_column(batch, "is_chronic")?;
        for row in 0..batch.num_rows() {
            if psn_no.value(row) != person {
                self.close(person, rows);
                psn_no.value(row).clone_into(person);
                rows.clear();
            }
            let day = |at: usize| {
                let column = days[at];
                column
                    .is_valid(row)
                    .then(|| i32::try_from(column.value(row).div_euclid(DAY)).unwrap_or_default())
            };
            let months_insured = months.is_valid(row).then(|| months.value(row));
            self.odd_months += u64::from(months_insured.is_some_and(|n| !(0..=12).contains(&n)));
            rows.push(Enrolment {
                signed: signed.value(row).to_owned(),
                sign: [day(3), day(4)],
                months_insured: months_insured
                    .map(|months| u8::try_from(months.clamp(0, 12)).unwrap_or_default()),
                insured: [day(1), day(2)],
                class: HeadClass {
                    clct_grde: clct_grde.value(row).to_owned(),
                    gend: gend.value(row).to_owned(),
                    age: day(0).and_then(|born| age(born, self.year)),
                    chronic: chronic.value(row),
                },
            });
        }
        Ok(())
    }

    /// Counts a person whose rows are complete.
    fn close(&mut self, person: &str, rows: &[Enrolment]) {
        if rows.is_empty() {
            return;
        }
        let PersonYear { contracts, months, class } = person_year(rows, &self.first_days);
        for (contract, months) in months {
            let heads = self.heads.entry((contract, class.clone())).or_default();
            heads.persons += 1;
            heads.months += u64::from(months);
        }
        if contracts.iter().all(String::is_empty) {
            return;
        }
        let pattern = contracts.map(|code| self.number(&code));
        let next = u32::try_from(self.patterns.len()).unwrap_or(u32::MAX);
        let at = *self.known.entry(pattern).or_insert(next);
        if at == next {
            self.patterns.push(pattern);
        }
        self.of.insert(id_key(person), at);
    }

    fn number(&mut self, code: &str) -> u32 {
        if code.is_empty() {
            return UNSIGNED;
        }
        if let Some(known) = self.numbers.get(code) {
            return *known;
        }
        let number = u32::try_from(self.codes.len()).unwrap_or(UNSIGNED);
        self.codes.push(code.to_owned());
        self.numbers.insert(code.to_owned(), number);
        number
    }

    /// Number of the institution a person is signed with in a month (1 to 12) of a year, or [`UNSIGNED`];
    /// persons who are not in the table are unsigned (R08).
    pub(super) fn contract(&self, person: &str, year: u16, month: u8) -> u32 {
        if year != self.year {
            return UNSIGNED;
        }
        let pattern = self.of.get(&id_key(person)).map(|at| &self.patterns[*at as usize]);
        pattern.map_or(UNSIGNED, |pattern| pattern[usize::from(month.clamp(1, 12)) - 1])
    }
}

/// Full years on the first day of a year; `None` for a birth after it.
fn age(born: i32, year: u16) -> Option<u32> {
    let born = NaiveDate::default() + chrono::Duration::days(i64::from(born));
    let later = u32::from(born.ordinal() > 1);
    let years = i32::from(year) - born.year();
    u32::try_from(years).ok()?.checked_sub(later)
}

#[cfg(test)]
mod tests {
    use super::age;

    // On the first day of 2024 (day 19723): born on the first day of 2023, a day later, and in 2024.
    // shows: A27
    #[test]
    fn ages_are_full_years_on_the_first_day_of_the_year() {
        assert_eq!(age(19_723 - 365, 2024), Some(1));
        assert_eq!(age(19_723 - 364, 2024), Some(0));
        assert_eq!(age(19_723, 2024), Some(0));
        assert_eq!(age(19_724, 2024), None);
    }
}
