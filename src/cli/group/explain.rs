//! `dianshu group explain`: the rows of the definition tables that decided one case.

use super::{Error, Outcome, Which, grouped, policy_of, print};
use crate::explain::nearest;
use crate::grouper::drg::{Grouper, Step, TableName};
use crate::grouper::record::Record;
use crate::policy::model::Method;
use crate::policy::model::drg::Drg;
use crate::settlement::cases::UNGROUPED;
use crate::table::{Column, Table};

/// Arguments of `dianshu group explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Settlement of the case: of a stay with several, the last
    setl_id: String,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let policy = policy_of(&args.which.policy)?;
    let history = grouped(&args.which.common, &policy, &args.which.years)?;
    let (built, id) = (&history.built, &args.setl_id);
    let Some(row) = built.cases.case_id.texts().position(|known| known == id) else {
        let known = built.cases.case_id.texts();
        let nearest = nearest(id, known).map(str::to_owned);
        return Err(Error::UnknownCase { setl_id: id.clone(), nearest });
    };
    let (reason, group) = (built.reasons[row], built.cases.group[row]);
    let group = (group != UNGROUPED).then(|| built.cases.groups[group as usize].clone());
    let info = group.as_ref().and_then(|code| history.info.get(code));
    let decision = Table::new("decision")
        .with("setl_id", Column::text([id.as_str()]))
        .with("group_code", Column::texts([group.clone()]))
        .with("group_name", Column::texts([info.map(|info| info.name.clone())]))
        .with("status", Column::text([reason.status().as_str()]))
        .with("reason", Column::text([reason.as_str()]))
        .with("text_en", Column::text([reason.text().0]))
        .with("text_zh", Column::text([reason.text().1]));
    let mut tables = vec![decision];
    if let Some(record) = built.records.get(row) {
        tables.push(record_table(record));
        if let Method::Drg(drg) = &policy.policy.grouping.method {
            let grouper = Grouper::new(drg);
            let decision = grouper.decide(record);
            tables.push(trail_table(drg, &grouper.trail(record, &decision)));
        }
    }
    print(&tables, args.which.common.json)?;
    Ok(Outcome::Done)
}

fn record_table(record: &Record) -> Table {
    let age = record.age_days.map_or(String::new(), |days| days.to_string());
    let rows = [
        ("main_diagnosis", record.main_diagnosis.clone()),
        ("other_diagnoses", record.other_diagnoses.join(" ")),
        ("main_operation", record.main_operation.clone()),
        ("other_operations", record.other_operations.join(" ")),
        ("gend", record.gend.clone()),
        ("age_days", age),
    ];
    Table::new("record")
        .with("field", Column::text(rows.iter().map(|(field, _)| *field)))
        .with("value", Column::text(rows.iter().map(|(_, value)| value.clone())))
}

/// `trail`: one row a step, with the file and line that decided it.
fn trail_table(drg: &Drg, steps: &[Step]) -> Table {
    let file = |step: &Step| match step.table {
        TableName::Mdc => &drg.files.mdc,
        TableName::Adrg => &drg.files.adrg,
        TableName::Cc => &drg.files.cc,
        TableName::Groups => &drg.files.groups,
    };
    Table::new("trail")
        .with("step", Column::counts(1..=steps.len()))
        .with("file", Column::text(steps.iter().map(|step| file(step).clone())))
        .with("line", Column::counts(steps.iter().map(|step| step.line)))
        .with("gives", Column::text(steps.iter().map(|step| step.gives.clone())))
        .with("because", Column::text(steps.iter().map(|step| step.because.clone())))
        .with("text_en", Column::text(steps.iter().map(|step| texts(step).0)))
        .with("text_zh", Column::text(steps.iter().map(|step| texts(step).1)))
}

/// What a step says, English and Chinese.
fn texts(step: &Step) -> (String, String) {
    let Step { gives, because, .. } = step;
    match step.table {
        TableName::Mdc if because.is_empty() => {
            (format!("age or gender gives {gives}"), format!("按年龄或性别归入 {gives}"))
        }
        TableName::Mdc => (format!("{because} gives {gives}"), format!("{because} 归入 {gives}")),
        TableName::Adrg => (
            format!("within the MDC, {because} gives {gives}"),
            format!("大类内按 {because} 归入 {gives}"),
        ),
        TableName::Cc if step.excluded => (
            format!("{because} is {gives}, but the main diagnosis excludes it"),
            format!("{because} 属 {gives}，但被主要诊断排除"),
        ),
        TableName::Cc => {
            (format!("{because} counts as {gives}"), format!("{because} 计为 {gives}"))
        }
        TableName::Groups => {
            (format!("level {because} gives {gives}"), format!("严重程度 {because} 归入 {gives}"))
        }
    }
}
