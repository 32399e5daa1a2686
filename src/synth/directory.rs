//! What the directory of a DIP city must come to, worked out from the sums of the generator (Z16, A33,
//! R01, R02): every combination with the group it belongs to. Written once more, apart from the product.

use std::collections::{BTreeMap, BTreeSet};

use super::inpatient::{Attribute, DirectoryRule, Inpatient};
use super::truth::Sums;
use super::ward::beginning;

/// Where a combination belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) group: String,
    /// `core`, `grass_roots` or `residual`.
    pub(super) kind: &'static str,
}

/// Combination → group, from the sums of each by year, oldest year first.
pub(super) fn place(
    inpatient: &Inpatient,
    rule: &DirectoryRule,
    sums: &BTreeMap<&str, Vec<Sums>>,
) -> BTreeMap<String, Placed> {
    let window = rule.weights.len();
    let enough = |code: &str| {
        let cases: u64 = sums.get(code).into_iter().flatten().take(window).map(|s| s.cases).sum();
        cases >= rule.threshold * window as u64
    };
    let plain: BTreeSet<&str> =
        sums.keys().copied().filter(|code| related(code).is_empty() && enough(code)).collect();
    let mut core = plain.clone();
    for code in sums.keys().copied().filter(|code| !related(code).is_empty() && enough(code)) {
        let base = without_related(code);
        let gains = || is_dearer(&sums[code], &sums[base], rule);
        if !plain.contains(base) || gains() {
            core.insert(code);
        }
    }
    let grass_roots: BTreeSet<String> = inpatient
        .file
        .stay
        .iter()
        .filter(|stay| stay.grass_roots && stay.operations.is_empty())
        .map(|stay| beginning(&stay.diagnosis[0], 4))
        .collect();
    let core_kind = |code: &str| if grass_roots.contains(code) { "grass_roots" } else { "core" };
    sums.keys()
        .map(|code| {
            let found = matched(code, &core);
            let placed = match found {
                Some(group) => Placed { group: group.to_owned(), kind: core_kind(group) },
                None => Placed { group: residual(inpatient, code), kind: "residual" },
            };
            ((*code).to_owned(), placed)
        })
        .collect()
}

/// The core group of a combination: itself, else the one whose related operations are a part of its own
/// and most, else diagnosis and main operation (R02).
fn matched<'a>(code: &str, core: &BTreeSet<&'a str>) -> Option<&'a str> {
    if let Some(exact) = core.get(code) {
        return Some(exact);
    }
    let base = without_related(code);
    let own: BTreeSet<&str> = related(code).into_iter().collect();
    core.iter()
        .copied()
        .filter(|known| without_related(known) == base)
        .filter(|known| related(known).iter().all(|operation| own.contains(operation)))
        .max_by_key(|known| related(known).len())
}

/// Diagnosis and main operation.
fn without_related(code: &str) -> &str {
    code.match_indices('+').nth(1).map_or(code, |(at, _)| &code[..at])
}

fn related(code: &str) -> Vec<&str> {
    code.split('+').skip(2).collect()
}

fn residual(inpatient: &Inpatient, code: &str) -> String {
    let mut parts = code.split('+');
    let diagnosis = parts.next().unwrap_or_default();
    let main = parts.next();
    let listed = inpatient.file.operation.iter().find(|one| Some(one.code.as_str()) == main);
    let letter = match listed.and_then(|operation| operation.attribute) {
        Some(Attribute::Surgery) => 'S',
        Some(Attribute::Therapeutic) => 'T',
        Some(Attribute::Diagnostic) => 'D',
        None => 'C',
    };
    format!("{}_{letter}", beginning(diagnosis, 3))
}

/// Whether the blended mean with the operation reaches that without it × (1 + gain). Both means are
/// brought to whole numbers: Σ w·T÷n over the years with cases, ÷ Σ w.
fn is_dearer(with: &[Sums], without: &[Sums], rule: &DirectoryRule) -> bool {
    let fraction = |sums: &[Sums]| {
        let present = || rule.weights.iter().zip(sums).filter(|(_, sums)| sums.cases > 0);
        let cases: i128 = present().map(|(_, sums)| i128::from(sums.cases)).product();
        let weighted: i128 = present()
            .map(|(weight, sums)| i128::from(*weight) * sums.fee * (cases / i128::from(sums.cases)))
            .sum();
        let weights: i128 = present().map(|(weight, _)| i128::from(*weight)).sum();
        (weighted, cases * weights)
    };
    let ((with, with_parts), (base, base_parts)) = (fraction(with), fraction(without));
    with * base_parts * 1000 >= base * with_parts * i128::from(1000 + rule.gain_permille)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Placed, Sums, place};
    use crate::synth::City;
    use crate::synth::inpatient::DirectoryRule;

    /// Cases a year at one mean in yuan.
    fn years(cases: [u64; 3], mean: i128) -> Vec<Sums> {
        let sums = |cases| Sums { cases, fee: i128::from(cases) * mean * 100, fund: 0 };
        cases.map(sums).to_vec()
    }

    // shows: Z16, A33, R01, R02, R32, W-1, W-2
    #[test]
    fn combinations_are_placed_as_the_rulings_say() {
        let city = City::embedded("zibo-dip").unwrap();
        let inpatient = city.inpatient.as_ref().unwrap();
        let rule = DirectoryRule { weights: vec![1, 2, 7], threshold: 15, gain_permille: 100 };
        let stent = "I21.0+36.0700x004";
        let (angiography, ultrasound) =
            (format!("{stent}+88.5600"), format!("{stent}+00.2400x001"));
        let both = format!("{stent}+00.2400x001+88.5600");
        let pump = format!("{stent}+37.6100");
        let sums = BTreeMap::from([
            (stent, years([30, 30, 30], 28_033)),
            (angiography.as_str(), years([30, 30, 30], 28_849)),
            (ultrasound.as_str(), years([30, 30, 30], 44_003)),
            (both.as_str(), years([4, 4, 4], 45_000)),
            (pump.as_str(), years([3, 2, 4], 61_000)),
            ("I63.9", years([20, 15, 10], 1)),
            ("I61.0", years([20, 14, 10], 1)),
            ("I10.x", years([99, 99, 99], 1)),
            ("K80.5+51.8800", years([5, 5, 4], 100)),
            ("K80.5+51.8800+51.8500", years([20, 20, 20], 101)),
            ("K80.1+51.8500", years([1, 0, 0], 1)),
            ("K29.5+45.1600", years([1, 0, 0], 1)),
        ]);
        let placed = place(inpatient, &rule, &sums);
        let check = |code: &str, group: &str, kind: &'static str| {
            assert_eq!(placed[code], Placed { group: group.to_owned(), kind }, "{code}");
        };
        check(stent, stent, "core");
        check(&angiography, stent, "core");
        check(&ultrasound, &ultrasound, "core");
        check(&both, &ultrasound, "core");
        check(&pump, stent, "core");
        check("I63.9", "I63.9", "core");
        check("I61.0", "I61_C", "residual");
        check("I10.x", "I10.x", "grass_roots");
        check("K80.5+51.8800", "K80_S", "residual");
        check("K80.5+51.8800+51.8500", "K80.5+51.8800+51.8500", "core");
        check("K80.1+51.8500", "K80_T", "residual");
        check("K29.5+45.1600", "K29_D", "residual");
    }

    /// 1:2:7 of 100, 100, 120 is 114 against 10 % more than 100, 110; of 100, 100, 114 it is 109.8.
    // shows: R01
    #[test]
    fn the_gain_is_that_of_blended_means() {
        let city = City::embedded("zibo-dip").unwrap();
        let inpatient = city.inpatient.as_ref().unwrap();
        let rule = DirectoryRule { weights: vec![1, 2, 7], threshold: 15, gain_permille: 100 };
        for (newest, own) in [(120, true), (114, false)] {
            let mut with = years([20, 20, 20], 100);
            with[2].fee = 20 * newest * 100;
            let sums = BTreeMap::from([("A00.0+1", years([20, 20, 20], 100)), ("A00.0+1+2", with)]);
            let placed = place(inpatient, &rule, &sums);
            assert_eq!(placed["A00.0+1+2"].group == "A00.0+1+2", own, "{newest}");
        }
    }
}
