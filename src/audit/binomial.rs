//! An exact binomial test in whole numbers, the same on every machine.
//!
//! Counts in two bins of equal width beside a threshold are binomial where the density is smooth: the
//! usual check of manipulation at a cut-off (McCrary 2008, J. Econometrics 142; Cattaneo, Idrobo, Titiunik 2020,
//! *A Practical Introduction to Regression Discontinuity Designs: Foundations*, section 5, the binomial test
//! in the smallest neighbourhood; Saez 2010 for bunching at kinks).

/// One, in the fixed-point numbers that the terms are kept in.
const ONE: u128 = 1 << 60;
/// Parts of a probability: 6 places.
const PARTS: u128 = 1_000_000;

/// Two-sided p-value, in millionths, of `hits` out of `hits + misses` when a hit has the odds
/// `odds.0 : odds.1`: twice the smaller tail, at most 1.
///
/// Terms are computed from the mode outwards by their exact ratios, truncated at 2⁻⁶⁰ of the largest. Counts
/// and odds up to 2³².
///
/// ```
/// use dianshu::audit::two_sided;
/// assert_eq!(two_sided(5, 5, (1, 1)), 1_000_000);
/// // 2 × (1 + 10) ÷ 1024 = 0.021484
/// assert_eq!(two_sided(9, 1, (1, 1)), 21_484);
/// ```
#[must_use]
pub fn two_sided(hits: u64, misses: u64, odds: (u64, u64)) -> u64 {
    let all = hits.saturating_add(misses);
    let (win, lose) = (u128::from(odds.0), u128::from(odds.1));
    if all == 0 || win == 0 || lose == 0 {
        return u64::try_from(PARTS).unwrap_or(u64::MAX);
    }
    // The most likely number of hits: ⌊(n + 1) × p⌋.
    let mode = (u128::from(all) + 1) * win / (win + lose);
    let mode = u64::try_from(mode).unwrap_or(all).min(all);
    let (mut total, mut low, mut high) = (0u128, 0u128, 0u128);
    let mut count = |at: u64, term: u128| {
        total += term;
        if at <= hits {
            low += term;
        }
        if at >= hits {
            high += term;
        }
    };
    let mut term = ONE;
    for at in mode..=all {
        count(at, term);
        if term == 0 || at == all {
            break;
        }
        term = term * u128::from(all - at) * win / (u128::from(at + 1) * lose);
    }
    let mut term = ONE;
    for at in (1..=mode).rev() {
        term = term * u128::from(at) * lose / (u128::from(all - at + 1) * win);
        if term == 0 {
            break;
        }
        count(at - 1, term);
    }
    let tail = low.min(high);
    let doubled = (2 * tail * PARTS + total / 2) / total;
    u64::try_from(doubled.min(PARTS)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::two_sided;

    // shows: E35
    #[test]
    fn small_cases_by_hand() {
        assert_eq!(two_sided(0, 0, (1, 1)), 1_000_000);
        assert_eq!(two_sided(3, 3, (1, 1)), 1_000_000);
        // n = 4, p = 1/2: 2 × 1/16 and 2 × 5/16.
        assert_eq!(two_sided(4, 0, (1, 1)), 125_000);
        assert_eq!(two_sided(3, 1, (1, 1)), 625_000);
        assert_eq!(two_sided(1, 3, (1, 1)), 625_000);
        // n = 3, p = 2/3: P(0) = 1/27, doubled 0.074074; P(3) = 8/27, doubled 0.592593.
        assert_eq!(two_sided(0, 3, (2, 1)), 74_074);
        assert_eq!(two_sided(3, 0, (2, 1)), 592_593);
    }

    // shows: E35
    #[test]
    fn the_tail_is_that_of_whole_number_sums() {
        // A second way: binomial coefficients summed as they are.
        for n in 1..=40u64 {
            for (win, lose) in [(1u128, 1u128), (2, 3), (5, 1)] {
                let power = |base: u128, times: u64| base.pow(u32::try_from(times).unwrap());
                let choose =
                    |k: u64| (0..k).fold(1u128, |c, i| c * u128::from(n - i) / u128::from(i + 1));
                let terms: Vec<u128> =
                    (0..=n).map(|k| choose(k) * power(win, k) * power(lose, n - k)).collect();
                let total: u128 = terms.iter().sum();
                if total > 1 << 100 {
                    continue;
                }
                for hits in [0, n / 3, n / 2, n] {
                    let at = usize::try_from(hits).unwrap();
                    let low: u128 = terms[..=at].iter().sum();
                    let high: u128 = terms[at..].iter().sum();
                    let wanted =
                        ((2 * low.min(high) * 1_000_000 + total / 2) / total).min(1_000_000);
                    let odds = (u64::try_from(win).unwrap(), u64::try_from(lose).unwrap());
                    let found = u128::from(two_sided(hits, n - hits, odds));
                    assert!(found.abs_diff(wanted) <= 1, "{hits} of {n}: {found}, not {wanted}");
                }
            }
        }
    }

    // shows: E35
    #[test]
    fn a_gross_imbalance_of_many_cases_has_no_chance() {
        assert_eq!(two_sided(60_000, 40_000, (1, 1)), 0);
        // 50 000 of 100 000 is the mode; two standard deviations (316) are about 4.55 %.
        let found = two_sided(50_316, 49_684, (1, 1));
        assert!((45_000..=46_500).contains(&found), "{found}");
    }
}
