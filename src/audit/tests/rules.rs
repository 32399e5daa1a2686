//! The audit of the rules alone.

use super::{audited, dec, of_check, one, shipped};
use crate::audit::{Settings, cliffs, finding};
use crate::finding::Severity;
use crate::policy::model::{Band, BandPay, Class, Deviation, Unit, UnitKind};
use crate::units::Fen;

/// The eight published standards in whole yuan (2.1).
const STANDARDS: [(&str, i64); 8] = [
    ("A_N18", 291),
    ("MA_N18", 1333),
    ("M_N18", 947),
    ("OA_N18", 1422),
    ("OMA_N18", 3344),
    ("OM_N18", 2666),
    ("O_N18", 415),
    ("QY_N18", 291),
];

// shows: Y36, A15
#[test]
fn no_published_bundle_is_the_sum_of_its_parts() {
    let audit = audited(&shipped("yantai-apg", &[]), None);
    // 2.1: O+M+A = 1653 ≠ 3344, M+A = 1238 ≠ 1333, O+M = 1362 ≠ 2666, O+A = 706 ≠ 1422; and with a
    // combination as a part: MA+O = 1748, OA+M = 2369, OM+A = 2957.
    assert_eq!(
        of_check(&audit, "non_additive"),
        [
            "MA_N18: 1333.00 ≠ M_N18 + A_N18 = 1238.00",
            "OA_N18: 1422.00 ≠ O_N18 + A_N18 = 706.00",
            "OMA_N18: 3344.00 ≠ MA_N18 + O_N18 = 1748.00",
            "OMA_N18: 3344.00 ≠ OA_N18 + M_N18 = 2369.00",
            "OMA_N18: 3344.00 ≠ OM_N18 + A_N18 = 2957.00",
            "OMA_N18: 3344.00 ≠ O_N18 + M_N18 + A_N18 = 1653.00",
            "OM_N18: 2666.00 ≠ O_N18 + M_N18 = 1362.00",
        ]
    );
    let bundle = audit.findings.iter().find(|one| one.place == "OM_N18").unwrap();
    assert_eq!(bundle.amount, Some(Fen(130_400))); // 2666 − 1362
    // No richer combination is cheaper.
    assert!(of_check(&audit, "richer_cheaper").is_empty());
}

// shows: A15
#[test]
fn a_richer_combination_that_is_cheaper_is_named_with_the_poorer_one() {
    let mut policy = shipped("yantai-apg", &[]);
    let standards = policy.policy.standards.iter_mut();
    // MA at 900 is below M at 947; and an additive bundle is no finding: OA = 415 + 291 = 706.
    for standard in standards {
        match standard.group_code.as_str() {
            "MA_N18" => standard.price = Fen(90_000),
            "OA_N18" => standard.price = Fen(70_600),
            _ => {}
        }
    }
    let audit = audited(&policy, None);
    let found = one(&audit, "richer_cheaper");
    assert_eq!(found.counter_example, "MA_N18 900.00 < M_N18 947.00");
    assert_eq!(found.amount, Some(Fen(-4_700)));
    assert!(!of_check(&audit, "non_additive").iter().any(|text| text.starts_with("OA_N18")));
}

// shows: E35, A06, D-Y1, D-Y2, D-Y3, D-Y4, D-Y6
#[test]
fn cliffs_at_both_lines_in_yuan_for_every_group() {
    let policy = shipped("yantai-apg", &[]);
    let settings = Settings::new(dec("0.85"), &policy.policy, None);
    let found = cliffs(&policy.policy, None, &settings).unwrap();
    assert_eq!(found.len(), 16);
    let shown: Vec<String> = found
        .iter()
        .filter(|cliff| cliff.group_code == "M_N18")
        .map(|cliff| {
            let side = |side: &cliffs::Side| format!("{} {} {}", side.fee, side.class, side.pay);
            format!("{} | {}", side(&cliff.below), side(&cliff.above))
        })
        .collect();
    // 2.3: 947 × 0.85 = 804.95; booked 378.80 × 0.85 = 321.98 and 1894.01 × 0.85 = 1609.91.
    assert_eq!(
        shown,
        [
            "378.80 low 321.98 | 378.81 normal 804.95",
            "1894.00 normal 804.95 | 1894.01 high 1609.91"
        ]
    );
    // Every group, in whole numbers: price p yuan; low ends at 40 p fen, high begins beyond 200 p fen. The
    // fund is round(0.85 × fee) fen and normal pays round(100 p × fund ÷ fee).
    let round = |a: i64, b: i64| (2 * a + b) / (2 * b);
    let fund = |fee: i64| round(fee * 85, 100);
    let normal = |price: i64, fee: i64| round(100 * price * fund(fee), fee);
    let mut wanted = Vec::new();
    for (code, price) in STANDARDS {
        let end = 40 * price;
        wanted.push((0, code, end, fund(end), normal(price, end + 1)));
    }
    for (code, price) in STANDARDS {
        let end = 200 * price;
        wanted.push((1, code, end, normal(price, end), fund(end + 1)));
    }
    for (cliff, (line, code, end, below, above)) in found.iter().zip(wanted) {
        assert_eq!((cliff.line, cliff.group_code.as_str()), (line, code));
        assert_eq!((cliff.below.fee, cliff.above.fee), (Fen(end), Fen(end + 1)), "{code}");
        assert_eq!((cliff.below.pay, cliff.above.pay), (Fen(below), Fen(above)), "{code}");
        assert!(cliff.is_cliff());
    }
}

// shows: E35
#[test]
fn each_line_with_a_cliff_is_one_finding_with_the_largest_jump() {
    let audit = audited(&shipped("yantai-apg", &[]), None);
    // 3344: low 1337.60 × 0.85 = 1136.96 → 2842.40; high 2842.40 → 6688.01 × 0.85 = 5684.81.
    assert_eq!(
        of_check(&audit, "cliff"),
        [
            "deviation.band[low].up_to: OMA_N18: 1337.60 → 1136.96; 1337.61 → 2842.40",
            "deviation.band[normal].up_to: OMA_N18: 6688.00 → 2842.40; 6688.01 → 5684.81",
        ]
    );
    let high = audit.findings.iter().rfind(|one| one.check == "cliff").unwrap();
    assert!(high.clause.contains("Y23"), "{}", high.clause);
    assert!(high.en.contains("8 of 8 groups"), "{}", high.en);
    // Without lines there is nothing to fall from.
    let flat = audited(&shipped("yantai-apg", &["no-outlier-lines"]), None);
    assert!(of_check(&flat, "cliff").is_empty() && flat.cliffs.is_empty());
}

// shows: E35, A06
#[test]
fn an_exclusive_line_gives_the_fee_on_it_to_the_other_side() {
    let policy = shipped("yantai-apg", &["low-line-exclusive"]);
    let settings = Settings::new(dec("0.85"), &policy.policy, None);
    let found = cliffs(&policy.policy, None, &settings).unwrap();
    let low = found.iter().find(|cliff| cliff.group_code == "M_N18").unwrap();
    assert_eq!((low.below.fee, low.below.class), (Fen(37_879), "low"));
    assert_eq!((low.above.fee, low.above.class), (Fen(37_880), "normal"));
}

#[test]
fn standards_nobody_reaches_and_groups_without_one_are_found() {
    let mut policy = shipped("yantai-apg", &["split-combined"]);
    // Split (A15): no case is in a combined group any more.
    let audit = audited(&policy, None);
    assert_eq!(
        of_check(&audit, "standard_unreachable"),
        [
            "standard[MA_N18]: MA_N18 1333.00",
            "standard[OA_N18]: OA_N18 1422.00",
            "standard[OMA_N18]: OMA_N18 3344.00",
            "standard[OM_N18]: OM_N18 2666.00",
        ]
    );
    assert!(audit.findings.iter().all(|one| one.severity != Severity::Error));
    policy.policy.standards.retain(|standard| standard.group_code != "A_N18");
    let audit = audited(&policy, None);
    assert_eq!(audit.findings[0].severity, Severity::Error);
    assert_eq!(audit.findings[0].check, "group_without_standard");
    assert_eq!(audit.findings[0].place, "A_N18");
    // A scope that names another disease: all standards miss it.
    let mut other = shipped("yantai-apg", &[]);
    other.policy.scope.dise_codg = vec!["E11".to_owned()];
    let audit = audited(&other, None);
    assert_eq!(of_check(&audit, "group_without_standard").len(), 8);
    assert_eq!(of_check(&audit, "unknown_group"), ["case.cycle.except_groups: O_N18"]);
    // As published, nothing of this.
    let published = audited(&shipped("yantai-apg", &[]), None);
    for check in ["standard_unreachable", "group_without_standard", "unknown_group"] {
        assert!(of_check(&published, check).is_empty(), "{check}");
    }
}

#[test]
fn a_band_in_which_no_whole_fen_lies_is_found() {
    let mut policy = shipped("yantai-apg", &[]);
    let band = |class, up_to: Option<&str>| Band {
        cite: crate::policy::model::Cite::default(),
        class,
        up_to: up_to.map(dec),
        inclusive: true,
        pay: BandPay::Group,
        except_merged: false,
    };
    // 0.00002 × 415.00 is less than a fen, 0.00002 × 947.00 is one.
    let rule = policy.policy.deviation.take().unwrap();
    policy.policy.deviation = Some(Deviation {
        bands: vec![
            band(Class::Low, Some("0.00002")),
            band(Class::Normal, Some("2")),
            band(Class::High, None),
        ],
        ..rule
    });
    let audit = audited(&policy, None);
    let found = one(&audit, "band_unreachable");
    assert_eq!(found.counter_example, "A_N18");
    assert!(found.en.starts_with("3 groups"), "{}", found.en); // A, O and QY
}

// shows: R19
#[test]
fn a_unit_behind_one_that_takes_its_cases_is_shadowed() {
    let mut policy = shipped("jining-apg", &[]);
    let unit = |code: &str, paymtd: &[&str], disease: &[&str]| Unit {
        cite: crate::policy::model::Cite::default(),
        code: code.to_owned(),
        kind: UnitKind::Item,
        hi_paymtd: paymtd.iter().map(|text| (*text).to_owned()).collect(),
        dise_codg: disease.iter().map(|text| (*text).to_owned()).collect(),
        med_type: Vec::new(),
    };
    policy.policy.units = vec![
        unit("wide", &["1", "5"], &[]),
        unit("narrow", &["5"], &["N18"]),
        unit("other", &["2"], &[]),
    ];
    let audit = audited(&policy, None);
    assert_eq!(of_check(&audit, "rule_shadowed"), ["unit[narrow]: unit[wide]"]);
}

// shows: Z20
#[test]
fn tiers_leave_out_institutions_and_shadow_one_another() {
    let mut policy = shipped("zibo-dip", &[]);
    // 3.3: level 11 (none) is named by no tier for general, TCM and specialist hospitals.
    assert_eq!(
        of_check(&audited(&policy, None), "tier_gap"),
        [
            "coefficient.tier: inst_type general, hosp_lv 11",
            "coefficient.tier: inst_type specialist, hosp_lv 11",
            "coefficient.tier: inst_type tcm, hosp_lv 11",
        ]
    );
    assert!(of_check(&audited(&policy, None), "rule_shadowed").is_empty());
    // Turned round, the wide tier takes the institutions of the narrow one.
    policy.policy.coefficient.as_mut().unwrap().tiers.swap(0, 1);
    assert_eq!(
        of_check(&audited(&policy, None), "rule_shadowed"),
        ["coefficient.tier[三级综合甲等]: 三级综合甲等"]
    );
}

#[test]
fn a_clause_whose_parameter_a_scenario_removes_is_named() {
    for name in crate::policy::shipped() {
        let audit = audited(&shipped(&name, &[]), None);
        assert_eq!(of_check(&audit, "clause_without_parameter"), [""; 0], "{name}");
        assert_eq!(of_check(&audit, "unknown_clause"), [""; 0], "{name}");
        assert_eq!(of_check(&audit, "undecided"), [""; 0], "{name}");
        assert_eq!(of_check(&audit, "no_checklist"), [""; 0], "{name}");
    }
    let audit = audited(&shipped("yantai-apg", &["cap-off"]), None);
    let open = audited(&shipped("zibo-dip", &[]), None);
    assert_eq!(of_check(&open, "clause_open").len(), 2, "Z27 and Z28 are nobody's yet");
    let found = one(&audit, "clause_without_parameter");
    assert_eq!(found.place, "Y34");
    assert_eq!(
        found.counter_example,
        "surplus_cap.rate, surplus_cap.base, surplus_cap.destination"
    );
    assert!(found.clause.contains("不超过 10%"));
    assert_eq!(one(&audit, "other_reading").place, "surplus_cap");
}

#[test]
fn the_checklists_hold_every_row_of_the_five_documents_once() {
    let mut rows: Vec<String> = Vec::new();
    for name in crate::policy::shipped() {
        let list = crate::policy::checklist(&shipped(&name, &[])).unwrap();
        rows.extend(list.into_iter().map(|row| row.row));
    }
    rows.sort();
    let wanted = [("H", 14), ("J", 17), ("P", 13), ("Y", 37), ("Z", 29)];
    let wanted: Vec<String> = wanted
        .into_iter()
        .flat_map(|(letter, last)| (1..=last).map(move |number| format!("{letter}{number:02}")))
        .collect();
    assert_eq!(rows, wanted); // 110 rows (§10)
}

#[test]
fn a_section_on_a_reading_alone_and_a_rule_without_number_are_told() {
    let audit = audited(&shipped("zibo-dip", &[]), None);
    let alone = of_check(&audit, "parameter_without_clause");
    assert!(alone.contains(&"weights.trim: ".to_owned()), "{alone:?}");
    assert!(!alone.iter().any(|text| text.starts_with("score.abnormal")), "{alone:?}");
    let idle = of_check(&audit, "without_effect");
    assert!(idle.contains(&"coefficient.bonus[中医].value: 0".to_owned()), "{idle:?}");
    assert!(idle.contains(&"score.day_surgery: 1".to_owned()), "{idle:?}");
    let table = crate::audit::clause_table(&[("published".to_owned(), &shipped("zibo-dip", &[]))]);
    let table = table.unwrap();
    let row = (0..table.rows()).find(|row| table.cell("row", *row).as_deref() == Some("A38"));
    assert_eq!(table.cell("where", row.unwrap()).as_deref(), Some("score.abnormal"));
}

// shows: A05, A36, A42
#[test]
fn a_value_without_default_has_to_say_its_reading() {
    let policy = crate::policy::load("tests/bad/policy/good.toml").unwrap();
    // Its [weights] cites A05, its [budget] A42; its [case.late] has a deadline and no A23.
    let audit = audited(&policy, None);
    assert_eq!(of_check(&audit, "undecided"), ["case.late.days: A23"]);
    assert_eq!(one(&audit, "no_checklist").severity, Severity::Info);
}

#[test]
fn findings_stand_the_worst_first_and_become_a_table() {
    let mut policy = shipped("yantai-apg", &[]);
    policy.policy.standards.retain(|standard| standard.group_code != "A_N18");
    let audit = audited(&policy, None);
    let severities: Vec<Severity> = audit.findings.iter().map(|one| one.severity).collect();
    assert!(severities.windows(2).all(|pair| pair[0] >= pair[1]));
    let rows: Vec<(String, finding::Finding)> =
        audit.findings.into_iter().map(|one| ("base".to_owned(), one)).collect();
    let table = crate::audit::table(&rows);
    assert_eq!(table.cell("check_id", 0).as_deref(), Some("group_without_standard"));
    assert_eq!(table.cell("severity", 0).as_deref(), Some("error"));
    assert!(rows.iter().all(|(_, one)| !one.zh.is_empty() && !one.en.is_empty()));
}
