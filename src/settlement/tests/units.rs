//! Units other than groups become points (J03, H14, 1.4): fee, bed days, quota; the arithmetic by hand.

use crate::policy::model::{Cite, Unit, UnitKind};
use crate::settlement::cases::Cases;
use crate::settlement::decide::{CaseClass, CaseView, Pay, decide};
use crate::settlement::tariff::Tariff;

use super::build::{case, catalog, columns, input, paid, points_policy, settle_columns, yuan};

fn unit(code: &str, kind: UnitKind) -> Unit {
    Unit {
        cite: Cite::default(),
        code: code.to_owned(),
        kind,
        hi_paymtd: vec!["5".to_owned()],
        dise_codg: Vec::new(),
        med_type: Vec::new(),
    }
}

fn policy() -> crate::policy::model::Policy {
    let mut policy = points_policy();
    policy.units = vec![
        unit("ITEM", UnitKind::Item),
        unit("BED", UnitKind::BedDays { standard: yuan("300.00") }),
        unit("QUOTA", UnitKind::Quota { standard: yuan("400.00") }),
    ];
    policy
}

/// Class and points (in millionths) of one case; M is 351.25, the scale 1000.
fn judge(group: &str, fee: &str, days: u32) -> (CaseClass, Pay) {
    let policy = policy();
    let catalog = catalog("351.25", "1000", &[("M_1", "351.25", "1000")]);
    let rows = columns(&[case("X", group, fee, "100")]);
    let cases = Cases { unit_days: vec![days], ..rows };
    let tariff = Tariff::resolve(&input(&policy, Some(&catalog), "1000"), &cases).unwrap();
    let judged = decide(&tariff, &CaseView::of(&cases, 0));
    (judged.class, judged.pay)
}

// M = 351.25, scale 1000: item 500 ÷ 351.25 × 1000 = 1423.4875…; 300 a day: 1 day 854.0925…, 2 days
// 1708.1851 (not twice the rounded one), quota 400 ÷ 351.25 × 1000 = 1138.7900.
// shows: J03, H14, R19, A46
#[test]
fn units_become_points_by_fee_days_or_quota() {
    let points = |millionths| (CaseClass::Unit, Pay::Points(millionths));
    assert_eq!(judge("ITEM", "500", 0), points(1_423_487_500));
    assert_eq!(judge("BED", "9999", 1), points(854_092_500));
    assert_eq!(judge("BED", "9999", 2), points(1_708_185_100));
    assert_eq!(judge("QUOTA", "9999", 0), points(1_138_790_000));
    // Fee 0 is tested first: paid as booked, no points (R11).
    assert_eq!(judge("QUOTA", "0", 0), (CaseClass::ZeroFee, Pay::Booked(10_000)));
    // A group of the catalog beside them is a group still.
    assert_eq!(judge("M_1", "500", 0), (CaseClass::Normal, Pay::Points(1_000_000_000)));
}

// At M 300 and scale 100: X has one group case of 100 points and 3 bed days of 300 = 300 points, Y an
// item case of 600 = 200 points. 1200.00 ÷ 600 points = 2.0000: X 800.00, Y 400.00. No outlier rule
// and no coefficient touches a unit.
// shows: J03, H14, J05
#[test]
fn units_earn_their_share_of_the_pool() {
    let policy = policy();
    let catalog = catalog("300", "100", &[("G", "300", "100")]);
    let rows = [
        case("X", "G", "310", "250"),
        case("X", "BED", "950", "700"),
        case("Y", "ITEM", "600", "450"),
    ];
    let given = input(&policy, Some(&catalog), "1200");
    let cases = Cases { unit_days: vec![0, 3, 0], ..columns(&rows) };
    let outcome = settle_columns(&cases, given).unwrap();
    assert_eq!(paid(&outcome), ["800.00", "400.00"]);
}
