//! The factor of the auxiliary types that a case meets in its disease (E09, 6.3).

use crate::policy::model::ListedKind;
use crate::units::Ratio;

use super::auxiliary::Factors;
use super::cases::Cases;
use super::classes::table;
use super::error::Error;
use super::input::ScenarioInput;

/// Factors with the codes and texts that case columns index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Types {
    factors: Factors,
    /// Codes of the groups; empty for one that never has types.
    groups: Vec<String>,
    texts: Vec<String>,
}

impl Types {
    /// `None` where the policy has no auxiliary types.
    ///
    /// # Errors
    /// [`Error::CatalogTable`] where the catalog lacks the table `auxiliary`, or it cannot be read.
    pub(super) fn of(input: &ScenarioInput<'_>, cases: &Cases) -> Result<Option<Self>, Error> {
        if input.policy.auxiliary.is_none() {
            return Ok(None);
        }
        let name = "auxiliary";
        let factors = Factors::from_table(table(input, name)?)
            .ok_or_else(|| Error::CatalogTable { scenario: input.name.clone(), table: name })?;
        // TCM-advantage diseases have no types (6.3).
        let listed = || input.policy.score.iter().flat_map(|score| &score.listed);
        let is_tcm = |code: &String| {
            listed().any(|listed| listed.kind == ListedKind::Tcm && listed.group_code == *code)
        };
        let groups = cases.groups.iter();
        let groups =
            groups.map(|code| if is_tcm(code) { String::new() } else { code.clone() }).collect();
        Ok(Some(Self { factors, groups, texts: cases.auxiliaries.clone() }))
    }

    /// The highest factor of the types met, with its type.
    pub(super) fn of_case(&self, group: u32, auxiliary: u32) -> Option<(&str, &Ratio)> {
        let (code, text) = (self.groups.get(group as usize)?, self.texts.get(auxiliary as usize)?);
        self.factors.of_case(code, text)
    }
}
