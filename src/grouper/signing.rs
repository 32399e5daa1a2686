//! With whom a person is signed in each month, and how many of the months insured count where (A28, R08).
//!
//! A month belongs to the contract in force on its first day; of several, to the one that began last.
//! A month counts if the person is insured on its first day. Where only the number of months insured is
//! known, months under a contract are counted first.

use std::collections::BTreeMap;

use crate::settlement::heads::HeadClass;

/// One row of table `enrollee`, of the year asked for. Days are counted from 1970-01-01.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enrolment {
    /// `signed_fixmedins_code`; empty: with nobody.
    pub signed: String,
    /// `sign_begin` and `sign_end`, themselves included; `None`: open.
    pub sign: [Option<i32>; 2],
    /// `months_insured`.
    pub months_insured: Option<u8>,
    /// `insu_begin` and `insu_end`, themselves included; `None`: open.
    pub insured: [Option<i32>; 2],
    /// What head factors look at.
    pub class: HeadClass,
}

/// One person in one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonYear {
    /// The institution signed with on the first day of each month, January first; empty: none.
    pub contracts: [String; 12],
    /// Months insured by contract; "" is none. A contract without a counted month stands with 0.
    pub months: BTreeMap<String, u8>,
    /// What head factors look at.
    pub class: HeadClass,
}

fn covers([begin, end]: [Option<i32>; 2], day: i32) -> bool {
    begin.is_none_or(|begin| begin <= day) && end.is_none_or(|end| day <= end)
}

/// The year of one person, from all rows of it; `first_days` are the first days of its months.
#[must_use]
pub fn person_year(rows: &[Enrolment], first_days: &[i32; 12]) -> PersonYear {
    let contract = |day: &i32| {
        let signed = rows.iter().filter(|row| !row.signed.is_empty() && covers(row.sign, *day));
        // The latest begin, then the smaller code.
        let last =
            signed.max_by(|a, b| a.sign[0].cmp(&b.sign[0]).then_with(|| b.signed.cmp(&a.signed)));
        last.map_or_else(String::new, |row| row.signed.clone())
    };
    let contracts: [String; 12] = std::array::from_fn(|month| contract(&first_days[month]));
    let counted = counted(rows, &contracts, first_days);
    let mut months: BTreeMap<String, u8> = BTreeMap::new();
    for (contract, counts) in contracts.iter().zip(counted) {
        if counts || !contract.is_empty() {
            *months.entry(contract.clone()).or_default() += u8::from(counts);
        }
    }
    let classes = || rows.iter().map(|row| &row.class);
    PersonYear {
        contracts,
        months,
        class: HeadClass {
            clct_grde: classes().map(|class| &class.clct_grde).max().cloned().unwrap_or_default(),
            gend: classes().map(|class| &class.gend).max().cloned().unwrap_or_default(),
            age: classes().filter_map(|class| class.age).max(),
            chronic: classes().any(|class| class.chronic),
        },
    }
}

/// Which months count as insured.
fn counted(rows: &[Enrolment], contracts: &[String; 12], first_days: &[i32; 12]) -> [bool; 12] {
    let dated = || rows.iter().filter(|row| row.insured != [None, None]);
    if dated().next().is_some() {
        return first_days.map(|day| dated().any(|row| covers(row.insured, day)));
    }
    // Without dates and without a number, the row itself says that the person is insured in its year.
    let mut left = rows.iter().filter_map(|row| row.months_insured).max().unwrap_or(12);
    let mut counted = [false; 12];
    for signed_first in [true, false] {
        for (counts, contract) in counted.iter_mut().zip(contracts) {
            if contract.is_empty() != signed_first && left > 0 {
                *counts = true;
                left -= 1;
            }
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::{Enrolment, person_year};

    /// First days of twelve months of 30 days, counted from 0.
    fn months() -> [i32; 12] {
        std::array::from_fn(|month| i32::try_from(month).unwrap() * 30)
    }

    fn row(signed: &str) -> Enrolment {
        Enrolment { signed: signed.to_owned(), ..Enrolment::default() }
    }

    fn check(rows: &[Enrolment], expect: &[(&str, u8)]) {
        let months = person_year(rows, &months()).months;
        let expect = expect.iter().map(|(code, months)| ((*code).to_owned(), *months)).collect();
        assert_eq!(months, expect);
    }

    // Only the number is known: 7 months insured, signed from the fifth month on (8 months).
    // shows: A28, R08
    #[test]
    fn months_under_a_contract_are_counted_first() {
        let signed = |months| Enrolment {
            sign: [Some(120), None],
            months_insured: Some(months),
            ..row("A")
        };
        check(&[signed(7)], &[("A", 7)]);
        check(&[signed(8)], &[("A", 8)]);
        check(&[signed(9)], &[("A", 8), ("", 1)]);
        check(&[signed(12)], &[("A", 8), ("", 4)]);
        // Not insured at all: the contract is there, without a month.
        check(&[signed(0)], &[("A", 0)]);
        check(&[Enrolment { months_insured: Some(5), ..row("") }], &[("", 5)]);
        check(&[row("A")], &[("A", 12)]);
    }

    // The first day decides: day 30 is that of the second month.
    // shows: A28, R08
    #[test]
    fn a_month_counts_by_its_first_day() {
        let insured = |begin, end| Enrolment { insured: [begin, end], ..row("A") };
        check(&[insured(Some(30), None)], &[("A", 11)]);
        check(&[insured(Some(31), None)], &[("A", 10)]);
        check(&[insured(None, Some(30))], &[("A", 2)]);
        check(&[insured(None, Some(29))], &[("A", 1)]);
        // Insured in months 1 to 6, signed in months 4 to 12: 3 each.
        let both = Enrolment { insured: [None, Some(150)], sign: [Some(90), None], ..row("A") };
        check(std::slice::from_ref(&both), &[("A", 3), ("", 3)]);
        // Signed months without insurance do not count, and are no unsigned months either.
        let contracts = person_year(&[both], &months()).contracts;
        assert_eq!(contracts[2], "");
        assert_eq!(contracts[3], "A");
        assert_eq!(contracts[11], "A");
    }

    // shows: R08
    #[test]
    fn of_two_contracts_the_later_one_holds() {
        let until = |end| Enrolment { sign: [None, end], ..row("A") };
        let since = Enrolment { sign: [Some(181), None], ..row("B") };
        check(&[until(None), since.clone()], &[("A", 7), ("B", 5)]);
        check(&[since.clone(), until(Some(59))], &[("A", 2), ("", 5), ("B", 5)]);
        // Of two that began together, the smaller code.
        check(&[row("B"), row("A")], &[("A", 12)]);
    }
}
