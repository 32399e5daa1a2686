//! The decision of one case: class, line, standard or points, pay (Y20–Y25, J03, A41).

use crate::catalog::model::{Catalog, Group};
use crate::policy::model::{
    Band, BandPay, Class, Compare, Deviation, PayMethod, RatioOf, Reference, Standard, UnitKind,
};
use crate::settlement::cases::{Cases, UNGROUPED, flag};
use crate::settlement::decide::{CaseClass, CaseView, Judgement, Pay, decide};
use crate::settlement::outcome::{Outcome, UNGROUPED_CODE};
use crate::settlement::tariff::{Tariff, area_sums, first_of};
use crate::settlement::{Error, ScenarioInput};
use crate::trail::{Section, Step, Trail, Value};
use crate::units::{Fen, Points, Ratio, exact, fraction};

use super::{division, trail};

/// How the case in this row came to its pay. `outcome` is what [`crate::settlement::settle`] gave for the
/// same cases and scenario.
///
/// # Errors
/// Those of [`Tariff::resolve`], and [`Error::Divide`].
///
/// # Panics
/// If there is no such row, or the cases came without ids.
pub fn explain_case(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    outcome: &Outcome,
    row: usize,
) -> Result<Trail, Error> {
    let tariff = Tariff::resolve(input, cases)?;
    let view = CaseView::of(cases, row);
    let judgement = decide(&tariff, &view);
    let explained = Explained { cases, input, row, view, judgement, places: outcome.places };
    let mut trail = trail("case", &cases.case_id[row], input);
    trail.sections.push(Section::of("case", explained.facts()));
    trail.sections.push(Section::of("judgement", explained.judged()));
    trail.sections.push(division::section((cases, input), outcome, row)?);
    Ok(trail)
}

/// One case with what was decided of it.
struct Explained<'a> {
    cases: &'a Cases,
    input: &'a ScenarioInput<'a>,
    row: usize,
    view: CaseView,
    judgement: Judgement,
    places: u32,
}

impl Explained<'_> {
    fn group(&self) -> &str {
        match self.view.group {
            UNGROUPED => UNGROUPED_CODE,
            at => &self.cases.groups[at as usize],
        }
    }

    fn fee(&self) -> Value {
        Value::Money(Fen(self.view.fee_fen))
    }

    fn fund(&self) -> Value {
        Value::Money(Fen(self.view.fund_fen))
    }

    fn is_merged(&self) -> bool {
        self.view.flags & flag::MERGED != 0
    }

    /// What the case is, whatever the policy says.
    fn facts(&self) -> Vec<Step> {
        let text = |text: &str| Value::Text(text.to_owned());
        let cases = self.cases;
        let policy = self.input.policy;
        let institution = &cases.institutions[cases.institution[self.row] as usize];
        let insutype = &cases.insutypes[usize::from(cases.insutype[self.row])];
        let group = match self.view.group {
            UNGROUPED => Value::Word("ungrouped"),
            _ => text(self.group()),
        };
        let mut facts = vec![
            Step::of("institution", text(institution)),
            Step::of("insutype", text(insutype)),
            Step::of("month", Value::Count(self.view.month.into())).reading("A44"),
            Step::of("group_code", group).at("grouping.method", &policy.grouping.cite),
            Step::of("fee", self.fee()),
            Step::of("fund", self.fund()),
        ];
        if self.is_merged() {
            let (path, cite) = match &policy.case.cycle {
                Some(cycle) => ("case.cycle", &cycle.cite),
                None => ("case.unit", &policy.case.cite),
            };
            facts.push(Step::of("kind_of_case", Value::Word("is_merged")).at(path, cite));
        }
        facts
    }

    /// The class, and what the case is worth.
    fn judged(&self) -> Vec<Step> {
        let policy = self.input.policy;
        let class = |word| Step::of("class", Value::Word(word));
        let mut steps = match self.judgement.class {
            CaseClass::ZeroFee => {
                vec![class("zero_fee").by("fee = 0", vec![("fee", self.fee())]).reading("R11")]
            }
            CaseClass::Unit => return self.unit(),
            CaseClass::Ungrouped => return self.ungrouped(),
            CaseClass::Late => {
                let cite = policy.case.late.as_ref().map(|late| late.cite.clone());
                vec![class("late").at("case.late", &cite.unwrap_or_default())]
            }
            CaseClass::Unusable => {
                vec![class("unusable").at("case.unusable_to_fallback", &policy.case.cite)]
            }
            CaseClass::Low | CaseClass::Normal | CaseClass::High => self.banded(),
        };
        steps.extend(self.worth());
        steps
    }

    /// The lines of the group and where the case stands.
    fn banded(&self) -> Vec<Step> {
        let class = Step::of("class", Value::Word(self.judgement.class.as_str()));
        let band = self.judgement.band.map(usize::from);
        let (Some(deviation), Some(number)) = (&self.input.policy.deviation, band) else {
            return vec![class];
        };
        let Some((reference, first)) = self.reference(deviation) else { return vec![class] };
        let mut steps = vec![first];
        for band in &deviation.bands {
            let Some(up_to) = band.up_to else { continue };
            let inputs = vec![
                ("line_ratio", Value::Decimal(up_to)),
                ("reference", Value::Yuan(reference.clone())),
            ];
            steps.push(
                Step::of("line", Value::Yuan(exact(up_to) * &reference))
                    .which(format!("{up_to}×"))
                    .by("line_ratio × reference", inputs)
                    .at(format!("deviation.band[{}].up_to", name(band)), &band.cite),
            );
        }
        steps.push(self.stands(deviation, &reference, number));
        steps.extend(self.distances(deviation, &reference, number));
        let band = &deviation.bands[number];
        if band.except_merged && self.is_merged() {
            let path = format!("deviation.band[{}].except_merged", name(band));
            steps.push(class.at(path, &band.cite));
        }
        steps
    }

    /// What the lines are drawn at, in yuan.
    fn reference(&self, deviation: &Deviation) -> Option<(Ratio, Step)> {
        let (reference, value) = match deviation.reference {
            Reference::Standard => {
                let price = self.price()?.price;
                (exact(price.to_yuan()), Value::Money(price))
            }
            Reference::Mean => {
                let mean = exact(self.catalog_group()?.mean);
                (mean.clone(), Value::Yuan(mean))
            }
        };
        let step = Step::of("reference", value).at("deviation.reference", &deviation.cite);
        Some((reference, step))
    }

    fn compared(&self, deviation: &Deviation) -> Value {
        Value::Money(Fen(match deviation.compare {
            Compare::Fee => self.view.fee_fen,
            Compare::InScope => self.view.inscope_fen,
            Compare::Fund => self.view.fund_fen,
        }))
    }

    /// The comparison that puts the case in its band.
    fn stands(&self, deviation: &Deviation, reference: &Ratio, number: usize) -> Step {
        let bands = &deviation.bands;
        let band = &bands[number];
        let below = number.checked_sub(1).map(|below| &bands[below]);
        let mut symbols = String::new();
        let mut inputs = Vec::new();
        if let Some((below, up_to)) = below.and_then(|below| Some((below, below.up_to?))) {
            symbols.push_str(if below.inclusive { "lower < " } else { "lower ≤ " });
            inputs.push(("lower", Value::Yuan(exact(up_to) * reference)));
        }
        symbols.push_str("compared");
        inputs.push(("compared", self.compared(deviation)));
        if let Some(up_to) = band.up_to {
            symbols.push_str(if band.inclusive { " ≤ upper" } else { " < upper" });
            inputs.push(("upper", Value::Yuan(exact(up_to) * reference)));
        }
        let word = CaseClass::from(band.class).as_str();
        let step = Step::of("class", Value::Word(word));
        let path = format!("deviation.band[{}]", name(band));
        // A single band without ends compares nothing.
        let step = if inputs.len() > 1 { step.by(symbols, inputs) } else { step };
        step.at(path, &band.cite)
    }

    /// How far the lines beside the case are, in yuan.
    fn distances(&self, deviation: &Deviation, reference: &Ratio, number: usize) -> Vec<Step> {
        let compared = self.compared(deviation);
        let Some(amount) = compared.number() else { return Vec::new() };
        let below = number.checked_sub(1).and_then(|below| deviation.bands[below].up_to);
        let above = deviation.bands[number].up_to;
        let mut steps = Vec::new();
        for (up_to, symbols) in [(below, "compared − line"), (above, "line − compared")] {
            let Some(up_to) = up_to else { continue };
            let end = exact(up_to) * reference;
            let is_above = symbols.starts_with("line");
            let gap = if is_above { &end - &amount } else { &amount - &end };
            let inputs = vec![("compared", compared.clone()), ("line", Value::Yuan(end))];
            let step = Step::of("distance", Value::Yuan(gap)).which(format!("{up_to}×"));
            steps.push(step.by(symbols, inputs));
        }
        steps
    }

    fn price(&self) -> Option<&Standard> {
        let first = first_of(self.input.year, self.view.month);
        let standards = self.input.policy.standards.iter();
        standards
            .filter(|standard| standard.group_code == self.group() && Some(standard.from) <= first)
            .max_by_key(|standard| standard.from)
    }

    fn catalog_group(&self) -> Option<&Group> {
        let groups = &self.input.catalog?.groups;
        groups.iter().find(|group| group.group_code == self.group())
    }

    /// What the case is paid, or its points.
    fn worth(&self) -> Vec<Step> {
        match self.judgement.pay {
            Pay::Booked(fen) => {
                let step = Step::of("booked_pay", Value::Money(Fen(fen)));
                vec![self.cite_item(step.by("fund", vec![("fund", self.fund())]))]
            }
            Pay::Standard(fen) => self.by_standard(Fen(fen)),
            Pay::Points(points) => self.by_points(Points(points)),
            Pay::Refused(_) => Vec::new(),
        }
    }

    /// Where it is written that the booked amount is paid.
    fn cite_item(&self, step: Step) -> Step {
        let mut bands = self.input.policy.deviation.iter().flat_map(|deviation| &deviation.bands);
        let band = self.judgement.band.and_then(|at| bands.nth(at.into()));
        match band.filter(|band| band.pay == BandPay::Item) {
            Some(band) => step.at(format!("deviation.band[{}].pay", name(band)), &band.cite),
            None if self.judgement.class == CaseClass::ZeroFee => step.reading("R11"),
            None => step.reading("A53"),
        }
    }

    /// Standard × reimbursement ratio (Y20, A16).
    fn by_standard(&self, pay: Fen) -> Vec<Step> {
        let payment = &self.input.policy.payment;
        let Some(standard) = self.price() else { return Vec::new() };
        let price = Value::Money(standard.price);
        let path = format!("standard[{}@{}].price", standard.group_code, standard.from);
        let (fund, all) = match payment.ratio {
            RatioOf::Fee => (("fund", self.fund()), ("fee", self.fee())),
            RatioOf::InScope => {
                let in_scope = Value::Money(Fen(self.view.inscope_fen));
                (("fund", self.fund()), ("in_scope", in_scope))
            }
            RatioOf::Area => {
                let sums = area_sums(self.input, self.cases)[usize::from(self.view.insutype)];
                let yuan = |sum: i128| Value::Yuan(fraction(sum, 100).unwrap_or_default());
                (("area_fund", yuan(sums.0)), ("area_fee", yuan(sums.1)))
            }
        };
        let (above, below) = (fund.0, all.0);
        let ratio = fund.1.number().zip(all.1.number()).map(|(fund, all)| fund / all);
        vec![
            Step::of("standard", price.clone()).at(path, &standard.cite),
            Step::of("ratio", Value::Ratio(ratio.unwrap_or_default()))
                .by(format!("{above} ÷ {below}"), vec![fund.clone(), all.clone()])
                .at("payment.ratio", &payment.cite),
            Step::of("standard_pay", Value::Money(pay))
                .by(
                    format!("round2(standard × {above} ÷ {below})"),
                    vec![("standard", price), fund, all],
                )
                .at("payment.method", &payment.cite),
        ]
    }

    /// The points of the group.
    fn by_points(&self, points: Points) -> Vec<Step> {
        let weights = &self.input.policy.weights;
        let listed = self.catalog_group().and_then(|group| group.points).unwrap_or_default();
        vec![
            Step::of("case_points", Value::Points(points))
                .by("catalog_points", vec![("catalog_points", Value::Points(listed))])
                .at("weights.scale", &weights.cite)
                .reading("A46"),
        ]
    }

    fn points(&self) -> Value {
        match self.judgement.pay {
            Pay::Points(points) => Value::Points(Points(points)),
            _ => Value::Points(Points(0)),
        }
    }

    /// `amount ÷ M × scale`, rounded to the places of points.
    fn measured(&self, amount: &str, of: Vec<(&'static str, Value)>, catalog: &Catalog) -> Step {
        let mut inputs = of;
        inputs.push(("base_mean", Value::yuan(catalog.base_mean)));
        inputs.push(("scale", Value::Decimal(catalog.scale.unwrap_or_default())));
        let symbols = format!("round{}({amount} ÷ base_mean × scale)", self.places);
        Step::of("case_points", self.points()).by(symbols, inputs)
    }

    /// Points of a case without a group (A41).
    fn ungrouped(&self) -> Vec<Step> {
        let Some(catalog) = self.input.catalog else { return Vec::new() };
        let weights = &self.input.policy.weights;
        let factor = Value::Decimal(weights.ungrouped_factor);
        let inputs = vec![("ungrouped_factor", factor), ("fee", self.fee())];
        vec![
            Step::of("class", Value::Word("ungrouped")).reading("A41").reading("A53"),
            self.measured("ungrouped_factor × fee", inputs, catalog)
                .at("weights.ungrouped_factor", &weights.cite)
                .reading("A41"),
        ]
    }

    /// Points of a case paid by another unit than its group (1.4).
    fn unit(&self) -> Vec<Step> {
        let Some(catalog) = self.input.catalog else { return Vec::new() };
        let mut units = self.input.policy.units.iter();
        let Some(unit) = units.find(|unit| unit.code == self.group()) else { return Vec::new() };
        let (amount, inputs) = match unit.kind {
            UnitKind::Item => ("fee", vec![("fee", self.fee())]),
            UnitKind::BedDays { standard } => (
                "days × day_standard",
                vec![
                    ("days", Value::Count(self.view.days.into())),
                    ("day_standard", Value::Money(standard)),
                ],
            ),
            UnitKind::Quota { standard } => ("quota", vec![("quota", Value::Money(standard))]),
        };
        let path = format!("unit[{}]", unit.code);
        vec![
            Step::of("class", Value::Word("unit")).at(path.clone(), &unit.cite),
            self.measured(amount, inputs, catalog).at(path, &unit.cite),
        ]
    }
}

/// How a band is named in a path of the policy.
pub(super) fn name(band: &Band) -> &'static str {
    match band.class {
        Class::Low => "low",
        Class::Normal => "normal",
        Class::High => "high",
    }
}

/// Whether the policy pays by points.
pub(super) fn by_points(input: &ScenarioInput<'_>) -> bool {
    input.policy.payment.method == PayMethod::Points
}
