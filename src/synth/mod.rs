//! A synthetic city with known truth: claims to try everything on, and what must come out of them.
//!
//! [`generate`] writes the tables of an export in national field names, person by person, so that
//! ten million settlements do not need the memory for them. The same city, years, people and seed
//! give the same bytes; the rows of a person do not depend on the other people, on other years (but
//! for settlements of late December, which may slip into a January that is made) or on `parts`.
//! With `defects` a fixed share of settlements is spoiled, each in one way; the others stay.
//!
//! Files: `settlement`, `fee_item`, `diagnosis`, of inpatients also `procedure` and `group_result`
//! (`.parquet` or `.csv`, `settlement-1.parquet` … when split), `institution.csv`, `enrollee.csv`,
//! `registration.csv` (of outpatients), `budget.csv`, and some that are not part of an export:
//!
//! * `answer_key.csv`: `check_id, table, key, amount_yuan, note` of every planted defect. The
//!   amount is the `medfee_sumamt` (fee lines: `det_item_fee_sumamt`) of the row named by `key`;
//!   the part given back for `refund_partial`, the part given back too much for `over_refund`, the
//!   sum of both rows for conflicting duplicates, nothing where the amount itself is unreadable.
//! * `truth.csv`: `group_code, year, cases, cost_sum_yuan, fund_sum_yuan` after duplicates (A48),
//!   netting (8.4), scope (R05) and merging (A09), by the rules in the city's `[scope]`. Untrimmed
//!   statistics must agree to the fen. Rows with broken identities or dates stay in, as they stand.
//!
//! Where groups are those of main diagnoses also `truth_leaves.csv`: `class, diagnosis, item, negotiated,
//! year, cases, cost_sum_yuan`: what groups learned from history inside a class are made of (H11), by a
//! settlement's own lines; exact in a city without defects.
//!
//! Of cities with inpatients also (cases are stays, A54):
//!
//! * `truth_directory.csv`: `combination, group_code, kind`: where the directory of a DIP city, learned
//!   from the oldest years made, puts each combination (Z16, R01, R02). `truth.csv` has these groups;
//!   its empty group code is that of cases without group.
//! * `truth_coefficient.csv`: `tier, effect_permille, share, coefficient`: the effect of each tier on cost,
//!   and what tier mean ÷ city mean must come near to.
//! * `truth_auxiliary.csv`: `type, year, effect_permille, share, ratio`: the same of severity, age,
//!   intensive care and death; the largest effect that a stay meets counts.
//!
//! Cities with books also have `special.csv` (experts' decisions on dear stays, within their quota),
//! `assessment.csv` and `advance.csv`.
//!
//! ```no_run
//! use dianshu::synth::{City, Format, Settings, generate};
//! let summary = generate(&Settings {
//!     city: City::embedded("jining-apg")?,
//!     years: "2022..2024".parse()?,
//!     people: 2_000,
//!     seed: 1,
//!     out: "export".into(),
//!     format: Format::Parquet,
//!     defects: true,
//!     parts: 1,
//! })?;
//! println!("{} settlements, {} yuan", summary.settlements, summary.amount);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod books;
mod city;
mod cleared;
mod columns;
mod defect;
mod dimensions;
mod directory;
mod error;
mod expected;
mod inpatient;
mod money;
mod output;
mod person;
mod random;
mod row;
mod stays;
mod tables;
#[cfg(test)]
mod tests;
mod truth;
mod visits;
mod ward;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use city::City;
pub use cleared::cleared_sheet;
pub use error::Error;
pub use output::Format;

use books::Candidates;
use defect::{Defect, KeyLine, Net, Planter, Shape};
use output::Folder;
use person::Person;
use random::{Dice, Purpose, Shares};
use row::{NO_GROUP, Row, SetlId};
use tables::{Tables, Written};
use truth::Truth;
use world::World;

use crate::period::Years;
use crate::units::Fen;

/// What to make.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The city.
    pub city: City,
    /// Years of `setl_time`.
    pub years: Years,
    /// People of the city; about thirteen settlements each a year.
    pub people: u32,
    /// Another seed makes other people.
    pub seed: u64,
    /// Target folder: must not exist or be empty.
    pub out: PathBuf,
    /// How tables are written.
    pub format: Format,
    /// Whether defects are planted.
    pub defects: bool,
    /// Number of files each big table is split into.
    pub parts: u32,
}

/// Planted defects of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefectCount {
    /// Lines of the answer key.
    pub count: u64,
    /// Σ of their amounts.
    pub amount: Fen,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows of `settlement`, reversals and duplicates included.
    pub settlements: u64,
    /// Rows of `fee_item`.
    pub fee_lines: u64,
    /// Rows of `diagnosis`.
    pub diagnoses: u64,
    /// Rows of `procedure`.
    pub operations: u64,
    /// Rows of `group_result`.
    pub results: u64,
    /// Σ `medfee_sumamt` of all rows of `settlement`.
    pub amount: Fen,
    /// Cases of the truth, all years.
    pub cases: u64,
    /// By check id; empty without defects.
    pub defects: BTreeMap<&'static str, DefectCount>,
    /// The files, without the folder, in ascending order.
    pub files: Vec<String>,
}

/// Writes a synthetic city into the folder `settings.out`.
///
/// # Errors
/// [`Error`]: nothing to make, a folder that is not empty or cannot be written, a full disk. The
/// target folder is then as it was.
pub fn generate(settings: &Settings) -> Result<Summary, Error> {
    let years = settings.years.as_slice();
    check(settings)?;
    let world = World::new(&settings.city)?;
    let folder = Folder::create(&settings.out)?;
    let mut maker = Maker {
        settings,
        world: &world,
        years,
        kinds: kinds(settings),
        rates: Shares::default(),
        truth: Truth::new(&world, years),
        key: Vec::new(),
        people: dimensions::People::create(&folder, settings.format, &world)?,
        candidates: Candidates::new(&world),
    };
    let rates = &settings.city.defects;
    maker.rates = Shares::new(maker.kinds.iter().map(|kind| rates[kind.name()]));
    let mut written = Written::default();
    for part in 0..settings.parts {
        let name = if settings.parts == 1 { String::new() } else { format!("-{}", part + 1) };
        let inpatient = settings.city.inpatient.as_ref();
        let mut tables = Tables::create(&folder, &name, settings.format, inpatient)?;
        for person in share(settings.people, settings.parts, part) {
            maker.person(person, &mut tables)?;
        }
        let done = tables.finish()?;
        written.settlements += done.settlements;
        written.fee_lines += done.fee_lines;
        written.diagnoses += done.diagnoses;
        written.operations += done.operations;
        written.results += done.results;
        written.fee += done.fee;
    }
    maker.finish(folder, written)
}

/// Refuses what cannot be made.
fn check(settings: &Settings) -> Result<(), Error> {
    if settings.people == 0 {
        return Err(Error::NoPeople);
    }
    if settings.parts == 0 {
        return Err(Error::NoParts);
    }
    let base_year = settings.city.base_year;
    match settings.years.as_slice().first() {
        Some(&year) if year < base_year => {
            Err(Error::YearTooEarly { city: settings.city.id.clone(), year, base_year })
        }
        _ => Ok(()),
    }
}

/// The defects that are planted: those of the city's rates that the format can show. A typed Parquet
/// column cannot hold an unreadable value.
fn kinds(settings: &Settings) -> Vec<Defect> {
    let possible = |kind: &Defect| {
        settings.defects
            && settings.city.defects[kind.name()] > 0
            && (settings.format.is_csv() || *kind != Defect::ValueUnreadable)
    };
    Defect::ALL.into_iter().filter(possible).collect()
}

/// The people of one part, in turn.
fn share(people: u32, parts: u32, part: u32) -> std::ops::Range<u32> {
    let edge = |part: u32| {
        let edge = u64::from(people) * u64::from(part) / u64::from(parts);
        u32::try_from(edge).unwrap_or(people)
    };
    edge(part)..edge(part + 1)
}

/// Makes people and remembers what must come out.
struct Maker<'s, 'w> {
    settings: &'s Settings,
    world: &'w World<'w>,
    years: &'s [u16],
    kinds: Vec<Defect>,
    rates: Shares,
    truth: Truth<'w>,
    key: Vec<KeyLine>,
    people: dimensions::People,
    candidates: Candidates<'w>,
}

impl Maker<'_, '_> {
    /// Now and then the diagnoses of a settlement are missing: it has no group then (R13). Kinds whose
    /// cases are counted out keep theirs.
    fn unrecord(&self, row: &mut Row<'_>, dice: &mut Dice) {
        let is_counted = self.world.ward.as_ref().is_some_and(|ward| ward.is_counted(row.group));
        if dice.chance(self.world.city.no_diagnosis_permille) && !is_counted {
            row.diagnoses.clear();
            (row.group, row.fallback) = (NO_GROUP, NO_GROUP);
        }
    }

    /// Everything about one person.
    fn person(&mut self, index: u32, tables: &mut Tables) -> Result<(), Error> {
        let seed = self.settings.seed;
        let person = Person::draw(self.world, seed, index);
        self.people.write(&person, self.years)?;
        for &year in self.years {
            let next_year = self.years.contains(&(year + 1));
            let mut rows = match &self.world.ward {
                Some(ward) => {
                    let people = self.settings.people;
                    stays::draw(self.world, ward, &person, (seed, year, people))
                }
                None => visits::draw(self.world, &person, seed, year, next_year),
            };
            let visits: Vec<SetlId> = rows.iter().map(|row| row.visit).collect();
            let is_whole =
                |row: &Row<'_>| visits.iter().filter(|id| **id == row.visit).count() == 1;
            if self.world.city.no_diagnosis_permille > 0 {
                let dice = &mut Dice::new(seed, Purpose::Unrecorded(year), index);
                for row in rows.iter_mut().filter(|row| is_whole(row)) {
                    self.unrecord(row, dice);
                }
            }
            if self.kinds.is_empty() {
                for row in &rows {
                    tables.write(row, Shape::Whole, &person.psn_no)?;
                    self.truth.add(row, Net::of(row));
                    if is_whole(row) {
                        self.candidates.take(row, &self.truth);
                    }
                }
                continue;
            }
            let mut planter = Planter::new(self.world, seed, self.years, (year, index), rows.len());
            let plan = planter.plan(&self.kinds, &self.rates, (rows.len(), self.settings.people));
            for (row, defect) in rows.into_iter().zip(plan) {
                let Some(defect) = defect else {
                    tables.write(&row, Shape::Whole, &person.psn_no)?;
                    self.truth.add(&row, Net::of(&row));
                    if is_whole(&row) {
                        self.candidates.take(&row, &self.truth);
                    }
                    continue;
                };
                let planted = planter.plant(row, defect)?;
                for (row, shape) in &planted.rows {
                    tables.write(row, *shape, &person.psn_no)?;
                }
                if let (Some(net), Some((row, _))) = (planted.net, planted.rows.first()) {
                    self.truth.add(row, net);
                }
                self.key.push(planted.key);
            }
        }
        self.truth.close_person();
        Ok(())
    }

    /// The small files, then the folder as a whole.
    fn finish(mut self, folder: Folder, written: Written) -> Result<Summary, Error> {
        let (format, world) = (self.settings.format, self.world);
        self.people.finish()?;
        dimensions::institutions(&folder, format, world)?;
        dimensions::budget(&folder, format, world, (&self.truth, self.years))?;
        books::write(&folder, format, world, (&self.candidates, &self.truth, self.years))?;
        dimensions::answer_key(&folder, &mut self.key)?;
        dimensions::truth(&folder, world, (&self.truth, self.years))?;
        let files = folder.finish()?;
        let mut sums: BTreeMap<&'static str, (u64, i128)> = BTreeMap::new();
        for line in &self.key {
            let (count, amount) = sums.entry(line.defect.name()).or_default();
            *count += 1;
            *amount += i128::from(line.amount.unwrap_or(0));
        }
        let mut defects = BTreeMap::new();
        for (name, (count, amount)) in sums {
            defects.insert(name, DefectCount { count, amount: dimensions::fen(amount)? });
        }
        Ok(Summary {
            settlements: written.settlements,
            fee_lines: written.fee_lines,
            diagnoses: written.diagnoses,
            operations: written.operations,
            results: written.results,
            amount: dimensions::fen(written.fee)?,
            cases: self.truth.lines(world).iter().map(|(_, _, sums)| sums.cases).sum(),
            defects,
            files,
        })
    }
}
