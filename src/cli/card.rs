//! The part of a group's weight card that needs the claims: who set its price, and how firm it is.

use std::path::Path;

use super::Error;
use super::backtest::built_under;
use super::common::{Common, check_years};
use crate::period::Years;
use crate::weights::CardRequest;
use crate::{catalog, history, weights};

/// Computes the card from the claims the catalog was built from.
pub(super) fn compute(
    folder: &Path,
    asked: CardRequest<'_>,
    common: &Common,
) -> Result<weights::Card, Error> {
    let stored = catalog::open(folder)?;
    let (policy, _) = built_under(folder, &stored)?;
    let snapshot = common.snapshot()?;
    let years = Years::new(stored.catalog.years.clone()).ok_or(Error::NothingLoaded)?;
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
