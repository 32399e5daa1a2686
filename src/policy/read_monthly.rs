//! Reading `[monthly]`, `[working_capital]` and `[clearing.days]` (J09, J15, Z22, Y30–Y32, A17, A44).

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;

use super::error::Error;
use super::fields::Fields;
use super::model::{
    ClearingDate, ClearingDays, DaysMethod, DivideBy, Monthly, MonthlyMethod, MonthlyRate,
    PayMethod, Standard, WorkingCapital,
};
use super::read::{absent, below, entries_below};

#[derive(Clone, Copy)]
enum MethodWord {
    Quota,
    Standard,
}

/// Reads and checks `[monthly]`: its rates ascend by the first of their first month.
pub(crate) fn monthly(fields: &Fields<'_>, pay: PayMethod) -> Result<Monthly, Error> {
    let words = [("quota", MethodWord::Quota), ("standard", MethodWord::Standard)];
    let ways = [("booked", DivideBy::Booked), ("points", DivideBy::Points)];
    let method = match fields.word("method", &words)? {
        MethodWord::Quota => {
            let by = fields.maybe_word("by", &ways)?.unwrap_or(DivideBy::Booked);
            if by == DivideBy::Points && pay == PayMethod::Standard {
                let only = "\"booked\" where `payment.method` is \"standard\"";
                return Err(fields.not_allowed("by", only));
            }
            MonthlyMethod::Quota(by)
        }
        MethodWord::Standard if pay == PayMethod::Points => {
            let only = "\"quota\" where `payment.method` is \"points\"";
            return Err(fields.not_allowed("method", only));
        }
        MethodWord::Standard => {
            fields.refuse(&["by"], "method = \"standard\"")?;
            MonthlyMethod::Standard
        }
    };
    let mut rates: Vec<MonthlyRate> = Vec::new();
    for entry in entries_below(fields, "monthly.rate")? {
        let rate = rate(&entry, method)?;
        if rates.last().is_some_and(|before| before.from >= rate.from) {
            return Err(entry.not_allowed("from", "a day after that of the entry above"));
        }
        rates.push(rate);
    }
    if rates.is_empty() {
        return Err(absent(&fields.at, "monthly.rate"));
    }
    Ok(Monthly { cite: fields.cite.clone(), method, rates })
}

fn rate(entry: &Fields<'_>, method: MonthlyMethod) -> Result<MonthlyRate, Error> {
    let from = entry.date("from")?;
    if from.day() != 1 {
        return Err(entry.not_allowed("from", "the first of a month"));
    }
    let share = match method {
        MonthlyMethod::Quota(_) => entry.share("share")?,
        MonthlyMethod::Standard => {
            entry.refuse(&["share"], "monthly.method = \"standard\"")?;
            Decimal::ONE
        }
    };
    Ok(MonthlyRate { cite: entry.cite.clone(), from, share, retention: entry.share("retention")? })
}

pub(crate) fn working_capital(fields: &Fields<'_>) -> Result<WorkingCapital, Error> {
    Ok(WorkingCapital { cite: fields.cite.clone(), months: fields.positive("months")? })
}

/// Reads `[clearing.days]`; its groups have published standards, which their days replace.
pub(crate) fn clearing_days(
    clearing: &Fields<'_>,
    standards: &[Standard],
    pay: PayMethod,
) -> Result<Option<ClearingDays>, Error> {
    let Some(fields) = below(clearing, "clearing.days")? else { return Ok(None) };
    if pay == PayMethod::Points {
        fields.refuse(&["groups", "method"], "payment.method = \"points\"")?;
    }
    let methods = [
        ("literal", DaysMethod::Literal),
        ("include_last", DaysMethod::IncludeLast),
        ("cap_prd_days", DaysMethod::CapPrdDays),
    ];
    let mut groups = fields.texts("groups")?;
    let known = |code: &String| standards.iter().any(|standard| standard.group_code == *code);
    if groups.is_empty() || !groups.iter().all(known) {
        let mut codes: Vec<&str> = standards.iter().map(|one| one.group_code.as_str()).collect();
        codes.dedup();
        let only = format!("one or more groups with a standard: {}", codes.join(", "));
        return Err(fields.not_allowed("groups", &only));
    }
    groups.sort_unstable();
    Ok(Some(ClearingDays {
        cite: fields.cite.clone(),
        groups,
        method: fields.word("method", &methods)?,
    }))
}

/// Reads `[[clearing.date]]`: one entry a year, ascending.
pub(crate) fn clearing_dates(clearing: &Fields<'_>) -> Result<Vec<ClearingDate>, Error> {
    let mut dates: Vec<ClearingDate> = Vec::new();
    for entry in entries_below(clearing, "clearing.date")? {
        let year = entry.year("year")?;
        if dates.last().is_some_and(|before| before.year >= year) {
            return Err(entry.not_allowed("year", "a year after that of the entry above"));
        }
        let on = entry.date("on")?;
        let last_day = |year: u16| NaiveDate::from_ymd_opt(year.into(), 12, 31);
        let (Some(first), Some(last)) = (last_day(year), last_day(year + 1)) else {
            return Err(entry.not_allowed("year", "a calendar year"));
        };
        if !(first..=last).contains(&on) {
            return Err(entry.not_allowed("on", &format!("a day from {first} to {last}")));
        }
        dates.push(ClearingDate { cite: entry.cite.clone(), year, on });
    }
    Ok(dates)
}
