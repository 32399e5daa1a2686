//! One case: what it is, what was decided of it, its part of its institution's entitlement.

use crate::policy::model::CaseDate;
use crate::settlement::cases::{Cases, UNGROUPED, flag};
use crate::settlement::chain;
use crate::settlement::outcome::Outcome;
use crate::settlement::tariff::Tariff;
use crate::settlement::{Error, ScenarioInput};
use crate::trail::{Section, Step, Trail, Value};
use crate::units::Fen;

use super::{division, trail};

/// How the case in this row came to its pay. `outcome` is what [`crate::settlement::settle`] gave for the
/// same cases and scenario, `tariff` that of the scenario.
///
/// # Errors
/// [`Error::Divide`].
///
/// # Panics
/// If there is no such row, or the cases came without ids.
pub fn explain_case(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    (tariff, outcome): (&Tariff, &Outcome),
    row: usize,
) -> Result<Trail, Error> {
    let mut trail = trail("case", &cases.case_id[row], input);
    trail.sections.push(Section::of("case", facts(cases, input, row)));
    trail.sections.push(Section::of("judgement", chain::steps(tariff, input, cases, row)));
    trail.sections.push(division::section((cases, input), (tariff, outcome), row)?);
    Ok(trail)
}

/// What the case is, whatever is decided.
fn facts(cases: &Cases, input: &ScenarioInput<'_>, row: usize) -> Vec<Step> {
    let text = |text: &str| Value::Text(text.to_owned());
    let policy = input.policy;
    let institution = &cases.institutions[cases.institution[row] as usize];
    let insutype = &cases.insutypes[usize::from(cases.insutype[row])];
    let group = match cases.group[row] {
        UNGROUPED => Value::Word("ungrouped"),
        at => text(&cases.groups[at as usize]),
    };
    let mut month = Step::of("month", Value::Count(cases.month[row].into()));
    if policy.case.dated_by == CaseDate::Discharge {
        month = month.at("case.dated_by", &policy.case.cite);
    }
    let mut facts = vec![
        Step::of("institution", text(institution)),
        Step::of("insutype", text(insutype)),
        month.reading("A44"),
        Step::of("group_code", group).at("grouping.method", &policy.grouping.cite),
        Step::of("fee", Value::Money(Fen(cases.fee_fen[row]))),
        Step::of("fund", Value::Money(Fen(cases.fund_fen[row]))),
    ];
    if cases.flags[row] & flag::MERGED != 0 {
        let (path, cite) = match &policy.case.cycle {
            Some(cycle) => ("case.cycle", &cycle.cite),
            None => ("case.unit", &policy.case.cite),
        };
        facts.push(Step::of("kind_of_case", Value::Word("is_merged")).at(path, cite));
    }
    facts
}
