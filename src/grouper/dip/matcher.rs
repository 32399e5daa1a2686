//! Which group of the directory a case belongs to, and by which rule (R02, A50).

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::combination::Parts;
use crate::policy::model::{Attribute, Dip, MatchStep, Tie};
use crate::units::Fen;

/// What a group of the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Core disease (核心病种).
    Core,
    /// Grass-roots disease (基层病种, E15).
    GrassRoots,
    /// Residual group (综合病种).
    Residual,
}

impl Kind {
    /// The word of catalogs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::GrassRoots => "grass_roots",
            Self::Residual => "residual",
        }
    }

    /// What a group code is under a policy: its list of grass-roots diseases, then the form (R32).
    #[must_use]
    pub fn of(dip: &Dip, code: &str) -> Self {
        if dip.grass_roots.contains(code) {
            Self::GrassRoots
        } else if is_residual(code) {
            Self::Residual
        } else {
            Self::Core
        }
    }
}

/// Whether a code is `dx3_S`, `_T`, `_D` or `_C` (R32).
pub(super) fn is_residual(code: &str) -> bool {
    code.rsplit_once('_').is_some_and(|(_, letter)| Attribute::of_letter(letter).is_some())
}

/// How the group of a case was found, for its trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The group; `None`: ungrouped.
    pub group: Option<&'a str>,
    /// The step that found it.
    pub step: Option<MatchStep>,
    /// Groups of that step it was chosen from.
    pub among: usize,
    /// What decided among several; `None` where there was one.
    pub decided_by: Option<DecidedBy>,
}

/// What decided among several groups of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedBy {
    /// A rule of the policy.
    Tie(Tie),
    /// The group code, ascending (A50).
    Code,
}

/// A group as the matcher knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    code: String,
    /// Mean in yuan as published; `None` where it has none.
    mean: Option<Decimal>,
    kind: Kind,
    /// Related operations, ascending.
    related: usize,
}

/// Finds groups for combinations.
#[derive(Debug, Clone)]
pub struct Matcher<'a> {
    dip: &'a Dip,
    /// Ascending by code.
    groups: Vec<Known>,
    /// Groups with related operations, by diagnosis and main operation.
    with_related: HashMap<String, Vec<usize>>,
}

/// Groups a combination may belong to, found once for all its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidates {
    step: Option<MatchStep>,
    groups: Vec<usize>,
}

impl Candidates {
    /// Whether no step found a group.
    pub(super) fn is_none(&self) -> bool {
        self.groups.is_empty()
    }
}

impl<'a> Matcher<'a> {
    /// A matcher over group codes with their published means in yuan.
    #[must_use]
    pub fn new(dip: &'a Dip, groups: impl IntoIterator<Item = (String, Option<Decimal>)>) -> Self {
        let mut known: Vec<Known> = groups
            .into_iter()
            .map(|(code, mean)| {
                let kind = Kind::of(dip, &code);
                let related = Parts::of(&code).related().count();
                Known { code, mean, kind, related }
            })
            .collect();
        known.sort_by(|a, b| a.code.cmp(&b.code));
        let mut with_related: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, group) in known.iter().enumerate().filter(|(_, group)| group.related > 0) {
            let main = Parts::of(&group.code).without_related;
            with_related.entry(main.to_owned()).or_default().push(at);
        }
        Self { dip, groups: known, with_related }
    }

    /// Codes of the groups, ascending.
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.code.as_str())
    }

    /// The group of a case with this combination and fee (R02, A50).
    #[must_use]
    pub fn decide(&self, combination: &str, fee: Fen) -> Decision<'_> {
        let candidates = self.candidates(combination);
        let Some((at, decided_by)) = self.choose(&candidates, fee) else {
            return Decision { group: None, step: None, among: 0, decided_by: None };
        };
        Decision {
            group: Some(&self.groups[at].code),
            step: candidates.step,
            among: candidates.groups.len(),
            decided_by,
        }
    }

    /// The groups of the first step that finds any.
    pub(super) fn candidates(&self, combination: &str) -> Candidates {
        let parts = Parts::of(combination);
        for step in &self.dip.matching {
            let groups = match step {
                MatchStep::Exact => self.find(combination),
                MatchStep::Subset => self.subsets(&parts),
                MatchStep::Main => self.find(parts.without_related),
                MatchStep::Residual => self.find(&parts.residual(self.dip)),
            };
            if !groups.is_empty() {
                return Candidates { step: Some(*step), groups };
            }
        }
        Candidates { step: None, groups: Vec::new() }
    }

    fn find(&self, code: &str) -> Vec<usize> {
        self.groups.binary_search_by(|group| group.code.as_str().cmp(code)).into_iter().collect()
    }

    /// Groups of the same diagnosis and main operation whose related operations the case has too.
    fn subsets(&self, parts: &Parts<'_>) -> Vec<usize> {
        let Some(groups) = self.with_related.get(parts.without_related) else { return Vec::new() };
        let own: Vec<&str> = parts.related().collect();
        let belongs = |at: &&usize| {
            let mut related = Parts::of(&self.groups[**at].code).related();
            related.all(|operation| own.binary_search(&operation).is_ok())
        };
        groups.iter().filter(belongs).copied().collect()
    }

    /// The one of the candidates the policy's tie-breaks choose, and which of them decided.
    pub(super) fn choose(
        &self,
        candidates: &Candidates,
        fee: Fen,
    ) -> Option<(usize, Option<DecidedBy>)> {
        if let [only] = candidates.groups.as_slice() {
            return Some((*only, None));
        }
        let mut left = candidates.groups.clone();
        for tie in &self.dip.ties {
            let rank = |at: &usize| self.rank(*tie, *at, fee);
            let best = left.iter().map(rank).min()?;
            left.retain(|at| rank(at) == best);
            if let [only] = left.as_slice() {
                return Some((*only, Some(DecidedBy::Tie(*tie))));
            }
        }
        left.first().map(|at| (*at, Some(DecidedBy::Code)))
    }

    /// Smaller is better; a group without mean comes last where means decide.
    fn rank(&self, tie: Tie, at: usize, fee: Fen) -> Decimal {
        let group = &self.groups[at];
        let by_mean = |rank: &dyn Fn(Decimal) -> Decimal| group.mean.map_or(Decimal::MAX, rank);
        match tie {
            Tie::MostMatched => -Decimal::from(group.related),
            Tie::NearestMean => by_mean(&|mean| (fee.to_yuan() - mean).abs()),
            Tie::HighestMean => by_mean(&|mean| -mean),
            Tie::Kind => Decimal::from(group.kind as u8),
        }
    }
}
