//! How a group came to its points or price, and what its cases of the year settled came to (P04).

use std::collections::BTreeMap;

use crate::catalog::model::{Catalog, Group};
use crate::policy::model::Cite;
use crate::settlement::ScenarioInput;
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::outcome::{Decision, Outcome, UNGROUPED_CODE};
use crate::trail::{Section, Step, Trail, Value};
use crate::units::{Fen, exact};

use super::{lines, trail};

/// How a group came to its points or price, and what its cases got. `outcome` and `decisions` are those of
/// the same cases and scenario.
///
/// `None` if neither the catalog, nor the policy's prices, nor a case knows the group.
#[must_use]
pub fn explain_group(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    (outcome, decisions): (&Outcome, &[Decision]),
    code: &str,
) -> Option<Trail> {
    let known = input.catalog.and_then(|catalog| {
        let group = catalog.groups.iter().find(|group| group.group_code == code)?;
        Some((catalog, group))
    });
    let priced = input.policy.standards.iter().any(|standard| standard.group_code == code);
    let at = cases.groups.iter().position(|known| known == code);
    let none = code == UNGROUPED_CODE;
    if known.is_none() && !priced && at.is_none() && !none {
        return None;
    }
    let id = at.and_then(|at| u32::try_from(at).ok()).or(none.then_some(UNGROUPED));
    let mut trail = trail("group", code, input);
    if let Some((catalog, group)) = known {
        trail.sections.push(Section::of("points_of_group", statistics(input, catalog, group)));
    }
    trail.sections.push(Section::of("lines", worth(input, outcome, known, code)));
    trail.sections.extend(id.map_or_else(Vec::new, |id| by_class(cases, decisions, id)));
    Some(trail)
}

/// From the means of the years to the points.
fn statistics(input: &ScenarioInput<'_>, catalog: &Catalog, group: &Group) -> Vec<Step> {
    let weights = &input.policy.weights;
    let mut steps = Vec::new();
    if !group.group_name.is_empty() {
        steps.push(Step::of("group_name", Value::Text(group.group_name.clone())));
    }
    steps.push(Step::of("layer", Value::Text(group.kind.clone())));
    for (at, year) in catalog.years.iter().enumerate() {
        let cases = group.year_cases.get(at).copied().unwrap_or(0);
        let mean = group.year_means.get(at).copied().flatten();
        steps.push(Step::of("year_cases", Value::Count(cases)).which(year.to_string()));
        if let Some(mean) = mean {
            steps.push(Step::of("year_mean", Value::yuan(mean)).which(year.to_string()));
        }
        if let Some(weight) =
            weights.years.get(at).filter(|_| catalog.years.len() == weights.years.len())
        {
            let step = Step::of("year_weight", Value::Decimal(*weight)).which(year.to_string());
            steps.push(step.at("weights.years", &weights.cite));
        }
    }
    let trimmed = catalog.trimmed.iter().filter(|row| row.group_code == group.group_code);
    let trimmed: u64 = trimmed.map(|row| row.cases).sum();
    steps.push(
        Step::of("trimmed", Value::Count(trimmed))
            .at("weights.trim.method", &Cite::default())
            .reading("A39"),
    );
    steps.push(Step::of("mean", Value::yuan(group.mean)).at("weights.level", &weights.cite));
    if let Some(cv) = group.cv {
        steps.push(Step::of("cv", Value::Decimal(cv)));
    }
    if !group.flags.is_empty() {
        steps.push(Step::of("flags", Value::Text(group.flags.join(", "))));
    }
    steps.extend(points(input, catalog, group));
    steps
}

/// Points by the published means, and what rounding, caps and overrides make of them: points follow from
/// unrounded means (A46).
fn points(input: &ScenarioInput<'_>, catalog: &Catalog, group: &Group) -> Vec<Step> {
    let (Some(points), Some(scale)) = (group.points, catalog.scale) else { return Vec::new() };
    let weights = &input.policy.weights;
    let by_means = if catalog.base_mean.is_zero() {
        return Vec::new();
    } else {
        exact(group.mean) / exact(catalog.base_mean) * exact(scale)
    };
    let published = Value::Points(points);
    let inputs = vec![
        ("mean", Value::yuan(group.mean)),
        ("base_mean", Value::yuan(catalog.base_mean)),
        ("scale", Value::Decimal(scale)),
    ];
    let both = vec![
        ("catalog_points", published.clone()),
        ("points_by_means", Value::PointSum(by_means.clone())),
    ];
    let rounding = points.to_ratio() - &by_means;
    vec![
        Step::of("points_by_means", Value::PointSum(by_means))
            .by("mean ÷ base_mean × scale", inputs)
            .at("weights.scale", &weights.cite),
        Step::of("rounding", Value::PointSum(rounding))
            .by("catalog_points − points_by_means", both)
            .reading("A46"),
        Step::of("catalog_points", published),
    ]
}

/// Price, lines in yuan, and what a normal case gets.
fn worth(
    input: &ScenarioInput<'_>,
    outcome: &Outcome,
    known: Option<(&Catalog, &Group)>,
    code: &str,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut prices: Vec<_> =
        input.policy.standards.iter().filter(|standard| standard.group_code == code).collect();
    prices.sort_by_key(|standard| standard.from);
    for price in &prices {
        let path = format!("standard[{code}@{}].price", price.from);
        let step = Step::of("standard", Value::Money(price.price)).which(price.from.to_string());
        steps.push(step.at(path, &price.cite));
    }
    if let Some(rule) = &input.policy.deviation
        && let Some(reference) = lines::reference(input, rule, (code, 12))
    {
        steps.extend(lines::bands(rule, &reference));
    }
    let points = known.and_then(|(_, group)| group.points);
    for pool in &outcome.pools {
        let Some((points, value)) = points.zip(pool.point_value) else { continue };
        let inputs =
            vec![("catalog_points", Value::Points(points)), ("point_value", Value::yuan(value))];
        let normal = points.to_ratio() * exact(value);
        steps.push(
            Step::of("normal_case", Value::Yuan(normal))
                .which(format!("{} {}", pool.pool, pool.period))
                .by("catalog_points × point_value", inputs)
                .reading("A46"),
        );
    }
    steps
}

/// Cases, cost, booked and pay of each class, and in all.
fn by_class(cases: &Cases, decisions: &[Decision], group: u32) -> Vec<Section> {
    #[derive(Default, Clone, Copy)]
    struct Sum {
        cases: u64,
        cost: i128,
        pay: i128,
    }
    let mut sums: BTreeMap<&'static str, Sum> = BTreeMap::new();
    for decision in decisions.iter().filter(|decision| cases.group[decision.row] == group) {
        let sum = sums.entry(decision.class.as_str()).or_default();
        sum.cases = sum.cases.saturating_add(1);
        sum.cost = sum.cost.saturating_add(cases.fee_fen[decision.row].into());
        sum.pay = sum.pay.saturating_add(decision.pay.0.into());
    }
    let money = |sum: i128| Value::Money(Fen(i64::try_from(sum).unwrap_or(i64::MAX)));
    let mut sections = Vec::new();
    let mut pays = Vec::new();
    for (class, sum) in &sums {
        pays.push(money(sum.pay));
        sections.push(Section::of(
            "cases_of_year",
            vec![
                Step::of("class", Value::Word(class)),
                Step::of("cases", Value::Count(sum.cases)),
                Step::of("cost", money(sum.cost)),
                Step::of("case_pays", money(sum.pay)),
            ],
        ));
    }
    let all = sums.values().fold(0i128, |all, sum| all.saturating_add(sum.pay));
    let total = Step::of("case_pays", money(all));
    let total = total.by("sum(pays)", vec![("pays", Value::List(pays))]);
    sections.push(Section::of("total", vec![total]));
    sections
}
