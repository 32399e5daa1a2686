//! `dianshu verify`: digests and identities of a run or a catalog, without the warehouse.

use std::path::PathBuf;

use super::{Error, Outcome, output};
use crate::backtest::{manifest, verify};

/// Arguments of `dianshu verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of a run or of a catalog
    path: PathBuf,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    if manifest::is_run(&args.path) {
        let run = manifest::read(&args.path)?;
        let lines = verify::identities(&run);
        output::print(&lines.table, args.json)?;
        return Ok(if lines.hold { Outcome::Done } else { Outcome::No });
    }
    super::catalog::verify(&args.path, args.json)
}
