//! The only module that names the engine: tables, sessions, SQL models.

pub mod contract;
pub mod digest;
pub mod expression;
pub mod parquet;
pub mod relation;
pub mod snapshot;
pub mod store;

pub(crate) use datafusion::arrow;
