//! Whether the statistics years are complete (J07).

use crate::settlement::cases::Cases;

/// A sentence for every year that has cases, but none in some month. A year without any case is an error
/// of the statistics (A03).
#[must_use]
pub fn incomplete_years(cases: &Cases, years: &[u16]) -> Vec<String> {
    let mut seen = vec![[false; 12]; years.len()];
    for (year, month) in cases.year.iter().zip(&cases.month) {
        let at = years.iter().position(|known| known == year);
        let month = usize::from(*month).checked_sub(1);
        if let (Some(at), Some(month)) = (at, month.filter(|month| *month < 12)) {
            seen[at][month] = true;
        }
    }
    let months = |seen: &[bool; 12]| -> Vec<String> {
        let empty = seen.iter().zip(1..).filter(|(seen, _)| !**seen);
        empty.map(|(_, month): (_, u8)| month.to_string()).collect()
    };
    let year = |(year, seen): (&u16, &[bool; 12])| {
        let empty = months(seen);
        (!empty.is_empty() && empty.len() < 12).then(|| {
            format!("{year} is incomplete: no case is settled in month {} (J07)", empty.join(", "))
        })
    };
    years.iter().zip(&seen).filter_map(year).collect()
}

#[cfg(test)]
mod tests {
    use super::incomplete_years;
    use crate::settlement::cases::Cases;

    fn cases(months: &[(u16, u8)]) -> Cases {
        let (year, month) = months.iter().copied().unzip();
        Cases { year, month, ..Cases::default() }
    }

    // Twelve months are a whole year, eleven are not; a year without any case is another matter.
    // shows: J07
    #[test]
    fn a_month_without_cases_makes_a_year_incomplete() {
        let mut months: Vec<(u16, u8)> = (1..=12).map(|month| (2022, month)).collect();
        assert!(incomplete_years(&cases(&months), &[2022]).is_empty());
        assert!(incomplete_years(&cases(&months), &[2022, 2023]).is_empty());
        months.retain(|(_, month)| *month != 3);
        months.extend([(2023, 1), (2023, 12), (2021, 3)]);
        assert_eq!(
            incomplete_years(&cases(&months), &[2022, 2023]),
            [
                "2022 is incomplete: no case is settled in month 3 (J07)",
                "2023 is incomplete: no case is settled in month 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 (J07)",
            ]
        );
    }
}
