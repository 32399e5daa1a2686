//! Years and ranges of years, as written on the command line.

use std::str::FromStr;

use crate::explain::{Explain, Kind};

/// A non-empty, ascending list of distinct calendar years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Years(Vec<u16>);

/// A list of years that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a list of years")]
pub struct YearsError {
    text: String,
}

impl Explain for YearsError {
    fn kind(&self) -> Kind {
        Kind::Input
    }
    fn hints(&self) -> Vec<String> {
        vec![
            "write `YYYY,YYYY` or `YYYY..YYYY` (both ends included), years 1990 to 2100".to_owned(),
        ]
    }
}

impl Years {
    /// The years in ascending order, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }

    /// Years from a list in any order; `None` if it is empty, repeats a year or leaves 1990–2100.
    #[must_use]
    pub fn new(mut years: Vec<u16>) -> Option<Self> {
        years.sort_unstable();
        let distinct = years.windows(2).all(|pair| pair[0] != pair[1]);
        let in_range = years.iter().all(|year| (1990..=2100).contains(year));
        (!years.is_empty() && distinct && in_range).then_some(Self(years))
    }

    /// The newest year.
    #[must_use]
    pub fn last(&self) -> u16 {
        *self.0.last().unwrap_or(&0)
    }
}

impl FromStr for Years {
    type Err = YearsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || YearsError { text: text.to_owned() };
        let year = |part: &str| part.trim().parse::<u16>().map_err(|_| wrong());
        let years = match text.split_once("..") {
            Some((first, last)) => (year(first)?..=year(last)?).collect(),
            None => text.split(',').map(year).collect::<Result<Vec<_>, _>>()?,
        };
        Self::new(years).ok_or_else(wrong)
    }
}

impl std::fmt::Display for Years {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u16::to_string).collect();
        f.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::Years;

    #[test]
    fn years_are_read_as_a_list_or_a_range() {
        assert_eq!("2023,2022".parse::<Years>().unwrap().as_slice(), [2022, 2023]);
        assert_eq!("2022..2024".parse::<Years>().unwrap().as_slice(), [2022, 2023, 2024]);
        for wrong in ["", "2022,2022", "22", "2024..2022", "2022-2023"] {
            assert!(wrong.parse::<Years>().is_err(), "{wrong}");
        }
    }
}
