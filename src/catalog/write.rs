//! Writes a catalog folder: all of it, or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::digest::Digests;
use super::error::Error;
use super::life;
use super::manifest::{self, Manifest, Source, State};
use super::model::Catalog;
use super::sheet::fixed;
use super::{sheets, tables};
use crate::policy::model::Identity;

/// The policy text within the folder.
pub(super) const POLICY: &str = "policy.toml";

/// Beginning of the names of the scenarios a catalog was built under.
pub const SCENARIO_PREFIX: &str = "scenario-";

/// A catalog with what goes into its folder besides.
#[derive(Debug, Clone, Copy)]
pub struct Artefact<'a> {
    /// The catalog.
    pub catalog: &'a Catalog,
    /// Identity and validity of the policy it was built under.
    pub policy: &'a Identity,
    /// Text of that policy's file.
    pub policy_source: &'a str,
    /// Further files by name, for example the lists the policy refers to.
    pub extra: &'a BTreeMap<String, Vec<u8>>,
}

/// Writes the catalog as a draft and gives its digest, that of the whole folder.
///
/// The files are written into a new folder beside the target and flushed, then the folder is
/// renamed: the target is never half a catalog, whatever stops the program. An empty folder or a
/// draft is replaced; the old draft is moved aside first, to `.NAME.old-PID`, and back if the
/// rename fails. Killed between these two renames, the program leaves it there.
///
/// # Errors
/// [`Error::NotACatalog`], [`Error::NotADraft`], [`Error::Signed`], [`Error::ForeignFile`] for a target that must
/// stay, and [`Error::Io`] with the path that could not be written; nothing is changed then.
pub fn write(artefact: &Artefact<'_>, dir: &Path) -> Result<String, Error> {
    write_in(artefact, State::Draft, dir)
}

pub(super) fn write_in(artefact: &Artefact<'_>, state: State, dir: &Path) -> Result<String, Error> {
    let (files, digest) = files(artefact, state)?;
    let replaced = check_target(dir)?;
    put(&files, dir, (replaced, false))?;
    Ok(digest)
}

/// Writes these files as the folder, all or nothing; `replaced` tells whether there is an old one.
pub(super) fn put(
    files: &BTreeMap<String, Vec<u8>>,
    dir: &Path,
    (replaced, read_only): (bool, bool),
) -> Result<(), Error> {
    let beside = Beside::of(dir)?;
    fs::create_dir_all(&beside.parent).map_err(failed("create", &beside.parent))?;
    let result =
        write_files(&beside.partial, files, read_only).and_then(|()| beside.put(dir, replaced));
    if result.is_err() {
        // The first error is the one to tell; what is left is a hidden folder of our own.
        let _ = fs::remove_dir_all(&beside.partial);
    }
    result
}

fn failed(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { step, path, source }
}

/// Names and bytes of all files, and the digest of the catalog.
type Files = (BTreeMap<String, Vec<u8>>, String);

fn files(artefact: &Artefact<'_>, state: State) -> Result<Files, Error> {
    let Artefact { catalog, policy, policy_source, extra } = artefact;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, bytes) in sheets::write_all(catalog)? {
        files.insert(name.to_owned(), bytes);
    }
    tables::check(&catalog.tables)?;
    let mut shapes = BTreeMap::new();
    for table in &catalog.tables {
        let (shape, bytes) = tables::write(table)?;
        files.insert(tables::file_of(&table.name), bytes);
        shapes.insert(table.name.clone(), shape);
    }
    files.insert(POLICY.to_owned(), policy_source.as_bytes().to_vec());
    for (name, bytes) in *extra {
        let plain = Path::new(name).file_name().is_some_and(|last| last == name.as_str());
        if !plain || name.starts_with('.') || reserved(name) || files.contains_key(name) {
            return Err(Error::FileName { name: name.clone() });
        }
        files.insert(name.clone(), bytes.clone());
    }
    let places = catalog.places;
    let base = |mean| fixed(mean, places, "the base mean");
    let mut year_base_means = Vec::with_capacity(catalog.year_base_means.len());
    for mean in &catalog.year_base_means {
        year_base_means.push(mean.map(base).transpose()?.unwrap_or_default());
    }
    let (found, years) = (year_base_means.len(), catalog.years.len());
    if found != years {
        return Err(Error::Yearly { what: "the yearly base means".to_owned(), found, years });
    }
    let source = |(name, (rows, content)): (&String, &(u64, String))| {
        (name.clone(), Source { rows: *rows, content: content.clone() })
    };
    let manifest = Manifest {
        format: Manifest::format(),
        system: catalog.system.clone(),
        title: policy.title.clone(),
        document: policy.document.clone(),
        state,
        valid_from: policy.valid_from.to_string(),
        valid_to: policy.valid_to.map(|day| day.to_string()),
        years: catalog.years.clone(),
        scale: catalog.scale.map(|scale| scale.normalize().to_string()),
        base_mean: base(catalog.base_mean)?,
        year_base_means,
        places,
        file: files.iter().map(|(name, bytes)| (name.clone(), Digests::of(bytes))).collect(),
        source: catalog.sources.iter().map(source).collect(),
        table: shapes,
    };
    let text = manifest.render().map_err(|err| Error::Io {
        step: "write",
        path: manifest::NAME.into(),
        source: io::Error::other(err),
    })?;
    let digest = Manifest::digest(&text);
    files.insert(manifest::NAME.to_owned(), text.into_bytes());
    Ok((files, digest))
}

/// Names that only the program writes.
fn reserved(name: &str) -> bool {
    [manifest::NAME, life::HISTORY, life::OVERRIDES].contains(&name)
}

/// Whether there is something to move aside; an error if the target must stay.
fn check_target(dir: &Path) -> Result<bool, Error> {
    let found = match fs::read_dir(dir) {
        Ok(found) => found,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(err) if err.kind() == io::ErrorKind::NotADirectory => {
            return Err(Error::NotACatalog { path: dir.to_owned() });
        }
        Err(source) => return Err(failed("list", dir)(source)),
    };
    let mut names = BTreeSet::new();
    for entry in found {
        let entry = entry.map_err(failed("list", dir))?;
        names.insert(entry.file_name().to_string_lossy().into_owned());
    }
    if names.is_empty() {
        return Ok(true);
    }
    if !names.remove(manifest::NAME) {
        return Err(Error::NotACatalog { path: dir.to_owned() });
    }
    let path = dir.join(manifest::NAME);
    let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
    let (known, _) = Manifest::parse(&path, &text)?;
    if known.state != State::Draft {
        return Err(Error::NotADraft { path: dir.to_owned(), state: known.state.as_str() });
    }
    if known.file.contains_key(life::HISTORY) {
        return Err(Error::Signed { path: dir.to_owned() });
    }
    match names.into_iter().find(|name| !known.file.contains_key(name)) {
        Some(file) => Err(Error::ForeignFile { path: dir.to_owned(), file }),
        None => Ok(true),
    }
}

/// Waits for nobody: one program at a time changes a catalog. The lock ends with the program, however
/// it ends; its file, hidden beside the catalog, stays.
///
/// # Errors
/// [`Error::Busy`], or [`Error::Io`] where there is no room for the file.
pub(super) fn lock(dir: &Path) -> Result<File, Error> {
    let Beside { lock, .. } = Beside::of(dir)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock)
        .map_err(failed("create", &lock))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Error::Busy { path: dir.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(failed("create", &lock)(source)),
    }
}

/// The whole catalog that a killed program left beside an empty place.
pub(super) fn left_beside(dir: &Path) -> Option<PathBuf> {
    let prefix = format!(".{}.old-", dir.file_name()?.to_string_lossy());
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = fs::read_dir(parent.unwrap_or(Path::new("."))).ok()?;
    let names = entries.flatten().map(|entry| entry.path());
    names
        .filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with(&prefix))
                && path.join(manifest::NAME).is_file()
        })
        .max()
}

/// The folders beside the target.
struct Beside {
    parent: PathBuf,
    /// Where the new catalog is written.
    partial: PathBuf,
    /// Where the old one waits.
    old: PathBuf,
    /// Held while a finished catalog is changed.
    lock: PathBuf,
}

impl Beside {
    /// Hidden names with the process id, so that two programs never share one.
    fn of(dir: &Path) -> Result<Self, Error> {
        let name = dir.file_name().ok_or_else(|| Error::Target { path: dir.to_owned() })?;
        let name = name.to_string_lossy();
        let parent = match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let id = std::process::id();
        let partial = parent.join(format!(".{name}.partial-{id}"));
        let old = parent.join(format!(".{name}.old-{id}"));
        let lock = parent.join(format!(".{name}.lock"));
        Ok(Self { parent, partial, old, lock })
    }

    /// Renames the new folder to the target.
    fn put(&self, dir: &Path, replaced: bool) -> Result<(), Error> {
        if replaced {
            fs::rename(dir, &self.old).map_err(failed("rename", dir))?;
        }
        if let Err(source) = fs::rename(&self.partial, dir) {
            if replaced {
                fs::rename(&self.old, dir).map_err(failed("rename", &self.old))?;
            }
            return Err(failed("rename", dir)(source));
        }
        if replaced {
            // The new catalog stands: a hidden folder that stays, for example of another user's, is
            // no reason to call that a failure.
            let _ = fs::remove_dir_all(&self.old);
        }
        flush_folder(&self.parent)
    }
}

fn write_files(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    read_only: bool,
) -> Result<(), Error> {
    if folder.exists() {
        // Left by a killed program that had the same process id.
        fs::remove_dir_all(folder).map_err(failed("remove", folder))?;
    }
    fs::create_dir(folder).map_err(failed("create", folder))?;
    for (name, bytes) in files {
        let path = folder.join(name);
        let mut file = File::create_new(&path).map_err(failed("create", &path))?;
        file.write_all(bytes).map_err(failed("write", &path))?;
        file.sync_all().map_err(failed("flush", &path))?;
        if read_only {
            let mut permissions = file.metadata().map_err(failed("protect", &path))?.permissions();
            permissions.set_readonly(true);
            fs::set_permissions(&path, permissions).map_err(failed("protect", &path))?;
        }
    }
    flush_folder(folder)
}

/// A rename lasts only once its folder is on the disk. Other systems than Unix cannot open a
/// folder.
fn flush_folder(folder: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        let open = File::open(folder).map_err(failed("flush", folder))?;
        open.sync_all().map_err(failed("flush", folder))?;
    }
    Ok(())
}
