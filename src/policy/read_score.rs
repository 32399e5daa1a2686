//! Reading `[score]`: the nine kinds of score (Z17, R17, A37, A38, A41).

use rust_decimal::Decimal;

use super::error::Error;
use super::fields::Fields;
use super::model::{
    Abnormal, AbnormalHigh, AbnormalReference, ExtremeRule, ListedKind, ListedScore, NoScore,
    Score, SelfPaid,
};
use super::read::below;
use super::read_grouping::rows;
use super::store::Folder;

/// Reads and checks `[score]` and what stands below it.
pub(crate) fn score(fields: &Fields<'_>, folder: &mut Folder) -> Result<Score, Error> {
    // A kind of score that the document names has its word even where there is one way only.
    fields.word("standard", &[("rw", ())])?;
    let auxiliary = [("highest", true), ("none", false)];
    let special = [("decided", true), ("none", false)];
    let no_score = [
        ("factor", NoScore::Factor),
        ("none", NoScore::None),
        ("item", NoScore::Item),
        ("lowest", NoScore::Lowest),
    ];
    let abnormal = below(fields, "score.abnormal")?.map(|below| abnormal(&below)).transpose()?;
    let self_paid = below(fields, "score.self_paid")?.map(|below| self_paid(&below)).transpose()?;
    Ok(Score {
        cite: fields.cite.clone(),
        auxiliary: fields.word("auxiliary", &auxiliary)?,
        abnormal,
        special: fields.word("special", &special)?,
        no_score: fields.word("no_score", &no_score)?,
        external_expert: not_negative(fields, "external_expert")?,
        day_surgery: not_negative(fields, "day_surgery")?,
        listed: listed(fields, folder)?,
        self_paid,
    })
}

fn not_negative(fields: &Fields<'_>, key: &str) -> Result<Decimal, Error> {
    let value = fields.decimal(key)?;
    if value < Decimal::ZERO {
        return Err(fields.not_allowed(key, "a decimal from \"0\""));
    }
    Ok(value)
}

fn abnormal(fields: &Fields<'_>) -> Result<Abnormal, Error> {
    let extreme_rules = [
        ("review", ExtremeRule::Review),
        ("coefficient", ExtremeRule::Coefficient),
        ("item", ExtremeRule::Item),
    ];
    let low = not_negative(fields, "low")?;
    let high = fields.positive("high")?;
    if high <= low {
        return Err(fields.not_allowed("high", &format!("a decimal above `low`, which is {low}")));
    }
    let extreme = fields.positive("extreme")?;
    if extreme <= high {
        let above = format!("a decimal above `high`, which is {high}");
        return Err(fields.not_allowed("extreme", &above));
    }
    let high_rules = [("excess", AbnormalHigh::Excess), ("review", AbnormalHigh::Review)];
    Ok(Abnormal {
        cite: fields.cite.clone(),
        low,
        low_inclusive: fields.maybe_flag("low_inclusive")?.unwrap_or(false),
        high,
        high_inclusive: fields.maybe_flag("high_inclusive")?.unwrap_or(false),
        high_rule: fields.maybe_word("high_rule", &high_rules)?.unwrap_or(AbnormalHigh::Excess),
        extreme,
        extreme_rule: fields
            .maybe_word("extreme_rule", &extreme_rules)?
            .unwrap_or(ExtremeRule::Review),
        reference: reference(fields)?,
        reference_cases: fields.maybe_whole("reference_cases", 1..=1_000_000)?.unwrap_or(15),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ReferenceWord {
    LastYear,
    Catalog,
    Value,
}

/// A37: last year's mean unless the policy says otherwise.
fn reference(fields: &Fields<'_>) -> Result<AbnormalReference, Error> {
    let words = [
        ("last_year", ReferenceWord::LastYear),
        ("catalog", ReferenceWord::Catalog),
        ("value", ReferenceWord::Value),
    ];
    let word = fields.maybe_word("reference", &words)?.unwrap_or(ReferenceWord::LastYear);
    if word != ReferenceWord::LastYear {
        fields.refuse(&["reference_cases"], "a reference other than \"last_year\"")?;
    }
    if word != ReferenceWord::Value {
        fields.refuse(&["point_value"], "a reference other than \"value\"")?;
    }
    Ok(match word {
        ReferenceWord::LastYear => AbnormalReference::LastYear,
        ReferenceWord::Catalog => AbnormalReference::Catalog,
        ReferenceWord::Value => {
            AbnormalReference::Value { point_value: fields.positive("point_value")? }
        }
    })
}

fn self_paid(fields: &Fields<'_>) -> Result<SelfPaid, Error> {
    let (limit, factor) = (fields.share("limit")?, not_negative(fields, "factor")?);
    Ok(SelfPaid { cite: fields.cite.clone(), limit, factor })
}

/// Groups with points of a list; each once.
fn listed(fields: &Fields<'_>, folder: &mut Folder) -> Result<Vec<ListedScore>, Error> {
    let Some(name) = fields.maybe_text("listed")? else { return Ok(Vec::new()) };
    let (file, bytes) = folder.file(&name, &fields.path_of("listed"), &fields.at_of("listed"))?;
    let mut listed: Vec<ListedScore> = Vec::new();
    for row in rows(&file, &bytes, &["group_code", "kind", "points"])? {
        row.filled(0)?;
        let kind = match row.values[1].as_str() {
            "quota" => ListedKind::Quota,
            "tcm" => ListedKind::Tcm,
            _ => return Err(row.wrong(1, "`quota` or `tcm`")),
        };
        let points = Decimal::from_str_exact(&row.values[2])
            .ok()
            .filter(|points| *points >= Decimal::ZERO && points.scale() <= 4)
            .ok_or_else(|| row.wrong(2, "points from 0 with at most four decimal places"))?;
        let group_code = row.values[0].clone();
        if listed.iter().any(|known| known.group_code == group_code) {
            return Err(row.wrong(0, "each group once"));
        }
        listed.push(ListedScore { group_code, kind, points });
    }
    listed.sort_by(|a, b| a.group_code.cmp(&b.group_code));
    Ok(listed)
}
