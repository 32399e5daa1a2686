//! What an institution is paid, from the money of its pools to the balance of the year.

use std::collections::BTreeSet;

use crate::policy::model::{
    Basis, CapBase, Cite, PayMethod, ShareBy, Value as PointValue, ValueMethod,
};
use crate::settlement::ScenarioInput;
use crate::settlement::outcome::{
    CompensationRow, InstitutionRow, LedgerLine, LineKind, MonthRow, Outcome, PartRow, PoolRow,
};
use crate::settlement::pool::{YEAR, periods};
use crate::trail::{Section, Step, Trail, Value};
use crate::units::{Fen, Ratio, exact, fraction, ratio};

use super::{part, trail};

/// What an institution is paid in every pool it is in; `None` if it is in none.
#[must_use]
pub fn explain_institution(
    input: &ScenarioInput<'_>,
    outcome: &Outcome,
    code: &str,
) -> Option<Trail> {
    let mut rows = outcome.institutions.iter().filter(|row| row.fixmedins_code == code).peekable();
    rows.peek()?;
    let mut trail = trail("institution", code, input);
    let mut paid = Vec::new();
    for row in rows {
        let one = InPool { input, outcome, row };
        trail.sections.extend(one.waterfall());
        for (period, _) in periods(input.policy.budget.period) {
            let Some(pool) = one.pool(period) else { continue };
            let which = format!("{} {period}", row.pool);
            trail.sections.push(Section::of("pool_money", one.money(pool)).which(which.clone()));
            trail.sections.push(Section::of("entitlement", one.entitled(pool)).which(which));
        }
        trail.sections.push(Section::of("months", one.months()).which(row.pool.clone()));
        trail.sections.push(Section::of("year_end", one.year_end()).which(row.pool.clone()));
        trail.sections.push(Section::of("balance", one.balance()).which(row.pool.clone()));
        paid.push(row.paid);
    }
    let total = Fen(paid.iter().map(|fen| fen.0).sum());
    let pools = vec![("pools", Value::List(paid.into_iter().map(money).collect()))];
    let total = Step::of("paid", money(total)).by("sum(pools)", pools).reading("R27");
    trail.sections.push(Section::of("total", vec![total]));
    Some(trail)
}

fn money(fen: Fen) -> Value {
    Value::Money(fen)
}

fn yuan(fen: &Ratio) -> Value {
    Value::Yuan(fen * fraction(1, 100).unwrap_or_default())
}

/// One institution in one pool.
struct InPool<'a> {
    input: &'a ScenarioInput<'a>,
    outcome: &'a Outcome,
    row: &'a InstitutionRow,
}

impl InPool<'_> {
    fn pool(&self, period: &str) -> Option<&PoolRow> {
        let mut rows = self.outcome.pools.iter();
        rows.find(|row| row.pool == self.row.pool && row.period == period)
    }

    /// Every line of the institution in the pool.
    fn all_lines(&self) -> impl Iterator<Item = &LedgerLine> {
        let own = |line: &&LedgerLine| {
            line.pool == self.row.pool && line.fixmedins_code == self.row.fixmedins_code
        };
        self.outcome.ledger.iter().filter(own)
    }

    /// Lines up to what is paid: what stands in the balance only is no part of it (R27).
    fn lines(&self) -> impl Iterator<Item = &LedgerLine> {
        self.all_lines().filter(|line| !line.kind.is_of_balance())
    }

    /// Lines before the year end in one period.
    fn lines_of(&self, period: &str) -> Vec<&LedgerLine> {
        let early = |line: &&LedgerLine| line.period == period && !is_year_end(line.kind);
        self.lines().filter(early).collect()
    }

    fn pays_points(&self) -> bool {
        self.input.policy.payment.method == PayMethod::Points
    }

    /// The part of a policy with head budgets that the pool is.
    fn part(&self) -> Option<&PartRow> {
        self.outcome.parts.iter().find(|part| part.part == self.row.pool)
    }

    /// From the budget to what is divided (A24, J04, Y29).
    fn money(&self, pool: &PoolRow) -> Vec<Step> {
        let by_head = self.part().and_then(|part| part::money(self.input, self.outcome, part));
        if let Some(steps) = by_head {
            return steps;
        }
        let policy = self.input.policy;
        let (sharing, budget) = (&policy.sharing, &policy.budget);
        let is_surplus = pool.budget >= pool.booked;
        let (path, share) = if is_surplus {
            ("sharing.surplus", sharing.surplus)
        } else {
            ("sharing.overspend", sharing.overspend)
        };
        let (all, booked) = (("budget", money(pool.budget)), ("booked", money(pool.booked)));
        let distributable = ("distributable", money(pool.distributable));
        let item_paid = ("item_paid", money(pool.item_paid));
        let divided = Fen(pool.distributable.0.saturating_sub(pool.item_paid.0));
        let mut steps = vec![
            Step::of("budget", all.1.clone()).at("budget.source", &budget.cite),
            Step::of("booked", booked.1.clone()),
            Step::of("distributable", distributable.1.clone())
                .by(
                    "round2(booked + share_of_side × (budget − booked))",
                    vec![booked, ("share_of_side", Value::Decimal(share)), all],
                )
                .at(path, &sharing.cite),
            Step::of("item_paid", item_paid.1.clone()),
            Step::of("divided", money(divided))
                .by("distributable − item_paid", vec![distributable.clone(), item_paid.clone()]),
        ];
        match (pool.points, pool.standard_paid) {
            (Some(points), _) => steps.extend(self.point_value(pool, divided, points)),
            (None, Some(standard)) => {
                let standard_all = ("standard_all", money(standard));
                let wanted = pool.item_paid.0.saturating_add(standard.0);
                let overspent = wanted > pool.distributable.0;
                let (word, symbols) = if overspent {
                    ("overspent", "item_paid + standard_all > distributable")
                } else {
                    ("not_overspent", "item_paid + standard_all ≤ distributable")
                };
                steps.push(Step::of("standard_all", standard_all.1.clone()));
                steps.push(
                    Step::of("state", Value::Word(word))
                        .by(symbols, vec![item_paid, standard_all.clone(), distributable])
                        .at("budget.source", &budget.cite),
                );
                if let Some(factor) = pool.floating_factor.filter(|_| overspent) {
                    let inputs = vec![("divided", money(divided)), standard_all];
                    let step = Step::of("floating_factor", Value::Decimal(factor));
                    steps.push(step.by("round4(divided ÷ standard_all)", inputs).reading("A46"));
                }
            }
            (None, None) => {}
        }
        steps
    }

    /// The printed value of a point: information, never used again (A46).
    fn point_value(&self, pool: &PoolRow, divided: Fen, points: i128) -> Vec<Step> {
        let budget = &self.input.policy.budget;
        let all = ("points_all", Value::millionths(points));
        let mut steps = vec![Step::of("points_all", all.1.clone())];
        let Some(value) = pool.point_value else { return steps };
        if let Some(rule) = self.value() {
            steps.push(Step::of("point_value", Value::yuan(value)).at("value.method", &rule.cite));
            return steps;
        }
        let mut inputs = vec![("divided", money(divided)), all];
        let symbols = match budget.basis {
            Basis::Fund => "round4(divided ÷ points_all)",
            Basis::TotalCost => {
                inputs.push(("cost", money(pool.cost)));
                inputs.push(("booked", money(pool.booked)));
                "round4(divided × cost ÷ booked ÷ points_all)"
            }
        };
        let step = Step::of("point_value", Value::yuan(value)).by(symbols, inputs);
        steps.push(step.at("budget.basis", &budget.cite).reading("A46"));
        steps
    }

    /// The rule of a value that does not float (E11).
    fn value(&self) -> Option<&PointValue> {
        let rule = self.input.policy.value.as_ref();
        rule.filter(|rule| rule.method != ValueMethod::Floating)
    }

    /// From the income of the year to the budget (3.1).
    fn waterfall(&self) -> Option<Section> {
        let rows = self.outcome.waterfall.iter().filter(|row| row.pool == self.row.pool);
        let mut steps = Vec::new();
        for row in rows {
            let mut step = Step::of("left", money(row.left));
            if let Some(amount) = row.amount {
                step = Step::of("waterfall_line", money(amount));
            }
            step.clause.clone_from(&row.clause);
            step.reading.clone_from(&row.reading);
            steps.push(step.which(row.name.clone()));
        }
        let section = Section::of("waterfall", steps).which(self.row.pool.clone());
        (!section.steps.is_empty()).then_some(section)
    }

    /// What the compensation pool gives of an overspend (Y33, 3.3, R22).
    fn compensation(&self) -> Vec<Step> {
        let of_pool = |row: &&CompensationRow| row.pool == self.row.pool;
        let mut rows = self.outcome.compensation.iter().filter(of_pool);
        let own = rows.clone().find(|row| row.fixmedins_code == self.row.fixmedins_code);
        let opening = rows.find(|row| row.line == "opening").map_or(Fen::ZERO, |row| row.amount);
        let Some(own) = own else { return Vec::new() };
        let (Some(excess), Some(limit), Some(reasonable)) = (own.excess, own.limit, own.reasonable)
        else {
            return Vec::new();
        };
        let rule = self.input.policy.compensation.as_ref();
        let cite = rule.map(|rule| rule.cite.clone()).unwrap_or_default();
        let inputs = vec![("excess", money(excess)), ("limit", money(limit))];
        vec![
            Step::of("compensation_pool", money(opening)).at("compensation", &cite),
            Step::of("excess", money(excess)).at("compensation.limit", &cite).reading("R22"),
            Step::of("reasonable", money(reasonable))
                .by("max(min(excess, limit), 0)", inputs)
                .at("compensation.limit", &cite),
        ]
    }

    /// Points of the institution in the months of a period, in millionths.
    fn points_of(&self, period: &str) -> i128 {
        let found = periods(self.input.policy.budget.period).iter();
        let months = found.filter(|(name, _)| *name == period).map(|(_, months)| months);
        let months: BTreeSet<usize> = months.flat_map(Clone::clone).collect();
        let own = self.outcome.months.iter().filter(|row| {
            row.pool == self.row.pool
                && row.fixmedins_code == self.row.fixmedins_code
                && months.contains(&usize::from(row.month))
        });
        own.map(|row| row.points).sum()
    }

    /// From its points or standards to its entitlement in one period, and the lines that make it.
    fn entitled(&self, pool: &PoolRow) -> Vec<Step> {
        let lines = self.lines_of(&pool.period);
        let total: i64 = lines.iter().map(|line| line.amount.0).sum();
        let items = lines.iter().filter(|line| is_item(line.kind)).map(|line| line.amount.0).sum();
        let part = Fen(total.saturating_sub(items));
        let mut steps = match (self.pays_points(), self.input.policy.sharing.by) {
            (true, ShareBy::Points) if self.value().is_some() => Vec::new(),
            // A unit receives what is left of its part, whatever its points (A26).
            _ if self.part().is_some_and(|part| part.points.is_none()) => Vec::new(),
            (true, ShareBy::Points) => {
                let own = self.points_of(&pool.period);
                let all = pool.points.unwrap_or(0);
                let symbols = ("points_own", "points_all");
                let weights = (Value::millionths(own), Value::millionths(all));
                self.share(pool, (symbols, weights), part)
            }
            (false, _) => self.share_by_standard(pool, &lines, part),
            (true, ShareBy::KeepsBooked | ShareBy::OwnExcess) => Vec::new(),
        };
        let mut amounts = Vec::with_capacity(lines.len());
        for line in lines {
            amounts.push(money(line.amount));
            steps.push(ledger_step(line));
        }
        let entitlement = Step::of("entitlement", money(Fen(total)));
        steps.push(
            entitlement.by("sum(ledger_lines)", vec![("ledger_lines", Value::List(amounts))]),
        );
        steps
    }

    fn share_by_standard(&self, pool: &PoolRow, lines: &[&LedgerLine], part: Fen) -> Vec<Step> {
        // What clearing by days changes stands in E (A17).
        let of_standard = [LineKind::StandardPaid, LineKind::DayClearing];
        let own = lines.iter().filter(|line| of_standard.contains(&line.kind));
        let own = Fen(own.map(|line| line.amount.0).sum());
        let all = pool.standard_paid.unwrap_or(Fen::ZERO);
        let wanted = pool.item_paid.0.saturating_add(all.0);
        if wanted <= pool.distributable.0 {
            let inputs = vec![("standard_own", money(own))];
            return vec![Step::of("share", money(part)).by("standard_own", inputs)];
        }
        let symbols = ("standard_own", "standard_all");
        self.share(pool, (symbols, (money(own), money(all))), part)
    }

    /// Its exact share of what is divided, and the fen it gets: floored, with a fen left over where its
    /// remainder is among the largest (12.0).
    fn share(
        &self,
        pool: &PoolRow,
        ((own, all), weights): ((&'static str, &'static str), (Value, Value)),
        part: Fen,
    ) -> Vec<Step> {
        let divided = Fen(pool.distributable.0.saturating_sub(pool.item_paid.0));
        let numbers = weights.0.number().zip(weights.1.number());
        let Some((mine, everybodys)) = numbers.filter(|(_, all)| *all != ratio(0)) else {
            return Vec::new();
        };
        let share = divided.to_ratio() * mine / everybodys;
        let left = Fen::floor(&share).map_or(0, |fen| part.0.saturating_sub(fen.0));
        let payment = &self.input.policy.payment.cite;
        let inputs = vec![("divided", money(divided)), (own, weights.0), (all, weights.1)];
        vec![
            Step::of(own, inputs[1].1.clone()),
            Step::of("exact_share", yuan(&share))
                .by(format!("divided × {own} ÷ {all}"), inputs)
                .at("payment.method", payment),
            Step::of("share", money(part))
                .by(
                    "floor2(exact_share) + left_fen",
                    vec![("exact_share", yuan(&share)), ("left_fen", money(Fen(left)))],
                )
                .reading("A46"),
        ]
    }

    /// What was booked in each month, and its points.
    fn months(&self) -> Vec<Step> {
        let own = self.outcome.months.iter().filter(|row| {
            row.pool == self.row.pool && row.fixmedins_code == self.row.fixmedins_code
        });
        let mut steps = Vec::new();
        let mut amounts = Vec::new();
        for row in own {
            amounts.push(money(row.booked));
            let step = Step::of("booked", money(row.booked)).which(row.month.to_string());
            steps.push(step.reading("A44"));
            if row.advance != Fen::ZERO {
                steps.extend(self.advance(row));
            }
        }
        let total = Step::of("booked", money(self.row.booked));
        steps.push(total.by("sum(months)", vec![("months", Value::List(amounts))]));
        steps
    }

    /// Entitlement → cap → assessment → … → paid (R27), line by line.
    fn year_end(&self) -> Vec<Step> {
        let row = self.row;
        let mut steps = vec![Step::of("entitlement", money(row.entitlement))];
        steps.extend(self.cap());
        let mut before = row.entitlement;
        for line in self.lines().filter(|line| is_year_end(line.kind)) {
            let after = Fen(before.0.saturating_add(line.amount.0));
            if line.kind == LineKind::OverspendShare {
                steps.extend(self.compensation());
            }
            steps.push(self.change(line, before));
            let inputs = vec![("before", money(before)), ("change", money(line.amount))];
            steps.push(Step::of("after", money(after)).by("before + change", inputs));
            before = after;
        }
        let amounts = self.lines().map(|line| money(line.amount)).collect();
        let lines = vec![("ledger_lines", Value::List(amounts))];
        let (paid, booked) = (("paid", money(row.paid)), ("booked", money(row.booked)));
        let surplus = ("surplus", money(row.surplus));
        steps.push(
            Step::of("surplus", surplus.1.clone()).by("paid − booked", vec![paid.clone(), booked]),
        );
        if let Some(rate) = row.surplus_rate {
            let step = Step::of("surplus_rate", Value::Decimal(rate));
            steps.push(
                step.by("round4(surplus ÷ paid)", vec![surplus, paid.clone()]).reading("R40"),
            );
        }
        steps.push(Step::of("paid", paid.1).by("sum(ledger_lines)", lines).reading("R27"));
        steps
    }

    /// What was pre-settled for a month, and what was kept back of it (A44, Y21).
    fn advance(&self, row: &MonthRow) -> Vec<Step> {
        let which = |step: Step| step.which(row.month.to_string());
        let monthly = self.input.policy.monthly.as_ref();
        let cite = monthly.map(|monthly| monthly.cite.clone()).unwrap_or_default();
        let (path, cite) = if row.given { ("", Cite::default()) } else { ("monthly", cite) };
        let advance = Step::of("advance", money(row.advance)).at(path, &cite);
        let advance = if row.given { advance.reading("R35") } else { advance };
        let inputs = vec![("advance", money(row.advance)), ("retention", money(row.retention))];
        let paid = Step::of("month_paid", money(row.paid)).by("advance − retention", inputs);
        vec![which(advance), which(paid.reading("R36"))]
    }

    /// From paid to what is left to transfer, line by line; below 0 it is owed to the fund (R27, A52).
    fn balance(&self) -> Vec<Step> {
        let mut steps = vec![Step::of("paid", money(self.row.paid))];
        let mut before = self.row.paid;
        for line in self.all_lines().filter(|line| line.kind.is_of_balance()) {
            let after = Fen(before.0.saturating_add(line.amount.0));
            let inputs = vec![("before", money(before)), ("change", money(line.amount))];
            let step = ledger_step(line);
            let step = if line.period == YEAR { step } else { step.which(line.period.clone()) };
            steps.push(step);
            steps.push(Step::of("after", money(after)).by("before + change", inputs));
            before = after;
        }
        let balance = Step::of("balance", money(self.row.balance.balance));
        steps.push(balance.by("before", vec![("before", money(before))]).reading("A52"));
        steps
    }

    /// The most it may be paid (A21).
    fn cap(&self) -> Option<Step> {
        let cap = self.input.policy.surplus_cap.as_ref()?;
        let (rate, booked) = (exact(cap.rate), self.row.booked.to_ratio());
        let inputs = vec![
            ("booked", money(self.row.booked)),
            ("cap_rate", Value::Decimal(cap.rate)),
            ("cost", money(self.row.cost)),
        ];
        let (symbols, limit) = match cap.base {
            CapBase::Paid if rate >= ratio(1) => return None,
            CapBase::Paid => ("floor2(booked ÷ (1 − cap_rate))", booked / (ratio(1) - rate)),
            CapBase::Booked => ("floor2(booked × (1 + cap_rate))", booked * (ratio(1) + rate)),
            CapBase::Cost => {
                let limit = booked + rate * self.row.cost.to_ratio();
                ("floor2(booked + cap_rate × cost)", limit)
            }
        };
        let used = if cap.base == CapBase::Cost { 3 } else { 2 };
        let limit = Fen::floor(&limit).unwrap_or(Fen::ZERO);
        let step = Step::of("cap_limit", money(limit));
        let inputs = inputs.into_iter().take(used).collect();
        Some(step.by(symbols, inputs).at("surplus_cap.rate", &cap.cite))
    }

    /// One line of the year end, with its formula where one number makes it.
    fn change(&self, line: &LedgerLine, before: Fen) -> Step {
        let step = ledger_step(line);
        if line.kind != LineKind::Assessment {
            return step;
        }
        let key = |pool: &str| (pool.to_owned(), line.fixmedins_code.clone());
        let assessments = &self.input.assessments;
        let given = assessments.get(&key(&line.pool)).or_else(|| assessments.get(&key("")));
        let Some(given) = given else { return step };
        let inputs = vec![
            ("before", money(before)),
            ("assessment_coefficient", Value::Decimal(given.coefficient)),
        ];
        step.by("round2(before × assessment_coefficient) − before", inputs)
    }
}

/// A line of the ledger as a step.
fn ledger_step(line: &LedgerLine) -> Step {
    let mut step = Step::of(line.kind.as_str(), money(line.amount));
    step.clause.clone_from(&line.clause);
    step.reading.clone_from(&line.reading);
    step
}

fn is_year_end(kind: LineKind) -> bool {
    kind >= LineKind::SurplusReturned
}

/// Cases and lines of fees that are paid as booked.
fn is_item(kind: LineKind) -> bool {
    kind < LineKind::Booked || matches!(kind, LineKind::PaidElsewhere | LineKind::PaidIneligible)
}
