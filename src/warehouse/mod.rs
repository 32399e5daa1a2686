//! The only module that names the engine.

pub(crate) use datafusion::arrow;
pub(crate) use datafusion::parquet as parquet_crate;

pub mod contract;
