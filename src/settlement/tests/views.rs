//! Both views of profit and loss, and the bulletin.

use std::num::NonZeroUsize;

use crate::settlement::views::{bulletin_table, profit_table};
use crate::settlement::{Assessment, decide_all};
use crate::table::Table;

use super::build::{case, columns, input, settle_columns, standard_policy, yuan};

fn row(table: &Table, at: usize, columns: &[&str]) -> Vec<String> {
    let cell = |name: &&str| table.cell(name, at).unwrap_or_else(|| "–".to_owned());
    columns.iter().map(cell).collect()
}

/// X has a normal, a low and a high case of M_N18 (947.00: low up to 378.80, high above 1 894.00), Y two
/// normal ones; the fund pays 0.8 of every fee.
fn scene() -> (Table, Table) {
    let policy = standard_policy();
    let cases = columns(&[
        case("X", "M_N18", "1000", "800"),
        case("X", "M_N18", "300", "240"),
        case("X", "M_N18", "2000", "1600"),
        case("Y", "M_N18", "900", "720"),
        case("Y", "M_N18", "900", "720"),
    ]);
    let mut input = input(&policy, None, "100000");
    let taken = Assessment { deduction: yuan("50"), ..Assessment::default() };
    input.assessments.insert(("all".to_owned(), "X".to_owned()), taken);
    let outcome = settle_columns(&cases, input.clone()).unwrap();
    let decisions = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
    (profit_table(&outcome, &cases, &decisions), bulletin_table(&outcome, &cases, &decisions))
}

// shows: E28
#[test]
fn outliers_count_in_one_view_of_profit_and_not_in_the_other() {
    let (profit, _) = scene();
    let columns = ["fixmedins_code", "cases", "outlier_cases", "pay_yuan", "profit_yuan"];
    // A normal case is paid 947 × 0.8 = 757.60. X: 757.60 + 240 + 1 600 = 2 597.60, booked 2 640.00.
    assert_eq!(row(&profit, 0, &columns), ["X", "3", "2", "2597.60", "-42.40"]);
    // Y: 2 × 757.60 = 1 515.20, booked 1 440.00.
    assert_eq!(row(&profit, 1, &columns), ["Y", "2", "0", "1515.20", "75.20"]);
    // Low and high are paid as booked: their profit is 0 either way, and both views agree.
    let views = ["official_yuan", "outliers_yuan"];
    assert_eq!(row(&profit, 0, &views), ["-42.40", "0.00"]);
}

// shows: E28
#[test]
fn the_views_differ_by_what_outliers_are_paid_beyond_their_cost() {
    // As above, but low cases are paid their group: 757.60 instead of the 240.00 booked.
    let mut policy = standard_policy();
    let bands = &mut policy.deviation.as_mut().unwrap().bands;
    bands[0].pay = crate::policy::model::BandPay::Group;
    let cases = columns(&[case("X", "M_N18", "1000", "800"), case("X", "M_N18", "300", "240")]);
    let input = input(&policy, None, "100000");
    let outcome = settle_columns(&cases, input.clone()).unwrap();
    let decisions = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
    let profit = profit_table(&outcome, &cases, &decisions);
    let columns = ["profit_yuan", "official_yuan", "outliers_yuan"];
    // (757.60 − 800) + (757.60 − 240) = 475.20; the normal case alone −42.40.
    assert_eq!(row(&profit, 0, &columns), ["475.20", "-42.40", "517.60"]);
}

// shows: P11
#[test]
fn a_bulletin_lists_the_problems_of_each_institution() {
    let (_, bulletin) = scene();
    let columns =
        ["fixmedins_code", "problem", "cases", "share", "area_share", "above_area", "amount_yuan"];
    let rows: Vec<Vec<String>> =
        (0..bulletin.rows()).map(|at| row(&bulletin, at, &columns)).collect();
    // X: 1 of 3 low and high, the area 1 of 5; paid 2 597.60 − 50.00, booked 2 640.00.
    let expected = [
        ["X", "deduction", "–", "–", "–", "–", "-50.00"],
        ["X", "high", "1", "0.3333", "0.2000", "yes", "0.00"],
        ["X", "loss", "–", "–", "–", "–", "-92.40"],
        ["X", "low", "1", "0.3333", "0.2000", "yes", "0.00"],
    ];
    assert_eq!(rows, expected);
}
