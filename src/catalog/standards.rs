//! What follows from a catalog for its readers: standards under a control total.

use super::model::{Catalog, Group};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, fraction};

/// `expected_standard`: the standard of every group, points × control total ÷ expected points, rounded to
/// the fen, as information (P04). Expected points are those of the newest year's grouped cases. Empty
/// without points.
#[must_use]
pub fn expected_standards(catalog: &Catalog, control: Fen) -> Table {
    let newest = |group: &Group| group.year_cases.last().copied().unwrap_or_default();
    let points = |group: &Group| group.points.map_or(0, |points| i128::from(points.0));
    let expected: i128 =
        catalog.groups.iter().map(|group| points(group) * i128::from(newest(group))).sum();
    let standard = |group: &Group| {
        let yuan = fraction(points(group) * i128::from(control.0), expected)?;
        Fen::nearest(&yuan).ok()
    };
    let groups = || catalog.groups.iter();
    Table::new("expected_standard")
        .with("group_code", Column::text(groups().map(|group| group.group_code.clone())))
        .with("expected_cases", Column::counts(groups().map(newest)))
        .with(
            "points",
            Column::decimals(catalog.places, groups().map(|g| g.points.map(Points::to_decimal))),
        )
        .with(
            "standard_yuan",
            Column::decimals(2, groups().map(|group| standard(group).map(Fen::to_yuan))),
        )
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::expected_standards;
    use crate::catalog::model::{Catalog, Group};
    use crate::units::{Fen, Points};

    fn group(code: &str, points: i64, cases: [u64; 3], cv: i64, flags: &[&str]) -> Group {
        Group {
            group_code: code.to_owned(),
            group_name: String::new(),
            kind: "group".to_owned(),
            parent: String::new(),
            mark: String::new(),
            year_cases: cases.to_vec(),
            year_means: vec![None; 3],
            cases: cases.iter().sum(),
            mean: Decimal::from(points),
            cv: Some(Decimal::new(cv, 6)),
            computed: Some(Points(points * Points::PER_POINT)),
            points: Some(Points(points * Points::PER_POINT)),
            standard: None,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        }
    }

    fn catalog() -> Catalog {
        Catalog {
            system: "test".to_owned(),
            years: vec![2021, 2022, 2023],
            scale: Some(Decimal::from(100)),
            base_mean: Decimal::from(100),
            year_base_means: vec![None; 3],
            places: 4,
            groups: vec![
                group("A", 200, [9, 9, 3], 500_000, &[]),
                group("B", 50, [9, 9, 6], 500_001, &[]),
                group("C", 100, [1, 1, 1], 100_000, &["small"]),
                group("D", 10, [90, 90, 0], 499_999, &["single_year"]),
            ],
            institutions: Vec::new(),
            flow: Vec::new(),
            trimmed: Vec::new(),
            identity: Vec::new(),
            sources: std::collections::BTreeMap::new(),
            tables: Vec::new(),
        }
    }

    // shows: P04
    #[test]
    fn standards_share_the_control_total_over_the_points_of_the_newest_year() {
        // Expected points 3 × 200 + 6 × 50 + 1 × 100 = 1000; 12 345.00 yuan: 12.345 a point.
        let table = expected_standards(&catalog(), Fen(1_234_500));
        let told: Vec<_> = (0..4).map(|row| table.cell("standard_yuan", row).unwrap()).collect();
        assert_eq!(told, ["2469.00", "617.25", "1234.50", "123.45"]);
        let spent: i128 = (0..4)
            .map(|row| {
                let cases: i128 = table.cell("expected_cases", row).unwrap().parse().unwrap();
                table.fen("standard_yuan", row).unwrap() * cases
            })
            .sum();
        assert_eq!(spent, 1_234_500, "the expected cases at their standards use the total up");
    }
}
