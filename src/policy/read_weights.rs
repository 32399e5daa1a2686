//! Reading `[weights]`: year weights, blending, trimming, points (A01–A05, A39, A41, A46, A51).

use rust_decimal::Decimal;

use super::error::Error;
use super::fields::Fields;
use super::model::{
    BlendLevel, Centre, Credibility, CredibilityMethod, Denominator, ExcludedYear, Inversions,
    Outliers, PointBase, SingleYear, Trim, TrimStage, Weights,
};
use super::read::{absent, below, entries_below};
use crate::units::Points;

#[derive(Clone, Copy, PartialEq, Eq)]
enum DenominatorWord {
    All,
    Grouped,
    BeforeTrim,
    Given,
}

/// Reads and checks `[weights]` and `[weights.trim]`.
pub(crate) fn weights(fields: &Fields<'_>) -> Result<Weights, Error> {
    let levels = [
        ("means", BlendLevel::Means),
        ("totals", BlendLevel::Totals),
        ("ratios", BlendLevel::Ratios),
        ("pooled", BlendLevel::Pooled),
    ];
    let single_years = [("rescale", SingleYear::Rescale), ("drop", SingleYear::Drop)];
    let level = fields.maybe_word("level", &levels)?.unwrap_or(BlendLevel::Means);
    let scale = if fields.node("scale").is_some() { Some(fields.positive("scale")?) } else { None };
    let ungrouped_factor = ungrouped_factor(fields, scale.is_some())?;
    let trim_fields =
        below(fields, "weights.trim")?.ok_or_else(|| absent(&fields.at, "weights.trim"))?;
    let (trim, trim_from_cases) = trim(&trim_fields)?;
    let stages = [("before", TrimStage::Before), ("after", TrimStage::After)];
    let trim_stage = trim_fields.maybe_word("stage", &stages)?.unwrap_or(TrimStage::Before);
    let centres = [
        ("arithmetic", Centre::Arithmetic),
        ("geometric", Centre::Geometric),
        ("median", Centre::Median),
    ];
    let minimum_cases = fields.whole("minimum_cases", 0..=1_000_000)?;
    let outliers = [("drop", Outliers::Drop), ("winsorise", Outliers::Winsorise)];
    let outliers = trim_fields.maybe_word("outliers", &outliers)?.unwrap_or(Outliers::Drop);
    Ok(Weights {
        cite: fields.cite.clone(),
        years: years(fields, level)?,
        exclude: exclude(fields)?,
        level,
        single_year: fields
            .maybe_word("single_year", &single_years)?
            .unwrap_or(SingleYear::Rescale),
        denominator: denominator(fields)?,
        trim,
        trim_from_cases,
        trim_stage,
        outliers,
        centre: fields.maybe_word("centre", &centres)?.unwrap_or(Centre::Arithmetic),
        base: base(fields, scale.is_some())?,
        credibility: credibility(fields, minimum_cases)?,
        inversions: inversions(fields)?,
        scale,
        minimum_cases,
        places: fields.whole("places", 0..=Points::PLACES)?,
        ungrouped_factor,
    })
}

/// The factor belongs to points: a system without a scale has neither (A41).
fn ungrouped_factor(fields: &Fields<'_>, points: bool) -> Result<Decimal, Error> {
    if !points {
        fields.refuse(&["ungrouped_factor"], "no scale")?;
        return Ok(Decimal::ZERO);
    }
    let factor = fields.decimal("ungrouped_factor")?;
    if factor < Decimal::ZERO {
        return Err(fields.not_allowed("ungrouped_factor", "a decimal from \"0\""));
    }
    Ok(factor)
}

fn years(fields: &Fields<'_>, level: BlendLevel) -> Result<Vec<Decimal>, Error> {
    let years = fields.decimals("years")?;
    if years.is_empty() {
        return match level {
            BlendLevel::Pooled => Ok(years),
            _ => Err(Error::NoYearWeights { at: fields.at_of("years") }),
        };
    }
    if years.iter().any(|weight| *weight <= Decimal::ZERO || *weight > Decimal::ONE) {
        return Err(fields.not_allowed("years", "weights above \"0\", oldest year first"));
    }
    let sum: Decimal = years.iter().sum();
    if sum != Decimal::ONE {
        return Err(Error::YearWeightSum { at: fields.at_of("years"), sum: sum.to_string() });
    }
    Ok(years)
}

/// Years that are left out by name, each with its reason (A34).
fn exclude(fields: &Fields<'_>) -> Result<Vec<ExcludedYear>, Error> {
    let mut known: Vec<(ExcludedYear, usize)> = Vec::new();
    for entry in entries_below(fields, "weights.exclude")? {
        let year = entry.year("year")?;
        if let Some((_, first_line)) = known.iter().find(|(first, _)| first.year == year) {
            let (at, path, first_line) = (entry.at.clone(), entry.path, *first_line);
            return Err(Error::EntryTwice { at, path, first_line });
        }
        let (cite, reason) = (entry.cite.clone(), entry.text("reason")?);
        known.push((ExcludedYear { cite, year, reason }, entry.at.line()));
    }
    let mut years: Vec<ExcludedYear> = known.into_iter().map(|(year, _)| year).collect();
    years.sort_by_key(|excluded| excluded.year);
    Ok(years)
}

fn denominator(fields: &Fields<'_>) -> Result<Denominator, Error> {
    let words = [
        ("all", DenominatorWord::All),
        ("grouped", DenominatorWord::Grouped),
        ("before_trim", DenominatorWord::BeforeTrim),
        ("given", DenominatorWord::Given),
    ];
    let word = fields.maybe_word("denominator", &words)?.unwrap_or(DenominatorWord::All);
    if word != DenominatorWord::Given {
        fields.refuse(&["denominator_yuan"], "a denominator other than \"given\"")?;
    }
    Ok(match word {
        DenominatorWord::All => Denominator::All,
        DenominatorWord::Grouped => Denominator::Grouped,
        DenominatorWord::BeforeTrim => Denominator::BeforeTrim,
        DenominatorWord::Given => Denominator::Given(fields.positive("denominator_yuan")?),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BaseWord {
    Mean,
    BaseDisease,
    Fixed,
}

/// `[weights.base]` (6.2, Z18); absent: M.
fn base(fields: &Fields<'_>, points: bool) -> Result<PointBase, Error> {
    let Some(base) = below(fields, "weights.base")? else { return Ok(PointBase::Mean) };
    if !points {
        fields.refuse(&["base"], "no scale")?;
    }
    let words = [
        ("mean", BaseWord::Mean),
        ("base_disease", BaseWord::BaseDisease),
        ("fixed", BaseWord::Fixed),
    ];
    let word = base.word("method", &words)?;
    if word != BaseWord::BaseDisease {
        base.refuse(&["group_code"], "a method other than \"base_disease\"")?;
    }
    if word != BaseWord::Fixed {
        base.refuse(&["yuan"], "a method other than \"fixed\"")?;
    }
    Ok(match word {
        BaseWord::Mean => PointBase::Mean,
        BaseWord::BaseDisease => PointBase::BaseDisease { group_code: base.text("group_code")? },
        BaseWord::Fixed => PointBase::Fixed(base.positive("yuan")?),
    })
}

/// `[weights.inversions]`: no code is of two levels, no end of a code is the end of another.
fn inversions(fields: &Fields<'_>) -> Result<Option<Inversions>, Error> {
    let Some(section) = below(fields, "weights.inversions")? else { return Ok(None) };
    let levels = section.maybe_texts("levels")?.unwrap_or_default();
    let severity = section.maybe_texts("severity")?.unwrap_or_default();
    let mut codes: Vec<&str> = levels.iter().flat_map(|level| level.split(' ')).collect();
    codes.sort_unstable();
    if codes.windows(2).any(|pair| pair[0] == pair[1]) || codes.contains(&"") {
        let allowed = "levels such as [\"1 2 3\", \"5 6\"], no code in two of them";
        return Err(section.not_allowed("levels", allowed));
    }
    let hides = |(at, end): (usize, &String)| {
        severity.iter().enumerate().any(|(other, text)| at != other && text.ends_with(end.as_str()))
    };
    if severity.iter().enumerate().any(hides) {
        return Err(section.not_allowed("severity", "ends of codes, none the end of another"));
    }
    Ok(Some(Inversions { cite: section.cite.clone(), levels, severity }))
}

/// `[weights.credibility]`; without a minimum of cases no group is small.
fn credibility(fields: &Fields<'_>, minimum_cases: u32) -> Result<Option<Credibility>, Error> {
    let Some(section) = below(fields, "weights.credibility")? else { return Ok(None) };
    if minimum_cases == 0 {
        fields.refuse(&["credibility"], "minimum_cases = 0")?;
    }
    let words =
        [("limited", CredibilityMethod::Limited), ("buhlmann", CredibilityMethod::Buhlmann)];
    Ok(Some(Credibility {
        cite: section.cite.clone(),
        method: section.word("method", &words)?,
        cases: section.whole("cases", 1..=1_000_000)?,
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TrimWord {
    None,
    Percentile,
    Iqr,
    Sd,
    Multiple,
}

/// The rule and the number of cases from which it is tried.
fn trim(fields: &Fields<'_>) -> Result<(Trim, u64), Error> {
    let words = [
        ("none", TrimWord::None),
        ("percentile", TrimWord::Percentile),
        ("iqr", TrimWord::Iqr),
        ("sd", TrimWord::Sd),
        ("multiple", TrimWord::Multiple),
    ];
    let trim = match fields.word("method", &words)? {
        TrimWord::None => {
            let others = ["low", "high", "k", "from_cases", "outliers", "stage"];
            fields.refuse(&others, "method = \"none\"")?;
            return Ok((Trim::None, 0));
        }
        TrimWord::Percentile => {
            fields.refuse(&["k"], "method = \"percentile\"")?;
            let (low, high) = (fields.share("low")?, fields.share("high")?);
            ascending(fields, low, high)?;
            Trim::Percentile { low, high }
        }
        TrimWord::Multiple => {
            fields.refuse(&["k"], "method = \"multiple\"")?;
            let low = fields.decimal("low")?;
            if low < Decimal::ZERO {
                return Err(fields.not_allowed("low", "a decimal from \"0\""));
            }
            let high = fields.positive("high")?;
            ascending(fields, low, high)?;
            Trim::Multiple { low, high }
        }
        TrimWord::Iqr => {
            fields.refuse(&["low", "high"], "method = \"iqr\"")?;
            Trim::Iqr { k: fields.positive("k")? }
        }
        TrimWord::Sd => {
            fields.refuse(&["low", "high"], "method = \"sd\"")?;
            Trim::Sd { k: fields.positive("k")? }
        }
    };
    Ok((trim, u64::from(fields.whole("from_cases", 0..=1_000_000)?)))
}

fn ascending(fields: &Fields<'_>, low: Decimal, high: Decimal) -> Result<(), Error> {
    if low < high {
        return Ok(());
    }
    Err(fields.not_allowed("high", &format!("a decimal above `low`, which is \"{low}\"")))
}
