//! The cases of a year beside each line, whether they bunch, and what moving the line would move (E35).

use std::collections::{BTreeMap, HashMap};

use num_traits::ToPrimitive as _;
use rust_decimal::Decimal;

use super::binomial::two_sided;
use super::cliffs::Cliff;
use super::finding::Finding;
use super::lines::{Line, ends, lines};
use super::prices::Prices;
use super::{Error, Settings};
use crate::finding::Severity;
use crate::policy::model::Policy;
use crate::settlement::ScenarioInput;
use crate::settlement::cases::Cases;
use crate::settlement::decide::{CaseView, Pay, decide};
use crate::settlement::segments::{Measure, Segments};
use crate::settlement::tariff::{Kind, Tariff};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, Ratio, fraction, ratio};

/// Ends of the bins beside a line, in percent of it: outer and inner below, inner and outer above.
const BINS: [i64; 4] = [90, 95, 105, 110];
/// Places of a printed p-value.
const P_PLACES: u32 = 6;
/// Cases within the inner bins from which a test is made.
const ENOUGH: u64 = 20;
/// A p-value below this is reported, in millionths: with hundreds of tests a run chance still stays rare.
const RARE: u64 = 1_000;

/// Cases of one institution, or of all, beside one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// From 10 to 5 % below the line.
    pub outer_below: u64,
    /// Within 5 % below, the line itself as the policy says.
    pub below: u64,
    /// Within 5 % above.
    pub above: u64,
    /// From 5 to 10 % above.
    pub outer_above: u64,
}

impl Counts {
    /// Odds of a case within 5 % to lie below where the density runs straight through the outer bins: at the
    /// middles of the inner bins, (2 × outer below + outer above) : (outer below + 2 × outer above); even
    /// without cases there.
    #[must_use]
    pub fn odds(&self) -> (u64, u64) {
        let (below, above) = (self.outer_below, self.outer_above);
        if below == 0 && above == 0 { (1, 1) } else { (2 * below + above, below + 2 * above) }
    }

    /// Chance, in millionths, of counts at least so uneven ([`two_sided`]); `None` with fewer than 20 cases.
    #[must_use]
    pub fn p_value(&self) -> Option<u64> {
        let enough = self.below.saturating_add(self.above) >= ENOUGH;
        enough.then(|| two_sided(self.below, self.above, self.odds()))
    }

    /// Cases below more than expected; below 0: more above. Rounded to whole cases.
    #[must_use]
    pub fn excess_below(&self) -> i64 {
        let (below, above) = self.odds();
        let all = ratio(self.below) + ratio(self.above);
        let expected = fraction(below, below.saturating_add(above)).map(|share| share * all);
        let excess = expected.map(|expected| ratio(self.below) - expected);
        excess.and_then(|excess| excess.round().to_integer().to_i64()).unwrap_or(0)
    }

    fn add(&mut self, bin: usize) {
        let count = match bin {
            0 => &mut self.outer_below,
            1 => &mut self.below,
            2 => &mut self.above,
            _ => &mut self.outer_above,
        };
        *count = count.saturating_add(1);
    }
}

/// What moves when a line moves by 1 % of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Cases paid differently.
    pub cases: u64,
    /// Σ of what they get more, before pools; points at their value.
    pub more: Fen,
    /// Σ of what they get less.
    pub less: Fen,
}

/// One line with the cases of a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The line.
    pub line: Line,
    /// All institutions.
    pub all: Counts,
    /// Those with cases in the bins, by code.
    pub institutions: BTreeMap<String, Counts>,
    /// The line 1 % higher; `None` where it would meet another.
    pub raised: Option<Moved>,
    /// The line 1 % lower.
    pub lowered: Option<Moved>,
}

/// Counts the cases of the year of `input` beside every line of its policy, and moves each line.
///
/// Every case meets the lines that the kernel draws for its kind: none without outlier test, a merged one
/// none that it never passes (Y24).
///
/// # Errors
/// [`Error::Settlement`] where the kernel cannot judge the cases, [`Error::Amount`].
pub fn beside(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    settings: &Settings,
) -> Result<Vec<Beside>, Error> {
    let prices = Prices::of(input.policy, input.catalog, settings);
    let lines = lines(input.policy);
    let tariff = Tariff::resolve(input, cases)?;
    let counted = count(input, cases, (&lines, &tariff), &prices);
    let mut found = Vec::new();
    for (line, (all, institutions)) in lines.into_iter().zip(counted) {
        let moved = |percent: i64| {
            let policy = line.moved_to(input.policy, line.ratio * Decimal::new(percent, 2));
            if !ascending(&policy) {
                return Ok(None);
            }
            let other = ScenarioInput { policy: &policy, ..input.clone() };
            let other = Tariff::resolve(&other, cases)?;
            moved_by(input, cases, (&tariff, &other), &prices).map(Some)
        };
        let (raised, lowered) = (moved(101)?, moved(99)?);
        found.push(Beside { line, all, institutions, raised, lowered });
    }
    Ok(found)
}

/// Whether the lines of a policy still ascend: a moved line may not pass its neighbour.
fn ascending(policy: &Policy) -> bool {
    let bands = policy.deviation.iter().flat_map(|rule| rule.bands.windows(2));
    let bands = bands.filter_map(|pair| pair[0].up_to.zip(pair[1].up_to));
    let rising = bands.into_iter().all(|(one, two)| one < two);
    let score = policy.score.as_ref().and_then(|score| score.abnormal.as_ref());
    let score = score.is_none_or(|rule| rule.low < rule.high && rule.high < rule.extreme);
    let outlier = policy.outlier.as_ref();
    let outlier = outlier.is_none_or(|rule| rule.high.iter().all(|high| high.ratio > rule.low));
    rising && score && outlier
}

/// A line with the last amounts of the outer and inner bin below it, and of the inner and outer one above.
type Bins = (usize, [i64; 5]);

/// Bins by the last fen below a line, rounded down to whole fen.
fn bins((line, last): (usize, i64)) -> Option<Bins> {
    let end = |percent: i64| i128::from(last) * i128::from(percent) / 100;
    let [outer_below, below, above, outer_above] = BINS.map(|percent| i64::try_from(end(percent)));
    Some((line, [outer_below.ok()?, below.ok()?, last, above.ok()?, outer_above.ok()?]))
}

/// Cases of the year beside each line: of all institutions, and by institution.
fn count(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    (lines, tariff): (&[Line], &Tariff),
    prices: &Prices,
) -> Vec<(Counts, BTreeMap<String, Counts>)> {
    let institutions = cases.institutions.len();
    let mut all = vec![Counts::default(); lines.len()];
    let mut own = vec![Counts::default(); lines.len().saturating_mul(institutions)];
    let mut known: HashMap<Kind, (Measure, Vec<Bins>)> = HashMap::new();
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        let view = CaseView::of(cases, row);
        let kind = Kind::of(tariff, &view);
        let (by, of_kind) = known.entry(tariff.like(&kind)).or_insert_with(|| {
            let segments = tariff.segments(&kind);
            let weight = cases.groups.get(kind.group as usize);
            let weight = weight.and_then(|code| prices.weight.get(code));
            let ends = ends(lines, &segments, weight).into_iter();
            let inner = ends.filter(|end| (1..i64::MAX).contains(&end.last));
            (segments.by, inner.filter_map(|end| bins((end.line, end.last))).collect())
        });
        let Some(amount) = amount(*by, &view) else { continue };
        for (line, ends) in of_kind {
            if amount <= ends[0] || amount > ends[4] {
                continue;
            }
            let bin = ends[1..4].iter().filter(|end| amount > **end).count();
            all[*line].add(bin);
            own[line.saturating_mul(institutions) + view.institution as usize].add(bin);
        }
    }
    let named = |at: usize| {
        let of_line = own[at * institutions..].iter().zip(&cases.institutions);
        let there = of_line.filter(|(counts, _)| **counts != Counts::default());
        there.map(|(counts, code)| (code.clone(), *counts)).collect()
    };
    (0..lines.len()).map(|at| (all[at], named(at))).collect()
}

/// The money that lines are compared with; none where days are counted.
fn amount(by: Measure, case: &CaseView) -> Option<i64> {
    match by {
        Measure::Fee => Some(case.fee_fen),
        Measure::InScope => Some(case.inscope_fen),
        Measure::Fund => Some(case.fund_fen),
        Measure::Days => None,
    }
}

/// What the cases of the year get more and less under the second tariff than under the first, which
/// differs from it in a line. Cases whose segment pays the same are passed over.
fn moved_by(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    (before, after): (&Tariff, &Tariff),
    prices: &Prices,
) -> Result<Moved, Error> {
    let mut known: HashMap<Kind, Option<(Segments, Segments)>> = HashMap::new();
    let mut count = 0u64;
    let (mut more, mut less) = ((0i128, 0i128), (0i128, 0i128));
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        let view = CaseView::of(cases, row);
        let kind = Kind::of(before, &view);
        let pair = known.entry(before.like(&kind)).or_insert_with(|| {
            let pair = (before.segments(&kind), after.segments(&kind));
            (pair.0 != pair.1).then_some(pair)
        });
        let Some((one, two)) = pair else { continue };
        let Some(amount) = amount(one.by, &view) else { continue };
        if one.of(amount).1.pay == two.of(amount).1.pay {
            continue;
        }
        let (one, two) = (decide(before, &view).pay, decide(after, &view).pay);
        if one == two {
            continue;
        }
        count = count.saturating_add(1);
        let (one, two) = (parts(one), parts(two));
        let change = (two.0 - one.0, two.1 - one.1);
        let gains = worth(change, prices) > ratio(0);
        let sum = if gains { &mut more } else { &mut less };
        *sum = (sum.0 + change.0, sum.1 + change.1);
    }
    let fen = |change| {
        let policy = input.policy.identity.id.clone();
        Fen::nearest(&worth(change, prices)).map_err(|source| Error::Amount { policy, source })
    };
    Ok(Moved { cases: count, more: fen(more)?, less: fen(less)? })
}

/// Fen and millionths of points in fen, points at their value.
fn worth((fen, points): (i128, i128), prices: &Prices) -> Ratio {
    let value = prices.point_value_fen.clone().unwrap_or_else(|| ratio(0));
    let points = fraction(points, Points::PER_POINT).unwrap_or_else(|| ratio(0));
    ratio(fen) + points * value
}

/// Fen and millionths of points.
fn parts(pay: Pay) -> (i128, i128) {
    match pay {
        Pay::Booked(fen) | Pay::Standard(fen) => (fen.into(), 0),
        Pay::Points(points) => (0, points.into()),
        Pay::Refused(_) => (0, 0),
    }
}

/// Bunching on the side that pays more, and what lines move.
pub fn findings(found: &[Beside], cliffs: &[Cliff]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, beside) in found.iter().enumerate() {
        let jumps = cliffs.iter().filter(|cliff| cliff.line == at && cliff.is_cliff());
        let jump: i128 = jumps.map(Cliff::jump).sum();
        let rows = beside.institutions.iter().map(|(code, counts)| (code.as_str(), counts));
        for (code, counts) in std::iter::once(("", &beside.all)).chain(rows) {
            findings.extend(bunching(&beside.line, code, counts, jump));
        }
        findings.extend(movement(beside));
    }
    findings
}

fn bunching(line: &Line, code: &str, counts: &Counts, jump: i128) -> Option<Finding> {
    let p = counts.p_value().filter(|p| *p < RARE)?;
    let excess = counts.excess_below();
    // Below a line that pays more beyond it, or beyond one that pays less, nobody gains by standing.
    let gains = if jump > 0 { excess < 0 } else { excess > 0 };
    let severity = if gains && jump != 0 { Severity::Warning } else { Severity::Info };
    let place =
        if code.is_empty() { line.path.clone() } else { format!("{} · {code}", line.path) };
    let p = crate::table::fixed_text(p.into(), P_PLACES);
    let (zh_side, en_side) = if excess > 0 { ("下", "below") } else { ("上", "above") };
    let size = excess.unsigned_abs();
    let (zh_gain, en_gain) = match severity {
        Severity::Warning => ("，正是多得的一侧", ", the side that is paid more"),
        _ => ("，但不是多得的一侧", ", though not the side that is paid more"),
    };
    Some(
        Finding::new("bunching", severity, place)
            .shown_by(format!(
                "{} | {} ‖ {} | {} (p {p})",
                counts.outer_below, counts.below, counts.above, counts.outer_above
            ))
            .under(line.clause.as_str())
            .says(
                format!("线{zh_side} 5 % 内的病例比平滑分布多 {size} 例{zh_gain}"),
                format!("{size} cases more than a smooth distribution has within 5 % {en_side} the line{en_gain}"),
            ),
    )
}

fn movement(beside: &Beside) -> Option<Finding> {
    let (raised, lowered) = (beside.raised?, beside.lowered?);
    if raised.cases == 0 && lowered.cases == 0 {
        return None;
    }
    let shown = |moved: &Moved| format!("{} / {} ({})", moved.more, moved.less, moved.cases);
    let size = |moved: &Moved| moved.more.0.saturating_add(moved.less.0.saturating_neg());
    Some(
        Finding::new("line_moves", Severity::Info, beside.line.path.as_str())
            .shown_by(format!("+1 %: {}; −1 %: {}", shown(&raised), shown(&lowered)))
            .worth(Fen(size(&raised).max(size(&lowered))))
            .under(beside.line.clause.as_str())
            .says(
                format!(
                    "线移动 1 %：上移改变 {} 例，下移改变 {} 例的支付（增 / 减，元，入池之前）",
                    raised.cases, lowered.cases
                ),
                format!(
                    "moving the line by 1 % changes the pay of {} cases up and {} down (more / less in yuan, before pools)",
                    raised.cases, lowered.cases
                ),
            ),
    )
}

/// Table `line`: one row a line and institution, first all institutions (empty code): `scenario, line,
/// fixmedins_code, outer_below, below, above, outer_above` (cases 10 to 5 % and within 5 % beside the line)`,
/// excess_below` (cases below beyond what a smooth density has)`, p_value` (6 places; none below 20
/// cases)`, raised_cases, raised_more_yuan, raised_less_yuan, lowered_cases, lowered_more_yuan,
/// lowered_less_yuan` (all institutions only)`, clause`.
#[must_use]
pub fn table(all: &[(String, Vec<Beside>)]) -> Table {
    struct Row<'a> {
        scenario: &'a str,
        line: &'a Line,
        code: &'a str,
        counts: &'a Counts,
        raised: Option<Moved>,
        lowered: Option<Moved>,
    }
    let mut rows = Vec::new();
    for (scenario, found) in all {
        for one in found {
            let row = |code, counts, (raised, lowered)| Row {
                scenario,
                line: &one.line,
                code,
                counts,
                raised,
                lowered,
            };
            rows.push(row("", &one.all, (one.raised, one.lowered)));
            rows.extend(
                one.institutions.iter().map(|(code, counts)| row(code, counts, (None, None))),
            );
        }
    }
    let text = |of: &dyn Fn(&Row<'_>) -> String| Column::text(rows.iter().map(of));
    let counts =
        |of: &dyn Fn(&Counts) -> u64| Column::counts(rows.iter().map(|row| of(row.counts)));
    let p = rows.iter().map(|row| row.counts.p_value().map(i128::from)).collect();
    let whole = |of: &dyn Fn(&Row<'_>) -> Option<Moved>| {
        let cases = |row| of(row).map(|moved| i64::try_from(moved.cases).unwrap_or(i64::MAX));
        Column::Whole(rows.iter().map(cases).collect())
    };
    let yuan = |of: &dyn Fn(&Row<'_>) -> Option<Fen>| Column::Decimal {
        places: 2,
        values: rows.iter().map(|row| of(row).map(|fen| i128::from(fen.0))).collect(),
    };
    Table::new("line")
        .with("scenario", text(&|row| row.scenario.to_owned()))
        .with("line", text(&|row| row.line.path.clone()))
        .with("fixmedins_code", text(&|row| row.code.to_owned()))
        .with("outer_below", counts(&|counts| counts.outer_below))
        .with("below", counts(&|counts| counts.below))
        .with("above", counts(&|counts| counts.above))
        .with("outer_above", counts(&|counts| counts.outer_above))
        .with("excess_below", Column::whole(rows.iter().map(|row| row.counts.excess_below())))
        .with("p_value", Column::Decimal { places: P_PLACES, values: p })
        .with("raised_cases", whole(&|row| row.raised))
        .with("raised_more_yuan", yuan(&|row| row.raised.map(|moved| moved.more)))
        .with("raised_less_yuan", yuan(&|row| row.raised.map(|moved| moved.less)))
        .with("lowered_cases", whole(&|row| row.lowered))
        .with("lowered_more_yuan", yuan(&|row| row.lowered.map(|moved| moved.more)))
        .with("lowered_less_yuan", yuan(&|row| row.lowered.map(|moved| moved.less)))
        .with("clause", text(&|row| row.line.clause.clone()))
}
