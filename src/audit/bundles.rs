//! Prices of combinations: bundles that are not the sum of their parts, richer ones that are cheaper.

use std::collections::BTreeMap;

use num_traits::Signed as _;

use super::finding::Finding;
use super::prices::Prices;
use crate::catalog::model::Catalog;
use crate::finding::Severity;
use crate::policy::model::{Apg, Combined, Letters, Method, Policy};
use crate::table::Table;
use crate::units::{Fen, Ratio};

/// Class letters, in the order in which codes have them (Y07).
const LETTERS: [&str; 3] = ["O", "M", "A"];

/// The letters of a combination as bits, and back.
fn letters(bits: u8) -> String {
    let held = LETTERS.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0);
    held.map(|(_, letter)| *letter).collect()
}

/// Every way to divide a combination of two or three letters into smaller ones, the finest first.
fn partitions(bits: u8) -> Vec<Vec<u8>> {
    let single: Vec<u8> = (0..3).map(|at| 1u8 << at).filter(|bit| bits & bit != 0).collect();
    let mut found = vec![single.clone()];
    if single.len() == 3 {
        found.extend(single.iter().map(|bit| vec![bits & !bit, *bit]));
    }
    found
}

/// Groups by disease and letters.
fn by_disease(prices: &Prices) -> BTreeMap<&str, BTreeMap<u8, &Ratio>> {
    let mut found: BTreeMap<&str, BTreeMap<u8, &Ratio>> = BTreeMap::new();
    for (code, worth) in &prices.worth {
        let Some((held, disease)) = code.split_once('_') else { continue };
        let bits = (1..8u8).find(|bits| letters(*bits) == held);
        if let Some(bits) = bits {
            found.entry(disease).or_default().insert(bits, worth);
        }
    }
    found
}

/// Whether several letters stand in one code (A15).
fn combines(policy: &Policy) -> Option<&Apg> {
    match &policy.grouping.method {
        Method::Apg(apg) if apg.letters == Letters::All && apg.combined == Combined::One => {
            Some(apg)
        }
        _ => None,
    }
}

/// Combinations against the sums of their parts, and against poorer combinations (2.1, A15). Published
/// prices are listed one by one; of points, which follow from means, the largest difference stands for all.
pub(super) fn findings(policy: &Policy, prices: &Prices) -> Vec<Finding> {
    let Some(apg) = combines(policy) else { return Vec::new() };
    // The clause of the price where it is published, else that of the letters.
    let clause = |code: &str| {
        let standard = policy.standards.iter().find(|standard| standard.group_code == code);
        super::lines::words(standard.map_or(&apg.cite, |standard| &standard.cite))
    };
    let (mut found, mut bundles) = (Vec::new(), Vec::new());
    for (disease, known) in by_disease(prices) {
        for (bits, worth) in &known {
            let code = |bits: u8| format!("{}_{disease}", letters(bits));
            for parts in partitions(*bits).into_iter().filter(|parts| parts.len() > 1) {
                let of_parts: Option<Vec<&&Ratio>> =
                    parts.iter().map(|part| known.get(part)).collect();
                let Some(of_parts) = of_parts else { continue };
                let sum: Ratio = of_parts.iter().map(|part| (***part).clone()).sum();
                if sum == **worth {
                    continue;
                }
                let parts: Vec<String> = parts.iter().map(|part| code(*part)).collect();
                bundles.push(
                    non_additive(&code(*bits), &parts, (worth, &sum)).under(clause(&code(*bits))),
                );
            }
            for (poorer, cheaper) in known.iter().filter(|(poorer, _)| **poorer & !bits == 0) {
                if poorer != bits && cheaper > worth {
                    let pair = (code(*bits), code(*poorer));
                    found.push(richer_cheaper(&pair, (worth, cheaper)).under(clause(&code(*bits))));
                }
            }
        }
    }
    if prices.point_value_fen.is_some() {
        found.extend(largest(bundles));
    } else {
        found.append(&mut bundles);
    }
    found
}

/// The one with the largest amount, which says of how many it is; ties: the first.
fn largest(all: Vec<Finding>) -> Option<Finding> {
    let count = all.len();
    let size = |finding: &Finding| finding.amount.map_or(0, |fen| fen.0.unsigned_abs());
    let mut worst = all.into_iter().reduce(|a, b| if size(&b) > size(&a) { b } else { a })?;
    if count > 1 {
        worst.zh.push_str(&format!("（共 {count} 处，此为差额最大者）"));
        worst.en.push_str(&format!(" (one of {count}, the largest)"));
    }
    Some(worst)
}

fn fen(worth: &Ratio) -> Fen {
    Fen::nearest(worth).unwrap_or(Fen(i64::MAX))
}

fn difference(one: &Ratio, two: &Ratio) -> Fen {
    fen(&(one - two))
}

fn non_additive(code: &str, parts: &[String], (worth, sum): (&Ratio, &Ratio)) -> Finding {
    let jump = worth - sum;
    let (zh_way, en_way) = if jump.is_positive() {
        (
            "合在一次就诊更贵：鼓励凑项目",
            "one visit with all of it earns more: it pays to add what completes the bundle",
        )
    } else {
        ("拆成几次就诊更贵：鼓励分解", "several visits earn more: it pays to split")
    };
    Finding::new("non_additive", Severity::Warning, code)
        .shown_by(format!("{} ≠ {} = {}", fen(worth), parts.join(" + "), fen(sum)))
        .worth(difference(worth, sum))
        .says(
            format!("组合价 {} 不等于各部分之和 {}；{zh_way}", fen(worth), fen(sum)),
            format!(
                "the bundle's price {} is not the sum of its parts, {}: {en_way}",
                fen(worth),
                fen(sum)
            ),
        )
}

fn richer_cheaper((rich, poor): &(String, String), (worth, cheaper): (&Ratio, &Ratio)) -> Finding {
    Finding::new("richer_cheaper", Severity::Warning, rich.as_str())
        .shown_by(format!("{rich} {} < {poor} {}", fen(worth), fen(cheaper)))
        .worth(difference(worth, cheaper))
        .says(
            format!("内容更多的组合 {rich} 反而比 {poor} 便宜"),
            format!("{rich} holds all of {poor} and more, and is cheaper"),
        )
}

/// Inversions that the statistics of the catalog found: a lower tier dearer, a severe group cheaper (E06).
/// The largest of each stands for all; table `inversions` of the catalog lists them.
pub(super) fn inversions(catalog: Option<&Catalog>) -> Vec<Finding> {
    let Some(table) = catalog.and_then(|catalog| catalog.table("inversions")) else {
        return Vec::new();
    };
    let all: Vec<Finding> = (0..table.rows()).filter_map(|row| inversion(table, row)).collect();
    let (dearer, cheaper): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| one.check == "lower_tier_dearer");
    largest(dearer).into_iter().chain(largest(cheaper)).collect()
}

fn inversion(table: &Table, row: usize) -> Option<Finding> {
    let cell = |column: &str| table.cell(column, row).unwrap_or_default();
    let (group, tier, other) = (cell("group_code"), cell("tier"), cell("other"));
    let (mean, other_mean) = (cell("mean_yuan"), cell("other_mean_yuan"));
    let (check, zh, en) = match cell("finding").as_str() {
        "lower_tier_dearer" => (
            "lower_tier_dearer",
            format!("{group}：{tier} 的均费高于更高等级的 {other}，系数倒挂"),
            format!("{group}: the mean of {tier} is above that of the higher tier {other}"),
        ),
        "severe_cheaper" => (
            "severe_cheaper",
            format!("{group} 比较轻的 {other} 便宜"),
            format!("{group} is cheaper than the milder {other}"),
        ),
        _ => return None,
    };
    let place = if tier.is_empty() { group } else { format!("{group} · {tier}") };
    let amount = table.fen("amount_yuan", row).and_then(|fen| i64::try_from(fen).ok());
    let finding = Finding::new(check, Severity::Warning, place)
        .shown_by(format!("{mean} ↔ {other} {other_mean}"))
        .under("E06")
        .says(zh, en);
    Some(match amount {
        Some(fen) => finding.worth(Fen(fen)),
        None => finding,
    })
}
