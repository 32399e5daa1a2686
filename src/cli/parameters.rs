//! `dianshu catalog export | import`: points and values as a workbook, and back.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::opened::built_under;
use super::{Error, Outcome, output, workbook};
use crate::catalog::parameters::{self, Rows};
use crate::catalog::{self, Signature};
use crate::policy::{self, Scenario};

/// Width of a column, in letters.
const WIDTH: f64 = 18.0;

/// Arguments of `dianshu catalog export`.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// Folder of the catalog
    catalog: PathBuf,
    /// The new workbook
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Arguments of `dianshu catalog import`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// Folder of the catalog the workbook was exported from
    catalog: PathBuf,
    /// The edited workbook
    workbook: PathBuf,
    /// Who stands for the new points
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Day of the step, for example 2023-12-31
    #[arg(long, value_name = "DATE")]
    on: NaiveDate,
    /// New scenario file for the changed values of the policy
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

/// Writes a file that is not there yet: all of it or nothing.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    file.write_all(bytes).inspect_err(|_| {
        // Half a file would be taken for a whole one.
        let _ = fs::remove_file(path);
    })
}

pub(super) fn export(args: &ExportArgs) -> Result<Outcome, Error> {
    let stored = catalog::open(&args.catalog)?;
    let overrides = catalog::overrides(&args.catalog)?;
    let (policy, _) = built_under(&args.catalog, &stored)?;
    let sheets = parameters::export(&stored, &overrides, &policy::parameters(&policy));
    let path = || args.out.clone();
    let bytes = write(&sheets).map_err(|source| Error::WorkbookWrite { path: path(), source })?;
    // A workbook that experts have filled in is never written over.
    write_new(&args.out, &bytes).map_err(|source| Error::File { path: path(), source })?;
    Ok(Outcome::Done)
}

/// Every cell as text; no clock.
fn write(sheets: &[(&str, Rows<String>)]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let created = ExcelDateTime::from_timestamp(0)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let text = Format::new().set_num_format("@");
    let head = Format::new().set_bold().set_num_format("@");
    for (name, rows) in sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(*name)?.set_freeze_panes(1, 0)?;
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        for column in 0..u16::try_from(width).unwrap_or(u16::MAX) {
            // Empty cells are text too, so that what is typed stays as it is typed.
            sheet.set_column_format(column, &text)?.set_column_width(column, WIDTH)?;
        }
        for (row, cells) in (0u32..).zip(rows) {
            for (column, cell) in (0u16..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                let format = if row == 0 { &head } else { &text };
                sheet.write_string_with_format(row, column, cell, format)?;
            }
        }
    }
    workbook.save_to_buffer()
}

pub(super) fn import(args: &ImportArgs) -> Result<Outcome, Error> {
    let stored = catalog::open(&args.catalog)?;
    let overrides = catalog::overrides(&args.catalog)?;
    let (policy, _) = built_under(&args.catalog, &stored)?;
    let sheets = workbook::read(&args.workbook)?.into_iter().collect();
    let known = policy::parameters(&policy);
    let changes = match parameters::import(&stored, &overrides, &known, &sheets) {
        Ok(changes) => changes,
        Err(problems) => {
            output::print(&parameters::problem_table(&problems), args.json)?;
            let (path, cells) = (args.workbook.clone(), problems.len());
            return Err(Error::BadCells { path, cells });
        }
    };
    let id = &policy.policy.identity.id;
    let scenario = changes.scenario(id, "由工作簿导入的参数");
    match (&scenario, &args.scenario) {
        (Some(_), None) => return Err(Error::NoScenarioFile { path: args.workbook.clone() }),
        (Some(text), Some(path)) => {
            // The values have to make a policy before anything is written.
            let parsed = Scenario::parse(&path.to_string_lossy(), text)?;
            let base = policy::load(&args.catalog.to_string_lossy())?;
            policy::compose(&base, &[parsed])?;
            let failed = |source| Error::File { path: path.clone(), source };
            write_new(path, text.as_bytes()).map_err(failed)?;
        }
        (None, _) => {}
    }
    if !changes.points.is_empty() {
        let new: Vec<(String, rust_decimal::Decimal, Signature)> = changes
            .points
            .into_iter()
            .map(|(group, points, why)| {
                (group, points, Signature { by: args.by.clone(), on: args.on, why })
            })
            .collect();
        if let Err(err) = catalog::set_all(&args.catalog, &new) {
            if let (Some(_), Some(path)) = (&scenario, &args.scenario) {
                // All or nothing: the scenario written above is ours to take back.
                let _ = fs::remove_file(path);
            }
            return Err(err.into());
        }
    }
    output::print(&catalog::override_table(&args.catalog)?, args.json)?;
    Ok(Outcome::Done)
}
