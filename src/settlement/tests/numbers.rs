//! Worked numbers of domain.md, each with its arithmetic or its place there.

use std::num::NonZeroUsize;

use crate::policy::model::{
    Basis, CapBase, CapDestination, Clearing, Policy, Pools, RatioOf, Reference, ShareBy, Standard,
    SurplusCap,
};
use crate::settlement::cases::flag;
use crate::settlement::decide::{CaseClass, CaseView, Judgement, Pay, decide};
use crate::settlement::outcome::LineKind;
use crate::settlement::tariff::Tariff;
use crate::settlement::{Assessment, decide_all, tables};
use crate::units::Fen;

use super::build::{
    Case, STANDARDS, case, catalog, cite, columns, date, dec, input, paid, points_policy,
    settle_one, standard_policy, yuan,
};

/// Judges one case of the published standards.
fn judge(group: &str, fee: &str, fund: &str, flags: u8) -> (CaseClass, Pay) {
    let policy = standard_policy();
    let cases = columns(&[Case { flags, ..case("X", group, fee, fund) }]);
    let tariff = Tariff::resolve(&input(&policy, None, "0"), &cases).unwrap();
    let Judgement { class, pay, .. } = decide(&tariff, &CaseView::of(&cases, 0));
    (class, pay)
}

fn cap(rate: &str, base: CapBase, destination: CapDestination) -> SurplusCap {
    SurplusCap { cite: cite("cap"), rate: dec(rate), base, destination }
}

/// Cases whose group is worth exactly the points wanted, so that points are chosen per institution.
fn by_points(points: &[(&str, &str, &str)]) -> (Vec<Case>, crate::catalog::model::Catalog) {
    let groups: Vec<(String, &str)> =
        points.iter().map(|(code, points, _)| (format!("G{code}"), *points)).collect();
    let groups: Vec<(&str, &str, &str)> =
        groups.iter().map(|(code, points)| (code.as_str(), "100", *points)).collect();
    let rows = points
        .iter()
        .map(|(code, _, booked)| case(code, &format!("G{code}"), "100", booked))
        .collect();
    (rows, catalog("100", "1000", &groups))
}

// shows: J04, J05
#[test]
fn tiny_example_gives_the_last_fen_to_the_larger_remainder() {
    // 0.2: X 466.6668 points, Y 333.3334, budget 1 600.00 → 933.33 and 666.67, point value 2.0000.
    let policy = points_policy();
    let catalog = catalog("300", "100", &[("A", "200", "66.6667"), ("B", "600", "200")]);
    let rows =
        [("X", "A", 4, "150"), ("X", "B", 1, "300"), ("Y", "A", 2, "180"), ("Y", "B", 1, "360")];
    let rows: Vec<Case> = rows
        .iter()
        .flat_map(|(code, group, times, fund)| vec![case(code, group, "400", fund); *times])
        .collect();
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "1600")).unwrap();
    assert_eq!(paid(&outcome), ["933.33", "666.67"]);
    let surplus: Vec<_> = outcome.institutions.iter().map(|row| row.surplus).collect();
    assert_eq!(surplus, [yuan("33.33"), yuan("-53.33")]);
    assert_eq!(outcome.pools[0].points, Some(800_000_200));
    assert_eq!(outcome.pools[0].point_value, Some(dec("2.0000")));
    assert_eq!(outcome.institutions[0].surplus_rate, Some(dec("0.0357"))); // 33.33 ÷ 933.33
}

// shows: Y22, Y23, A06
#[test]
fn published_standards_have_their_lines_where_the_table_says() {
    // 2.1: 0.4× (≤ by item) and 2× (> by item) of all eight standards.
    let lines = [
        ("OMA_N18", "1337.60", "6688.00"),
        ("MA_N18", "533.20", "2666.00"),
        ("OM_N18", "1066.40", "5332.00"),
        ("OA_N18", "568.80", "2844.00"),
        ("M_N18", "378.80", "1894.00"),
        ("A_N18", "116.40", "582.00"),
        ("O_N18", "166.00", "830.00"),
        ("QY_N18", "116.40", "582.00"),
    ];
    assert_eq!(lines.map(|line| line.0), STANDARDS.map(|standard| standard.0));
    for (group, low, high) in lines {
        let fen_above = |line: &str| Fen(yuan(line).0 + 1).to_string();
        let class = |fee: &str| judge(group, fee, "1", 0).0;
        assert_eq!(class(low), CaseClass::Low, "{group} {low}");
        assert_eq!(class(&fen_above(low)), CaseClass::Normal, "{group} a fen above {low}");
        assert_eq!(class(high), CaseClass::Normal, "{group} {high}");
        assert_eq!(class(&fen_above(high)), CaseClass::High, "{group} a fen above {high}");
    }
}

// shows: A06
#[test]
fn exclusive_lines_leave_the_fen_on_them_to_the_next_band() {
    let mut policy = standard_policy();
    for band in &mut policy.deviation.as_mut().unwrap().bands {
        band.inclusive = false;
    }
    let class = |fee| {
        let cases = columns(&[case("X", "M_N18", fee, "1")]);
        let tariff = Tariff::resolve(&input(&policy, None, "0"), &cases).unwrap();
        decide(&tariff, &CaseView::of(&cases, 0)).class
    };
    // 0.4 × 947 = 378.80 and 2 × 947 = 1894.00: now strictly below is low, from 1894.00 on is high.
    assert_eq!(
        ["378.79", "378.80", "1893.99", "1894.00"].map(class),
        [CaseClass::Low, CaseClass::Normal, CaseClass::Normal, CaseClass::High]
    );
}

// shows: D-Y1, D-Y2, D-Y3, D-Y4, D-Y5, D-Y6, Y20, Y22, Y23, Y24, Y25, A11, A12, A16, R11, R24
#[test]
fn worked_cases_of_the_standards() {
    let item = |text| Pay::Booked(yuan(text).0);
    let standard = |text| Pay::Standard(yuan(text).0);
    // D-Y1 … D-Y4: the ratio 0.85 gives 947 × 0.85 = 804.95 wherever the fund divides evenly.
    assert_eq!(judge("M_N18", "378.80", "321.98", 0), (CaseClass::Low, item("321.98")));
    // 947 × 321.99 ÷ 378.81 = 804.953…
    assert_eq!(judge("M_N18", "378.81", "321.99", 0), (CaseClass::Normal, standard("804.95")));
    assert_eq!(judge("M_N18", "1894.00", "1609.90", 0), (CaseClass::Normal, standard("804.95")));
    assert_eq!(judge("M_N18", "1894.01", "1609.91", 0), (CaseClass::High, item("1609.91")));
    // D-Y5: 1000 + 1000 merged is never high.
    let merged = judge("M_N18", "2000", "1700", flag::MERGED);
    assert_eq!(merged, (CaseClass::Normal, standard("804.95")));
    // D-Y6.
    assert_eq!(judge("M_N18", "1000", "850", 0), (CaseClass::Normal, standard("804.95")));
    // A11: a merged case is tested for low: 150 + 200 ≤ 378.80.
    assert_eq!(judge("M_N18", "350", "300", flag::MERGED), (CaseClass::Low, item("300")));
    // A12: 900 > 2 × 415.
    assert_eq!(judge("O_N18", "900", "700", 0), (CaseClass::High, item("700")));
    // Y25: 291 × 0.85 = 247.35 without any test, late before unusable (R24).
    let late = judge("QY_N18", "5000", "4250", flag::LATE | flag::UNUSABLE);
    assert_eq!(late, (CaseClass::Late, standard("247.35")));
    let unusable = judge("QY_N18", "10", "8.50", flag::UNUSABLE);
    assert_eq!(unusable, (CaseClass::Unusable, standard("247.35")));
    // R11 comes first.
    assert_eq!(judge("QY_N18", "0", "3", flag::LATE), (CaseClass::ZeroFee, item("3")));
}

/// A case of 947 at X and one that makes up the rest of Σ pay by standard at Y, both with ratio 1.
fn paid_by_standard_in_all(total: &str, control: &str) -> crate::settlement::Outcome {
    let mut policy = standard_policy();
    let rest = Fen(yuan(total).0 - yuan("947").0);
    policy.standards.push(Standard {
        cite: cite("annex"),
        group_code: "REST".to_owned(),
        price: rest,
        from: date("2022-12-01"),
    });
    let rest = rest.to_string();
    let rows = [case("X", "M_N18", "947", "947"), case("Y", "REST", &rest, &rest)];
    settle_one(&rows, input(&policy, None, control)).unwrap()
}

// shows: D-Y7, D-Y8, Y28, Y29, A20
#[test]
fn overspent_standards_are_rescaled_to_the_control_total() {
    // D-Y7: control 1 000 000, by standard 1 100 000, no outliers: 947 → 860.909…, shown 860.91.
    let outcome = paid_by_standard_in_all("1100000", "1000000");
    assert_eq!(paid(&outcome), ["860.91", "999139.09"]); // 1 099 053 × 10 ÷ 11 = 999 139.0909…
    assert_eq!(outcome.pools[0].floating_factor, Some(dec("0.9091")));
    assert_eq!(outcome.pools[0].standard_paid, Some(yuan("1100000")));
    // D-Y8: control 1 000 000, by standard 900 000: unchanged, the rest stays in the fund.
    let outcome = paid_by_standard_in_all("900000", "1000000");
    assert_eq!(paid(&outcome), ["947.00", "899053.00"]);
    assert_eq!(outcome.pools[0].floating_factor, Some(dec("1.0000")));
    assert_eq!(outcome.pools[0].year_end.unwrap().fund_balance, yuan("100000"));
    // A20: exactly on the control total is not overspent.
    assert_eq!(paid(&paid_by_standard_in_all("900000", "900000")), ["947.00", "899053.00"]);
}

// shows: A19
#[test]
fn outliers_are_paid_before_the_rescale() {
    // A19: C 1 000 000, I 100 000, E 1 100 000 → k = 900 000 ÷ 1 100 000 = 0.8182, and Σ = C.
    let mut policy = standard_policy();
    policy.standards.push(Standard {
        cite: cite("annex"),
        group_code: "BIG".to_owned(),
        price: yuan("550000"),
        from: date("2022-12-01"),
    });
    let rows = [
        case("X", "M_N18", "100000", "100000"), // > 2 × 947: by item
        case("X", "BIG", "550000", "550000"),
        case("Y", "BIG", "550000", "550000"),
    ];
    let outcome = settle_one(&rows, input(&policy, None, "1000000")).unwrap();
    assert_eq!(paid(&outcome), ["550000.00", "450000.00"]); // 100 000 + 450 000, 450 000
    let pool = &outcome.pools[0];
    assert_eq!(pool.item_paid, yuan("100000"));
    assert_eq!(pool.standard_paid, Some(yuan("1100000")));
    assert_eq!(pool.floating_factor, Some(dec("0.8182")));
    assert_eq!(pool.year_end.unwrap().fund_balance, Fen::ZERO);
    // 947 × 9 ÷ 11 = 774.818… (774.82 as printed): the same k on a case of the published price.
    assert_eq!(
        Fen::nearest(&(crate::units::ratio(94_700 * 9) / crate::units::ratio(11))).unwrap(),
        yuan("774.82")
    );
}

// shows: A16
#[test]
fn ratio_may_be_of_the_scope_or_of_the_area() {
    let mut policy = standard_policy();
    let rows = [
        Case { inscope_fen: 90_000, ..case("X", "M_N18", "1000", "850") },
        case("Y", "M_N18", "1000", "650"),
    ];
    policy.payment.ratio = RatioOf::InScope;
    let outcome = settle_one(&rows, input(&policy, None, "5000")).unwrap();
    // 947 × 850 ÷ 900 = 894.388…; 947 × 650 ÷ 1000 = 615.55.
    assert_eq!(paid(&outcome), ["894.39", "615.55"]);
    policy.payment.ratio = RatioOf::Area;
    let outcome = settle_one(&rows, input(&policy, None, "5000")).unwrap();
    // 947 × 1500 ÷ 2000 = 710.25 for both.
    assert_eq!(paid(&outcome), ["710.25", "710.25"]);
}

#[test]
fn prices_follow_the_month_of_settlement() {
    let mut policy = standard_policy();
    policy.standards.push(Standard {
        cite: cite("annex"),
        group_code: "M_N18".to_owned(),
        price: yuan("1000"),
        from: date("2024-07-01"),
    });
    let rows = [
        Case { month: 6, ..case("X", "M_N18", "800", "400") },
        Case { month: 7, ..case("Y", "M_N18", "800", "400") },
    ];
    let outcome = settle_one(&rows, input(&policy, None, "5000")).unwrap();
    assert_eq!(paid(&outcome), ["473.50", "500.00"]); // 947 and 1000, half of each
    // The low line moves with the price: 390 is above 378.80 and below 400.
    let rows = [
        Case { month: 6, ..case("X", "M_N18", "390", "195") },
        Case { month: 7, ..case("Y", "M_N18", "390", "195") },
    ];
    let outcome = settle_one(&rows, input(&policy, None, "5000")).unwrap();
    assert_eq!(paid(&outcome), ["473.50", "195.00"]);
}

// shows: H03, H04, H05, A24
#[test]
fn surplus_and_overspend_are_shared_by_points() {
    // A24: F 100, A 106, s 0.95 → T = 106 − 5.70 = 100.30, points 60 / 40 → 60.18 / 40.12.
    let mut policy = points_policy();
    policy.sharing.overspend = dec("0.95");
    let (rows, catalog) = by_points(&[("X", "60", "70"), ("Y", "40", "36")]);
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "100")).unwrap();
    assert_eq!(paid(&outcome), ["60.18", "40.12"]);
    assert_eq!(outcome.pools[0].distributable, yuan("100.30"));
    assert_eq!(outcome.pools[0].year_end.unwrap().fund_balance, yuan("-0.30"));
    // "keeps booked" with 70 / 36: 70 − 3.42, 36 − 2.28.
    policy.sharing.by = ShareBy::KeepsBooked;
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "100")).unwrap();
    assert_eq!(paid(&outcome), ["66.58", "33.72"]);
    // "own excess": shares of F are 60 / 40; only X stands above its own, by 10, and bears all
    // 5.70.
    policy.sharing.by = ShareBy::OwnExcess;
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "100")).unwrap();
    assert_eq!(paid(&outcome), ["64.30", "36.00"]);
    // 4.2: A = 96 → providers 99.80, the fund keeps 0.20.
    let mut policy = points_policy();
    policy.sharing.surplus = dec("0.95");
    let (rows, catalog) = by_points(&[("X", "60", "60"), ("Y", "40", "36")]);
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "100")).unwrap();
    assert_eq!(outcome.pools[0].distributable, yuan("99.80"));
    assert_eq!(outcome.pools[0].year_end.unwrap().fund_balance, yuan("0.20"));
}

// shows: A49
#[test]
fn pools_share_on_their_own() {
    // A25's arithmetic, each part on its own side: F 60, A 50 → 59.50; F 40, A 46 → 40.30; Σ 99.80.
    let mut policy = points_policy();
    policy.budget.pools = Pools::Insutype;
    policy.sharing.surplus = dec("0.95");
    policy.sharing.overspend = dec("0.95");
    let (mut rows, catalog) = by_points(&[("X", "60", "50"), ("Y", "40", "46")]);
    rows[1].insutype = "390".to_owned();
    let mut input = input(&policy, Some(&catalog), "0");
    input.budgets = [("310", "60"), ("390", "40")]
        .map(|(pool, budget)| ((pool.to_owned(), "Y".to_owned()), yuan(budget)))
        .into();
    let outcome = settle_one(&rows, input).unwrap();
    let pools: Vec<_> =
        outcome.pools.iter().map(|row| (row.pool.as_str(), row.distributable)).collect();
    assert_eq!(pools, [("310", yuan("59.50")), ("390", yuan("40.30"))]);
}

// shows: Y34, A21, A22, R38
#[test]
fn surplus_above_the_cap_returns_to_the_fund() {
    let settle_capped = |budget: &str, booked: &str| {
        let mut policy = points_policy();
        policy.surplus_cap = Some(cap("0.10", CapBase::Paid, CapDestination::Fund));
        let (rows, catalog) = by_points(&[("X", "1", booked)]);
        settle_one(&rows, input(&policy, Some(&catalog), budget)).unwrap()
    };
    // A21: booked 900 000, entitled to 1 100 000 (18.18 %) → 1 000 000.00, 100 000.00 return.
    let outcome = settle_capped("1100000", "900000");
    assert_eq!(paid(&outcome), ["1000000.00"]);
    let end = outcome.pools[0].year_end.unwrap();
    assert_eq!((end.returned, end.capped_institutions), (yuan("100000"), 1));
    let row = &outcome.institutions[0];
    assert_eq!(row.surplus_rate_before_cap, Some(dec("0.1818")));
    assert_eq!(row.surplus_rate, Some(dec("0.1000")));
    assert_eq!(row.adjustment, yuan("-100000"));
    // Booked 850.00: 850 ÷ 0.9 = 944.444…; 944.44 stays, 944.45 → 944.44.
    assert_eq!(paid(&settle_capped("944.44", "850")), ["944.44"]);
    assert_eq!(settle_capped("944.44", "850").pools[0].year_end.unwrap().capped_institutions, 0);
    assert_eq!(paid(&settle_capped("944.45", "850")), ["944.44"]);
    // R38: nothing booked → nothing paid.
    assert_eq!(paid(&settle_capped("10", "0")), ["0.00"]);
}

// shows: A21
#[test]
fn cap_may_be_of_booked_or_cost() {
    // Booked 50 of a cost of 100, entitled to 80, 10 %: of booked 55.00, of cost 50 + 10 = 60.00.
    for (base, expected) in [(CapBase::Booked, "55.00"), (CapBase::Cost, "60.00")] {
        let mut policy = points_policy();
        policy.surplus_cap = Some(cap("0.10", base, CapDestination::Fund));
        let (rows, catalog) = by_points(&[("X", "1", "50")]);
        let outcome = settle_one(&rows, input(&policy, Some(&catalog), "80")).unwrap();
        assert_eq!(paid(&outcome), [expected]);
    }
}

// shows: A22
#[test]
fn surplus_above_the_cap_may_go_to_the_others_in_rounds() {
    // Limits booked ÷ 0.9: X 90 → 100, Y 108 → 120, Z 200 → 222.22. Entitled by points 4:3:3 to
    // 400: X 160, Y 120, Z 120. X gives 60 → Y and Z get 30 each; Y is above 120 → gives 30 to Z: X
    // 100, Y 120, Z 180; nothing returns.
    let mut policy = points_policy();
    policy.surplus_cap = Some(cap("0.10", CapBase::Paid, CapDestination::Pool));
    let points = [("X", "4", "90"), ("Y", "3", "108"), ("Z", "3", "200")];
    let (rows, catalog) = by_points(&points);
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "400")).unwrap();
    assert_eq!(paid(&outcome), ["100.00", "120.00", "180.00"]);
    let end = outcome.pools[0].year_end.unwrap();
    assert_eq!((end.returned, end.capped_institutions), (Fen::ZERO, 2));
    // With 500: all three reach their limits, 100 + 120 + 222.22 = 442.22; 57.78 return.
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "500")).unwrap();
    assert_eq!(paid(&outcome), ["100.00", "120.00", "222.22"]);
    assert_eq!(outcome.pools[0].year_end.unwrap().returned, yuan("57.78"));
}

// shows: J17, R27
#[test]
fn year_end_runs_cap_then_assessment_then_deduction() {
    // R27: 1 100 000 → cap 1 000 000 → × 0.98 = 980 000 → − 1 234.56 = 978 765.44.
    let mut policy = points_policy();
    policy.surplus_cap = Some(cap("0.10", CapBase::Paid, CapDestination::Fund));
    let (rows, catalog) = by_points(&[("X", "1", "900000")]);
    let mut input = input(&policy, Some(&catalog), "1100000");
    let assessment = Assessment {
        coefficient: dec("0.98"),
        deduction: yuan("1234.56"),
        ..Assessment::default()
    };
    input.assessments.insert((String::new(), "X".to_owned()), assessment);
    let outcome = settle_one(&rows, input).unwrap();
    assert_eq!(paid(&outcome), ["978765.44"]);
    let lines: Vec<_> = outcome
        .ledger
        .iter()
        .map(|line| (line.fixmedins_code.as_str(), line.kind, line.amount, line.clause.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("", LineKind::SurplusReturned, yuan("100000"), "cap"),
            ("", LineKind::Assessment, yuan("20000"), ""),
            ("", LineKind::Deduction, yuan("1234.56"), ""),
            ("X", LineKind::PointsShare, yuan("1100000"), "payment"),
            ("X", LineKind::SurplusReturned, yuan("-100000"), "cap"),
            ("X", LineKind::Assessment, yuan("-20000"), ""),
            ("X", LineKind::Deduction, yuan("-1234.56"), ""),
        ]
    );
}

#[test]
fn deduction_of_an_institution_without_cases_is_still_owed() {
    let policy = points_policy();
    let (rows, catalog) = by_points(&[("X", "1", "90")]);
    let mut input = input(&policy, Some(&catalog), "100");
    let owed = Assessment { deduction: yuan("7"), ..Assessment::default() };
    input.assessments.insert((String::new(), "A".to_owned()), owed);
    let outcome = settle_one(&rows, input).unwrap();
    assert_eq!(paid(&outcome), ["-7.00", "100.00"]);
    assert_eq!(outcome.pools[0].year_end.unwrap().fund_balance, yuan("7"));
}

// shows: A41, R11, R37
#[test]
fn cases_without_a_group_get_points_by_their_fee() {
    // A41: 0.7 × fee ÷ M × scale, 4 places: 0.7 × 123.45 ÷ 316 × 1000 = 273.4651…
    let policy = points_policy();
    let catalog = catalog("316", "1000", &[("A", "100", "316.4557"), ("ZERO", "0", "5")]);
    let rows = [
        case("X", "", "123.45", "100"),
        case("X", "NOT_IN_CATALOG", "123.45", "100"),
        case("X", "ZERO", "123.45", "100"), // R37: published mean 0
        case("X", "A", "123.45", "100"),
        case("X", "A", "0", "100"), // R11
    ];
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "1000")).unwrap();
    assert_eq!(outcome.pools[0].points, Some(3 * 273_465_200 + 316_455_700));
    assert_eq!(outcome.pools[0].ungrouped_cases, 3);
    assert_eq!(outcome.pools[0].item_paid, yuan("100"));
    let codes: Vec<_> = outcome.groups.iter().map(|row| row.group_code.as_str()).collect();
    assert_eq!(codes, ["A", "NOT_IN_CATALOG", "ZERO", "ungrouped"]);
}

// shows: A42, A43
#[test]
fn value_of_total_cost_is_the_fund_value_over_the_ratio() {
    // Budget 80, 100 points, Σ fund ÷ Σ fee = 50 ÷ 100: 0.8000 of fund, 1.6000 of total cost (A43).
    let mut policy = points_policy();
    let (rows, catalog) = by_points(&[("X", "100", "50")]);
    let value = |policy: &Policy| {
        let outcome = settle_one(&rows, input(policy, Some(&catalog), "80")).unwrap();
        assert_eq!(paid(&outcome), ["80.00"]);
        outcome.pools[0].point_value
    };
    assert_eq!(value(&policy), Some(dec("0.8000")));
    policy.budget.basis = Basis::TotalCost;
    assert_eq!(value(&policy), Some(dec("1.6000")));
}

#[test]
fn lines_may_be_drawn_at_the_published_mean() {
    let mut policy = points_policy();
    policy.deviation = Some(super::build::published_lines());
    policy.deviation.as_mut().unwrap().reference = Reference::Mean;
    let catalog = catalog("300", "1000", &[("A", "200.0001", "666.6667")]);
    // 0.4 × 200.0001 = 80.00004 → 80.00 is low; 2 × = 400.0002 → 400.01 is high.
    let rows = ["80.00", "80.01", "400.00", "400.01"].map(|fee| case("X", "A", fee, "50"));
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "300")).unwrap();
    let pool = &outcome.pools[0];
    assert_eq!((pool.low_cases, pool.high_cases), (1, 1));
    assert_eq!(pool.item_paid, yuan("100"));
    assert_eq!(pool.points, Some(2 * 666_666_700));
    assert_eq!(pool.point_value, Some(dec("0.1500"))); // 200 ÷ 1333.3334
}

// shows: Y26, R12
#[test]
fn each_quarter_is_cleared_by_its_own_control_total() {
    let mut policy = standard_policy();
    policy.budget.period = Clearing::Quarter;
    let rows = [
        Case { month: 3, ..case("X", "M_N18", "947", "947") },
        Case { month: 4, ..case("X", "M_N18", "947", "947") },
    ];
    let mut input = input(&policy, None, "0");
    input.budgets = [("Q1", "900"), ("Q2", "1000"), ("Q3", "5"), ("Q4", "0")]
        .map(|(period, budget)| (("all".to_owned(), period.to_owned()), yuan(budget)))
        .into();
    let outcome = settle_one(&rows, input).unwrap();
    assert_eq!(paid(&outcome), ["1847.00"]); // 900 (rescaled) + 947
    let rows: Vec<_> = outcome
        .pools
        .iter()
        .map(|row| (row.period.as_str(), row.entitlement, row.floating_factor))
        .collect();
    let one = Some(dec("1.0000"));
    assert_eq!(
        rows,
        [
            ("Q1", yuan("900"), Some(dec("0.9504"))), // 900 ÷ 947
            ("Q2", yuan("947"), one),
            ("Q3", Fen::ZERO, one),
            ("Q4", Fen::ZERO, one),
            ("Y", yuan("1847"), None),
        ]
    );
    assert_eq!(outcome.pools[4].year_end.unwrap().fund_balance, yuan("58")); // 1905 − 1847
}

// shows: A46
#[test]
fn case_pay_sums_to_the_entitlement() {
    // 100.00 over three equal cases and one paid as booked: the odd fen goes to the first id.
    let policy = points_policy();
    let (_, catalog) = by_points(&[("X", "1", "1")]);
    let mut rows = vec![case("X", "GX", "100", "1"); 3];
    rows.push(case("X", "GX", "0", "0"));
    for (row, id) in rows.iter_mut().zip(["c", "a", "b", "d"]) {
        row.id = id.to_owned();
    }
    let input = input(&policy, Some(&catalog), "100");
    let cases = columns(&rows);
    let outcome = settle_one(&rows, input.clone()).unwrap();
    let decisions = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
    let table = tables::case_table(&outcome, &cases, &decisions);
    let cell = |name: &str, row| table.cell(name, row).unwrap();
    let pays = [0, 1, 2, 3].map(|row| (cell("setl_id", row), cell("pay_yuan", row)));
    let expected = [("a", "33.34"), ("b", "33.33"), ("c", "33.33"), ("d", "0.00")];
    assert_eq!(pays, expected.map(|(id, pay)| (id.to_owned(), pay.to_owned())));
    assert_eq!(cell("class", 3), "zero_fee");
}

#[test]
fn tables_show_missing_figures_as_missing() {
    let policy = standard_policy();
    let rows = [case("X", "M_N18", "947", "947")];
    let outcome = settle_one(&rows, input(&policy, None, "1000")).unwrap();
    let tables = tables::tables(&[outcome]);
    let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(
        names,
        ["institution", "pool", "group", "month", "ledger", "statement", "budget_note"]
    );
    let pool = &tables[1];
    assert_eq!(pool.cell("points", 0), None);
    assert_eq!(pool.cell("point_value", 0), None);
    assert_eq!(pool.cell("floating_factor", 0).as_deref(), Some("1.0000"));
    assert_eq!(pool.cell("fund_balance_yuan", 0).as_deref(), Some("53.00"));
    assert_eq!(tables[0].cell("points", 0).as_deref(), Some("0.0000"));
    assert_eq!(tables[4].cell("kind", 0).as_deref(), Some("fund_kept"));
}
