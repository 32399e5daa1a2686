//! What head budgets need from table `institution`: units, leads, who shares the unsigned pool.

use super::Error;
use crate::settlement::heads::Contractor;
use crate::table::Table;
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;

/// Institutions as parties to contracts, ascending by code; none where the table was not loaded (R07).
///
/// # Errors
/// [`Error::Value`] for a `lead` or `eligible` that is neither 1, 0 nor empty, or rows that disagree.
pub(super) fn contractors(
    engine: &Engine,
    snapshot: &Snapshot,
) -> Result<Vec<Contractor>, Error> {
    from_table(&dimension::read(engine, snapshot, "stg_contractor", &Params::default())?)
}

fn from_table(table: &Table) -> Result<Vec<Contractor>, Error> {
    let cell = |column: &str, row: usize| table.cell(column, row).unwrap_or_default();
    let mut all: Vec<Contractor> = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let code = cell("fixmedins_code", row);
        let wrong = |value: String, wanted| Error::Value {
            table: "institution",
            key: code.clone(),
            value,
            wanted,
        };
        let yes = |column: &'static str, empty: bool| match cell(column, row).as_str() {
            "" => Ok(empty),
            "1" => Ok(true),
            "0" => Ok(false),
            other => Err(wrong(format!("{column} {other}"), "1, 0 or nothing")),
        };
        let (lead, eligible) = (yes("lead", false)?, yes("eligible", true)?);
        if all.last().is_some_and(|last| last.code == code) {
            let wanted = "one consortium, one `lead` and one `eligible` in all its rows";
            return Err(wrong("rows that disagree".to_owned(), wanted));
        }
        all.push(Contractor { consortium: cell("consortium", row), lead, eligible, code });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{Error, from_table};
    use crate::table::{Column, Table};

    /// Rows of `stg_contractor`: code, lead, eligible; the consortium is Y.
    fn read(rows: &[(&str, &str, &str)]) -> Result<Vec<(String, bool, bool)>, Error> {
        let table = Table::new("stg_contractor")
            .with("fixmedins_code", Column::text(rows.iter().map(|row| row.0)))
            .with("consortium", Column::text(rows.iter().map(|_| "Y")))
            .with("lead", Column::text(rows.iter().map(|row| row.1)))
            .with("eligible", Column::text(rows.iter().map(|row| row.2)));
        let all = from_table(&table)?;
        Ok(all.into_iter().map(|one| (one.code, one.lead, one.eligible)).collect())
    }

    // shows: R07, R09
    #[test]
    fn an_institution_leads_only_if_said_and_shares_unless_denied() {
        let rows = [("H1", "1", "1"), ("H2", "0", "0"), ("H3", "", "")];
        let expect = [("H1", true, true), ("H2", false, false), ("H3", false, true)];
        let expect = expect.map(|(code, lead, eligible)| (code.to_owned(), lead, eligible));
        assert_eq!(read(&rows).unwrap(), expect);
        for wrong in [&[("H1", "yes", "1")][..], &[("H1", "1", "2")], &[("H1", "1", "1"), ("H1", "0", "1")]] {
            let refused = read(wrong).unwrap_err();
            assert!(matches!(refused, Error::Value { table: "institution", .. }), "{refused}");
        }
    }
}
