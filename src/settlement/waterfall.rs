//! The budget waterfall (3.1): income − reserve − lines = the money to settle by; at the end of the
//! year the reserve tops up lines that ran short, and what is left of it is split (Z01–Z13).
//!
//! Every figure is a row of table `waterfall`. What does not reach the settlement is a ledger line of
//! the fund, so that the lines of a pool sum to its income.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use num_traits::Signed;

use crate::policy::model::{Cite, LineForm, Shortfall, Waterfall, WaterfallLine};
use crate::units::{Fen, Ratio, exact, ratio};

use super::clearing::difference;
use super::error::{Error, Place};
use super::items::Items;
use super::money_error::MoneyError;
use super::outcome::{LineKind, WaterfallRow};

/// A line of the fund beside the settlement.
pub(super) type Beside = (LineKind, Fen, Cite);

/// A waterfall from income to the money that institutions get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawn {
    /// Premium income: what the ledger of the pool sums to.
    pub(super) income: Fen,
    /// B6, what the months are paid by (R10).
    pub(super) settle: Fen,
    /// T = B6 + the settlement's share of what is left of the reserve (Z12).
    pub(super) total: Fen,
    /// Q, the adjustment pool (Z13).
    pub(super) adjustment: Fen,
    /// Where the rest of the income goes.
    pub(super) beside: Vec<Beside>,
    pub(super) rows: Vec<WaterfallRow>,
    /// Items of actual spending that are missing, so that there is no year-end part (R31).
    pub(super) missing: Vec<String>,
}

/// Draws up the waterfall of one pool of table `budget`.
pub(super) fn draw(items: &Items<'_>, rule: &Waterfall) -> Result<Drawn, Error> {
    let mut draft = Draft { items, rule, rows: Vec::new(), beside: Vec::new() };
    let income = items.money("income")?;
    draft.row(
        ("income", "年度基本医疗保险费收入（不含利息收入）"),
        Some(income),
        income,
        "income",
        &rule.cite,
    );
    let reserve = draft.reserve(income)?;
    let mut left = draft.minus(income, reserve.0)?;
    draft.row(("reserve", "风险备用金"), Some(reserve.0), left, &reserve.1, &rule.cite);
    draft.beside.push((LineKind::Reserve, reserve.0, rule.cite.clone()));
    let mut budgets = Vec::with_capacity(rule.lines.len());
    for line in &rule.lines {
        let (amount, formula) = amount_of(items, line)?;
        if line.deducted {
            left = draft.minus(left, amount)?;
            draft.beside.push((LineKind::OtherBudget, amount, line.cite.clone()));
        }
        draft.row((&line.item, &line.name), Some(amount), left, &formula, &line.cite);
        budgets.push(amount);
    }
    if left < Fen::ZERO {
        return Err(MoneyError::IncomeExhausted {
            place: draft.place(),
            income,
            taken: draft.minus(income, left)?,
        }
        .into());
    }
    let settle = left;
    draft.row(("settle", "结算支出预算"), Some(settle), settle, "", &rule.cite);
    let missing: Vec<String> = rule
        .lines
        .iter()
        .filter_map(|line| line.actual.clone().filter(|actual| !items.has(actual)))
        .collect();
    let (total, adjustment) = if missing.is_empty() {
        draft.year_end(reserve.0, settle, &budgets)?
    } else {
        let formula = format!("{} missing", missing.join(", "));
        draft.row(("year_end", "年终调剂未作"), None, reserve.0, &formula, &rule.cite);
        (settle, Fen::ZERO)
    };
    let Draft { rows, beside, .. } = draft;
    let drawn = Drawn { income, settle, total, adjustment, beside, rows, missing };
    drawn.assert_whole();
    Ok(drawn)
}

impl Drawn {
    /// Income = what is settled + the adjustment pool + everything beside, to the fen (Z01, Z09).
    fn assert_whole(&self) {
        let beside = self.beside.iter().map(|(_, amount, _)| i128::from(amount.0));
        let settled = [self.total, self.adjustment].map(|fen| i128::from(fen.0));
        let spent: i128 = beside.chain(settled).sum();
        assert_eq!(spent, i128::from(self.income.0), "a waterfall gives out exactly its income");
    }
}

/// A waterfall while it is drawn up.
struct Draft<'a> {
    items: &'a Items<'a>,
    rule: &'a Waterfall,
    rows: Vec<WaterfallRow>,
    beside: Vec<Beside>,
}

impl Draft<'_> {
    fn place(&self) -> Box<Place> {
        self.items.place()
    }

    fn minus(&self, one: Fen, two: Fen) -> Result<Fen, Error> {
        difference(one, two).map_err(|source| self.items.divide(source))
    }

    fn sum(&self, parts: impl IntoIterator<Item = Fen>) -> Result<Fen, Error> {
        Fen::sum(parts).map_err(|source| self.items.divide(source))
    }

    fn nearest(&self, fen: &Ratio) -> Result<Fen, Error> {
        Fen::nearest(fen).map_err(|source| self.items.divide(source))
    }

    fn row(
        &mut self,
        (item, name): (&str, &str),
        amount: Option<Fen>,
        left: Fen,
        formula: &str,
        cite: &Cite,
    ) {
        self.rows.push(WaterfallRow {
            pool: self.items.pool().to_owned(),
            order: i64::try_from(self.rows.len()).unwrap_or(i64::MAX).saturating_add(1),
            item: item.to_owned(),
            name: name.to_owned(),
            amount,
            left,
            formula: formula.to_owned(),
            clause: cite.clause.clone().unwrap_or_default(),
            reading: cite.reading.clone().unwrap_or_default(),
        });
    }

    /// R and its formula (Z02, A29).
    fn reserve(&self, income: Fen) -> Result<(Fen, String), Error> {
        let item = self.rule.base.item();
        let base = if item == "income" { income } else { self.items.money(item)? };
        let reserve = self.nearest(&(base.to_ratio() * exact(self.rule.reserve)))?;
        Ok((reserve, format!("{item} {base} × {}", self.rule.reserve)))
    }

    /// Tops up, then splits what is left of the reserve (Z11–Z13, A31, A32, R31): T and Q.
    fn year_end(
        &mut self,
        reserve: Fen,
        settle: Fen,
        budgets: &[Fen],
    ) -> Result<(Fen, Fen), Error> {
        let rule = self.rule;
        let mut over = Vec::new();
        for (line, budget) in rule.lines.iter().zip(budgets) {
            if let Some(actual) = &line.actual {
                let spent = self.items.money(actual)?;
                over.push((
                    line,
                    format!("{actual} {spent} − {budget}"),
                    self.minus(spent, *budget)?,
                ));
            }
        }
        let mut left = reserve;
        let shortfall = match rule.shortfall {
            Shortfall::Gross => {
                for (line, formula, over) in &over {
                    let wanted = (*over).max(Fen::ZERO);
                    let top_up = wanted.min(left);
                    left = self.minus(left, top_up)?;
                    let item = format!("top_up_{}", line.item);
                    let name = format!("{} 补足", line.name);
                    self.row((&item, &name), Some(top_up), left, formula, &line.cite);
                    self.beside.push((LineKind::ReserveTopUp, top_up, line.cite.clone()));
                }
                self.sum(over.iter().map(|(.., over)| (*over).max(Fen::ZERO)))?
            }
            Shortfall::Netted => {
                let net = self.sum(over.iter().map(|(.., over)| *over))?.max(Fen::ZERO);
                let top_up = net.min(left);
                left = self.minus(left, top_up)?;
                let parts: Vec<_> = over.iter().map(|(_, formula, _)| formula.as_str()).collect();
                let formula = format!("({})", parts.join(") + ("));
                self.row(("top_up", "补足（各项相抵）"), Some(top_up), left, &formula, &rule.cite);
                self.beside.push((LineKind::ReserveTopUp, top_up, rule.cite.clone()));
                net
            }
        };
        if shortfall > reserve {
            let gap = self.minus(shortfall, reserve)?;
            let formula = format!("{shortfall} − {reserve}");
            self.row(("reserve_gap", "备用金不足"), Some(gap), left, &formula, &rule.cite);
        }
        let share = self.nearest(&(left.to_ratio() * exact(rule.settle_share)))?;
        let adjustment = self.minus(left, share)?;
        let formula = format!("{left} × {}", rule.settle_share);
        self.row(("settle_share", "纳入年度结算"), Some(share), adjustment, &formula, &rule.cite);
        let formula = format!("{left} − {share}");
        self.row(
            ("adjustment_pool", "年度调节金"),
            Some(adjustment),
            Fen::ZERO,
            &formula,
            &rule.cite,
        );
        let total = self.sum([settle, share])?;
        let formula = format!("{settle} + {share}");
        self.row(("total", "年度结算总额"), Some(total), Fen::ZERO, &formula, &rule.cite);
        // All of the reserve has left it.
        let released = self.minus(Fen::ZERO, reserve)?;
        self.beside.push((LineKind::ReserveReleased, released, rule.cite.clone()));
        Ok((total, adjustment))
    }
}

/// The amount of a line, given or made of its parts, and how; parts beside an amount must come to it.
fn amount_of(items: &Items<'_>, line: &WaterfallLine) -> Result<(Fen, String), Error> {
    let parts: Vec<String> =
        line.form.parts().iter().map(|part| format!("{}{part}", line.item)).collect();
    let given = items.has(&line.item).then(|| items.money(&line.item)).transpose()?;
    let any = parts.iter().any(|part| items.has(part));
    match given {
        Some(given) if !any => Ok((given, line.item.clone())),
        None if !any => Err(items.missing(&line.item, &format!("or {}", parts.join(" and ")))),
        given => {
            let (derived, formula) = derive(items, line, &parts)?;
            match given.filter(|given| *given != derived) {
                None => Ok((derived, formula)),
                Some(given) => Err(MoneyError::BudgetItemTwice {
                    place: items.place(),
                    item: line.item.clone(),
                    given,
                    derived,
                    formula,
                }
                .into()),
            }
        }
    }
}

fn derive(
    items: &Items<'_>,
    line: &WaterfallLine,
    parts: &[String],
) -> Result<(Fen, String), Error> {
    let Some((first, others)) = parts.split_first() else {
        return Err(items.missing(&line.item, "which has no parts"));
    };
    let amount = items.money(first)?;
    let mut product = amount.to_ratio();
    let mut formula = format!("{first} {amount}");
    for part in others {
        let factor = match line.form {
            LineForm::PerHead => items.count(part)?,
            LineForm::Growth | LineForm::CostAndIncidence => items.growth(part)?,
        };
        match line.form {
            LineForm::PerHead => {
                product *= exact(factor);
                formula.push_str(&format!(" × {part} {factor}"));
            }
            LineForm::Growth | LineForm::CostAndIncidence => {
                product *= ratio(1) + exact(factor);
                formula.push_str(&format!(" × (1 + {part} {factor})"));
            }
        }
    }
    debug_assert!(!product.is_negative());
    let amount = Fen::nearest(&product).map_err(|source| items.divide(source))?;
    Ok((amount, formula))
}
