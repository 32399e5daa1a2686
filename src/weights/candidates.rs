//! Groups that could have one price everywhere (P05).

use num_bigint::BigInt;

use super::estimate::Estimate;
use crate::catalog::model::Group;
use crate::policy::model::SamePrice;
use crate::table::{Column, Table};
use crate::units::{exact, ratio};

/// `same_price_candidates`: groups whose CV is at most the policy's line and that are not small (P05,
/// A51), those that vary least first; `listed` says whether the policy lists the group. The estimates
/// are those of the groups, in their order.
pub(super) fn same_price(rule: &SamePrice, estimates: &[Estimate<'_>], groups: &[Group]) -> Table {
    let small = |group: &Group| group.flags.iter().any(|flag| flag == "small");
    let mut found: Vec<&Group> = estimates
        .iter()
        .zip(groups)
        .filter(|(estimate, group)| group.cv.is_some() && !small(group) && within(rule, estimate))
        .map(|(_, group)| group)
        .collect();
    found.sort_by(|a, b| (a.cv, &a.group_code).cmp(&(b.cv, &b.group_code)));
    let listed =
        |group: &&Group| if rule.groups.contains(&group.group_code) { "yes" } else { "no" };
    Table::new("same_price_candidates")
        .with("group_code", Column::text(found.iter().map(|group| group.group_code.clone())))
        .with("group_name", Column::text(found.iter().map(|group| group.group_name.clone())))
        .with("cases", Column::counts(found.iter().map(|group| group.cases)))
        .with("cv", Column::decimals(6, found.iter().map(|group| group.cv)))
        .with("listed", Column::text(found.iter().map(listed)))
}

/// CV ≤ line without a root, and before the CV is rounded: n·Σx² − (Σx)² ≤ line² · (Σx)², as Σx > 0.
fn within(rule: &SamePrice, estimate: &Estimate<'_>) -> bool {
    let total = estimate.kept_total();
    let sum = BigInt::from(total.fen);
    let square = &sum * &sum;
    let line = exact(rule.maximum_cv);
    ratio(&estimate.squares * total.cases - &square) <= &line * &line * ratio(square)
}
