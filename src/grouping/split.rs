//! A combined case split into a part for each class letter, the alternative of A15.

use super::apg::CLASS_LETTERS;
use crate::units::{Fen, allocate};

/// What a split needs to know of a case besides its amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Class letters, main class first.
    pub(super) letters: &'static str,
    /// What stands behind the letters of its group code.
    pub(super) disease: String,
    /// Fen of class O, M, A.
    pub(super) class_fen: [i64; 3],
}

/// Fee of each part, main class first: an important class takes its class cost, the main class the
/// rest of the fee, lines of no class and of unimportant ones included. No part goes below 0.
///
/// `None` where there is nothing to split: one letter, or no fee.
pub(super) fn fees(parts: &Parts, fee_fen: i64) -> Option<Vec<(&'static str, i64)>> {
    if parts.letters.len() < 2 || fee_fen <= 0 {
        return None;
    }
    let mut rest = fee_fen;
    let mut fees = vec![(&parts.letters[..1], 0)];
    for at in 1..parts.letters.len() {
        let letter = &parts.letters[at..=at];
        let class = CLASS_LETTERS.iter().position(|known| *known == letter)?;
        let fee = parts.class_fen[class].clamp(0, rest);
        rest -= fee;
        fees.push((letter, fee));
    }
    fees[0].1 = rest;
    Some(fees)
}

/// An amount divided by the fees of the parts (12.0), so that it adds up to the fen.
pub(super) fn share(amount_fen: i64, fees: &[(&'static str, i64)]) -> Vec<i64> {
    let weights: Vec<i128> = fees.iter().map(|(_, fee)| i128::from(*fee)).collect();
    let letters: Vec<&str> = fees.iter().map(|(letter, _)| *letter).collect();
    allocate(Fen(amount_fen), &weights, &letters).map_or_else(
        // Out of range: with the main class rather than nowhere.
        |_| (0..fees.len()).map(|at| if at == 0 { amount_fen } else { 0 }).collect(),
        |shares| shares.into_iter().map(|share| share.0).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Parts, fees, share};

    #[track_caller]
    fn check(letters: &'static str, class_fen: [i64; 3], fee: i64, expect: &[(&str, i64)]) {
        let parts = Parts { letters, disease: "N18".to_owned(), class_fen };
        assert_eq!(fees(&parts, fee).unwrap(), expect);
    }

    // A14's own case, fee 1000: O 580, M 320, A 100 is OMA; split, each class has its cost. With 50 in
    // no class the main class has them; what an unimportant class cost stays with the main class too.
    // shows: A15, Y10, Y11
    #[test]
    fn important_classes_take_their_cost_and_the_main_class_the_rest() {
        check("OMA", [580, 320, 100], 1000, &[("O", 580), ("M", 320), ("A", 100)]);
        check("OMA", [530, 320, 100], 1000, &[("O", 580), ("M", 320), ("A", 100)]);
        check("OM", [600, 320, 80], 1000, &[("O", 680), ("M", 320)]);
        check("MA", [0, 850, 150], 1000, &[("M", 850), ("A", 150)]);
        // Lines that come to more than the fee leave nothing below 0.
        check("OM", [900, 800, 0], 700, &[("O", 0), ("M", 700)]);
        let one = Parts { letters: "M", disease: String::new(), class_fen: [0, 9, 0] };
        assert_eq!(fees(&one, 9), None);
        assert_eq!(fees(&Parts { letters: "OM", ..one }, 0), None);
    }

    // 850.01 over 580 : 320 : 100 is 493.0058, 272.0032, 85.001: floors leave one fen, the largest
    // part behind the point, .58, is that of O.
    // shows: A15
    #[test]
    fn amounts_are_divided_by_the_fees_of_the_parts_to_the_fen() {
        let fees = [("O", 58_000), ("M", 32_000), ("A", 10_000)];
        assert_eq!(share(85_001, &fees), [49_301, 27_200, 8_500]);
        assert_eq!(share(0, &fees), [0, 0, 0]);
    }
}
