//! The catalog identity after points were moved: by caps, a held total, or an expert.

use rust_decimal::Decimal;

use super::model::{Catalog, Group, IdentityLine};
use crate::units::{Fen, Points, Ratio, exact, ratio, to_decimal};

/// Decimal places of a line of the identity.
const PLACES: u32 = 4;

impl Catalog {
    /// What a change of points is worth over the cases of the statistics years:
    /// cases × (to − from) ÷ scale × base mean, in fen; `None` without a scale or beyond 64 bits.
    #[must_use]
    pub fn money(&self, group: &Group, (from, to): (Points, Points)) -> Option<Fen> {
        let scale = self.scale.filter(|scale| !scale.is_zero()).map(exact)?;
        let change: Ratio = to.to_ratio() - from.to_ratio();
        let yuan = ratio(group.cases) * change / scale * exact(self.base_mean);
        Fen::nearest(&(yuan * ratio(100))).ok()
    }

    /// Makes `points_total` what the groups give now; `line` takes back what was moved since, so that the
    /// lines still sum to the total. `None` without such a line or beyond 28 digits.
    pub(super) fn restate(&mut self, line: &str) -> Option<()> {
        let given = self.groups.iter().map(|group| self.given(group));
        let now = to_decimal(&given.sum::<Ratio>(), PLACES)?;
        let lines = &mut self.identity;
        let old = lines.iter().find(|known| known.line == "points_total")?.amount;
        let back = lines.iter().find(|known| known.line == line);
        let back = back.map_or(Decimal::ZERO, |known| known.amount);
        // What the points gave before they were moved, rounding of their terms included.
        let before = old.checked_add(back)?;
        let back = before.checked_sub(now)?;
        lines.retain(|known| known.line != line);
        let at = lines.iter().position(|known| known.line == "points_total")?;
        if back.is_zero() {
            lines[at].amount = before;
            return Some(());
        }
        lines[at].amount = now;
        let line = IdentityLine { line: line.to_owned(), amount: back };
        lines.insert(at.saturating_add(1), line);
        Some(())
    }
}
