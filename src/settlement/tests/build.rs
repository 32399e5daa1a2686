//! Small policies, catalogs and cases for the tests.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::catalog::model::{Catalog, Group};
use crate::policy::model::{
    Anchor, Band, BandPay, Basis, BlendLevel, Budget, BudgetSource, CaseDate, CaseRule, CaseUnit,
    Centre, Cite, Class, Clearing, Compare, Cycle, CycleTime, Denominator, Deviation, Grouping,
    Identity, Life, Method, Outliers, PayMethod, Payment, PointBase, Policy, Pools, RatioOf,
    Reference, Scope, ShareBy, Sharing, SingleYear, Standard, Trim, TrimStage, Weights,
};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::{Error, Outcome, ScenarioInput, settle};
use crate::units::{Fen, Points, exact};

pub(super) const YEAR: u16 = 2024;

/// The eight published standards (2.1), in yuan.
pub(super) const STANDARDS: [(&str, &str); 8] = [
    ("OMA_N18", "3344"),
    ("MA_N18", "1333"),
    ("OM_N18", "2666"),
    ("OA_N18", "1422"),
    ("M_N18", "947"),
    ("A_N18", "291"),
    ("O_N18", "415"),
    ("QY_N18", "291"),
];

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn yuan(text: &str) -> Fen {
    text.parse().unwrap()
}

pub(super) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn cite(clause: &str) -> Cite {
    Cite { clause: Some(clause.to_owned()), reading: None }
}

/// A scope that tests nothing.
fn everything() -> Scope {
    Scope {
        cite: cite("scope"),
        insutype: Vec::new(),
        self_paying_insutype: Vec::new(),
        med_type: Vec::new(),
        dise_codg: Vec::new(),
        exclude_out_of_area: false,
        insu_admdvs: Vec::new(),
        proxy_upload_codes: Vec::new(),
        carve_out_hi_paymtd: Vec::new(),
        carve_out_diagnoses: Vec::new(),
        only_started_institutions: false,
        completed_from: None,
    }
}

/// A policy that pays by points: no lines, no cap, no sharing, one pool a year.
pub(super) fn points_policy() -> Policy {
    Policy {
        identity: Identity {
            id: "points".to_owned(),
            title: String::new(),
            document: String::new(),
            valid_from: date("2020-01-01"),
            valid_to: None,
        },
        scope: everything(),
        case: CaseRule {
            cite: cite("case"),
            unit: CaseUnit::Settlement,
            dated_by: CaseDate::Settlement,
            cycle: Some(Cycle {
                cite: cite("cycle"),
                window_minutes: 1440,
                anchor: Anchor::First,
                by_time: CycleTime::Begin,
                except_groups: Vec::new(),
            }),
            late: None,
            unusable_to_fallback: true,
            cost_classes: None,
        },
        grouping: Grouping {
            cite: cite("grouping"),
            method: Method::Given { scheme: "test".to_owned(), not_groups: Vec::new() },
            aliases: Vec::new(),
            names: Vec::new(),
        },
        carve_out: None,
        capitation: None,
        units: Vec::new(),
        weights: weights(),
        standards: Vec::new(),
        deviation: None,
        payment: Payment { cite: cite("payment"), method: PayMethod::Points, ratio: RatioOf::Fee },
        budget: Budget {
            cite: cite("budget"),
            source: BudgetSource::Table { item: "budget".to_owned() },
            basis: Basis::Fund,
            period: Clearing::Year,
            pools: Pools::One,
        },
        sharing: Sharing {
            cite: cite("sharing"),
            surplus: Decimal::ONE,
            overspend: Decimal::ONE,
            by: ShareBy::Points,
        },
        surplus_cap: None,
        compensation: None,
        value: None,
        monthly: None,
        working_capital: None,
        clearing_days: None,
        clearing_dates: Vec::new(),
        start_value: None,
        life: Life::default(),
        coefficient: None,
        auxiliary: None,
        score: None,
        outlier: None,
        same_price: None,
        expected_standard: None,
        special: None,
        behaviour: None,
    }
}

/// The lines of 2.2: low ≤ 0.4×, high > 2× unless merged, both by item.
pub(super) fn published_lines() -> Deviation {
    let band = |class, up_to: Option<&str>, pay, except_merged, clause: &str| Band {
        cite: cite(clause),
        class,
        up_to: up_to.map(dec),
        inclusive: true,
        pay,
        except_merged,
    };
    Deviation {
        cite: cite("lines"),
        compare: Compare::Fee,
        reference: Reference::Standard,
        bands: vec![
            band(Class::Low, Some("0.4"), BandPay::Item, false, "low"),
            band(Class::Normal, Some("2"), BandPay::Group, false, "normal"),
            band(Class::High, None, BandPay::Item, true, "high"),
        ],
    }
}

/// A policy that pays the eight published standards with the lines of 2.2, without a cap.
pub(super) fn standard_policy() -> Policy {
    let mut policy = points_policy();
    policy.weights.scale = None;
    policy.payment.method = PayMethod::Standard;
    policy.standards = STANDARDS
        .iter()
        .map(|(code, price)| Standard {
            cite: cite("annex"),
            group_code: (*code).to_owned(),
            price: yuan(price),
            from: date("2022-12-01"),
        })
        .collect();
    policy.deviation = Some(published_lines());
    policy
}

/// A catalog of `(code, mean, points)`.
pub(super) fn catalog(base_mean: &str, scale: &str, groups: &[(&str, &str, &str)]) -> Catalog {
    let group = |(code, mean, points): &(&str, &str, &str)| Group {
        group_code: (*code).to_owned(),
        group_name: String::new(),
        kind: "group".to_owned(),
        year_cases: vec![1],
        year_means: vec![Some(dec(mean))],
        cases: 1,
        mean: dec(mean),
        cv: None,
        parent: String::new(),
        mark: String::new(),
        computed: Points::from_ratio(&exact(dec(points)), Points::PLACES),
        points: Points::from_ratio(&exact(dec(points)), Points::PLACES),
        standard: None,
        flags: Vec::new(),
    };
    Catalog {
        system: "points".to_owned(),
        years: vec![2023],
        scale: Some(dec(scale)),
        base_mean: dec(base_mean),
        year_base_means: vec![Some(dec(base_mean))],
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

/// One case in words: institution, group (empty: none), insurance type, month, fee, fund, flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) institution: String,
    pub(super) group: String,
    pub(super) insutype: String,
    pub(super) month: u8,
    pub(super) fee_fen: i64,
    pub(super) inscope_fen: i64,
    pub(super) fund_fen: i64,
    pub(super) flags: u8,
    pub(super) id: String,
}

/// A case of January, insurance type 310, in scope as a whole.
pub(super) fn case(institution: &str, group: &str, fee: &str, fund: &str) -> Case {
    Case {
        institution: institution.to_owned(),
        group: group.to_owned(),
        insutype: "310".to_owned(),
        month: 1,
        fee_fen: yuan(fee).0,
        inscope_fen: yuan(fee).0,
        fund_fen: yuan(fund).0,
        flags: 0,
        id: String::new(),
    }
}

/// Columns of cases; ids by position where none is given.
pub(super) fn columns(rows: &[Case]) -> Cases {
    let list = |of: &dyn Fn(&Case) -> &str| {
        let mut codes: Vec<String> =
            rows.iter().map(|row| of(row).to_owned()).filter(|code| !code.is_empty()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    };
    let mut cases = Cases {
        institutions: list(&|row| &row.institution),
        groups: list(&|row| &row.group),
        insutypes: list(&|row| &row.insutype),
        ..Cases::default()
    };
    let at = |codes: &[String], code: &str| codes.iter().position(|known| known == code);
    for (number, row) in rows.iter().enumerate() {
        let group = at(&cases.groups, &row.group);
        cases.group.push(group.map_or(UNGROUPED, |at| u32::try_from(at).unwrap()));
        let institution = at(&cases.institutions, &row.institution).unwrap();
        cases.institution.push(u32::try_from(institution).unwrap());
        cases.insutype.push(u8::try_from(at(&cases.insutypes, &row.insutype).unwrap()).unwrap());
        cases.year.push(YEAR);
        cases.month.push(row.month);
        cases.fee_fen.push(row.fee_fen);
        cases.inscope_fen.push(row.inscope_fen);
        cases.fund_fen.push(row.fund_fen);
        cases.flags.push(row.flags);
        let id = if row.id.is_empty() { format!("{number:06}") } else { row.id.clone() };
        cases.case_id.push(&id);
    }
    cases
}

pub(super) fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// A scenario over one pool and year.
pub(super) fn input<'a>(
    policy: &'a Policy,
    catalog: Option<&'a Catalog>,
    budget: &str,
) -> ScenarioInput<'a> {
    ScenarioInput {
        name: "base".to_owned(),
        policy,
        catalog,
        year: YEAR,
        budgets: BTreeMap::from([(("all".to_owned(), "Y".to_owned()), yuan(budget))]),
        assessments: BTreeMap::new(),
        given: crate::settlement::Given::default(),
    }
}

pub(super) fn settle_one(rows: &[Case], input: ScenarioInput<'_>) -> Result<Outcome, Error> {
    settle(&columns(rows), &[input], threads(1)).map(|mut outcomes| outcomes.remove(0))
}

/// Settles columns made beforehand.
pub(super) fn settle_columns(cases: &Cases, input: ScenarioInput<'_>) -> Result<Outcome, Error> {
    settle(cases, &[input], threads(1)).map(|mut outcomes| outcomes.remove(0))
}

/// Paid by institution, in yuan.
pub(super) fn paid(outcome: &Outcome) -> Vec<String> {
    outcome.institutions.iter().map(|row| row.paid.to_string()).collect()
}

fn weights() -> Weights {
    Weights {
        cite: cite("weights"),
        years: vec![dec("0.2"), dec("0.8")],
        level: BlendLevel::Means,
        exclude: Vec::new(),
        single_year: SingleYear::Rescale,
        denominator: Denominator::All,
        trim: Trim::None,
        trim_from_cases: 0,
        trim_stage: TrimStage::Before,
        outliers: Outliers::Drop,
        centre: Centre::Arithmetic,
        base: PointBase::Mean,
        credibility: None,
        inversions: None,
        scale: Some(dec("1000")),
        minimum_cases: 0,
        places: 4,
        ungrouped_factor: dec("0.7"),
    }
}
