//! Special cases put before experts: how many may be listed, which qualify, what became of them (6.7, P08,
//! Z25, R37).
//!
//! What a decision does to the pay of its case is part of the kernel; this module counts and ranks.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use num_traits::{Signed as _, ToPrimitive as _, Zero as _};
use rust_decimal::Decimal;

use crate::policy::model::{Policy, Special, SpecialReference};
use crate::table::{Column, Table};
use crate::units::{Fen, Ratio, exact, fraction, ratio, to_decimal};

use super::cases::{Cases, UNGROUPED};
use super::decisions::decide_all;
use super::error::Error;
use super::input::{ScenarioInput, SpecialCase, SpecialKind};
use super::outcome::{Decision, Outcome, PoolRow, UNGROUPED_CODE};
use super::pool::{ALL, YEAR};

/// Places of a printed share and of fee ÷ reference.
const PLACES: u32 = 4;

/// Cases that may be listed: the share of the area's cases, rounded down.
///
/// ```
/// # use dianshu::settlement::special::quota;
/// assert_eq!(quota("0.005".parse()?, 1_999), 9);
/// assert_eq!(quota("0.005".parse()?, 2_000), 10);
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[must_use]
pub fn quota(share: Decimal, cases: u64) -> u64 {
    (exact(share) * ratio(cases)).floor().to_integer().to_u64().unwrap_or(0)
}

/// Whether a listed case counts against the quota: points of an invited expert (`add`) are a kind of score
/// of their own (Z17) and no special case.
fn counts(case: &SpecialCase) -> bool {
    !matches!(case.kind, SpecialKind::Add(_))
}

/// Refuses a list over its quota (R37). Listed ids that are no case of the year do not count.
///
/// # Errors
/// [`Error::SpecialOverQuota`]; [`Error::CaseIds`] where cases are listed and the columns have no ids.
pub(super) fn check_quota(cases: &Cases, input: &ScenarioInput<'_>) -> Result<(), Error> {
    let Some(rule) = &input.policy.special else { return Ok(()) };
    let of_year = || (0..cases.len()).filter(|row| cases.year[*row] == input.year);
    let all = u64::try_from(of_year().count()).unwrap_or(u64::MAX);
    let quota = quota(rule.quota, all);
    if u64::try_from(input.given.special.len()).is_ok_and(|listed| listed <= quota) {
        return Ok(());
    }
    check_ids(cases)?;
    let listed = |row: &usize| input.given.special.get(&cases.case_id[*row]).is_some_and(counts);
    let mut ids: Vec<&str> = of_year().filter(listed).map(|row| &cases.case_id[row]).collect();
    ids.sort_unstable();
    let listed = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    if listed <= quota {
        return Ok(());
    }
    let over = ids.iter().skip(usize::try_from(quota).unwrap_or(usize::MAX));
    Err(Error::SpecialOverQuota {
        scenario: input.name.clone(),
        listed,
        quota,
        share: rule.quota,
        cases: all,
        over: over.take(5).map(|id| (*id).to_owned()).collect(),
    })
}

/// The tables of one scenario: `special_candidate` and, where cases are listed, `special` and
/// `special_case`; none without `[special]`.
///
/// # Errors
/// [`Error::CaseIds`] where the cases came without ids, and what [`decide_all`] refuses.
pub fn tables(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    outcome: &Outcome,
    threads: NonZeroUsize,
) -> Result<Vec<Table>, Error> {
    if input.policy.special.is_none() {
        return Ok(Vec::new());
    }
    check_ids(cases)?;
    let mut tables: Vec<Table> = candidate_table(cases, input, outcome).into_iter().collect();
    if !input.given.special.is_empty() {
        let decisions = decide_all(cases, input, outcome, threads)?;
        tables.extend(ledger_table(cases, input, &decisions));
        tables.extend(case_table(cases, input, &decisions));
    }
    Ok(tables)
}

fn check_ids(cases: &Cases) -> Result<(), Error> {
    let with_id = cases.case_id.texts().filter(|id| !id.is_empty()).count();
    if with_id == cases.len() {
        Ok(())
    } else {
        Err(Error::CaseIds { cases: cases.len(), with_id })
    }
}

/// A case that qualifies.
struct Candidate {
    row: usize,
    reference_fen: Ratio,
    excess_fen: Ratio,
}

/// Table `special_candidate` of one scenario: the cases of the year that may be put before experts, the
/// largest excess first, ties by id: `scenario, rank, setl_id, pool, fixmedins_code, group_code, cost_yuan,
/// reference_yuan, times` (cost ÷ reference)`, excess_yuan` (cost − `over` × reference)`, listed` (`points`,
/// `item`, `refused`, or empty).
///
/// # Panics
/// If the cases came without ids.
#[must_use]
pub fn candidate_table(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    outcome: &Outcome,
) -> Option<Table> {
    let rule = input.policy.special.as_ref()?;
    let found = candidates(cases, input, rule, outcome);
    let rows = || found.iter().map(|one| one.row);
    let yuan = |fen: &Ratio| to_decimal(&(fen / ratio(100)), 2);
    let times =
        |one: &Candidate| to_decimal(&(ratio(cases.fee_fen[one.row]) / &one.reference_fen), PLACES);
    let listed = |row: usize| {
        input.given.special.get(&cases.case_id[row]).map_or("", |case| word(case.kind))
    };
    Some(
        Table::new("special_candidate")
            .with("scenario", Column::text(rows().map(|_| input.name.as_str())))
            .with("rank", Column::counts((1..).take(found.len()).map(|rank: i64| rank)))
            .with("setl_id", Column::text(rows().map(|row| &cases.case_id[row])))
            .with("pool", Column::text(rows().map(|row| pool_of(cases, input.policy, row))))
            .with("fixmedins_code", Column::text(rows().map(|row| institution_of(cases, row))))
            .with("group_code", Column::text(rows().map(|row| group_of(cases, row))))
            .with("cost_yuan", Column::yuan(rows().map(|row| cases.fee_fen[row])))
            .with(
                "reference_yuan",
                Column::decimals(2, found.iter().map(|one| yuan(&one.reference_fen))),
            )
            .with("times", Column::decimals(PLACES, found.iter().map(times)))
            .with("excess_yuan", Column::decimals(2, found.iter().map(|one| yuan(&one.excess_fen))))
            .with("listed", Column::text(rows().map(listed))),
    )
}

fn candidates(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    rule: &Special,
    outcome: &Outcome,
) -> Vec<Candidate> {
    let references = References::new(cases, input, rule, outcome);
    let over = exact(rule.over);
    let mut found = Vec::new();
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        let Some(reference_fen) = references.of(cases, row) else { continue };
        let excess_fen = ratio(cases.fee_fen[row]) - &over * &reference_fen;
        if excess_fen.is_positive() {
            found.push(Candidate { row, reference_fen, excess_fen });
        }
    }
    found.sort_by(|one, two| {
        let id = |one: &Candidate| &cases.case_id[one.row];
        two.excess_fen.cmp(&one.excess_fen).then_with(|| id(one).cmp(id(two)))
    });
    found
}

/// What fees are compared with, in fen, by pool and group.
struct References<'a> {
    policy: &'a Policy,
    /// By group; `None` for one that has no reference.
    by_group: Vec<Option<Ratio>>,
    /// Factor of each pool on `by_group`.
    by_pool: BTreeMap<String, Ratio>,
}

impl<'a> References<'a> {
    fn new(cases: &Cases, input: &ScenarioInput<'a>, rule: &Special, outcome: &Outcome) -> Self {
        let groups = input.catalog.map_or(&[][..], |catalog| &catalog.groups);
        let known: BTreeMap<&str, _> =
            groups.iter().map(|group| (group.group_code.as_str(), group)).collect();
        let value = |code: &String| -> Option<Ratio> {
            let group = known.get(code.as_str()).filter(|group| !group.mean.is_zero())?;
            let value = match rule.reference {
                SpecialReference::Mean => exact(group.mean) * ratio(100),
                SpecialReference::Standard => group.points?.to_ratio(),
            };
            value.is_positive().then_some(value)
        };
        let year = |row: &&PoolRow| row.period == YEAR;
        let by_pool = outcome.pools.iter().filter(year).filter_map(|row| {
            let factor = match rule.reference {
                SpecialReference::Mean => ratio(1),
                SpecialReference::Standard => settlement_value_fen(row)?,
            };
            Some((row.pool.clone(), factor))
        });
        Self {
            policy: input.policy,
            by_group: cases.groups.iter().map(value).collect(),
            by_pool: by_pool.collect(),
        }
    }

    fn of(&self, cases: &Cases, row: usize) -> Option<Ratio> {
        let group = cases.group[row];
        let group = if group == UNGROUPED { None } else { self.by_group.get(group as usize) };
        let factor = self.by_pool.get(pool_of(cases, self.policy, row))?;
        Some(group?.as_ref()? * factor)
    }
}

/// 6.6: fen of cost money per point: (what points were paid ÷ payment ratio) ÷ points.
fn settlement_value_fen(row: &PoolRow) -> Option<Ratio> {
    let points = fraction(row.points?, crate::units::Points::PER_POINT)?;
    if points.is_zero() || row.booked == Fen::ZERO {
        return None;
    }
    let paid = row.entitlement.to_ratio() - row.item_paid.to_ratio();
    Some(paid / points * row.cost.to_ratio() / row.booked.to_ratio())
}

fn word(kind: SpecialKind) -> &'static str {
    match kind {
        SpecialKind::Points(_) => "points",
        SpecialKind::Item => "item",
        SpecialKind::Add(_) => "add",
        SpecialKind::Refused => "refused",
    }
}

fn pool_of<'a>(cases: &'a Cases, policy: &Policy, row: usize) -> &'a str {
    match policy.budget.pools {
        crate::policy::model::Pools::One => ALL,
        crate::policy::model::Pools::Insutype => &cases.insutypes[usize::from(cases.insutype[row])],
    }
}

fn institution_of(cases: &Cases, row: usize) -> &str {
    &cases.institutions[cases.institution[row] as usize]
}

fn group_of(cases: &Cases, row: usize) -> &str {
    match cases.group[row] {
        UNGROUPED => UNGROUPED_CODE,
        at => &cases.groups[at as usize],
    }
}

/// What one institution has on the list.
#[derive(Default, Clone, Copy)]
struct Counted {
    cases: u64,
    applied: u64,
    approved: u64,
    approved_pay: i128,
    pay: i128,
}

/// Table `special` of one scenario (6.7): what each institution applied for and was granted, first the
/// whole area (empty code): `scenario, fixmedins_code, cases, quota` (area only)`, applied, approved,
/// cases_share` (approved ÷ cases)`, fund_yuan` (pay of the approved)`, fund_share` (of the pay of all its
/// cases). Points added for an invited expert are no special cases. `None` where nothing was listed.
///
/// # Panics
/// If the cases came without ids.
#[must_use]
pub fn ledger_table(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    decisions: &[Decision],
) -> Option<Table> {
    let rule = input.policy.special.as_ref()?;
    if input.given.special.is_empty() {
        return None;
    }
    let mut rows: BTreeMap<&str, Counted> = BTreeMap::new();
    for decision in decisions {
        let listed = input.given.special.get(&cases.case_id[decision.row]);
        let listed = listed.filter(|case| counts(case));
        let is_approved = listed.is_some_and(|case| case.kind != SpecialKind::Refused);
        for code in ["", institution_of(cases, decision.row)] {
            let row = rows.entry(code).or_default();
            row.cases = row.cases.saturating_add(1);
            row.pay = row.pay.saturating_add(decision.pay.0.into());
            if listed.is_some() {
                row.applied = row.applied.saturating_add(1);
            }
            if is_approved {
                row.approved = row.approved.saturating_add(1);
                row.approved_pay = row.approved_pay.saturating_add(decision.pay.0.into());
            }
        }
    }
    let share = |part: i128, whole: i128| to_decimal(&fraction(part, whole)?, PLACES);
    let of_area = |(code, row): (&&str, &Counted)| {
        code.is_empty().then(|| i64::try_from(quota(rule.quota, row.cases)).unwrap_or(i64::MAX))
    };
    let by_cases = rows.values().map(|row| share(row.approved.into(), row.cases.into()));
    let by_fund = rows.values().map(|row| share(row.approved_pay, row.pay));
    let fund = rows.values().map(|row| Some(row.approved_pay)).collect();
    Some(
        Table::new("special")
            .with("scenario", Column::text(rows.keys().map(|_| input.name.as_str())))
            .with("fixmedins_code", Column::text(rows.keys().copied()))
            .with("cases", Column::counts(rows.values().map(|row| row.cases)))
            .with("quota", Column::Whole(rows.iter().map(of_area).collect()))
            .with("applied", Column::counts(rows.values().map(|row| row.applied)))
            .with("approved", Column::counts(rows.values().map(|row| row.approved)))
            .with("cases_share", Column::decimals(PLACES, by_cases))
            .with("fund_yuan", Column::Decimal { places: 2, values: fund })
            .with("fund_share", Column::decimals(PLACES, by_fund)),
    )
}

/// Table `special_case` of one scenario: every listed case of the year with its outcome, ascending by id:
/// `scenario, setl_id, fixmedins_code, group_code, cost_yuan, fund_booked_yuan, outcome` (`points`, `item`,
/// `add`, `refused`)`, value` (points decided or added)`, pay_yuan, reviewer, reason`. `None` where nothing
/// was listed.
///
/// # Panics
/// If the cases came without ids.
#[must_use]
pub fn case_table(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    decisions: &[Decision],
) -> Option<Table> {
    let mut listed: Vec<(&Decision, &SpecialCase)> = decisions
        .iter()
        .filter_map(|one| Some((one, input.given.special.get(&cases.case_id[one.row])?)))
        .collect();
    listed.sort_by(|one, two| cases.case_id[one.0.row].cmp(&cases.case_id[two.0.row]));
    if listed.is_empty() {
        return None;
    }
    let rows = || listed.iter().map(|(decision, _)| decision.row);
    let value = |case: &SpecialCase| match case.kind {
        SpecialKind::Points(points) | SpecialKind::Add(points) => Some(points),
        SpecialKind::Item | SpecialKind::Refused => None,
    };
    Some(
        Table::new("special_case")
            .with("scenario", Column::text(rows().map(|_| input.name.as_str())))
            .with("setl_id", Column::text(rows().map(|row| &cases.case_id[row])))
            .with("fixmedins_code", Column::text(rows().map(|row| institution_of(cases, row))))
            .with("group_code", Column::text(rows().map(|row| group_of(cases, row))))
            .with("cost_yuan", Column::yuan(rows().map(|row| cases.fee_fen[row])))
            .with("fund_booked_yuan", Column::yuan(rows().map(|row| cases.fund_fen[row])))
            .with("outcome", Column::text(listed.iter().map(|(_, case)| word(case.kind))))
            .with("value", Column::decimals(PLACES, listed.iter().map(|(_, case)| value(case))))
            .with("pay_yuan", Column::yuan(listed.iter().map(|(decision, _)| decision.pay.0)))
            .with("reviewer", Column::text(listed.iter().map(|(_, case)| &*case.reviewer)))
            .with("reason", Column::text(listed.iter().map(|(_, case)| &*case.reason))),
    )
}
