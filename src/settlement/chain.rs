//! Explains one case: the steps from its group to its pay, from the tariff that pays it.
//!
//! The numbers are those the segments were made of; the points that follow from them are held against
//! what [`decide`] says, so that an explanation cannot explain another number.

use num_traits::{One as _, Zero as _};

use crate::policy::model::{AbnormalHigh, Cite, OnOutliers, PayMethod, Policy};
use crate::units::{Fen, Points, Ratio, exact, fraction, ratio};

use super::cases::{Cases, UNGROUPED, flag};
use super::decide::{CaseClass, CaseView, Judgement, Pay, amount, decide, reimbursement};
use super::formula::{Formula, Parts, of_points};
use super::input::{ScenarioInput, SpecialKind};
use super::outcome::UNGROUPED_CODE;
use super::segments::{Measure, Rule, Segments};
use super::tariff::{Kind, Tariff};
use super::trail::{Step, Trail, Value};

/// The chain of steps of the case in this row, ending in its points or its money.
///
/// `tariff` is that of `input` for these cases.
///
/// # Panics
/// If the steps do not lead to what the case is paid: a fault of the program.
#[must_use]
pub fn explain_case(
    tariff: &Tariff,
    input: &ScenarioInput<'_>,
    cases: &Cases,
    row: usize,
) -> Trail {
    let case = CaseView::of(cases, row);
    let kind = Kind::of(tariff, &case);
    let chain = Chain {
        tariff,
        input,
        cases,
        case,
        kind,
        segments: tariff.segments(&kind),
        judged: decide(tariff, &case),
    };
    let mut steps = vec![chain.group()];
    if case.fee_fen != 0 {
        steps.extend(chain.tested());
    }
    steps.extend(chain.decided());
    steps.extend(chain.numbers());
    steps.push(chain.paid());
    steps.extend(chain.carved());
    Trail { steps }
}

struct Chain<'a> {
    tariff: &'a Tariff,
    input: &'a ScenarioInput<'a>,
    cases: &'a Cases,
    case: CaseView,
    kind: Kind,
    segments: Segments,
    judged: Judgement,
}

fn fen(amount: i64) -> Value {
    Value::Money(Fen(amount))
}

fn points_of(millionths: i64) -> Value {
    Value::Points(Points(millionths))
}

impl Chain<'_> {
    fn policy(&self) -> &Policy {
        self.input.policy
    }

    fn code(&self) -> &str {
        match self.case.group {
            UNGROUPED => UNGROUPED_CODE,
            at => self.cases.groups.get(at as usize).map_or(UNGROUPED_CODE, String::as_str),
        }
    }

    fn group(&self) -> Step {
        Step::of("group", Value::Text(self.code().to_owned()))
            .at("grouping", &self.policy().grouping.cite)
    }

    /// Where the rule that pays the case stands.
    fn place(&self) -> (String, Cite) {
        let policy = self.policy();
        let band = |at: Option<u8>| {
            let bands = policy.deviation.as_ref().map(|deviation| &deviation.bands)?;
            let band = bands.get(usize::from(at?))?;
            let name = CaseClass::from(band.class).as_str();
            Some((format!("deviation.band[{name}]"), band.cite.clone()))
        };
        let abnormal = |key: &str| {
            let rule = policy.score.as_ref().and_then(|score| score.abnormal.as_ref());
            let cite = rule.map(|rule| rule.cite.clone()).unwrap_or_default();
            (format!("score.abnormal.{key}"), cite)
        };
        let outlier = |key: &str| {
            let cite = policy.outlier.as_ref().map(|rule| rule.cite.clone()).unwrap_or_default();
            (format!("outlier.{key}"), cite)
        };
        match self.judged.rule {
            Rule::ZeroFee => (String::new(), super::ledger::reading("R11")),
            Rule::Decided | Rule::DecidedItem => {
                (String::from("score.special"), super::ledger::reading("R17"))
            }
            Rule::Unit => {
                let unit = policy.units.iter().find(|unit| unit.code == self.code());
                let cite = unit.map(|unit| unit.cite.clone()).unwrap_or_default();
                (format!("unit[{}]", self.code()), cite)
            }
            Rule::Ungrouped => {
                (String::from("weights.ungrouped_factor"), super::ledger::reading("A41"))
            }
            Rule::UngroupedNone | Rule::UngroupedItem | Rule::UngroupedLowest => {
                (String::from("score.no_score"), super::ledger::reading("A41"))
            }
            Rule::LowRatio => abnormal("low"),
            Rule::HighExcess | Rule::HighReview => abnormal("high"),
            Rule::ExtremeReview | Rule::ExtremeCoefficient | Rule::ExtremeItem => {
                abnormal("extreme_rule")
            }
            Rule::LowNoFactor | Rule::LowActual => outlier("low_rule"),
            Rule::LinearAdd | Rule::Deduct | Rule::Cap => outlier("high_rule"),
            Rule::Group | Rule::Item => band(self.judged.band)
                .unwrap_or_else(|| (String::from("payment.method"), policy.payment.cite.clone())),
        }
    }

    /// What the amount was compared with, and between which lines it lies.
    fn tested(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some((yuan, source)) = self.tariff.reference_of(&self.kind) {
            let step = Step::of("reference", Value::Decimal(yuan))
                .by("source", vec![("source", Value::Word(source.as_str()))])
                .reading("A37, R06");
            steps.push(step);
            let times = exact(yuan) * ratio(100);
            if times != ratio(0) {
                let times = ratio(self.case.fee_fen) / times;
                let inputs = vec![("fee", fen(self.case.fee_fen)), ("mean", Value::Decimal(yuan))];
                steps.push(Step::of("ratio", Value::Ratio(times)).by("fee ÷ mean", inputs));
            }
        }
        let amount = amount(self.segments.by, &self.case.amounts());
        let (at, segment) = self.segments.of(amount);
        if self.segments.list.len() > 1 {
            let symbol = match self.segments.by {
                Measure::Fee => "fee",
                Measure::InScope => "in_scope",
                Measure::Fund => "fund",
                Measure::Days => "days",
            };
            let mut inputs = vec![(symbol, fen(amount))];
            if let Some(below) = at.checked_sub(1) {
                inputs.push(("above", fen(self.segments.list[below].end)));
            }
            if segment.end != i64::MAX {
                inputs.push(("up_to", fen(segment.end)));
            }
            let (path, cite) = self.place();
            let class = Value::Word(segment.class.as_str());
            steps.push(
                Step::of("class", class).by("above < amount ≤ up_to", inputs).at(path, &cite),
            );
        } else {
            steps.push(Step::of("class", Value::Word(segment.class.as_str())));
        }
        steps
    }

    fn decided(&self) -> Option<Step> {
        let id = self.cases.case_id.get(self.case.row as usize)?;
        self.tariff.special_of(self.case.row)?;
        let decided = self.input.given.special.get(id)?;
        let (word, value) = match decided.kind {
            SpecialKind::Points(value) => ("points", Some(value)),
            SpecialKind::Add(value) => ("add", Some(value)),
            SpecialKind::Item => ("item", None),
            SpecialKind::Refused => ("refused", None),
        };
        let mut inputs = vec![("reviewer", Value::Text(decided.reviewer.clone()))];
        inputs.push(("reason", Value::Text(decided.reason.clone())));
        inputs.extend(value.map(|value| ("value", Value::Decimal(value))));
        Some(Step::of("special", Value::Word(word)).by("special", inputs).reading("Z25, R17"))
    }

    /// The numbers that the points are made of, where the rule takes them.
    fn numbers(&self) -> Vec<Step> {
        let rate = self.tariff.rate(&self.kind);
        let grouped = !rate.ungrouped && rate.unit.is_none();
        let decided = matches!(self.judged.rule, Rule::Decided | Rule::ZeroFee);
        if self.tariff.method != PayMethod::Points || !grouped || decided {
            return Vec::new();
        }
        let policy = self.policy();
        let key = if rate.listed { "listed_points" } else { "group_points" };
        let path = if rate.listed { "score.listed" } else { "weights" };
        let mut steps = vec![Step::of(key, points_of(rate.value)).at(path, &policy.weights.cite)];
        if let Some(score) = policy.score.as_ref().filter(|_| self.is_day_surgery()) {
            let factor = Value::Decimal(score.day_surgery);
            steps.push(Step::of("day_surgery", factor).at("score.day_surgery", &score.cite));
        }
        if let Some((name, factor)) = self.auxiliary() {
            let inputs = vec![("type", Value::Text(name.to_owned()))];
            let step = Step::of("auxiliary", Value::Ratio(factor.clone())).by("type", inputs);
            let cite = policy.auxiliary.as_ref().map(|rule| rule.cite.clone()).unwrap_or_default();
            steps.push(step.at("auxiliary.factor", &cite));
        }
        steps.extend(self.coefficient());
        if let Some(rule) = policy.score.as_ref().and_then(|score| score.self_paid.as_ref())
            && self.kind.above_self_paid_limit
        {
            let inputs = vec![
                ("own", fen(self.case.self_paid_fen)),
                ("fee", fen(self.case.fee_fen)),
                ("limit", Value::Decimal(rule.limit)),
            ];
            let step = Step::of("self_paid", Value::Decimal(rule.factor));
            steps.push(step.by("own ÷ fee > limit", inputs).at("score.self_paid", &rule.cite));
        }
        steps
    }

    fn is_day_surgery(&self) -> bool {
        self.kind.flags & flag::DAY_SURGERY != 0 && !self.tariff.rate(&self.kind).listed
    }

    /// The auxiliary type that multiplies the points: only of normal cases (R17).
    fn auxiliary(&self) -> Option<(&str, &Ratio)> {
        let takes = matches!(self.judged.rule, Rule::Group | Rule::HighReview)
            || (self.judged.rule == Rule::ExtremeReview && self.high_is_reviewed());
        self.tariff.auxiliary_of(&self.kind).filter(|_| takes && self.is_normal_band())
    }

    fn is_normal_band(&self) -> bool {
        let in_bands = self.policy().deviation.is_some();
        !in_bands || self.judged.class == CaseClass::Normal
    }

    fn high_is_reviewed(&self) -> bool {
        let rule = self.policy().score.as_ref().and_then(|score| score.abnormal.as_ref());
        rule.is_some_and(|rule| rule.high_rule == AbnormalHigh::Review)
    }

    /// k with its base and bonuses.
    fn coefficient(&self) -> Vec<Step> {
        let Some(rule) = &self.policy().coefficient else { return Vec::new() };
        let k = Value::Ratio(self.tariff.coefficient_of(&self.kind).exact());
        if self.tariff.rate(&self.kind).always_one {
            return vec![Step::of("coefficient", k).at("coefficient", &rule.cite).reading("A36")];
        }
        let (_, class) = self.tariff.class_of(&self.kind);
        let tier = class.tier.map(|at| &rule.tiers[at]);
        let mut steps = Vec::new();
        if let Some(tier) = tier {
            let path = format!("coefficient.tier[{}]", tier.name);
            steps.push(Step::of("tier", Value::Text(tier.name.clone())).at(path, &tier.cite));
        }
        let own = self.tariff.is_own_of_group(&self.kind);
        if !own {
            steps.push(
                Step::of("base_coefficient", Value::Ratio(class.base.clone()))
                    .at("coefficient.method", &rule.cite),
            );
        }
        for (name, value) in &class.bonuses {
            let bonus = rule.bonuses.iter().find(|bonus| bonus.name == *name);
            let cite = bonus.map(|bonus| bonus.cite.clone()).unwrap_or_default();
            let inputs = vec![("bonus", Value::Text(name.clone()))];
            let step = Step::of("bonus", Value::Decimal(*value)).by("bonus", inputs);
            steps.push(step.at(format!("coefficient.bonus[{name}].value"), &cite));
        }
        let path = if own { "coefficient.disease" } else { "coefficient.combine" };
        steps.push(Step::of("coefficient", k).at(path, &rule.cite));
        steps
    }

    /// The last step: points or money.
    fn paid(&self) -> Step {
        let (path, cite) = self.place();
        let step = |key, value| Step::of(key, value).at(path.clone(), &cite);
        match self.judged.pay {
            Pay::Booked(amount) => {
                let inputs = vec![
                    ("fund", fen(self.case.fund_fen)),
                    ("carved_out", fen(self.judged.carved)),
                ];
                step("paid_as_booked", fen(amount)).by("fund − carved_out", inputs)
            }
            Pay::Standard(amount) => {
                let (numerator, denominator) = reimbursement(self.tariff, &self.case.amounts());
                let share = fraction(numerator, denominator).unwrap_or_else(|| ratio(0));
                let price = self.tariff.rate(&self.kind).value;
                let inputs = vec![("standard", fen(price)), ("ratio", Value::Ratio(share))];
                step("paid_by_standard", fen(amount)).by("standard × ratio", inputs)
            }
            Pay::Points(points) => {
                let found = points_of(points);
                let Some((symbols, inputs, value)) = self.formula() else {
                    return step("points", found);
                };
                let rounded = self.tariff.rounded(&value);
                assert_eq!(rounded, Some(points), "the explanation of row {}", self.case.row);
                step("points", found).by(symbols, inputs)
            }
            Pay::Refused(_) => step("refused", Value::Word("refused")),
        }
    }

    /// The formula of the points; `None` where they are looked up or of another unit.
    fn formula(&self) -> Option<Formula> {
        let special = self.tariff.special_of(self.case.row);
        if let (Rule::Decided, Some(SpecialKind::Points(value))) = (self.judged.rule, special) {
            return Some(("value", vec![("value", Value::Decimal(value))], exact(value)));
        }
        let policy = self.policy();
        let rate = self.tariff.rate(&self.kind);
        let score = policy.score.as_ref();
        let mut base = of_points(rate.value);
        if let Some(score) = score.filter(|_| self.is_day_surgery()) {
            base *= exact(score.day_surgery);
        }
        let rule = score.and_then(|score| score.self_paid.as_ref());
        let own = rule.filter(|_| self.kind.above_self_paid_limit);
        let abnormal = score.and_then(|score| score.abnormal.as_ref());
        let line = rate.high.or_else(|| abnormal.map(|rule| rule.high));
        let reference = self.tariff.reference_of(&self.kind).map(|(yuan, _)| exact(yuan));
        let reference = reference.filter(|yuan| !yuan.is_zero());
        let auxiliary = self.auxiliary().map(|(_, factor)| factor.clone());
        let mut coefficient = self.tariff.coefficient_of(&self.kind).exact();
        let mut rule_of = self.judged.rule;
        if rule_of == Rule::ExtremeReview && self.high_is_reviewed() {
            rule_of = Rule::HighReview;
        }
        if !self.is_normal_band() && self.outliers() == OnOutliers::None {
            coefficient = Ratio::one();
        }
        Parts {
            rule: rule_of,
            outliers: self.outliers(),
            base,
            auxiliary: auxiliary.unwrap_or_else(Ratio::one),
            coefficient,
            self_paid: own.map_or_else(Ratio::one, |rule| exact(rule.factor)),
            expert: match special {
                Some(SpecialKind::Add(value)) => exact(value) + self.tariff.expert_points(),
                _ => Ratio::zero(),
            },
            fee: self.case.fee_fen,
            times: reference
                .map_or_else(Ratio::zero, |yuan| ratio(self.case.fee_fen) / (yuan * ratio(100))),
            line: line.unwrap_or_default(),
            extreme: abnormal.map(|rule| rule.extreme).unwrap_or_default(),
            measure: self.input.catalog.map_or_else(Default::default, |catalog| {
                (catalog.base_mean, catalog.scale.unwrap_or_default())
            }),
            ungrouped: policy.weights.ungrouped_factor,
        }
        .formula()
    }

    fn outliers(&self) -> OnOutliers {
        let rule = self.policy().coefficient.as_ref();
        rule.map_or(OnOutliers::Apply, |rule| rule.outliers)
    }

    fn carved(&self) -> Option<Step> {
        let rule = self.policy().carve_out.as_ref().filter(|_| self.judged.carved != 0)?;
        Some(Step::of("carved_out", fen(self.judged.carved)).at("carve_out", &rule.cite))
    }
}
