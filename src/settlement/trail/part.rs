//! The money of one part of a policy with head budgets, step by step (4.2, 4.3).

use crate::policy::model::SharedBy;
use crate::settlement::ScenarioInput;
use crate::settlement::outcome::{Outcome, PartRow};
use crate::trail::{Step, Value};
use crate::units::Fen;

/// From the area's budget to what the part has left to give: its head budget, what sharing makes of it,
/// what is paid as booked to others.
pub(super) fn money(
    input: &ScenarioInput<'_>,
    outcome: &Outcome,
    part: &PartRow,
) -> Option<Vec<Step>> {
    let rule = input.policy.capitation.as_ref()?;
    let sharing = &input.policy.sharing;
    let amount = Value::Money;
    let sum = |of: fn(&PartRow) -> Fen| Fen(outcome.parts.iter().map(|part| of(part).0).sum());
    let (area, area_booked) = (sum(|part| part.budget), sum(|part| part.booked));
    // The side is decided once, by the area (A25).
    let (path, word, symbols, share) = if area >= area_booked {
        ("sharing.surplus", "surplus", "area_budget ≥ area_booked", sharing.surplus)
    } else {
        ("sharing.overspend", "overspend", "area_budget < area_booked", sharing.overspend)
    };
    let of_area = vec![("area_budget", amount(area)), ("area_booked", amount(area_booked))];
    let mut steps = Vec::new();
    if rule.shared_by == SharedBy::Part {
        let months = Value::Count(part.person_months);
        steps.push(Step::of("person_months", months).reading("A28"));
    }
    let shared = vec![
        ("booked", amount(part.booked)),
        ("share_of_side", Value::Decimal(share)),
        ("budget", amount(part.budget)),
    ];
    let rest = vec![
        ("distributable", amount(part.distributable)),
        ("elsewhere", amount(part.elsewhere)),
        ("ineligible", amount(part.ineligible)),
    ];
    steps.extend([
        Step::of("budget", amount(part.budget)).at("capitation.head", &rule.cite).reading("A27"),
        Step::of("booked", amount(part.booked)),
        Step::of("side", Value::Word(word))
            .by(symbols, of_area)
            .at("capitation.shared_by", &rule.cite)
            .reading("A25"),
        Step::of("distributable", amount(part.distributable))
            .by("round2(booked + share_of_side × (budget − booked))", shared)
            .at(path, &sharing.cite)
            .reading("R23"),
        Step::of("elsewhere", amount(part.elsewhere))
            .at("capitation.elsewhere", &rule.cite)
            .reading("A26"),
        Step::of("ineligible", amount(part.ineligible)).reading("R07"),
        Step::of("part_rest", amount(part.rest)).by("distributable − elsewhere − ineligible", rest),
    ]);
    Some(steps)
}
