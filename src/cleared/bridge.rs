//! The walk from the settlement to the sheet, step by step, and what is left at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use super::compare::{Change, Compared, Step};
use super::sheet::{Item, Sheet, shown};
use super::{Cause, Difference, Error};
use crate::settlement::cases::Cases;
use crate::settlement::outcome::LineKind;
use crate::settlement::{ALL, Delta, Outcome, Resettle, ScenarioInput, periods};
use crate::units::{Fen, Points, fraction, ratio, round_half_away};
use num_traits::ToPrimitive as _;

/// One reading of the policy that the sheet may have been made by.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Its title, for reading.
    pub title: String,
    /// What it is settled from.
    pub input: ScenarioInput<'a>,
    /// Its cases, with ids and with room for those of the sheet ([`super::add_places`]).
    pub cases: &'a Cases,
}

/// One institution on the sheet and here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Official {
    /// Its pool.
    pub pool: String,
    /// The institution.
    pub fixmedins_code: String,
    /// Paid by the sheet, or its balance where the sheet has advances or refunds.
    pub sheet: Fen,
    /// The same by the settlement.
    pub own: Fen,
    /// What each cause changes; they sum to `sheet − own`.
    pub effects: BTreeMap<Cause, Fen>,
}

/// A sheet explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The scenario that the sheet follows; `None`: the policy as it stands.
    pub rule: Option<String>,
    /// Every difference, the unexplained first, then in the order of the walk.
    pub differences: Vec<Difference>,
    /// Every institution, by pool and code.
    pub institutions: Vec<Official>,
    /// Σ paid on the sheet.
    pub paid: Fen,
}

/// Pool and institution.
type Key = (String, String);

/// Signed change by pool and institution, in fen.
type Effect = BTreeMap<Key, i64>;

/// Explains every difference between the sheet and the first candidate, the policy as it stands. The
/// others are readings that are tried singly.
///
/// # Errors
/// Whatever the kernel refuses of the first candidate.
///
/// # Panics
/// If there is no candidate.
#[expect(clippy::expect_used, reason = "a caller without the policy itself is a fault of ours")]
pub fn explain(
    candidates: &[Candidate<'_>],
    sheet: &Sheet,
    threads: NonZeroUsize,
) -> Result<Explained, Error> {
    let (first, others) = candidates.split_first().expect("the policy itself is a candidate");
    let base = Walk::new(first, sheet, threads)?;
    let start = state(&base.judged.outcome(&first.input, &[])?);
    let mut best = (base.rank()?, base);
    for other in others {
        // A reading that cannot settle these cases cannot have made the sheet.
        let Ok(walk) = Walk::new(other, sheet, threads) else { continue };
        let Ok(rank) = walk.rank() else { continue };
        if rank < best.0 {
            best = (rank, walk);
        }
    }
    best.1.explain(&start, std::ptr::eq(best.1.candidate, first))
}

/// What the sheet and a settlement say of one institution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Parts {
    entitlement: i64,
    deduction: i64,
    paid: i64,
    points: i128,
}

fn state(outcome: &Outcome) -> BTreeMap<Key, Parts> {
    let mut parts: BTreeMap<Key, Parts> = BTreeMap::new();
    for row in &outcome.institutions {
        let own = parts.entry((row.pool.clone(), row.fixmedins_code.clone())).or_default();
        own.entitlement = row.entitlement.0;
        own.paid = row.paid.0;
        own.points = row.points;
    }
    let deductions = outcome.ledger.iter().filter(|line| line.kind == LineKind::Deduction);
    for line in deductions.filter(|line| !line.fixmedins_code.is_empty()) {
        let key = (line.pool.clone(), line.fixmedins_code.clone());
        let own = parts.entry(key).or_default();
        own.deduction = own.deduction.saturating_sub(line.amount.0);
    }
    parts
}

/// One candidate and its way to the sheet.
struct Walk<'a> {
    candidate: &'a Candidate<'a>,
    sheet: &'a Sheet,
    judged: Resettle<'a>,
    steps: Vec<Step>,
}

impl<'a> Walk<'a> {
    fn new(
        candidate: &'a Candidate<'a>,
        sheet: &'a Sheet,
        threads: NonZeroUsize,
    ) -> Result<Self, Error> {
        let judged = Resettle::judge(candidate.cases, &candidate.input, threads)?;
        let settled = judged.outcome(&candidate.input, &[])?;
        let budgets = settled
            .pools
            .iter()
            .map(|row| ((row.pool.clone(), row.period.clone()), row.budget))
            .collect();
        let steps = Compared::new(candidate, sheet).steps(&budgets)?;
        Ok(Self { candidate, sheet, judged, steps })
    }

    /// How far the end of the walk is from the sheet: money unexplained, cases unexplained, and how many
    /// things had to be changed.
    fn rank(&self) -> Result<(u64, usize, usize), Error> {
        let end = self.after(self.steps.len())?;
        let gaps = self.gaps(&end);
        let open = |cause| gaps.iter().filter(move |gap| gap.cause == cause);
        let money = open(Cause::Unexplained).map(|gap| gap.amount.0.unsigned_abs()).sum();
        let cases = self.steps.iter().filter(|step| step.cause == Cause::Unexplained).count();
        Ok((money, cases, self.steps.len().saturating_add(gaps.len())))
    }

    /// The outcome after the first steps.
    fn after(&self, count: usize) -> Result<Outcome, Error> {
        let mut input = self.candidate.input.clone();
        let mut deltas: Vec<Delta> = Vec::new();
        for step in self.steps.iter().take(count) {
            match &step.change {
                Change::Sums(more) => deltas.extend(more.iter().cloned()),
                Change::Budget((pool, period), amount) => {
                    input.replace_budget((pool, period), *amount);
                }
            }
        }
        Ok(self.judged.outcome(&input, &deltas)?)
    }

    fn explain(&self, start: &BTreeMap<Key, Parts>, is_first: bool) -> Result<Explained, Error> {
        let mut effects: BTreeMap<Key, BTreeMap<Cause, Fen>> = BTreeMap::new();
        let mut differences = Vec::new();
        let mut now = start.clone();
        if !is_first {
            let next = state(&self.after(0)?);
            let step = Step {
                cause: Cause::Rule,
                pool: String::new(),
                fixmedins_code: String::new(),
                key: self.candidate.input.name.clone(),
                sheet: self.candidate.title.clone(),
                own: String::new(),
                change: Change::Sums(Vec::new()),
            };
            note(&step, &effect(&now, &next), (&mut effects, &mut differences));
            now = next;
        }
        for (at, step) in self.steps.iter().enumerate() {
            let next = state(&self.after(at.saturating_add(1))?);
            note(step, &effect(&now, &next), (&mut effects, &mut differences));
            now = next;
        }
        let end = self.after(self.steps.len())?;
        for gap in self.gaps(&end) {
            add(
                &mut effects,
                &(gap.pool.clone(), gap.fixmedins_code.clone()),
                gap.cause,
                gap.amount,
            );
            differences.push(gap);
        }
        // Within one cause the order of the walk stays.
        differences.sort_by_key(|one| one.cause != Cause::Unexplained);
        let institutions = self.institutions(start, &state(&end), &effects);
        let paid = self.keys(&end).iter().fold(0i64, |sum, key| {
            sum.saturating_add(self.sheet.value(key, Item::Paid).unwrap_or(0))
        });
        let rule = (!is_first).then(|| self.candidate.input.name.clone());
        Ok(Explained { rule, differences, institutions, paid: Fen(paid) })
    }

    /// Institutions of the sheet and of the settlement.
    fn keys(&self, end: &Outcome) -> BTreeSet<Key> {
        let own = end.institutions.iter();
        let mut keys: BTreeSet<Key> =
            own.map(|row| (row.pool.clone(), row.fixmedins_code.clone())).collect();
        keys.extend(self.sheet.institutions().cloned());
        keys
    }

    /// What is left between the end of the walk and the sheet, in the parts of the sheet.
    fn gaps(&self, end: &Outcome) -> Vec<Difference> {
        let parts = state(end);
        let mut gaps = Vec::new();
        let (advances, refunds) = (self.own_advances(&parts), self.own_refunds(&parts));
        for key in self.keys(end) {
            let own = parts.get(&key).copied().unwrap_or_default();
            let value = |item| self.sheet.value(&key, item).unwrap_or(0);
            let wanted = self.sheet.entitlement(&key);
            let cause = if self.is_rounding(end, &key, &own, wanted) {
                Cause::Rounding
            } else {
                Cause::Unexplained
            };
            push(&mut gaps, cause, &key, Item::Entitlement, (wanted, own.entitlement));
            let adjusted = own.paid.saturating_sub(own.entitlement).saturating_add(own.deduction);
            let manual = (value(Item::Adjustment), adjusted);
            push(&mut gaps, Cause::ManualAdjustment, &key, Item::Adjustment, manual);
            let off = (value(Item::Deduction), own.deduction);
            push(&mut gaps, Cause::Deduction, &key, Item::Deduction, off);
            for (item, cause, own) in [
                (Item::Advance, Cause::Advance, &advances),
                (Item::Refund, Cause::Refund, &refunds),
            ] {
                if self.sheet.has(item) {
                    let own = own.get(&key).copied().unwrap_or(0);
                    push(&mut gaps, cause, &key, item, (value(item), own));
                }
            }
        }
        gaps
    }

    /// A fen a clearing period, or what printing the point value with four places makes (A46).
    fn is_rounding(&self, end: &Outcome, key: &Key, own: &Parts, wanted: i64) -> bool {
        let gap = wanted.saturating_sub(own.entitlement).unsigned_abs();
        let count = periods(self.candidate.input.policy.budget.period).len();
        if gap <= u64::try_from(count).unwrap_or(u64::MAX) {
            return true;
        }
        let pool = end.pools.iter().find(|pool| pool.pool == key.0 && pool.point_value.is_some());
        let value = pool.and_then(|pool| pool.point_value).map(crate::units::exact);
        let points = fraction(own.points, Points::PER_POINT);
        let printed = value.zip(points).and_then(|(value, points)| {
            round_half_away(&(value * points * ratio(100)), 0).to_i64()
        });
        printed == Some(wanted)
    }

    fn own_advances(&self, parts: &BTreeMap<Key, Parts>) -> BTreeMap<Key, i64> {
        let mut sums: BTreeMap<Key, i64> = BTreeMap::new();
        for advance in &self.candidate.input.given.advances {
            let sum = sums.entry(home(parts, &advance.pool, &advance.institution)).or_default();
            *sum = sum.saturating_add(advance.amount.0);
        }
        sums
    }

    fn own_refunds(&self, parts: &BTreeMap<Key, Parts>) -> BTreeMap<Key, i64> {
        let mut sums: BTreeMap<Key, i64> = BTreeMap::new();
        for ((institution, _), amount) in &self.candidate.input.given.prior_refunds {
            let sum = sums.entry(home(parts, "", institution)).or_default();
            *sum = sum.saturating_add(amount.0);
        }
        sums
    }

    fn institutions(
        &self,
        start: &BTreeMap<Key, Parts>,
        end: &BTreeMap<Key, Parts>,
        effects: &BTreeMap<Key, BTreeMap<Cause, Fen>>,
    ) -> Vec<Official> {
        let mut keys: BTreeSet<&Key> = start.keys().chain(effects.keys()).collect();
        keys.extend(self.sheet.institutions());
        let (advances, refunds) = (self.own_advances(end), self.own_refunds(end));
        keys.extend(advances.keys().chain(refunds.keys()));
        let before_clearing = |key: &Key| {
            let mut sums = (0i64, 0i64);
            for (item, own) in [(Item::Advance, &advances), (Item::Refund, &refunds)] {
                if self.sheet.has(item) {
                    sums.0 = sums.0.saturating_add(self.sheet.value(key, item).unwrap_or(0));
                    sums.1 = sums.1.saturating_add(own.get(key).copied().unwrap_or(0));
                }
            }
            sums
        };
        let rows = keys.into_iter().map(|key| {
            let (sheet_off, own_off) = before_clearing(key);
            let paid = self.sheet.value(key, Item::Paid).unwrap_or(0);
            let own = start.get(key).map_or(0, |parts| parts.paid);
            let row = Official {
                pool: key.0.clone(),
                fixmedins_code: key.1.clone(),
                sheet: Fen(paid.saturating_sub(sheet_off)),
                own: Fen(own.saturating_sub(own_off)),
                effects: effects.get(key).cloned().unwrap_or_default(),
            };
            let sum = row.effects.values().fold(0i64, |sum, part| sum.saturating_add(part.0));
            let gap = row.sheet.0.saturating_sub(row.own.0);
            assert_eq!(sum, gap, "the causes of `{}` sum to its difference", row.fixmedins_code);
            row
        });
        rows.collect()
    }
}

/// Where something of an institution stands: in the pool named, else in the first by name it is paid in.
fn home(parts: &BTreeMap<Key, Parts>, pool: &str, code: &str) -> Key {
    let mut own = parts.keys().filter(|(_, own)| own == code);
    let found = own.find(|(of, _)| pool.is_empty() || of == pool);
    found.cloned().unwrap_or_else(|| {
        let pool = if pool.is_empty() { ALL } else { pool };
        (pool.to_owned(), code.to_owned())
    })
}

/// What a step changed for whom.
fn effect(before: &BTreeMap<Key, Parts>, after: &BTreeMap<Key, Parts>) -> Effect {
    let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    let paid = |of: &BTreeMap<Key, Parts>, key: &Key| of.get(key).map_or(0, |parts| parts.paid);
    let change = |key: &Key| paid(after, key).saturating_sub(paid(before, key));
    let changes = keys.into_iter().map(|key| (key.clone(), change(key)));
    changes.filter(|(_, change)| *change != 0).collect()
}

fn add(effects: &mut BTreeMap<Key, BTreeMap<Cause, Fen>>, key: &Key, cause: Cause, amount: Fen) {
    let sum = effects.entry(key.clone()).or_default().entry(cause).or_default();
    sum.0 = sum.0.saturating_add(amount.0);
}

/// Books the effect of a step and names it.
fn note(
    step: &Step,
    effect: &Effect,
    (effects, differences): (&mut BTreeMap<Key, BTreeMap<Cause, Fen>>, &mut Vec<Difference>),
) {
    let (mut own, mut others, mut moved) = (0i64, 0i64, 0i64);
    for (key, amount) in effect {
        let is_own = step.fixmedins_code.is_empty() || step.fixmedins_code == key.1;
        let side = if is_own { &mut own } else { &mut others };
        *side = side.saturating_add(*amount);
        moved = moved.saturating_add(amount.abs());
        add(effects, key, step.cause, Fen(*amount));
    }
    differences.push(Difference {
        cause: step.cause,
        pool: step.pool.clone(),
        fixmedins_code: step.fixmedins_code.clone(),
        key: step.key.clone(),
        sheet: step.sheet.clone(),
        own: step.own.clone(),
        amount: Fen(own),
        others: Fen(others),
        moved: Fen(moved),
    });
}

/// A gap between two numbers of one institution. What is taken off lowers the pay.
fn push(
    gaps: &mut Vec<Difference>,
    cause: Cause,
    key: &Key,
    item: Item,
    (wanted, own): (i64, i64),
) {
    let gap = wanted.saturating_sub(own);
    if gap == 0 {
        return;
    }
    let is_off = matches!(item, Item::Deduction | Item::Advance | Item::Refund);
    let amount = if is_off { gap.saturating_neg() } else { gap };
    gaps.push(Difference {
        cause,
        pool: key.0.clone(),
        fixmedins_code: key.1.clone(),
        key: item.as_str().to_owned(),
        sheet: shown(item, wanted),
        own: shown(item, own),
        amount: Fen(amount),
        others: Fen::ZERO,
        moved: Fen(amount.saturating_abs()),
    });
}
