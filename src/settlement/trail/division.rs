//! A case's part of what its institution is entitled to (R27, A46): the last steps to the fen paid.

use crate::settlement::cases::Cases;
use crate::settlement::decisions::{Division, division};
use crate::settlement::outcome::Outcome;
use crate::settlement::{Error, ScenarioInput};
use crate::trail::{Section, Step, Value};
use crate::units::{Fen, Ratio, fraction};

use crate::policy::model::PayMethod;
use crate::settlement::tariff::Tariff;

/// The section `division` of one case.
pub(super) fn section(
    (cases, input): (&Cases, &ScenarioInput<'_>),
    (tariff, outcome): (&Tariff, &Outcome),
    row: usize,
) -> Result<Section, Error> {
    let division = division((cases, input), (tariff, outcome), row)?;
    let which = format!("{} {} {}", division.institution, division.pool, division.period);
    Ok(Section::of("division", steps(input, &division)).which(which))
}

fn steps(input: &ScenarioInput<'_>, division: &Division) -> Vec<Step> {
    let money = |fen: Fen| Value::Money(fen);
    let cases = Value::Count(u64::try_from(division.cases).unwrap_or(u64::MAX));
    let mut steps =
        vec![Step::of("entitlement", money(division.entitlement)), Step::of("cases", cases)];
    let certain = ("certain", money(division.certain));
    if division.certain != Fen::ZERO {
        steps.push(Step::of("certain", certain.1.clone()).reading("R27"));
    }
    let entitlement = ("entitlement", money(division.entitlement));
    let rest = Step::of("rest", money(division.rest));
    let left = division.entitlement.0.saturating_sub(division.certain.0);
    steps.push(if left == division.rest.0 {
        rest.by("entitlement − certain", vec![entitlement, certain]).reading("R27")
    } else {
        // The rest of a unit whose cases cost nothing belongs to no case (A26).
        rest.reading("A26")
    });
    if division.weight == 0 {
        let own = vec![("booked_pay", money(division.own))];
        steps.push(pay(division, "booked_pay", own));
        return steps;
    }
    if division.as_it_is {
        let own = Fen(i64::try_from(division.weight).unwrap_or(i64::MAX));
        steps.push(pay(division, "standard_pay", vec![("standard_pay", money(own))]));
        return steps;
    }
    steps.extend(shared(input, division));
    steps
}

fn pay(division: &Division, symbols: &'static str, inputs: Vec<(&'static str, Value)>) -> Step {
    Step::of("case_pay", Value::Money(division.pay)).by(symbols, inputs).reading("R27")
}

/// A weight as what it is: points, or yuan.
fn weight(input: &ScenarioInput<'_>, division: &Division, weight: i128) -> Value {
    let by_points = input.policy.payment.method == PayMethod::Points;
    if by_points && !division.by_booked {
        Value::millionths(weight)
    } else {
        Value::Yuan(fraction(weight, 100).unwrap_or_default())
    }
}

/// The exact share, and the fen it is paid: floored, with a fen left over where its remainder is among
/// the largest (12.0). A negative weight gets its rounded share first (R25).
fn shared(input: &ScenarioInput<'_>, division: &Division) -> Vec<Step> {
    let mut steps = Vec::new();
    let (positive, negative) = division.weights;
    let own = ("own", weight(input, division, division.weight));
    let (symbols, money, all) = if negative == 0 {
        ("rest × own ÷ all", division.rest, positive)
    } else if division.weight < 0 {
        ("rest × own ÷ all", division.rest, positive.saturating_add(negative))
    } else {
        let rest = ("rest", Value::Money(division.rest));
        let taken = ("taken", Value::Money(division.negative));
        let left = Fen(division.rest.0.saturating_sub(division.negative.0));
        let step = Step::of("left_to_divide", Value::Money(left));
        steps.push(step.by("rest − taken", vec![rest, taken]).reading("R25"));
        ("left_to_divide × own ÷ all", left, positive)
    };
    let Some(share) = fraction(division.weight, all).map(|part| part * money.to_ratio()) else {
        return steps;
    };
    let yuan = |fen: &Ratio| Value::Yuan(fen * fraction(1, 100).unwrap_or_default());
    let symbol = if symbols.starts_with("rest") { "rest" } else { "left_to_divide" };
    let exact_share = ("exact_share", yuan(&share));
    let inputs = vec![(symbol, Value::Money(money)), own, ("all", weight(input, division, all))];
    steps.push(Step::of("exact_share", exact_share.1.clone()).by(symbols, inputs));
    let part = Fen(division.pay.0.saturating_sub(division.own.0));
    let (round, mut inputs) = if division.weight < 0 {
        ("round2(exact_share)", vec![exact_share])
    } else if money < Fen::ZERO {
        let floored = Fen::floor(&-&share).map_or(Fen::ZERO, |fen| Fen(fen.0.saturating_neg()));
        let left = Fen(floored.0.saturating_sub(part.0));
        let inputs = vec![exact_share, ("left_fen", Value::Money(left))];
        ("−floor2(−exact_share) − left_fen", inputs)
    } else {
        let left = Fen(part.0.saturating_sub(Fen::floor(&share).map_or(0, |fen| fen.0)));
        let inputs = vec![exact_share, ("left_fen", Value::Money(left))];
        ("floor2(exact_share) + left_fen", inputs)
    };
    let mut symbols = round.to_owned();
    if division.own != Fen::ZERO {
        symbols = format!("booked_pay + {symbols}").replace("+ −", "− ");
        inputs.insert(0, ("booked_pay", Value::Money(division.own)));
    }
    let step = Step::of("case_pay", Value::Money(division.pay));
    steps.push(step.by(symbols, inputs).reading("A46").reading("R27"));
    steps
}
