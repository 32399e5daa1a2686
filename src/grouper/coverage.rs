//! How far a grouping reaches: statuses with their reasons, and coverage by insurance type, disease
//! and institution (P07).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::record::Record;
use super::{Reason, Status};
use crate::settlement::cases::Cases;
use crate::table::{Column, Table};

/// Cases of each status, in the order of [`Status::ALL`].
type Counts = [i64; Status::ALL.len()];

/// `status`: one row a reason that occurs, in the order of [`Reason::ALL`], with its share of all cases
/// (4 places). The row `grouped` is the share of cases in a group (入组率).
#[must_use]
pub fn statuses(cases: &Cases, reasons: &[Reason]) -> Table {
    let mut sums: BTreeMap<Reason, (i64, i128)> = BTreeMap::new();
    for (reason, fee) in reasons.iter().zip(&cases.fee_fen) {
        let sum = sums.entry(*reason).or_default();
        sum.0 += 1;
        sum.1 += i128::from(*fee);
    }
    let all = sums.values().map(|sum| sum.0).sum();
    Table::new("status")
        .with("status", Column::text(sums.keys().map(|reason| reason.status().as_str())))
        .with("reason", Column::text(sums.keys().map(|reason| reason.as_str())))
        .with("cases", Column::whole(sums.values().map(|sum| sum.0)))
        .with("share", Column::decimals(4, sums.values().map(|sum| share(sum.0, all))))
        .with(
            "fee_yuan",
            Column::Decimal { places: 2, values: sums.values().map(|sum| Some(sum.1)).collect() },
        )
        .with("text_en", Column::text(sums.keys().map(|reason| reason.text().0)))
        .with("text_zh", Column::text(sums.keys().map(|reason| reason.text().1)))
}

/// `coverage`: one row a value of the axes `insutype`, `disease` (first three characters of the main
/// diagnosis, `(none)` without one) and `institution`, with cases by status. The axis `disease` needs
/// the records of the cases.
#[must_use]
pub fn coverage(cases: &Cases, reasons: &[Reason], records: &[Record]) -> Table {
    let mut axes: BTreeMap<(&str, String), Counts> = BTreeMap::new();
    for (row, reason) in reasons.iter().enumerate() {
        let insutype = &cases.insutypes[usize::from(cases.insutype[row])];
        let institution = &cases.institutions[cases.institution[row] as usize];
        let mut values = vec![("insutype", insutype.clone()), ("institution", institution.clone())];
        if let Some(record) = records.get(row) {
            let category: String = record.main_diagnosis.chars().take(3).collect();
            let category = if category.is_empty() { "(none)".to_owned() } else { category };
            values.push(("disease", category));
        }
        for value in values {
            axes.entry(value).or_default()[status_at(*reason)] += 1;
        }
    }
    let count = |at: usize| Column::whole(axes.values().map(move |counts| counts[at]));
    let all = |counts: &Counts| counts.iter().sum::<i64>();
    let mut table = Table::new("coverage")
        .with("axis", Column::text(axes.keys().map(|(axis, _)| *axis)))
        .with("value", Column::text(axes.keys().map(|(_, value)| value.clone())))
        .with("cases", Column::whole(axes.values().map(all)));
    for (at, status) in Status::ALL.into_iter().enumerate() {
        table = table.with(status.as_str(), count(at));
    }
    table.with(
        "grouped_share",
        Column::decimals(4, axes.values().map(|counts| share(counts[0], all(counts)))),
    )
}

fn status_at(reason: Reason) -> usize {
    Status::ALL.iter().position(|status| *status == reason.status()).unwrap_or_default()
}

/// Part ÷ all; `None` without cases (A53).
fn share(part: i64, all: i64) -> Option<Decimal> {
    Decimal::from(part).checked_div(Decimal::from(all))
}

#[cfg(test)]
mod tests {
    use super::{coverage, statuses};
    use crate::grouper::Reason;
    use crate::grouper::record::Record;
    use crate::settlement::cases::{Cases, UNGROUPED};

    fn cases() -> (Cases, Vec<Reason>, Vec<Record>) {
        let cases = Cases {
            institutions: vec!["H1".to_owned(), "H2".to_owned()],
            groups: vec!["FM15".to_owned()],
            insutypes: vec!["310".to_owned(), "390".to_owned()],
            institution: vec![0, 0, 1, 1],
            group: vec![0, UNGROUPED, 0, UNGROUPED],
            insutype: vec![0, 1, 0, 0],
            fee_fen: vec![10_000, 20_050, 30_000, 1],
            ..Cases::default()
        };
        let reasons =
            vec![Reason::Grouped, Reason::NoMdc, Reason::Grouped, Reason::UnrelatedOperation];
        let record = |main: &str| Record { main_diagnosis: main.to_owned(), ..Record::default() };
        let records = vec![record("I21.0"), record("I63.9"), record("I21.9"), record("")];
        (cases, reasons, records)
    }

    // shows: P02, P06
    #[test]
    fn the_share_without_group_has_its_reasons() {
        let (cases, reasons, _) = cases();
        let table = statuses(&cases, &reasons);
        let row =
            |at| ["status", "reason", "cases", "share", "fee_yuan"].map(|c| table.cell(c, at));
        let text = |cells: [&str; 5]| cells.map(|cell| Some(cell.to_owned()));
        assert_eq!(row(0), text(["grouped", "grouped", "2", "0.5000", "400.00"]));
        assert_eq!(row(1), text(["ungrouped", "no_mdc", "1", "0.2500", "200.50"]));
        assert_eq!(row(2), text(["ambiguous", "unrelated_operation", "1", "0.2500", "0.01"]));
        assert_eq!(table.rows(), 3);
    }

    // shows: P07
    #[test]
    fn coverage_is_told_by_insurance_disease_and_institution() {
        let (cases, reasons, records) = cases();
        let table = coverage(&cases, &reasons, &records);
        let told: Vec<String> = (0..table.rows())
            .map(|row| {
                let cell = |name| table.cell(name, row).unwrap();
                let counts = ["cases", "grouped", "ungrouped", "ambiguous", "invalid"].map(cell);
                format!("{} {} {}", cell("axis"), cell("value"), counts.join("/"))
            })
            .collect();
        let wanted = [
            "disease (none) 1/0/0/1/0",
            "disease I21 2/2/0/0/0",
            "disease I63 1/0/1/0/0",
            "institution H1 2/1/1/0/0",
            "institution H2 2/1/0/1/0",
            "insutype 310 3/2/0/1/0",
            "insutype 390 1/0/1/0/0",
        ];
        assert_eq!(told, wanted);
        assert_eq!(table.cell("grouped_share", 5).as_deref(), Some("0.6667"));
    }
}
