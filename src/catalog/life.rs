//! What happens to a catalog after it is built: experts correct it, its effect on every institution is
//! put on record, two people review it, it is published (E19, Z25).
//!
//! ```text
//! draft ── override ──► draft ── trial ──► trial ── review (two people) ──► reviewed ── publish ──► published
//! ```
//!
//! An override takes a trial back: the catalog is a draft again. Every step is a row of `history.csv` with the digest of the
//! catalog it was taken on; nothing is ever taken out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;

use super::digest::Digests;
use super::error::Error;
use super::gates::{self, Gate};
use super::manifest::{self, State};
use super::model::Catalog;
use super::read::{Folder, catalog_of, foreign_files, manifest_of};
use super::sheet::{Reader, Sheet};
use super::sheets::header;
use super::verify::verify;
use super::{sheets, tables, write};
use crate::explain;
use crate::table::{Column, Table};
use crate::units::{Fen, Points, exact};

pub(super) const HISTORY: &str = "history.csv";
pub(super) const OVERRIDES: &str = "overrides.csv";
/// Table of a trial: what every institution would gain or lose.
const IMPACT: &str = "impact";
/// Table of a trial: which cases went from which group to which.
pub(super) const CROSSWALK: &str = "crosswalk";
/// Flag of a group whose points were set by an expert.
const FLAG: &str = "override";
/// Line of the identity that takes the overrides back.
const LINE: &str = "override";
/// Years after the newest statistics year in which a step can be taken.
const YEARS_AFTER: i32 = 20;
/// Reviews that a publication needs, by different people.
const REVIEWERS: usize = 2;

/// Who takes a step, when and why. The day is given, not read from a clock: the same steps give the
/// same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub by: String,
    /// When.
    pub on: NaiveDate,
    /// Why.
    pub why: String,
}

/// One step of a catalog's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `override`, `trial`, `review` or `publish`.
    pub step: String,
    /// Of an override: the group, its points before and after, what that is worth.
    pub what: String,
    /// Who, when, why.
    pub signature: Signature,
    /// Digest of the catalog before the step.
    pub digest: String,
}

/// Points that an expert set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The group.
    pub group_code: String,
    /// Points as computed.
    pub computed: Points,
    /// Points in force.
    pub points: Points,
    /// What the change is worth over the cases of the statistics years:
    /// cases × (points − computed) ÷ scale × base mean.
    pub money: Fen,
    /// Who, when, why.
    pub signature: Signature,
}

impl Folder {
    /// Judges the gates and keeps what was found; a gate that fails stops the step.
    fn pass_gates(&mut self, dir: &Path, step: &'static str) -> Result<(), Error> {
        self.nothing_else(dir)?;
        let judged = gates(dir)?;
        gates::refuse(dir, step, &judged)?;
        self.put_table(&gates::gate_table(&judged))
    }

    /// Writing the folder anew would lose what is not part of the catalog.
    fn nothing_else(&self, dir: &Path) -> Result<(), Error> {
        match foreign_files(dir, &self.manifest)?.into_iter().next() {
            Some(file) => Err(Error::ForeignFile { path: dir.to_owned(), file }),
            None => Ok(()),
        }
    }

    fn put_table(&mut self, table: &Table) -> Result<(), Error> {
        let (shape, bytes) = tables::write(table)?;
        self.manifest.table.insert(table.name.clone(), shape);
        self.files.insert(tables::file_of(&table.name), bytes);
        Ok(())
    }

    fn drop_table(&mut self, name: &str) {
        if self.manifest.table.remove(name).is_some() {
            self.files.remove(&tables::file_of(name));
        }
    }

    /// Adds the step and writes the folder anew.
    fn write(
        self,
        dir: &Path,
        (step, what): (&str, String),
        signature: &Signature,
    ) -> Result<(), Error> {
        self.write_steps(dir, vec![(step, what, signature.clone())])
    }

    /// Adds the steps, in their order, and writes the folder anew.
    fn write_steps(
        mut self,
        dir: &Path,
        steps: Vec<(&str, String, Signature)>,
    ) -> Result<(), Error> {
        self.nothing_else(dir)?;
        let mut history = read_history(&self.files)?;
        let newest = self.manifest.years.last().copied().unwrap_or_default();
        for (step, what, signature) in steps {
            // A mistyped year could never be followed by a right one.
            if signature.on.year() > i32::from(newest) + YEARS_AFTER {
                let allowed = format!("a day within {YEARS_AFTER} years after {newest}");
                return Err(Error::Signature { value: signature.on.to_string(), allowed });
            }
            if let Some(last) = history.last()
                && last.signature.on > signature.on
            {
                return Err(Error::Signature {
                    value: signature.on.to_string(),
                    allowed: format!("a day on or after the step before it, {}", last.signature.on),
                });
            }
            let (step, digest) = (step.to_owned(), self.digest.clone());
            history.push(Entry { step, what, signature, digest });
        }
        self.files.insert(HISTORY.to_owned(), history_sheet(&history).to_bytes(HISTORY)?);
        let files = self.files.iter();
        self.manifest.file =
            files.map(|(name, bytes)| (name.clone(), Digests::of(bytes))).collect();
        let text = self.manifest.render().map_err(|err| Error::Io {
            step: "write",
            path: manifest::NAME.into(),
            source: std::io::Error::other(err),
        })?;
        self.files.insert(manifest::NAME.to_owned(), text.into_bytes());
        write::put(&self.files, dir, (true, self.manifest.state == State::Published))
    }

    /// Refuses a step that a catalog in its state does not take; `states` has the first it needs.
    fn needs(&self, dir: &Path, states: &[State], step: &'static str) -> Result<(), Error> {
        if states.contains(&self.manifest.state) {
            return Ok(());
        }
        let needed = match states.first() {
            Some(State::Trial) => "one on trial",
            Some(State::Reviewed) => "a reviewed one",
            _ => "a draft",
        };
        let path = dir.to_owned();
        Err(Error::Step { path, state: self.manifest.state.as_str(), step, needed })
    }
}

/// What can be put on trial.
const BEFORE_TRIAL: &[State] = &[State::Draft, State::Trial];

/// Whether a catalog can be put on trial, before its effect is computed.
///
/// # Errors
/// As [`trial`].
pub fn check_trial(dir: &Path) -> Result<(), Error> {
    let dir = &real(dir)?;
    Folder::read(dir)?.needs(dir, BEFORE_TRIAL, "a trial")
}

/// Puts a draft on trial: `tables` say what it would move for every institution (`impact`, and whatever
/// belongs to it). A trial can be repeated; reviews count from the last one.
///
/// # Errors
/// [`Error::Step`] unless it is a draft or on trial, [`Error::TrialWithoutImpact`],
/// [`Error::Signature`]; nothing is changed then.
pub fn trial(dir: &Path, tables: &[Table], what: &str, signature: &Signature) -> Result<(), Error> {
    let signature = &check(signature)?;
    let dir = &real(dir)?;
    let _lock = write::lock(dir)?;
    let mut folder = Folder::read(dir)?;
    folder.needs(dir, BEFORE_TRIAL, "a trial")?;
    if !tables.iter().any(|table| table.name == IMPACT) {
        return Err(Error::TrialWithoutImpact);
    }
    tables::check(tables)?;
    for table in tables {
        folder.put_table(table)?;
    }
    folder.manifest.state = State::Trial;
    folder.write(dir, ("trial", what.to_owned()), signature)
}

/// What a catalog passes and what it does not, judged now under the limits it was built with.
///
/// # Errors
/// As [`super::verify()`] and [`super::open`].
pub fn gates(dir: &Path) -> Result<Vec<Gate>, Error> {
    let Folder { manifest, files, .. } = Folder::read(dir)?;
    let catalog = catalog_of(dir, &manifest, &files)?;
    let checks = verify(dir)?.checks;
    Ok(gates::gates(&catalog, &gates::limits_of(&catalog), &checks))
}

/// Signs a catalog on trial that passes its gates. When two people have signed since the trial it is
/// reviewed.
///
/// # Errors
/// [`Error::Step`] unless it is on trial, [`Error::GatesFail`], [`Error::SameReviewer`],
/// [`Error::Signature`]; nothing is changed then.
pub fn review(dir: &Path, signature: &Signature) -> Result<State, Error> {
    let signature = &check(signature)?;
    let dir = &real(dir)?;
    let _lock = write::lock(dir)?;
    let mut folder = Folder::read(dir)?;
    folder.needs(dir, &[State::Trial], "a review")?;
    folder.pass_gates(dir, "a review")?;
    let mut reviewers = reviewers(&read_history(&folder.files)?);
    if !reviewers.insert(signature.by.to_lowercase()) {
        return Err(Error::SameReviewer { path: dir.to_owned(), by: signature.by.clone() });
    }
    if reviewers.len() >= REVIEWERS {
        folder.manifest.state = State::Reviewed;
    }
    let state = folder.manifest.state;
    folder.write(dir, ("review", String::new()), signature)?;
    Ok(state)
}

/// Puts a reviewed catalog that passes its gates in force: from now on no command replaces it, and its
/// files are read-only.
///
/// # Errors
/// [`Error::Step`] unless it is reviewed, [`Error::GatesFail`], [`Error::Signature`]; nothing is changed then.
pub fn publish(dir: &Path, signature: &Signature) -> Result<(), Error> {
    let signature = &check(signature)?;
    let dir = &real(dir)?;
    let _lock = write::lock(dir)?;
    let mut folder = Folder::read(dir)?;
    folder.needs(dir, &[State::Reviewed], "publishing")?;
    folder.pass_gates(dir, "publishing")?;
    folder.manifest.state = State::Published;
    folder.write(dir, ("publish", String::new()), signature)
}

/// Sets the points of one group of a draft beside the computed ones; setting them to the computed
/// points takes an earlier override back.
///
/// # Errors
/// [`Error::Step`] unless it is a draft or on trial, [`Error::Group`], [`Error::NoPoints`],
/// [`Error::Points`], [`Error::SamePoints`], [`Error::OverrideMoney`], [`Error::Signature`]; nothing is
/// changed then.
pub fn set_points(
    dir: &Path,
    group: &str,
    points: Decimal,
    signature: &Signature,
) -> Result<Override, Error> {
    let set = set_all(dir, &[(group.to_owned(), points, signature.clone())])?;
    set.into_iter().next().ok_or(Error::IdentityLost)
}

/// Sets the points of several groups as [`set_points`] does, all of them or none.
///
/// # Errors
/// As [`set_points`].
pub fn set_all(dir: &Path, new: &[(String, Decimal, Signature)]) -> Result<Vec<Override>, Error> {
    let dir = &real(dir)?;
    let _lock = write::lock(dir)?;
    let mut folder = Folder::read(dir)?;
    folder.needs(dir, &[State::Draft, State::Trial], "an override")?;
    let mut catalog = catalog_of(dir, &folder.manifest, &folder.files)?;
    let mut overrides = read_overrides(&folder.files)?;
    let (mut set, mut steps) = (Vec::new(), Vec::new());
    for (group, points, signature) in new {
        let signature = check(signature)?;
        let (change, what) =
            move_points(dir, (&mut catalog, &mut overrides), (group, *points), &signature)?;
        set.push(change);
        steps.push(("override", what, signature));
    }
    for (name, bytes) in sheets::write_all(&catalog)? {
        folder.files.insert(name.to_owned(), bytes);
    }
    // What the trial showed was shown with other points.
    folder.manifest.state = State::Draft;
    for name in [IMPACT, CROSSWALK] {
        folder.drop_table(name);
    }
    folder.files.insert(OVERRIDES.to_owned(), override_sheet(&overrides).to_bytes(OVERRIDES)?);
    folder.write_steps(dir, steps)?;
    Ok(set)
}

/// Moves the points of one group in memory; gives the override and what the history says of it.
fn move_points(
    dir: &Path,
    (catalog, overrides): (&mut Catalog, &mut Vec<Override>),
    (group, points): (&str, Decimal),
    signature: &Signature,
) -> Result<(Override, String), Error> {
    let codes = catalog.groups.iter().map(|known| known.group_code.as_str());
    let unknown = || Error::Group {
        group: group.to_owned(),
        nearest: explain::nearest(group, codes).map(str::to_owned),
    };
    let at = catalog.groups.iter().position(|known| known.group_code == group);
    let at = at.ok_or_else(unknown)?;
    let found = &catalog.groups[at];
    let before = found.points.ok_or_else(|| Error::NoPoints { path: dir.to_owned() })?;
    let known = overrides.iter().find(|known| known.group_code == group);
    let computed = known.map_or(before, |known| known.computed);
    let places = catalog.places;
    let wrong = || Error::Points { value: points, places };
    if points.is_sign_negative() || points.normalize().scale() > places {
        return Err(wrong());
    }
    let new = Points::from_ratio(&exact(points), places).ok_or_else(wrong)?;
    if new == before {
        return Err(Error::SamePoints { group: group.to_owned(), points: points.normalize() });
    }
    let lost = || Error::OverrideMoney { group: group.to_owned(), points };
    let worth = |from| catalog.money(found, (from, new)).ok_or_else(lost);
    let printed = |points: Points| points.to_decimal().normalize();
    let what = format!("{group}: {} → {}, {} yuan", printed(before), printed(new), worth(before)?);
    let change = Override {
        group_code: group.to_owned(),
        computed,
        points: new,
        money: worth(computed)?,
        signature: signature.clone(),
    };
    overrides.retain(|known| known.group_code != group);
    let found = &mut catalog.groups[at];
    found.points = Some(new);
    found.flags.retain(|flag| flag != FLAG);
    if new != computed {
        overrides.push(change.clone());
        overrides.sort_by(|one, two| one.group_code.cmp(&two.group_code));
        found.flags.push(FLAG.to_owned());
        found.flags.sort_unstable();
    }
    catalog.restate(LINE).ok_or_else(lost)?;
    Ok((change, what))
}

/// The folder itself, whatever link names it: it is replaced, so nobody may stand in it.
fn real(dir: &Path) -> Result<PathBuf, Error> {
    // A missing folder has a message of its own.
    manifest_of(dir)?;
    let failed = |source| Error::Io { step: "read", path: dir.to_owned(), source };
    let real = fs::canonicalize(dir).map_err(failed)?;
    let inside = std::env::current_dir().is_ok_and(|current| current.starts_with(&real));
    if inside { Err(Error::Inside { path: real }) } else { Ok(real) }
}

/// The signature without blanks around its words, so that a name is one name.
fn check(signature: &Signature) -> Result<Signature, Error> {
    let Signature { by, on, why } = signature;
    let checked = Signature { by: by.trim().to_owned(), on: *on, why: why.trim().to_owned() };
    for (value, allowed) in [
        (&checked.by, "a name: it must not be empty, on one line"),
        (&checked.why, "a reason: it must not be empty, on one line"),
    ] {
        if value.is_empty() || value.chars().any(char::is_control) {
            return Err(Error::Signature { value: value.clone(), allowed: allowed.to_owned() });
        }
    }
    Ok(checked)
}

/// Who has signed since the last trial, in small letters. Its author may be among them: that two
/// people stand for the catalog is what is asked (E19).
fn reviewers(history: &[Entry]) -> BTreeSet<String> {
    let since = history.iter().rposition(|entry| ["override", "trial"].contains(&&*entry.step));
    let since = since.map_or(0, |at| at.saturating_add(1));
    let reviews = history[since..].iter().filter(|entry| entry.step == "review");
    reviews.map(|entry| entry.signature.by.to_lowercase()).collect()
}

const HISTORY_HEADER: [&str; 6] = ["step", "what", "by", "on", "why", "digest"];
const OVERRIDE_HEADER: [&str; 7] =
    ["group_code", "computed_points", "points", "money_yuan", "by", "on", "why"];

fn history_sheet(history: &[Entry]) -> Sheet {
    let row = |entry: &Entry| {
        let Signature { by, on, why } = &entry.signature;
        let cells = [&entry.step, &entry.what, by, &on.to_string(), why, &entry.digest];
        cells.into_iter().cloned().collect()
    };
    Sheet { header: header(&HISTORY_HEADER), rows: history.iter().map(row).collect() }
}

fn override_sheet(overrides: &[Override]) -> Sheet {
    let points = |points: Points| points.to_decimal().normalize().to_string();
    let row = |row: &Override| {
        let Signature { by, on, why } = &row.signature;
        vec![
            row.group_code.clone(),
            points(row.computed),
            points(row.points),
            row.money.to_string(),
            by.clone(),
            on.to_string(),
            why.clone(),
        ]
    };
    Sheet { header: header(&OVERRIDE_HEADER), rows: overrides.iter().map(row).collect() }
}

/// The steps taken, oldest first.
pub(super) fn read_history(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Entry>, Error> {
    let Some(bytes) = files.get(HISTORY) else { return Ok(Vec::new()) };
    let mut history = Vec::new();
    let mut reader = Reader::open(HISTORY, bytes, &header(&HISTORY_HEADER))?;
    while let Some(mut row) = reader.next()? {
        history.push(Entry {
            step: row.code()?,
            what: row.text(),
            signature: Signature { by: row.code()?, on: row.day()?, why: row.code()? },
            digest: row.code()?,
        });
    }
    Ok(history)
}

/// The overrides in force, ascending by group.
pub(super) fn read_overrides(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Override>, Error> {
    let Some(bytes) = files.get(OVERRIDES) else { return Ok(Vec::new()) };
    let mut overrides = Vec::new();
    let mut reader = Reader::open(OVERRIDES, bytes, &header(&OVERRIDE_HEADER))?;
    while let Some(mut row) = reader.next()? {
        overrides.push(Override {
            group_code: row.code()?,
            computed: row.points(Points::PLACES)?,
            points: row.points(Points::PLACES)?,
            money: row.yuan()?,
            signature: Signature { by: row.code()?, on: row.day()?, why: row.code()? },
        });
    }
    Ok(overrides)
}

/// What does not hold between overrides, history, state and groups; `None` if all does.
pub(super) fn contradiction(
    catalog: &Catalog,
    state: State,
    (overrides, history): (&[Override], &[Entry]),
) -> Option<String> {
    for row in overrides {
        let code = &row.group_code;
        let group = catalog.groups.iter().find(|group| group.group_code == *code);
        let Some(group) = group else { return Some(format!("override of unknown group `{code}`")) };
        if group.points != Some(row.points) {
            return Some(format!("`{code}` has other points than its override"));
        }
        if catalog.money(group, (row.computed, row.points)) != Some(row.money) {
            return Some(format!("the money of the override of `{code}` does not follow from it"));
        }
    }
    let flagged = catalog.groups.iter().filter(|group| group.flags.iter().any(|flag| flag == FLAG));
    let flagged: BTreeSet<&str> = flagged.map(|group| group.group_code.as_str()).collect();
    let set: BTreeSet<&str> = overrides.iter().map(|row| row.group_code.as_str()).collect();
    if flagged != set {
        return Some("the groups flagged `override` are not those of overrides.csv".to_owned());
    }
    let steps = ["override", "trial", "review", "publish"];
    if let Some(entry) = history.iter().find(|entry| !steps.contains(&entry.step.as_str())) {
        return Some(format!("`{}` in the history is no step", entry.step));
    }
    if !overrides.is_empty() && !history.iter().any(|entry| entry.step == "override") {
        return Some("there are overrides, but no step made one".to_owned());
    }
    let reviewed = reviewers(history).len() >= REVIEWERS;
    let published = history.last().is_some_and(|entry| entry.step == "publish");
    let mut steps = history.iter().rev().map(|entry| entry.step.as_str());
    let tried = steps.find(|step| ["override", "trial"].contains(step)) == Some("trial");
    if tried != catalog.table(IMPACT).is_some() {
        return Some("table `impact` and the history do not agree on a trial".to_owned());
    }
    let fits = tried == (state != State::Draft)
        && match state {
            State::Draft | State::Trial => !reviewed && !published,
            State::Reviewed => reviewed && !published,
            State::Published => reviewed && published,
        };
    (!fits).then(|| format!("the history does not lead to a {} catalog", state.as_str()))
}

/// The overrides of a catalog folder, ascending by group.
///
/// # Errors
/// As [`super::open`].
pub fn overrides(dir: &Path) -> Result<Vec<Override>, Error> {
    read_overrides(&Folder::read(dir)?.files)
}

/// The overrides of a catalog folder as a table.
///
/// # Errors
/// As [`super::open`].
pub fn override_table(dir: &Path) -> Result<Table, Error> {
    let overrides = overrides(dir)?;
    let list = |of: fn(&Override) -> String| Column::text(overrides.iter().map(of));
    let points = |of: fn(&Override) -> Points| Column::Decimal {
        places: Points::PLACES,
        values: overrides.iter().map(|row| Some(i128::from(of(row).0))).collect(),
    };
    Ok(Table::new("override")
        .with("group_code", list(|row| row.group_code.clone()))
        .with("computed_points", points(|row| row.computed))
        .with("points", points(|row| row.points))
        .with("money_yuan", Column::yuan(overrides.iter().map(|row| row.money.0)))
        .with("by", list(|row| row.signature.by.clone()))
        .with("on", list(|row| row.signature.on.to_string()))
        .with("why", list(|row| row.signature.why.clone())))
}

/// The steps of a catalog folder as a table.
///
/// # Errors
/// As [`super::open`].
pub fn history_table(dir: &Path) -> Result<Table, Error> {
    let history = read_history(&Folder::read(dir)?.files)?;
    let list = |of: fn(&Entry) -> String| Column::text(history.iter().map(of));
    Ok(Table::new("history")
        .with("step", list(|entry| entry.step.clone()))
        .with("what", list(|entry| entry.what.clone()))
        .with("by", list(|entry| entry.signature.by.clone()))
        .with("on", list(|entry| entry.signature.on.to_string()))
        .with("why", list(|entry| entry.signature.why.clone()))
        .with("digest", list(|entry| entry.digest.clone())))
}
