//! Two settlements of any two years, catalogs or policies of a system, and why pay differs.

use super::prepare::request;
use super::{Error, Settings, prepare};
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
    let prepared = [prepare(engine, snapshot, sides[0])?, prepare(engine, snapshot, sides[1])?];
    let last = prepared.each_ref().map(|side| side.composed.len() - 1);
    let rules = [0, 1].map(|side| &prepared[side].composed[last[side]].policy);
    let [old, new] = [0, 1].map(|side| {
        let input = prepared[side].input(last[side]);
        // A settlement is named by its year where nothing else tells both apart.
        ScenarioInput { name: format!("{} {}", sides[side].year, input.name), ..input }
    });
    let is_same = same_definition(&old, &new);
    let mut warnings = prepared[0].warnings.clone();
    for warning in &prepared[1].warnings {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    let mut sets = Sets { engine, snapshot, sides, rules, warnings, built: Vec::new() };
    let mut at = [[0usize; 2]; 2];
    for (year, row) in at.iter_mut().enumerate() {
        for (definition, at) in row.iter_mut().enumerate() {
            // Where both sides find and group cases alike, the rules of the year serve for both.
            *at = sets.find(year, if is_same { year } else { definition })?;
        }
    }
    let cases = at.map(|row| row.map(|at| &sets.built[at].1));
    let threads = engine.threads();
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

/// Case columns built so far, by year and by the side whose rules found and grouped them. They are built
/// with the columns that either side's rules look at, and with ids.
struct Sets<'a> {
    engine: &'a Engine,
    snapshot: &'a Snapshot,
    sides: [&'a Settings<'a>; 2],
    rules: [&'a LoadedPolicy; 2],
    warnings: Vec<String>,
    built: Vec<((u16, usize), Cases)>,
}

impl Sets<'_> {
    fn find(&mut self, year: usize, by: usize) -> Result<usize, Error> {
        let key = (self.sides[year].year, by);
        if let Some(at) = self.built.iter().position(|(known, _)| *known == key) {
            return Ok(at);
        }
        let mut request = request(self.rules[by], key.0, true)?;
        let other = &self.rules[1 ^ by].policy;
        let own = &mut request.policy;
        own.auxiliary = own.auxiliary.take().or_else(|| other.auxiliary.clone());
        own.coefficient = own.coefficient.take().or_else(|| other.coefficient.clone());
        own.score = own.score.take().or_else(|| other.score.clone());
        let catalog = self.sides[by].catalog;
        let built = history::of_year(self.engine, self.snapshot, &request, catalog)?;
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
