//! APG classes of a settlement from its fee lines: which class leads, which others count (A14, R13, R14).

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::line_traits::LineRules;
use crate::policy::model::{Apg, CostClasses};
use crate::settlement::cases::COST_CLASSES;
use crate::units::exact;

/// Letters of the classes, in the order of ties (Y07).
pub const CLASS_LETTERS: [&str; 3] = ["O", "M", "A"];

/// What the fee lines of one settlement come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassSums {
    /// Fen of class O, M, A (手术操作, 内科服务, 辅助服务, the order of ties, Y07), net of reversals.
    pub fen: [i64; 3],
    /// Whether a line of the class stands on its important list.
    pub important: [bool; 3],
}

/// The class letters of a settlement, for example `OM`; `None` where no class has a positive sum.
///
/// The main class has the largest sum (ties O, M, A). A later class counts as important if a line is on
/// its important list or, where that list is empty, if its cost is at least the share of the fee that
/// the policy states: main O takes M and A, main M takes A, main A stands alone (A14).
#[must_use]
pub fn class_letters(apg: &Apg, sums: &ClassSums, fee_fen: i64) -> Option<&'static str> {
    let top = *sums.fen.iter().max()?;
    if top <= 0 {
        return None;
    }
    let main = sums.fen.iter().position(|fen| *fen == top)?;
    let counts = |class: usize| class > main && is_important(apg, sums, class, fee_fen);
    Some(match (main, counts(1), counts(2)) {
        (0, true, true) => "OMA",
        (0, true, false) => "OM",
        (0, false, true) => "OA",
        (0, false, false) => "O",
        (1, _, true) => "MA",
        (1, _, false) => "M",
        _ => "A",
    })
}

fn is_important(apg: &Apg, sums: &ClassSums, class: usize, fee_fen: i64) -> bool {
    if !apg.important[class].is_empty() {
        return sums.important[class];
    }
    if sums.fen[class] <= 0 {
        return false;
    }
    reaches(sums.fen[class], apg.important_share, fee_fen)
}

/// Whether cost ≥ share × fee, in whole numbers: cost × denominator ≥ numerator × fee.
fn reaches(cost_fen: i64, share: Decimal, fee_fen: i64) -> bool {
    let cost = 10i128.checked_pow(share.scale()).and_then(|one| one.checked_mul(cost_fen.into()));
    let fee = share.mantissa().checked_mul(fee_fen.into());
    // A share of more than 19 digits needs numbers longer than 128 bits.
    cost.zip(fee).map_or_else(
        || {
            let share = exact(share);
            share.denom() * cost_fen >= share.numer() * fee_fen
        },
        |(cost, fee)| cost >= fee,
    )
}

/// The class of fee lines as the policy's item list and charge types say (A14 (1)).
#[derive(Debug, Clone, Default)]
pub struct ItemClasses {
    exact: HashMap<String, usize>,
    /// Longest first.
    prefixes: Vec<(String, usize)>,
    charge_types: HashMap<String, usize>,
    important: [Vec<String>; 3],
    lines: Option<LineRules>,
    /// Charge type → index into [`COST_CLASSES`]; absent unless the policy asks for classes of cost.
    costs: Option<HashMap<String, usize>>,
}

/// Index of the class of cost that takes every line of no other.
const SERVICE: usize = COST_CLASSES.len() - 1;

impl ItemClasses {
    /// Looks up tables for a policy.
    #[must_use]
    pub fn new(apg: &Apg) -> Self {
        let mut exact = HashMap::new();
        let mut prefixes = Vec::new();
        for item in &apg.items {
            if item.prefix {
                prefixes.push((item.code.clone(), item.class));
            } else {
                exact.insert(item.code.clone(), item.class);
            }
        }
        prefixes.sort_by(|a: &(String, usize), b| b.0.len().cmp(&a.0.len()).then(a.0.cmp(&b.0)));
        let charge_types = apg
            .charge_types
            .iter()
            .enumerate()
            .flat_map(|(class, codes)| codes.iter().map(move |code| (code.clone(), class)))
            .collect();
        Self {
            exact,
            prefixes,
            charge_types,
            important: apg.important.clone(),
            costs: None,
            lines: None,
        }
    }

    /// The same with the classes of cost that the policy asks for.
    #[must_use]
    pub fn with_costs(mut self, costs: Option<&CostClasses>) -> Self {
        self.costs = costs.map(|costs| {
            let listed = costs.charge_types.iter().enumerate();
            listed
                .flat_map(|(class, types)| types.iter().map(move |t| (t.clone(), class)))
                .collect()
        });
        self
    }

    /// The same with what the policy looks at in single lines.
    #[must_use]
    pub fn with_lines(mut self, lines: Option<LineRules>) -> Self {
        self.lines = lines;
        self
    }

    /// What the policy looks at in single lines; `None`: classes and their sums are all.
    #[must_use]
    pub fn lines(&self) -> Option<&LineRules> {
        self.lines.as_ref()
    }

    /// Whether lines have classes of cost.
    #[must_use]
    pub fn counts_costs(&self) -> bool {
        self.costs.is_some()
    }

    /// Class of cost of a line, index into [`COST_CLASSES`]: service where its charge type is not
    /// listed; `None` where the policy asks for no such classes.
    #[must_use]
    pub fn cost_class(&self, charge_type: Option<&str>) -> Option<usize> {
        let costs = self.costs.as_ref()?;
        Some(charge_type.and_then(|code| costs.get(code)).copied().unwrap_or(SERVICE))
    }

    /// Class of a line: item code exact, then longest listed prefix, else the charge type.
    #[must_use]
    pub fn class(&self, item: Option<&str>, charge_type: Option<&str>) -> Option<usize> {
        let listed = item.and_then(|code| {
            self.exact.get(code).copied().or_else(|| {
                let found = self.prefixes.iter().find(|(prefix, _)| code.starts_with(prefix));
                found.map(|(_, class)| *class)
            })
        });
        listed.or_else(|| charge_type.and_then(|code| self.charge_types.get(code).copied()))
    }

    /// Whether the policy lists items one by one (otherwise charge types alone decide).
    #[must_use]
    pub fn lists_items(&self) -> bool {
        !self.exact.is_empty() || !self.prefixes.is_empty()
    }

    /// Whether anything asks which item a line is of.
    #[must_use]
    pub fn reads_items(&self) -> bool {
        self.lists_items() || self.lists_important() || self.lines().is_some()
    }

    /// Whether the policy has a list of important items for any class.
    #[must_use]
    pub fn lists_important(&self) -> bool {
        self.important.iter().any(|list| !list.is_empty())
    }

    /// Whether the line makes its own class important by list (A14 (3)).
    #[must_use]
    pub fn important(&self, item: Option<&str>, charge_type: Option<&str>) -> bool {
        let Some(class) = self.class(item, charge_type) else { return false };
        item.is_some_and(|code| self.important[class].iter().any(|listed| listed == code))
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::{ClassSums, ItemClasses, class_letters};
    use crate::policy::model::{Apg, Cite, Combined, DiseaseOf, ItemClass, Letters};

    fn apg() -> Apg {
        let codes = |list: &[&str]| list.iter().map(|code| (*code).to_owned()).collect();
        Apg {
            cite: Cite::default(),
            charge_types: [codes(&["05", "06"]), codes(&["09", "10", "11"]), codes(&["03", "04"])],
            items: Vec::new(),
            important: [Vec::new(), Vec::new(), Vec::new()],
            important_share: Decimal::new(10, 2),
            fallback: "QY".to_owned(),
            letters: Letters::All,
            disease: DiseaseOf::DiseCodg,
            disease_characters: None,
            combined: Combined::One,
            refine: None,
            disease_required: true,
        }
    }

    #[track_caller]
    fn check(yuan: [i64; 3], fee: i64, expect: Option<&str>) {
        let sums = ClassSums { fen: yuan.map(|sum| sum * 100), important: [false; 3] };
        assert_eq!(class_letters(&apg(), &sums, fee * 100), expect, "{yuan:?} of {fee}");
    }

    /// A14's own numbers, and both sides of the 10 % line.
    // shows: Y07, Y09, Y10, Y11, Y12, Y13, A14
    #[test]
    fn letters_follow_the_largest_class_and_the_share() {
        check([600, 320, 80], 1000, Some("OM"));
        check([580, 320, 100], 1000, Some("OMA"));
        check([600, 99, 100], 1000, Some("OA"));
        check([300, 600, 99], 1000, Some("M"));
        check([300, 600, 100], 1000, Some("MA"));
        check([300, 300, 400], 1000, Some("A"));
        check([400, 400, 0], 800, Some("OM"));
        check([0, 400, 400], 800, Some("MA"));
        check([0, 0, 0], 800, None);
        check([-5, 0, 0], 800, None);
    }

    // shows: Y10, A14
    #[test]
    fn an_important_list_replaces_the_share() {
        let mut apg = apg();
        apg.important[2] = vec!["EX1".to_owned()];
        let mut sums = ClassSums { fen: [500, 0, 499], important: [false; 3] };
        assert_eq!(class_letters(&apg, &sums, 1000), Some("O"));
        sums = ClassSums { fen: [999, 0, 1], important: [false, false, true] };
        assert_eq!(class_letters(&apg, &sums, 1000), Some("OA"));
    }

    // shows: Y06, A14
    #[test]
    fn a_line_is_classed_by_code_then_prefix_then_charge_type() {
        let mut apg = apg();
        let item = |code: &str, prefix, class| ItemClass { code: code.to_owned(), prefix, class };
        apg.items = vec![item("X1", true, 1), item("X12", true, 2), item("X123", false, 0)];
        let classes = ItemClasses::new(&apg);
        assert_eq!(classes.class(Some("X123"), Some("03")), Some(0));
        assert_eq!(classes.class(Some("X129"), Some("05")), Some(2));
        assert_eq!(classes.class(Some("X199"), Some("05")), Some(1));
        assert_eq!(classes.class(Some("Y"), Some("05")), Some(0));
        assert_eq!(classes.class(Some("Y"), Some("01")), None);
        assert_eq!(classes.class(None, None), None);
    }
}
