//! Flags that mean the same in every command, resolved once.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::{Error, output};
use crate::period::Years;
use crate::warehouse::engine::{Engine, Limits};
use crate::warehouse::snapshot::Snapshot;
use crate::warehouse::store::Store;

/// A number of bytes such as `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bytes(usize);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a size; write for example `2GiB` or `512MiB`");
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let factor: usize = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            _ => return Err(wrong()),
        };
        let number: usize = number.parse().map_err(|_| wrong())?;
        let bytes = number.checked_mul(factor).ok_or_else(wrong)?;
        if bytes < 64 << 20 {
            return Err(format!("`{text}` is too small; at least 64MiB are needed"));
        }
        Ok(Self(bytes))
    }
}

/// Where the data is and how much of the machine may be used.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// Folder of the warehouse
    #[arg(long, default_value = "warehouse", value_name = "DIR")]
    pub(super) warehouse: PathBuf,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
    /// Memory the engine may use before it spills to disk
    #[arg(long, default_value = "2GiB", value_name = "SIZE")]
    pub(super) memory: Bytes,
    /// Print data as JSON lines
    #[arg(long)]
    pub(super) json: bool,
    /// No progress and no talk on stderr
    #[arg(long)]
    pub(super) quiet: bool,
    /// Print the physical plan of every query on stderr, with rows and time of each step in one bucket
    #[arg(long)]
    pub(super) plan: bool,
    /// Warnings given already: a command of several steps says each once.
    #[arg(skip)]
    pub(super) warned: RefCell<BTreeSet<String>>,
}

impl Common {
    /// Threads to use.
    pub(super) fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }

    /// Bytes the engine may hold.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory.0
    }

    pub(super) fn engine(&self) -> Result<Engine, Error> {
        let limits = Limits { threads: self.threads(), memory_bytes: self.memory.0 };
        let mut engine = Engine::start(limits)?;
        if self.plan {
            engine.keep_plans();
        }
        Ok(engine)
    }

    /// The plans of what ran, where the user asked for them; of models that run once a bucket, those
    /// of one bucket.
    pub(super) fn show_plans(&self, engine: &Engine) {
        for (query, plan) in engine.plans() {
            output::talk(&format!("plan of {query}\n{plan}"));
        }
    }

    /// The warehouse as its newest complete load left it.
    pub(super) fn snapshot(&self) -> Result<Snapshot, Error> {
        Ok(Store::open(&self.warehouse)?.snapshot()?)
    }

    /// A line of talk on stderr.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            output::talk(text);
        }
    }

    pub(super) fn warn(&self, warnings: &[String]) {
        let is_new = |warning: &&String| self.warned.borrow_mut().insert((*warning).clone());
        for warning in warnings.iter().filter(is_new) {
            self.say(&format!("warning: {warning}"));
        }
    }
}

/// Refuses years without settlements, with those there are as the hint.
pub(super) fn check_years(snapshot: &Snapshot, years: &Years) -> Result<(), Error> {
    let known: Vec<i32> =
        snapshot.years().into_iter().filter(|(_, rows)| *rows > 0).map(|(year, _)| year).collect();
    match years.as_slice().iter().find(|year| !known.contains(&i32::from(**year))) {
        None => Ok(()),
        Some(year) => Err(Error::YearMissing { year: *year, known }),
    }
}
