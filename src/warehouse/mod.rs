//! The only module that names the engine: tables, sessions, SQL models.

pub mod contract;
pub mod engine;
pub mod error;
pub mod models;

pub use error::Error;

pub(crate) use datafusion::arrow;
