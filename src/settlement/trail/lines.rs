//! The lines of low and high cases in yuan, each from its parameter (Y22, Y23, A37, 5.3).

use num_traits::One as _;

use crate::policy::model::{Band, Cite, Class, Deviation, HighLine, LowLine, Reference, Standard};
use crate::settlement::ScenarioInput;
use crate::settlement::rates::first_of;
use crate::settlement::tariff::{Kind, Tariff};
use crate::trail::{Step, Value};
use crate::units::{Ratio, exact};

/// The lines that a case of this group and kind is tested by.
pub(in crate::settlement) fn of(
    input: &ScenarioInput<'_>,
    (tariff, kind): (&Tariff, &Kind),
    (code, month): (&str, u8),
) -> Vec<Step> {
    let policy = input.policy;
    if let Some(deviation) = &policy.deviation {
        let Some(reference) = reference(input, deviation, (code, month)) else { return Vec::new() };
        let mut steps = vec![
            Step::of("reference", Value::Yuan(reference.clone()))
                .at("deviation.reference", &deviation.cite),
        ];
        steps.extend(bands(deviation, &reference));
        return steps;
    }
    let Some((yuan, _)) = tariff.reference_of(kind) else { return Vec::new() };
    let mean = exact(yuan);
    if let Some(rule) = policy.score.as_ref().and_then(|score| score.abnormal.as_ref()) {
        let lines = [("low", rule.low), ("high", rule.high), ("extreme", rule.extreme)];
        let line = |(key, ratio)| {
            line(&exact(ratio), &mean).at(format!("score.abnormal.{key}"), &rule.cite)
        };
        return lines.into_iter().map(line).collect();
    }
    let Some(rule) = &policy.outlier else { return Vec::new() };
    let low = line(&exact(rule.low), &mean).at("outlier.low", &rule.cite);
    let k = tariff.coefficient_of(kind).exact().min(Ratio::one());
    let low = match rule.low_line {
        LowLine::Mean => low,
        LowLine::LowerOf => {
            let end = exact(rule.low) * &mean * &k;
            let mut inputs = low.inputs.clone();
            inputs.push(("k_at_most_one", Value::Ratio(k)));
            Step { result: Value::Yuan(end), ..low }
                .by("line_ratio × reference × k_at_most_one", inputs)
        }
    };
    let mut steps = vec![low];
    if let Some(high) = tariff.rate(kind).high {
        let cite = rule.high.iter().find(|line: &&HighLine| line.ratio == high);
        let cite = cite.map(|line| line.cite.clone()).unwrap_or_default();
        steps.push(line(&exact(high), &mean).at("outlier.high", &cite));
    }
    steps
}

/// The lines of `[[deviation.band]]` drawn at a reference in yuan.
pub(super) fn bands(deviation: &Deviation, reference: &Ratio) -> Vec<Step> {
    let line = |band: &Band| {
        let path = format!("deviation.band[{}].up_to", name(band));
        Some(line(&exact(band.up_to?), reference).at(path, &band.cite))
    };
    deviation.bands.iter().filter_map(line).collect()
}

/// `line_ratio × reference`.
fn line(times: &Ratio, reference: &Ratio) -> Step {
    let times = Value::Ratio(times.clone());
    let which = format!("{}×", times.plain());
    let end = times.number().unwrap_or_default() * reference;
    let inputs = vec![("line_ratio", times), ("reference", Value::Yuan(reference.clone()))];
    Step::of("line", Value::Yuan(end)).which(which).by("line_ratio × reference", inputs)
}

/// What the lines of a group are drawn at, in yuan.
pub(super) fn reference(
    input: &ScenarioInput<'_>,
    deviation: &Deviation,
    (code, month): (&str, u8),
) -> Option<Ratio> {
    match deviation.reference {
        Reference::Standard => Some(exact(standard(input, code, month)?.price.to_yuan())),
        Reference::Mean => {
            let mut groups = input.catalog?.groups.iter();
            Some(exact(groups.find(|group| group.group_code == code)?.mean))
        }
    }
}

/// The price of a group in force on the first of a month.
fn standard<'a>(input: &ScenarioInput<'a>, code: &str, month: u8) -> Option<&'a Standard> {
    let first = first_of(input.year, month);
    let of_group = input.policy.standards.iter().filter(|standard| standard.group_code == code);
    of_group.filter(|standard| Some(standard.from) <= first).max_by_key(|standard| standard.from)
}

/// Where the price of a group in force in a month stands.
pub(in crate::settlement) fn price(
    input: &ScenarioInput<'_>,
    code: &str,
    month: u8,
) -> (String, Cite) {
    standard(input, code, month).map_or_else(
        || (String::from("standard"), Cite::default()),
        |standard| (format!("standard[{code}@{}].price", standard.from), standard.cite.clone()),
    )
}

/// How a band is named in a path of the policy.
fn name(band: &Band) -> &'static str {
    match band.class {
        Class::Low => "low",
        Class::Normal => "normal",
        Class::High => "high",
    }
}
