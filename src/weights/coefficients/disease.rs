//! Coefficients by tier within one disease (6.3): only if levels differ, cases suffice and nothing
//! inverts; conservative groups by class only.

use num_traits::Signed as _;

use super::super::sums::Total;
use super::super::{Error, Plan, quotient};
use super::{Coefficients, sums};
use crate::catalog::model::{Catalog, Group};
use crate::policy::model::{Attribute, DiseaseCoefficient, Method};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::coefficient::always_one;
use crate::units::{Ratio, exact, ratio};

/// Why a tier has the coefficient it has in a disease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The quotient of the disease.
    Disease,
    /// The tier has too few cases of it, or no other tier has enough.
    FewCases,
    /// The tiers cost alike.
    NoDifference,
    /// A lower tier is dearer than a higher one.
    Inversion,
    /// 内科诊疗: without operation, or with one that has no attribute (R32).
    Conservative,
    /// Grass-roots disease or one price: never a coefficient.
    AlwaysOne,
}

impl Reason {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Disease => "disease",
            Self::FewCases => "few_cases",
            Self::NoDifference => "no_difference",
            Self::Inversion => "inversion",
            Self::Conservative => "conservative",
            Self::AlwaysOne => "always_one",
        }
    }
}

/// One tier in one disease.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) tier: usize,
    pub(super) cases: u64,
    /// Blended mean in fen.
    pub(super) mean: Ratio,
    /// ÷ that of the disease.
    pub(super) quotient: Ratio,
    pub(super) reason: Reason,
}

/// The tiers with cases of one disease, in the policy's order; none for a disease without cases.
#[derive(Debug, Clone, Default)]
pub(super) struct Disease {
    pub(super) cells: Vec<Cell>,
}

impl Disease {
    /// The coefficient that a tier has of its own in this disease.
    pub(super) fn own(&self, tier: usize) -> Option<&Ratio> {
        let cell = self.cells.iter().find(|cell| cell.tier == tier)?;
        (cell.reason == Reason::Disease).then_some(&cell.quotient)
    }
}

/// One entry for each group of the cases; none where the policy has no conditions.
pub(super) fn derive(
    plan: &Plan<'_>,
    all: &Coefficients<'_>,
    (cases, catalog): (&Cases, &Catalog),
) -> Result<Vec<Disease>, Error> {
    let Some(rule) = &all.rule.disease else { return Ok(Vec::new()) };
    let (width, tiers) = (plan.years.len(), all.rule.tiers.len());
    let mut sums = vec![Total::default(); cases.groups.len() * tiers * width];
    let columns = cases.institution.iter().zip(&cases.group);
    for ((institution, group), (year, fee)) in columns.zip(cases.year.iter().zip(&cases.fee_fen)) {
        let year = plan.years.iter().position(|known| known == year);
        let tier = all.roster.tiers[*institution as usize];
        let (Some(year), Some(tier)) = (year, tier) else { continue };
        if *group != UNGROUPED {
            let total = &mut sums[(*group as usize * tiers + tier) * width + year];
            total.cases = total.cases.saturating_add(1);
            total.fen = total.fen.saturating_add(i128::from(*fee));
        }
    }
    let is_dip = matches!(plan.policy.grouping.method, Method::Dip(_));
    let groups = sums::rows(cases, catalog).into_iter().zip(sums.chunks_exact(tiers * width));
    let mut diseases = Vec::with_capacity(cases.groups.len());
    for (group, sums) in groups {
        let disease = group.and_then(|group| {
            let reason = of_group(group, is_dip);
            one(plan, rule, sums, reason)
        });
        diseases.push(disease.unwrap_or_default());
    }
    Ok(diseases)
}

/// A reason that the group itself gives.
fn of_group(group: &Group, is_dip: bool) -> Option<Reason> {
    if always_one(&group.kind, &group.flags) {
        return Some(Reason::AlwaysOne);
    }
    (is_dip && is_conservative(group)).then_some(Reason::Conservative)
}

/// A DIP group of 内科诊疗 (R32): without operation, or with a main operation that the rules give no
/// attribute. The directory says so in the residual group that it lies under, or is: `dx3_C`.
fn is_conservative(group: &Group) -> bool {
    let residual = if group.parent.is_empty() { &group.group_code } else { &group.parent };
    residual.rsplit_once('_').map(|(_, letter)| Attribute::of_letter(letter))
        == Some(Some(Attribute::Conservative))
}

fn one(
    plan: &Plan<'_>,
    rule: &DiseaseCoefficient,
    sums: &[Total],
    given: Option<Reason>,
) -> Option<Disease> {
    let width = plan.years.len();
    let city: Vec<Total> =
        (0..width).map(|year| Total::of(sums.iter().skip(year).step_by(width).copied())).collect();
    let mean = quotient::mean(&city, &plan.blend).filter(Ratio::is_positive)?;
    let needed = u64::from(rule.minimum_cases).saturating_mul(width as u64);
    let mut cells: Vec<Cell> = Vec::new();
    for (tier, years) in sums.chunks_exact(width).enumerate() {
        let cases = Total::of(years.iter().copied()).cases;
        let Some(own) = quotient::mean(years, &plan.blend) else { continue };
        let enough = if cases >= needed { Reason::Disease } else { Reason::FewCases };
        let reason = given.unwrap_or(enough);
        cells.push(Cell { tier, cases, quotient: &own / &mean, mean: own, reason });
    }
    let own = |cell: &&Cell| cell.reason == Reason::Disease;
    let quotients: Vec<Ratio> =
        cells.iter().filter(own).map(|cell| cell.quotient.clone()).collect();
    if let Some(reason) = refused(&quotients, &exact(rule.minimum_difference)) {
        for cell in cells.iter_mut().filter(|cell| cell.reason == Reason::Disease) {
            cell.reason = reason;
        }
    }
    Some(Disease { cells })
}

/// Why quotients, the highest tier first, are not taken.
fn refused(quotients: &[Ratio], minimum_difference: &Ratio) -> Option<Reason> {
    let (Some(most), Some(least)) = (quotients.iter().max(), quotients.iter().min()) else {
        return None;
    };
    if quotients.len() < 2 {
        Some(Reason::FewCases)
    } else if most - least < *minimum_difference || *most == *least {
        Some(Reason::NoDifference)
    } else if quotients.windows(2).any(|pair| pair[0] < pair[1]) {
        Some(Reason::Inversion)
    } else {
        None
    }
}

/// The coefficient a cell leads to: its own quotient, 1, or that of the class.
pub(super) fn coefficient(cell: &Cell, class: &Ratio) -> Ratio {
    match cell.reason {
        Reason::Disease => cell.quotient.clone(),
        Reason::AlwaysOne => ratio(1),
        _ => class.clone(),
    }
}
