//! Whether the statistics years are whole (J07).

use crate::period::Years;
use crate::settlement::cases::Cases;

/// A year with months in which no case was settled: its mean is not that of a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// The year.
    pub year: u16,
    /// Its months without cases, 1 to 12.
    pub months: Vec<u8>,
}

impl std::fmt::Display for Incomplete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let months: Vec<String> = self.months.iter().map(u8::to_string).collect();
        let (year, months) = (self.year, months.join(", "));
        write!(f, "{year} is no complete year: no case was settled in month {months} (J07)")
    }
}

/// Years of the statistics that lack a month; a year without any case is an error of its own.
#[must_use]
pub fn incomplete(cases: &Cases, years: &Years) -> Vec<Incomplete> {
    let missing = |year: u16| {
        let mut seen = [false; 13];
        for (month, _) in cases.month.iter().zip(&cases.year).filter(|(_, of)| **of == year) {
            if let Some(seen) = seen.get_mut(usize::from(*month)) {
                *seen = true;
            }
        }
        (1..=12).filter(|month| !seen[usize::from(*month)]).collect::<Vec<u8>>()
    };
    let years =
        years.as_slice().iter().map(|year| Incomplete { year: *year, months: missing(*year) });
    years.filter(|year| (1..12).contains(&year.months.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Incomplete, incomplete};
    use crate::settlement::cases::Cases;

    // shows: J07
    #[test]
    fn a_month_without_cases_is_named() {
        // 2022 is whole, 2023 lacks March and December, 2024 is not asked for, 2021 has no case.
        let months =
            |year: u16, list: &[u8]| list.iter().map(|month| (year, *month)).collect::<Vec<_>>();
        let all: Vec<u8> = (1..=12).collect();
        let rows = [
            months(2022, &all),
            months(2022, &all),
            months(2023, &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11]),
            months(2024, &[1]),
        ]
        .concat();
        let cases = Cases {
            year: rows.iter().map(|row| row.0).collect(),
            month: rows.iter().map(|row| row.1).collect(),
            ..Cases::default()
        };
        let found = incomplete(&cases, &"2021..2023".parse().unwrap());
        assert_eq!(found, [Incomplete { year: 2023, months: vec![3, 12] }]);
        assert_eq!(
            found[0].to_string(),
            "2023 is no complete year: no case was settled in month 3, 12 (J07)"
        );
    }
}
