//! Groups learned from history inside the classes of an APG (H11, H12).
//!
//! A case comes with a *path*: the codes of its class and of every level below, coarse to fine, joined
//! by `|`: `O|O_331008-|O_331008001`. A trailing `-` says "what lies under this and has no group of its
//! own". The paths are a tree, and [`Directory::learn`] decides which of its nodes are groups:
//!
//! 1. A node whose cases together have a CV not above the limit is not divided: it takes all of them.
//! 2. From the finest level upwards a node with at least the minimum of cases (A33: minimum × years)
//!    is a group; what lies under it and is not, joins the nearest node above. A class keeps what is
//!    left, however little.
//! 3. With a target the minimum is raised as long as that brings the number of groups nearer to it;
//!    of two that are equally near the smaller minimum is taken.
//!
//! Nothing but the codes of the groups is needed later: a case belongs to the deepest group on its
//! path ([`deepest`]), so a catalog can be matched against another year.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;

use super::codes::beginning;
use super::{GroupInfo, regroup_to};
use crate::explain::{Explain, Kind};
use crate::period::Years;
use crate::policy::model::{Feature, Level, Refine};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::table::{Column, Table};
use crate::units::{exact, ratio};

/// Between the codes of a path.
const STEP: char = '|';

/// What the levels look at in one case. Empty texts are unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traits<'a> {
    /// Main diagnosis (R33).
    pub diagnosis: &'a str,
    /// Main item of the main class.
    pub item: &'a str,
    /// Whether a negotiated drug was used.
    pub negotiated: bool,
}

/// The path of a case in a class with these letters; it ends before the first level that looks at
/// something unknown.
#[must_use]
pub fn path(letters: &str, levels: &[Level], traits: &Traits<'_>) -> String {
    let mut path = letters.to_owned();
    for (at, level) in levels.iter().enumerate() {
        let values: Option<Vec<&str>> =
            level.0.iter().map(|feature| value(*feature, traits)).collect();
        let Some(values) = values else { break };
        path.push(STEP);
        path.push_str(letters);
        path.push('_');
        path.push_str(&values.join("+"));
        if at + 1 < levels.len() {
            path.push('-');
        }
    }
    path
}

fn value<'a>(feature: Feature, traits: &Traits<'a>) -> Option<&'a str> {
    let known = |text: &'a str| (!text.is_empty()).then_some(text);
    match feature {
        Feature::Diagnosis(many) => known(beginning(traits.diagnosis, many)),
        Feature::Item(None) => known(traits.item),
        Feature::Item(Some(many)) => known(first(traits.item, many)),
        Feature::Negotiated => Some(if traits.negotiated { "N1" } else { "N0" }),
    }
}

/// The first `many` characters of an item's code, whatever they are, dots not counted and none at the
/// end.
#[must_use]
pub fn first(code: &str, many: usize) -> &str {
    let mut left = many;
    for (at, letter) in code.char_indices() {
        if left == 0 {
            return code[..at].trim_end_matches('.');
        }
        left -= usize::from(letter != '.');
    }
    code.trim_end_matches('.')
}

/// The deepest code of a path that is a group; without one the code of the class.
pub fn deepest(path: &str, is_group: impl Fn(&str) -> bool) -> &str {
    let mut codes = path.rsplit(STEP);
    let found = codes.find(|code| is_group(code));
    found.unwrap_or_else(|| path.split(STEP).next().unwrap_or(path))
}

/// Gives every case the deepest group on its path; the paths become profiles.
#[must_use]
pub fn match_cases(cases: Cases, is_group: impl Fn(&str) -> bool) -> Cases {
    let found: Vec<String> =
        cases.groups.iter().map(|path| deepest(path, &is_group).to_owned()).collect();
    let codes: BTreeSet<&String> = found.iter().collect();
    let codes: Vec<String> = codes.into_iter().cloned().collect();
    let number = |code: &String| codes.binary_search(code).ok();
    let numbers: Vec<u32> = found
        .iter()
        .map(|code| number(code).and_then(|at| u32::try_from(at).ok()).unwrap_or(UNGROUPED))
        .collect();
    regroup_to(cases, codes, |profile, _| numbers[profile])
}

/// The squared fees of a group leave 128 bits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sum of squared fees of group `{group}` is out of range")]
pub struct Overflow {
    /// The group.
    pub group: String,
}

impl Explain for Overflow {
    fn kind(&self) -> Kind {
        Kind::Input
    }
}

/// Cases, Σ fee and Σ fee² in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sums {
    cases: u64,
    fen: i128,
    squares: i128,
}

impl Sums {
    fn add(&mut self, other: Self) -> Option<()> {
        self.cases += other.cases;
        self.fen = self.fen.checked_add(other.fen)?;
        self.squares = self.squares.checked_add(other.squares)?;
        Some(())
    }

    /// Whether √(n·Σx² − (Σx)²) ÷ Σx ≤ limit (9.2); never where Σx is not above 0.
    fn is_even(self, limit: rust_decimal::Decimal) -> bool {
        if self.fen <= 0 {
            return false;
        }
        let sum = BigInt::from(self.fen);
        let spread = BigInt::from(self.squares) * self.cases - &sum * &sum;
        let limit = exact(limit);
        ratio(spread) <= &limit * &limit * ratio(&sum * &sum)
    }
}

#[derive(Debug)]
struct Node {
    code: String,
    above: Option<usize>,
    depth: usize,
    /// Cases whose path ends here.
    own: Sums,
    /// Cases whose path ends here or below.
    all: Sums,
    /// Whether it takes all of them, its CV being within the limit.
    is_whole: bool,
    /// Whether a node above takes them.
    is_taken: bool,
}

/// The groups that history gives.
#[derive(Debug)]
pub struct Directory {
    nodes: Vec<Node>,
    groups: BTreeSet<String>,
    /// Cases of every node that is a group.
    pools: Vec<u64>,
    refine: Refine,
    minimum_cases: u64,
}

impl Directory {
    /// Learns the groups from the cases of these years, whose groups are paths. Ungrouped cases stay so.
    ///
    /// # Errors
    /// [`Overflow`] where fees are so large that a CV cannot be formed.
    pub fn learn(cases: &Cases, refine: &Refine, years: &Years) -> Result<Self, Overflow> {
        let nodes = nodes(cases, refine, years)?;
        let width = u64::try_from(years.as_slice().len()).unwrap_or(1);
        let minimum_cases = minimum(&nodes, refine, width);
        let pools = pools(&nodes, minimum_cases.saturating_mul(width));
        let stands = nodes.iter().zip(&pools).filter(|(_, pool)| **pool > 0);
        let groups = stands.map(|(node, _)| node.code.clone()).collect();
        Ok(Self { nodes, groups, pools, refine: refine.clone(), minimum_cases })
    }

    /// Whether a code is a group.
    #[must_use]
    pub fn holds(&self, code: &str) -> bool {
        self.groups.contains(code)
    }

    /// Codes of the groups, ascending.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(String::as_str)
    }

    /// Minimum of cases a year that was taken.
    #[must_use]
    pub fn minimum_cases(&self) -> u64 {
        self.minimum_cases
    }

    /// Kind, parent and name of every code of the tree, so that a small group finds its parent (A51)
    /// though that has no cases of its own. `names` are those of the policy, by code.
    ///
    /// Kinds: `refined` of the finest level, `whole` not divided for its CV, `residual` what is left
    /// over, `class` the same of a whole class.
    #[must_use]
    pub fn info(&self, names: &[(String, String)]) -> BTreeMap<String, GroupInfo> {
        let named = |code: &str| {
            names.iter().find(|(known, _)| known == code).map(|(_, name)| name.as_str())
        };
        let info = |node: &Node| {
            let (class, tail) = node.code.split_once('_').unwrap_or((&node.code, ""));
            let rest = tail.ends_with('-') && !node.is_whole;
            let kind = match (node.above, node.is_whole, rest) {
                (_, true, _) => "whole",
                (None, ..) => "class",
                (_, _, true) => "residual",
                _ => "refined",
            };
            let name = named(class).map_or_else(String::new, |class| {
                let rest = if rest { "（其余）" } else { "" };
                format!("{class} {}{rest}", tail.trim_end_matches('-')).trim().to_owned()
            });
            let parent = node.above.map(|above| self.nodes[above].code.clone());
            GroupInfo { name, kind: kind.to_owned(), parent }
        };
        self.nodes.iter().map(|node| (node.code.clone(), info(node))).collect()
    }

    /// `refinement`: one row a class and level: how many codes history has, how many are groups, how
    /// many of these were left whole for their CV, and their cases. The minimum taken, the one asked for
    /// and the target stand in every row.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut rows: BTreeMap<(&str, usize), [u64; 4]> = BTreeMap::new();
        for (node, pool) in self.nodes.iter().zip(&self.pools) {
            let class = node.code.split('_').next().unwrap_or_default();
            let row = rows.entry((class, node.depth)).or_default();
            row[0] += 1;
            if *pool > 0 {
                row[1] += 1;
                row[2] += u64::from(node.is_whole);
                row[3] += pool;
            }
        }
        let count = |at: usize| Column::counts(rows.values().map(move |row| row[at]));
        let same = |value: u64| Column::counts(rows.keys().map(move |_| value));
        let target = self.refine.target_groups.map_or_else(String::new, |many| many.to_string());
        let cv = self.refine.maximum_cv.map_or_else(String::new, |cv| cv.to_string());
        Table::new("refinement")
            .with("class", Column::text(rows.keys().map(|(class, _)| (*class).to_owned())))
            .with("level", Column::counts(rows.keys().map(|(_, depth)| *depth as u64)))
            .with("codes", count(0))
            .with("groups", count(1))
            .with("whole", count(2))
            .with("cases", count(3))
            .with("minimum_cases", same(self.minimum_cases))
            .with("minimum_asked", same(self.refine.minimum_cases.into()))
            .with("target_groups", Column::text(rows.keys().map(|_| target.clone())))
            .with("maximum_cv", Column::text(rows.keys().map(|_| cv.clone())))
    }
}

/// The tree, a node before those below it.
fn nodes(cases: &Cases, refine: &Refine, years: &Years) -> Result<Vec<Node>, Overflow> {
    let mut of_path = vec![Sums::default(); cases.groups.len()];
    let over = |group: &str| Overflow { group: group.to_owned() };
    for ((group, year), fee) in cases.group.iter().zip(&cases.year).zip(&cases.fee_fen) {
        if *group == UNGROUPED || !years.as_slice().contains(year) {
            continue;
        }
        let fee = i128::from(*fee);
        let one = Sums { cases: 1, fen: fee, squares: fee.saturating_mul(fee) };
        let at = *group as usize;
        of_path[at].add(one).ok_or_else(|| over(&cases.groups[at]))?;
    }
    let mut nodes: Vec<Node> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (path, sums) in cases.groups.iter().zip(&of_path).filter(|(_, sums)| sums.cases > 0) {
        let mut above = None;
        let ends = path.match_indices(STEP).map(|(at, _)| at).chain([path.len()]);
        let mut start = 0;
        for (depth, end) in ends.enumerate() {
            let code = path[start..end].to_owned();
            start = end + STEP.len_utf8();
            let at = *known.entry(path[..end].to_owned()).or_insert(nodes.len());
            if at == nodes.len() {
                let (own, all) = (Sums::default(), Sums::default());
                nodes.push(Node { code, above, depth, own, all, is_whole: false, is_taken: false });
            }
            nodes[at].all.add(*sums).ok_or_else(|| over(path))?;
            above = Some(at);
        }
        if let Some(last) = above {
            nodes[last].own = *sums;
        }
    }
    for at in 0..nodes.len() {
        let taken =
            nodes[at].above.is_some_and(|above| nodes[above].is_taken || nodes[above].is_whole);
        nodes[at].is_taken = taken;
        nodes[at].is_whole =
            !taken && refine.maximum_cv.is_some_and(|limit| nodes[at].all.is_even(limit));
    }
    Ok(nodes)
}

/// Cases of every node that is a group at this minimum over all years; 0 for the others.
fn pools(nodes: &[Node], minimum: u64) -> Vec<u64> {
    let mut pools: Vec<u64> = nodes
        .iter()
        .map(|node| match (node.is_taken, node.is_whole) {
            (true, _) => 0,
            (false, true) => node.all.cases,
            (false, false) => node.own.cases,
        })
        .collect();
    // A node stands before those below it, so backwards is from the finest level upwards.
    for (at, node) in nodes.iter().enumerate().rev() {
        if let Some(above) = node.above.filter(|_| pools[at] < minimum) {
            pools[above] += pools[at];
            pools[at] = 0;
        }
    }
    pools
}

/// The minimum of cases a year: the one asked for, or a larger one that brings the number of groups
/// nearest to the target.
fn minimum(nodes: &[Node], refine: &Refine, years: u64) -> u64 {
    let asked = u64::from(refine.minimum_cases);
    let Some(target) = refine.target_groups.map(u64::from) else { return asked };
    let classes = nodes.iter().filter(|node| node.above.is_none());
    let (count, cases) =
        classes.fold((0, 0), |(count, cases), node| (count + 1u64, cases + node.all.cases));
    let mut best = (u64::MAX, asked);
    let mut minimum = asked;
    loop {
        let pools = pools(nodes, minimum.saturating_mul(years));
        let groups = pools.iter().filter(|pool| **pool > 0).count() as u64;
        best = best.min((groups.abs_diff(target), minimum));
        // Nothing changes before the smallest group below a class falls under the minimum.
        let below =
            nodes.iter().zip(&pools).filter(|(node, pool)| node.above.is_some() && **pool > 0);
        let Some(smallest) = below.map(|(_, pool)| *pool).min() else { return best.1 };
        minimum = quotient(smallest, years) + 1;
        // At most so many groups are left from here on: no nearer, no further.
        let most = count + quotient(cases, minimum.saturating_mul(years));
        if best.0 == 0 || most.saturating_add(best.0) <= target {
            return best.1;
        }
    }
}

/// Whole part of a quotient of counts.
fn quotient(cases: u64, by: u64) -> u64 {
    cases.checked_div(by).unwrap_or(cases)
}

#[cfg(test)]
#[path = "refine_tests.rs"]
mod tests;
