//! A run on disk: `manifest.json`, `tables/*.parquet`, later `report/*`.
//!
//! The id is a digest of everything that decides the result (inputs, policy, scenarios, catalog, year,
//! program version), so the same question has the same id and the same bytes. No time stands in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Replay, Settings};
use crate::explain::{Explain, Kind};
use crate::table::Table;
use crate::units::hex;
use crate::warehouse::parquet::{TableFileError, read_table, write_table};
use crate::warehouse::snapshot::Snapshot;

const TABLES: [&str; 7] =
    ["settlement", "fee_item", "diagnosis", "procedure", "group_result", "institution", "code_map"];

/// Why a run cannot be written, read or trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A file or folder.
    #[error("cannot {what} `{}`", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A table file.
    #[error(transparent)]
    Table(#[from] TableFileError),
    /// Not a run.
    #[error("`{}` is not a run: it has no readable `manifest.json`", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// A file that does not have the digest the manifest states.
    #[error("run `{}` was changed after it was written: {}", path.display(), files.join(", "))]
    Changed {
        /// The run.
        path: PathBuf,
        /// Files that differ or are missing.
        files: Vec<String>,
    },
}

impl Explain for RunError {
    fn kind(&self) -> Kind {
        match self {
            Self::Table(err) => err.kind(),
            _ => Kind::Input,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::File { .. } => {
                vec!["check that the folder exists, can be written to and has space".to_owned()]
            }
            Self::NotARun { .. } => {
                vec![
                    "name the folder that `dianshu settle` or `backtest` printed, runs/<id>"
                        .to_owned(),
                ]
            }
            Self::Changed { .. } => {
                vec!["run the same command again; it writes the same bytes".to_owned()]
            }
            Self::Table(err) => err.hints(),
        }
    }
}

/// Writes a run below `out` and returns its folder. An existing run of the same id is replaced as a
/// whole: it has the same content, or was damaged.
///
/// # Errors
/// [`RunError`]; a half-written folder is removed.
pub fn write(
    out: &Path,
    settings: &Settings<'_>,
    catalog_digest: &str,
    snapshot: &Snapshot,
    replay: &Replay,
) -> Result<PathBuf, RunError> {
    let mut manifest = describe(settings, catalog_digest, snapshot, replay);
    let id = id_of(&manifest);
    let file = |what, path: &Path, source| RunError::File { what, path: path.to_owned(), source };
    fs::create_dir_all(out).map_err(|source| file("create", out, source))?;
    let building = tempfile::Builder::new()
        .prefix(".run-")
        .tempdir_in(out)
        .map_err(|source| file("write into", out, source))?;
    let folder = building.path();
    let tables = folder.join("tables");
    fs::create_dir(&tables).map_err(|source| file("create", &tables, source))?;
    let mut outputs = BTreeMap::new();
    let mut state = |name: &str, rows: usize| {
        let name = format!("tables/{name}.parquet");
        let path = folder.join(&name);
        let bytes = fs::read(&path).map_err(|source| file("read back", &path, source))?;
        outputs.insert(name, json!({"sha256": hex(&Sha256::digest(&bytes)), "rows": rows}));
        Ok::<(), RunError>(())
    };
    for table in &replay.tables {
        write_table(table, &tables.join(format!("{}.parquet", table.name)))?;
        state(&table.name, table.rows())?;
    }
    if let Some(cases) = &replay.cases {
        let from = cases.path();
        fs::rename(&from, tables.join("case.parquet"))
            .map_err(|source| file("move into the run", &from, source))?;
        state("case", cases.rows())?;
    }
    manifest["id"] = Value::String(id.clone());
    manifest["outputs"] = json!(outputs);
    let path = folder.join("manifest.json");
    let text = format!("{manifest:#}\n");
    fs::write(&path, text).map_err(|source| file("write", &path, source))?;
    let home = out.join(&id);
    if home.exists() {
        fs::remove_dir_all(&home).map_err(|source| file("replace", &home, source))?;
    }
    let kept = building.keep();
    if let Err(source) = fs::rename(&kept, &home) {
        // Nothing half-written stays behind; the error of the rename is the one that matters.
        let _ = fs::remove_dir_all(&kept);
        return Err(file("move the finished run to", &home, source));
    }
    Ok(home)
}

/// Digest of everything that decides the result: the manifest without its id and outputs.
fn id_of(manifest: &Value) -> String {
    let mut decides = manifest.clone();
    if let Some(fields) = decides.as_object_mut() {
        fields.remove("id");
        fields.remove("outputs");
    }
    hex(&Sha256::digest(decides.to_string().as_bytes()))[..16].to_owned()
}

fn describe(
    settings: &Settings<'_>,
    catalog_digest: &str,
    snapshot: &Snapshot,
    replay: &Replay,
) -> Value {
    let identity = &settings.policy.policy.identity;
    let inputs: BTreeMap<&str, Value> = TABLES
        .iter()
        .chain(["budget", "assessment", "advance", "special"].iter())
        .filter_map(|name| Some((*name, snapshot.table(name)?)))
        .map(|(name, table)| (name, json!({"rows": table.rows, "digest": table.digest})))
        .collect();
    let scenarios: Vec<Value> = replay
        .scenarios
        .iter()
        .map(|one| {
            let changes = one.policy.scenarios.iter().flat_map(|scenario| &scenario.changes);
            let changes: Vec<Value> = changes
                .map(|change| {
                    json!({
                        "path": change.path,
                        "value": change.value_text,
                        "reason": change.reason,
                        "clause": change.cite.clause,
                        "reading": change.cite.reading,
                    })
                })
                .collect();
            let digest = one.policy.digest();
            json!({"name": one.name, "title": one.title, "policy": digest, "changes": changes})
        })
        .collect();
    let caps = replay.scenarios.iter().filter_map(|one| one.policy.policy.surplus_cap.as_ref());
    let cap = caps.map(|cap| cap.rate.to_string()).next();
    json!({
        "program": "dianshu",
        "version": env!("CARGO_PKG_VERSION"),
        "command": settings.purpose.command(),
        "system": identity.id,
        "simulated": settings.purpose.is_simulated(),
        "policy": {
            "id": identity.id,
            "title": identity.title,
            "document": identity.document,
            "digest": settings.policy.digest(),
        },
        "catalog": {
            "digest": catalog_digest,
            "system": settings.catalog.system,
            "years": settings.catalog.years,
            "scale": settings.catalog.scale.map(|scale| scale.to_string()),
            "base_mean": settings.catalog.base_mean.to_string(),
        },
        "year": settings.year,
        "month": settings.purpose.month(),
        "with_cases": settings.with_cases,
        "parameters": {"surplus_cap_rate": cap},
        "scenarios": scenarios,
        "inputs": inputs,
    })
}

/// A run read back, its digests checked.
#[derive(Debug)]
pub struct Run {
    /// Its folder.
    pub path: PathBuf,
    /// The manifest.
    pub manifest: Value,
    /// Its tables by name.
    pub tables: BTreeMap<String, Table>,
}

/// Reads a run and refuses it if a file is not what the manifest says.
///
/// # Errors
/// [`RunError`].
pub fn read(path: &Path) -> Result<Run, RunError> {
    let manifest = read_manifest(path)?;
    let changed = changed_files(path, &manifest);
    if !changed.is_empty() {
        return Err(RunError::Changed { path: path.to_owned(), files: changed });
    }
    let mut tables = BTreeMap::new();
    for name in outputs(&manifest) {
        let table = read_table(&path.join(&name))?;
        tables.insert(table.name.clone(), table);
    }
    Ok(Run { path: path.to_owned(), manifest, tables })
}

/// Whether a folder holds a run.
#[must_use]
pub fn is_run(path: &Path) -> bool {
    path.join("manifest.json").is_file()
}

fn read_manifest(path: &Path) -> Result<Value, RunError> {
    let not_a_run = || RunError::NotARun { path: path.to_owned() };
    let text = fs::read_to_string(path.join("manifest.json")).map_err(|_| not_a_run())?;
    serde_json::from_str(&text).map_err(|_| not_a_run())
}

fn outputs(manifest: &Value) -> Vec<String> {
    manifest["outputs"].as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

fn changed_files(path: &Path, manifest: &Value) -> Vec<String> {
    let is_own = manifest["id"].as_str() == Some(&id_of(manifest));
    let own = (!is_own).then(|| "manifest.json".to_owned());
    own.into_iter()
        .chain(outputs(manifest).into_iter().filter(|name| {
            let stated = manifest["outputs"][name]["sha256"].as_str().unwrap_or_default();
            let found = fs::read(path.join(name)).map(|bytes| hex(&Sha256::digest(&bytes)));
            found.map_or(true, |found| found != stated)
        }))
        .collect()
}
