//! SHA-256 and SM3 of bytes, as hex.

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::units::hex;

/// Both digests of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Digests {
    pub(super) sha256: String,
    pub(super) sm3: String,
}

impl Digests {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { sha256: hex(&sha2::Sha256::digest(bytes)), sm3: hex(&sm3::Sm3::digest(bytes)) }
    }
}
