//! Reading `[budget]`, its waterfall, `[compensation]` and `[value]`: the money there is.

use rust_decimal::Decimal;

use super::document::At;
use super::error::Error;
use super::fields::Fields;
use super::model::{
    Basis, Budget, BudgetSource, Clearing, Compensation, CompensationLimit, LineForm, PayMethod,
    Payment, Pools, ReserveBase, ShareBy, Sharing, Shortfall, StartValue, Value, ValueMethod,
    Waterfall, WaterfallLine,
};
use super::read::{absent, below, entries_below, yuan};
use crate::units::Fen;

#[derive(Clone, Copy, PartialEq, Eq)]
enum SourceWord {
    Table,
    Amount,
    LastYearBooked,
    Waterfall,
}

/// Reads and checks `[budget]`.
pub(crate) fn budget(fields: &Fields<'_>) -> Result<Budget, Error> {
    let bases = [("fund", Basis::Fund), ("total_cost", Basis::TotalCost)];
    let periods = [
        ("year", Clearing::Year),
        ("half_year", Clearing::HalfYear),
        ("quarter", Clearing::Quarter),
    ];
    // The money is the area's: no institution has a budget of its own (J02, Y16).
    let pools = [("one", Pools::One), ("insutype", Pools::Insutype)];
    if fields.node("pools").and_then(|node| node.text()) == Some("institution") {
        return Err(Error::InstitutionBudget {
            at: fields.at_of("pools"),
            path: fields.path_of("pools"),
        });
    }
    let period = fields.word("period", &periods)?;
    Ok(Budget {
        cite: fields.cite.clone(),
        source: source(fields, period)?,
        basis: fields.word("basis", &bases)?,
        period,
        pools: fields.maybe_word("pools", &pools)?.unwrap_or(Pools::One),
    })
}

fn source(fields: &Fields<'_>, period: Clearing) -> Result<BudgetSource, Error> {
    let words = [
        ("table", SourceWord::Table),
        ("amount", SourceWord::Amount),
        ("last_year_booked", SourceWord::LastYearBooked),
        ("waterfall", SourceWord::Waterfall),
    ];
    Ok(match fields.word("source", &words)? {
        SourceWord::Table => {
            fields.refuse(&["amount", "growth", "waterfall"], "source = \"table\"")?;
            BudgetSource::Table { item: fields.text("item")? }
        }
        SourceWord::Amount => {
            fields.refuse(&["item", "growth", "waterfall"], "source = \"amount\"")?;
            BudgetSource::Amount(amounts(fields)?)
        }
        SourceWord::LastYearBooked => {
            fields.refuse(&["item", "amount", "waterfall"], "source = \"last_year_booked\"")?;
            let growth = fields.decimal("growth")?;
            if growth <= Decimal::NEGATIVE_ONE {
                return Err(fields.not_allowed("growth", "a decimal above \"-1\""));
            }
            BudgetSource::LastYearBooked { growth }
        }
        SourceWord::Waterfall => {
            fields.refuse(&["item", "amount", "growth"], "source = \"waterfall\"")?;
            if period != Clearing::Year {
                let year = "\"year\": a waterfall is drawn up for a whole year (3.1)";
                return Err(fields.not_allowed("period", year));
            }
            let section = below(fields, "budget.waterfall")?
                .ok_or_else(|| absent(&fields.at, "budget.waterfall"))?;
            BudgetSource::Waterfall(waterfall(&section)?)
        }
    })
}

fn amounts(fields: &Fields<'_>) -> Result<Vec<(u16, Fen)>, Error> {
    let mut known: Vec<(u16, Fen, At)> = Vec::new();
    for entry in entries_below(fields, "budget.amount")? {
        let year = entry.year("year")?;
        if let Some((.., first)) = known.iter().find(|(first, ..)| *first == year) {
            return Err(Error::EntryTwice {
                at: entry.at.clone(),
                path: entry.path,
                first_line: first.line(),
            });
        }
        known.push((year, yuan(&entry, "yuan")?, entry.at));
    }
    if known.is_empty() {
        return Err(absent(&fields.at, "budget.amount"));
    }
    known.sort_by_key(|(year, ..)| *year);
    Ok(known.into_iter().map(|(year, fen, _)| (year, fen)).collect())
}

fn waterfall(fields: &Fields<'_>) -> Result<Waterfall, Error> {
    let bases = [
        ("premium", ReserveBase::Premium),
        ("all_income", ReserveBase::AllIncome),
        ("fund_balance", ReserveBase::FundBalance),
    ];
    let shortfalls = [("gross", Shortfall::Gross), ("netted", Shortfall::Netted)];
    let mut lines: Vec<(WaterfallLine, At)> = Vec::new();
    for entry in entries_below(fields, "budget.waterfall.line")? {
        let line = line(&entry)?;
        if let Some((_, first)) = lines.iter().find(|(known, _)| known.item == line.item) {
            return Err(Error::EntryTwice {
                at: entry.at.clone(),
                path: entry.path,
                first_line: first.line(),
            });
        }
        let same = |known: &&(WaterfallLine, At)| known.0.actual == line.actual;
        if let Some((other, _)) = lines.iter().find(same).filter(|_| line.actual.is_some()) {
            let own = format!("an item of its own: that one belongs to line `{}`", other.item);
            return Err(entry.not_allowed("actual", &own));
        }
        lines.push((line, entry.at));
    }
    if lines.is_empty() {
        return Err(absent(&fields.at, "budget.waterfall.line"));
    }
    Ok(Waterfall {
        cite: fields.cite.clone(),
        reserve: fields.share("reserve")?,
        base: fields.maybe_word("base", &bases)?.unwrap_or(ReserveBase::Premium),
        shortfall: fields.maybe_word("shortfall", &shortfalls)?.unwrap_or(Shortfall::Gross),
        settle_share: fields.share("settle_share")?,
        lines: lines.into_iter().map(|(line, _)| line).collect(),
    })
}

fn line(fields: &Fields<'_>) -> Result<WaterfallLine, Error> {
    let forms = [
        ("per_head", LineForm::PerHead),
        ("growth", LineForm::Growth),
        ("cost_and_incidence", LineForm::CostAndIncidence),
    ];
    Ok(WaterfallLine {
        cite: fields.cite.clone(),
        item: fields.text("item")?,
        name: fields.text("name")?,
        form: fields.word("form", &forms)?,
        deducted: fields.flag("deducted")?,
        actual: fields.maybe_text("actual")?,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LimitWord {
    Negotiated,
    Entitlement,
}

/// Reads `[compensation]`, whose pool must come from somewhere.
pub(crate) fn compensation(fields: &Fields<'_>, budget: &Budget) -> Result<Compensation, Error> {
    let words = [("negotiated", LimitWord::Negotiated), ("entitlement", LimitWord::Entitlement)];
    let limit = match fields.word("limit", &words)? {
        LimitWord::Negotiated => {
            fields.refuse(&["rate"], "limit = \"negotiated\"")?;
            CompensationLimit::Negotiated
        }
        LimitWord::Entitlement => CompensationLimit::Entitlement { rate: fields.share("rate")? },
    };
    let waterfall = matches!(budget.source, BudgetSource::Waterfall(_));
    if waterfall != matches!(limit, CompensationLimit::Entitlement { .. }) {
        let allowed = if waterfall {
            "\"entitlement\": the pool is what the waterfall of `[budget]` leaves (3.3)"
        } else {
            "\"negotiated\": only a `[budget]` with `source = \"waterfall\"` leaves a pool (3.3)"
        };
        return Err(fields.not_allowed("limit", allowed));
    }
    Ok(Compensation { cite: fields.cite.clone(), limit })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueWord {
    Floating,
    Fixed,
    Elastic,
    SevereFixed,
}

/// Reads `[value]`, which divides money by points and by nothing else.
pub(crate) fn value(
    fields: &Fields<'_>,
    payment: &Payment,
    budget: &Budget,
    sharing: &Sharing,
) -> Result<Value, Error> {
    let words = [
        ("floating", ValueWord::Floating),
        ("fixed", ValueWord::Fixed),
        ("elastic", ValueWord::Elastic),
        ("severe_fixed", ValueWord::SevereFixed),
    ];
    let word = fields.word("method", &words)?;
    let by_points = payment.method == PayMethod::Points && sharing.by == ShareBy::Points;
    if !by_points && word != ValueWord::Floating {
        let floating =
            "\"floating\": money is not divided by points (`payment.method`, `sharing.by`)";
        return Err(fields.not_allowed("method", floating));
    }
    let method = match word {
        ValueWord::Floating => {
            fields.refuse(&["value", "base_share", "groups", "weight_from"], "a floating value")?;
            ValueMethod::Floating
        }
        ValueWord::Fixed => {
            fields.refuse(&["base_share", "groups", "weight_from"], "a fixed value")?;
            ValueMethod::Fixed { value: fields.positive("value")? }
        }
        ValueWord::Elastic => {
            fields.refuse(&["value", "groups", "weight_from"], "an elastic value")?;
            if budget.period != Clearing::Year {
                let others = "\"floating\", \"fixed\" or \"severe_fixed\" where parts of a year are \
                              cleared: the base volume is that of a year";
                return Err(fields.not_allowed("method", others));
            }
            ValueMethod::Elastic { base_share: fields.share("base_share")? }
        }
        ValueWord::SevereFixed => {
            fields.refuse(&["base_share"], "a value fixed for severe groups")?;
            let groups = fields.maybe_texts("groups")?.unwrap_or_default();
            let weight_from = fields.maybe_decimal("weight_from")?;
            if groups.is_empty() && weight_from.is_none() {
                return Err(fields.missing("groups", "the severe groups, or `weight_from`"));
            }
            ValueMethod::SevereFixed { value: fields.positive("value")?, groups, weight_from }
        }
    };
    Ok(Value { cite: fields.cite.clone(), method })
}

/// Reads `[start_value]`, which only points have.
pub(crate) fn start_value(fields: &Fields<'_>, payment: &Payment) -> Result<StartValue, Error> {
    let (low, high) = (fields.share("low")?, fields.share("high")?);
    if low >= high {
        let above = format!("a share above `low`, which is {low}");
        return Err(fields.not_allowed("high", &above));
    }
    if payment.method != PayMethod::Points {
        return Err(Error::KeyWithoutMeaning {
            at: fields.at.clone(),
            path: fields.path.clone(),
            beside: "payment.method = \"standard\"".to_owned(),
        });
    }
    Ok(StartValue { cite: fields.cite.clone(), low, high })
}
