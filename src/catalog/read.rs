//! Reads a catalog folder, and refuses one that was changed after it was built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use super::digest::Digests;
use super::error::Error;
use super::manifest::{self, Manifest, State};
use super::model::Catalog;
use super::write::{self, POLICY};
use super::{sheets, tables};

/// A catalog with what its folder says besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The catalog.
    pub catalog: Catalog,
    /// How far it has come.
    pub state: State,
    /// Digest of the whole folder: SHA-256 in hex.
    pub digest: String,
    /// First day in force, `YYYY-MM-DD`, as the policy it was built under says.
    pub valid_from: String,
    /// Last day in force, if limited.
    pub valid_to: Option<String>,
    /// The policy it was built under, as text.
    pub policy_source: String,
    /// Its files but `catalog.toml`, each as it was written.
    pub files: Vec<String>,
}

/// Reads the catalog in a folder.
///
/// # Errors
/// Those of [`open`].
pub fn read(dir: &Path) -> Result<Catalog, Error> {
    open(dir).map(|stored| stored.catalog)
}

/// Reads the catalog in a folder with its state, digest and policy.
///
/// # Errors
/// [`Error::NoManifest`], [`Error::FileMissing`], [`Error::Changed`] for any file whose digest
/// differs, and an error with file, line, column and value for content no catalog has.
pub fn open(dir: &Path) -> Result<Stored, Error> {
    let Folder { manifest, mut files, digest } = Folder::read(dir)?;
    let catalog = catalog_of(dir, &manifest, &files)?;
    let names = files.keys().cloned().collect();
    let policy = files.remove(POLICY).unwrap_or_default();
    let policy_source = String::from_utf8(policy)
        .map_err(|_| Error::Changed { path: dir.to_owned(), file: POLICY.to_owned() })?;
    Ok(Stored {
        catalog,
        state: manifest.state,
        digest,
        valid_from: manifest.valid_from,
        valid_to: manifest.valid_to,
        policy_source,
        files: names,
    })
}

/// A catalog folder in memory, every file as it was written.
pub(super) struct Folder {
    pub(super) manifest: Manifest,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Digest of the whole folder.
    pub(super) digest: String,
}

impl Folder {
    pub(super) fn read(dir: &Path) -> Result<Self, Error> {
        let (manifest, text, intact) = manifest_of(dir)?;
        let changed = |file: &str| Error::Changed { path: dir.to_owned(), file: file.to_owned() };
        if !intact {
            return Err(changed(manifest::NAME));
        }
        let mut files = BTreeMap::new();
        for (name, digests) in &manifest.file {
            let bytes = bytes_of(dir, name)?;
            if Digests::of(&bytes) != *digests {
                return Err(changed(name));
            }
            files.insert(name.clone(), bytes);
        }
        Ok(Self { manifest, files, digest: Manifest::digest(&text) })
    }
}

/// `catalog.toml`, its text, and whether it is as it was written.
pub(super) fn manifest_of(dir: &Path) -> Result<(Manifest, String, bool), Error> {
    let path = dir.join(manifest::NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(err) if dir.is_dir() && err.kind() == io::ErrorKind::NotFound => {
            return Err(Error::NoManifest { path: dir.to_owned() });
        }
        Err(err) => {
            return Err(match write::left_beside(dir) {
                Some(copy) if !dir.exists() => Error::BrokenOff { path: dir.to_owned(), copy },
                _ => Error::Io { step: "read", path, source: err },
            });
        }
    };
    let (manifest, intact) = Manifest::parse(&path, &text)?;
    Ok((manifest, text, intact))
}

/// Names in the folder that the catalog does not list.
pub(super) fn foreign_files(dir: &Path, manifest: &Manifest) -> Result<Vec<String>, Error> {
    let failed = |source| Error::Io { step: "list", path: dir.to_owned(), source };
    let mut foreign = BTreeSet::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name != manifest::NAME && !manifest.file.contains_key(&name) {
            foreign.insert(name);
        }
    }
    Ok(foreign.into_iter().collect())
}

/// One file of the folder.
pub(super) fn bytes_of(dir: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let path = dir.join(name);
    fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => {
            Error::FileMissing { path: dir.to_owned(), file: name.to_owned() }
        }
        _ => Error::Io { step: "read", path, source },
    })
}

/// The catalog the files spell, whatever their digests.
pub(super) fn catalog_of(
    dir: &Path,
    manifest: &Manifest,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Catalog, Error> {
    let path = dir.join(manifest::NAME);
    let file = |name: &str| {
        let bytes = files.get(name).map(Vec::as_slice);
        bytes.ok_or_else(|| Error::FileMissing { path: dir.to_owned(), file: name.to_owned() })
    };
    let (years, places) = (&manifest.years, manifest.places);
    let decimal = |key, text: &str| Manifest::decimal(&path, key, text);
    let mut year_base_means = Vec::with_capacity(years.len());
    for text in &manifest.year_base_means {
        let mean = (!text.is_empty()).then(|| decimal("year_base_means", text));
        year_base_means.push(mean.transpose()?);
    }
    let sources = manifest.source.iter();
    let mut tables = Vec::with_capacity(manifest.table.len());
    for (name, shape) in &manifest.table {
        tables.push(tables::read(name, shape, file(&tables::file_of(name))?)?);
    }
    Ok(Catalog {
        system: manifest.system.clone(),
        years: years.clone(),
        scale: manifest.scale.as_deref().map(|text| decimal("scale", text)).transpose()?,
        base_mean: decimal("base_mean", &manifest.base_mean)?,
        year_base_means,
        places,
        groups: sheets::read_groups(file(sheets::GROUPS)?, years, places)?,
        institutions: sheets::read_institutions(file(sheets::INSTITUTIONS)?, years)?,
        flow: sheets::read_flow(file(sheets::FLOW)?)?,
        trimmed: sheets::read_trimmed(file(sheets::TRIMMED)?)?,
        identity: sheets::read_identity(file(sheets::IDENTITY)?)?,
        sources: sources
            .map(|(name, source)| (name.clone(), (source.rows, source.content.clone())))
            .collect(),
        tables,
    })
}
