//! SHA-256 and SM3 of bytes, as hex.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

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

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
