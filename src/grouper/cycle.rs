//! The 24-hour cycle: several settlements of one person that count as one case (Y08, A09–A12).
//!
//! Functions over slices, linear in sorted rows, without the engine.

use std::cmp::Ordering;
use std::ops::Range;

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
/// use dianshu::grouper::cycle::opens_cycle;
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
    let window = Window { minutes: window_minutes, anchor };
    let mut opens = Vec::with_capacity(times.len());
    let mut reference = 0;
    for (at, time) in times.iter().enumerate() {
        let first = at == 0 || keys[at] != keys[at - 1];
        let open = first || !window.holds(reference, *time);
        if open || anchor == Anchor::Rolling {
            reference = *time;
        }
        opens.push(open);
    }
    opens
}

/// How long a cycle lasts and from when on (A09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Minutes; a settlement exactly that much later opens the next cycle. Not asked on calendar days.
    pub minutes: i64,
    /// What the minutes are counted from.
    pub anchor: Anchor,
}

impl Window {
    /// Whether a settlement belongs to a cycle; `reference` is the time of its first settlement, or,
    /// rolling, of the one before. Both in microseconds of local time.
    fn holds(self, reference: i64, time: i64) -> bool {
        match self.anchor {
            Anchor::First | Anchor::Rolling => {
                let window = self.minutes.saturating_mul(MICROS_PER_MINUTE);
                time.saturating_sub(reference) < window
            }
            Anchor::CalendarDay => {
                time.div_euclid(MICROS_PER_DAY) == reference.div_euclid(MICROS_PER_DAY)
            }
        }
    }
}

/// What a settlement of one person at one institution is told apart by; all by row.
pub struct Visits<'a> {
    /// Local time in microseconds.
    pub times: &'a [i64],
    /// Order of the ids of two settlements of the same time.
    pub by_id: &'a dyn Fn(usize, usize) -> Ordering,
    /// Whether two are of one group and year.
    pub is_alike: &'a dyn Fn(usize, usize) -> bool,
    /// Whether its group is exempt: it is a cycle of its own (A12).
    pub stands_alone: &'a dyn Fn(usize) -> bool,
}

/// A cycle that may go on.
struct Open {
    first: usize,
    reference: i64,
    number: i64,
}

/// Numbers cycles, one person and institution after the other.
pub struct Numbering {
    window: Window,
    order: Vec<usize>,
    open: Vec<Open>,
}

impl Numbering {
    /// Cycles of this length.
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self { window, order: Vec::new(), open: Vec::new() }
    }

    /// Gives the rows of one person at one institution, in any order, the numbers of their cycles, from
    /// 1 in the order in which they open. Settlements belong together as [`opens_cycle`] says, each
    /// group and year by itself.
    pub fn number(&mut self, rows: Range<usize>, visits: &Visits<'_>, numbers: &mut [i64]) {
        if rows.len() == 1 {
            numbers[rows.start] = 1;
            return;
        }
        let times = visits.times;
        self.order.clear();
        self.order.extend(rows);
        let by_time =
            |a: &usize, b: &usize| times[*a].cmp(&times[*b]).then_with(|| (visits.by_id)(*a, *b));
        if !self.order.is_sorted_by(|a, b| by_time(a, b).is_le()) {
            self.order.sort_by(by_time);
        }
        self.open.clear();
        let mut last = 0;
        for row in self.order.iter().copied() {
            let known = self.open.iter_mut().find(|open| (visits.is_alike)(open.first, row));
            let belongs = known.as_ref().is_some_and(|open| {
                self.window.holds(open.reference, times[row]) && !(visits.stands_alone)(row)
            });
            if !belongs {
                last += 1;
            }
            match known {
                Some(open) if belongs => {
                    numbers[row] = open.number;
                    if self.window.anchor == Anchor::Rolling {
                        open.reference = times[row];
                    }
                }
                Some(open) => *open = Open { first: row, reference: times[row], number: last },
                None => self.open.push(Open { first: row, reference: times[row], number: last }),
            }
            if !belongs {
                numbers[row] = last;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

    use super::{Numbering, Visits, Window, opens_cycle};
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

    /// Rows of one person at one institution: time, group, exempt or not.
    type Rows = Vec<(i64, u8, bool)>;

    fn numbers(rows: &Rows, window: Window) -> Vec<i64> {
        let times: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let visits = Visits {
            times: &times,
            by_id: &|a, b| a.cmp(&b),
            is_alike: &|a, b| rows[a].1 == rows[b].1,
            stands_alone: &|row| rows[row].2,
        };
        let mut numbers = vec![0; rows.len()];
        Numbering::new(window).number(0..rows.len(), &visits, &mut numbers);
        numbers
    }

    fn day(anchor: Anchor) -> Window {
        Window { minutes: 1440, anchor }
    }

    // shows: Y08, A09
    #[test]
    fn cycles_are_numbered_group_by_group_as_they_open() {
        // A at 0, 20 and 40 h; B at 10 and 20 h in between: anchored A {0, 20}, B {10, 20}, A {40}.
        let rows = [(0, 0), (10, 1), (20, 0), (20, 1), (40, 0)];
        let rows: Rows = rows.iter().map(|(hour, group)| (hour * HOUR, *group, false)).collect();
        assert_eq!(numbers(&rows, day(Anchor::First)), [1, 2, 1, 2, 3]);
        assert_eq!(numbers(&rows, day(Anchor::Rolling)), [1, 2, 1, 2, 1], "rolling: one of A");
        assert_eq!(numbers(&rows, day(Anchor::CalendarDay)), [1, 2, 1, 2, 3]);
        let backwards: Rows = rows.iter().rev().copied().collect();
        assert_eq!(numbers(&backwards, day(Anchor::First))[4], 1, "whatever the order of the rows");
    }

    // shows: Y08, A12
    #[test]
    fn an_exempt_settlement_is_a_cycle_of_its_own() {
        let rows: Rows =
            vec![(0, 0, true), (HOUR, 0, true), (HOUR, 1, false), (2 * HOUR, 1, false)];
        assert_eq!(numbers(&rows, day(Anchor::First)), [1, 2, 3, 3]);
    }

    proptest! {
        /// Any rows in any order are numbered as sorting them by group and time would.
        // shows: Y08, A09, A12
        #[test]
        fn numbers_are_those_of_the_sorted_rows(
            rows in prop::collection::vec((0..200_000_i64, 0..3_u8), 1..60),
            exempt in 0..3_u8,
            anchor in prop_oneof![
                Just(Anchor::First), Just(Anchor::Rolling), Just(Anchor::CalendarDay)
            ],
            minutes in (1..3_000_i64).boxed(),
        ) {
            // 200 hours in steps of 3.6 s.
            let rows: Rows = rows
                .iter()
                .map(|(time, group)| (time * 3_600_000, *group, *group == exempt))
                .collect();
            let found = numbers(&rows, Window { minutes, anchor });
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by_key(|row| (rows[*row].1, rows[*row].0, *row));
            let keys: Vec<u8> = order.iter().map(|row| rows[*row].1).collect();
            let times: Vec<i64> = order.iter().map(|row| rows[*row].0).collect();
            let opens = opens_cycle(&keys, &times, minutes, anchor);
            for (at, pair) in order.windows(2).enumerate() {
                let together = !opens[at + 1] && !rows[pair[1]].2;
                prop_assert_eq!(found[pair[0]] == found[pair[1]], together);
            }
            let mut openers: Vec<usize> = Vec::new();
            for (at, row) in order.iter().enumerate() {
                if opens[at] || rows[*row].2 {
                    openers.push(*row);
                }
            }
            openers.sort_by_key(|row| (rows[*row].0, *row));
            let expected: Vec<i64> = (1_i64..).take(openers.len()).collect();
            let given: Vec<i64> = openers.iter().map(|row| found[*row]).collect();
            prop_assert_eq!(given, expected);
        }

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
