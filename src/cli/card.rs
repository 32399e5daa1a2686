//! The part of a group's weight card that needs the claims: who set its price, and how firm it is.

use std::path::Path;

use super::Error;
use super::common::{Common, check_years};
use super::opened::built_under;
use crate::catalog::model::Catalog;
use crate::period::Years;
use crate::policy::model::{Passes, Policy};
use crate::weights::CardRequest;
use crate::{catalog, history, weights};

/// The years a catalog was asked for: its own, and those its policy left out of it (A34).
pub(super) fn named_years(catalog: &Catalog, policy: &Policy) -> Result<Years, Error> {
    let mut years = catalog.years.clone();
    if policy.weights.years.len() > years.len() {
        years.extend(policy.weights.exclude.iter().map(|out| out.year));
        years.sort_unstable();
        years.dedup();
    }
    Years::new(years).ok_or(Error::NothingLoaded)
}

/// Refuses a policy whose prices follow from fees ÷ coefficient: cards, intervals and grids price the
/// fees as they are.
pub(super) fn prices_fees(command: &'static str, policy: &Policy) -> Result<(), Error> {
    let passes = policy.coefficient.as_ref().map(|rule| rule.passes);
    match passes {
        Some(Passes::FixedPoint { .. }) => {
            Err(Error::FixedPoint { command, policy: policy.identity.id.clone() })
        }
        Some(Passes::One) | None => Ok(()),
    }
}

/// Computes the card from the claims the catalog was built from.
pub(super) fn compute(
    folder: &Path,
    asked: CardRequest<'_>,
    common: &Common,
) -> Result<weights::Card, Error> {
    let stored = catalog::open(folder)?;
    let (policy, _) = built_under(folder, &stored)?;
    prices_fees("show --warehouse", &policy.policy)?;
    let snapshot = common.snapshot()?;
    let years = named_years(&stored.catalog, &policy.policy)?;
    check_years(&snapshot, &years)?;
    let engine = common.engine()?;
    let built = history::learn(&engine, &snapshot, &policy.policy, &years)?.built;
    common.warn(&built.warnings);
    // The claims may have grown by other years; what this price was built from must be the same.
    let card = weights::card(&built.cases, &policy.policy, &years, &stored.catalog, asked);
    card.map_err(|err| match err {
        weights::Error::OtherClaims { group_code: group } => {
            Error::OtherClaims { catalog: folder.to_owned(), group }
        }
        other => other.into(),
    })
}
