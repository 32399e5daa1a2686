//! Formulas: evaluated exactly, and shown with labels or numbers in the place of their symbols.

use std::iter::Peekable;
use std::vec::IntoIter;

use num_bigint::BigInt;
use num_traits::Zero as _;
use rust_decimal::Decimal;

use super::Value;
use crate::units::{Ratio, exact, ratio, round_half_away};

/// Why a formula does not give its result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It cannot be read.
    #[error("`{formula}` cannot be read at `{at}`")]
    Syntax {
        /// The formula.
        formula: String,
        /// What was found.
        at: String,
    },
    /// A symbol without a number.
    #[error("`{symbol}` has no number")]
    Unbound {
        /// The symbol.
        symbol: String,
    },
    /// Division by zero.
    #[error("`{formula}` divides by 0")]
    Zero {
        /// The formula.
        formula: String,
    },
    /// Another number.
    #[error("the formula gives {found}, the step says {said}")]
    Differs {
        /// By the formula.
        found: String,
        /// By the step.
        said: String,
    },
    /// A word that has no label.
    #[error("`{word}` has no label")]
    NoLabel {
        /// The word.
        word: String,
    },
    /// A comparison that is not true.
    #[error("the comparison is not true")]
    Untrue,
}

/// A part of a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Number(String),
    Sign(char),
}

/// What a formula comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Number(Ratio),
    Truth(bool),
}

const COMPARE: [char; 5] = ['=', '<', '≤', '>', '≥'];

fn tokens(formula: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut starts_new = true;
    for letter in formula.chars() {
        let is_name = letter.is_ascii_lowercase() || letter == '_';
        let is_digit = letter.is_ascii_digit() || letter == '.';
        match tokens.last_mut() {
            _ if letter == ' ' => {}
            Some(Token::Name(name)) if !starts_new && (is_name || is_digit) => name.push(letter),
            Some(Token::Number(number)) if !starts_new && is_digit => number.push(letter),
            _ if is_name => tokens.push(Token::Name(letter.to_string())),
            _ if is_digit => tokens.push(Token::Number(letter.to_string())),
            _ => tokens.push(Token::Sign(letter)),
        }
        starts_new = letter == ' ';
    }
    tokens
}

/// The formula with its numbers.
pub(super) fn evaluate(formula: &str, inputs: &[(&'static str, Value)]) -> Result<Outcome, Fault> {
    let mut reader = Reader { formula, inputs, tokens: tokens(formula).into_iter().peekable() };
    let mut left = reader.sum()?;
    let mut truth = None;
    while let Some(Token::Sign(sign)) = reader.next_sign(&COMPARE) {
        let right = reader.sum()?;
        let holds = match sign {
            '=' => left == right,
            '<' => left < right,
            '≤' => left <= right,
            '>' => left > right,
            _ => left >= right,
        };
        truth = Some(truth.unwrap_or(true) && holds);
        left = right;
    }
    match reader.tokens.next() {
        Some(token) => Err(reader.syntax(Some(token))),
        None => Ok(truth.map_or(Outcome::Number(left), Outcome::Truth)),
    }
}

/// Whether an outcome is what a step says.
pub(super) fn compare(outcome: &Outcome, said: &Value) -> Result<(), Fault> {
    match outcome {
        Outcome::Truth(true) => Ok(()),
        Outcome::Truth(false) => Err(Fault::Untrue),
        Outcome::Number(found) if said.number().as_ref() == Some(found) => Ok(()),
        Outcome::Number(found) => {
            Err(Fault::Differs { found: found.to_string(), said: said.plain() })
        }
    }
}

struct Reader<'a> {
    formula: &'a str,
    inputs: &'a [(&'static str, Value)],
    tokens: Peekable<IntoIter<Token>>,
}

impl Reader<'_> {
    fn syntax(&self, token: Option<Token>) -> Fault {
        let at = match token {
            Some(Token::Name(text) | Token::Number(text)) => text,
            Some(Token::Sign(sign)) => sign.to_string(),
            None => "end".to_owned(),
        };
        Fault::Syntax { formula: self.formula.to_owned(), at }
    }

    fn next_sign(&mut self, signs: &[char]) -> Option<Token> {
        self.tokens.next_if(|token| matches!(token, Token::Sign(sign) if signs.contains(sign)))
    }

    fn expect(&mut self, sign: char) -> Result<(), Fault> {
        match self.tokens.next() {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            other => Err(self.syntax(other)),
        }
    }

    fn sum(&mut self) -> Result<Ratio, Fault> {
        let mut sum = self.product()?;
        while let Some(sign) = self.next_sign(&['+', '−']) {
            let more = self.product()?;
            sum = if sign == Token::Sign('+') { sum + more } else { sum - more };
        }
        Ok(sum)
    }

    fn product(&mut self) -> Result<Ratio, Fault> {
        let mut product = self.factor()?;
        while let Some(sign) = self.next_sign(&['×', '÷']) {
            let more = self.factor()?;
            if sign == Token::Sign('×') {
                product *= more;
            } else if more.is_zero() {
                return Err(Fault::Zero { formula: self.formula.to_owned() });
            } else {
                product /= more;
            }
        }
        Ok(product)
    }

    fn factor(&mut self) -> Result<Ratio, Fault> {
        match self.tokens.next() {
            Some(Token::Sign('−')) => Ok(-self.factor()?),
            Some(Token::Sign('(')) => {
                let inner = self.sum()?;
                self.expect(')')?;
                Ok(inner)
            }
            Some(Token::Number(text)) => match Decimal::from_str_exact(&text) {
                Ok(number) => Ok(exact(number)),
                Err(_) => Err(self.syntax(Some(Token::Number(text)))),
            },
            Some(Token::Name(name)) if self.tokens.peek() == Some(&Token::Sign('(')) => {
                self.expect('(')?;
                let value = self.function(&name)?;
                self.expect(')')?;
                Ok(value)
            }
            Some(Token::Name(name)) => {
                let value = self.bound(&name)?.number();
                value.ok_or(Fault::Unbound { symbol: name })
            }
            other => Err(self.syntax(other)),
        }
    }

    fn function(&mut self, name: &str) -> Result<Ratio, Fault> {
        if name == "sum" {
            let Some(Token::Name(list)) = self.tokens.next() else {
                return Err(self.syntax(None));
            };
            let Value::List(values) = self.bound(&list)? else {
                return Err(Fault::Unbound { symbol: list });
            };
            let numbers = values
                .iter()
                .map(|value| value.number().ok_or_else(|| Fault::Unbound { symbol: list.clone() }));
            return numbers.sum();
        }
        let first = self.sum()?;
        let places = |name: &str| name.parse::<u32>().ok().filter(|places| *places <= 10);
        if let Some(places) = name.strip_prefix("round").and_then(places) {
            return Ok(Ratio::new(round_half_away(&first, places), ten_to(places)));
        }
        if let Some(places) = name.strip_prefix("floor").and_then(places) {
            let shift = ten_to(places);
            return Ok((first * Ratio::from(shift.clone())).floor() / Ratio::from(shift));
        }
        self.expect(',')?;
        let second = self.sum()?;
        match name {
            "min" => Ok(first.min(second)),
            "max" => Ok(first.max(second)),
            _ => Err(self.syntax(Some(Token::Name(name.to_owned())))),
        }
    }

    fn bound(&self, name: &str) -> Result<Value, Fault> {
        let found = self.inputs.iter().find(|(symbol, _)| *symbol == name);
        found
            .map(|(_, value)| value.clone())
            .ok_or_else(|| Fault::Unbound { symbol: name.to_owned() })
    }
}

fn ten_to(places: u32) -> BigInt {
    ratio(10).to_integer().pow(places)
}

/// The formula with its symbols and functions replaced: `show` gives the text of a name, and whether a
/// function's name swallows its brackets (a sum of numbers written out needs none of its own).
pub(super) fn shown(formula: &str, show: impl Fn(&str, bool) -> String) -> String {
    let mut text = String::new();
    let all = tokens(formula);
    for (at, token) in all.iter().enumerate() {
        let opens = all.get(at.saturating_add(1)) == Some(&Token::Sign('('));
        match token {
            Token::Name(name) => text.push_str(&show(name, opens)),
            Token::Number(number) => text.push_str(number),
            Token::Sign(sign @ ('(' | ')')) => text.push(*sign),
            Token::Sign(',') => text.push_str(", "),
            Token::Sign(sign) => {
                let unary =
                    at == 0 || matches!(all.get(at.wrapping_sub(1)), Some(Token::Sign('(' | ',')));
                if unary { text.push(*sign) } else { text.push_str(&format!(" {sign} ")) }
            }
        }
    }
    text
}
