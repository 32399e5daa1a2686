//! The means of groups alone, for whoever decides what a group is by its cost.

use std::collections::BTreeMap;

use super::{Error, estimate, kept_years, prepared};
use crate::grouper::dip::{self, Learned};
use crate::period::Years;
use crate::policy::model::{Dip, Policy, SingleYear};
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

/// Learns a directory with the means of the policy ([`dip::learn`]). What a related operation adds is
/// judged whether or not every year has it: years without it are left to the others (A03 `rescale`),
/// also where the policy drops such groups from the catalog later.
///
/// # Errors
/// Those of [`super::build`] and of [`dip::learn`].
pub fn learn<E: From<dip::Error> + From<Error>>(
    dip: &Dip,
    cases: Cases,
    policy: &Policy,
    years: &Years,
) -> Result<Learned, E> {
    let mut lasting = policy.clone();
    lasting.weights.single_year = SingleYear::Rescale;
    let gains = |cases: &Cases| Ok(means(cases, &lasting, years)?);
    let means = |cases: &Cases| Ok(means(cases, policy, years)?);
    dip::learn(dip, cases, &kept_years(policy, years), (gains, means))
}
