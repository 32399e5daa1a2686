//! `dianshu synth`: a synthetic city with known truth.

use std::path::PathBuf;

use super::{Error, Outcome, output};
use crate::period::Years;
use crate::synth::{self, City, Format, Summary};

/// Arguments of `dianshu synth`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// System whose city is made, for example `jining-apg`
    system: String,
    /// Years of settlement
    #[arg(long, default_value = "2022..2024")]
    years: Years,
    /// People of the city, about twelve settlements each a year
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    people: u32,
    /// Another seed makes other people
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Target folder, new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How tables are written: `parquet`, `csv` or `csv-gb18030`
    #[arg(long, default_value = "parquet", value_parser = format)]
    format: Format,
    /// Files each big table is split into
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    parts: u32,
    /// Plant no defects
    #[arg(long)]
    clean: bool,
}

pub(super) fn run(args: Args) -> Result<Outcome, Error> {
    let settings = synth::Settings {
        city: City::embedded(&args.system)?,
        years: args.years,
        people: args.people,
        seed: args.seed,
        out: args.out,
        format: args.format,
        defects: !args.clean,
        parts: args.parts,
    };
    let made = synth::generate(&settings)?;
    output::print_text(&summary(&made))?;
    Ok(Outcome::Done)
}

fn format(text: &str) -> Result<Format, String> {
    match text {
        "parquet" => Ok(Format::Parquet),
        "csv" => Ok(Format::Csv),
        "csv-gb18030" => Ok(Format::CsvGb18030),
        _ => Err("write `parquet`, `csv` or `csv-gb18030`".to_owned()),
    }
}

/// What was made, line by line.
pub(super) fn summary(made: &Summary) -> String {
    let Summary { settlements, fee_lines, diagnoses, operations, results, .. } = made;
    let Summary { amount, cases, defects, files, .. } = made;
    let mut text = format!(
        "{settlements} settlements of {amount} yuan, {fee_lines} fee lines, {diagnoses} diagnoses; \
         {cases} cases in the truth\n"
    );
    if *operations > 0 {
        text.push_str(&format!("{operations} operations, {results} results of a grouper\n"));
    }
    for (check, count) in defects {
        text.push_str(&format!("planted {:>6} × {check}, {} yuan\n", count.count, count.amount));
    }
    text.push_str(&format!("files: {}\n", files.join(", ")));
    text
}
