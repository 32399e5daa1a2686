//! The policy and scenario files: read, check, compose, cite.

pub mod model;
