//! The small tables: institutions, enrolment, registrations, budget, answer key and truth.

use super::city::Role;
use super::defect::KeyLine;
use super::error::Error;
use super::output::{CsvFile, Folder, Format};
use super::person::Person;
use super::row::{DAY, date_of};
use super::truth::Truth;
use super::world::World;
use crate::units::{Fen, Ratio, UnitError};

/// Enrolment and registrations, filled person by person.
pub(super) struct People {
    enrollee: CsvFile,
    registration: CsvFile,
}

impl People {
    /// New files.
    pub(super) fn create(folder: &Folder, format: Format) -> Result<Self, Error> {
        let file = |name: &str, header: &[&str]| CsvFile::create(folder.file(name), header, format);
        let enrollee = ["psn_no", "year", "signed_fixmedins_code", "clct_grde", "months_insured"];
        let registration = ["psn_no", "dise_codg", "begndate", "enddate"];
        Ok(Self {
            enrollee: file("enrollee.csv", &enrollee)?,
            registration: file("registration.csv", &registration)?,
        })
    }

    /// The rows of a person: one a year, one a disease.
    pub(super) fn write(&mut self, person: &Person<'_>, years: &[u16]) -> Result<(), Error> {
        let signed = person.signed.map_or("", |place| &place.code);
        for &year in years {
            let months = person.months_insured(year).to_string();
            let year = year.to_string();
            self.enrollee.record(&[&person.psn_no, &year, signed, person.clct_grde, &months])?;
        }
        for illness in &person.illnesses {
            let code = &illness.care.disease.code;
            if !code.is_empty() {
                let begin = midnight(illness.registered);
                self.registration.record(&[&person.psn_no, code, &begin, ""])?;
            }
        }
        Ok(())
    }

    /// Everything is on disk.
    pub(super) fn finish(self) -> Result<(), Error> {
        self.enrollee.finish()?;
        self.registration.finish()
    }
}

/// The first second of a day, as times stand in CSV.
fn midnight(day: i64) -> String {
    let date = date_of(day * DAY);
    format!("{date} 00:00:00")
}

/// `institution.csv`.
pub(super) fn institutions(
    folder: &Folder,
    format: Format,
    world: &World<'_>,
) -> Result<(), Error> {
    let header = [
        "fixmedins_code",
        "fixmedins_name",
        "hosp_lv",
        "inst_type",
        "grade_a",
        "consortium",
        "lead",
        "eligible",
        "start_date",
        "county",
    ];
    let mut file = CsvFile::create(folder.file("institution.csv"), &header, format)?;
    for place in &world.places {
        let kind = &world.city.institutions[place.kind];
        let (consortium, lead) = match &place.consortium {
            Some((id, Role::Lead)) => (id.as_str(), "1"),
            Some((id, Role::Member)) => (id.as_str(), "0"),
            None => ("", ""),
        };
        let start = place.start.map_or_else(String::new, midnight);
        let county = &world.city.districts[place.district].0;
        file.record(&[
            place.code.as_str(),
            &place.name,
            &kind.hosp_lv,
            &kind.inst_type,
            &kind.grade_a,
            consortium,
            lead,
            "1",
            &start,
            county,
        ])?;
    }
    file.finish()
}

/// `budget.csv`: what was booked in a year × the city's factor of that year, rounded to the fen.
pub(super) fn budget(
    folder: &Folder,
    format: Format,
    world: &World<'_>,
    (truth, years): (&Truth<'_>, &[u16]),
) -> Result<(), Error> {
    let header = ["year", "pool", "period", "item", "amount"];
    let mut file = CsvFile::create(folder.file("budget.csv"), &header, format)?;
    let rule = &world.city.budget;
    for &year in years {
        let factor = rule.factors[usize::from(year) % rule.factors.len()].0;
        let booked = Ratio::from_integer(truth.booked(year).into());
        let scale = Ratio::from_integer(10_i64.pow(factor.scale()).into());
        let exact = booked * Ratio::from_integer(factor.mantissa().into()) / scale;
        let amount = Fen::nearest(&exact).map_err(Error::Amount)?;
        let (year, amount) = (year.to_string(), amount.to_string());
        file.record(&[&year, &rule.pool, &rule.period, &rule.item, &amount])?;
    }
    file.finish()
}

/// `answer_key.csv`: every planted defect, sorted.
pub(super) fn answer_key(folder: &Folder, key: &mut [KeyLine]) -> Result<(), Error> {
    key.sort_by(|a, b| {
        let sorted = |line: &KeyLine| (line.defect.name(), line.defect.table());
        sorted(a).cmp(&sorted(b)).then_with(|| a.key.cmp(&b.key))
    });
    let header = ["check_id", "table", "key", "amount_yuan", "note"];
    let mut file = CsvFile::create(folder.file("answer_key.csv"), &header, Format::Csv)?;
    for line in key {
        let amount = line.amount.map_or_else(String::new, |amount| Fen(amount).to_string());
        let (check, table) = (line.defect.name(), line.defect.table());
        file.record(&[check, table, &line.key, &amount, line.note])?;
    }
    file.finish()
}

/// `truth.csv`: cases and money of every group and year, sorted.
pub(super) fn truth(folder: &Folder, world: &World<'_>, truth: &Truth<'_>) -> Result<(), Error> {
    let header = ["group_code", "year", "cases", "cost_sum_yuan", "fund_sum_yuan"];
    let mut file = CsvFile::create(folder.file("truth.csv"), &header, Format::Csv)?;
    for (group, year, sums) in truth.lines(world) {
        let (year, cases) = (year.to_string(), sums.cases.to_string());
        let (fee, fund) = (fen(sums.fee)?.to_string(), fen(sums.fund)?.to_string());
        file.record(&[group, &year, &cases, &fee, &fund])?;
    }
    file.finish()
}

/// A sum as fen.
pub(super) fn fen(sum: i128) -> Result<Fen, Error> {
    i64::try_from(sum).map(Fen).map_err(|_| Error::Amount(UnitError::Overflow))
}
