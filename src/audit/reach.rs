//! Rules that nothing reaches, and places that no rule covers.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::lines::{lines, words};
use super::prices::{Prices, newest_standards};
use crate::catalog::model::Catalog;
use crate::finding::Severity;
use crate::policy::model::{Combined, DiseaseOf, Letters, Method, PayMethod, Policy, Tier, Unit};
use crate::settlement::coefficient::{InstitutionFacts, tier_of};

/// Levels of the national dictionary (`hosp_lv`).
const LEVELS: std::ops::RangeInclusive<u8> = 1..=14;
/// Class letters as a case may combine them (A14).
const COMBINATIONS: [&str; 7] = ["O", "M", "A", "OM", "OA", "MA", "OMA"];

/// All findings about reach.
pub(super) fn findings(
    policy: &Policy,
    catalog: Option<&Catalog>,
    prices: &Prices,
) -> Vec<Finding> {
    let possible = possible_groups(policy, catalog);
    let mut found = standards(policy, possible.as_ref());
    found.extend(named_groups(policy, possible.as_ref()));
    found.extend(outlier_lines(policy, prices));
    found.extend(units(&policy.units));
    found.extend(prefixes(policy));
    if let Some(rule) = &policy.coefficient {
        found.extend(tiers(&rule.tiers));
    }
    found
}

/// The groups that grouping can give: by its rules where they say, else those of the catalog.
fn possible_groups(policy: &Policy, catalog: Option<&Catalog>) -> Option<BTreeSet<String>> {
    let of_catalog = || -> Option<BTreeSet<String>> {
        Some(catalog?.groups.iter().map(|group| group.group_code.clone()).collect())
    };
    let Method::Apg(apg) = &policy.grouping.method else { return of_catalog() };
    let by_rule = apg.refine.is_none()
        && apg.disease == DiseaseOf::DiseCodg
        && apg.disease_characters.is_none()
        && !policy.scope.dise_codg.is_empty();
    if !by_rule {
        return of_catalog();
    }
    let single = apg.letters == Letters::Main || apg.combined == Combined::Split;
    let held = COMBINATIONS.iter().filter(|letters| !single || letters.len() == 1);
    let held: Vec<&str> = held.copied().chain([apg.fallback.as_str()]).collect();
    let code = |disease: &String| -> Vec<String> {
        held.iter().map(|letters| format!("{letters}_{disease}")).collect()
    };
    Some(policy.scope.dise_codg.iter().flat_map(code).collect())
}

/// Standards of groups that grouping cannot give, and groups without one.
fn standards(policy: &Policy, possible: Option<&BTreeSet<String>>) -> Vec<Finding> {
    let Some(possible) = possible else { return Vec::new() };
    let priced = newest_standards(policy);
    let mut found = Vec::new();
    for (code, price) in priced.iter().filter(|(code, _)| !possible.contains(*code)) {
        let cite = policy.standards.iter().find(|standard| standard.group_code == *code);
        found.push(
            Finding::new("standard_unreachable", Severity::Warning, format!("standard[{code}]"))
                .shown_by(format!("{code} {price}"))
                .worth(*price)
                .under(cite.map(|standard| words(&standard.cite)).unwrap_or_default())
                .says(
                    format!("分组规则给不出 {code}，此支付标准永远用不到"),
                    format!("grouping never gives {code}: this standard is never used"),
                ),
        );
    }
    if policy.payment.method == PayMethod::Standard {
        for code in possible.iter().filter(|code| !priced.contains_key(*code)) {
            found.push(
                Finding::new("group_without_standard", Severity::Error, code.as_str())
                    .shown_by(code.as_str())
                    .under(words(&policy.payment.cite))
                    .says(
                        format!("分组可以给出 {code}，却没有支付标准：此组病例无法结算"),
                        format!("grouping can give {code}, which has no standard: its cases cannot be settled"),
                    ),
            );
        }
    }
    found
}

/// Groups that the policy names and grouping does not give.
fn named_groups(policy: &Policy, possible: Option<&BTreeSet<String>>) -> Vec<Finding> {
    let Some(possible) = possible else { return Vec::new() };
    let mut named: Vec<(&str, &str, String)> = Vec::new();
    if let Some(cycle) = &policy.case.cycle {
        let clause = words(&cycle.cite);
        let codes = cycle.except_groups.iter();
        named.extend(codes.map(|code| ("case.cycle.except_groups", &**code, clause.clone())));
    }
    if let Some(same) = &policy.same_price {
        let clause = words(&same.cite);
        named.extend(same.groups.iter().map(|code| ("same_price.groups", &**code, clause.clone())));
    }
    if let Some(score) = &policy.score {
        let clause = words(&score.cite);
        let codes = score.listed.iter();
        named.extend(codes.map(|row| ("score.listed", &*row.group_code, clause.clone())));
    }
    let unknown = named.into_iter().filter(|(_, code, _)| !possible.contains(*code));
    unknown
        .map(|(path, code, clause)| {
            Finding::new("unknown_group", Severity::Warning, path)
                .shown_by(code)
                .under(clause)
                .says(
                    format!("{path} 所列的 {code} 不是分组可以给出的病组，此例外从不适用"),
                    format!("{path} names {code}, which grouping never gives: the exception never applies"),
                )
        })
        .collect()
}

/// High lines by weight that no group of the catalog has.
fn outlier_lines(policy: &Policy, prices: &Prices) -> Vec<Finding> {
    if prices.weight.is_empty() {
        return Vec::new();
    }
    let unused = lines(policy)
        .into_iter()
        .filter(|line| !prices.weight.values().any(|weight| line.is_for(Some(weight))));
    unused
        .map(|line| {
            Finding::new("line_without_group", Severity::Info, line.path.as_str())
                .under(line.clause.as_str())
                .says(
                    "目录中没有权重落在这一档的病组".to_owned(),
                    "the catalog has no group of the weights this line is for".to_owned(),
                )
        })
        .collect()
}

/// Units that an earlier one always takes before them (R19).
fn units(units: &[Unit]) -> Vec<Finding> {
    let covers = |wide: &[String], narrow: &[String]| {
        wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|value| wide.contains(value)))
    };
    let mut found = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        let earlier = units[..at].iter().find(|first| {
            covers(&first.hi_paymtd, &unit.hi_paymtd)
                && covers(&first.dise_codg, &unit.dise_codg)
                && covers(&first.med_type, &unit.med_type)
        });
        found.extend(earlier.map(|first| {
            Finding::new("rule_shadowed", Severity::Warning, format!("unit[{}]", unit.code))
                .shown_by(format!("unit[{}]", first.code))
                .under(words(&unit.cite))
                .says(
                    format!(
                        "排在前面的 unit[{}] 已经取走它的全部病例，此规则永远用不到",
                        first.code
                    ),
                    format!(
                        "unit[{}] stands before it and takes all its cases: never used",
                        first.code
                    ),
                )
        }));
    }
    found
}

/// Beginnings of diagnoses that a shorter one of the same list covers.
fn prefixes(policy: &Policy) -> Vec<Finding> {
    let list = &policy.scope.carve_out_diagnoses;
    let covered = list.iter().filter_map(|code| {
        let wider = list.iter().find(|other| *other != code && code.starts_with(other.as_str()))?;
        Some((code, wider))
    });
    covered
        .map(|(code, wider)| {
            Finding::new("rule_shadowed", Severity::Info, "scope.carve_out_diagnoses")
                .shown_by(format!("{code} ⊂ {wider}"))
                .under(words(&policy.scope.cite))
                .says(format!("{wider} 已包含 {code}"), format!("{wider} already covers {code}"))
        })
        .collect()
}

/// Tiers that earlier ones shadow, and institutions that fit none (Z20).
fn tiers(tiers: &[Tier]) -> Vec<Finding> {
    if tiers.is_empty() {
        return Vec::new();
    }
    let types: BTreeSet<&String> =
        tiers.iter().flat_map(|tier| tier.inst_type.iter().chain(&tier.any_level)).collect();
    let mut reached = vec![false; tiers.len()];
    let mut gaps: BTreeMap<&str, BTreeSet<u8>> = BTreeMap::new();
    for kind in types {
        for level in LEVELS {
            for grade_a in [true, false] {
                let facts = InstitutionFacts {
                    hosp_lv: level.to_string(),
                    inst_type: kind.clone(),
                    grade_a: Some(grade_a),
                    ..InstitutionFacts::default()
                };
                match tier_of(&facts, tiers) {
                    Ok(at) => reached[at] = true,
                    Err(_) => {
                        gaps.entry(kind).or_default().insert(level);
                    }
                }
            }
        }
    }
    let shadowed = tiers.iter().zip(reached).filter(|(_, reached)| !reached);
    let mut found: Vec<Finding> = shadowed.map(|(tier, _)| shadowed_tier(tier)).collect();
    found.extend(
        gaps.into_iter().map(|(kind, levels)| tier_gap(kind, &levels).under(words(&tiers[0].cite))),
    );
    found
}

fn shadowed_tier(tier: &Tier) -> Finding {
    Finding::new("rule_shadowed", Severity::Warning, format!("coefficient.tier[{}]", tier.name))
        .shown_by(tier.name.as_str())
        .under(words(&tier.cite))
        .says(
            format!("前面的等级已经包含 {} 的全部机构，此系数永远用不到", tier.name),
            format!("tiers before it take every institution of {}: never used", tier.name),
        )
}

fn tier_gap(kind: &str, levels: &BTreeSet<u8>) -> Finding {
    let levels: Vec<String> = levels.iter().map(u8::to_string).collect();
    let levels = levels.join(", ");
    Finding::new("tier_gap", Severity::Warning, "coefficient.tier")
        .shown_by(format!("inst_type {kind}, hosp_lv {levels}"))
        .says(
            format!("类型 {kind}、等级 {levels} 的机构不属于任何一档：有此类机构即无法结算"),
            format!("institutions of type {kind} at level {levels} fit no tier: with one of them the settlement is refused"),
        )
}
