//! Small policies, catalogs and cases for the tests of this module and of those beside it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::catalog::model::{Catalog, Group};
use crate::policy::model::Policy;
use crate::settlement::cases::Cases;
use crate::settlement::{Given, ScenarioInput};
use crate::units::{Fen, Points, exact};

pub(crate) const YEAR: u16 = 2024;

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn yuan(text: &str) -> Fen {
    text.parse().unwrap()
}

/// A policy that pays points out of one pool, without lines, cap or sharing.
pub(crate) fn policy() -> Policy {
    crate::policy::load("jining-apg").unwrap().policy
}

/// A catalog of `(code, points)`, every mean 100.00 yuan.
pub(crate) fn catalog(groups: &[(&str, &str)]) -> Catalog {
    let group = |(code, points): &(&str, &str)| Group {
        group_code: (*code).to_owned(),
        group_name: String::new(),
        kind: "group".to_owned(),
        parent: String::new(),
        mark: String::new(),
        year_cases: vec![1],
        year_means: vec![Some(dec("100"))],
        cases: 1,
        mean: dec("100"),
        cv: None,
        computed: None,
        points: Points::from_ratio(&exact(dec(points)), Points::PLACES),
        standard: None,
        flags: Vec::new(),
    };
    Catalog {
        system: "jining-apg".to_owned(),
        years: vec![2023],
        scale: Some(dec("100")),
        base_mean: dec("100"),
        year_base_means: vec![Some(dec("100"))],
        places: 4,
        groups: groups.iter().map(group).collect(),
        institutions: Vec::new(),
        flow: Vec::new(),
        trimmed: Vec::new(),
        identity: Vec::new(),
        sources: BTreeMap::new(),
        tables: Vec::new(),
    }
}

/// Institution, group, fee, fund, and how often.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str, usize);

/// Cases of `(institution, group, fee, fund, times)` of one insurance type, in January.
pub(crate) fn cases(rows: &[Row<'_>]) -> Cases {
    let list = |of: &dyn Fn(&Row<'_>) -> String| {
        let mut codes: Vec<String> = rows.iter().map(of).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    };
    let mut cases = Cases {
        institutions: list(&|row| row.0.to_owned()),
        groups: list(&|row| row.1.to_owned()),
        insutypes: vec!["310".to_owned()],
        ..Cases::default()
    };
    for row in rows.iter().flat_map(|row| std::iter::repeat_n(row, row.4)) {
        let at = |codes: &[String], code: &str| {
            u32::try_from(codes.iter().position(|known| known == code).unwrap()).unwrap()
        };
        cases.institution.push(at(&cases.institutions, row.0));
        cases.group.push(at(&cases.groups, row.1));
        cases.insutype.push(0);
        cases.year.push(YEAR);
        cases.month.push(1);
        cases.fee_fen.push(yuan(row.2).0);
        cases.inscope_fen.push(yuan(row.2).0);
        cases.fund_fen.push(yuan(row.3).0);
        cases.flags.push(0);
        cases.case_id.push(&format!("{:06}", cases.case_id.len()));
    }
    cases
}

/// Everything one side is settled from.
pub(crate) struct Scene {
    pub(crate) policy: Policy,
    pub(crate) catalog: Catalog,
    pub(crate) cases: Cases,
    pub(crate) budget: &'static str,
}

impl Scene {
    /// X has two cases of A (100 points), Y one of B (200 points); 800.00 yuan: 2.00 a point.
    pub(crate) fn old() -> Self {
        Self {
            policy: policy(),
            catalog: catalog(&[("A", "100"), ("B", "200")]),
            cases: cases(&[("X", "A", "100", "80", 2), ("Y", "B", "200", "150", 1)]),
            budget: "800",
        }
    }

    pub(crate) fn input(&self, name: &str) -> ScenarioInput<'_> {
        let key = ("all".to_owned(), "Y".to_owned());
        ScenarioInput {
            name: name.to_owned(),
            policy: &self.policy,
            catalog: Some(&self.catalog),
            year: YEAR,
            budgets: BTreeMap::from([(key, yuan(self.budget))]),
            assessments: BTreeMap::new(),
            given: Given::default(),
        }
    }
}
