//! The 24-hour cycle: several settlements of one person that count as one case (Y08, A09–A12).
//!
//! A function over sorted slices, linear in the rows, without the engine.

use crate::policy::model::Anchor;

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Marks the settlements that open a cycle.
///
/// `times` are local microseconds, ascending within each run of equal `keys`; a key stands for
/// (person, institution, group, year of settlement). A settlement belongs to the cycle before it while it
/// is *less than* the window after the first (or, rolling, after the one before; or on its calendar day).
///
/// ```
/// use dianshu::grouping::cycle::opens_cycle;
/// use dianshu::policy::model::Anchor;
/// let hour = 3_600_000_000;
/// // 0 h, 20 h, 40 h: anchored {0, 20}, {40}; rolling: one cycle (A09).
/// let times = [0, 20 * hour, 40 * hour];
/// assert_eq!(opens_cycle(&["k"; 3], &times, 1440, Anchor::First), [true, false, true]);
/// assert_eq!(opens_cycle(&["k"; 3], &times, 1440, Anchor::Rolling), [true, false, false]);
/// ```
#[must_use]
pub fn opens_cycle<K: PartialEq>(
    keys: &[K],
    times: &[i64],
    window_minutes: i64,
    anchor: Anchor,
) -> Vec<bool> {
    assert_eq!(keys.len(), times.len(), "one key for each time");
    let window = window_minutes.saturating_mul(MICROS_PER_MINUTE);
    let mut opens = Vec::with_capacity(times.len());
    let mut reference = 0;
    for (at, time) in times.iter().enumerate() {
        let first = at == 0 || keys[at] != keys[at - 1];
        let outside = match anchor {
            Anchor::First | Anchor::Rolling => time.saturating_sub(reference) >= window,
            Anchor::CalendarDay => {
                time.div_euclid(MICROS_PER_DAY) != reference.div_euclid(MICROS_PER_DAY)
            }
        };
        let open = first || outside;
        if open || anchor == Anchor::Rolling {
            reference = *time;
        }
        opens.push(open);
    }
    opens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::opens_cycle;
    use crate::policy::model::Anchor;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3_600 * SECOND;

    /// A09: 08:00; next day 07:59:59 → same; 08:00:00 → new.
    // shows: A09
    #[test]
    fn exactly_24_hours_open_a_new_cycle() {
        let start = 8 * HOUR;
        let before = start + 24 * HOUR - SECOND;
        let at = start + 24 * HOUR;
        assert_eq!(opens_cycle(&[1, 1], &[start, before], 1440, Anchor::First), [true, false]);
        assert_eq!(opens_cycle(&[1, 1], &[start, at], 1440, Anchor::First), [true, true]);
    }

    // shows: A09
    #[test]
    fn another_key_opens_a_cycle_and_a_calendar_day_ends_at_midnight() {
        assert_eq!(opens_cycle(&[1, 2], &[0, 0], 1440, Anchor::First), [true, true]);
        let times = [23 * HOUR, 24 * HOUR - SECOND, 24 * HOUR];
        assert_eq!(opens_cycle(&[1; 3], &times, 1440, Anchor::CalendarDay), [true, false, true]);
    }

    proptest! {
        /// Moving all times by a constant changes nothing, and merging the openers again merges no more.
        #[test]
        fn cycles_do_not_depend_on_the_clock_and_are_stable(
            mut times in prop::collection::vec(0..400 * HOUR, 1..40),
            shift in any::<i32>(),
        ) {
            times.sort_unstable();
            let keys = vec![0; times.len()];
            let opens = opens_cycle(&keys, &times, 1440, Anchor::First);
            let moved: Vec<i64> = times.iter().map(|t| t + i64::from(shift)).collect();
            prop_assert_eq!(&opens, &opens_cycle(&keys, &moved, 1440, Anchor::First));
            let firsts: Vec<i64> =
                times.iter().zip(&opens).filter(|(_, o)| **o).map(|(t, _)| *t).collect();
            let again = opens_cycle(&keys[..firsts.len()], &firsts, 1440, Anchor::First);
            prop_assert_eq!(again, vec![true; firsts.len()]);
        }
    }
}
