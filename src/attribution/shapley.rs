//! The Shapley value, exact, and its rounding to whole fen.

use num_traits::ToPrimitive as _;

use crate::units::{Fen, Ratio, UnitError, ratio};

/// What each of `players` adds, over all orders in which they can join.
///
/// `worth` is asked once for every coalition; bit `i` of its argument says whether player `i` is in
/// it. The values sum to `worth(all) − worth(none)`.
///
/// ```
/// use dianshu::attribution::shapley;
/// use dianshu::units::ratio;
/// // Old 10 × 2, new 12 × 3: 16 more, of which 2 × (2 + 3) ÷ 2 = 5 by the first, 11 by the second.
/// let worth = |coalition: usize| {
///     let first = if coalition & 1 == 0 { 10 } else { 12 };
///     ratio(first * if coalition & 2 == 0 { 2 } else { 3 })
/// };
/// assert_eq!(shapley(2, &worth), [ratio(5), ratio(11)]);
/// ```
///
/// # Panics
/// For more than 16 players.
#[must_use]
pub fn shapley(players: usize, worth: &dyn Fn(usize) -> Ratio) -> Vec<Ratio> {
    assert!(players <= 16, "every coalition is asked for");
    let coalitions = 1usize << players;
    let worths: Vec<Ratio> = (0..coalitions).map(worth).collect();
    let orders = orders(players);
    (0..players)
        .map(|player| {
            let own = 1usize << player;
            // Differences by the size of the coalition joined: all of one size count the same.
            let mut by_size = vec![ratio(0); players];
            for before in (0..coalitions).filter(|coalition| coalition & own == 0) {
                by_size[before.count_ones() as usize] += &worths[before | own] - &worths[before];
            }
            by_size.iter().zip(&orders).map(|(sum, share)| sum * share).sum()
        })
        .collect()
}

/// Share of the orders in which a player joins a given coalition, by its size s: s! (n − s − 1)! ÷ n!.
fn orders(players: usize) -> Vec<Ratio> {
    let factorial = |n: usize| (1..=n).fold(ratio(1), |product, factor| product * ratio(factor));
    (0..players)
        .map(|size| {
            let later = players.saturating_sub(size).saturating_sub(1);
            factorial(size) * factorial(later) / factorial(players)
        })
        .collect()
}

/// Exact parts in fen as whole fen that still sum to `total`: each is rounded down, the fen left go one
/// each to the largest fractions, ties by name ascending. Parts may be negative.
///
/// # Errors
/// [`UnitError::Overflow`] beyond 64 bits.
///
/// # Panics
/// If the parts do not sum to `total`.
pub fn to_fen(parts: &[Ratio], names: &[&str], total: Fen) -> Result<Vec<Fen>, UnitError> {
    assert_eq!(parts.iter().sum::<Ratio>(), total.to_ratio(), "parts sum to the whole");
    let mut rounded = parts.iter().map(Fen::floor).collect::<Result<Vec<_>, _>>()?;
    let given = Fen::sum(rounded.iter().copied())?;
    let left = total.to_ratio() - given.to_ratio();
    let left = left.to_integer().to_usize().ok_or(UnitError::Overflow)?;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let fractions: Vec<Ratio> = parts.iter().map(|part| part - part.floor()).collect();
    order.sort_by(|one, two| {
        fractions[*two].cmp(&fractions[*one]).then_with(|| names[*one].cmp(names[*two]))
    });
    for at in order.into_iter().take(left) {
        rounded[at] = Fen::sum([rounded[at], Fen(1)])?;
    }
    assert_eq!(Fen::sum(rounded.iter().copied())?, total, "no fen is lost or made");
    Ok(rounded)
}
