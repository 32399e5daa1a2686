//! The few Delta operations a warehouse needs: make a table, read its files at a version, commit.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::UNIX_EPOCH;

use deltalake_core::kernel::transaction::CommitBuilder;
use deltalake_core::kernel::transaction::CommitProperties;
use deltalake_core::kernel::{Action, Add, DataType, PrimitiveType, Remove, StructField};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaResult, DeltaTable, DeltaTableBuilder, DeltaTableError};
use url::Url;

use super::error::Error;
use crate::warehouse::contract::{Place, TableContract, Type};
use crate::warehouse::relation::{ROW_DIGEST, partition_columns};

/// Commits between two checkpoints are left to the library; old log entries are kept for good,
/// because catalogs name the versions they were built from.
const KEEP_LOG: Option<bool> = Some(false);

/// A file that a commit adds to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewFile {
    /// Path inside the folder of the table, with `/`.
    pub(super) path: String,
    /// Year and bucket of a partitioned table.
    pub(super) partition: Option<(i32, i32)>,
    /// Rows in the file.
    pub(super) rows: u64,
    /// Least and greatest value of the first sort column, where it is text.
    pub(super) bounds: Option<(String, String, String)>,
}

/// A file of a table as its log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogFile {
    pub(super) path: String,
    pub(super) partition: BTreeMap<String, Option<String>>,
    pub(super) rows: Option<u64>,
    pub(super) bytes: u64,
}

/// An opened table.
pub(super) struct Opened {
    pub(super) version: u64,
    pub(super) files: Vec<LogFile>,
    /// Names and types of its columns, as the log has them.
    columns: BTreeMap<String, DataType>,
}

fn data_type(kind: Type) -> DataType {
    match kind {
        Type::Text | Type::Person => DataType::STRING,
        Type::Yuan => decimal(2),
        Type::Number => decimal(6),
        Type::Whole => DataType::LONG,
        Type::Time => DataType::TIMESTAMP_NTZ,
    }
}

#[expect(clippy::expect_used, reason = "18 digits with 2 or 6 places are a valid decimal type")]
fn decimal(scale: u8) -> DataType {
    DataType::Primitive(PrimitiveType::decimal(18, scale).expect("a valid decimal type"))
}

/// Whether a folder holds a table: a log folder without any commit is none yet.
pub(super) fn exists(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder.join("_delta_log")) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.ends_with(".json") && name.starts_with(|first: char| first.is_ascii_digit())
    })
}

fn builder(folder: &Path) -> DeltaResult<DeltaTableBuilder> {
    let folder = std::path::absolute(folder)?;
    let url = Url::from_directory_path(&folder)
        .map_err(|()| DeltaTableError::InvalidTableLocation(folder.display().to_string()))?;
    DeltaTableBuilder::from_url(url)
}

/// Makes the table of a contract unless it is there.
pub(super) async fn create(folder: &Path, contract: &TableContract) -> Result<(), Error> {
    if exists(folder) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(|err| Error::write(folder, err))?;
    let partitions = partition_columns(contract.place);
    let mut columns: Vec<StructField> = contract
        .columns
        .iter()
        .map(|column| StructField::nullable(column.name, data_type(column.kind)))
        .collect();
    if contract.place != Place::Dimension {
        columns.push(StructField::nullable(ROW_DIGEST, DataType::LONG));
    }
    columns.extend(partitions.iter().map(|name| StructField::nullable(*name, DataType::INTEGER)));
    let made = async {
        CreateBuilder::new()
            .with_log_store(builder(folder)?.build()?.log_store())
            .with_table_name(contract.name)
            .with_columns(columns)
            .with_partition_columns(partitions.iter().copied())
            .with_save_mode(SaveMode::Ignore)
            .await
    };
    made.await.map(drop).map_err(|err| Error::table("create", contract.name, folder, &err))
}

async fn load(folder: &Path, version: Option<u64>) -> DeltaResult<DeltaTable> {
    let builder = builder(folder)?;
    match version {
        Some(version) => builder.with_version(version).load().await,
        None => builder.load().await,
    }
}

/// Opens a table at a version, or at its newest.
pub(super) async fn open(folder: &Path, name: &str, version: Option<u64>) -> Result<Opened, Error> {
    let opened = async {
        let table = load(folder, version).await?;
        let state = table.snapshot()?;
        let mut files: Vec<LogFile> = state
            .log_data()
            .iter()
            .map(|file| LogFile {
                path: file.path().into_owned(),
                partition: file.partition_values_map().into_iter().collect(),
                rows: file.num_records().and_then(|rows| u64::try_from(rows).ok()),
                bytes: u64::try_from(file.size()).unwrap_or(0),
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let columns = state
            .schema()
            .fields()
            .map(|field| (field.name().clone(), field.data_type().clone()))
            .collect();
        Ok(Opened { version: state.version(), files, columns })
    };
    opened.await.map_err(|err| Error::table("open", name, folder, &err))
}

impl Opened {
    /// Whether the table has the columns of its contract.
    pub(super) fn check(&self, contract: &TableContract) -> Result<(), Error> {
        let missing = contract
            .columns
            .iter()
            .find(|column| self.columns.get(column.name) != Some(&data_type(column.kind)));
        match missing {
            None => Ok(()),
            Some(column) => Err(Error::Columns {
                table: contract.name.to_owned(),
                column: column.name.to_owned(),
            }),
        }
    }
}

fn partition_values(partition: Option<(i32, i32)>) -> HashMap<String, Option<String>> {
    partition
        .map(|(year, bucket)| {
            HashMap::from([
                ("year".to_owned(), Some(year.to_string())),
                ("bucket".to_owned(), Some(bucket.to_string())),
            ])
        })
        .unwrap_or_default()
}

fn stats(file: &NewFile) -> String {
    let mut stats = serde_json::json!({ "numRecords": file.rows });
    if let Some((column, least, greatest)) = &file.bounds {
        stats["minValues"] = serde_json::json!({ column.as_str(): least });
        stats["maxValues"] = serde_json::json!({ column.as_str(): greatest });
    }
    stats.to_string()
}

fn add(folder: &Path, file: &NewFile) -> Result<Action, Error> {
    let path = folder.join(&file.path);
    let meta = std::fs::metadata(&path).map_err(|err| Error::read(&path, err))?;
    let modified = meta
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0);
    Ok(Action::Add(Add {
        path: file.path.clone(),
        partition_values: partition_values(file.partition),
        size: i64::try_from(meta.len()).unwrap_or(i64::MAX),
        modification_time: modified,
        data_change: true,
        stats: Some(stats(file)),
        ..Add::default()
    }))
}

/// Adds files to a table in one commit; gives its new version.
pub(super) async fn append(
    folder: &Path,
    contract: &TableContract,
    files: &[NewFile],
) -> Result<u64, Error> {
    let actions = files.iter().map(|file| add(folder, file)).collect::<Result<Vec<_>, _>>()?;
    let partitions = partition_columns(contract.place);
    let operation = DeltaOperation::Write {
        mode: SaveMode::Append,
        partition_by: Some(partitions.iter().map(|name| (*name).to_owned()).collect()),
        predicate: None,
    };
    commit(folder, actions, operation)
        .await
        .map_err(|err| Error::table("commit to", contract.name, folder, &err))
}

/// Takes files out of a table in one commit.
pub(super) async fn remove(folder: &Path, name: &str, files: &[LogFile]) -> Result<u64, Error> {
    let actions = files
        .iter()
        .map(|file| {
            Action::Remove(Remove {
                path: file.path.clone(),
                data_change: true,
                extended_file_metadata: Some(true),
                partition_values: Some(file.partition.clone().into_iter().collect()),
                size: i64::try_from(file.bytes).ok(),
                ..Remove::default()
            })
        })
        .collect();
    let operation = DeltaOperation::Delete { predicate: None };
    commit(folder, actions, operation)
        .await
        .map_err(|err| Error::table("commit to", name, folder, &err))
}

async fn commit(
    folder: &Path,
    actions: Vec<Action>,
    operation: DeltaOperation,
) -> DeltaResult<u64> {
    let table = load(folder, None).await?;
    let properties = CommitProperties::default().with_cleanup_expired_logs(KEEP_LOG);
    let done = CommitBuilder::from(properties)
        .with_actions(actions)
        .build(Some(table.snapshot()?), table.log_store(), operation)
        .await?;
    Ok(done.version())
}
