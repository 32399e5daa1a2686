//! What the visits of an institution look like beside those of the others: split, settled together, paid
//! for by patients (Y35).

use std::collections::BTreeMap;

use super::binomial::two_sided;
use super::finding::Finding;
use crate::finding::Severity;
use crate::policy::model::Behaviour;
use crate::table::{Column, Table};
use crate::units::{Fen, exact, fraction, ratio, to_decimal};

/// Places of a printed share.
const SHARE_PLACES: u32 = 4;
/// A probability of 1 in the units of [`two_sided`].
const CERTAIN: i64 = 1_000_000;

/// What an analysed settlement shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Visit {
    /// Its fee.
    pub fee_fen: i64,
    /// What the patient paid outside the list (`fulamt_ownpay_amt`).
    pub own_fen: i64,
    /// Whether it follows another visit within the time of `split_within`.
    pub is_split: bool,
    /// Dates on which its fee lines lie.
    pub fee_days: i64,
}

/// Visits of one institution in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Visits {
    /// All of them.
    pub visits: u64,
    /// Their fees.
    pub fee: i128,
    /// Paid outside the list.
    pub own: i128,
    /// Split ones, and their fees.
    pub split: (u64, i128),
    /// Those that are several settled together, and their fees.
    pub merged: (u64, i128),
    /// Dates beyond the first of those.
    pub merged_days: u64,
}

impl Visits {
    /// Counts one more visit.
    pub fn add(&mut self, visit: &Visit, rule: &Behaviour) {
        self.visits += 1;
        self.fee += i128::from(visit.fee_fen);
        self.own += i128::from(visit.own_fen);
        if visit.is_split {
            self.split = (self.split.0 + 1, self.split.1 + i128::from(visit.fee_fen));
        }
        if visit.fee_days >= rule.merged_days {
            self.merged = (self.merged.0 + 1, self.merged.1 + i128::from(visit.fee_fen));
            self.merged_days += u64::try_from(visit.fee_days - 1).unwrap_or(0);
        }
    }

    /// Adds the visits of another part of the year.
    pub fn append(&mut self, other: &Self) {
        self.visits += other.visits;
        self.fee += other.fee;
        self.own += other.own;
        self.split = (self.split.0 + other.split.0, self.split.1 + other.split.1);
        self.merged = (self.merged.0 + other.merged.0, self.merged.1 + other.merged.1);
        self.merged_days += other.merged_days;
    }

    /// The visits without those of an institution.
    fn without(&self, own: &Self) -> Self {
        Self {
            visits: self.visits - own.visits,
            fee: self.fee - own.fee,
            own: self.own - own.own,
            split: (self.split.0 - own.split.0, self.split.1 - own.split.1),
            merged: (self.merged.0 - own.merged.0, self.merged.1 - own.merged.1),
            merged_days: self.merged_days - own.merged_days,
        }
    }
}

/// One institution beside the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Institution {
    /// `fixmedins_code`.
    pub code: String,
    /// Its own visits.
    pub own: Visits,
    /// Those of all others.
    pub others: Visits,
    /// Whether its split visits, visits settled together and shifted cost stand out.
    pub stands_out: [bool; 3],
}

/// Judges every institution against the others, ascending by code.
///
/// A rate stands out where it is above that of the others and chance alone gives one so uneven less often
/// than `chance`, shared among the institutions tested (Bonferroni). Others without a single hit count as
/// having one. Shifted cost stands out where the share paid outside the list is more than `shift_times`
/// that of the others; exactly as much does not.
#[must_use]
pub fn judge(by_institution: &BTreeMap<String, Visits>, rule: &Behaviour) -> Vec<Institution> {
    let mut all = Visits::default();
    for visits in by_institution.values() {
        all.append(visits);
    }
    let tests = i64::try_from(by_institution.len()).unwrap_or(i64::MAX);
    // p < chance ÷ tests, p in millionths.
    let is_rare = |p: u64| {
        let p = i64::try_from(p).unwrap_or(CERTAIN);
        ratio(p) * ratio(tests) < exact(rule.chance) * ratio(CERTAIN)
    };
    let stands = |hits: u64, of: u64, (other_hits, others): (u64, u64)| {
        let misses = of - hits;
        let odds = (other_hits.max(1), others.saturating_sub(other_hits.max(1)));
        let above = u128::from(hits) * u128::from(others) > u128::from(other_hits) * u128::from(of);
        others > 0 && above && is_rare(two_sided(hits, misses, odds))
    };
    let judged = |(code, own): (&String, &Visits)| {
        let others = all.without(own);
        let shifted = match (fraction(own.own, own.fee), fraction(others.own, others.fee)) {
            (Some(share), Some(of_others)) => share > exact(rule.shift_times) * of_others,
            _ => false,
        };
        let split = stands(own.split.0, own.visits, (others.split.0, others.visits));
        let merged = stands(own.merged.0, own.visits, (others.merged.0, others.visits));
        let stands_out = [split, merged, shifted];
        Institution { code: code.clone(), own: *own, others, stands_out }
    };
    by_institution.iter().map(judged).collect()
}

fn fen(amount: i128) -> Fen {
    Fen(i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX }))
}

/// `part ÷ whole` in percent with two places; a dash where there is no whole.
fn percent(part: i128, whole: i128) -> String {
    let shown = fraction(part.saturating_mul(100), whole).and_then(|share| to_decimal(&share, 2));
    shown.map_or_else(|| "–".to_owned(), |share| format!("{share} %"))
}

/// One warning for each institution and behaviour that stands out.
#[must_use]
pub fn findings(judged: &[Institution], rule: &Behaviour) -> Vec<Finding> {
    let clause = rule.cite.clause.as_ref().or(rule.cite.reading.as_ref());
    let clause = clause.cloned().unwrap_or_default();
    let warning = |check, one: &Institution, amount: i128| {
        Finding::new(check, Severity::Warning, one.code.as_str())
            .worth(fen(amount))
            .under(clause.clone())
    };
    let share = |part: u64, whole: u64| percent(part.into(), whole.into());
    let mut found = Vec::new();
    for one in judged {
        let Institution { own, others, .. } = one;
        let [split, merged, shifted] = one.stands_out;
        if split {
            let (here, there) =
                (share(own.split.0, own.visits), share(others.split.0, others.visits));
            found.push(warning("split_visits", one, own.split.1).shown_by(format!(
                "{} ÷ {} = {here} ↔ {there}",
                own.split.0, own.visits
            )).says(
                format!("分解诊疗：同一人同一病种在上一次就诊的治疗周期之后不久再次就诊的占 {here}，其他机构 {there}"),
                format!("split visits: {here} of the visits follow another of the same person and disease soon after its cycle, elsewhere {there}"),
            ));
        }
        if merged {
            let (here, there) =
                (share(own.merged.0, own.visits), share(others.merged.0, others.visits));
            found.push(warning("visits_settled_together", one, own.merged.1).shown_by(format!(
                "{} ÷ {} = {here} ↔ {there}; + {}",
                own.merged.0, own.visits, own.merged_days
            )).says(
                format!("多次诊疗合并结算：费用明细分布在 {} 天以上的结算占 {here}，其他机构 {there}；分开结算应多出 {} 次就诊", rule.merged_days, own.merged_days),
                format!("several visits settled as one: the lines of {here} of the settlements lie on {} dates or more, elsewhere {there}; apart they would be {} visits more", rule.merged_days, own.merged_days),
            ));
        }
        if shifted {
            let (here, there) = (percent(own.own, own.fee), percent(others.own, others.fee));
            found.push(warning("shifted_cost", one, own.own).shown_by(format!(
                "{} ÷ {} = {here} ↔ {there}",
                fen(own.own),
                fen(own.fee)
            )).says(
                format!("转嫁费用：目录外由患者全自费的占 {here}，超过其他机构（{there}）的 {} 倍", rule.shift_times),
                format!("shifted cost: patients pay {here} of the fees outside the list, more than {} times the others' {there}", rule.shift_times),
            ));
        }
    }
    found
}

/// Table `behaviour`: `fixmedins_code, visits, cost_yuan, split_visits, split_share, split_yuan,
/// merged_settlements, merged_share, merged_yuan, merged_extra_visits, own_paid_yuan, own_paid_share, others_own_paid_share,
/// stands_out` (words joined by `;`).
#[must_use]
pub fn table(judged: &[Institution]) -> Table {
    let yuan = |of: fn(&Visits) -> i128| Column::Decimal {
        places: 2,
        values: judged.iter().map(|one| Some(of(&one.own))).collect(),
    };
    let count = |of: fn(&Visits) -> u64| Column::counts(judged.iter().map(move |one| of(&one.own)));
    let share = |of: fn(&Institution) -> (i128, i128)| {
        let shares = judged.iter().map(move |one| {
            let (part, whole) = of(one);
            to_decimal(&fraction(part, whole)?, SHARE_PLACES)
        });
        Column::decimals(SHARE_PLACES, shares)
    };
    let words = |one: &Institution| {
        let words = ["split_visits", "visits_settled_together", "shifted_cost"];
        let out = words.into_iter().zip(one.stands_out).filter(|(_, stands)| *stands);
        out.map(|(word, _)| word).collect::<Vec<_>>().join(";")
    };
    Table::new("behaviour")
        .with("fixmedins_code", Column::text(judged.iter().map(|one| one.code.as_str())))
        .with("visits", count(|own| own.visits))
        .with("cost_yuan", yuan(|own| own.fee))
        .with("split_visits", count(|own| own.split.0))
        .with("split_share", share(|one| (one.own.split.0.into(), one.own.visits.into())))
        .with("split_yuan", yuan(|own| own.split.1))
        .with("merged_settlements", count(|own| own.merged.0))
        .with("merged_share", share(|one| (one.own.merged.0.into(), one.own.visits.into())))
        .with("merged_yuan", yuan(|own| own.merged.1))
        .with("merged_extra_visits", count(|own| own.merged_days))
        .with("own_paid_yuan", yuan(|own| own.own))
        .with("own_paid_share", share(|one| (one.own.own, one.own.fee)))
        .with("others_own_paid_share", share(|one| (one.others.own, one.others.fee)))
        .with("stands_out", Column::text(judged.iter().map(words)))
}
