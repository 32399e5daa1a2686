//! The statistics against numbers worked by hand, and against slower ways of computing them.

mod auxiliaries;
mod bases;
mod cards;
mod centres;
mod coefficients;
mod costs;
mod directories;
mod errors;
mod grids;
mod impacts;
mod intervals;
mod levels;
mod pools;
mod prices;
mod properties;
mod reference;
mod reviews;
mod start_values;
mod tables;
mod trims;
mod volume;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Built, Passed, build};
use crate::catalog::model::{Catalog, Group};
use crate::period::Years;
use crate::policy::model::{
    Basis, BlendLevel, Budget, BudgetSource, CaseDate, CaseRule, CaseUnit, Centre, Cite, Clearing,
    Denominator, Grouping, Identity, Life, Method, Outliers, PayMethod, Payment, PointBase, Policy,
    Pools, RatioOf, Scope, ShareBy, Sharing, SingleYear, Trim, TrimStage, Weights,
};
use crate::settlement::cases::{Cases, UNGROUPED};

fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

fn weights(years: &[&str]) -> Weights {
    Weights {
        cite: Cite::default(),
        years: years.iter().map(|weight| dec(weight)).collect(),
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

/// A scope that tests nothing.
fn everything() -> Scope {
    Scope {
        cite: Cite::default(),
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

/// A policy that is all about its weights.
fn policy(weights: Weights) -> Policy {
    let cite = Cite::default;
    Policy {
        identity: Identity {
            id: "test".to_owned(),
            title: String::new(),
            document: String::new(),
            valid_from: NaiveDate::from_ymd_opt(2024, 1, 1).unwrap(),
            valid_to: None,
        },
        scope: everything(),
        case: CaseRule {
            cite: cite(),
            unit: CaseUnit::Settlement,
            dated_by: CaseDate::Settlement,
            cycle: None,
            late: None,
            unusable_to_fallback: false,
            cost_classes: None,
        },
        grouping: Grouping {
            cite: cite(),
            method: Method::Given { scheme: "drg".to_owned(), not_groups: Vec::new() },
            aliases: Vec::new(),
            names: vec![("A".to_owned(), "甲组".to_owned())],
        },
        carve_out: None,
        capitation: None,
        units: Vec::new(),
        weights,
        standards: Vec::new(),
        deviation: None,
        payment: Payment { cite: cite(), method: PayMethod::Points, ratio: RatioOf::Fee },
        budget: Budget {
            cite: cite(),
            source: BudgetSource::Table { item: "budget".to_owned() },
            basis: Basis::Fund,
            period: Clearing::Year,
            pools: Pools::One,
        },
        sharing: Sharing {
            cite: cite(),
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

/// Cases from `(group, institution, year, fee in fen)`; an empty group is ungrouped.
fn cases(rows: &[(&str, &str, u16, i64)]) -> Cases {
    let codes = |mut codes: Vec<String>| {
        codes.sort_unstable();
        codes.dedup();
        codes
    };
    let groups: Vec<String> = rows.iter().map(|row| row.0.to_owned()).collect();
    let groups = codes(groups.into_iter().filter(|code| !code.is_empty()).collect());
    let institutions = codes(rows.iter().map(|row| row.1.to_owned()).collect());
    let at = |codes: &[String], code: &str| {
        codes.iter().position(|known| known == code).map_or(UNGROUPED, |at| at.try_into().unwrap())
    };
    Cases {
        institution: rows.iter().map(|row| at(&institutions, row.1)).collect(),
        group: rows.iter().map(|row| at(&groups, row.0)).collect(),
        insutype: vec![0; rows.len()],
        year: rows.iter().map(|row| row.2).collect(),
        month: vec![1; rows.len()],
        fee_fen: rows.iter().map(|row| row.3).collect(),
        inscope_fen: vec![0; rows.len()],
        fund_fen: vec![0; rows.len()],
        flags: vec![0; rows.len()],
        insutypes: vec!["310".to_owned()],
        groups,
        institutions,
        ..Cases::default()
    }
}

/// `count` cases of one group and year that cost `yuan` together: even, the rest on the last.
fn rows(
    group: &'static str,
    year: u16,
    count: i64,
    yuan: i64,
) -> Vec<(&'static str, &'static str, u16, i64)> {
    let fen = yuan * 100;
    let each = fen.div_euclid(count);
    let mut rows = vec![(group, "H1", year, each); usize::try_from(count).unwrap()];
    rows.last_mut().unwrap().3 += fen - each * count;
    rows
}

fn years(list: &[u16]) -> Years {
    Years::new(list.to_vec()).unwrap()
}

fn built(cases: &Cases, policy: &Policy, list: &[u16]) -> Built {
    build(cases, policy, &years(list), Passed::default()).unwrap()
}

fn catalog(cases: &Cases, policy: &Policy, list: &[u16]) -> Catalog {
    built(cases, policy, list).catalog
}

fn group<'a>(catalog: &'a Catalog, code: &str) -> &'a Group {
    catalog.groups.iter().find(|group| group.group_code == code).unwrap()
}

fn points(catalog: &Catalog, code: &str) -> String {
    group(catalog, code).points.unwrap().to_decimal().to_string()
}

fn line(catalog: &Catalog, name: &str) -> Decimal {
    catalog.identity.iter().find(|line| line.line == name).unwrap().amount
}
