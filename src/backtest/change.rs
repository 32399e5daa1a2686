//! Two settlements of any two years, catalogs or policies of a system, and why pay differs.

use std::num::NonZeroUsize;

use super::{Composed, Error, Settings, compose_all, request, scenario, scenario_inputs};
use crate::attribution::{self, CaseSets, Change, Side, same_definition};
use crate::history;
use crate::policy::LoadedPolicy;
use crate::settlement::cases::Cases;
use crate::settlement::{self, ScenarioInput};
use crate::warehouse::engine::Engine;
use crate::warehouse::snapshot::Snapshot;

/// The change of every institution, and what the reader should know.
#[derive(Debug)]
pub struct Changed {
    /// By pool and institution.
    pub changes: Vec<Change>,
    /// Warnings of policies and cases.
    pub warnings: Vec<String>,
}

/// Settles both sides and attributes the change of every institution's pay to its causes. Of each side's
/// scenarios the last composed one counts.
///
/// # Errors
/// [`Error`]: whatever keeps one side from being settled, or both from being compared.
pub fn change(
    engine: &Engine,
    snapshot: &Snapshot,
    sides: [&Settings<'_>; 2],
) -> Result<Changed, Error> {
    let composed = [composed(sides[0])?, composed(sides[1])?];
    for (side, composed) in sides.iter().zip(&composed) {
        scenario::check_catalog(side)?;
        scenario::check_year(snapshot, side.year)?;
        for one in composed {
            scenario::check_settled(one)?;
            scenario::check_rules(one, side.catalog_policy)?;
        }
    }
    let mut inputs = Vec::new();
    for (side, composed) in sides.iter().zip(&composed) {
        let last = composed.len().saturating_sub(1);
        inputs.extend(scenario_inputs(engine, snapshot, side, composed, &[last])?);
    }
    // A settlement is named by its year where nothing else tells both apart.
    for (input, side) in inputs.iter_mut().zip(sides) {
        input.name = format!("{} {}", side.year, input.name);
    }
    let [old, new] = <[ScenarioInput<'_>; 2]>::try_from(inputs).expect("one input a side");
    let rules = composed.each_ref().map(|composed| &composed[composed.len() - 1].policy);
    let mut sets = Sets { warnings: Vec::new(), built: Vec::new() };
    let is_same = same_definition(&old, &new);
    let mut at = [[0usize; 2]; 2];
    for year in 0..2 {
        for definition in 0..2 {
            // Where both sides find and group cases alike, the rules of the year serve for both.
            let by = if is_same { year } else { definition };
            at[year][definition] = sets.find(engine, snapshot, (sides, &rules), (year, by))?;
        }
    }
    let cases = at.map(|row| row.map(|at| &sets.built[at].1));
    let threads = NonZeroUsize::new(engine.limits().threads).unwrap_or(NonZeroUsize::MIN);
    let settle = |input: &ScenarioInput<'_>, cases: &Cases| -> Result<_, Error> {
        let one = std::slice::from_ref(input);
        Ok(settlement::settle(cases, one, threads)?.remove(0))
    };
    let outcomes = [settle(&old, cases[0][0])?, settle(&new, cases[1][1])?];
    let old = Side { input: &old, outcome: &outcomes[0] };
    let new = Side { input: &new, outcome: &outcomes[1] };
    let accounts = attribution::accounts(old, new, CaseSets(cases))?;
    let changes = attribution::attribute(&accounts)?;
    Ok(Changed { changes, warnings: sets.warnings })
}

fn composed(settings: &Settings<'_>) -> Result<Vec<Composed>, Error> {
    compose_all(settings.policy, settings.scenarios)
}

/// Case columns built so far, by year and by the side whose rules found and grouped them.
struct Sets {
    warnings: Vec<String>,
    built: Vec<((u16, usize), Cases)>,
}

impl Sets {
    fn find(
        &mut self,
        engine: &Engine,
        snapshot: &Snapshot,
        (sides, rules): ([&Settings<'_>; 2], &[&LoadedPolicy; 2]),
        (year, by): (usize, usize),
    ) -> Result<usize, Error> {
        let key = (sides[year].year, by);
        if let Some(at) = self.built.iter().position(|(known, _)| *known == key) {
            return Ok(at);
        }
        let mut request = request(rules[by], key.0, true)?;
        // Columns that only the other side's rules look at have to be there too.
        let other = &rules[1 ^ by].policy;
        let own = &mut request.policy;
        own.auxiliary = own.auxiliary.take().or_else(|| other.auxiliary.clone());
        own.coefficient = own.coefficient.take().or_else(|| other.coefficient.clone());
        own.score = own.score.take().or_else(|| other.score.clone());
        let built = history::of_year(engine, snapshot, &request, sides[by].catalog)?;
        if built.cases.is_empty() {
            return Err(Error::NoCases { year: key.0 });
        }
        for warning in built.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.built.push((key, built.cases));
        Ok(self.built.len() - 1)
    }
}
