//! Reading `[coefficient]` with its tiers, bonuses and conditions (Z19–Z21, A35, A36, R18).

use rust_decimal::Decimal;

use super::error::Error;
use super::fields::Fields;
use super::model::{
    Bonus, BonusOn, Coefficient, CoefficientBasis, CoefficientMethod, Combine, DiseaseCoefficient,
    OnOutliers, Passes, Rank, Tier,
};
use super::read::{absent, below, entries_below};

#[derive(Clone, Copy, PartialEq, Eq)]
enum MethodWord {
    Tier,
    TierDisease,
    Own,
    Given,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PassesWord {
    One,
    FixedPoint,
}

/// Reads and checks `[coefficient]` and what stands below it.
pub(crate) fn coefficient(fields: &Fields<'_>) -> Result<Coefficient, Error> {
    let bases = [("mean", CoefficientBasis::Mean), ("case_mix", CoefficientBasis::CaseMix)];
    let ways = [("add", Combine::Add), ("multiply", Combine::Multiply)];
    let outliers =
        [("apply", OnOutliers::Apply), ("none", OnOutliers::None), ("inside", OnOutliers::Inside)];
    let tiers = tiers(fields)?;
    let bonuses = bonuses(fields, &tiers)?;
    let disease = below(fields, "coefficient.disease")?.map(|below| disease(&below)).transpose()?;
    let method = method(fields, disease.is_some())?;
    if matches!(method, CoefficientMethod::Given { .. }) {
        fields.refuse(&["tier", "basis", "passes", "disease"], "method = \"given\"")?;
    } else if tiers.is_empty() {
        return Err(absent(&fields.at, "coefficient.tier"));
    }
    let passes = passes(fields)?;
    // Within one disease the tiers' means are the weights: nothing is left to iterate.
    if method == CoefficientMethod::TierDisease && passes != Passes::One {
        return Err(fields.not_allowed("passes", "\"one\" with method = \"tier_disease\""));
    }
    let mut grass_roots = Decimal::ONE;
    if fields.node("grass_roots").is_some() {
        grass_roots = fields.positive("grass_roots")?;
    }
    // Weights at a fixed point take no coefficient out of such diseases.
    if passes != Passes::One && grass_roots != Decimal::ONE {
        return Err(fields.not_allowed("grass_roots", "\"1\" with passes = \"fixed_point\""));
    }
    Ok(Coefficient {
        cite: fields.cite.clone(),
        grass_roots,
        method,
        basis: fields.maybe_word("basis", &bases)?.unwrap_or(CoefficientBasis::Mean),
        combine: fields.maybe_word("combine", &ways)?.unwrap_or(Combine::Add),
        outliers: fields.word("outliers", &outliers)?,
        passes,
        tiers,
        bonuses,
        disease,
    })
}

fn method(fields: &Fields<'_>, has_disease: bool) -> Result<CoefficientMethod, Error> {
    let words = [
        ("tier", MethodWord::Tier),
        ("tier_disease", MethodWord::TierDisease),
        ("own", MethodWord::Own),
        ("given", MethodWord::Given),
    ];
    let word = fields.word("method", &words)?;
    if word != MethodWord::Given {
        fields.refuse(&["default"], "a method other than \"given\"")?;
    }
    Ok(match word {
        MethodWord::Tier => CoefficientMethod::Tier,
        MethodWord::TierDisease if has_disease => CoefficientMethod::TierDisease,
        MethodWord::TierDisease => return Err(absent(&fields.at, "coefficient.disease")),
        MethodWord::Own => CoefficientMethod::Own,
        MethodWord::Given => CoefficientMethod::Given { default: fields.positive("default")? },
    })
}

fn passes(fields: &Fields<'_>) -> Result<Passes, Error> {
    let words = [("one", PassesWord::One), ("fixed_point", PassesWord::FixedPoint)];
    match fields.maybe_word("passes", &words)?.unwrap_or(PassesWord::One) {
        PassesWord::One => {
            fields.refuse(&["rounds"], "one pass")?;
            Ok(Passes::One)
        }
        PassesWord::FixedPoint => {
            Ok(Passes::FixedPoint { rounds: fields.whole("rounds", 1..=1000)? })
        }
    }
}

fn tiers(fields: &Fields<'_>) -> Result<Vec<Tier>, Error> {
    let mut tiers: Vec<Tier> = Vec::new();
    for entry in entries_below(fields, "coefficient.tier")? {
        let name = entry.text("name")?;
        if tiers.iter().any(|known| known.name == name) {
            return Err(entry.not_allowed("name", "each tier once"));
        }
        let list = |key: &str| Ok::<_, Error>(entry.maybe_texts(key)?.unwrap_or_default());
        let (hosp_lv, inst_type) = (list("hosp_lv")?, list("inst_type")?);
        let any_level = list("any_level")?;
        if hosp_lv.is_empty() != inst_type.is_empty() {
            let (has, wants) = if hosp_lv.is_empty() {
                ("inst_type", "`hosp_lv` beside it; types of every level stand in `any_level`")
            } else {
                ("hosp_lv", "`inst_type` beside it: the types that belong here at these levels")
            };
            return Err(entry.not_allowed(has, wants));
        }
        if hosp_lv.is_empty() && any_level.is_empty() {
            let wanted = "a tier somebody belongs to: `hosp_lv` with `inst_type`, or `any_level`";
            return Err(entry.not_allowed("name", wanted));
        }
        let value =
            if entry.node("value").is_some() { Some(entry.positive("value")?) } else { None };
        tiers.push(Tier {
            cite: entry.cite.clone(),
            name,
            hosp_lv,
            inst_type,
            any_level,
            grade_a: entry.maybe_flag("grade_a")?,
            value,
        });
    }
    Ok(tiers)
}

fn bonuses(fields: &Fields<'_>, tiers: &[Tier]) -> Result<Vec<Bonus>, Error> {
    let ranks = [("national", Rank::National), ("provincial", Rank::Provincial)];
    let mut bonuses: Vec<Bonus> = Vec::new();
    for entry in entries_below(fields, "coefficient.bonus")? {
        let name = entry.text("name")?;
        if bonuses.iter().any(|known| known.name == name) {
            return Err(entry.not_allowed("name", "each bonus once"));
        }
        let named = entry.maybe_texts("tiers")?;
        let types = entry.maybe_texts("inst_type")?;
        let rank = entry.maybe_word("discipline", &ranks)?;
        let on = match (named, types, rank) {
            (Some(named), None, None) => {
                let known = |name: &String| tiers.iter().any(|tier| tier.name == *name);
                if !named.iter().all(known) {
                    let names: Vec<&str> = tiers.iter().map(|tier| tier.name.as_str()).collect();
                    let allowed = format!("a list of tiers of this policy: {}", names.join(", "));
                    return Err(entry.not_allowed("tiers", &allowed));
                }
                BonusOn::Tiers(named)
            }
            (None, Some(types), None) => BonusOn::Types(types),
            (None, None, Some(rank)) => BonusOn::Discipline(rank),
            _ => {
                let wanted = "a bonus with exactly one of `tiers`, `inst_type` and `discipline`";
                return Err(entry.not_allowed("name", wanted));
            }
        };
        let value = entry.decimal("value")?;
        if value <= Decimal::NEGATIVE_ONE {
            return Err(entry.not_allowed("value", "a decimal above \"-1\""));
        }
        bonuses.push(Bonus { cite: entry.cite.clone(), name, on, value });
    }
    Ok(bonuses)
}

fn disease(fields: &Fields<'_>) -> Result<DiseaseCoefficient, Error> {
    let minimum_difference = fields.decimal("minimum_difference")?;
    if minimum_difference < Decimal::ZERO {
        return Err(fields.not_allowed("minimum_difference", "a decimal from \"0\""));
    }
    Ok(DiseaseCoefficient {
        cite: fields.cite.clone(),
        minimum_cases: fields.whole("minimum_cases", 1..=1_000_000)?,
        minimum_difference,
    })
}
