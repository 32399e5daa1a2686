//! Two groupings of the same cases side by side: who moved where, in cases, points and yuan (P09).
//!
//! Both sides are priced by their own catalog and divide the same money, the fund booked for the
//! cases: yuan = allocate(money, points). So a change of yuan is a change of the share alone, and
//! both columns sum to the money to the fen.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::catalog::model::Catalog;
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, Ratio, UnitError, allocate, exact, ratio};

/// What stands for the group of a case that has none.
pub const NO_GROUP: &str = "(no group)";
/// What stands for the group of a case that the other side's scope leaves out.
pub const ABSENT: &str = "(not in scope)";

/// One grouping: its cases with ids, and the catalog that prices them.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Cases with `case_id`.
    pub cases: &'a Cases,
    /// Points of the groups; M and scale for cases without group (A41).
    pub catalog: &'a Catalog,
    /// A41: factor of a case without group.
    pub ungrouped_factor: Decimal,
}

/// What kept two groupings from being compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A catalog without points.
    #[error("system `{system}` has no points to compare")]
    NoScale {
        /// The system.
        system: String,
    },
    /// No case at all, or one whose points are beyond all bounds.
    #[error("the points of case `{case_id}` cannot be counted")]
    Points {
        /// The case.
        case_id: String,
    },
    /// Money that cannot be divided.
    #[error("the money cannot be divided by these points")]
    Money {
        /// Why not.
        source: UnitError,
    },
}

/// The tables of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// `summary`: one row.
    pub summary: Table,
    /// `confusion`: a pair of groups a row, what moved most money first.
    pub confusion: Table,
    /// `institution`: an institution a row, what moved most money first.
    pub institutions: Table,
}

/// Sums of some cases on both sides.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    cases: i64,
    moved: i64,
    fee_fen: i128,
    points: [i128; 2],
}

/// One case on both sides.
struct Pair<'a> {
    institution: &'a str,
    groups: [&'a str; 2],
    points: [i128; 2],
    fee_fen: i64,
    fund_fen: i64,
}

/// Compares two groupings case by case.
///
/// # Errors
/// [`Error`]
pub fn compare(a: Side<'_>, b: Side<'_>) -> Result<Comparison, Error> {
    let mut rows: BTreeMap<&str, [Option<usize>; 2]> = BTreeMap::new();
    for (side, cases) in [a.cases, b.cases].into_iter().enumerate() {
        for (row, id) in cases.case_id.texts().enumerate() {
            rows.entry(id).or_default()[side] = Some(row);
        }
    }
    let prices = [Prices::new(a)?, Prices::new(b)?];
    let mut cells: BTreeMap<[&str; 2], Sum> = BTreeMap::new();
    let mut institutions: BTreeMap<&str, Sum> = BTreeMap::new();
    let (mut total, mut money) = (Sum::default(), 0_i128);
    for (id, at) in &rows {
        let pair = pair(id, [a, b], at, &prices)?;
        money += i128::from(pair.fund_fen);
        let moved = i64::from(pair.groups[0] != pair.groups[1]);
        let cell = cells.entry(pair.groups).or_default();
        let institution = institutions.entry(pair.institution).or_default();
        for sum in [cell, institution, &mut total] {
            sum.cases += 1;
            sum.moved += moved;
            sum.fee_fen += i128::from(pair.fee_fen);
            for (sum, points) in sum.points.iter_mut().zip(pair.points) {
                *sum += points;
            }
        }
    }
    let overflow = |_| Error::Money { source: UnitError::Overflow };
    let money = Fen(i64::try_from(money).map_err(overflow)?);
    let confusion = divided(&cells, money, |[a, b]| format!("{a} → {b}"))?;
    let by_institution = divided(&institutions, money, |code| (*code).to_owned())?;
    Ok(Comparison {
        summary: summary(total, money),
        confusion: confusion_table(&confusion),
        institutions: institution_table(&by_institution),
    })
}

/// What the groups of one side are worth, in millionths of a point.
struct Prices {
    /// By index into the cases' groups; `None`: not in the catalog, or a mean of 0 (A41, R37).
    groups: Vec<Option<i64>>,
    /// Points of a fen without group.
    by_fee: Ratio,
    places: u32,
}

impl Prices {
    fn new(side: Side<'_>) -> Result<Self, Error> {
        let Side { cases, catalog, ungrouped_factor } = side;
        let no_scale = || Error::NoScale { system: catalog.system.clone() };
        let scale = catalog.scale.ok_or_else(no_scale)?;
        if catalog.base_mean.is_zero() {
            return Err(no_scale());
        }
        let by_fee = exact(ungrouped_factor) * exact(scale) / exact(catalog.base_mean) / ratio(100);
        let of = |code: &String| {
            let known = catalog.groups.binary_search_by(|group| group.group_code.cmp(code)).ok();
            let group = &catalog.groups[known?];
            group.points.filter(|_| !group.mean.is_zero()).map(|points| points.0)
        };
        Ok(Self { groups: cases.groups.iter().map(of).collect(), by_fee, places: catalog.places })
    }

    /// Points of a case, none for a fee of 0 (R11), and whether it has a group.
    fn points(&self, group: u32, fee_fen: i64) -> Option<(i64, bool)> {
        let priced = (group != UNGROUPED).then(|| self.groups[group as usize]).flatten();
        match priced {
            Some(_) if fee_fen == 0 => Some((0, true)),
            Some(points) => Some((points, true)),
            None => {
                let points = Points::from_ratio(&(&self.by_fee * ratio(fee_fen)), self.places)?;
                Some((points.0, false))
            }
        }
    }
}

fn pair<'a>(
    id: &str,
    sides: [Side<'a>; 2],
    at: &[Option<usize>; 2],
    prices: &[Prices; 2],
) -> Result<Pair<'a>, Error> {
    let mut pair =
        Pair { institution: "", groups: [ABSENT; 2], points: [0; 2], fee_fen: 0, fund_fen: 0 };
    for side in [1, 0] {
        let Some(row) = at[side] else { continue };
        let cases = sides[side].cases;
        let (group, fee) = (cases.group[row], cases.fee_fen[row]);
        let wrong = || Error::Points { case_id: id.to_owned() };
        let (points, grouped) = prices[side].points(group, fee).ok_or_else(wrong)?;
        pair.groups[side] = if grouped { &cases.groups[group as usize] } else { NO_GROUP };
        pair.points[side] = i128::from(points);
        pair.institution = &cases.institutions[cases.institution[row] as usize];
        (pair.fee_fen, pair.fund_fen) = (fee, cases.fund_fen[row]);
    }
    Ok(pair)
}

/// A row with its share of the money on both sides.
struct Row<K> {
    key: K,
    sum: Sum,
    yuan: [Fen; 2],
}

impl<K> Row<K> {
    fn change(&self) -> i64 {
        self.yuan[1].0 - self.yuan[0].0
    }
}

/// Divides the money on both sides; what moved most money comes first.
fn divided<K: Copy + Ord>(
    sums: &BTreeMap<K, Sum>,
    money: Fen,
    name: impl Fn(&K) -> String,
) -> Result<Vec<Row<K>>, Error> {
    let names: Vec<String> = sums.keys().map(name).collect();
    let side = |side: usize| {
        let weights: Vec<i128> = sums.values().map(|sum| sum.points[side]).collect();
        allocate(money, &weights, &names).map_err(|source| Error::Money { source })
    };
    let shares = [side(0)?, side(1)?];
    let mut rows: Vec<Row<K>> = sums
        .iter()
        .enumerate()
        .map(|(at, (key, sum))| Row { key: *key, sum: *sum, yuan: [shares[0][at], shares[1][at]] })
        .collect();
    rows.sort_by(|x, y| (y.change().abs(), x.key).cmp(&(x.change().abs(), y.key)));
    Ok(rows)
}

fn points_of(sums: impl Iterator<Item = i128>) -> Column {
    Column::Decimal { places: Points::PLACES, values: sums.map(Some).collect() }
}

fn fee_of(sums: impl Iterator<Item = i128>) -> Column {
    Column::Decimal { places: 2, values: sums.map(Some).collect() }
}

/// The columns that cells and institutions share.
fn with_sums<K>(table: Table, rows: &[Row<K>]) -> Table {
    table
        .with("fee_yuan", fee_of(rows.iter().map(|row| row.sum.fee_fen)))
        .with("points_a", points_of(rows.iter().map(|row| row.sum.points[0])))
        .with("points_b", points_of(rows.iter().map(|row| row.sum.points[1])))
        .with("yuan_a", Column::yuan(rows.iter().map(|row| row.yuan[0].0)))
        .with("yuan_b", Column::yuan(rows.iter().map(|row| row.yuan[1].0)))
        .with("yuan_change", Column::yuan(rows.iter().map(Row::change)))
}

fn confusion_table(rows: &[Row<[&str; 2]>]) -> Table {
    let table = Table::new("confusion")
        .with("group_a", Column::text(rows.iter().map(|row| row.key[0])))
        .with("group_b", Column::text(rows.iter().map(|row| row.key[1])))
        .with("cases", Column::whole(rows.iter().map(|row| row.sum.cases)));
    with_sums(table, rows)
}

fn institution_table(rows: &[Row<&str>]) -> Table {
    let table = Table::new("institution")
        .with("fixmedins_code", Column::text(rows.iter().map(|row| row.key)))
        .with("cases", Column::whole(rows.iter().map(|row| row.sum.cases)))
        .with("moved", Column::whole(rows.iter().map(|row| row.sum.moved)));
    with_sums(table, rows)
}

fn summary(total: Sum, money: Fen) -> Table {
    Table::new("summary")
        .with("cases", Column::whole([total.cases]))
        .with("moved", Column::whole([total.moved]))
        .with("fee_yuan", fee_of([total.fee_fen].into_iter()))
        .with("points_a", points_of([total.points[0]].into_iter()))
        .with("points_b", points_of([total.points[1]].into_iter()))
        .with("money_yuan", Column::yuan([money.0]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rust_decimal::Decimal;

    use super::{Error, Side, compare};
    use crate::catalog::model::{Catalog, Group};
    use crate::settlement::cases::{Cases, UNGROUPED};
    use crate::units::Points;

    fn catalog(groups: &[(&str, i64)]) -> Catalog {
        let group = |(code, points): &(&str, i64)| Group {
            group_code: (*code).to_owned(),
            group_name: String::new(),
            kind: "group".to_owned(),
            parent: String::new(),
            mark: String::new(),
            year_cases: vec![1],
            year_means: vec![None],
            cases: 1,
            mean: Decimal::from(100),
            cv: None,
            computed: Some(Points(points * Points::PER_POINT)),
            points: Some(Points(points * Points::PER_POINT)),
            standard: None,
            flags: Vec::new(),
        };
        Catalog {
            system: "test".to_owned(),
            years: vec![2023],
            scale: Some(Decimal::from(100)),
            base_mean: Decimal::from(1000),
            year_base_means: vec![None],
            places: 4,
            groups: groups.iter().map(group).collect(),
            institutions: Vec::new(),
            flow: Vec::new(),
            trimmed: Vec::new(),
            identity: Vec::new(),
            sources: BTreeMap::new(),
            tables: Vec::new(),
        }
    }

    fn cases(groups: &[&str], of: &[(&str, u32, u32)]) -> Cases {
        Cases {
            institutions: vec!["H1".to_owned(), "H2".to_owned()],
            groups: groups.iter().map(|code| (*code).to_owned()).collect(),
            case_id: of.iter().map(|case| Some(case.0)).collect(),
            institution: of.iter().map(|case| case.1).collect(),
            group: of.iter().map(|case| case.2).collect(),
            fee_fen: vec![100_000; of.len()],
            fund_fen: vec![50_000; of.len()],
            ..Cases::default()
        }
    }

    // shows: P09, A41
    #[test]
    fn what_moved_most_money_stands_first_and_both_sides_sum_to_the_money() {
        // Four cases of 1000 yuan each, 500 by the fund: 2000 yuan to divide.
        // A: X, X, Y, none. Points 100, 100, 200, 0.7 × 1000 ÷ 1000 × 100 = 70: 470.
        // B: X, Z, Z, Z. Points 100, 100, 100, 100: 400.
        let (catalog_a, catalog_b) =
            (catalog(&[("X", 100), ("Y", 200)]), catalog(&[("X", 100), ("Z", 100)]));
        let a = cases(&["X", "Y"], &[("1", 0, 0), ("2", 0, 0), ("3", 1, 1), ("4", 1, UNGROUPED)]);
        let b = cases(&["X", "Z"], &[("4", 1, 1), ("3", 1, 1), ("2", 0, 1), ("1", 0, 0)]);
        let factor = Decimal::new(7, 1);
        let side = |cases, catalog| Side { cases, catalog, ungrouped_factor: factor };
        let told = compare(side(&a, &catalog_a), side(&b, &catalog_b)).unwrap();
        let cell = |name: &str, row| told.confusion.cell(name, row).unwrap();
        let rows: Vec<[String; 6]> = (0..told.confusion.rows())
            .map(|row| {
                ["group_a", "group_b", "cases", "yuan_a", "yuan_b", "yuan_change"]
                    .map(|c| cell(c, row))
            })
            .collect();
        // Fen of A: 200000 × 200 ÷ 470 = 85106.383, × 70 ÷ 470 = 29787.234, × 100 ÷ 470 = 42553.191
        // twice. Floored they lack one fen, which goes to the largest part left over, .383.
        let wanted = [
            ["Y", "Z", "1", "851.07", "500.00", "-351.07"],
            ["(no group)", "Z", "1", "297.87", "500.00", "202.13"],
            ["X", "X", "1", "425.53", "500.00", "74.47"],
            ["X", "Z", "1", "425.53", "500.00", "74.47"],
        ];
        assert_eq!(rows, wanted.map(|row| row.map(str::to_owned)));
        let sum =
            |name: &str| (0..4).map(|row| told.confusion.fen(name, row).unwrap()).sum::<i128>();
        assert_eq!([sum("yuan_a"), sum("yuan_b"), sum("yuan_change")], [200_000, 200_000, 0]);
        let moved: Vec<_> =
            (0..2).map(|row| told.institutions.cell("moved", row).unwrap()).collect();
        assert_eq!(moved, ["1", "2"], "H1 kept one of its two cases, H2 none");
        assert_eq!(told.summary.cell("moved", 0).as_deref(), Some("3"));
    }

    // shows: P09
    #[test]
    fn a_grouping_beside_itself_moves_nothing() {
        let catalog = catalog(&[("X", 100), ("Y", 200)]);
        let cases = cases(&["X", "Y"], &[("1", 0, 0), ("2", 1, 1), ("3", 1, UNGROUPED)]);
        let side = Side { cases: &cases, catalog: &catalog, ungrouped_factor: Decimal::ONE };
        let told = compare(side, side).unwrap();
        for row in 0..told.confusion.rows() {
            assert_eq!(told.confusion.cell("yuan_change", row).as_deref(), Some("0.00"));
        }
        assert_eq!(told.summary.cell("moved", 0).as_deref(), Some("0"));
    }

    // 2⁶³ − 1 fen twice are more than an amount holds.
    #[test]
    fn money_beyond_all_amounts_is_refused_and_not_cut() {
        let catalog = catalog(&[("X", 100)]);
        let mut cases = cases(&["X"], &[("1", 0, 0), ("2", 1, 0)]);
        cases.fund_fen = vec![i64::MAX; 2];
        let side = Side { cases: &cases, catalog: &catalog, ungrouped_factor: Decimal::ONE };
        assert!(matches!(compare(side, side), Err(Error::Money { .. })));
    }

    // A case of fee 0 in X has no points (R11): H1 has 1 × 100, H2 all the rest.
    // shows: R11
    #[test]
    fn a_case_of_fee_zero_has_no_points() {
        let catalog = catalog(&[("X", 100)]);
        let mut cases = cases(&["X"], &[("1", 0, 0), ("2", 0, 0), ("3", 1, 0)]);
        cases.fee_fen[1] = 0;
        let side = Side { cases: &cases, catalog: &catalog, ungrouped_factor: Decimal::ONE };
        let told = compare(side, side).unwrap();
        // 3 × 500 yuan over 200 points: one case each.
        let yuan = |row| told.institutions.cell("yuan_a", row).unwrap();
        assert_eq!([yuan(0), yuan(1)], ["750.00", "750.00"]);
        assert_eq!(told.confusion.cell("group_a", 0).as_deref(), Some("X"), "it has a group");
    }
}
