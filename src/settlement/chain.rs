//! Explains one case: the steps from its group to its pay, from the tariff that pays it.
//!
//! The numbers are those the segments were made of; the points that follow from them are held against
//! what [`decide`] says, so that an explanation cannot explain another number.

use num_traits::{One as _, Zero as _};

use crate::policy::model::{
    AbnormalHigh, Cite, Combine, OnOutliers, PayMethod, Policy, RatioOf, UnitKind,
};
use crate::trail::{Step, Value};
use crate::units::{Fen, Points, Ratio, exact, fraction, ratio};

use super::cases::{Cases, UNGROUPED, flag};
use super::decide::{CaseClass, CaseView, Judgement, Pay, amount, decide, reimbursement};
use super::formula::{Formula, Parts, of_points};
use super::input::{ScenarioInput, SpecialKind};
use super::outcome::UNGROUPED_CODE;
use super::segments::{Measure, Rule, Segments};
use super::tariff::{Kind, Tariff};
use super::trail::lines;

/// The steps of the case in this row, ending in its points or its money.
///
/// `tariff` is that of `input` for these cases.
///
/// # Panics
/// If the steps do not lead to what the case is paid: a fault of the program.
#[must_use]
pub(super) fn steps(
    tariff: &Tariff,
    input: &ScenarioInput<'_>,
    cases: &Cases,
    row: usize,
) -> Vec<Step> {
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
    let mut steps = Vec::new();
    if case.fee_fen == 0 {
        let inputs = vec![("fee", fen(0))];
        let class = Step::of("class", Value::Word("zero_fee"));
        steps.push(class.by("fee = 0", inputs).reading("R11"));
    } else {
        steps.extend(chain.tested());
    }
    steps.extend(chain.decided());
    steps.extend(chain.numbers());
    steps.extend(chain.carved());
    steps.extend(chain.paid());
    steps
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
        let mut steps = self.reference();
        let amount = amount(self.segments.by, &self.case.amounts());
        let (at, segment) = self.segments.of(amount);
        let class = Step::of("class", Value::Word(segment.class.as_str()));
        let (path, cite) = self.place();
        if self.segments.list.len() < 2 {
            steps.push(self.untested(class));
            return steps;
        }
        steps.extend(lines::of(
            self.input,
            (self.tariff, &self.kind),
            (self.code(), self.case.month),
        ));
        let symbol = match self.segments.by {
            Measure::Fee => "fee",
            Measure::InScope => "in_scope",
            Measure::Fund => "fund",
            Measure::Days => "days",
        };
        let mut symbols = symbol.to_owned();
        let mut inputs = vec![(symbol, fen(amount))];
        let below = at.checked_sub(1).map(|below| self.segments.list[below].end);
        if let Some(below) = below {
            symbols = format!("above < {symbols}");
            inputs.push(("above", fen(below)));
        }
        if segment.end != i64::MAX {
            symbols.push_str(" ≤ up_to");
            inputs.push(("up_to", fen(segment.end)));
        }
        steps.push(class.by(symbols, inputs).at(path, &cite));
        for (end, symbols) in [(below, "amount − line"), (Some(segment.end), "line − amount")] {
            let Some(end) = end.filter(|end| *end != i64::MAX) else { continue };
            let gap = Fen(end.abs_diff(amount).try_into().unwrap_or(i64::MAX));
            let inputs = vec![("amount", fen(amount)), ("line", fen(end))];
            steps.push(Step::of("distance", Value::Money(gap)).by(symbols, inputs));
        }
        steps
    }

    /// The mean that the fee is measured by, and how many times it is (A37).
    fn reference(&self) -> Vec<Step> {
        let Some((yuan, source)) = self.tariff.reference_of(&self.kind) else { return Vec::new() };
        let policy = self.policy();
        let abnormal = policy.score.as_ref().and_then(|score| score.abnormal.as_ref());
        let (path, cite) = match (abnormal, &policy.outlier) {
            (Some(rule), _) => ("score.abnormal.reference", rule.cite.clone()),
            (None, Some(rule)) => ("outlier", rule.cite.clone()),
            (None, None) => ("", Cite::default()),
        };
        let mut steps = vec![
            Step::of("reference_source", Value::Word(source.as_str())).at(path, &cite),
            Step::of("reference", Value::yuan(yuan)),
        ];
        if yuan.is_zero() {
            return steps;
        }
        let times = ratio(self.case.fee_fen) / (exact(yuan) * ratio(100));
        let inputs = vec![("fee", fen(self.case.fee_fen)), ("reference", Value::yuan(yuan))];
        steps.push(Step::of("r", Value::Ratio(times)).by("fee ÷ reference", inputs));
        steps
    }

    /// The class of a case that is not tested: late, unusable, ungrouped, of another unit, or under a
    /// policy without lines.
    fn untested(&self, class: Step) -> Step {
        let policy = self.policy();
        match self.judged.class {
            CaseClass::Late => {
                let cite = policy.case.late.as_ref().map(|late| late.cite.clone());
                class.at("case.late", &cite.unwrap_or_default())
            }
            CaseClass::Unusable => class.at("case.unusable_to_fallback", &policy.case.cite),
            CaseClass::Ungrouped => class.reading("A41").reading("A53"),
            CaseClass::Unit => {
                let (path, cite) = self.place();
                class.at(path, &cite)
            }
            _ => class,
        }
    }

    /// What experts decided, who and why (Z25, P08).
    fn decided(&self) -> Vec<Step> {
        let id = self.cases.case_id.get(self.case.row as usize);
        let found = self.tariff.special_of(self.case.row).and(id);
        let Some(decided) = found.and_then(|id| self.input.given.special.get(id)) else {
            return Vec::new();
        };
        let (word, value) = match decided.kind {
            SpecialKind::Points(value) => ("decided_points", Some(value)),
            SpecialKind::Add(value) => ("decided_add", Some(value)),
            SpecialKind::Item => ("decided_item", None),
            SpecialKind::Refused => ("decided_refused", None),
        };
        let mut steps = vec![Step::of("special", Value::Word(word)).reading("Z25").reading("R17")];
        let value = value.map(|value| Step::of("decided", Value::PointSum(exact(value))));
        steps.extend(value);
        steps.push(Step::of("reviewer", Value::Text(decided.reviewer.clone())));
        steps.push(Step::of("review_reason", Value::Text(decided.reason.clone())));
        steps
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
            let step = Step::of("auxiliary", Value::Ratio(factor.clone())).which(name);
            let cite = policy.auxiliary.as_ref().map(|rule| rule.cite.clone()).unwrap_or_default();
            steps.push(step.at("auxiliary.factor", &cite));
        }
        steps.extend(self.coefficient());
        if let Some(rule) = policy.score.as_ref().and_then(|score| score.self_paid.as_ref())
            && self.kind.above_self_paid_limit
        {
            let inputs = vec![
                ("self_paid", fen(self.case.self_paid_fen)),
                ("fee", fen(self.case.fee_fen)),
                ("self_paid_limit", Value::Decimal(rule.limit)),
            ];
            let step = Step::of("self_paid_factor", Value::Decimal(rule.factor));
            let step = step.by("self_paid ÷ fee > self_paid_limit", inputs);
            steps.push(step.at("score.self_paid", &rule.cite));
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
        if self.tariff.rate(&self.kind).everywhere.is_some() {
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
            let step = Step::of("bonus", Value::Decimal(*value)).which(name.clone());
            steps.push(step.at(format!("coefficient.bonus[{name}].value"), &cite));
        }
        let path = if own { "coefficient.disease" } else { "coefficient.combine" };
        let step = Step::of("coefficient", k).at(path, &rule.cite);
        if own {
            steps.push(step);
            return steps;
        }
        let base = ("base_coefficient", Value::Ratio(class.base.clone()));
        let bonuses = class.bonuses.iter().map(|(_, value)| Value::Decimal(*value)).collect();
        steps.push(match (rule.combine, class.bonuses.is_empty()) {
            (_, true) => step.by("base_coefficient", vec![base]),
            (Combine::Add, false) => {
                let inputs = vec![base, ("bonuses", Value::List(bonuses))];
                step.by("base_coefficient + sum(bonuses)", inputs).reading("A35")
            }
            (Combine::Multiply, false) => step.reading("A35"),
        });
        steps
    }

    /// The last steps: points, or money.
    fn paid(&self) -> Vec<Step> {
        let (path, cite) = self.place();
        let step = |key, value| Step::of(key, value).at(path.clone(), &cite);
        match self.judged.pay {
            Pay::Booked(amount) => {
                let fund = ("fund", fen(self.case.fund_fen));
                let step = step("booked_pay", fen(amount));
                if self.judged.carved == 0 {
                    return vec![step.by("fund", vec![fund])];
                }
                let inputs = vec![fund, ("carved", fen(self.judged.carved))];
                vec![step.by("fund − carved", inputs)]
            }
            Pay::Standard(amount) => self.by_standard(Fen(amount)),
            Pay::Points(points) => {
                let found = points_of(points);
                let Some((symbols, inputs, value)) = self.formula() else {
                    return vec![step("case_points", found)];
                };
                let rounded = self.tariff.rounded(&value);
                assert_eq!(rounded, Some(points), "the explanation of row {}", self.case.row);
                let symbols = format!("round{}({symbols})", self.tariff.places());
                vec![step("case_points", found).by(symbols, inputs).reading("A46")]
            }
            Pay::Refused(_) => Vec::new(),
        }
    }

    /// Standard × reimbursement ratio (Y20, A16).
    fn by_standard(&self, pay: Fen) -> Vec<Step> {
        let payment = &self.policy().payment;
        let (fund, all) = reimbursement(self.tariff, &self.case.amounts());
        let yuan = |sum: i128| Value::Yuan(fraction(sum, 100).unwrap_or_else(|| ratio(0)));
        let symbols = match payment.ratio {
            RatioOf::Fee => ("fund", "fee"),
            RatioOf::InScope => ("fund", "in_scope"),
            RatioOf::Area => ("area_fund", "area_fee"),
        };
        let ratio_of = fraction(fund, all).unwrap_or_else(|| ratio(0));
        let inputs = vec![(symbols.0, yuan(fund)), (symbols.1, yuan(all))];
        let price = ("standard", fen(self.tariff.rate(&self.kind).value));
        let standard = Step::of("standard", price.1.clone());
        let (path, cite) = lines::price(self.input, self.code(), self.case.month);
        let both = vec![price, ("ratio", Value::Ratio(ratio_of.clone()))];
        vec![
            standard.at(path, &cite),
            Step::of("ratio", Value::Ratio(ratio_of))
                .by(format!("{} ÷ {}", symbols.0, symbols.1), inputs)
                .at("payment.ratio", &payment.cite),
            Step::of("standard_pay", Value::Money(pay))
                .by("round2(standard × ratio)", both)
                .at("payment.method", &payment.cite),
        ]
    }

    /// The formula of the points; `None` where they are looked up or of another unit.
    fn formula(&self) -> Option<Formula> {
        let special = self.tariff.special_of(self.case.row);
        if let (Rule::Decided, Some(SpecialKind::Points(value))) = (self.judged.rule, special) {
            let inputs = vec![("decided", Value::PointSum(exact(value)))];
            return Some(("decided".to_owned(), inputs, exact(value)));
        }
        if self.judged.rule == Rule::Unit {
            return self.of_unit();
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

    /// Points of a case paid by another unit than its group (1.4).
    fn of_unit(&self) -> Option<Formula> {
        let catalog = self.input.catalog?;
        let unit = self.policy().units.iter().find(|unit| unit.code == self.code())?;
        let (amount, mut inputs, yuan) = match unit.kind {
            UnitKind::Item => {
                let fee = Fen(self.case.fee_fen);
                ("fee", vec![("fee", Value::Money(fee))], fee.to_ratio())
            }
            UnitKind::BedDays { standard } => {
                let days = self.case.days;
                let inputs = vec![
                    ("days", Value::Count(days.into())),
                    ("day_standard", Value::Money(standard)),
                ];
                ("days × day_standard", inputs, ratio(days) * standard.to_ratio())
            }
            UnitKind::Quota { standard } => {
                ("quota", vec![("quota", Value::Money(standard))], standard.to_ratio())
            }
        };
        let scale = catalog.scale.unwrap_or_default();
        inputs.push(("base_mean", Value::yuan(catalog.base_mean)));
        inputs.push(("scale", Value::Decimal(scale)));
        let value = yuan / (exact(catalog.base_mean) * ratio(100)) * exact(scale);
        Some((format!("{amount} ÷ base_mean × scale"), inputs, value))
    }

    fn outliers(&self) -> OnOutliers {
        let rule = self.policy().coefficient.as_ref();
        rule.map_or(OnOutliers::Apply, |rule| rule.outliers)
    }

    fn carved(&self) -> Option<Step> {
        let rule = self.policy().carve_out.as_ref().filter(|_| self.judged.carved != 0)?;
        Some(Step::of("carved", fen(self.judged.carved)).at("carve_out", &rule.cite))
    }
}
