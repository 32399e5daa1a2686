//! Outcomes as result tables, sorted by their keys (design §6).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::table::{Column, Table};
use crate::units::{Fen, Points, divide_half_away};

use super::cases::{Cases, UNGROUPED};
use super::outcome::{
    BudgetNote, CompensationRow, DayRow, Decision, GroupRow, InstitutionRow, LedgerLine, MonthRow,
    Outcome, PartRow, PoolRow, UNGROUPED_CODE, WaterfallRow, YearEnd,
};
use super::statement;

/// The tables `institution`, `pool`, `group`, `month`, `ledger`, `statement` and `budget_note` of a run,
/// and `days`, `waterfall`, `compensation` and `part` where a policy has them.
#[must_use]
pub fn tables(outcomes: &[Outcome]) -> Vec<Table> {
    let mut tables = vec![
        institution_table(outcomes),
        pool_table(outcomes),
        group_table(outcomes),
        month_table(outcomes),
        ledger_table(outcomes),
        statement::table(outcomes),
        budget_note_table(outcomes),
    ];
    let more = [
        days_table(outcomes),
        waterfall_table(outcomes),
        compensation_table(outcomes),
        part_table(outcomes),
    ];
    tables.extend(more.into_iter().filter(|table| table.rows() > 0));
    tables
}

/// Rows of all scenarios, those with the smaller name first.
struct Rows<'a, R> {
    rows: Vec<(&'a Outcome, &'a R)>,
    places: u32,
}

impl<'a, R> Rows<'a, R> {
    fn of(outcomes: &'a [Outcome], of: fn(&Outcome) -> &[R]) -> Self {
        let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
        sorted.sort_by(|one, two| one.scenario.cmp(&two.scenario));
        let rows =
            sorted.iter().flat_map(|outcome| of(outcome).iter().map(move |row| (*outcome, row)));
        let places = outcomes.iter().map(|outcome| outcome.places).max().unwrap_or(0);
        Self { rows: rows.collect(), places: places.min(Points::PLACES) }
    }

    fn scenario(&self) -> Column {
        Column::text(self.rows.iter().map(|(outcome, _)| outcome.scenario.as_str()))
    }

    fn text<'r>(&'r self, of: fn(&'a R) -> &'a str) -> Column
    where
        'a: 'r,
    {
        Column::text(self.rows.iter().map(|(_, row)| of(row)))
    }

    fn whole(&self, of: fn(&R) -> i64) -> Column {
        Column::whole(self.rows.iter().map(|(_, row)| of(row)))
    }

    fn yuan(&self, of: fn(&R) -> Fen) -> Column {
        Column::yuan(self.rows.iter().map(|(_, row)| of(row).0))
    }

    fn yuan_or_none(&self, of: fn(&R) -> Option<Fen>) -> Column {
        let fen = |row: &R| of(row).map(|fen| i128::from(fen.0));
        Column::Decimal { places: 2, values: self.rows.iter().map(|(_, row)| fen(row)).collect() }
    }

    /// Millionths of a point as points with the catalog's places.
    fn points(&self, of: fn(&R) -> Option<i128>) -> Column {
        let places = self.places;
        let unit = 10i128.pow(Points::PLACES.saturating_sub(places));
        let points = |row: &R| of(row).and_then(|points| divide_half_away(points, unit));
        Column::Decimal { places, values: self.rows.iter().map(|(_, row)| points(row)).collect() }
    }

    /// A printed figure with 4 places.
    fn printed(&self, of: fn(&R) -> Option<Decimal>) -> Column {
        Column::decimals(4, self.rows.iter().map(|(_, row)| of(row)))
    }
}

/// One row per scenario, pool and institution.
#[must_use]
pub fn institution_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<InstitutionRow>::of(outcomes, |outcome| &outcome.institutions);
    Table::new("institution")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("fixmedins_code", rows.text(|row| &row.fixmedins_code))
        .with("cases", rows.whole(|row| row.cases))
        .with("cost_yuan", rows.yuan(|row| row.cost))
        .with("fund_booked_yuan", rows.yuan(|row| row.booked))
        .with("points", rows.points(|row| Some(row.points)))
        .with("entitlement_yuan", rows.yuan(|row| row.entitlement))
        .with("adjustment_yuan", rows.yuan(|row| row.adjustment))
        .with("paid_yuan", rows.yuan(|row| row.paid))
        .with("surplus_yuan", rows.yuan(|row| row.surplus))
        .with("surplus_rate", rows.printed(|row| row.surplus_rate))
        .with("surplus_rate_before_cap", rows.printed(|row| row.surplus_rate_before_cap))
        .with("bond_yuan", rows.yuan(|row| row.balance.bond))
        .with("working_capital_yuan", rows.yuan(|row| row.balance.working_capital))
        .with("advanced_yuan", rows.yuan(|row| row.balance.advanced))
        .with("retention_yuan", rows.yuan(|row| row.balance.retention))
        .with("prior_refund_yuan", rows.yuan(|row| row.balance.prior_refunds))
        .with("balance_yuan", rows.yuan(|row| row.balance.balance))
}

/// One row per scenario, pool and period; figures of the year end are missing in a part of the
/// year.
#[must_use]
pub fn pool_table(outcomes: &[Outcome]) -> Table {
    fn end<T>(row: &PoolRow, of: fn(YearEnd) -> T) -> Option<T> {
        row.year_end.map(of)
    }
    let rows = Rows::<PoolRow>::of(outcomes, |outcome| &outcome.pools);
    let capped = rows.rows.iter().map(|(_, row)| end(row, |end| end.capped_institutions));
    let compensation_pool = rows.yuan_or_none(|row| end(row, |end| end.compensation_pool));
    let gross = rows.yuan_or_none(|row| end(row, |end| end.gross));
    Table::new("pool")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("period", rows.text(|row| &row.period))
        .with("budget_yuan", rows.yuan(|row| row.budget))
        .with("fund_booked_yuan", rows.yuan(|row| row.booked))
        .with("distributable_yuan", rows.yuan(|row| row.distributable))
        .with("item_paid_yuan", rows.yuan(|row| row.item_paid))
        .with("standard_paid_yuan", rows.yuan_or_none(|row| row.standard_paid))
        .with("points", rows.points(|row| row.points))
        .with("point_value", rows.printed(|row| row.point_value))
        .with("floating_factor", rows.printed(|row| row.floating_factor))
        .with("entitlement_yuan", rows.yuan(|row| row.entitlement))
        .with("adjustment_yuan", rows.yuan_or_none(|row| end(row, |end| end.adjustment)))
        .with("paid_yuan", rows.yuan_or_none(|row| end(row, |end| end.paid)))
        .with("fund_balance_yuan", rows.yuan_or_none(|row| end(row, |end| end.fund_balance)))
        .with("returned_yuan", rows.yuan_or_none(|row| end(row, |end| end.returned)))
        .with("capped_institutions", Column::Whole(capped.collect()))
        .with("compensation_pool_yuan", compensation_pool)
        .with("gross_yuan", gross)
        .with("cases", rows.whole(|row| row.cases))
        .with("cost_yuan", rows.yuan(|row| row.cost))
        .with("low_cases", rows.whole(|row| row.low_cases))
        .with("high_cases", rows.whole(|row| row.high_cases))
        .with("ungrouped_cases", rows.whole(|row| row.ungrouped_cases))
}

/// One row per scenario, pool and group.
#[must_use]
pub fn group_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<GroupRow>::of(outcomes, |outcome| &outcome.groups);
    Table::new("group")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("group_code", rows.text(|row| &row.group_code))
        .with("cases", rows.whole(|row| row.cases))
        .with("cost_yuan", rows.yuan(|row| row.cost))
        .with("fund_booked_yuan", rows.yuan(|row| row.booked))
        .with("points", rows.points(|row| Some(row.points)))
        .with("low_cases", rows.whole(|row| row.low_cases))
        .with("high_cases", rows.whole(|row| row.high_cases))
}

/// One row per scenario, pool, institution and month with cases or with money paid.
#[must_use]
pub fn month_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<MonthRow>::of(outcomes, |outcome| &outcome.months);
    Table::new("month")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("fixmedins_code", rows.text(|row| &row.fixmedins_code))
        .with("month", rows.whole(|row| row.month.into()))
        .with("cases", rows.whole(|row| row.cases))
        .with("cost_yuan", rows.yuan(|row| row.cost))
        .with("fund_booked_yuan", rows.yuan(|row| row.booked))
        .with("points", rows.points(|row| Some(row.points)))
        .with("pool_quota_yuan", rows.yuan_or_none(|row| row.quota))
        .with("advance_yuan", rows.yuan(|row| row.advance))
        .with("retention_yuan", rows.yuan(|row| row.retention))
        .with("month_paid_yuan", rows.yuan(|row| row.paid))
        .with("source", rows.text(|row| if row.given { "advance" } else { "computed" }))
}

/// Why days do not stand in for standards; empty where they do (A53).
fn flag(row: &DayRow) -> &'static str {
    match (row.daily, row.day_base) {
        (None, _) => "zero_days",
        (Some(_), None) => "zero_fee",
        (Some(_), Some(_)) => "",
    }
}

/// One row per scenario, pool, period, group cleared by days and institution; without an institution:
/// all of them (Y30–Y32).
#[must_use]
pub fn days_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<DayRow>::of(outcomes, |outcome| &outcome.days);
    Table::new("days")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("period", rows.text(|row| &row.period))
        .with("group_code", rows.text(|row| &row.group_code))
        .with("fixmedins_code", rows.text(|row| &row.fixmedins_code))
        .with("cases", rows.whole(|row| row.cases))
        .with("days", rows.whole(|row| row.days))
        .with("drug_yuan", rows.yuan(|row| row.drug))
        .with("daily_yuan", rows.printed(|row| row.daily))
        .with("reimbursement_ratio", rows.printed(|row| row.ratio))
        .with("standard_yuan", rows.yuan(|row| row.standard))
        .with("day_base_yuan", rows.yuan_or_none(|row| row.day_base))
        .with("flag", rows.text(|row| flag(row)))
}

/// One row per scenario and part of a policy with head budgets (A25–A28).
#[must_use]
pub fn part_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<PartRow>::of(outcomes, |outcome| &outcome.parts);
    let months =
        rows.rows.iter().map(|(_, row)| i64::try_from(row.person_months).unwrap_or(i64::MAX));
    Table::new("part")
        .with("scenario", rows.scenario())
        .with("part", rows.text(|row| &row.part))
        .with("person_months", Column::whole(months))
        .with("budget_yuan", rows.yuan(|row| row.budget))
        .with("cases", rows.whole(|row| row.cases))
        .with("cost_yuan", rows.yuan(|row| row.cost))
        .with("fund_booked_yuan", rows.yuan(|row| row.booked))
        .with("distributable_yuan", rows.yuan(|row| row.distributable))
        .with("elsewhere_yuan", rows.yuan(|row| row.elsewhere))
        .with("ineligible_yuan", rows.yuan(|row| row.ineligible))
        .with("rest_yuan", rows.yuan(|row| row.rest))
        .with("points", rows.points(|row| row.points))
        .with("point_value", rows.printed(|row| row.point_value))
}

/// One row per ledger line; lines of the fund have an empty `fixmedins_code`.
#[must_use]
pub fn ledger_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<LedgerLine>::of(outcomes, |outcome| &outcome.ledger);
    Table::new("ledger")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("fixmedins_code", rows.text(|row| &row.fixmedins_code))
        .with("period", rows.text(|row| &row.period))
        .with("kind", rows.text(|row| row.kind.as_str()))
        .with("amount_yuan", rows.yuan(|row| row.amount))
        .with("clause", rows.text(|row| &row.clause))
        .with("reading", rows.text(|row| &row.reading))
}

/// One row per step of a waterfall, in reading order.
#[must_use]
pub fn waterfall_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<WaterfallRow>::of(outcomes, |outcome| &outcome.waterfall);
    Table::new("waterfall")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("order", rows.whole(|row| row.order))
        .with("item", rows.text(|row| &row.item))
        .with("name", rows.text(|row| &row.name))
        .with("amount_yuan", rows.yuan_or_none(|row| row.amount))
        .with("left_yuan", rows.yuan(|row| row.left))
        .with("formula", rows.text(|row| &row.formula))
        .with("clause", rows.text(|row| &row.clause))
        .with("reading", rows.text(|row| &row.reading))
}

/// One row per step of how a budget came about, in reading order.
#[must_use]
pub fn budget_note_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<BudgetNote>::of(outcomes, |outcome| &outcome.budget_notes);
    Table::new("budget_note")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("period", rows.text(|row| &row.period))
        .with("order", rows.whole(|row| row.order))
        .with("item", rows.text(|row| &row.item))
        .with("amount_yuan", rows.yuan_or_none(|row| row.amount))
        .with("rate", rows.printed(|row| row.rate))
        .with("formula", rows.text(|row| &row.formula))
        .with("clause", rows.text(|row| &row.clause))
        .with("reading", rows.text(|row| &row.reading))
}

/// One row per line of a compensation pool: opening, institutions, rest.
#[must_use]
pub fn compensation_table(outcomes: &[Outcome]) -> Table {
    let rows = Rows::<CompensationRow>::of(outcomes, |outcome| &outcome.compensation);
    Table::new("compensation")
        .with("scenario", rows.scenario())
        .with("pool", rows.text(|row| &row.pool))
        .with("line", rows.text(|row| row.line))
        .with("fixmedins_code", rows.text(|row| &row.fixmedins_code))
        .with("excess_yuan", rows.yuan_or_none(|row| row.excess))
        .with("limit_yuan", rows.yuan_or_none(|row| row.limit))
        .with("reasonable_yuan", rows.yuan_or_none(|row| row.reasonable))
        .with("amount_yuan", rows.yuan(|row| row.amount))
}

/// The table `case` of one scenario or a piece of it: `decisions` in the order of
/// [`super::by_id`], all of them or some that follow each other; `setl_id` is the first settlement of the
/// case.
#[must_use]
pub fn case_table(outcome: &Outcome, cases: &Cases, decisions: &[Decision]) -> Table {
    let group = |row: usize| match cases.group[row] {
        UNGROUPED => UNGROUPED_CODE,
        at => cases.groups[at as usize].as_str(),
    };
    let insutype = |row: usize| cases.insutypes[usize::from(cases.insutype[row])].as_str();
    let institution = |row: usize| cases.institutions[cases.institution[row] as usize].as_str();
    let rows = || decisions.iter().map(|case| case.row);
    let points = decisions.iter().map(|case| Some(i128::from(case.points.0))).collect();
    let pay = |case: &Decision| if case.paid_as_booked { "item" } else { "group" };
    Table::new("case")
        .with("scenario", Column::text(rows().map(|_| outcome.scenario.as_str())))
        .with("setl_id", Column::text(rows().map(|row| &cases.case_id[row])))
        .with("insutype", Column::text(rows().map(insutype)))
        .with("fixmedins_code", Column::text(rows().map(institution)))
        .with("month", Column::whole(rows().map(|row| cases.month[row].into())))
        .with("group_code", Column::text(rows().map(group)))
        .with("class", Column::text(decisions.iter().map(|case| case.class.as_str())))
        .with("rule", Column::text(decisions.iter().map(|case| case.rule.as_str())))
        .with("pay", Column::text(decisions.iter().map(pay)))
        .with("cost_yuan", Column::yuan(rows().map(|row| cases.fee_fen[row])))
        .with("fund_booked_yuan", Column::yuan(rows().map(|row| cases.fund_fen[row])))
        .with("points", Column::Decimal { places: Points::PLACES, values: points })
        .with("pay_yuan", Column::yuan(decisions.iter().map(|case| case.pay.0)))
        .with("carved_out_yuan", Column::yuan(decisions.iter().map(|case| case.carved.0)))
        .with("for_review", Column::whole(decisions.iter().map(|case| case.for_review.into())))
        .with(
            "differs_at_clearing",
            Column::whole(decisions.iter().map(|case| case.differs_at_clearing.into())),
        )
}
