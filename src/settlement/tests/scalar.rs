//! The points of one case under the nine kinds of score, computed from its facts one after the other on
//! big fractions: a second way for the segments of `settlement::score`.

use num_traits::Zero;
use rust_decimal::Decimal;

use crate::policy::model::{
    Abnormal, AbnormalHigh, AbnormalReference, Cite, ExtremeRule, NoScore, OnOutliers, Score,
    SelfPaid,
};
use crate::settlement::score::ScoreKind;
use crate::units::{Fen, Points, Ratio, exact, fraction, ratio};

/// Places of case points (A46).
const PLACES: u32 = 4;

/// Where a case stands against the mean it is compared with (A37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// Below the low line.
    Low,
    /// Between the lines, both included, or nothing to compare with.
    Normal,
    /// Above the high line.
    High,
    /// Above the extreme line (A38).
    Extreme,
}

/// What the score of a case depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// Points decided by experts (table `special`), where there are any.
    pub(super) decided: Option<Decimal>,
    /// Published points of the group; `None`: ungrouped, or its published mean is 0 (R37).
    pub(super) group_points: Option<Decimal>,
    /// Points of the policy's list for the group.
    pub(super) listed: Option<Decimal>,
    /// Fee of the case.
    pub(super) fee: Fen,
    /// What the fee is compared with, in yuan, four places (A37, R06); `None`: no comparison.
    pub(super) compared_mean: Option<Decimal>,
    /// A day-surgery case.
    pub(super) is_day_surgery: bool,
    /// Highest factor of the auxiliary types met, unrounded (A46); 1 without.
    pub(super) auxiliary: Ratio,
    /// The institution's coefficient k, unrounded (A46, R41); 1 for grass-roots and same-price groups
    /// (E15, A36).
    pub(super) coefficient: Ratio,
    /// Paid by the patient outside the catalog (`fulamt_ownpay_amt`).
    pub(super) self_paid: Fen,
    /// An expert was invited.
    pub(super) has_expert: bool,
}

/// What an ungrouped case is measured by (A41).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measure {
    /// 0.7.
    pub(super) factor: Decimal,
    /// M or the mean of the base disease, in yuan, as published.
    pub(super) base_mean: Decimal,
    /// Points of a group with the base mean.
    pub(super) scale: Decimal,
}

/// The points of a case and how they came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scored {
    /// Points, 4 places; `None` if beyond what points can hold.
    pub(super) points: Option<Points>,
    /// Kinds that took part, in the order of R17.
    pub(super) kinds: Vec<ScoreKind>,
    /// Where the fee stands.
    pub(super) spread: Spread,
    /// On the list for expert review (A38).
    pub(super) for_review: bool,
    /// Paid as booked instead (A38 `item`).
    pub(super) by_item: bool,
}

/// Computes the points of a case (R17, R11). `outliers` is what `[coefficient]` says of low and high
/// cases (A36).
pub(super) fn score(
    rules: &Score,
    outliers: OnOutliers,
    measure: &Measure,
    facts: &Facts,
) -> Scored {
    let mut scored = Scored {
        points: Some(Points(0)),
        kinds: Vec::new(),
        spread: Spread::Normal,
        for_review: false,
        by_item: false,
    };
    if let Some(decided) = facts.decided.filter(|_| rules.special) {
        scored.kinds.push(ScoreKind::Special);
        scored.points = rounded(&exact(decided));
        return scored;
    }
    // R11: a case without fee has no points unless they were decided.
    if facts.fee == Fen(0) {
        return scored;
    }
    let Some(base) = base(rules, facts, &mut scored.kinds) else {
        scored.kinds.push(ScoreKind::NoScore);
        scored.points = rounded(&no_score(rules, measure, facts));
        return scored;
    };
    let k = &facts.coefficient;
    let mut points = base.clone();
    let mut factor = k.clone();
    let abnormal = rules.abnormal.as_ref().zip(times_the_mean(facts));
    if let Some((lines, times)) = abnormal {
        scored.spread = spread(lines, &times);
        (points, factor) = outlying((lines, outliers), scored.spread, &times, (&base, k));
        let is_extreme = scored.spread == Spread::Extreme;
        scored.for_review = is_extreme && lines.extreme_rule == ExtremeRule::Review;
        scored.by_item = is_extreme && lines.extreme_rule == ExtremeRule::Item;
    }
    let like_normal = rules.abnormal.as_ref().is_some_and(|rule| keeps_points(rule, scored.spread));
    if like_normal {
        scored.for_review = true;
        (points, factor) = (base, k.clone());
    }
    if scored.spread != Spread::Normal {
        scored.kinds.push(ScoreKind::Abnormal);
    }
    let takes_types = scored.spread == Spread::Normal || like_normal;
    if takes_types && rules.auxiliary && facts.auxiliary != ratio(1) {
        scored.kinds.push(ScoreKind::Auxiliary);
        points *= &facts.auxiliary;
    }
    points *= factor;
    if scored.by_item {
        scored.points = Some(Points(0));
        return scored;
    }
    if let Some(rule) = &rules.self_paid
        && ratio(facts.self_paid.0) > exact(rule.limit) * ratio(facts.fee.0)
    {
        scored.kinds.push(ScoreKind::SelfPaid);
        points *= exact(rule.factor);
    }
    if facts.has_expert {
        scored.kinds.push(ScoreKind::ExternalExpert);
        points += exact(rules.external_expert);
    }
    scored.points = rounded(&points);
    scored
}

/// Whether a high case keeps the points of a normal one until it is reviewed (DIP3).
fn keeps_points(rule: &Abnormal, spread: Spread) -> bool {
    let reviewed = spread == Spread::High
        || (spread == Spread::Extreme && rule.extreme_rule == ExtremeRule::Review);
    rule.high_rule == AbnormalHigh::Review && reviewed
}

fn rounded(points: &Ratio) -> Option<Points> {
    Points::from_ratio(points, PLACES)
}

/// Listed points, else points of the group × day surgery; `None`: ungrouped.
fn base(rules: &Score, facts: &Facts, kinds: &mut Vec<ScoreKind>) -> Option<Ratio> {
    if let Some(listed) = facts.listed {
        kinds.push(ScoreKind::Listed);
        return Some(exact(listed));
    }
    let points = exact(facts.group_points?);
    kinds.push(ScoreKind::Standard);
    if !facts.is_day_surgery {
        return Some(points);
    }
    kinds.push(ScoreKind::DaySurgery);
    Some(points * exact(rules.day_surgery))
}

/// A41: factor × fee ÷ base mean × scale, no coefficient.
fn no_score(rules: &Score, measure: &Measure, facts: &Facts) -> Ratio {
    let base = exact(measure.base_mean);
    assert!(
        matches!(rules.no_score, NoScore::Factor | NoScore::None),
        "the other ways are tested where they are paid"
    );
    if rules.no_score == NoScore::None || base.is_zero() {
        return Ratio::zero();
    }
    exact(measure.factor) * exact(measure.scale) * exact(facts.fee.to_yuan()) / base
}

/// r = fee ÷ mean (A37); `None` without a mean above 0.
fn times_the_mean(facts: &Facts) -> Option<Ratio> {
    let mean = facts.compared_mean.filter(|mean| *mean > Decimal::ZERO)?;
    Some(exact(facts.fee.to_yuan()) / exact(mean))
}

/// The extreme line is strict (A38), the others as the policy says (A37, 1.5).
fn spread(lines: &Abnormal, times: &Ratio) -> Spread {
    let (low, high) = (exact(lines.low), exact(lines.high));
    if *times < low || (lines.low_inclusive && *times == low) {
        Spread::Low
    } else if *times < high || (!lines.high_inclusive && *times == high) {
        Spread::Normal
    } else if *times <= exact(lines.extreme) {
        Spread::High
    } else {
        Spread::Extreme
    }
}

/// Points before the coefficient, and the coefficient that is left to apply (A36–A38, R39).
fn outlying(
    (lines, outliers): (&Abnormal, OnOutliers),
    spread: Spread,
    times: &Ratio,
    (base, k): (&Ratio, &Ratio),
) -> (Ratio, Ratio) {
    let one = ratio(1);
    if spread == Spread::Extreme && lines.extreme_rule == ExtremeRule::Coefficient {
        return (base.clone(), k.clone());
    }
    // Until decided, an extreme case has the points of the line.
    let times = if spread == Spread::Extreme { exact(lines.extreme) } else { times.clone() };
    let after = match outliers {
        OnOutliers::Apply => k.clone(),
        OnOutliers::None | OnOutliers::Inside => one.clone(),
    };
    match spread {
        Spread::Normal => (base.clone(), k.clone()),
        Spread::Low => (base * times, after),
        Spread::High | Spread::Extreme => {
            // What lies above the line joins a normal case: 1, or k where k stands inside.
            let normal = if outliers == OnOutliers::Inside { k } else { &one };
            (base * (times - exact(lines.high) + normal), after)
        }
    }
}

fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

pub(super) fn rules() -> Score {
    Score {
        cite: Cite::default(),
        auxiliary: true,
        abnormal: Some(Abnormal {
            cite: Cite::default(),
            low: dec("0.5"),
            low_inclusive: false,
            high: dec("2"),
            high_inclusive: false,
            high_rule: AbnormalHigh::Excess,
            extreme: dec("5"),
            extreme_rule: ExtremeRule::Review,
            reference: AbnormalReference::LastYear,
            reference_cases: 15,
        }),
        special: true,
        no_score: NoScore::Factor,
        external_expert: dec("0"),
        day_surgery: dec("1"),
        listed: Vec::new(),
        self_paid: None,
    }
}

/// RW 1000 points, mean 10 000 yuan, k 1.05 (the example of 6.4).
pub(super) fn facts(yuan: i64) -> Facts {
    Facts {
        decided: None,
        group_points: Some(dec("1000")),
        listed: None,
        fee: Fen::from_yuan(Decimal::from(yuan)).unwrap(),
        compared_mean: Some(dec("10000.0000")),
        is_day_surgery: false,
        auxiliary: ratio(1),
        coefficient: exact(dec("1.05")),
        self_paid: Fen(0),
        has_expert: false,
    }
}

pub(super) fn measure() -> Measure {
    Measure { factor: dec("0.7"), base_mean: dec("8000"), scale: dec("1000") }
}

fn scored(rules: &Score, facts: &Facts) -> Scored {
    score(rules, OnOutliers::Apply, &measure(), facts)
}

fn points(rules: &Score, facts: &Facts) -> String {
    shown(&scored(rules, facts))
}

fn shown(scored: &Scored) -> String {
    scored.points.unwrap().to_decimal().normalize().to_string()
}

// shows: A37, R17
#[test]
fn low_and_high_lines_are_strict_on_both_sides() {
    let plain = |fen: i64| Facts { coefficient: ratio(1), fee: Fen(fen), ..facts(0) };
    for (fen, wanted) in [
        (499_900, "499.9"),      // r 0.4999
        (500_000, "1000"),       // r 0.5
        (2_000_000, "1000"),     // r 2
        (2_000_001, "1000.001"), // r 2.000001, × 1.000001
        (3_000_000, "2000"),     // r 3
    ] {
        assert_eq!(points(&rules(), &plain(fen)), wanted, "{fen}");
    }
    let spread = |fen| scored(&rules(), &plain(fen)).spread;
    assert_eq!(
        [499_999, 500_000, 2_000_000, 2_000_001].map(spread),
        [Spread::Low, Spread::Normal, Spread::Normal, Spread::High]
    );
}

// shows: A36, R39
#[test]
fn the_coefficient_applies_to_outliers_as_the_policy_says() {
    // 6.4 at avg 10000, k 1.05, cost 30000: 2.10 · RW applied, 2.05 inside, 2.00 without.
    for (outliers, high, low) in [
        (OnOutliers::Apply, "2100", "420"),
        (OnOutliers::Inside, "2050", "400"),
        (OnOutliers::None, "2000", "400"),
    ] {
        let points = |yuan| shown(&score(&rules(), outliers, &measure(), &facts(yuan)));
        assert_eq!([30_000, 4_000, 10_000].map(points), [high, low, "1050"]);
    }
}

// shows: A36, A37, A38, R39
#[test]
fn a_high_case_has_what_lies_above_the_line_of_the_policy() {
    // 6.4: (r − line) + 1. At a line of 3 and r 3.5: 0.5 + 1 = 1.5; inside 0.5 + 1.05 = 1.55.
    let mut rules = rules();
    rules.abnormal.as_mut().unwrap().high = dec("3");
    for (outliers, above, extreme) in [
        (OnOutliers::Apply, "1575", "3150"), // × 1.05; r 9 has the points of r 5: (5 − 3) + 1
        (OnOutliers::Inside, "1550", "3050"), // (5 − 3) + 1.05
        (OnOutliers::None, "1500", "3000"),
    ] {
        let points = |yuan| shown(&score(&rules, outliers, &measure(), &facts(yuan)));
        assert_eq!([30_000, 35_000, 90_000].map(points), ["1050", above, extreme]);
    }
}

// shows: A38
#[test]
fn above_five_times_a_case_has_the_points_of_the_line_until_decided() {
    let found = scored(&rules(), &facts(50_000));
    assert_eq!((found.spread, found.for_review), (Spread::High, false));
    assert_eq!(points(&rules(), &facts(50_000)), "4200"); // (5 − 1) · 1000 · 1.05
    let found = scored(&rules(), &facts(50_001));
    assert_eq!((found.spread, found.for_review), (Spread::Extreme, true));
    assert_eq!(points(&rules(), &facts(90_000)), "4200");
    let mut rules = rules();
    rules.abnormal.as_mut().unwrap().extreme_rule = ExtremeRule::Coefficient;
    assert_eq!(points(&rules, &facts(90_000)), "1050");
    rules.abnormal.as_mut().unwrap().extreme_rule = ExtremeRule::Item;
    let found = scored(&rules, &facts(90_000));
    assert!(found.by_item && found.points == Some(Points(0)));
}

// shows: Z17, R17, Z25
#[test]
fn nine_kinds_of_score_take_part_in_their_order() {
    use ScoreKind::{
        Abnormal, Auxiliary, DaySurgery, ExternalExpert, Listed, NoScore, SelfPaid as Share,
        Special, Standard,
    };
    let rules = Score {
        external_expert: dec("30"),
        day_surgery: dec("0.9"),
        self_paid: Some(SelfPaid { cite: Cite::default(), limit: dec("0.2"), factor: dec("0.95") }),
        ..rules()
    };
    let check = |facts: &Facts, kinds: &[ScoreKind], wanted: &str| {
        assert_eq!(scored(&rules, facts).kinds, kinds);
        assert_eq!(points(&rules, facts), wanted, "{facts:?}");
    };
    let normal = facts(10_000);
    check(&normal, &[Standard], "1050");
    let severe = Facts { auxiliary: exact(dec("1.2")), ..normal.clone() };
    check(&severe, &[Standard, Auxiliary], "1260");
    // An outlier takes no auxiliary factor.
    let dear = Facts { fee: Fen(3_000_000), ..severe.clone() };
    check(&dear, &[Standard, Abnormal], "2100");
    let decided = Facts { decided: Some(dec("1234.5678")), ..dear.clone() };
    check(&decided, &[Special], "1234.5678");
    // 0.7 × 10000 ÷ 8000 × 1000 = 875, no coefficient.
    let ungrouped = Facts { group_points: None, ..severe.clone() };
    check(&ungrouped, &[NoScore], "875");
    let expert = Facts { has_expert: true, ..normal.clone() };
    check(&expert, &[Standard, ExternalExpert], "1080");
    let day = Facts { is_day_surgery: true, ..normal.clone() };
    check(&day, &[Standard, DaySurgery], "945"); // 1000 × 0.9 × 1.05
    // Listed points stand in for the group's and pass through outliers and k.
    let listed = Facts { listed: Some(dec("800")), is_day_surgery: true, ..normal.clone() };
    check(&listed, &[Listed], "840"); // no day-surgery factor on listed points
    let listed = Facts { fee: Fen(3_000_000), ..listed };
    check(&listed, &[Listed, Abnormal], "1680"); // 800 × 2 × 1.05
    let own = Facts { self_paid: Fen(200_000), ..normal.clone() };
    check(&own, &[Standard], "1050"); // 20 % is not above 20 %
    let own = Facts { self_paid: Fen(200_001), ..normal.clone() };
    check(&own, &[Standard, Share], "997.5");
    // All together: 1000 × 0.9 × 1.2 × 1.05 × 0.95 + 30 = 1107.3
    let all = Facts {
        is_day_surgery: true,
        auxiliary: exact(dec("1.2")),
        self_paid: Fen(300_000),
        has_expert: true,
        ..normal
    };
    check(&all, &[Standard, DaySurgery, Auxiliary, Share, ExternalExpert], "1107.3");
}

// shows: R11, A46
#[test]
fn a_fee_of_nothing_has_no_points_unless_they_were_decided() {
    let free = Facts { fee: Fen(0), ..facts(0) };
    assert_eq!(points(&rules(), &free), "0");
    let decided = Facts { decided: Some(dec("12")), ..free };
    assert_eq!(points(&rules(), &decided), "12");
    // One rounding, at the end, half away from zero: 33.3333 × 1.5.
    let odd = Facts {
        group_points: Some(dec("33.3333")),
        coefficient: fraction(3, 2).unwrap(),
        ..facts(10_000)
    };
    assert_eq!(points(&rules(), &odd), "50"); // 49.99995 → 50.0000
}

// shows: A46, R41
#[test]
fn a_coefficient_that_no_decimal_holds_is_not_rounded_before_the_points() {
    // 90000 × 1 ÷ 3 = 30000; k rounded to 4 places would give 90000 × 0.3333 = 29997.
    let third = Facts {
        group_points: Some(dec("90000")),
        coefficient: fraction(1, 3).unwrap(),
        ..facts(10_000)
    };
    assert_eq!(points(&rules(), &third), "30000");
    let severe = Facts { coefficient: ratio(1), auxiliary: fraction(4, 3).unwrap(), ..third };
    assert_eq!(points(&rules(), &severe), "120000");
}

// shows: R37, A41
#[test]
fn a_case_without_a_group_has_points_by_its_fee() {
    // 0.7 × 10000 ÷ 8000 × 1000 = 875.
    let nothing = Facts { group_points: None, ..facts(10_000) };
    assert_eq!(scored(&rules(), &nothing).kinds, [ScoreKind::NoScore]);
    assert_eq!(points(&rules(), &nothing), "875");
    let least = Facts { group_points: Some(dec("0.0001")), ..nothing };
    assert_eq!(scored(&rules(), &least).kinds, [ScoreKind::Standard]);
}

// shows: E15
#[test]
fn a_grass_roots_disease_has_the_same_points_everywhere() {
    let one = Facts { coefficient: ratio(1), ..facts(10_000) };
    assert_eq!(points(&rules(), &one), "1000");
}
