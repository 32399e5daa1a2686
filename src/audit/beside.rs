//! The cases of a year beside each line, whether they bunch, and what moving the line would move (E35).

use std::collections::BTreeMap;

use num_traits::ToPrimitive as _;
use rust_decimal::Decimal;

use super::binomial::two_sided;
use super::cliffs::Cliff;
use super::finding::Finding;
use super::lines::{Line, lines};
use super::prices::Prices;
use super::{Error, Settings};
use crate::finding::Severity;
use crate::policy::model::{Compare, PayMethod, Policy};
use crate::settlement::ScenarioInput;
use crate::settlement::cases::{Cases, UNGROUPED, flag};
use crate::settlement::decide::{CaseView, Pay, decide};
use crate::settlement::tariff::Tariff;
use crate::table::{Column, Table};
use crate::units::{Fen, Points, exact, fraction, ratio};

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
/// Lines are drawn at the published standard or mean of the group. Merged cases are not counted beside a
/// line they never pass (Y24), nor cases without outlier test.
///
/// # Errors
/// [`Error::Settlement`] where the kernel cannot judge the cases, [`Error::Amount`].
pub fn beside(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    settings: &Settings,
) -> Result<Vec<Beside>, Error> {
    let prices = Prices::of(input.policy, input.catalog, settings);
    let published = Pays::of(input, input.policy, cases, &prices)?;
    let mut found = Vec::new();
    for line in lines(input.policy) {
        let (all, institutions) = count(input, cases, &line, &prices);
        let moved = |percent: i64| {
            let ratio = line.ratio * Decimal::new(percent, 2);
            let policy = line.moved_to(input.policy, ratio);
            if !ascending(&policy) {
                return Ok(None);
            }
            let other = Pays::of(input, &policy, cases, &prices)?;
            published.against(&other, input.policy).map(Some)
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

/// Bins of a line by group: ends in fen of the outer and inner bin below, the line, inner and outer above.
fn ends(line: &Line, cases: &Cases, prices: &Prices) -> Vec<Option<[i64; 5]>> {
    let of_group = |code: &String| {
        let reference = prices.reference.get(code)?;
        let last = line.last_below(reference).filter(|_| line.is_for(prices.weight.get(code)))?;
        let at = exact(line.ratio) * reference;
        let end = |percent: i64| (&at * ratio(percent) / ratio(100)).floor().to_integer().to_i64();
        Some([end(BINS[0])?, end(BINS[1])?, last, end(BINS[2])?, end(BINS[3])?])
    };
    cases.groups.iter().map(of_group).collect()
}

fn count(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    line: &Line,
    prices: &Prices,
) -> (Counts, BTreeMap<String, Counts>) {
    let ends = ends(line, cases, prices);
    let standards = input.policy.payment.method == PayMethod::Standard;
    let untested = if standards { flag::LATE | flag::UNUSABLE } else { 0 };
    let untested = if line.except_merged { untested | flag::MERGED } else { untested };
    let compare = input.policy.deviation.as_ref().map_or(Compare::Fee, |rule| rule.compare);
    let amounts = match compare {
        Compare::Fee => &cases.fee_fen,
        Compare::InScope => &cases.inscope_fen,
        Compare::Fund => &cases.fund_fen,
    };
    let mut all = Counts::default();
    let mut own = vec![Counts::default(); cases.institutions.len()];
    for (row, amount) in amounts.iter().enumerate() {
        let skipped = cases.year[row] != input.year
            || cases.group[row] == UNGROUPED
            || cases.flags[row] & untested != 0;
        let Some(ends) = ends.get(cases.group[row] as usize).and_then(Option::as_ref) else {
            continue;
        };
        if skipped || *amount <= ends[0] || *amount > ends[4] {
            continue;
        }
        let bin = ends[1..4].iter().filter(|end| amount > end).count();
        all.add(bin);
        own[cases.institution[row] as usize].add(bin);
    }
    let named = cases.institutions.iter().cloned().zip(own);
    (all, named.filter(|(_, counts)| *counts != Counts::default()).collect())
}

/// What every case of the year is paid under one policy, before pools, in fen; points at their value.
struct Pays {
    pays: Vec<Pay>,
    /// Fen of a million points, as a fraction.
    value: (i128, i128),
}

impl Pays {
    fn of(
        input: &ScenarioInput<'_>,
        policy: &Policy,
        cases: &Cases,
        prices: &Prices,
    ) -> Result<Self, Error> {
        let input = ScenarioInput { policy, ..input.clone() };
        let tariff = Tariff::resolve(&input, cases)?;
        let of_year = (0..cases.len()).filter(|row| cases.year[*row] == input.year);
        let pays = of_year.map(|row| decide(&tariff, &CaseView::of(cases, row)).pay).collect();
        let value = prices.point_value_fen.as_ref();
        let value =
            value.and_then(|value| Some((value.numer().to_i128()?, value.denom().to_i128()?)));
        Ok(Self { pays, value: value.unwrap_or((0, 1)) })
    }

    fn against(&self, other: &Self, policy: &Policy) -> Result<Moved, Error> {
        let mut moved = Moved::default();
        let (mut more, mut less) = ((0i128, 0i128), (0i128, 0i128));
        for (one, two) in self.pays.iter().zip(&other.pays).filter(|(one, two)| one != two) {
            moved.cases = moved.cases.saturating_add(1);
            let (before, after) = (parts(*one), parts(*two));
            let change = (after.0 - before.0, after.1 - before.1);
            let gains = change.0 > 0 || (change.0 == 0 && change.1 > 0);
            let sum = if gains { &mut more } else { &mut less };
            *sum = (sum.0 + change.0, sum.1 + change.1);
        }
        let fen = |(money, points): (i128, i128)| {
            let value = fraction(self.value.0, self.value.1).unwrap_or_else(|| ratio(0));
            let points = fraction(points, Points::PER_POINT).unwrap_or_else(|| ratio(0));
            let whole = ratio(money) + points * value;
            Fen::nearest(&whole)
                .map_err(|source| Error::Amount { policy: policy.identity.id.clone(), source })
        };
        (moved.more, moved.less) = (fen(more)?, fen(less)?);
        Ok(moved)
    }
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
