//! What fee lines say of a settlement beyond its class sums: the main item of each class and negotiated
//! drugs (H11, Y33), what is carved out of its fee (H10, A47), drugs and how long they last (A17, R16).
//! Only where the policy asks.

use foldhash::HashMap;

use super::columns::Extra;
use super::fees::{FeeLine, put};
use crate::policy::model::{CarveOut, Method, Policy, Refine};

/// `hi_nego_drug_flag` of a negotiated drug (8.3).
const NEGOTIATED: &str = "1";

/// What a policy looks at in single lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineRules {
    items: bool,
    negotiated: bool,
    carve_out: Option<CarveOut>,
    /// Charge types of drugs, where they are summed (R16).
    drugs: Vec<String>,
}

impl LineRules {
    /// The rules of a policy; `None` where classes and their sums are all it looks at.
    #[must_use]
    pub fn of(policy: &Policy) -> Option<Self> {
        let refine = match &policy.grouping.method {
            Method::Apg(apg) => apg.refine.as_ref(),
            Method::Given { .. } | Method::Dip(_) | Method::Drg(_) => None,
        };
        let carve_out = policy.carve_out.clone();
        let extra = Extra::of(policy);
        let rules = Self {
            items: refine.is_some_and(Refine::looks_at_items),
            negotiated: refine.is_some_and(Refine::looks_at_negotiated)
                || carve_out.as_ref().is_some_and(|rule| rule.negotiated_drugs)
                || extra.negotiated,
            carve_out,
            drugs: if extra.days { drug_types(policy) } else { Vec::new() },
        };
        (rules != Self::default()).then_some(rules)
    }

    /// Whether lines must say if they are negotiated drugs.
    #[must_use]
    pub fn looks_at_negotiated(&self) -> bool {
        self.negotiated
    }

    /// Whether lines must say how long they last.
    #[must_use]
    pub fn looks_at_days(&self) -> bool {
        !self.drugs.is_empty()
    }

    /// Whether lines must say more than their class needs.
    #[must_use]
    pub fn looks_at_more(&self) -> bool {
        self.looks_at_negotiated() || self.looks_at_days()
    }

    fn is_drug(&self, line: &FeeLine<'_>) -> bool {
        line.charge_type.is_some_and(|code| self.drugs.iter().any(|known| known == code))
    }

    fn carves(&self, line: &FeeLine<'_>) -> bool {
        let Some(rule) = &self.carve_out else { return false };
        let holds = |list: &[String], value: Option<&str>| {
            value.is_some_and(|value| list.iter().any(|known| known == value))
        };
        rule.negotiated_drugs && line.negotiated == Some(NEGOTIATED)
            || holds(&rule.charge_types, line.charge_type)
            || holds(&rule.items, line.item)
    }
}

/// Charge types of drugs (R16): those of class M of an APG, else those of the class of cost.
fn drug_types(policy: &Policy) -> Vec<String> {
    match (&policy.grouping.method, &policy.case.cost_classes) {
        (Method::Apg(apg), _) => apg.charge_types[1].clone(),
        (_, Some(classes)) => classes.charge_types[0].clone(),
        _ => Vec::new(),
    }
}

/// A line until all lines are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineTraits {
    /// Number of its item.
    item: u32,
    /// Days it lasts, 0 where it is no drug or does not say.
    days: u16,
    is_negotiated: bool,
    is_drug: bool,
    /// It leaves the fee: it has no class and is no main item.
    pub(super) is_carved: bool,
}

impl LineTraits {
    /// Where nothing is asked.
    pub(super) const NONE: Self =
        Self { item: u32::MAX, days: 0, is_negotiated: false, is_drug: false, is_carved: false };
}

/// What the lines of one settlement say.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sums {
    /// Item with the largest sum in class O, M, A, by number.
    items: [u32; 3],
    is_negotiated: bool,
    /// Days that its longest drug lasts.
    days: u16,
    own: Money,
    /// The same where the settlement is a reversal: amounts whatever their sign (R14).
    taken: Money,
}

/// Fen of lines that are looked at singly. What is carved out is in neither sum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Money {
    /// Each line that is carved out.
    pub(super) carved: Vec<i64>,
    /// Σ drugs.
    pub(super) drug_fen: i64,
    /// Σ negotiated drugs.
    pub(super) negotiated_fen: i64,
}

impl Money {
    fn of(lines: &[Stays], fen_of: fn(i64) -> i64) -> Self {
        let mut money = Self::default();
        for (_, traits, fen) in lines {
            let fen = fen_of(*fen);
            if traits.is_carved {
                money.carved.push(fen);
                continue;
            }
            money.drug_fen += if traits.is_drug { fen } else { 0 };
            money.negotiated_fen += if traits.is_negotiated { fen } else { 0 };
        }
        money
    }

    /// Takes in the lines of another settlement.
    pub(super) fn add(&mut self, other: &Self) {
        self.carved.extend_from_slice(&other.carved);
        self.drug_fen += other.drug_fen;
        self.negotiated_fen += other.negotiated_fen;
    }

    /// Σ of the lines carved out.
    pub(super) fn carved_fen(&self) -> i64 {
        self.carved.iter().sum()
    }

    pub(super) fn negated(&self) -> Self {
        Self {
            carved: self.carved.iter().map(|fen| -fen).collect(),
            drug_fen: -self.drug_fen,
            negotiated_fen: -self.negotiated_fen,
        }
    }
}

/// Takes the lines of one bucket beside [`super::fees::FeeLines`].
#[derive(Debug, Default)]
pub(super) struct Traits {
    rules: LineRules,
    numbers: HashMap<String, u32>,
    names: Vec<String>,
    /// By settlement, in the order of its number.
    sums: Vec<Sums>,
    /// Whether some line said if it is a negotiated drug.
    knows_negotiated: bool,
}

/// A line that stays: its class, its traits, its fen.
pub(super) type Stays = (Option<u8>, LineTraits, i64);

impl Traits {
    pub(super) fn new(rules: LineRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// What one line says.
    pub(super) fn of_line(&mut self, line: &FeeLine<'_>) -> LineTraits {
        self.knows_negotiated |= line.negotiated.is_some_and(|flag| !flag.is_empty());
        let is_drug = self.rules.is_drug(line);
        LineTraits {
            item: line.item.filter(|_| self.rules.items).map_or(u32::MAX, |item| self.number(item)),
            days: if is_drug { line.days } else { 0 },
            is_negotiated: line.negotiated == Some(NEGOTIATED),
            is_drug,
            is_carved: self.rules.carves(line),
        }
    }

    fn number(&mut self, item: &str) -> u32 {
        if let Some(number) = self.numbers.get(item) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(item.to_owned(), number);
        self.names.push(item.to_owned());
        number
    }

    /// Takes all lines of the settlement at this place, known or the next.
    pub(super) fn close_settlement(&mut self, place: usize, lines: &[Stays]) {
        let sums = Sums {
            items: [0, 1, 2].map(|class| self.main_item(lines, class)),
            is_negotiated: lines.iter().any(|(_, traits, _)| traits.is_negotiated),
            days: lines.iter().map(|(_, traits, _)| traits.days).max().unwrap_or(0),
            own: Money::of(lines, |fen| fen),
            taken: Money::of(lines, i64::abs),
        };
        put(&mut self.sums, place, sums);
    }

    /// The item with the largest sum among the lines of a class, ties by code.
    fn main_item(&self, lines: &[Stays], class: u8) -> u32 {
        let mut items: Vec<(u32, i64)> = Vec::new();
        for (_, traits, fen) in lines.iter().filter(|(own, ..)| *own == Some(class)) {
            match items.iter_mut().find(|(item, _)| *item == traits.item) {
                Some((_, sum)) => *sum += fen,
                None if traits.item == u32::MAX => {}
                None => items.push((traits.item, *fen)),
            }
        }
        let name = |item: u32| self.names.get(item as usize);
        let most = items.iter().max_by(|a, b| a.1.cmp(&b.1).then(name(b.0).cmp(&name(a.0))));
        most.map_or(u32::MAX, |(item, _)| *item)
    }

    /// What can be asked once all lines are known.
    pub(super) fn finish(self) -> LineFacts {
        LineFacts {
            names: self.names,
            sums: self.sums,
            lacks_negotiated: self.rules.negotiated && !self.knows_negotiated,
        }
    }
}

/// What the lines of each settlement of a bucket say.
#[derive(Debug, Default)]
pub(super) struct LineFacts {
    names: Vec<String>,
    /// By settlement, in the order of its number.
    sums: Vec<Sums>,
    /// The policy asks for negotiated drugs, but no line says whether it is one.
    pub(super) lacks_negotiated: bool,
}

/// What the lines of one settlement say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct LineFact {
    /// Item with the largest sum in class O, M, A; empty where there is none.
    pub(super) items: [String; 3],
    /// Whether a line is a negotiated drug.
    pub(super) is_negotiated: bool,
    /// Days that its longest drug lasts; 0 where none says.
    pub(super) drug_days: u32,
    /// Money of its lines and of those that reversals take back, which count below 0.
    pub(super) money: Money,
}

impl LineFacts {
    /// What the lines of the settlement at this place take away where it is a reversal.
    pub(super) fn taken_by(&self, place: usize) -> Money {
        self.sums.get(place).map_or_else(Money::default, |sums| sums.taken.clone())
    }

    /// What the lines of the settlement at this place say. A refund of a part does not change what the
    /// visit was for, so the main items are those of its own lines.
    pub(super) fn of(&self, place: usize) -> LineFact {
        let Some(sums) = self.sums.get(place) else { return LineFact::default() };
        let name = |item: u32| self.names.get(item as usize).cloned().unwrap_or_default();
        LineFact {
            items: sums.items.map(name),
            is_negotiated: sums.is_negotiated,
            drug_days: sums.days.into(),
            money: sums.own.clone(),
        }
    }
}
