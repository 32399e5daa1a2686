//! Cliffs: what a case is paid on the last fen below a line and on the first fen beyond it (E35).
//!
//! Probe cases are judged by the kernel, so that a cliff is what a settlement would pay.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::finding::Finding;
use super::lines::{Line, ends, lines};
use super::prices::Prices;
use super::{Error, Settings};
use crate::catalog::model::Catalog;
use crate::finding::Severity;
use crate::policy::model::{
    Coefficient, CoefficientBasis, CoefficientMethod, Combine, OnOutliers, Passes, PayMethod,
    Policy,
};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::coefficient::InstitutionFacts;
use crate::settlement::decide::{CaseView, Pay, decide};
use crate::settlement::segments::Measure;
use crate::settlement::tariff::{Kind, Tariff};
use crate::settlement::{Given, ScenarioInput};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, Ratio, exact, ratio};

/// A jump above this share of the larger side is a cliff; a smaller one is the slope of a fen or two.
const CLIFF: (i128, i128) = (1, 100);
/// Code of the institution that probe cases come from.
const PROBE: &str = "probe";

/// A probe case and what it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Its fee.
    pub fee: Fen,
    /// Fund booked, at the stated ratio.
    pub fund: Fen,
    /// Its class.
    pub class: &'static str,
    /// Its points; `None` where it is paid in money.
    pub points: Option<Points>,
    /// What it is paid, points at their value.
    pub pay: Fen,
}

/// Both sides of a line for one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cliff {
    /// Index into the policy's lines.
    pub line: usize,
    /// The group.
    pub group_code: String,
    /// The last fen below.
    pub below: Side,
    /// The first fen beyond.
    pub above: Side,
}

impl Cliff {
    /// Pay beyond the line less pay below it, in fen.
    #[must_use]
    pub fn jump(&self) -> i128 {
        i128::from(self.above.pay.0) - i128::from(self.below.pay.0)
    }

    /// Whether it is more than the slope of a fen.
    #[must_use]
    pub fn is_cliff(&self) -> bool {
        let larger = i128::from(self.above.pay.0.abs().max(self.below.pay.0.abs()));
        self.jump().abs() * CLIFF.1 > larger * CLIFF.0
    }
}

/// The policy as probe cases meet it: one institution with the stated coefficient.
fn probed(policy: &Policy, coefficient: Decimal) -> Policy {
    let mut policy = policy.clone();
    let is_plain = policy.coefficient.is_none() && coefficient == Decimal::ONE;
    if is_plain || policy.payment.method == PayMethod::Standard {
        return policy;
    }
    let rule = policy.coefficient.take();
    policy.coefficient = Some(Coefficient {
        cite: rule.as_ref().map(|rule| rule.cite.clone()).unwrap_or_default(),
        method: CoefficientMethod::Given { default: coefficient },
        basis: CoefficientBasis::Mean,
        combine: Combine::Add,
        outliers: rule.as_ref().map_or(OnOutliers::Apply, |rule| rule.outliers),
        grass_roots: rule.map_or(Decimal::ONE, |rule| rule.grass_roots),
        passes: Passes::One,
        tiers: Vec::new(),
        bonuses: Vec::new(),
        disease: None,
    });
    policy
}

/// Lines as probe cases meet them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Probed {
    /// Both sides of every line.
    pub(super) cliffs: Vec<Cliff>,
    /// Line and groups that have no whole fen between the line before and this one.
    pub(super) empty: BTreeMap<usize, Vec<String>>,
}

/// Every line of the policy for every group it is drawn for, in the order of the lines, then of the codes.
///
/// # Errors
/// [`Error::Settlement`] where the kernel cannot judge, [`Error::Amount`].
pub fn cliffs(
    policy: &Policy,
    catalog: Option<&Catalog>,
    settings: &Settings,
) -> Result<Vec<Cliff>, Error> {
    probe(policy, catalog, settings).map(|probed| probed.cliffs)
}

/// [`cliffs`], with the bands in which nothing lies.
pub(super) fn probe(
    policy: &Policy,
    catalog: Option<&Catalog>,
    settings: &Settings,
) -> Result<Probed, Error> {
    let prices = Prices::of(policy, catalog, settings);
    let lines = lines(policy);
    let mut probes = Probes::new(policy, &prices, settings);
    // The lines are those of the codes alone; only the area's ratio (A16) looks at rows.
    let tariff = Tariff::resolve(&probes.input(catalog), &probes.cases)?;
    let mut empty: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut found: Vec<(usize, String, Measure, i64)> = Vec::new();
    for (at, code) in probes.cases.groups.iter().enumerate() {
        let segments = tariff.segments(&kind(at));
        for end in ends(&lines, &segments, prices.weight.get(code)) {
            if end.is_empty {
                empty.entry(end.line).or_default().push(code.clone());
            }
            if (1..i64::MAX).contains(&end.last) {
                found.push((end.line, code.clone(), segments.by, end.last));
            }
        }
    }
    found.sort_by(|one, two| (one.0, &one.1).cmp(&(two.0, &two.1)));
    for (line, code, by, last) in found {
        probes.add((line, &code), by, last)?;
        probes.add((line, &code), by, last.saturating_add(1))?;
    }
    Ok(Probed { cliffs: probes.judged(catalog)?, empty })
}

/// A case of January at the one institution, never merged, of no discipline and no type.
fn kind(group: usize) -> Kind {
    Kind {
        group: u32::try_from(group).unwrap_or(UNGROUPED),
        month: 1,
        institution: 0,
        discipline: u16::MAX,
        auxiliary: UNGROUPED,
        flags: 0,
        above_self_paid_limit: false,
    }
}

/// Probe cases, two for each line and group.
struct Probes<'a> {
    policy: Policy,
    prices: &'a Prices,
    settings: &'a Settings,
    cases: Cases,
    of: Vec<(usize, String)>,
}

impl<'a> Probes<'a> {
    fn new(policy: &Policy, prices: &'a Prices, settings: &'a Settings) -> Self {
        let insutype = policy.scope.insutype.first().cloned().unwrap_or_default();
        let cases = Cases {
            institutions: vec![PROBE.to_owned()],
            insutypes: vec![insutype],
            groups: prices.worth.keys().cloned().collect(),
            ..Cases::default()
        };
        let policy = probed(policy, settings.coefficient);
        Self { policy, prices, settings, cases, of: Vec::new() }
    }

    fn input<'b>(&'b self, catalog: Option<&'b Catalog>) -> ScenarioInput<'b> {
        let facts = InstitutionFacts { code: PROBE.to_owned(), ..InstitutionFacts::default() };
        ScenarioInput {
            name: self.policy.identity.id.clone(),
            policy: &self.policy,
            catalog,
            year: self.settings.year,
            budgets: BTreeMap::new(),
            assessments: BTreeMap::new(),
            given: Given { institutions: vec![facts], ..Given::default() },
        }
    }

    fn wrong(&self, source: crate::units::UnitError) -> Error {
        Error::Amount { policy: self.policy.identity.id.clone(), source }
    }

    /// A case with this amount compared, its fund at the stated ratio.
    fn add(&mut self, (line, code): (usize, &str), by: Measure, amount: i64) -> Result<(), Error> {
        let share = exact(self.settings.ratio);
        let nearest = |fen: &Ratio| Fen::nearest(fen).map_err(|source| self.wrong(source));
        let (fee, fund) = match by {
            Measure::Fund => (nearest(&(ratio(amount) / share))?, Fen(amount)),
            Measure::Fee | Measure::InScope | Measure::Days => {
                (Fen(amount), nearest(&(ratio(amount) * share))?)
            }
        };
        let group = self.cases.groups.binary_search_by(|known| known.as_str().cmp(code));
        let group = group.ok().and_then(|at| u32::try_from(at).ok());
        let cases = &mut self.cases;
        cases.institution.push(0);
        cases.group.push(group.unwrap_or(UNGROUPED));
        cases.insutype.push(0);
        cases.year.push(self.settings.year);
        cases.month.push(1);
        cases.fee_fen.push(fee.0);
        cases.inscope_fen.push(fee.0);
        cases.fund_fen.push(fund.0);
        cases.flags.push(0);
        self.of.push((line, code.to_owned()));
        Ok(())
    }

    fn judged(&self, catalog: Option<&Catalog>) -> Result<Vec<Cliff>, Error> {
        let tariff = Tariff::resolve(&self.input(catalog), &self.cases)?;
        let sides: Vec<Side> =
            (0..self.cases.len()).map(|row| self.side(&tariff, row)).collect::<Result<_, _>>()?;
        let pairs = self.of.chunks(2).zip(sides.chunks(2));
        let cliff = |(of, sides): (&[(usize, String)], &[Side])| Cliff {
            line: of[0].0,
            group_code: of[0].1.clone(),
            below: sides[0].clone(),
            above: sides[1].clone(),
        };
        Ok(pairs.map(cliff).collect())
    }

    fn side(&self, tariff: &Tariff, row: usize) -> Result<Side, Error> {
        let judged = decide(tariff, &CaseView::of(&self.cases, row));
        let (points, pay) = match judged.pay {
            Pay::Booked(fen) | Pay::Standard(fen) => (None, Fen(fen)),
            Pay::Points(points) => {
                let points = Points(points);
                let worth = self.prices.of_points(points);
                (Some(points), worth.map_err(|source| self.wrong(source))?)
            }
            Pay::Refused(_) => (None, Fen::ZERO),
        };
        Ok(Side {
            fee: Fen(self.cases.fee_fen[row]),
            fund: Fen(self.cases.fund_fen[row]),
            class: judged.class.as_str(),
            points,
            pay,
        })
    }
}

/// One finding a line with a cliff: the group with the largest jump, and how many there are.
pub(super) fn findings(policy: &Policy, probed: &Probed) -> Vec<Finding> {
    let lines = lines(policy);
    let mut found: Vec<Finding> =
        probed.empty.iter().map(|(at, codes)| nothing_below(&lines[*at], codes)).collect();
    let cliffs = &probed.cliffs;
    for (at, line) in lines.iter().enumerate() {
        let of_line = || cliffs.iter().filter(|cliff| cliff.line == at);
        let jumps = of_line().filter(|cliff| cliff.is_cliff());
        // The first of the largest: codes ascend.
        let worst = jumps.clone().reduce(|worst, cliff| {
            if cliff.jump().abs() > worst.jump().abs() { cliff } else { worst }
        });
        let Some(worst) = worst else { continue };
        found.push(finding(line, worst, (jumps.count(), of_line().count())));
    }
    found
}

fn nothing_below(line: &Line, codes: &[String]) -> Finding {
    let (count, name) = (codes.len(), line.name());
    Finding::new("band_unreachable", Severity::Warning, line.path.as_str())
        .shown_by(codes[0].as_str())
        .under(line.clause.as_str())
        .says(
            format!("{count} 个病组在线 {name} 与前一条线之间没有整分的费用，这一档永远用不到"),
            format!(
                "{count} groups have no whole fen between the line {name} and the one before: that \
                 band is never reached"
            ),
        )
}

fn finding(line: &Line, worst: &Cliff, (jumps, groups): (usize, usize)) -> Finding {
    let amount = Fen(i64::try_from(worst.jump()).unwrap_or(i64::MAX));
    let shown = |side: &Side| format!("{} → {}", side.fee, side.pay);
    let example = format!("{}: {}; {}", worst.group_code, shown(&worst.below), shown(&worst.above));
    let (zh_way, en_way) = if amount < Fen::ZERO {
        ("多花一分钱反而少得", "one fen more of fee is paid less")
    } else {
        ("多花一分钱即多得", "one fen more of fee is paid more")
    };
    Finding::new("cliff", Severity::Warning, line.path.as_str())
        .shown_by(example)
        .worth(amount)
        .under(line.clause.as_str())
        .says(
            format!("线 {} 处有断崖：{zh_way}；{groups} 个病组中 {jumps} 个如此，差额最大者如例", line.name()),
            format!(
                "a cliff at the line {}: {en_way}, in {jumps} of {groups} groups; the largest is shown",
                line.name()
            ),
        )
}

/// Table `cliff`: one row a line and group: `scenario, line, group_code, class_below, fee_below_yuan,
/// points_below, pay_below_yuan, class_above, fee_above_yuan, points_above, pay_above_yuan, jump_yuan,
/// is_cliff, clause`.
#[must_use]
pub fn table(all: &[(String, Policy, Vec<Cliff>)]) -> Table {
    let rows: Vec<(&str, Line, &Cliff)> = all
        .iter()
        .flat_map(|(scenario, policy, cliffs)| {
            let lines = lines(policy);
            cliffs.iter().map(move |cliff| (scenario.as_str(), lines[cliff.line].clone(), cliff))
        })
        .collect();
    let text = |of: &dyn Fn(&(&str, Line, &Cliff)) -> String| Column::text(rows.iter().map(of));
    let yuan = |of: &dyn Fn(&Cliff) -> i128| Column::Decimal {
        places: 2,
        values: rows.iter().map(|(_, _, cliff)| Some(of(cliff))).collect(),
    };
    let points = |of: &dyn Fn(&Cliff) -> &Side| Column::Decimal {
        places: Points::PLACES,
        values: rows.iter().map(|row| of(row.2).points.map(|p| i128::from(p.0))).collect(),
    };
    Table::new("cliff")
        .with("scenario", text(&|row| row.0.to_owned()))
        .with("line", text(&|row| row.1.path.clone()))
        .with("group_code", text(&|row| row.2.group_code.clone()))
        .with("class_below", text(&|row| row.2.below.class.to_owned()))
        .with("fee_below_yuan", yuan(&|cliff| cliff.below.fee.0.into()))
        .with("points_below", points(&|cliff| &cliff.below))
        .with("pay_below_yuan", yuan(&|cliff| cliff.below.pay.0.into()))
        .with("class_above", text(&|row| row.2.above.class.to_owned()))
        .with("fee_above_yuan", yuan(&|cliff| cliff.above.fee.0.into()))
        .with("points_above", points(&|cliff| &cliff.above))
        .with("pay_above_yuan", yuan(&|cliff| cliff.above.pay.0.into()))
        .with("jump_yuan", yuan(&Cliff::jump))
        .with("is_cliff", Column::whole(rows.iter().map(|row| i64::from(row.2.is_cliff()))))
        .with("clause", text(&|row| row.1.clause.clone()))
}
