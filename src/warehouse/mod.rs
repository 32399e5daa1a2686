//! The only module that names the engine.

pub mod contract;
