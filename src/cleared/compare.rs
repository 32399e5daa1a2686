//! Cases of the sheet against cases here: what has to change to get from one to the other.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::Cause;
use super::bridge::Candidate;
use super::ratio::{Pair, shared};
use super::sheet::{Sheet, SheetCase};
use crate::policy::model::{BudgetSource, Pools};
use crate::settlement::cases::{Cases, UNGROUPED, flag};
use crate::settlement::decide::{CaseView, Pay, decide};
use crate::settlement::tariff::Tariff;
use crate::settlement::{ALL, Delta, Error, ScenarioInput};
use crate::units::{Fen, Points, exact};

/// What one case counts for before the pool is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contribution {
    /// Millionths of a point.
    pub points: i128,
    /// Pay by standard in fen.
    pub standard: i128,
    /// Paid as booked, in fen.
    pub item: i128,
    /// Paid for lines carved out of the fee, in fen (A47).
    pub carved: i128,
    /// Fund booked in fen.
    pub booked: i128,
    /// Fee in fen.
    pub fee: i128,
}

/// The contribution of every case of the input's year, by row.
///
/// # Errors
/// Those of [`Tariff::resolve`].
pub fn contributions(
    cases: &Cases,
    input: &ScenarioInput<'_>,
) -> Result<Vec<(usize, Contribution)>, Error> {
    let tariff = Tariff::resolve(input, cases)?;
    let rows = (0..cases.len()).filter(|row| cases.year[*row] == input.year);
    let contributions = rows.map(|row| {
        let mut own = Contribution {
            booked: cases.fund_fen[row].into(),
            fee: cases.fee_fen[row].into(),
            ..Contribution::default()
        };
        let judged = decide(&tariff, &CaseView::of(cases, row));
        own.carved = judged.carved.into();
        match judged.pay {
            Pay::Points(points) => own.points = points.into(),
            Pay::Standard(fen) => own.standard = fen.into(),
            Pay::Booked(fen) => own.item = fen.into(),
            // The settlement itself refuses such a case.
            Pay::Refused(_) => {}
        }
        (row, own)
    });
    Ok(contributions.collect())
}

impl Contribution {
    /// What the sheet makes of a case that is here as `own`.
    fn on_sheet(case: &SheetCase, own: Self) -> Self {
        let booked = case.booked.map_or(own.booked, |fen| fen.0.into());
        let amount: i128 = case.amount.map_or(0, |fen| fen.0.into());
        Self {
            points: case.points.map_or(0, |points| points.0.into()),
            standard: if case.is_item { 0 } else { amount },
            item: if case.is_item { amount } else { 0 },
            carved: own.carved,
            booked,
            fee: own.fee,
        }
    }

    /// Whether both are paid the same way: points, a standard, or as booked.
    fn same_kind(&self, other: &Self) -> bool {
        let kind = |one: &Self| [one.points, one.standard, one.item].map(|part| part != 0);
        kind(self) == kind(other)
    }

    /// The number that a multiple would multiply.
    fn value(&self) -> i128 {
        if self.points != 0 { self.points } else { self.standard }
    }
}

/// One thing that is changed to what the sheet shows.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) cause: Cause,
    pub(super) pool: String,
    pub(super) fixmedins_code: String,
    pub(super) key: String,
    pub(super) sheet: String,
    pub(super) own: String,
    pub(super) change: Change,
}

/// What a step changes.
#[derive(Debug)]
pub(super) enum Change {
    Sums(Vec<Delta>),
    Budget((String, String), Fen),
}

/// Cases of one candidate with what the sheet knows of them.
pub(super) struct Compared<'a> {
    candidate: &'a Candidate<'a>,
    sheet: &'a Sheet,
    unit: i128,
}

/// A case on both sides whose points or standard differ or could.
struct Both<'a> {
    row: usize,
    id: &'a str,
    own: Contribution,
    wanted: Contribution,
    /// The value after the multiples found so far.
    base: i128,
}

/// What a multiple holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Institution(u32),
    Group(u32),
}

impl<'a> Compared<'a> {
    pub(super) fn new(candidate: &'a Candidate<'a>, sheet: &'a Sheet) -> Self {
        let places = candidate.input.catalog.map_or(Points::PLACES, |catalog| catalog.places);
        let shift = Points::PLACES.saturating_sub(places);
        Self { candidate, sheet, unit: 10i128.checked_pow(shift).unwrap_or(1) }
    }

    /// All steps, in their order. `budgets` is the money of the settlement by pool and period.
    pub(super) fn steps(
        &self,
        budgets: &BTreeMap<(String, String), Fen>,
    ) -> Result<Vec<Step>, Error> {
        let mut steps = Vec::new();
        if !self.sheet.cases.is_empty() {
            let own = contributions(self.candidate.cases, &self.candidate.input)?;
            self.claims(&own, &mut steps);
            let mut both = self.both(&own, &mut steps);
            self.multiples(&mut both, &mut steps);
            self.rest(&both, &mut steps);
        }
        for (key, wanted) in &self.sheet.budgets {
            // What a contract is given of head budgets is no input: the sheet's amount is named, and what
            // it moves stays unexplained. The money of all of them is one.
            let input = &self.candidate.input;
            let own = budgets.get(key).or_else(|| input.budgets.get(key)).copied();
            let is_waterfall = matches!(input.policy.budget.source, BudgetSource::Waterfall(_));
            let change = if is_waterfall || input.budgets.contains_key(key) {
                Change::Budget(key.clone(), *wanted)
            } else {
                Change::Sums(Vec::new())
            };
            if own != Some(*wanted) {
                steps.push(Step {
                    cause: Cause::Budget,
                    pool: key.0.clone(),
                    fixmedins_code: String::new(),
                    key: key.1.clone(),
                    sheet: wanted.to_string(),
                    own: own.map_or_else(String::new, |own| own.to_string()),
                    change,
                });
            }
        }
        Ok(steps)
    }

    /// Claims that one side does not have.
    fn claims(&self, own: &[(usize, Contribution)], steps: &mut Vec<Step>) {
        let cases = self.candidate.cases;
        let ids: BTreeMap<&str, (usize, &Contribution)> =
            own.iter().map(|(row, own)| (&cases.case_id[*row], (*row, own))).collect();
        for (id, case) in &self.sheet.cases {
            if ids.contains_key(id.as_str()) {
                continue;
            }
            let insutype = match case.insutype.as_str() {
                "" => cases.insutypes.first().cloned().unwrap_or_default(),
                known => known.to_owned(),
            };
            let wanted = Contribution::on_sheet(case, Contribution::default());
            let delta = Delta {
                institution: case.fixmedins_code.clone(),
                part: Some(case.signed.clone()).filter(|signed| cases.parts.contains(signed)),
                month: case.month,
                cases: 1,
                ..delta(&Contribution::default(), &wanted, insutype.clone())
            };
            // Signed with somebody that nobody is signed with here: named, but it has no place.
            let has_place =
                case.signed.is_empty() || delta.part.is_some() || cases.parts.is_empty();
            let deltas = if has_place { vec![delta] } else { Vec::new() };
            steps.push(Step {
                cause: Cause::ClaimMissing,
                pool: self.pool(&insutype),
                fixmedins_code: case.fixmedins_code.clone(),
                key: id.clone(),
                sheet: self.shown(&wanted),
                own: String::new(),
                change: Change::Sums(deltas),
            });
        }
        for (id, (row, own)) in ids {
            if self.sheet.cases.contains_key(id) {
                continue;
            }
            let late = cases.flags[row] & flag::LATE != 0;
            let mut delta = self.delta(row, own, &Contribution::default());
            delta.cases = -1;
            let cause = if late { Cause::ClaimLate } else { Cause::ClaimExtra };
            steps.push(self.step(cause, row, id, (String::new(), self.shown(own)), vec![delta]));
        }
    }

    /// Cases on both sides, those whose booked money differs apart: a refund that one side has taken off.
    fn both<'s>(&'s self, own: &[(usize, Contribution)], steps: &mut Vec<Step>) -> Vec<Both<'s>> {
        let cases = self.candidate.cases;
        let mut both = Vec::new();
        let mut refunds = BTreeMap::new();
        for (row, own) in own {
            let id = &cases.case_id[*row];
            let Some(case) = self.sheet.cases.get(id) else { continue };
            let wanted = Contribution::on_sheet(case, *own);
            if wanted.booked == own.booked {
                both.push(Both { row: *row, id, own: *own, wanted, base: own.value() });
            } else {
                refunds.insert(id, (*row, *own, wanted));
            }
        }
        for (id, (row, own, wanted)) in refunds {
            let booked = |one: &Contribution| Fen(i64::try_from(one.booked).unwrap_or(i64::MAX));
            let shown = (booked(&wanted).to_string(), booked(&own).to_string());
            let deltas = vec![self.delta(row, &own, &wanted)];
            steps.push(self.step(Cause::Refund, row, id, shown, deltas));
        }
        both.sort_by_key(|case| case.id);
        both
    }

    /// Multiples that most cases of an institution or group share, the one that explains most first.
    fn multiples(&self, both: &mut [Both<'_>], steps: &mut Vec<Step>) {
        let mut found: Vec<(Of, Decimal)> = Vec::new();
        while let Some((of, multiple)) = self.next_multiple(both, &found) {
            for case in both.iter_mut().filter(|case| self.holds(of, case)) {
                case.base = self.pair(case).times(&exact(multiple));
            }
            found.push((of, multiple));
        }
        // Coefficients first, whatever was found first.
        found.sort_unstable();
        for case in both.iter_mut() {
            case.base = case.own.value();
        }
        for (at, (of, multiple)) in found.iter().enumerate() {
            let mut deltas = Vec::new();
            for case in both.iter_mut().filter(|case| self.holds(*of, case)) {
                let before = case.base;
                case.base = self.pair(case).times(&exact(*multiple));
                let later = found.iter().skip(at.saturating_add(1));
                let is_last = !later.clone().any(|(of, _)| self.holds(*of, case));
                let gap = case.wanted.value().saturating_sub(case.base);
                if is_last && gap.abs() <= self.step_of(case).saturating_mul(2) {
                    case.base = case.wanted.value();
                }
                let mut delta = self.delta(case.row, &case.own, &case.own);
                let change = case.base.saturating_sub(before);
                let part =
                    if case.own.points == 0 { &mut delta.standard } else { &mut delta.points };
                *part = change;
                deltas.push(delta);
            }
            steps.push(self.multiple(*of, *multiple, deltas));
        }
    }

    fn next_multiple(&self, both: &[Both<'_>], found: &[(Of, Decimal)]) -> Option<(Of, Decimal)> {
        let cases = self.candidate.cases;
        let mut pairs: BTreeMap<Of, (usize, Vec<Pair>)> = BTreeMap::new();
        for case in both.iter().filter(|case| self.is_open(case)) {
            let places =
                [Of::Institution(cases.institution[case.row]), Of::Group(cases.group[case.row])];
            let pair = self.pair(case);
            for of in places.into_iter().filter(|of| *of != Of::Group(UNGROUPED)) {
                let (unequal, pairs) = pairs.entry(of).or_default();
                pairs.push(pair);
                *unequal = unequal.saturating_add(usize::from(pair.own != pair.wanted));
            }
        }
        let known: BTreeSet<Of> = found.iter().map(|(of, _)| *of).collect();
        let mut best: Option<(usize, Of, Decimal)> = None;
        for (of, (unequal, pairs)) in pairs {
            // Only a multiple of most cases counts, so most have to differ.
            if known.contains(&of) || unequal.saturating_mul(2) <= pairs.len() {
                continue;
            }
            let Some((multiple, count)) = shared(&pairs) else { continue };
            if best.is_none_or(|(most, ..)| count > most) {
                best = Some((count, of, multiple));
            }
        }
        best.map(|(_, of, multiple)| (of, multiple))
    }

    /// Whether a multiple could explain the case.
    fn is_open(&self, case: &Both<'_>) -> bool {
        case.own.same_kind(&case.wanted) && case.own.item == 0 && case.own.value() != 0
    }

    fn holds(&self, of: Of, case: &Both<'_>) -> bool {
        let cases = self.candidate.cases;
        self.is_open(case)
            && match of {
                Of::Institution(at) => cases.institution[case.row] == at,
                Of::Group(at) => cases.group[case.row] == at,
            }
    }

    fn step_of(&self, case: &Both<'_>) -> i128 {
        if case.own.points == 0 { 1 } else { self.unit }
    }

    fn pair(&self, case: &Both<'_>) -> Pair {
        Pair { own: case.base, wanted: case.wanted.value(), unit: self.step_of(case) }
    }

    fn multiple(&self, of: Of, multiple: Decimal, deltas: Vec<Delta>) -> Step {
        let cases = self.candidate.cases;
        let mut step = Step {
            cause: Cause::Coefficient,
            pool: String::new(),
            fixmedins_code: String::new(),
            key: String::new(),
            sheet: multiple.to_string(),
            own: Decimal::ONE.to_string(),
            change: Change::Sums(deltas),
        };
        match of {
            Of::Institution(at) => {
                step.fixmedins_code.clone_from(&cases.institutions[at as usize]);
            }
            Of::Group(at) => {
                step.cause = Cause::GroupPoints;
                step.key.clone_from(&cases.groups[at as usize]);
            }
        }
        step
    }

    /// Single cases that are worth something else on the sheet; less than a step of the numbers is
    /// rounding.
    fn rest(&self, both: &[Both<'_>], steps: &mut Vec<Step>) {
        for case in both {
            let mut now = case.own;
            if self.is_open(case) {
                let value = if now.points == 0 { &mut now.standard } else { &mut now.points };
                *value = case.base;
            }
            if now == case.wanted {
                continue;
            }
            let gap = case.wanted.value().saturating_sub(now.value());
            let is_rounding = self.is_open(case) && gap.abs() <= self.step_of(case);
            let cause = if is_rounding { Cause::Rounding } else { Cause::Unexplained };
            let shown = (self.shown(&case.wanted), self.shown(&now));
            let deltas = vec![self.delta(case.row, &now, &case.wanted)];
            steps.push(self.step(cause, case.row, case.id, shown, deltas));
        }
    }

    fn step(
        &self,
        cause: Cause,
        row: usize,
        id: &str,
        (sheet, own): (String, String),
        deltas: Vec<Delta>,
    ) -> Step {
        let cases = self.candidate.cases;
        Step {
            cause,
            pool: self.pool(&cases.insutypes[usize::from(cases.insutype[row])]),
            fixmedins_code: cases.institutions[cases.institution[row] as usize].clone(),
            key: id.to_owned(),
            sheet,
            own,
            change: Change::Sums(deltas),
        }
    }

    fn pool(&self, insutype: &str) -> String {
        match self.candidate.input.policy.budget.pools {
            Pools::One => ALL.to_owned(),
            Pools::Insutype => insutype.to_owned(),
        }
    }

    /// From one contribution of a case here to another.
    fn delta(&self, row: usize, from: &Contribution, to: &Contribution) -> Delta {
        let cases = self.candidate.cases;
        let insutype = cases.insutypes[usize::from(cases.insutype[row])].clone();
        Delta {
            institution: cases.institutions[cases.institution[row] as usize].clone(),
            part: part_of(cases, row),
            month: cases.month[row],
            ..delta(from, to, insutype)
        }
    }

    /// Points, or the amount in yuan.
    fn shown(&self, one: &Contribution) -> String {
        if one.points != 0 {
            let points = i64::try_from(one.points).unwrap_or(i64::MAX);
            return Points(points).to_decimal().normalize().to_string();
        }
        let amount = one.standard.saturating_add(one.item);
        Fen(i64::try_from(amount).unwrap_or(i64::MAX)).to_string()
    }
}

fn delta(from: &Contribution, to: &Contribution, insutype: String) -> Delta {
    Delta {
        insutype,
        fee: to.fee.saturating_sub(from.fee),
        booked: to.booked.saturating_sub(from.booked),
        points: to.points.saturating_sub(from.points),
        standard: to.standard.saturating_sub(from.standard),
        item: to.item.saturating_sub(from.item),
        carved: to.carved.saturating_sub(from.carved),
        ..Delta::default()
    }
}

/// The institution that the person of a case is signed with.
fn part_of(cases: &Cases, row: usize) -> Option<String> {
    cases.parts.get(*cases.part.get(row)? as usize).cloned()
}
