//! The directory and its matcher against hand-worked cases.

mod properties;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::combination::Parts;
use super::*;
use crate::grouper::record::Record;
use crate::policy;
use crate::policy::model::{
    Attribute, CodeShape, Dip, MatchStep, Method, ResidualBelow, Tie, YearCount,
};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::units::{Fen, Ratio, ratio};

/// The rules of a small policy: 4 and 3 characters, 15 cases a year, 10 %.
pub(super) fn rules() -> Dip {
    let loaded = policy::load("tests/policy/dip").unwrap();
    let Method::Dip(mut dip) = loaded.policy.grouping.method else { panic!("groups by DIP") };
    dip.attributes = [
        ("36.0700", Attribute::Surgery),
        ("68.4902", Attribute::Surgery),
        ("99.1000", Attribute::Therapeutic),
        ("88.5500", Attribute::Diagnostic),
    ]
    .map(|(code, attribute)| (code.to_owned(), attribute))
    .into();
    dip
}

fn record(diagnosis: &str, main: &str, others: &[&str]) -> Record {
    Record {
        main_diagnosis: diagnosis.to_owned(),
        main_operation: main.to_owned(),
        other_operations: others.iter().map(|code| (*code).to_owned()).collect(),
        ..Record::default()
    }
}

// shows: R32, R13
#[test]
fn a_combination_is_four_characters_and_operations_related_ones_sorted() {
    let dip = rules();
    let check = |diagnosis: &str, main: &str, others: &[&str], wanted: Option<&str>| {
        let found = combination(&dip, &record(diagnosis, main, others));
        assert_eq!(found.as_deref(), wanted, "{diagnosis} {main} {others:?}");
    };
    check("I21.000x001", "", &[], Some("I21.0"));
    check("I21.0", "36.0700", &[], Some("I21.0+36.0700"));
    check("I21", "36.0700", &[], Some("I21+36.0700"));
    check("I2100", "36.0700", &[], Some("I210+36.0700"));
    check("A17.0+", "", &[], Some("A17.0"));
    check("I10.-", "", &[], Some("I10"));
    check("I21.0", "36.0700", &["88.5500", "00.6600"], Some("I21.0+36.0700+00.6600+88.5500"));
    check("I21.0", "36.0700", &["88.5500", "88.5500", "36.0700"], Some("I21.0+36.0700+88.5500"));
    check("", "36.0700", &[], None);
    check(".", "36.0700", &[], None);
}

// shows: R32
#[test]
fn a_combination_comes_apart_again_and_names_its_residual_group() {
    let dip = rules();
    let parts = Parts::of("I21.0+36.0700+00.6600+88.5500");
    assert_eq!((parts.diagnosis, parts.main), ("I21.0", "36.0700"));
    assert_eq!(parts.without_related, "I21.0+36.0700");
    assert_eq!(parts.related().collect::<Vec<_>>(), ["00.6600", "88.5500"]);
    for (code, wanted) in [
        ("I21.0", "I21_C"),
        ("I21.0+36.0700", "I21_S"),
        ("I21.0+99.1000+36.0700", "I21_T"),
        ("I21.0+88.5500", "I21_D"),
        ("I21.0+11.1100", "I21_C"),
        ("I2+36.0700", "I2_S"),
    ] {
        assert_eq!(Parts::of(code).residual(&dip), wanted, "{code}");
        assert_eq!(Parts::of(Parts::of(code).without_related).related().count(), 0);
    }
    assert_eq!(Parts::of("I21.0").without_related, "I21.0");
}

/// Cases of one institution: year, combination, number, fee in yuan.
fn history(rows: &[(u16, &str, usize, i64)]) -> Cases {
    let mut codes: Vec<String> = rows.iter().map(|row| row.1.to_owned()).collect();
    codes.sort();
    codes.dedup();
    let mut cases = Cases {
        institutions: vec!["H1".to_owned()],
        insutypes: vec!["310".to_owned()],
        ..Cases::default()
    };
    for (year, code, count, yuan) in rows {
        let group = codes.iter().position(|known| known == code).unwrap();
        for _ in 0..*count {
            cases.institution.push(0);
            cases.insutype.push(0);
            cases.group.push(u32::try_from(group).unwrap());
            cases.year.push(*year);
            cases.month.push(1);
            cases.fee_fen.push(yuan * 100);
            cases.inscope_fen.push(0);
            cases.fund_fen.push(0);
            cases.flags.push(0);
        }
    }
    cases.groups = codes;
    cases
}

/// Plain means of all years together.
fn pooled(cases: &Cases) -> Result<Means, Error> {
    let mut sums: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for (group, fee) in cases.group.iter().zip(&cases.fee_fen) {
        if *group != UNGROUPED {
            let sum = sums.entry(*group).or_default();
            *sum = (sum.0 + 1, sum.1 + fee);
        }
    }
    let mean = |(n, x): (i64, i64)| -> Ratio { ratio(x) / ratio(n) };
    Ok(sums.into_iter().map(|(at, sum)| (cases.groups[at as usize].clone(), mean(sum))).collect())
}

/// Learns and counts the cases of every group; key `""`: ungrouped.
fn learned(dip: &Dip, years: &[u16], rows: &[(u16, &str, usize, i64)]) -> Vec<(String, usize)> {
    let learned = learn(dip, history(rows), years, (pooled, pooled)).unwrap();
    counted(&learned.cases)
}

fn counted(cases: &Cases) -> Vec<(String, usize)> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for group in &cases.group {
        let code = cases.groups.get(*group as usize).cloned().unwrap_or_default();
        *found.entry(code).or_default() += 1;
    }
    found.into_iter().collect()
}

fn groups(wanted: &[(&str, usize)]) -> Vec<(String, usize)> {
    wanted.iter().map(|(code, cases)| ((*code).to_owned(), *cases)).collect()
}

// shows: R32
#[test]
fn the_warehouse_adds_operations_and_may_not_contradict_the_policy() {
    let row = |code: &str, word: &str| (code.to_owned(), word.to_owned());
    let added = with_attributes(&rules(), [row("11.1100", "surgery"), row("36.0700", "surgery")]);
    let added = added.unwrap();
    assert_eq!(Parts::of("I21.0+11.1100").residual(&added), "I21_S");
    assert_eq!(Parts::of("I21.0+11.1100").residual(&rules()), "I21_C");
    let says = |rows: &[(String, String)]| {
        let wrong = with_attributes(&rules(), rows.iter().cloned()).unwrap_err();
        crate::explain::render(&wrong).lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        says(&[row("36.0700", "therapeutic")]),
        "error: operation `36.0700` is `surgery` and `therapeutic`; it can have one attribute"
    );
    assert_eq!(
        says(&[row("12.0000", "diagnostic"), row("12.0000", "surgery")]),
        "error: operation `12.0000` is `diagnostic` and `surgery`; it can have one attribute"
    );
    assert_eq!(
        says(&[row("36.0700", "conservative")]),
        "error: table `op_attribute`: operation `36.0700` is `conservative`; allowed is `surgery`, \
         `therapeutic` or `diagnostic`"
    );
}

// shows: W-1, W-2, Z16, R01
#[test]
fn a_related_operation_makes_a_group_from_ten_percent_more_cost() {
    // Printed: stent alone 28033; with angiography 28849, +2.91 %, joins; with ultrasound 44003,
    // +56.97 %, own group.
    let found = learned(
        &rules(),
        &[2022],
        &[
            (2022, "I21.0+36.0700", 20, 28033),
            (2022, "I21.0+36.0700+88.5500", 15, 28849),
            (2022, "I21.0+36.0700+00.2400", 15, 44003),
        ],
    );
    assert_eq!(found, groups(&[("I21.0+36.0700", 35), ("I21.0+36.0700+00.2400", 15)]));
    // The line itself: 1.10 × 1000 = 1100 is in, 1099 is not.
    for (yuan, wanted) in [(1100, 15), (1099, 0)] {
        let rows = [(2022, "I21.0+36.0700", 15, 1000), (2022, "I21.0+36.0700+88.5500", 15, yuan)];
        let own = learned(&rules(), &[2022], &rows);
        let cases = own.iter().find(|(code, _)| code == "I21.0+36.0700+88.5500");
        assert_eq!(cases.map_or(0, |(_, cases)| *cases), wanted, "{yuan}");
    }
    // A gain of 5 % is an edit of the policy: 2.91 % still joins, 5 % does not.
    let five = Dip { related_gain: Decimal::new(5, 2), ..rules() };
    let rows = [(2022, "I21.0+36.0700", 15, 1000), (2022, "I21.0+36.0700+88.5500", 15, 1050)];
    assert_eq!(learned(&five, &[2022], &rows).len(), 2);
    assert_eq!(learned(&rules(), &[2022], &rows).len(), 1);
}

// shows: W-3, R01, R32
#[test]
fn four_small_combinations_make_one_comprehensive_surgery_group() {
    let mut dip = rules();
    for code in ["68.4101", "68.4901", "65.6300"] {
        dip.attributes.insert(code.to_owned(), Attribute::Surgery);
    }
    let rows = [
        (2022, "C54.1+68.4902", 14, 10_000),
        (2022, "C54.1+68.4101", 8, 12_000),
        (2022, "C54.1+68.4101+65.6300", 13, 15_000),
        (2022, "C54.9+68.4901", 10, 9_000),
    ];
    assert_eq!(learned(&dip, &[2022], &rows), groups(&[("C54_S", 45)])); // 14 + 8 + 13 + 10
}

// shows: W-4
#[test]
fn appendicitis_makes_three_core_groups() {
    let rows = [
        (2022, "K35.9", 6722, 4099),
        (2022, "K35.9+47.0901", 7120, 9173),
        (2022, "K35.9+47.0100", 12103, 13385),
    ];
    let wanted = [("K35.9", 6722), ("K35.9+47.0100", 12103), ("K35.9+47.0901", 7120)];
    assert_eq!(learned(&rules(), &[2022], &rows), groups(&wanted));
}

// shows: Z16, A33
#[test]
fn fifteen_cases_a_year_are_counted_over_the_window_each_year_or_in_the_latest() {
    let years = [2020, 2021, 2022];
    let core = |dip: &Dip, cases: [usize; 3]| {
        let rows: Vec<_> =
            years.iter().zip(cases).map(|(year, n)| (*year, "K35.9", n, 4099)).collect();
        learned(dip, &years, &rows)[0].0 == "K35.9"
    };
    let rule = |count, threshold| Dip { count, threshold, ..rules() };
    let mean = rule(YearCount::Mean, 15);
    assert!(core(&mean, [20, 15, 10]), "45 over three years");
    assert!(!core(&mean, [20, 14, 10]), "44 over three years");
    assert!(core(&mean, [45, 0, 0]));
    let each = rule(YearCount::EachYear, 15);
    assert!(core(&each, [15, 15, 15]) && !core(&each, [30, 30, 14]));
    let latest = rule(YearCount::Latest, 15);
    assert!(core(&latest, [0, 0, 15]) && !core(&latest, [30, 30, 14]));
    let twenty = rule(YearCount::Mean, 20);
    assert!(core(&twenty, [20, 20, 20]) && !core(&twenty, [20, 20, 19]));
}

// shows: R01
#[test]
fn counts_never_add_up_across_combinations_and_small_ones_join_their_core() {
    // 14 + 14 with different related operations are no core, with or without the one alone.
    let rows = [
        (2022, "I21.0+36.0700+88.5500", 14, 1000),
        (2022, "I21.0+36.0700+99.1000", 14, 1000),
        (2022, "I21.0", 14, 500),
    ];
    assert_eq!(learned(&rules(), &[2022], &rows), groups(&[("I21_C", 14), ("I21_S", 28)]));
    // With the core of diagnosis and main operation there, they join it, dear or not.
    let rows = [
        (2022, "I21.0+36.0700", 15, 1000),
        (2022, "I21.0+36.0700+88.5500", 14, 9000),
        (2022, "I21.0+36.0700+99.1000", 14, 1000),
    ];
    assert_eq!(learned(&rules(), &[2022], &rows), groups(&[("I21.0+36.0700", 43)]));
    // A combination whose diagnosis + main is no core is core by itself, however cheap.
    let rows = [(2022, "I21.0+36.0700", 14, 9000), (2022, "I21.0+36.0700+88.5500", 15, 1000)];
    let wanted = [("I21.0+36.0700+88.5500", 15), ("I21_S", 14)];
    assert_eq!(learned(&rules(), &[2022], &rows), groups(&wanted));
}

// shows: R02
#[test]
fn the_matcher_takes_the_exact_then_the_most_matched_then_the_main_group() {
    let dip = rules();
    let codes = ["I21.0", "I21.0+M", "I21.0+M+a", "I21.0+M+a+b", "I21.0+M+c", "I21_C"];
    let matcher = Matcher::new(&dip, codes.map(|code| (code.to_owned(), Some(Decimal::TEN))));
    let check = |combination: &str, group: Option<&str>, step: Option<MatchStep>| {
        let found = matcher.decide(combination, Fen(0));
        assert_eq!((found.group, found.step), (group, step), "{combination}");
    };
    check("I21.0+M+a+b", Some("I21.0+M+a+b"), Some(MatchStep::Exact));
    check("I21.0+M+a+b+d", Some("I21.0+M+a+b"), Some(MatchStep::Subset));
    check("I21.0+M+a+c", Some("I21.0+M+a"), Some(MatchStep::Subset)); // tie of one: means equal
    check("I21.0+M+b", Some("I21.0+M"), Some(MatchStep::Main));
    check("I21.0+N+a", Some("I21_C"), Some(MatchStep::Residual));
    check("I21.9", Some("I21_C"), Some(MatchStep::Residual));
    check("I22.0", None, None);
    check("I21.0+36.0700", None, None); // I21_S is no group
    let tied = matcher.decide("I21.0+M+a+c", Fen(0));
    assert_eq!((tied.among, tied.decided_by), (2, Some(DecidedBy::Code)));
    let matched = matcher.decide("I21.0+M+a+b+c", Fen(0));
    assert_eq!((matched.among, matched.decided_by), (3, Some(DecidedBy::Tie(Tie::MostMatched))));
}

// shows: A50
#[test]
fn ties_go_to_the_nearest_mean_then_to_the_code_or_as_the_policy_says() {
    let mut dip = rules();
    dip.grass_roots.insert("D+M+a".to_owned());
    let matcher = |dip: &Dip, fee: i64| {
        let means = [("D+M+a", 100), ("D+M+b", 200), ("D+M+c", 300), ("D+M+a+b", 250)];
        let groups = means.map(|(code, mean)| (code.to_owned(), Some(Decimal::from(mean))));
        let matcher = Matcher::new(dip, groups);
        let found = matcher.decide("D+M+a+b+c", Fen(fee)).group.map(str::to_owned);
        let three = matcher.decide("D+M+a+c", Fen(fee)).group.map(str::to_owned);
        (found.unwrap(), three.unwrap())
    };
    // Two matched beat one, whatever the fee; a and c tie: 100 and 300 yuan.
    assert_eq!(matcher(&dip, 30_000).0, "D+M+a+b");
    assert_eq!(matcher(&dip, 19_999).1, "D+M+a"); // 99.99 from 100, 100.01 from 300
    assert_eq!(matcher(&dip, 20_000).1, "D+M+a"); // 100 from both: the smaller code
    assert_eq!(matcher(&dip, 20_001).1, "D+M+c");
    // Higher score first: neither the number matched nor the fee counts.
    dip.ties = vec![Tie::HighestMean];
    assert_eq!(matcher(&dip, 10_000), ("D+M+c".to_owned(), "D+M+c".to_owned()));
    // Core before grass-roots.
    dip.ties = vec![Tie::Kind, Tie::NearestMean];
    assert_eq!(matcher(&dip, 10_000).1, "D+M+c");
    // Without the steps in between, what is not exact is residual.
    dip.matching = vec![MatchStep::Exact, MatchStep::Residual];
    let groups = ["D+M", "D+M+a", "D_C"].map(|code| (code.to_owned(), None));
    let found = Matcher::new(&dip, groups);
    assert_eq!(found.decide("D+M+a+b", Fen(1)).group, Some("D_C"));
}

// shows: R02
#[test]
fn history_is_regrouped_once_with_the_means_of_the_directory_itself() {
    // R01 puts the 2 cases of a+b into the core D+M (no counts add up); the matcher gives them to a
    // core they contain: a (mean 2000) or b (mean 3000), by distance of the fee.
    let rows = [
        (2022, "D01.0+M", 15, 1000),
        (2022, "D01.0+M+a", 15, 2000),
        (2022, "D01.0+M+b", 15, 3000),
        (2022, "D01.0+M+a+b", 1, 2400),
        (2022, "D01.0+M+a+b", 1, 2600),
        (2022, "D01.0+M+z", 1, 9000),
    ];
    let wanted = [("D01.0+M", 16), ("D01.0+M+a", 16), ("D01.0+M+b", 16)];
    assert_eq!(learned(&rules(), &[2022], &rows), groups(&wanted));
    // The means that break ties are those before regrouping: D+M is not asked, a stays 2000.
    let rows = [
        (2022, "D01.0+M+a", 15, 2000),
        (2022, "D01.0+M+b", 15, 3000),
        (2022, "D01.0+M+a+b", 1, 2501),
        (2022, "D01.0+M+a+b", 1, 2499),
    ];
    let wanted = [("D01.0+M+a", 16), ("D01.0+M+b", 16)];
    assert_eq!(learned(&rules(), &[2022], &rows), groups(&wanted));
}

// shows: A33, A51
#[test]
fn residual_groups_below_the_threshold_stay_or_leave_with_a_list() {
    let rows = [
        (2022, "K35.9+36.0700", 9, 1000),
        (2022, "K35.1+36.0700", 5, 2000),
        (2022, "K80.1", 15, 500),
        (2022, "K80.2", 15, 500),
        (2022, "K81.0+88.5500", 7, 700),
        (2022, "K81.9+88.5500", 8, 700),
    ];
    let kept = [("K35_S", 14), ("K80.1", 15), ("K80.2", 15), ("K81_D", 15)];
    assert_eq!(learned(&rules(), &[2022], &rows), groups(&kept));
    let dip = Dip { residual_below: ResidualBelow::Drop, ..rules() };
    let learned = learn(&dip, history(&rows), &[2022], (pooled, pooled)).unwrap();
    let left = [("", 14), ("K80.1", 15), ("K80.2", 15), ("K81_D", 15)];
    assert_eq!(counted(&learned.cases), groups(&left));
    let row = |combination: &str, cases, yuan: i128| Dropped {
        combination: combination.to_owned(),
        residual: "K35_S".to_owned(),
        cases,
        cost_fen: yuan * 100,
    };
    let wanted = [row("K35.1+36.0700", 5, 10_000), row("K35.9+36.0700", 9, 9_000)];
    assert_eq!(learned.dropped, wanted);
}

// shows: E15
#[test]
fn grass_roots_diseases_are_listed_and_one_without_a_group_is_told() {
    let mut dip = rules();
    dip.grass_roots.extend(["J18.9", "J20.9", "J06.9"].map(str::to_owned));
    let rows = [(2022, "J18.9", 15, 900), (2022, "J20.9", 14, 800), (2022, "K35.9", 15, 900)];
    let learned = learn(&dip, history(&rows), &[2022], (pooled, pooled)).unwrap();
    assert_eq!(learned.groups["J18.9"], Kind::GrassRoots);
    assert_eq!(learned.groups["K35.9"], Kind::Core);
    assert_eq!(learned.groups["J20_C"], Kind::Residual);
    let told: Vec<String> = learned.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "grass-roots disease `J06.9` has no case in any year",
            "grass-roots disease `J20.9` is no group of the directory: its 14 cases are below the \
             threshold",
        ]
    );
}

// shows: Z15
#[test]
fn a_base_disease_is_a_core_disease() {
    let mut dip = rules();
    dip.grass_roots.insert("I10.x".to_owned());
    let rows = [
        (2022, "K35.9", 15, 4099),
        (2022, "K80.1+51.2300", 20, 9000),
        (2022, "I10.x", 30, 2000),
        (2022, "J18.9", 14, 3000),
    ];
    let learned = learn(&dip, history(&rows), &[2022], (pooled, pooled)).unwrap();
    assert!(check_base(&learned, "K35.9").is_ok());
    for (code, what) in [
        ("I10.x", "a grass-roots disease"),
        ("J18_C", "a residual group"),
        ("J18.9", "no group of the directory"),
    ] {
        let said = crate::explain::render(&check_base(&learned, code).unwrap_err());
        let error = format!(
            "error: base disease `{code}` of `weights.base` is {what}; a base disease is a core \
             disease\n"
        );
        assert!(said.starts_with(&error), "{said}");
        assert!(said.contains("the core disease with most cases is `K80.1+51.2300`"), "{said}");
    }
}

#[test]
fn codes_of_another_system_are_told_or_refused() {
    let mut dip = rules();
    dip.shape = Some(CodeShape {
        diagnosis: vec!["A99".to_owned()],
        operation: vec!["99.9".to_owned()],
        misfit_max: Decimal::new(1, 1),
    });
    // 2 of 20 is 10 %, as much as the policy allows; 3 of 21 is more.
    let rows =
        [(2022, "K35.9+47.0100", 18, 1000), (2022, "428.0", 1, 1), (2022, "K35.9+4701", 1, 1)];
    let learned = learn(&dip, history(&rows), &[2022], (pooled, pooled)).unwrap();
    assert_eq!(counted(&learned.cases), groups(&[("", 2), ("K35.9+47.0100", 18)]));
    assert_eq!(
        learned.warnings[0].to_string(),
        "2 cases have codes of another shape than the policy's and are ungrouped, the first `428.0`"
    );
    let rows =
        [(2022, "K35.9+47.0100", 18, 1000), (2022, "428.0", 2, 1), (2022, "K35.9+4701", 1, 1)];
    let wrong = learn(&dip, history(&rows), &[2022], (pooled, pooled)).unwrap_err();
    let said = crate::explain::render(&wrong);
    let wanted = "error: 3 of 21 cases have codes that do not begin like `A99` or `99.9`, the first \
                  `428.0`; `grouping.dip.shape.misfit_max` allows 0.1 of the cases";
    assert!(said.starts_with(wanted), "{said}");
    // The reverse: a directory of ICD-9.
    dip.shape.as_mut().unwrap().diagnosis = vec!["999".to_owned(), "V99".to_owned()];
    dip.shape.as_mut().unwrap().operation = Vec::new();
    let rows = [(2022, "428.0", 15, 1), (2022, "V58.1", 15, 1)];
    assert_eq!(learned_groups(&dip, &rows), ["428.0", "V58.1"]);
    let wrong =
        learn(&dip, history(&[(2022, "I50.0", 15, 1)]), &[2022], (pooled, pooled)).unwrap_err();
    assert!(wrong.to_string().contains("15 of 15 cases"), "{wrong}");
}

fn learned_groups(dip: &Dip, rows: &[(u16, &str, usize, i64)]) -> Vec<String> {
    learned(dip, &[2022], rows).into_iter().map(|(code, _)| code).collect()
}

// shows: A53
#[test]
fn a_later_year_is_matched_by_the_catalogs_groups_and_says_what_it_lacks() {
    let dip = rules();
    let groups_of = ["K35.9", "K35_S"].map(|code| (code.to_owned(), Some(Decimal::TEN)));
    let matcher = Matcher::new(&dip, groups_of);
    let rows = [
        (2023, "K35.9", 2, 10),
        (2023, "K35.1+36.0700+88.5500", 3, 10),
        (2023, "K35.1+88.5500", 4, 10),
        (2023, "A09.0", 5, 10),
    ];
    let (cases, warning) = match_year(&matcher, &dip, history(&rows)).unwrap();
    let wanted = [("A09_C", 5), ("K35.9", 2), ("K35_D", 4), ("K35_S", 3)];
    assert_eq!(counted(&cases), groups(&wanted));
    assert_eq!(warning, None);
    assert_eq!(cases.profiles, ["A09.0", "K35.1+36.0700+88.5500", "K35.1+88.5500", "K35.9"]);
}
