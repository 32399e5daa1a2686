//! What a settlement means for each institution: both views of profit and loss (E28), and the problems
//! that a bulletin names (P11).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use super::cases::Cases;
use super::decide::CaseClass;
use super::outcome::{Decision, LineKind, Outcome};
use crate::table::{Column, Table};
use crate::units::{fraction, to_decimal};

/// Places of a share.
const SHARE_PLACES: u32 = 4;

/// Classes that a bulletin lists, with the word for each.
const CLASSES: [(CaseClass, &str); 7] = [
    (CaseClass::Ungrouped, "ungrouped"),
    (CaseClass::Low, "low"),
    (CaseClass::High, "high"),
    (CaseClass::Extreme, "extreme"),
    (CaseClass::Late, "late"),
    (CaseClass::Unusable, "unusable"),
    (CaseClass::ZeroFee, "zero_fee"),
];

/// Ledger lines that a bulletin lists, with the word for each.
const LINES: [(LineKind, &str); 5] = [
    (LineKind::SurplusReturned, "surplus_above_cap"),
    (LineKind::Assessment, "assessment"),
    (LineKind::OverspendShare, "overspend_share"),
    (LineKind::Violation, "violation"),
    (LineKind::Deduction, "deduction"),
];

/// Cases, what they are paid and what was booked, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    cases: i64,
    cost: i128,
    booked: i128,
    pay: i128,
}

impl Sum {
    fn add(&mut self, cases: &Cases, one: &Decision) {
        self.cases = self.cases.saturating_add(1);
        self.cost = self.cost.saturating_add(cases.fee_fen[one.row].into());
        self.booked = self.booked.saturating_add(cases.fund_fen[one.row].into());
        self.pay = self.pay.saturating_add(one.pay.0.into());
    }

    /// What the fund pays beyond what it would have paid for each service.
    fn profit(&self) -> i128 {
        self.pay.saturating_sub(self.booked)
    }
}

fn is_outlier(class: CaseClass) -> bool {
    matches!(class, CaseClass::Low | CaseClass::High | CaseClass::Extreme)
}

/// Table `profit`: one row per institution with both views of profit and loss (E28, section 7).
///
/// `profit_yuan` is Σ pay − Σ booked over all cases: standard − cost, the patients' part being in both.
/// `official_yuan` counts 0 for low and high cases, as some official columns do; `outliers_yuan` is what
/// lies between. Before the year end, so pay is the entitlement (R27).
#[must_use]
pub fn profit_table(outcome: &Outcome, cases: &Cases, decisions: &[Decision]) -> Table {
    let mut by_institution = vec![(Sum::default(), Sum::default()); cases.institutions.len()];
    for one in decisions {
        let (all, outliers) = &mut by_institution[cases.institution[one.row] as usize];
        all.add(cases, one);
        if is_outlier(one.class) {
            outliers.add(cases, one);
        }
    }
    let codes = cases.institutions.iter().map(String::as_str);
    let sums: BTreeMap<&str, (Sum, Sum)> =
        codes.zip(by_institution).filter(|(_, (all, _))| all.cases > 0).collect();
    let yuan = |of: &dyn Fn(&(Sum, Sum)) -> i128| Column::Decimal {
        places: 2,
        values: sums.values().map(|sums| Some(of(sums))).collect(),
    };
    Table::new("profit")
        .with("scenario", Column::text(sums.keys().map(|_| outcome.scenario.as_str())))
        .with("fixmedins_code", Column::text(sums.keys().copied()))
        .with("cases", Column::whole(sums.values().map(|(all, _)| all.cases)))
        .with("outlier_cases", Column::whole(sums.values().map(|(_, outliers)| outliers.cases)))
        .with("cost_yuan", yuan(&|(all, _)| all.cost))
        .with("fund_booked_yuan", yuan(&|(all, _)| all.booked))
        .with("pay_yuan", yuan(&|(all, _)| all.pay))
        .with("profit_yuan", yuan(&|(all, _)| all.profit()))
        .with(
            "official_yuan",
            yuan(&|(all, outliers)| all.profit().saturating_sub(outliers.profit())),
        )
        .with("outliers_yuan", yuan(&|(_, outliers)| outliers.profit()))
}

/// Table `bulletin`: one row per institution and problem (P11). For classes of cases: how many, their share
/// of the institution's cases beside that of the area, and pay − booked; for money: what the year end
/// took, and `loss` where less was paid than booked. `above_area`: `yes` where the share is above the area's.
#[must_use]
pub fn bulletin_table(outcome: &Outcome, cases: &Cases, decisions: &[Decision]) -> Table {
    let mut all = vec![0i64; cases.institutions.len()];
    let mut of_class = vec![[Sum::default(); CLASSES.len()]; cases.institutions.len()];
    let mut area = [0i64; CLASSES.len()];
    for one in decisions {
        let institution = cases.institution[one.row] as usize;
        all[institution] = all[institution].saturating_add(1);
        if let Some(at) = CLASSES.iter().position(|(class, _)| *class == one.class) {
            of_class[institution][at].add(cases, one);
            area[at] = area[at].saturating_add(1);
        }
    }
    let total = i64::try_from(decisions.len()).unwrap_or(i64::MAX);
    let mut rows: Vec<Problem<'_>> = Vec::new();
    let classes = of_class.iter().enumerate().flat_map(|(institution, sums)| {
        sums.iter().enumerate().map(move |(at, sum)| (institution, at, sum))
    });
    for (institution, at, sum) in classes.filter(|(.., sum)| sum.cases > 0) {
        let (code, own) = (cases.institutions[institution].as_str(), all[institution]);
        // sum ÷ own > area ÷ total, without dividing.
        let left = i128::from(sum.cases).saturating_mul(total.into());
        let is_above = left > i128::from(area[at]).saturating_mul(own.into());
        let share = |part: i64, whole: i64| to_decimal(&fraction(part, whole)?, SHARE_PLACES);
        rows.push(Problem {
            code,
            problem: CLASSES[at].1,
            cases: Some(sum.cases),
            shares: (share(sum.cases, own), share(area[at], total)),
            amount: sum.profit(),
            is_above: Some(is_above),
        });
    }
    rows.extend(money_problems(outcome));
    rows.sort_by_key(|row| (row.code, row.problem));
    let above = |row: &Problem<'_>| {
        row.is_above.map(|is_above| if is_above { "yes" } else { "no" }.to_owned())
    };
    Table::new("bulletin")
        .with("scenario", Column::text(rows.iter().map(|_| outcome.scenario.as_str())))
        .with("fixmedins_code", Column::text(rows.iter().map(|row| row.code)))
        .with("problem", Column::text(rows.iter().map(|row| row.problem)))
        .with("cases", Column::Whole(rows.iter().map(|row| row.cases).collect()))
        .with("share", Column::decimals(SHARE_PLACES, rows.iter().map(|row| row.shares.0)))
        .with("area_share", Column::decimals(SHARE_PLACES, rows.iter().map(|row| row.shares.1)))
        .with("above_area", Column::texts(rows.iter().map(above)))
        .with(
            "amount_yuan",
            Column::Decimal {
                places: 2,
                values: rows.iter().map(|row| Some(row.amount)).collect(),
            },
        )
}

/// One row of the bulletin.
struct Problem<'a> {
    code: &'a str,
    problem: &'static str,
    cases: Option<i64>,
    /// Of the institution and of the area.
    shares: (Option<rust_decimal::Decimal>, Option<rust_decimal::Decimal>),
    amount: i128,
    is_above: Option<bool>,
}

/// What the year end took, and losses.
fn money_problems(outcome: &Outcome) -> Vec<Problem<'_>> {
    let mut sums: BTreeMap<(&str, &'static str), i128> = BTreeMap::new();
    for row in &outcome.institutions {
        let sum = sums.entry((&row.fixmedins_code, "loss")).or_default();
        *sum = sum.saturating_add(row.surplus.0.into());
    }
    for line in outcome.ledger.iter().filter(|line| !line.fixmedins_code.is_empty()) {
        if let Some((_, word)) = LINES.iter().find(|(kind, _)| *kind == line.kind) {
            let sum = sums.entry((&line.fixmedins_code, word)).or_default();
            *sum = sum.saturating_add(line.amount.0.into());
        }
    }
    let taken = sums.into_iter().filter(|(_, amount)| *amount < 0);
    let problem = |((code, problem), amount)| Problem {
        code,
        problem,
        cases: None,
        shares: (None, None),
        amount,
        is_above: None,
    };
    taken.map(problem).collect()
}
