//! Where policies and scenarios lie: in the binary, or in a folder on disk, which wins.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::error::{At, Error};
use crate::explain::nearest;

static CATALOGS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/catalogs");

const POLICY_FILE: &str = "policy.toml";
const SCENARIOS: &str = "scenarios";

/// The folder of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Home {
    /// Embedded, by name.
    Shipped(String),
    /// On disk.
    Folder(PathBuf),
}

/// A text file with the name messages give it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) text: String,
}

fn to_text(file: String, bytes: Vec<u8>) -> Result<Named, Error> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Named { name: file, text }),
        Err(wrong) => Err(Error::NotText { file, byte: wrong.utf8_error().valid_up_to() }),
    }
}

fn read_text(path: &Path) -> Result<Named, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    to_text(path.display().to_string(), bytes)
}

/// Names of the shipped policies, ascending.
pub(crate) fn shipped() -> Vec<String> {
    let mut names: Vec<String> = CATALOGS
        .dirs()
        .filter(|folder| folder.get_file(folder.path().join(POLICY_FILE)).is_some())
        .map(|folder| folder.path().display().to_string())
        .collect();
    names.sort_unstable();
    names
}

/// The policy file of a name or path, and its folder.
pub(crate) fn find_policy(name_or_path: &str) -> Result<(Home, Named), Error> {
    let path = Path::new(name_or_path);
    if path.is_file() {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        return Ok((Home::Folder(folder), read_text(path)?));
    }
    let file = path.join(POLICY_FILE);
    if file.is_file() {
        return Ok((Home::Folder(path.to_owned()), read_text(&file)?));
    }
    let inside = format!("{name_or_path}/{POLICY_FILE}");
    if let Some(file) = CATALOGS.get_file(&inside) {
        let named = to_text(format!("catalogs/{inside}"), file.contents().to_vec())?;
        return Ok((Home::Shipped(name_or_path.to_owned()), named));
    }
    if path.is_dir() {
        return Err(Error::NoPolicyFile { folder: path.to_owned() });
    }
    let known = shipped();
    Err(Error::UnknownPolicy {
        name: name_or_path.to_owned(),
        nearest: nearest(name_or_path, known.iter().map(String::as_str)).map(str::to_owned),
        known,
    })
}

impl Home {
    /// A file of the policy's folder; `None` if there is none.
    pub(crate) fn file(&self, name: &str) -> Result<Option<(String, Vec<u8>)>, Error> {
        match self {
            Self::Shipped(policy) => {
                let inside = format!("{policy}/{name}");
                let contents = CATALOGS.get_file(&inside).map(|file| file.contents().to_vec());
                Ok(contents.map(|bytes| (format!("catalogs/{inside}"), bytes)))
            }
            Self::Folder(folder) => {
                let path = folder.join(name);
                if !path.is_file() {
                    return Ok(None);
                }
                let bytes =
                    fs::read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
                Ok(Some((path.display().to_string(), bytes)))
            }
        }
    }

    /// Names of the policy's scenarios, ascending.
    pub(crate) fn scenarios(&self) -> Vec<String> {
        let files: Vec<PathBuf> = match self {
            Self::Shipped(policy) => CATALOGS
                .get_dir(format!("{policy}/{SCENARIOS}"))
                .map(|folder| folder.files().map(|file| file.path().to_owned()).collect())
                .unwrap_or_default(),
            Self::Folder(folder) => fs::read_dir(folder.join(SCENARIOS))
                .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
                .unwrap_or_default(),
        };
        let mut names: Vec<String> = files
            .iter()
            .filter(|file| file.extension().is_some_and(|ending| ending == "toml"))
            .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
            .collect();
        names.sort_unstable();
        names
    }

    /// The scenario file of a path, or of a name in the policy's `scenarios/`.
    pub(crate) fn find_scenario(&self, name_or_path: &str, id: &str) -> Result<Named, Error> {
        let path = Path::new(name_or_path);
        let looks_like_path = name_or_path.ends_with(".toml") || name_or_path.contains(['/', '\\']);
        if looks_like_path && path.is_file() {
            return read_text(path);
        }
        let name = name_or_path.strip_suffix(".toml").unwrap_or(name_or_path);
        if let Some((file, bytes)) = self.file(&format!("{SCENARIOS}/{name}.toml"))? {
            return to_text(file, bytes);
        }
        let known = self.scenarios();
        Err(Error::UnknownScenario {
            name: name_or_path.to_owned(),
            policy: id.to_owned(),
            nearest: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
            known,
        })
    }
}

/// A policy's folder and the files of it that were read.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) home: Home,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Folder {
    /// A file named by the key `path` at `at`: the name messages give it, and its bytes.
    pub(crate) fn file(
        &mut self,
        name: &str,
        path: &str,
        at: &At,
    ) -> Result<(String, Vec<u8>), Error> {
        let missing =
            || Error::MissingFile { at: at.clone(), path: path.to_owned(), file: name.to_owned() };
        let plain = Path::new(name).file_name().is_some_and(|file| file == name);
        if !plain {
            return Err(missing());
        }
        let (shown, bytes) = self.home.file(name)?.ok_or_else(missing)?;
        self.files.insert(name.to_owned(), bytes.clone());
        Ok((shown, bytes))
    }
}
