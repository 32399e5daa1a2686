//! A scenario resolved to whole numbers: points, prices, coefficients, references, lines.
//!
//! What cases of one kind get stands in their [`Segments`]; a tariff makes them on demand, so that it
//! stays small however many kinds there are. Scenarios that differ in money only (budget, sharing, cap)
//! have equal tariffs, and the pass over the cases evaluates equal tariffs once.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use rust_decimal::Decimal;

use crate::policy::model::{
    Band, BandPay, Class, Compare, Deviation, NoScore, OnOutliers, Outlier, PayMethod, Policy,
    Pools, RatioOf, Reference, Score,
};
use crate::units::{Points, Ratio, exact, ratio};

use super::cases::{Cases, UNGROUPED, flag};
use super::classes::{Class as InstitutionClass, Classes};
use super::decide::{Amounts, CaseClass, Judgement, Refusal, amount};
use super::error::Error;
use super::input::{ScenarioInput, SpecialKind};
use super::other::Units;
use super::outlier;
use super::rates::{Rate, need_catalog, point_values, prices, with_bands};
use super::references::{ReferenceSource, References};
use super::score::{self, Pieces};
use super::segments::{Factor, Formula, Line, Measure, Rule, Segment, Segments};
use super::types::Types;

/// What every case of one scenario is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    pub(super) method: PayMethod,
    compare: Compare,
    bands: Vec<BandRule>,
    /// One for each group and slot; the groups are those of the cases, then one for the ungrouped.
    rates: Vec<Rate>,
    /// Largest amount in fen of each band but the last, for each rate.
    ends: Vec<i64>,
    /// Position of the ungrouped among the groups.
    ungrouped: u32,
    /// 1 where nothing changes within the year, else 12.
    slots: u32,
    /// What a group without ends is refused for.
    unreferenced: Refusal,
    units: Units,
    pub(super) denominator: Denominator,
    /// Decimal places of case points (A46).
    places: u32,
    classes: Classes,
    references: References,
    types: Option<Types>,
    score: Option<Score>,
    outlier: Option<Outlier>,
    outliers: OnOutliers,
    /// What experts decided, by row.
    special: HashMap<u32, SpecialKind>,
    /// Whether lines carved out of a fee are paid besides (A47).
    pub(super) carves: bool,
}

/// What a case is apart from its amounts: cases of one kind have the same segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind {
    /// Index into [`Cases::groups`], or [`UNGROUPED`].
    pub group: u32,
    /// 1 to 12.
    pub month: u8,
    /// Index into [`Cases::institutions`].
    pub institution: u32,
    /// Index into [`Cases::disciplines`]; [`u16::MAX`] where not known.
    pub discipline: u16,
    /// Index into [`Cases::auxiliaries`]; [`UNGROUPED`] where cases have no types.
    pub auxiliary: u32,
    /// Bits of [`flag`] that change what a case gets.
    pub flags: u8,
    /// The patient paid more outside the catalog than the policy's share of the fee (Z17).
    pub above_self_paid_limit: bool,
}

/// One band without its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BandRule {
    class: Class,
    pay: BandPay,
    except_merged: bool,
    /// Upper end of the ratio, and whether it belongs to the band.
    up_to: Option<(Decimal, bool)>,
}

/// Denominator of the reimbursement ratio (A16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Denominator {
    Fee,
    InScope,
    /// `(Σ fund, Σ fee)` of the pool of each insurance type.
    Area(Vec<(i128, i128)>),
}

impl Tariff {
    /// Resolves a scenario for these cases. Only their lists of codes are read; their rows where the
    /// policy takes the area's ratio, where experts decided cases, and to name who lacks a coefficient.
    ///
    /// # Errors
    /// A missing catalog, scale, base mean, table or coefficient; a price that changes within a month;
    /// decisions of experts that do not fit.
    pub fn resolve(input: &ScenarioInput<'_>, cases: &Cases) -> Result<Self, Error> {
        let special = super::experts::by_row(input, cases)?;
        Self::with(input, cases, special)
    }

    /// The same with the decisions of experts by row.
    pub(super) fn with(
        input: &ScenarioInput<'_>,
        cases: &Cases,
        special: HashMap<u32, SpecialKind>,
    ) -> Result<Self, Error> {
        let policy = input.policy;
        let by_points = policy.payment.method == PayMethod::Points;
        check_sections(input)?;
        let units = if by_points { Units::of(input, need_catalog(input)?)? } else { Units::none() };
        let values =
            if by_points { point_values(input, cases, &units)? } else { prices(input, cases)? };
        let (rates, ends, slots) = with_bands(input, cases, values)?;
        let abnormal = policy.score.as_ref().and_then(|score| score.abnormal.as_ref());
        let with_levels = abnormal.is_some() && !input.given.last_means.by_level.is_empty();
        let references = match (abnormal, &policy.outlier) {
            (Some(rule), _) => References::of_score(input, rule, need_catalog(input)?, cases),
            (None, Some(_)) => References::of_catalog(need_catalog(input)?, cases),
            (None, None) => References::default(),
        };
        Ok(Self {
            method: policy.payment.method,
            compare: policy.deviation.as_ref().map_or(Compare::Fee, |deviation| deviation.compare),
            bands: policy.deviation.as_ref().map_or_else(Vec::new, band_rules),
            rates,
            ends,
            ungrouped: u32::try_from(cases.groups.len()).unwrap_or(UNGROUPED),
            slots: u32::try_from(slots).unwrap_or(1),
            unreferenced: match policy.deviation.as_ref().map(|deviation| deviation.reference) {
                Some(Reference::Mean) => Refusal::NoReference,
                Some(Reference::Standard) | None => Refusal::NoPrice,
            },
            units,
            denominator: match (policy.payment.method, policy.payment.ratio) {
                // Points use no ratio: scenarios that differ in it share one evaluation.
                (PayMethod::Points, _) | (_, RatioOf::Fee) => Denominator::Fee,
                (_, RatioOf::InScope) => Denominator::InScope,
                (_, RatioOf::Area) => Denominator::Area(area_sums(input, cases)),
            },
            places: input.catalog.map_or(4, |catalog| catalog.places.min(Points::PLACES)),
            classes: Classes::of(input, cases, with_levels)?,
            references,
            types: Types::of(input, cases)?,
            score: policy.score.clone(),
            outlier: policy.outlier.clone(),
            outliers: policy.coefficient.as_ref().map_or(OnOutliers::Apply, |rule| rule.outliers),
            special,
            carves: policy.carve_out.is_some() && !cases.carved_fen.is_empty(),
        })
    }

    /// Position of a group and month in `rates`; the last group stands for [`UNGROUPED`].
    #[inline]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "an index into a table of groups × slots, months being 1 to 12; no money"
    )]
    fn slot(&self, group: u32, month: u8) -> usize {
        let group = if group == UNGROUPED { self.ungrouped } else { group } as usize;
        if self.slots == 1 { group } else { group * 12 + usize::from(month) - 1 }
    }

    /// Whether what a group gets depends on the month.
    pub(super) fn by_month(&self) -> bool {
        self.slots != 1
    }

    pub(super) fn rate(&self, kind: &Kind) -> &Rate {
        &self.rates[self.slot(kind.group, kind.month)]
    }

    /// What experts decided of the case in this row.
    #[inline]
    pub(super) fn special_of(&self, row: u32) -> Option<SpecialKind> {
        if self.special.is_empty() {
            return None;
        }
        let special = self.special.get(&row).copied()?;
        let ignored = matches!(special, SpecialKind::Points(_))
            && self.score.as_ref().is_some_and(|score| !score.special);
        (!ignored).then_some(special)
    }

    /// Rows that experts decided on.
    pub(super) fn special_rows(&self) -> impl Iterator<Item = u32> {
        self.special.keys().copied()
    }

    /// Whether the in-scope amount changes what a case gets.
    #[inline]
    pub(super) fn looks_at_inscope(&self) -> bool {
        self.compare == Compare::InScope || self.denominator == Denominator::InScope
    }

    /// What kinds with the same segments have in common: the class stands in the place of its
    /// institutions. A key to remember segments by, and no kind to ask for them.
    #[must_use]
    pub fn like(&self, kind: &Kind) -> Kind {
        Kind {
            institution: self.classes.at(kind.institution, kind.discipline).into(),
            discipline: 0,
            auxiliary: if self.types.is_some() { kind.auxiliary } else { UNGROUPED },
            month: if self.by_month() { kind.month } else { 1 },
            ..*kind
        }
    }

    /// Points of an invited expert by the policy; those of table `special` join them.
    pub(super) fn expert_points(&self) -> Ratio {
        self.score.as_ref().map_or_else(|| ratio(0), |score| exact(score.external_expert))
    }

    /// The fund booked for what is not carved out of the fee.
    #[inline]
    pub(super) fn rest(&self, case: &Amounts) -> i64 {
        if self.carves { case.fund_fen.saturating_sub(case.carved_fen) } else { case.fund_fen }
    }

    /// Decimal places of case points (A46).
    pub(super) fn places(&self) -> u32 {
        self.places
    }

    /// Exact points, rounded as case points are; millionths.
    pub(super) fn rounded(&self, points: &Ratio) -> Option<i64> {
        Points::from_ratio(points, self.places).map(|points| points.0)
    }

    /// Whether the self-paid rule of `[score]` looks at cases.
    pub(super) fn has_self_paid_limit(&self) -> bool {
        self.score.as_ref().is_some_and(|score| score.self_paid.is_some())
    }

    /// Whether the patient paid more outside the catalog than the policy's share of the fee (Z17).
    #[inline]
    pub(super) fn above_self_paid_limit(&self, self_paid_fen: i64, fee_fen: i64) -> bool {
        let Some(rule) = self.score.as_ref().and_then(|score| score.self_paid.as_ref()) else {
            return false;
        };
        // own ÷ fee > limit, without a division; a limit has far fewer than 18 places.
        let scale = 10i128.saturating_pow(rule.limit.scale());
        i128::from(self_paid_fen).saturating_mul(scale)
            > rule.limit.mantissa().saturating_mul(fee_fen.into())
    }

    /// The class of the institution of a kind.
    pub(super) fn class_of(&self, kind: &Kind) -> (u16, &InstitutionClass) {
        let at = self.classes.at(kind.institution, kind.discipline);
        (at, self.classes.class(at))
    }

    /// k of a kind: 1 where its group never has one (A36), that of its tier in its disease, that of its
    /// institution.
    pub(super) fn coefficient_of(&self, kind: &Kind) -> Factor {
        if let Some(k) = self.rate(kind).everywhere {
            return Factor::decimal(k);
        }
        let (class, _) = self.class_of(kind);
        self.classes.coefficient(kind.group, class).clone()
    }

    /// Whether k of a kind is that of its tier in its disease (6.3).
    pub(super) fn is_own_of_group(&self, kind: &Kind) -> bool {
        self.classes.is_own_of_group(kind.group, self.class_of(kind).0)
    }

    /// The highest auxiliary type that a kind meets, with its factor (6.3).
    pub(super) fn auxiliary_of(&self, kind: &Kind) -> Option<(&str, &Ratio)> {
        let listens = self.score.as_ref().is_none_or(|score| score.auxiliary);
        self.types.as_ref().filter(|_| listens)?.of_case(kind.group, kind.auxiliary)
    }

    /// What the fee of a kind is compared with, in yuan (A37); none for bands.
    pub(super) fn reference_of(&self, kind: &Kind) -> Option<(Decimal, ReferenceSource)> {
        self.references.at(kind.group, self.class_of(kind).1.level)
    }

    /// What cases of a kind get, by their amount.
    #[must_use]
    pub fn segments(&self, kind: &Kind) -> Segments {
        let rate = self.rate(kind);
        match (rate.unit, self.method) {
            (Some(unit), _) => self.units.segments(unit, rate.value),
            (None, PayMethod::Standard) => self.standard_segments(kind, rate),
            (None, PayMethod::Points) if rate.ungrouped => self.ungrouped_segments(),
            (None, PayMethod::Points) => self.point_segments(kind, rate),
        }
    }

    /// Late and unusable cases have no outlier test (A23, R24).
    fn standard_segments(&self, kind: &Kind, rate: &Rate) -> Segments {
        let pay = if rate.valued {
            Formula::Standard(rate.value)
        } else {
            Formula::Refused(Refusal::NoPrice)
        };
        if kind.flags & flag::LATE != 0 {
            return Segments::one(Measure::Fee, CaseClass::Late, Rule::Group, pay);
        }
        if kind.flags & flag::UNUSABLE != 0 {
            return Segments::one(Measure::Fee, CaseClass::Unusable, Rule::Group, pay);
        }
        self.band_segments(kind, rate, |_| pay.clone())
    }

    /// A41.
    fn ungrouped_segments(&self) -> Segments {
        let (rule, pay) = match self.score.as_ref().map(|score| score.no_score) {
            None | Some(NoScore::Factor) => {
                (Rule::Ungrouped, Formula::Points(self.units.ungrouped.clone()))
            }
            Some(NoScore::None) => {
                (Rule::UngroupedNone, Formula::Points(Line::published(Points(0))))
            }
            Some(NoScore::Item) => (Rule::UngroupedItem, Formula::Booked),
            Some(NoScore::Lowest) => {
                (Rule::UngroupedLowest, Formula::Points(self.units.lowest.clone()))
            }
        };
        Segments::one(Measure::Fee, CaseClass::Ungrouped, rule, pay)
    }

    fn point_segments(&self, kind: &Kind, rate: &Rate) -> Segments {
        let coefficient = self.coefficient_of(kind);
        let auxiliary = self.auxiliary_of(kind).map(|(_, factor)| Factor::from(factor.clone()));
        let score = self.score.as_ref();
        let per_point = i128::from(Points::PER_POINT);
        let mut base = Factor::Small(rate.value.into(), per_point);
        if let Some(score) = score.filter(|_| kind.flags & flag::DAY_SURGERY != 0 && !rate.listed) {
            base = base.times(&Factor::decimal(score.day_surgery));
        }
        let reference = self.references.fen(kind.group, self.class_of(kind).1.level);
        let self_paid = score
            .and_then(|score| score.self_paid.as_ref())
            .filter(|_| kind.above_self_paid_limit)
            .map(|rule| Factor::decimal(rule.factor));
        let pieces = Pieces {
            places: self.places,
            base: &base,
            coefficient: &coefficient,
            auxiliary: auxiliary.as_ref(),
            self_paid: self_paid.as_ref(),
            reference: reference.as_ref(),
            outliers: self.outliers,
        };
        if let (Some(rule), Some(line), Some(scale)) = (&self.outlier, rate.high, &self.units.scale)
        {
            return outlier::segments(rule, line, scale, &pieces);
        }
        if !self.bands.is_empty() {
            return self.band_segments(kind, rate, |class| match class {
                Class::Normal => pieces.normal(),
                Class::Low | Class::High => pieces.flat(),
            });
        }
        match score {
            Some(score) => score::segments(score, &pieces),
            None => Segments::one(Measure::Fee, CaseClass::Normal, Rule::Group, pieces.normal()),
        }
    }

    /// Bands of `[deviation]` (A06–A08, Y22–Y24).
    fn band_segments(&self, kind: &Kind, rate: &Rate, pay: impl Fn(Class) -> Formula) -> Segments {
        let by = match self.compare {
            Compare::Fee => Measure::Fee,
            Compare::InScope => Measure::InScope,
            Compare::Fund => Measure::Fund,
        };
        if self.bands.is_empty() {
            return Segments::one(by, CaseClass::Normal, Rule::Group, pay(Class::Normal));
        }
        if !rate.referenced {
            let refused = Formula::Refused(self.unreferenced);
            return Segments::one(by, CaseClass::Normal, Rule::Group, refused);
        }
        let inner = self.bands.len().saturating_sub(1);
        let first = self.slot(kind.group, kind.month).saturating_mul(inner);
        let ends = &self.ends[first..first.saturating_add(inner)];
        let merged = kind.flags & flag::MERGED != 0;
        let ends = ends.iter().copied().chain([i64::MAX]);
        let segment = |(band, end): (&BandRule, i64)| {
            let (class, rule, pay) = match band.pay {
                _ if band.except_merged && merged => {
                    (CaseClass::Normal, Rule::Group, pay(Class::Normal))
                }
                BandPay::Item => (band.class.into(), Rule::Item, Formula::Booked),
                BandPay::Group => (band.class.into(), Rule::Group, pay(band.class)),
            };
            Segment { end, class, rule, for_review: false, pay }
        };
        Segments { by, list: self.bands.iter().zip(ends).map(segment).collect() }
    }
}

impl Tariff {
    /// Whether a case tested against its standard would have another class at the standard × `factor`
    /// (A08).
    pub(super) fn moves_at_clearing(
        &self,
        kind: &Kind,
        case: &Amounts,
        judged: &Judgement,
        factor: &Factor,
    ) -> bool {
        let rate = self.rate(kind);
        if judged.band.is_none() || self.unreferenced != Refusal::NoPrice {
            return false;
        }
        let standard = Factor::whole(rate.value.into()).times(factor);
        let segments = self.segments(kind);
        let amount = amount(segments.by, case);
        let end = |band: &BandRule| {
            band.up_to.map_or(i64::MAX, |(up_to, inclusive)| {
                Factor::decimal(up_to).end(&standard, inclusive)
            })
        };
        let at = self.bands.iter().position(|band| amount <= end(band));
        at.is_some_and(|at| segments.list[at].class != judged.class)
    }
}

/// Sections that change points only, and sections that would judge the same case twice.
fn check_sections(input: &ScenarioInput<'_>) -> Result<(), Error> {
    let policy: &Policy = input.policy;
    let of_points = [
        ("coefficient", policy.coefficient.is_some()),
        ("auxiliary", policy.auxiliary.is_some()),
        ("score", policy.score.is_some()),
        ("outlier", policy.outlier.is_some()),
    ];
    let scenario = || input.name.clone();
    if policy.payment.method == PayMethod::Standard
        && let Some((section, _)) = of_points.iter().find(|(_, there)| *there)
    {
        return Err(Error::SectionNeedsPoints { scenario: scenario(), section });
    }
    let abnormal = policy.score.as_ref().is_some_and(|score| score.abnormal.is_some());
    let judges = [
        ("deviation", policy.deviation.is_some()),
        ("score.abnormal", abnormal),
        ("outlier", policy.outlier.is_some()),
    ];
    let there: Vec<&'static str> =
        judges.iter().filter(|(_, there)| *there).map(|(section, _)| *section).collect();
    if there.len() > 1 {
        return Err(Error::JudgedTwice { scenario: scenario(), sections: there });
    }
    Ok(())
}

fn band_rules(deviation: &Deviation) -> Vec<BandRule> {
    let rule = |band: &Band| BandRule {
        class: band.class,
        pay: band.pay,
        except_merged: band.except_merged,
        up_to: band.up_to.map(|up_to| (up_to, band.inclusive)),
    };
    deviation.bands.iter().map(rule).collect()
}

/// Σ fund and Σ fee of the pool each insurance type belongs to (A16 `area`).
pub(super) fn area_sums(input: &ScenarioInput<'_>, cases: &Cases) -> Vec<(i128, i128)> {
    let mut sums = vec![(0i128, 0i128); cases.insutypes.len()];
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        let sum = &mut sums[usize::from(cases.insutype[row])];
        sum.0 = sum.0.saturating_add(cases.fund_fen[row].into());
        sum.1 = sum.1.saturating_add(cases.fee_fen[row].into());
    }
    if input.policy.budget.pools == Pools::One {
        let all = sums.iter().fold((0i128, 0i128), |all, sum| {
            (all.0.saturating_add(sum.0), all.1.saturating_add(sum.1))
        });
        sums.fill(all);
    }
    sums
}
