//! `dianshu group export`: what an external grouper reads, and our results as it would give them.

use std::path::PathBuf;

use super::{Error, Outcome, Which, grouped, only_these, policy_of};
use crate::grouper::drg::Grouper;
use crate::grouping::cases::Built;
use crate::policy::model::Method;
use crate::policy::model::drg::Level;
use crate::settlement::cases::UNGROUPED;

/// Arguments of `dianshu group export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Scheme the results stand under
    #[arg(long, default_value = "own")]
    scheme: String,
    /// Folder for `record.csv` and `group_result.csv`
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// What an external grouper is told of a case; no person, no money.
const RECORD: [&str; 10] = [
    "setl_id",
    "gend",
    "age_days",
    "stay_days",
    "icu_days",
    "dscg_way",
    "main_diagnosis",
    "other_diagnoses",
    "main_operation",
    "other_operations",
];

/// Columns of 3605, with the scheme and code that table `group_result` is loaded by.
const RESULT: [&str; 9] = [
    "setl_id",
    "scheme",
    "group_code",
    "mdc_codg",
    "adrg_code",
    "ccmcc",
    "grp_rslt",
    "grp_ver",
    "setl_ym",
];

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let policy = policy_of(&args.which.policy)?;
    let history = grouped(&args.which.common, &policy, &args.which.years)?;
    let built = &history.built;
    let mut order: Vec<usize> = (0..built.cases.len()).collect();
    order.sort_by(|a, b| built.cases.case_id[*a].cmp(&built.cases.case_id[*b]));
    let records = order.iter().map(|row| record(built, *row));
    let drg = match &policy.policy.grouping.method {
        Method::Drg(tables) => Some(Grouper::new(tables)),
        _ => None,
    };
    let results = order.iter().map(|row| result(built, *row, &args.scheme, drg.as_ref()));
    only_these(&args.out, &["record", "group_result"])?;
    let path = |name: &str| args.out.join(name);
    save(&path("record.csv"), &RECORD, records)?;
    save(&path("group_result.csv"), &RESULT, results)?;
    args.which.common.say(&format!("{} cases in {}", order.len(), args.out.display()));
    Ok(Outcome::Done)
}

fn record(built: &Built, row: usize) -> Vec<String> {
    let record = &built.records[row];
    vec![
        built.cases.case_id[row].to_owned(),
        record.gend.clone(),
        record.age_days.map_or(String::new(), |days| days.to_string()),
        record.stay_days.to_string(),
        record.icu_days.to_string(),
        record.dscg_way.clone(),
        record.main_diagnosis.clone(),
        record.other_diagnoses.join(";"),
        record.main_operation.clone(),
        record.other_operations.join(";"),
    ]
}

fn result(built: &Built, row: usize, scheme: &str, drg: Option<&Grouper>) -> Vec<String> {
    let cases = &built.cases;
    let group = cases.group[row];
    let group =
        if group == UNGROUPED { String::new() } else { cases.groups[group as usize].clone() };
    let mut told = [String::new(), String::new(), String::new(), String::new()];
    if let Some(grouper) = drg {
        let decision = grouper.decide(&built.records[row]);
        let tables = grouper.tables();
        told = [
            decision.mdc.map_or(String::new(), |at| tables.mdcs[at].mdc.clone()),
            decision.adrg.map_or(String::new(), |at| tables.adrgs[at].adrg.clone()),
            decision.level.map_or("", Level::as_str).to_owned(),
            tables.version.clone(),
        ];
    }
    let [mdc, adrg, level, version] = told;
    let month = format!("{:04}{:02}", cases.year[row], cases.month[row]);
    let status = built.reasons[row].status().as_str().to_owned();
    let (id, scheme) = (cases.case_id[row].to_owned(), scheme.to_owned());
    vec![id, scheme, group, mdc, adrg, level, status, version, month]
}

fn save(
    path: &std::path::Path,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), Error> {
    let failed = |source| Error::GroupFile { path: path.to_owned(), source };
    let mut writer = csv::Writer::from_path(path).map_err(failed)?;
    writer.write_record(columns).map_err(failed)?;
    for row in rows {
        writer.write_record(&row).map_err(failed)?;
    }
    writer.flush().map_err(|source| failed(source.into()))
}
