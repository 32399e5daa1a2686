//! The catalog artefact: read, write, diff, verify.

pub mod model;
