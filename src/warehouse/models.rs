//! The SQL models: one file one relation, listed once, each with a header that says what it is.

use std::collections::BTreeMap;

/// All models, by name. `src/tidy.rs` compares this list with the folder `sql/`.
pub const MODELS: &[(&str, &str)] = &[
    ("chk_code", include_str!("../../sql/checks/chk_code.sql")),
    ("chk_code_case", include_str!("../../sql/checks/chk_code_case.sql")),
    ("chk_code_row", include_str!("../../sql/checks/chk_code_row.sql")),
    ("chk_code_status", include_str!("../../sql/checks/chk_code_status.sql")),
    ("chk_date_order", include_str!("../../sql/checks/chk_date_order.sql")),
    ("chk_fate", include_str!("../../sql/checks/chk_fate.sql")),
    ("chk_fee_key", include_str!("../../sql/checks/chk_fee_key.sql")),
    ("chk_identity_fund", include_str!("../../sql/checks/chk_identity_fund.sql")),
    ("chk_identity_patient", include_str!("../../sql/checks/chk_identity_patient.sql")),
    ("chk_identity_total", include_str!("../../sql/checks/chk_identity_total.sql")),
    ("chk_unknown_charge_type", include_str!("../../sql/checks/chk_unknown_charge_type.sql")),
    ("chk_unknown_code", include_str!("../../sql/checks/chk_unknown_code.sql")),
    ("diagnosis", include_str!("../../sql/staging/diagnosis.sql")),
    ("int_cases__diagnosed", include_str!("../../sql/cases/int_cases__diagnosed.sql")),
    ("int_cases__diagnoses", include_str!("../../sql/cases/int_cases__diagnoses.sql")),
    ("int_cases__given_group", include_str!("../../sql/cases/int_cases__given_group.sql")),
    ("int_cases__netted", include_str!("../../sql/cases/int_cases__netted.sql")),
    ("int_cases__operations", include_str!("../../sql/cases/int_cases__operations.sql")),
    ("int_cases__outlay", include_str!("../../sql/cases/int_cases__outlay.sql")),
    ("int_cases__own_payment", include_str!("../../sql/cases/int_cases__own_payment.sql")),
    ("int_cases__payment", include_str!("../../sql/cases/int_cases__payment.sql")),
    ("int_cases__record", include_str!("../../sql/cases/int_cases__record.sql")),
    ("int_cases__refund", include_str!("../../sql/cases/int_cases__refund.sql")),
    (
        "int_cases__repeated_settlement",
        include_str!("../../sql/cases/int_cases__repeated_settlement.sql"),
    ),
    ("int_cases__reversal", include_str!("../../sql/cases/int_cases__reversal.sql")),
    (
        "int_cases__reversal_fee_item",
        include_str!("../../sql/cases/int_cases__reversal_fee_item.sql"),
    ),
    ("int_cases__reversal_match", include_str!("../../sql/cases/int_cases__reversal_match.sql")),
    ("int_cases__settlement_id", include_str!("../../sql/cases/int_cases__settlement_id.sql")),
    ("int_cases__upload_time", include_str!("../../sql/cases/int_cases__upload_time.sql")),
    ("ind_behaviour", include_str!("../../sql/indicators/ind_behaviour.sql")),
    ("procedure", include_str!("../../sql/staging/procedure.sql")),
    ("stg_advance", include_str!("../../sql/staging/stg_advance.sql")),
    ("stg_assessment", include_str!("../../sql/staging/stg_assessment.sql")),
    ("stg_budget", include_str!("../../sql/staging/stg_budget.sql")),
    ("stg_cleared", include_str!("../../sql/staging/stg_cleared.sql")),
    ("stg_cleared_case", include_str!("../../sql/staging/stg_cleared_case.sql")),
    ("stg_budget_item", include_str!("../../sql/staging/stg_budget_item.sql")),
    ("stg_contractor", include_str!("../../sql/staging/stg_contractor.sql")),
    ("stg_code_map", include_str!("../../sql/staging/stg_code_map.sql")),
    ("stg_enrollee", include_str!("../../sql/staging/stg_enrollee.sql")),
    ("stg_fee_item", include_str!("../../sql/staging/stg_fee_item.sql")),
    ("stg_fee_item_flagged", include_str!("../../sql/staging/stg_fee_item_flagged.sql")),
    ("stg_group_result", include_str!("../../sql/staging/stg_group_result.sql")),
    ("stg_op_attribute", include_str!("../../sql/staging/stg_op_attribute.sql")),
    ("stg_institution", include_str!("../../sql/staging/stg_institution.sql")),
    ("stg_institution_fact", include_str!("../../sql/staging/stg_institution_fact.sql")),
    ("stg_settlement", include_str!("../../sql/staging/stg_settlement.sql")),
    ("stg_settlement_amount", include_str!("../../sql/staging/stg_settlement_amount.sql")),
    ("stg_settlement_key", include_str!("../../sql/staging/stg_settlement_key.sql")),
    ("stg_special", include_str!("../../sql/staging/stg_special.sql")),
];

/// What the header of a model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// File name without its ending; the relation it defines.
    pub name: &'static str,
    /// The whole file.
    pub text: &'static str,
    /// Relations it may name.
    pub inputs: Vec<&'static str>,
    /// Parameters it needs, without the `$`.
    pub params: Vec<&'static str>,
}

/// The model of this name.
#[must_use]
pub fn model(name: &str) -> Option<Model> {
    MODELS.iter().find(|(known, _)| *known == name).map(|(name, text)| Model {
        name,
        text,
        inputs: list(text, "inputs"),
        params: list(text, "params").into_iter().map(|p| p.trim_start_matches('$')).collect(),
    })
}

/// The header of a model file: key → value, as written.
#[must_use]
pub fn header(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .map_while(|line| line.strip_prefix("--"))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim(), value.trim()))
        .filter(|(key, _)| ["model", "grain", "inputs", "params", "checks", "ref"].contains(key))
        .collect()
}

fn list(text: &'static str, key: &str) -> Vec<&'static str> {
    let value = header(text).get(key).copied().unwrap_or("none");
    if value == "none" { Vec::new() } else { value.split(',').map(str::trim).collect() }
}
