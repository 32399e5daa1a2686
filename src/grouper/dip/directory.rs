//! The directory learned from history (Z16, R01), and the history regrouped by it (R02).
//!
//! ```text
//! exact combinations, cases a year → core (A33, R01) → residual groups by 3 characters × attribute
//!   → means of this grouping → matcher (R02, A50) → every case of history matched once
//! ```
//!
//! One pass over the cases counts, one assigns; everything between is over combinations. Nothing
//! depends on the order of the cases.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::combination::Parts;
use super::error::{Error, Warning};
use super::matcher::{Candidates, Kind, Matcher};
use super::shape;
use crate::grouper::regroup_to;
use crate::policy::model::{Dip, MatchStep, ResidualBelow, YearCount};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::units::{Fen, Ratio, exact, ratio, to_decimal};

/// Places of the means that break ties of the history (R02).
const MEAN_PLACES: u32 = 4;

/// Means of groups in fen, by code; a group without mean is not there.
pub type Means = BTreeMap<String, Ratio>;

/// A directory and the history grouped by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// The cases, each in its group of the directory; profiles are their combinations.
    pub cases: Cases,
    /// Groups of the directory, ascending, with what they are.
    pub groups: BTreeMap<String, Kind>,
    /// Combinations that left with a residual group below the threshold, ascending.
    pub dropped: Vec<Dropped>,
    /// What the reader should know.
    pub warnings: Vec<Warning>,
}

/// A combination that left the directory (6.1): its cases are ungrouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The combination.
    pub combination: String,
    /// The residual group it would have been in.
    pub residual: String,
    /// Cases of all years.
    pub cases: u64,
    /// Their cost.
    pub cost_fen: i128,
}

/// What history says of the combinations, in the order of [`Cases::profiles`].
struct Counts {
    /// Number of years.
    width: usize,
    /// Cases by combination, then year.
    cases: Vec<u64>,
    /// Cost of all years by combination.
    cost_fen: Vec<i128>,
}

impl Counts {
    fn of(cases: &Cases, years: &[u16]) -> Self {
        let width = years.len();
        let mut counts = Self {
            width,
            cases: vec![0; cases.groups.len() * width],
            cost_fen: vec![0; cases.groups.len()],
        };
        for ((group, year), fee) in cases.group.iter().zip(&cases.year).zip(&cases.fee_fen) {
            let at = years.iter().position(|known| known == year);
            if let Some(at) = at.filter(|_| *group != UNGROUPED) {
                counts.cases[*group as usize * width + at] += 1;
                counts.cost_fen[*group as usize] += i128::from(*fee);
            }
        }
        counts
    }

    fn years(&self, combination: usize) -> &[u64] {
        &self.cases[combination * self.width..][..self.width]
    }

    fn totals(&self) -> Vec<u64> {
        self.cases.chunks(self.width.max(1)).map(|years| years.iter().sum()).collect()
    }
}

/// Whether these cases a year make a core disease (Z16, A33), before trimming (R34).
fn reaches(dip: &Dip, years: &[u64]) -> bool {
    let threshold = u64::from(dip.threshold);
    match dip.count {
        YearCount::Mean => years.iter().sum::<u64>() >= threshold * years.len() as u64,
        YearCount::EachYear => years.iter().all(|cases| *cases >= threshold),
        YearCount::Latest => years.last().is_some_and(|cases| *cases >= threshold),
    }
}

/// Learns the directory from cases whose groups are their combinations, and groups them by it.
///
/// `means` gives the blended, trimmed means of the groups of some cases, as the policy takes them
/// (R34); `gains` the same of combinations, also of those that some years lack: what a related
/// operation adds to the cost is compared between any two of them (R01). `years` are those of the statistics, oldest first; every case has one of them.
///
/// # Errors
/// [`Error::OtherCodes`], or whatever `means` says.
pub fn learn<E: From<Error>>(
    dip: &Dip,
    cases: Cases,
    years: &[u16],
    (gains, means): (impl Fn(&Cases) -> Result<Means, E>, impl Fn(&Cases) -> Result<Means, E>),
) -> Result<Learned, E> {
    let counts = Counts::of(&cases, years);
    let totals = counts.totals();
    let (misfits, warning) = shape::misfits(dip.shape.as_ref(), &cases.groups, &totals)?;
    let mut own = assign(dip, &cases.groups, &counts, &gains(&cases)?);
    for (group, misfit) in own.iter_mut().zip(&misfits) {
        if *misfit {
            *group = None;
        }
    }
    let dropped = drop_small(dip, &mut own, &cases.groups, &counts);
    let mut warnings: Vec<Warning> = warning.into_iter().collect();
    warnings.extend(missing_grass_roots(dip, &own, &cases.groups, &totals));
    let codes: BTreeSet<&String> = own.iter().flatten().collect();
    let codes: Vec<String> = codes.into_iter().cloned().collect();
    let ids: Vec<u32> =
        own.iter().map(|code| code.as_deref().map_or(UNGROUPED, |code| id(&codes, code))).collect();
    let grouped = regroup_to(cases, codes, |profile, _| ids[profile]);
    let means = means(&grouped)?;
    let priced = grouped.groups.iter().map(|code| {
        let yuan = means.get(code).and_then(|fen| to_decimal(&(fen / ratio(100)), MEAN_PLACES));
        (code.clone(), yuan)
    });
    let matcher = Matcher::new(dip, priced);
    let groups = matcher.codes().map(|code| (code.to_owned(), Kind::of(dip, code))).collect();
    let cases = match_all(&matcher, grouped, &misfits, |_| None);
    Ok(Learned { cases, groups, dropped, warnings })
}

/// Groups cases of another year by the groups of a catalog. A case of no group carries the code of
/// its residual group, which the catalog does not have (A53); one with codes of another system is
/// ungrouped.
///
/// # Errors
/// [`Error::OtherCodes`]
pub fn match_year(
    matcher: &Matcher<'_>,
    dip: &Dip,
    cases: Cases,
) -> Result<(Cases, Option<Warning>), Error> {
    let (combinations, combination) = combinations(&cases);
    let mut totals = vec![0; combinations.len()];
    for at in combination.iter().filter(|at| **at != UNGROUPED) {
        totals[*at as usize] += 1;
    }
    let (misfits, warning) = shape::misfits(dip.shape.as_ref(), combinations, &totals)?;
    let absent = |combination: &str| Some(Parts::of(combination).residual(dip));
    Ok((match_all(matcher, cases, &misfits, absent), warning))
}

/// Checks that the base disease of the policy is a core disease of the directory (Z15).
///
/// # Errors
/// [`Error::BaseNotCore`]
pub fn check_base(learned: &Learned, code: &str) -> Result<(), Error> {
    let what = match learned.groups.get(code) {
        Some(Kind::Core) => return Ok(()),
        Some(Kind::GrassRoots) => "a grass-roots disease",
        Some(Kind::Residual) => "a residual group",
        None => "no group of the directory",
    };
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for group in learned.cases.group.iter().filter(|group| **group != UNGROUPED) {
        let code = learned.cases.groups[*group as usize].as_str();
        if learned.groups.get(code) == Some(&Kind::Core) {
            *counts.entry(code).or_default() += 1;
        }
    }
    // Of equal ones the first by code.
    let best = counts.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
    let best = best.map(|(code, _)| (*code).to_owned());
    Err(Error::BaseNotCore { code: code.to_owned(), what, best })
}

/// The group each combination has by counts and cost alone (R01); `None`: no residual groups.
fn assign(
    dip: &Dip,
    combinations: &[String],
    counts: &Counts,
    means: &Means,
) -> Vec<Option<String>> {
    let core: Vec<bool> =
        (0..combinations.len()).map(|at| reaches(dip, counts.years(at))).collect();
    let dearer = ratio(1) + exact(dip.related_gain);
    let has_residual = dip.matching.contains(&MatchStep::Residual);
    let residual = |parts: &Parts<'_>| has_residual.then(|| parts.residual(dip));
    let group = |(at, code): (usize, &String)| {
        let parts = Parts::of(code);
        if parts.related().next().is_none() {
            return if core[at] { Some(code.clone()) } else { residual(&parts) };
        }
        let base = combinations
            .binary_search_by(|known| known.as_str().cmp(parts.without_related))
            .ok()
            .filter(|base| core[*base])
            .map(|base| combinations[base].clone());
        match base {
            None if core[at] => Some(code.clone()),
            None => residual(&parts),
            Some(base) if core[at] => {
                let (with, without) = (means.get(code), means.get(&base));
                let own = with.zip(without).is_some_and(|(with, base)| *with >= base * &dearer);
                Some(if own { code.clone() } else { base })
            }
            Some(base) => Some(base),
        }
    };
    combinations.iter().enumerate().map(group).collect()
}

/// Takes residual groups below the threshold away, where the policy drops them.
fn drop_small(
    dip: &Dip,
    own: &mut [Option<String>],
    combinations: &[String],
    counts: &Counts,
) -> Vec<Dropped> {
    if dip.residual_below == ResidualBelow::Keep {
        return Vec::new();
    }
    let mut sums: HashMap<String, Vec<u64>> = HashMap::new();
    for (at, code) in own.iter().enumerate() {
        let residual = code.as_ref().filter(|code| super::matcher::is_residual(code));
        let Some(code) = residual else { continue };
        let sum = sums.entry(code.clone()).or_insert_with(|| vec![0; counts.width]);
        for (sum, cases) in sum.iter_mut().zip(counts.years(at)) {
            *sum += cases;
        }
    }
    let mut dropped = Vec::new();
    for (at, code) in own.iter_mut().enumerate() {
        let small = code.as_ref().and_then(|code| sums.get(code)).is_some_and(|s| !reaches(dip, s));
        if let Some(residual) = code.take_if(|_| small) {
            dropped.push(Dropped {
                combination: combinations[at].clone(),
                residual,
                cases: counts.years(at).iter().sum(),
                cost_fen: counts.cost_fen[at],
            });
        }
    }
    dropped.retain(|gone| gone.cases > 0);
    dropped
}

/// Grass-roots diseases of the policy that history does not make a group.
fn missing_grass_roots(
    dip: &Dip,
    own: &[Option<String>],
    combinations: &[String],
    totals: &[u64],
) -> Vec<Warning> {
    let groups: BTreeSet<&String> = own.iter().flatten().collect();
    let missing = dip.grass_roots.iter().filter(|code| !groups.contains(code));
    let cases = |code: &String| combinations.binary_search(code).map_or(0, |at| totals[at]);
    missing.map(|code| Warning::NoGrassRoots { code: code.clone(), cases: cases(code) }).collect()
}

/// The combinations and that of every case, before and after grouping.
fn combinations(cases: &Cases) -> (&[String], &[u32]) {
    if cases.profile.is_empty() {
        (&cases.groups, &cases.group)
    } else {
        (&cases.profiles, &cases.profile)
    }
}

/// Place of a code in an ascending list.
fn id(codes: &[String], code: &str) -> u32 {
    let at = codes.binary_search_by(|known| known.as_str().cmp(code)).ok();
    at.and_then(|at| u32::try_from(at).ok()).unwrap_or(UNGROUPED)
}

/// Every case in the group the matcher finds for its combination and fee; `absent` names the group of
/// a combination that no step finds one for.
fn match_all(
    matcher: &Matcher<'_>,
    cases: Cases,
    misfits: &[bool],
    absent: impl Fn(&str) -> Option<String>,
) -> Cases {
    let (combinations, _) = combinations(&cases);
    let found: Vec<Candidates> = combinations.iter().map(|code| matcher.candidates(code)).collect();
    let others: Vec<Option<String>> = combinations
        .iter()
        .zip(&found)
        .map(|(code, found)| if found.is_none() { absent(code) } else { None })
        .collect();
    let codes: BTreeSet<&str> =
        matcher.codes().chain(others.iter().flatten().map(String::as_str)).collect();
    let codes: Vec<String> = codes.into_iter().map(str::to_owned).collect();
    let ids: Vec<u32> = matcher.codes().map(|code| id(&codes, code)).collect();
    let other = |code: &Option<String>| code.as_deref().map_or(UNGROUPED, |code| id(&codes, code));
    let others: Vec<u32> = others.iter().map(other).collect();
    regroup_to(cases, codes, |profile, fee| {
        if misfits[profile] {
            return UNGROUPED;
        }
        let chosen = matcher.choose(&found[profile], Fen(fee));
        chosen.map_or(others[profile], |(at, _)| ids[at])
    })
}
