//! What a stay carries beyond its settlement: the medical record, its discipline, the classes of its
//! cost. Read only where the policy asks, so that outpatient settlements do not pay for it.

use foldhash::HashMap;

use super::beside::Beside;
use super::columns::Extra;
use super::fees::CostSums;
use super::line_traits::{LineFact, LineRules};
use crate::grouper::record::Record;
use crate::policy::model::{Method, Policy};
use crate::warehouse::Error;
use crate::warehouse::arrow::array::{
    Array as _, AsArray as _, Int64Array, RecordBatch, StringViewArray,
};
use crate::warehouse::arrow::datatypes::Decimal128Type;
use crate::warehouse::engine::{Params, Session};
use crate::warehouse::rows::{text_column, time_column, whole_column};

/// `day_surgery` of a stay that is one.
const DAY_SURGERY: &str = "1";

/// What is read beyond settlements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wanted {
    /// Medical records.
    pub(super) record: bool,
    /// Classes of cost.
    pub(super) cost: bool,
    /// The main diagnosis alone, where no record is read.
    pub(super) diagnosis: bool,
    /// What units are recognised by (R19), and tiers of contribution (H13).
    pub(super) payment: bool,
    /// What single fee lines say.
    pub(super) lines: bool,
    /// What patients paid in full themselves.
    pub(super) own_payment: bool,
}

impl Wanted {
    /// What a policy asks for; `keep_records`: records are wanted for themselves.
    pub(super) fn of(policy: &Policy, keep_records: bool) -> Self {
        let decides = matches!(policy.grouping.method, Method::Dip(_) | Method::Drg(_))
            || !policy.scope.carve_out_diagnoses.is_empty()
            || policy.auxiliary.is_some()
            || policy.has_discipline_bonus();
        let record = keep_records || decides;
        let diagnosis = match &policy.grouping.method {
            Method::Apg(apg) => apg.reads_diagnoses(),
            Method::Given { .. } | Method::Dip(_) | Method::Drg(_) => false,
        };
        Self {
            record,
            cost: policy.case.cost_classes.is_some(),
            diagnosis: diagnosis && !record,
            payment: !policy.units.is_empty(),
            lines: LineRules::of(policy).is_some(),
            own_payment: Extra::of(policy).self_paid,
        }
    }

    /// Whether anything is.
    pub(super) fn any(self) -> bool {
        self != Self::default()
    }
}

/// What one settlement carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stay {
    /// Its record; `stay_days` follows once its settlements are merged.
    pub(super) record: Record,
    /// End of the stay in local microseconds.
    pub(super) end: Option<i64>,
    /// `dscg_caty`.
    pub(super) discipline: String,
    /// Fen of each class of cost, net of reversals.
    pub(super) cost_fen: CostSums,
    /// `hi_paymtd`.
    pub(super) hi_paymtd: String,
    /// `med_type`.
    pub(super) med_type: String,
    /// `clct_grde`.
    pub(super) clct_grde: String,
    /// What its fee lines say.
    pub(super) lines: LineFact,
    /// `fulamt_ownpay_amt` in fen, net of reversals.
    pub(super) own_fen: i64,
    /// `day_surgery` is 1.
    pub(super) is_day_surgery: bool,
}

impl Stay {
    /// Days from begin to end: the difference of dates, at least 1 (R19). `settled` stands in for an
    /// end that is missing.
    pub(super) fn close(&mut self, begin: i64, settled: i64) {
        const DAY: i64 = 86_400_000_000;
        let end = self.end.unwrap_or(settled);
        let days = end.div_euclid(DAY) - begin.div_euclid(DAY);
        self.record.stay_days = u32::try_from(days.max(1)).unwrap_or(u32::MAX);
    }

    /// Takes in another settlement of the case: its money; all else is that of the one at hand (R15).
    pub(super) fn absorb(&mut self, other: &Self) {
        for (sum, part) in self.cost_fen.iter_mut().zip(other.cost_fen) {
            *sum += part;
        }
        self.lines.money.add(&other.lines.money);
        self.own_fen += other.own_fen;
    }

    /// What one part of a split case (A15) carries: the main part what is known of the case as a whole,
    /// and the part of the drugs, the main one where there is none, their money.
    pub(super) fn keep_part(&mut self, is_main: bool, has_drugs: bool) {
        if !is_main {
            self.cost_fen = CostSums::default();
            self.own_fen = 0;
            self.lines.money.carved.clear();
        }
        if !has_drugs {
            (self.lines.money.drug_fen, self.lines.money.negotiated_fen) = (0, 0);
        }
    }
}

/// The stays of one bucket, by the key of the settlement.
#[derive(Debug, Default)]
pub(super) struct Stays {
    wanted: Wanted,
    known: HashMap<i128, Stay>,
}

impl Stays {
    /// Runs the models that are wanted.
    pub(super) async fn read(
        session: &Session,
        params: &Params,
        wanted: Wanted,
    ) -> Result<Self, Error> {
        let mut stays = Self { wanted, known: HashMap::default() };
        if wanted.record {
            for model in ["int_cases__diagnoses", "int_cases__operations"] {
                session.define(model, params).await?;
            }
            session
                .stream::<Error>("int_cases__record", params, |batch| stays.take_records(batch))
                .await?;
        }
        if wanted.diagnosis {
            session
                .stream::<Error>("int_cases__diagnoses", params, |batch| {
                    stays.take_diagnoses(batch)
                })
                .await?;
        }
        if wanted.payment {
            session
                .stream::<Error>("int_cases__payment", params, |batch| stays.take_payment(batch))
                .await?;
        }
        if wanted.own_payment {
            session
                .stream::<Error>("int_cases__own_payment", params, |batch| {
                    let own = whole_column(batch, "own_fen")?;
                    stays.each(batch, |stay, row| stay.own_fen = own.value(row));
                    Ok(())
                })
                .await?;
        }
        Ok(stays)
    }

    /// Calls `take` with the stay and the row of each key in the first column.
    fn each(&mut self, batch: &RecordBatch, mut take: impl FnMut(&mut Stay, usize)) {
        for (row, key) in batch.column(0).as_primitive::<Decimal128Type>().iter().enumerate() {
            if let Some(key) = key {
                take(self.known.entry(key).or_default(), row);
            }
        }
    }

    fn take_records(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let text = |name| text_column(batch, name);
        let (main_diagnosis, others) = (text("main_diagnosis")?, text("other_diagnoses")?);
        let (main_operation, related) = (text("main_operation")?, text("other_operations")?);
        let (gend, dscg_way) = (text("gend")?, text("dscg_way")?);
        let (asst_type, dscg_caty) = (text("asst_type")?, text("dscg_caty")?);
        let day_surgery = text("day_surgery")?;
        let (age, icu) = (whole_column(batch, "age_days")?, whole_column(batch, "icu_days")?);
        let ends = time_column(batch, "endtime")?;
        let days = |column: &Int64Array, row: usize| {
            column.is_valid(row).then(|| u32::try_from(column.value(row)).ok()).flatten()
        };
        for (row, key) in batch.column(0).as_primitive::<Decimal128Type>().iter().enumerate() {
            let Some(key) = key else { continue };
            let stay = self.known.entry(key).or_default();
            stay.record = Record {
                main_diagnosis: text_at(&main_diagnosis, row).to_owned(),
                other_diagnoses: list(text_at(&others, row)),
                main_operation: text_at(&main_operation, row).to_owned(),
                other_operations: list(text_at(&related, row)),
                gend: text_at(&gend, row).to_owned(),
                age_days: days(age, row),
                stay_days: 1,
                icu_days: days(icu, row).unwrap_or(0),
                dscg_way: text_at(&dscg_way, row).to_owned(),
                asst_type: text_at(&asst_type, row).to_owned(),
            };
            stay.end = ends.is_valid(row).then(|| ends.value(row));
            text_at(&dscg_caty, row).clone_into(&mut stay.discipline);
            stay.is_day_surgery = text_at(&day_surgery, row) == DAY_SURGERY;
        }
        Ok(())
    }

    fn take_diagnoses(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let main = text_column(batch, "main_diagnosis")?;
        for (row, key) in batch.column(0).as_primitive::<Decimal128Type>().iter().enumerate() {
            let Some(key) = key else { continue };
            let stay = self.known.entry(key).or_default();
            text_at(&main, row).clone_into(&mut stay.record.main_diagnosis);
        }
        Ok(())
    }

    fn take_payment(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let (methods, types) = (text_column(batch, "hi_paymtd")?, text_column(batch, "med_type")?);
        let (grades, ends) = (text_column(batch, "clct_grde")?, time_column(batch, "endtime")?);
        for (row, key) in batch.column(0).as_primitive::<Decimal128Type>().iter().enumerate() {
            let Some(key) = key else { continue };
            let stay = self.known.entry(key).or_default();
            text_at(&grades, row).clone_into(&mut stay.clct_grde);
            text_at(&methods, row).clone_into(&mut stay.hi_paymtd);
            text_at(&types, row).clone_into(&mut stay.med_type);
            stay.end = ends.is_valid(row).then(|| ends.value(row));
        }
        Ok(())
    }

    /// Main diagnosis of a settlement; empty where it has none or records are not wanted.
    pub(super) fn main_diagnosis(&self, setl_key: i128) -> &str {
        self.known.get(&setl_key).map_or("", |stay| stay.record.main_diagnosis.as_str())
    }

    /// What a settlement carries, once; nothing where nothing is wanted.
    pub(super) fn take(&mut self, setl_key: i128, beside: &Beside) -> Option<Box<Stay>> {
        if !self.wanted.any() {
            return None;
        }
        let mut stay = self.known.remove(&setl_key).unwrap_or_default();
        if self.wanted.lines {
            stay.lines = beside.fees.fact(setl_key);
        }
        if self.wanted.cost {
            stay.cost_fen = beside.fees.net_costs(setl_key);
        }
        Some(Box::new(stay))
    }
}

/// A text; empty where it is missing.
fn text_at(column: &StringViewArray, row: usize) -> &str {
    if column.is_null(row) { "" } else { column.value(row) }
}

/// Codes joined by `|`.
fn list(joined: &str) -> Vec<String> {
    joined.split('|').filter(|code| !code.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{Stay, list};

    /// Local microseconds of a time of 1970 January.
    fn january(day: i64, hour: i64) -> i64 {
        ((day - 1) * 24 + hour) * 3_600_000_000
    }

    // shows: R19
    #[test]
    fn days_are_the_difference_of_dates_and_at_least_one() {
        let check = |begin, end, settled, expect| {
            let mut stay = Stay { end, ..Stay::default() };
            stay.close(begin, settled);
            assert_eq!(stay.record.stay_days, expect);
        };
        check(january(3, 8), Some(january(3, 17)), january(3, 18), 1);
        check(january(3, 23), Some(january(4, 1)), january(4, 9), 1);
        check(january(3, 8), Some(january(5, 7)), january(9, 9), 2);
        check(january(3, 8), None, january(9, 9), 6);
        // The end before the begin is a defect of dates, found elsewhere.
        check(january(3, 8), Some(january(2, 8)), january(9, 9), 1);
    }

    #[test]
    fn joined_codes_are_taken_apart() {
        assert_eq!(list("A|B"), ["A", "B"]);
        assert_eq!(list("A"), ["A"]);
        assert!(list("").is_empty());
    }
}
