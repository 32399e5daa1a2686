//! Coefficients of institutions against quotients worked by hand.

use std::cell::Cell;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::{cases, dec, policy, weights};
use crate::explain::render;
use crate::grouper::GroupInfo;
use crate::period::Years;
use crate::policy::model::{
    Coefficient, CoefficientBasis, CoefficientMethod, Denominator, Passes, PointBase, Policy, Trim,
};
use crate::settlement::cases::Cases;
use crate::settlement::coefficient::{InstitutionFacts, disciplines};
use crate::table::Table;
use crate::units::{Ratio, fraction, ratio};
use crate::weights::blend::Blend;
use crate::weights::coefficients::price;
use crate::weights::quotient::{Quotient, quotient};
use crate::weights::sums::Sums;
use crate::weights::{Built, Error, Passed, Plan, build, restate};

fn rule() -> Coefficient {
    let mut rule =
        crate::policy::load("tests/policy/coefficient").unwrap().policy.coefficient.unwrap();
    rule.bonuses.clear();
    for tier in &mut rule.tiers {
        tier.value = None;
    }
    rule
}

fn with(rule: Coefficient, years: &[&str]) -> Policy {
    Policy { coefficient: Some(rule), ..policy(weights(years)) }
}

/// H1 is 三级综合甲等, H2 其他三级 (TCM), H5 a community centre; coefficients in force 2, none, 0.5.
fn facts() -> Vec<InstitutionFacts> {
    let one =
        |code: &str, hosp_lv: &str, inst_type: &str, in_force: Option<&str>| InstitutionFacts {
            code: code.to_owned(),
            name: format!("医院{code}"),
            hosp_lv: hosp_lv.to_owned(),
            inst_type: inst_type.to_owned(),
            in_force: in_force.map(dec),
            ..InstitutionFacts::default()
        };
    vec![
        one("H1", "2", "general", Some("2")),
        one("H2", "2", "tcm", None),
        one("H5", "11", "community", Some("0.5")),
    ]
}

fn passed() -> Passed {
    Passed { institutions: facts(), ..Passed::default() }
}

fn run(policy: &Policy, cases: &Cases, passed: Passed) -> Result<Built, Error> {
    let years = if policy.weights.years.len() == 1 { "2023" } else { "2022,2023" };
    build(cases, policy, &years.parse::<Years>().unwrap(), passed)
}

fn row<'a>(table: &'a Table, key: &str) -> impl Fn(&str) -> String + use<'a> {
    let first = &table.columns[0].0;
    let at = (0..table.rows()).find(|at| table.cell(first, *at).unwrap() == key);
    let at = at.unwrap_or_else(|| panic!("no row {key} in {}", table.name));
    move |column| table.cell(column, at).unwrap_or_default()
}

fn says(found: Result<Built, Error>, wanted: &str) {
    let text = render(&found.unwrap_err());
    assert!(text.contains(wanted), "{text}");
}

/// Older: H1 300, 500, H5 100; newer: H1 600, H5 200 and, ungrouped, 100. In fen.
fn two_years() -> Cases {
    cases(&[
        ("A", "H1", 2022, 300),
        ("A", "H1", 2022, 500),
        ("A", "H5", 2022, 100),
        ("A", "H1", 2023, 600),
        ("A", "H5", 2023, 200),
        ("", "H5", 2023, 100),
    ])
}

fn known_tiers() -> Vec<InstitutionFacts> {
    facts().into_iter().filter(|one| one.code != "H2").collect()
}

// shows: E08, R41, Z20
#[test]
fn a_tier_is_its_blended_mean_over_all_cases_to_that_of_the_city() {
    // Tier 1: 0.2 · 400 + 0.8 · 600 = 560; tier 5: 0.2 · 100 + 0.8 · 150 = 140, ungrouped included;
    // M: 0.2 · 900 ÷ 3 + 0.8 · 900 ÷ 3 = 300. 560 ÷ 300 = 28/15, 140 ÷ 300 = 7/15.
    let passed = Passed { institutions: known_tiers(), ..Passed::default() };
    let built = run(&with(rule(), &["0.2", "0.8"]), &two_years(), passed).unwrap();
    let table = built.catalog.table("coefficients").unwrap();
    assert_eq!(table.rows(), 7, "every tier of the policy");
    let first = row(table, "三级综合甲等");
    let wanted = [
        ("institutions", "1"),
        ("cases", "3"),
        ("mean", "5.6000"),
        ("derived", "1.8667"),
        ("coefficient", "1.8667"),
        ("exact", "28/15"),
        ("source", "estimated"),
        ("in_force", "2.0000"),
        ("difference", "-0.1333"),
    ];
    for (column, value) in wanted {
        assert_eq!(first(column), value, "{column}");
    }
    let community = row(table, "一级");
    assert_eq!((community("exact"), community("in_force")), ("7/15".into(), "0.5000".into()));
    // Nobody belongs to the tier: it has no coefficient and nobody misses it.
    let nobody = row(table, "其他镇卫生院");
    assert_eq!((nobody("coefficient"), nobody("source")), ("".into(), "no_institution".into()));
}

// shows: E08, R41
#[test]
fn a_tier_with_a_value_keeps_it_beside_the_derived_one() {
    let mut rule = rule();
    rule.tiers[0].value = Some(dec("1.50"));
    let passed = Passed { institutions: known_tiers(), ..Passed::default() };
    let built = run(&with(rule, &["0.2", "0.8"]), &two_years(), passed).unwrap();
    let first = row(built.catalog.table("coefficients").unwrap(), "三级综合甲等");
    let found = ["value", "derived", "coefficient", "source"].map(&first);
    assert_eq!(found, ["1.5000", "1.8667", "1.5000", "policy"]);
    let of_one = row(built.catalog.table("institution_coefficient").unwrap(), "H1");
    assert_eq!([of_one("base"), of_one("own")], ["1.5000", "1.8667"]);
}

// shows: E08
#[test]
fn the_difference_to_the_coefficient_in_force_is_told_in_points_and_yuan() {
    // A costs 0.2 · 300 + 0.8 · 400 = 380 against M = 300: 1266.6667 points. H1 had one case of A in
    // 2023: 1266.6667 · (28/15 − 2) = −168.8889 points, at 3.00 yuan ÷ 1000 a point −0.51 yuan.
    let passed = Passed { institutions: known_tiers(), ..Passed::default() };
    let built = run(&with(rule(), &["0.2", "0.8"]), &two_years(), passed).unwrap();
    let table = built.catalog.table("institution_coefficient").unwrap();
    let first = row(table, "H1");
    let found = ["points", "points_difference", "yuan_difference", "difference"].map(first);
    assert_eq!(found, ["2364.4445", "-168.8889", "-0.51", "-0.1333"]);
    // H5: 1266.6667 · (7/15 − 0.5) = −42.2222; the ungrouped case has no points to multiply.
    let other = row(table, "H5");
    assert_eq!([other("points_difference"), other("yuan_difference")], ["-42.2222", "-0.13"]);
}

// shows: E08
#[test]
fn a_hospital_may_have_its_own_coefficient_or_the_one_in_force() {
    let mut own = rule();
    own.method = CoefficientMethod::Own;
    let two = cases(&[("A", "H1", 2023, 300), ("A", "H2", 2023, 100), ("A", "H2", 2023, 200)]);
    let two_thirds = run(&with(own, &["1"]), &two, passed()).unwrap();
    let table = two_thirds.catalog.table("institution_coefficient").unwrap();
    // M 200: H1 300 ÷ 200, H2 150 ÷ 200.
    assert_eq!([row(table, "H1")("exact"), row(table, "H2")("exact")], ["3/2", "3/4"]);
    let mut given = rule();
    given.method = CoefficientMethod::Given { default: dec("1") };
    given.tiers.clear();
    given.disease = None;
    let built = run(&with(given, &["1"]), &two, passed()).unwrap();
    let table = built.catalog.table("institution_coefficient").unwrap();
    assert_eq!([row(table, "H1")("exact"), row(table, "H2")("exact")], ["2/1", "1/1"]);
    assert_eq!(row(table, "H1")("own"), "1.5000", "shown against the one in force");
    assert!(built.catalog.table("coefficients").is_none(), "there are no tiers");
}

// shows: Z21, A35, R18
#[test]
fn bonuses_join_the_base_and_disciplines_count_on_their_cases_only() {
    let mut rule = rule();
    rule.bonuses = crate::policy::load("tests/policy/coefficient")
        .unwrap()
        .policy
        .coefficient
        .unwrap()
        .bonuses;
    let mut facts = facts();
    facts[1].disciplines = disciplines("H2", "0300:national").unwrap();
    facts[1].in_force = Some(dec("1"));
    let mut two = cases(&[("A", "H2", 2023, 100), ("A", "H2", 2023, 100), ("A", "H5", 2023, 100)]);
    two.disciplines = vec!["0300".to_owned(), "0500".to_owned()];
    two.discipline = vec![0, 1, 0];
    facts.remove(0);
    let passed = Passed { institutions: facts, ..Passed::default() };
    let built = run(&with(rule, &["1"]), &two, passed).unwrap();
    let table = built.catalog.table("institution_coefficient").unwrap();
    let tcm = row(table, "H2");
    // All tiers cost alike: base 1. TCM 0.05; 0300 is a national discipline, 0.02 on its case.
    assert_eq!([tcm("base"), tcm("coefficient")], ["1.0000", "1.0500"]);
    assert_eq!([tcm("bonuses"), tcm("disciplines")], ["中医 0.05", "0300 0.02"]);
    // 1000 · (1.05 + 0.02) + 1000 · 1.05 against 2000.
    assert_eq!([tcm("points"), tcm("points_difference")], ["2120.0000", "120.0000"]);
    let community = row(table, "H5");
    // Grass-roots 0.03; 0300 is no key discipline there.
    assert_eq!([community("coefficient"), community("points")], ["1.0300", "1030.0000"]);
}

// A costs the same everywhere: base 1, and 1000 points a case; in force are 2 at H1 and 0.5 at H5. With 3000
// points set: H1 3000, 3000 − 6000; H5 3000, 3000 − 1500.
// shows: E08, Z25
#[test]
fn what_coefficients_move_follows_from_the_points_in_force() {
    let two = cases(&[("A", "H1", 2023, 100), ("A", "H5", 2023, 100)]);
    let policy = with(rule(), &["1"]);
    // H2 has no case, and its tier none either.
    let facts: Vec<_> = facts().into_iter().filter(|one| one.code != "H2").collect();
    let passed = Passed { institutions: facts.clone(), ..Passed::default() };
    let Built { mut catalog, mean_of_all, .. } = run(&policy, &two, passed).unwrap();
    let told = |catalog: &crate::catalog::model::Catalog| {
        let table = catalog.table("institution_coefficient").unwrap();
        ["H1", "H5"].map(|code| {
            let of = row(table, code);
            [of("points"), of("points_difference")]
        })
    };
    let (names, before) = (catalog.tables.len(), told(&catalog));
    assert_eq!(before, [["1000.0000", "-1000.0000"], ["1000.0000", "500.0000"]]);
    let years = "2023".parse::<Years>().unwrap();
    restate(&mut catalog, &two, (&policy, &years), (&facts, &mean_of_all)).unwrap();
    assert_eq!(told(&catalog), before, "points are as computed");
    catalog.groups[0].points = Some(crate::units::Points(3_000_000_000));
    restate(&mut catalog, &two, (&policy, &years), (&facts, &mean_of_all)).unwrap();
    assert_eq!(told(&catalog), [["3000.0000", "-3000.0000"], ["3000.0000", "1500.0000"]]);
    assert_eq!(catalog.tables.len(), names, "no table twice, none lost");
}

// shows: R41, A04
#[test]
fn the_divisor_is_the_mean_of_all_cases_as_the_policy_takes_it() {
    // A costs 2600 ÷ 5 = 520 and is trimmed above 1.5 · 520 = 780: the 2000 leaves M, and no tier.
    let mut rows = vec![("A", "H1", 2023, 2000), ("B", "H5", 2023, 250)];
    many(&mut rows, ("A", "H1"), 2, 200);
    many(&mut rows, ("A", "H5"), 2, 100);
    let found = |base: PointBase, denominator: Denominator| {
        let mut policy = with(rule(), &["1"]);
        policy.weights.trim = Trim::Multiple { low: dec("0"), high: dec("1.5") };
        (policy.weights.base, policy.weights.denominator) = (base, denominator);
        let passed = Passed { institutions: known_tiers(), ..Passed::default() };
        let built = run(&policy, &cases(&rows), passed).unwrap();
        let table = built.catalog.table("coefficients").unwrap().clone();
        [row(&table, "三级综合甲等")("exact"), row(&table, "一级")("exact")]
    };
    // H1: 2400 ÷ 3 = 800, H5: 450 ÷ 3 = 150. M: 850 ÷ 5 = 170, whatever points are measured by.
    let disease = PointBase::BaseDisease { group_code: "B".to_owned() };
    for base in [PointBase::Mean, disease, PointBase::Fixed(dec("9"))] {
        assert_eq!(found(base.clone(), Denominator::All), ["80/17", "15/17"], "{base:?}");
    }
    // Before trimming 2850 ÷ 6 = 475; a given M of 3.00 yuan.
    for (denominator, wanted) in [
        (Denominator::BeforeTrim, ["32/19", "6/19"]),
        (Denominator::Given(dec("3")), ["8/3", "1/2"]),
    ] {
        assert_eq!(found(PointBase::Mean, denominator), wanted, "{denominator:?}");
    }
}

// shows: R41
#[test]
fn another_divisor_widens_the_interval_as_it_does_the_coefficient() {
    let sums = |fees: &[i64]| {
        let mut sums = Sums::default();
        for fee in fees {
            sums.add(*fee).unwrap();
        }
        sums
    };
    let blend = Blend { level: crate::policy::model::BlendLevel::Pooled, weights: Vec::new() };
    let (part, whole) = (sums(&[200, 200, 2000]), sums(&[200, 200, 2000, 100, 100, 250]));
    let plain = quotient(&[part], &[whole], &blend).unwrap();
    let other = plain.clone().over(&ratio(170));
    // 800 ÷ 475 and 800 ÷ 170: every width is 475 ÷ 170 times what it was.
    let width = |found: &Quotient| found.interval.as_ref().map(|(low, high)| high - low).unwrap();
    assert_eq!(other.value, fraction(80, 17).unwrap());
    assert_eq!(width(&other), width(&plain) * fraction(475, 170).unwrap());
    let (low, high) = other.interval.unwrap();
    assert_eq!(low + high, other.value * ratio(2), "around the coefficient");
}

/// `n` cases of a group at an institution, 2023.
fn many(
    rows: &mut Vec<(&'static str, &'static str, u16, i64)>,
    of: (&'static str, &'static str),
    n: usize,
    fee: i64,
) {
    rows.extend(std::iter::repeat_n((of.0, of.1, 2023, fee), n));
}

// shows: E08
#[test]
fn one_disease_has_its_own_coefficients_where_levels_differ_and_nothing_inverts() {
    let mut rule = rule();
    rule.method = CoefficientMethod::TierDisease;
    let mut rows = Vec::new();
    for (group, high, low) in [
        ("D1", (5, 200), (5, 100)),    // 150: 4/3 and 2/3
        ("D2", (5, 200), (4, 100)),    // one case short in the community
        ("D3", (5, 150), (5, 145)),    // 3.4 % apart
        ("D4", (5, 100), (5, 200)),    // inverted
        ("D5", (5, 105), (5, 95)),     // 10 % apart, on the line
        ("D6", (5, 10400), (5, 9410)), // a hair below: 990 ÷ 9905 = 9.995 %
        ("D7", (5, 200), (5, 100)),    // grass-roots
    ] {
        many(&mut rows, (group, "H1"), high.0, high.1);
        many(&mut rows, (group, "H5"), low.0, low.1);
    }
    let kind = GroupInfo { kind: "grass_roots".to_owned(), ..GroupInfo::default() };
    let info = [("D7".to_owned(), kind)].into();
    let passed = Passed { institutions: known_tiers(), info, ..Passed::default() };
    let built = run(&with(rule, &["1"]), &cases(&rows), passed).unwrap();
    let table = built.catalog.table("coefficient_group").unwrap();
    let class = {
        let tiers = built.catalog.table("coefficients").unwrap();
        [row(tiers, "三级综合甲等")("coefficient"), row(tiers, "一级")("coefficient")]
    };
    let find = |group: &str| {
        let of = |at: &usize| table.cell("group_code", *at).unwrap() == group;
        let rows: Vec<usize> = (0..table.rows()).filter(of).collect();
        let cell = |column: &str| {
            rows.iter().map(|at| table.cell(column, *at).unwrap()).collect::<Vec<_>>()
        };
        (cell("reason"), cell("coefficient"))
    };
    let both = |word: &str| vec![word.to_owned(); 2];
    let one = |first: &str, second: &str| vec![first.to_owned(), second.to_owned()];
    assert_eq!(find("D1"), (both("disease"), one("1.3333", "0.6667")));
    assert_eq!(find("D2"), (both("few_cases"), class.to_vec()));
    assert_eq!(find("D3"), (both("no_difference"), class.to_vec()));
    assert_eq!(find("D4"), (both("inversion"), class.to_vec()));
    assert_eq!(find("D5"), (both("disease"), one("1.0500", "0.9500")));
    assert_eq!(find("D6").0, both("no_difference"));
    assert_eq!(find("D7"), (both("always_one"), one("1.0000", "1.0000")));
}

/// H1 treats mostly B, H5 mostly A; whatever it is, H1 costs 1.2 times what H5 does.
fn mixed() -> Cases {
    let mut rows = Vec::new();
    many(&mut rows, ("A", "H1"), 1, 1_200_000);
    many(&mut rows, ("B", "H1"), 3, 12_000_000);
    many(&mut rows, ("A", "H5"), 3, 1_000_000);
    many(&mut rows, ("B", "H5"), 1, 10_000_000);
    cases(&rows)
}

fn ratio_of_tiers(built: &Built) -> Ratio {
    let table = built.catalog.table("coefficients").unwrap();
    let value = |tier: &str| {
        let text = row(table, tier)("exact");
        let (numerator, denominator) = text.split_once('/').unwrap();
        let whole = |part: &str| part.parse::<num_bigint::BigInt>().unwrap();
        fraction(whole(numerator), whole(denominator)).unwrap()
    };
    value("三级综合甲等") / value("一级")
}

// shows: E08, R41
#[test]
fn a_fixed_point_with_the_weights_finds_the_price_of_a_level_whatever_it_treats() {
    let passed = || Passed { institutions: known_tiers(), ..Passed::default() };
    let mut once = rule();
    once.basis = CoefficientBasis::CaseMix;
    let built = run(&with(once.clone(), &["1"]), &mixed(), passed()).unwrap();
    // One pass: A costs 1 050 000, B 11 500 000. H1: 37.2 ÷ 35.55, H5: 13 ÷ 14.65 → 1.1792.
    let wanted = fraction(3_720 * 1_465, 3_555 * 1_300).unwrap();
    assert_eq!(ratio_of_tiers(&built), wanted);
    let mut fixed = once;
    fixed.passes = Passes::FixedPoint { rounds: 30 };
    let built = run(&with(fixed.clone(), &["1"]), &mixed(), passed()).unwrap();
    let error = ratio_of_tiers(&built) - fraction(6, 5).unwrap();
    let small = fraction(1, 2000).unwrap();
    assert!(error < small && error > -small, "{error}");
    // Weights without the level: B is ten times A.
    let points: Vec<_> =
        built.catalog.groups.iter().map(|group| group.points.unwrap().to_ratio()).collect();
    let off = &points[1] / &points[0] - ratio(10);
    assert!(off < fraction(1, 100).unwrap() && off > fraction(-1, 100).unwrap(), "{off}");
    let rounds = built.catalog.table("coefficient_round").unwrap();
    let last = rounds.rows() - 1;
    assert_eq!(rounds.cell("coefficients_moved", last).unwrap(), "0", "at rest");
    assert!(last > 1, "more than the two rounds of R41");
    // The claims stay what they were, and the identity says what the coefficients took out.
    let total: i64 = built.catalog.institutions.iter().map(|one| one.year_cost[0].0).sum();
    assert_eq!(total, 50_200_000);
    let lines = &built.catalog.identity;
    let (end, parts) = lines.split_last().unwrap();
    assert_eq!(end.amount, dec("502000.0000"));
    assert_eq!(parts.iter().map(|line| line.amount).sum::<rust_decimal::Decimal>(), end.amount);
    assert!(parts.iter().any(|line| line.line == "coefficient"));
    fixed.passes = Passes::FixedPoint { rounds: 2 };
    says(run(&with(fixed, &["1"]), &mixed(), passed()), "still move after 2 rounds");
}

// shows: E08
#[test]
fn coefficients_that_turn_in_a_circle_stop_the_build() {
    // Means that change places in every round: those of A and B, then those of B and A, and so on. The
    // levels treat A and B unequally, so the coefficients of the third round are those of the first.
    let first = run(&policy(weights(&["1"])), &mixed(), Passed::default()).unwrap();
    let mut other = first.clone();
    let means: Vec<_> = first.catalog.groups.iter().map(|group| group.mean).collect();
    for (group, mean) in other.catalog.groups.iter_mut().zip(means.into_iter().rev()) {
        group.mean = mean;
    }
    let mut fixed = rule();
    fixed.basis = CoefficientBasis::CaseMix;
    fixed.passes = Passes::FixedPoint { rounds: 30 };
    let policy = with(fixed, &["1"]);
    let years = "2023".parse::<Years>().unwrap();
    let plan = Plan::new(&policy, &years, &[2023]).unwrap();
    let passed = Passed { institutions: known_tiers(), ..Passed::default() };
    let builds = Cell::new(0);
    let turning = price(&plan, &mixed(), passed.clone(), |_, _| {
        builds.set(builds.get() + 1);
        Ok(if builds.get() % 2 == 1 { first.clone() } else { other.clone() })
    });
    says(turning, "still move after 3 rounds: they came back to where they were");
    assert_eq!(builds.get(), 3, "given up long before 30 rounds");
    // The same weights twice are rest, no circle.
    assert!(price(&plan, &mixed(), passed, |_, _| Ok(first.clone())).is_ok());
}

// shows: R41
#[test]
fn coefficients_of_the_ruling_are_at_rest_in_the_second_round() {
    let mut fixed = rule();
    fixed.passes = Passes::FixedPoint { rounds: 2 };
    let passed = Passed { institutions: known_tiers(), ..Passed::default() };
    let built = run(&with(fixed, &["0.2", "0.8"]), &two_years(), passed).unwrap();
    let moved = built.catalog.table("coefficient_round").unwrap();
    let moved: Vec<_> = (0..2).map(|at| moved.cell("coefficients_moved", at).unwrap()).collect();
    assert_eq!(moved, ["2", "0"]);
    let table = built.catalog.table("coefficients").unwrap();
    assert_eq!(row(table, "三级综合甲等")("exact"), "28/15", "from the fees as they are");
}

// shows: Z20
#[test]
fn an_institution_or_tier_without_a_coefficient_stops_the_build_and_is_named() {
    let two = two_years();
    let policy = with(rule(), &["0.2", "0.8"]);
    let of = |institutions: Vec<InstitutionFacts>| Passed { institutions, ..Passed::default() };
    let mut unmapped = known_tiers();
    unmapped[0].hosp_lv = "11".to_owned();
    says(run(&policy, &two, of(unmapped)), "institution `H1` (医院H1) belongs to no tier");
    // H2 belongs to a tier nobody has a case in, and the policy names no value for it.
    says(run(&policy, &two, passed()), "tier `其他三级` has no coefficient");
    let mut valued = rule();
    valued.tiers[1].value = Some(dec("0.9"));
    assert!(run(&with(valued, &["0.2", "0.8"]), &two, passed()).is_ok());
    let refunded = cases(&[("A", "H1", 2023, 300), ("A", "H5", 2023, -100)]);
    let found = run(&with(rule(), &["1"]), &refunded, of(known_tiers()));
    says(found, "the coefficient derived for tier `一级` is -1.0000");
}

// shows: Z20
#[test]
fn an_institution_that_the_table_does_not_have_is_warned_of_and_has_no_coefficient() {
    let mut rows = vec![("A", "H9", 2023, 900)];
    many(&mut rows, ("A", "H1"), 2, 300);
    many(&mut rows, ("A", "H5"), 1, 300);
    let passed = Passed { institutions: known_tiers(), ..Passed::default() };
    let built = run(&with(rule(), &["1"]), &cases(&rows), passed).unwrap();
    let said: Vec<String> = built.warnings.iter().map(ToString::to_string).collect();
    let wanted = "1 institutions with 1 cases are not in table `institution` and have no coefficient, \
                  the first is `H9`";
    assert!(said.iter().any(|text| text == wanted), "{said:?}");
    // Its case is in the mean of the city, 1800 ÷ 4 = 450, and in no tier.
    let tiers = built.catalog.table("coefficients").unwrap();
    assert_eq!([row(tiers, "三级综合甲等")("exact"), row(tiers, "一级")("exact")], ["2/3", "2/3"]);
    let unknown = row(built.catalog.table("institution_coefficient").unwrap(), "H9");
    let found = ["tier", "own", "base", "coefficient", "points"].map(unknown);
    assert_eq!(found, ["", "2.0000", "", "", ""]);
}

// shows: E08
#[test]
fn coefficients_depend_neither_on_the_order_of_the_cases_nor_on_the_unit_of_money() {
    let passed = || Passed { institutions: known_tiers(), ..Passed::default() };
    let policy = with(rule(), &["0.2", "0.8"]);
    let tables = |cases: &Cases| {
        let built = run(&policy, cases, passed()).unwrap();
        built.catalog.table("coefficients").unwrap().column("exact").unwrap().clone()
    };
    let (forth, mut back) = (two_years(), two_years());
    for column in [&mut back.institution, &mut back.group] {
        column.reverse();
    }
    back.year.reverse();
    back.fee_fen.reverse();
    assert_eq!(tables(&forth), tables(&back));
    let mut double = two_years();
    double.fee_fen.iter_mut().for_each(|fee| *fee *= 2);
    assert_eq!(tables(&forth), tables(&double));
}

// shows: E08
#[test]
#[expect(clippy::integer_division, reason = "fees are floored on purpose")]
fn intervals_hold_the_truth_as_often_as_they_claim() {
    // A part of 40 % of the cases costs 100 + an eighth power of chance, the others 0.6 times that.
    // Fees: floor(10 000 · (1 + 8u³)), u uniform: mean 10 000 · 3 = 30 000 less half a fen.
    let blend = Blend {
        level: crate::policy::model::BlendLevel::Means,
        weights: vec![fraction(1, 5).unwrap(), fraction(4, 5).unwrap()],
    };
    let truth = fraction(1, 1).unwrap() / fraction(76, 100).unwrap(); // 1 ÷ (0.4 + 0.6 · 0.6)
    let (mut held, rounds) = (0u32, 600u64);
    for seed in 0..rounds {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut part = vec![Sums::default(); 2];
        let mut whole = part.clone();
        for year in 0..2 {
            for _ in 0..250 {
                let of_part = dice.next_u64() % 10 < 4;
                let chance = i64::try_from(dice.next_u64() % 10_000).unwrap();
                let fee = 10_000 + 8 * chance.pow(3) / 100_000_000;
                let fee = if of_part { fee } else { fee * 6 / 10 };
                whole[year].add(fee).unwrap();
                if of_part {
                    part[year].add(fee).unwrap();
                }
            }
        }
        let found = quotient(&part, &whole, &blend).unwrap();
        let (low, high) = found.interval.unwrap();
        held += u32::from(low <= truth && truth <= high);
    }
    // 95 % of 600 is 570; three standard deviations of that count are 16.
    assert!((554..=586).contains(&held), "{held} of {rounds}");
}
