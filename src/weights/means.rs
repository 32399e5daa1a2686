//! The means of groups alone, for whoever decides what a group is by its cost.

use std::collections::BTreeMap;

use super::{Error, estimate, prepared};
use crate::period::Years;
use crate::policy::model::Policy;
use crate::settlement::cases::Cases;
use crate::units::Ratio;

/// Trimmed and blended means of the groups of `cases`, in fen, as the policy takes them (R34), before
/// small groups are pooled. Groups that would leave the catalog (A03 `drop`, no kept case) are not there.
///
/// # Errors
/// Those of [`super::build`].
pub fn means(
    cases: &Cases,
    policy: &Policy,
    years: &Years,
) -> Result<BTreeMap<String, Ratio>, Error> {
    prepared(cases, policy, years, |plan, centres| {
        let estimates = estimate::estimates(plan, centres, &mut Vec::new());
        Ok(estimates.into_iter().map(|one| (one.code.to_owned(), one.own_mean)).collect())
    })
}
