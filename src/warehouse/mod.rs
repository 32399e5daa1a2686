//! The only module that names the engine: tables, sessions, SQL models.

pub mod contract;
mod cycle;
pub mod digest;
pub mod dimension;
pub mod engine;
pub mod error;
pub mod expression;
pub mod models;
pub mod parquet;
pub mod relation;
pub mod rows;
pub mod snapshot;
pub mod store;
pub mod vocabulary;

pub use error::Error;

pub(crate) use datafusion::arrow;
pub(crate) use datafusion::parquet as parquet_crate;
