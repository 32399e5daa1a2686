//! What a reviewer of the catalog asks first: whose cases were trimmed, what stands the wrong way round,
//! how wide groups are and how much they explain (E05, E06).

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use rust_decimal::Decimal;

use super::centre::Measures;
use super::estimate::Estimate;
use super::sums::Total;
use super::{Basis, Error, published};
use crate::catalog::model::Group;
use crate::settlement::cases::flag;
use crate::settlement::coefficient::{InstitutionFacts, tier_of};
use crate::table::{Column, Table};
use crate::units::{Ratio, fraction, ratio, to_decimal};

/// Decimal places of a share in percent.
const PERCENT_PLACES: u32 = 2;
/// A CV above these is listed (E06).
const WIDE: [(&str, Decimal); 2] =
    [("cv_above_1", Decimal::ONE), ("cv_above_0_7", Decimal::from_parts(7, 0, 0, false, 1))];

/// Table `trimmed_institution`: one row a group and institution that lost cases: `group_code,
/// fixmedins_code, cases, amount_yuan` (as in `trimmed`)`, share_percent` (of the group's trimmed cases)`,
/// top` (1 for the institution with the largest share; ties: the first code). `None` where nothing was
/// trimmed.
pub(super) fn trimmed_institutions(basis: &Basis<'_>) -> Option<Table> {
    let (scan, kept) = (basis.centres.scan, basis.centres.kept);
    if kept.ledger.is_empty() {
        return None;
    }
    let cases = scan.window.cases;
    let mut lost: BTreeMap<(&str, u32), Total> = BTreeMap::new();
    for ((cell, fee), institution) in scan.window.places() {
        let counted = kept.counts(cell, fee);
        if counted != Some(fee) {
            let (code, _) = scan.window.name(cell);
            let amount = i128::from(fee).saturating_sub(counted.unwrap_or(0).into());
            let total = lost.entry((code, institution)).or_default();
            *total = Total::of([*total, Total { cases: 1, fen: amount }]);
        }
    }
    let mut groups: BTreeMap<&str, (u64, u64, u32)> = BTreeMap::new();
    for ((code, institution), total) in &lost {
        let (all, most, top) = groups.entry(code).or_insert((0, 0, *institution));
        *all = all.saturating_add(total.cases);
        if total.cases > *most {
            (*most, *top) = (total.cases, *institution);
        }
    }
    let share = |code: &str, cases: u64| {
        let share = fraction(cases, groups[code].0)?;
        to_decimal(&(share * ratio(100)), PERCENT_PLACES)
    };
    let is_top = |(code, institution): &(&str, u32)| i64::from(groups[code].2 == *institution);
    let name = |(_, at): &(&str, u32)| cases.institutions[*at as usize].as_str();
    let yuan = lost.values().map(|total| Some(total.fen)).collect();
    let table = Table::new("trimmed_institution")
        .with("group_code", Column::text(lost.keys().map(|key| key.0)))
        .with("fixmedins_code", Column::text(lost.keys().map(name)))
        .with("cases", Column::counts(lost.values().map(|total| total.cases)))
        .with("amount_yuan", Column::Decimal { places: 2, values: yuan })
        .with(
            "share_percent",
            Column::decimals(PERCENT_PLACES, lost.iter().map(|(k, total)| share(k.0, total.cases))),
        )
        .with("top", Column::whole(lost.keys().map(is_top)));
    Some(table)
}

/// 1 − Σ_g (Σx² − (Σx)² ÷ n) ÷ (Σx² − (Σx)² ÷ n over all groups).
pub(super) fn r_squared<'a>(
    estimates: impl Iterator<Item = &'a Estimate<'a>> + Clone,
) -> Option<Decimal> {
    let spread = |total: Total, squares: &BigInt| -> Ratio {
        let mean = total.mean().unwrap_or_else(Ratio::zero);
        ratio(squares.clone()) - mean * ratio(total.fen)
    };
    let each = estimates.clone();
    let within: Ratio = each.map(|group| spread(group.kept_total(), &group.squares)).sum();
    let squares: BigInt = estimates.clone().map(|group| &group.squares).sum();
    let total = spread(Total::of(estimates.map(Estimate::kept_total)), &squares);
    (!total.is_zero()).then(|| to_decimal(&(ratio(1) - within / total), 4)).flatten()
}

/// Table `fit`: how much of the variance of the kept cases the groups explain (RIV), of all groups first
/// (empty kind), then within every kind: `kind, groups, cases` (kept)`, r_squared, cv_above_0_7,
/// cv_above_1` (groups).
pub(super) fn fit(estimates: &[Estimate<'_>], groups: &[Group]) -> Table {
    let mut kinds: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        kinds.entry("").or_default().push(at);
        if !group.kind.is_empty() {
            kinds.entry(&group.kind).or_default().push(at);
        }
    }
    let cases = |places: &Vec<usize>| -> u64 {
        places.iter().map(|at| estimates[*at].kept_total().cases).sum()
    };
    let explained = |places: &Vec<usize>| r_squared(places.iter().map(|at| &estimates[*at]));
    let wide = |above: Decimal| {
        let is_wide = move |at: &&usize| groups[**at].cv.is_some_and(|cv| cv > above);
        Column::counts(kinds.values().map(move |places| places.iter().filter(is_wide).count()))
    };
    Table::new("fit")
        .with("kind", Column::text(kinds.keys().copied()))
        .with("groups", Column::counts(kinds.values().map(Vec::len)))
        .with("cases", Column::counts(kinds.values().map(cases)))
        .with("r_squared", Column::decimals(4, kinds.values().map(explained)))
        .with("cv_above_0_7", wide(WIDE[1].1))
        .with("cv_above_1", wide(WIDE[0].1))
}

/// Table `self_paying` (E32): groups with cases of patients who pay themselves: `group_code, cases` (all)`,
/// self_paying_cases, self_paying_mean_yuan, insured_mean_yuan` (of all years, untrimmed). `None` without
/// such a case.
pub(super) fn self_paying(basis: &Basis<'_>) -> Option<Table> {
    let window = basis.centres.scan.window;
    let years = window.years.len();
    let mut totals: BTreeMap<&str, [Total; 2]> = BTreeMap::new();
    let of_years = window.cases.year.iter().map(|year| window.years.contains(year));
    let flags = window.cases.flags.iter().zip(of_years).filter(|(_, counts)| *counts);
    for ((cell, fee), (flags, _)) in window.fees().zip(flags) {
        let code = window.cases.groups.get(cell.div_euclid(years)).map_or("", String::as_str);
        let own = totals.entry(code).or_default();
        let total = &mut own[usize::from(flags & flag::SELF_PAYING != 0)];
        *total = Total::of([*total, Total { cases: 1, fen: fee.into() }]);
    }
    totals.retain(|_, [_, own]| own.cases > 0);
    if totals.is_empty() {
        return None;
    }
    let mean = |at: usize| {
        let yuan = move |both: &[Total; 2]| to_decimal(&(both[at].mean()? / ratio(100)), 4);
        Column::decimals(4, totals.values().map(yuan))
    };
    let table = Table::new("self_paying")
        .with("group_code", Column::text(totals.keys().copied()))
        .with("cases", Column::counts(totals.values().map(|both| Total::of(*both).cases)))
        .with("self_paying_cases", Column::counts(totals.values().map(|both| both[1].cases)))
        .with("self_paying_mean_yuan", mean(1))
        .with("insured_mean_yuan", mean(0));
    Some(table)
}

/// Something that stands the wrong way round.
struct Finding {
    finding: &'static str,
    group_code: String,
    /// Tier of its cases; empty where all of the group's are meant.
    tier: String,
    cases: u64,
    mean: Ratio,
    /// The group, or tier, it should not be dearer or cheaper than.
    other: String,
    other_mean: Option<Ratio>,
    amount: Option<Ratio>,
    cv: Option<Decimal>,
}

/// Table `inversions` (E06): `finding, group_code, tier, cases` (kept)`, mean_yuan, other,
/// other_mean_yuan, amount_yuan, cv`.
///
/// * `lower_tier_dearer`: within a group the blended mean of a tier is above that of the next higher tier
///   with cases; the amount is that difference × its cases.
/// * `severe_cheaper`: the mean of a group is below that of the next milder one; the amount likewise.
/// * `cv_above_1`, `cv_above_0_7`: groups of wide spread, each in one of the lists.
///
/// # Errors
/// [`Error::Overflow`].
pub(super) fn inversions(
    basis: &Basis<'_>,
    groups: &[Group],
    facts: &[InstitutionFacts],
) -> Result<Option<Table>, Error> {
    let mut found = tiers(basis, facts);
    found.extend(severities(basis));
    for (estimate, group) in basis.estimates.iter().zip(groups) {
        let wide = WIDE.iter().find(|(_, above)| group.cv.is_some_and(|cv| cv > *above));
        if let Some((finding, _)) = wide {
            found.push(Finding { cv: group.cv, ..of_group(finding, estimate) });
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let places = basis.plan.policy.weights.places;
    let yuan = |places: u32, of: &dyn Fn(&Finding) -> Option<&Ratio>| {
        let value = |one| of(one).map(|fen| published(fen, places, "an inversion")).transpose();
        let values: Result<Vec<_>, Error> = found.iter().map(value).collect();
        values.map(|values| Column::decimals(places, values))
    };
    let text = |of: fn(&Finding) -> &str| Column::text(found.iter().map(of));
    Ok(Some(
        Table::new("inversions")
            .with("finding", text(|one| one.finding))
            .with("group_code", text(|one| &one.group_code))
            .with("tier", text(|one| &one.tier))
            .with("cases", Column::counts(found.iter().map(|one| one.cases)))
            .with("mean_yuan", yuan(places, &|one| Some(&one.mean))?)
            .with("other", text(|one| &one.other))
            .with("other_mean_yuan", yuan(places, &|one| one.other_mean.as_ref())?)
            .with("amount_yuan", yuan(2, &|one| one.amount.as_ref())?)
            .with("cv", Column::decimals(6, found.iter().map(|one| one.cv))),
    ))
}

fn of_group(finding: &'static str, estimate: &Estimate<'_>) -> Finding {
    Finding {
        finding,
        group_code: estimate.code.to_owned(),
        tier: String::new(),
        cases: estimate.kept_total().cases,
        mean: estimate.own_mean.clone(),
        other: String::new(),
        other_mean: None,
        amount: None,
        cv: None,
    }
}

/// Tiers by name, the highest first, and that of every institution of the cases.
fn ranks(basis: &Basis<'_>, facts: &[InstitutionFacts]) -> (Vec<String>, Vec<Option<usize>>) {
    let policy = basis.plan.policy;
    let levels = policy.weights.inversions.as_ref().map_or(&[][..], |rule| &rule.levels);
    let tiers = policy.coefficient.as_ref().map_or(&[][..], |rule| &rule.tiers);
    let names = if levels.is_empty() {
        tiers.iter().map(|tier| tier.name.clone()).collect()
    } else {
        levels.to_vec()
    };
    let rank = |facts: &InstitutionFacts| {
        if levels.is_empty() {
            return tier_of(facts, tiers).ok();
        }
        levels.iter().position(|level| level.split(' ').any(|code| code == facts.hosp_lv))
    };
    let codes = basis.centres.scan.window.cases.institutions.iter();
    let of = |code: &String| {
        let known = facts.binary_search_by(|one| one.code.cmp(code)).ok()?;
        rank(&facts[known])
    };
    (names, codes.map(of).collect())
}

fn tiers(basis: &Basis<'_>, facts: &[InstitutionFacts]) -> Vec<Finding> {
    let (names, rank_of) = ranks(basis, facts);
    let (scan, kept) = (basis.centres.scan, basis.centres.kept);
    let mut totals = vec![Total::default(); scan.all.len().saturating_mul(names.len())];
    for ((cell, fee), institution) in scan.window.places() {
        let counted = kept.counts(cell, fee).zip(rank_of[institution as usize]);
        if let Some((fee, rank)) = counted {
            let total = &mut totals[cell.saturating_mul(names.len()).saturating_add(rank)];
            *total = Total::of([*total, Total { cases: 1, fen: fee.into() }]);
        }
    }
    let mut found = Vec::new();
    for estimate in &basis.estimates {
        let Some(slot) = estimate.slot else { continue };
        let mut higher: Option<(usize, Ratio)> = None;
        for rank in 0..names.len() {
            let cells = scan.cells(slot);
            let years: Vec<Total> = cells
                .map(|cell| totals[cell.saturating_mul(names.len()).saturating_add(rank)])
                .collect();
            let Some(mean) = basis.plan.blend.mean(&Measures::of_totals(&years)) else { continue };
            if let Some((above, above_mean)) = higher.filter(|(_, above)| mean > *above) {
                let cases = Total::of(years).cases;
                found.push(Finding {
                    tier: names[rank].clone(),
                    cases,
                    other: names[above].clone(),
                    amount: Some((&mean - &above_mean) * ratio(cases)),
                    mean: mean.clone(),
                    other_mean: Some(above_mean),
                    ..of_group("lower_tier_dearer", estimate)
                });
            }
            higher = Some((rank, mean));
        }
    }
    found
}

/// Groups whose codes differ in their last part alone, severe before mild as the policy lists the parts.
fn severities(basis: &Basis<'_>) -> Vec<Finding> {
    let rule = basis.plan.policy.weights.inversions.as_ref();
    let suffixes = rule.map_or(&[][..], |rule| &rule.severity);
    let mut stems: BTreeMap<&str, BTreeMap<usize, &Estimate<'_>>> = BTreeMap::new();
    for estimate in basis.estimates.iter().filter(|group| group.kept_total().cases > 0) {
        for (rank, suffix) in suffixes.iter().enumerate() {
            if let Some(stem) = estimate.code.strip_suffix(suffix.as_str()) {
                stems.entry(stem).or_default().insert(rank, estimate);
            }
        }
    }
    let mut found = Vec::new();
    for ranked in stems.values() {
        let order: Vec<&&Estimate<'_>> = ranked.values().collect();
        for pair in order.windows(2) {
            let gap = &pair[1].own_mean - &pair[0].own_mean;
            if gap.is_positive() {
                let own = of_group("severe_cheaper", pair[0]);
                found.push(Finding {
                    other: pair[1].code.to_owned(),
                    other_mean: Some(pair[1].own_mean.clone()),
                    amount: Some(gap * ratio(own.cases)),
                    ..own
                });
            }
        }
    }
    found
}
