//! `catalog.toml`: identity, sources, digests of the other files, and the digest of itself.

use std::collections::BTreeMap;
use std::path::Path;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::digest::Digests;
use super::error::Error;
use super::tables::Shape;

/// Name of the file.
pub(super) const NAME: &str = "catalog.toml";

/// Layout of the folder; another number is not read.
const FORMAT: u32 = 2;

const HEAD: &str =
    "# A point catalog and what it was computed from. Changes are noticed; build it anew.\n\n";
const TAIL: &str = "\n[digest]\n";

/// How far a catalog has come (E19). Only a draft can be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As built.
    Draft,
    /// Shown to every institution: what it would move is kept in table `impact`.
    Trial,
    /// Accepted by two reviewers.
    Reviewed,
    /// In force for its year.
    Published,
}

impl State {
    /// The word in `catalog.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Trial => "trial",
            Self::Reviewed => "reviewed",
            Self::Published => "published",
        }
    }
}

/// Everything above the last section. Decimals and dates are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) system: String,
    pub(super) title: String,
    pub(super) document: String,
    pub(super) state: State,
    pub(super) valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) valid_to: Option<String>,
    pub(super) years: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scale: Option<String>,
    pub(super) base_mean: String,
    /// Empty text for a year without a mean.
    pub(super) year_base_means: Vec<String>,
    pub(super) places: u32,
    /// Digest of every other file of the folder.
    pub(super) file: BTreeMap<String, Digests>,
    /// Content of the warehouse tables read.
    #[serde(default)]
    pub(super) source: BTreeMap<String, Source>,
    /// Types of the further tables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) table: BTreeMap<String, Shape>,
}

/// One warehouse table as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) rows: u64,
    /// Order-free digest in hex.
    pub(super) content: String,
}

impl Manifest {
    pub(super) fn format() -> u32 {
        FORMAT
    }

    /// The file, with the digest of its own text at the end.
    pub(super) fn render(&self) -> Result<String, toml::ser::Error> {
        let mut text = format!("{HEAD}{}", toml::to_string(self)?);
        let own = Digests::of(text.as_bytes());
        text.push_str(TAIL);
        text.push_str(&toml::to_string(&own)?);
        Ok(text)
    }

    /// Reads the file; the second is whether its text is as it was written.
    pub(super) fn parse(path: &Path, text: &str) -> Result<(Self, bool), Error> {
        let wrong = |source| Error::Manifest { path: path.to_owned(), source: Box::new(source) };
        // Without its last section the file is still understood, but not intact.
        let (body, tail) = text.rsplit_once(TAIL).unwrap_or((text, ""));
        let manifest: Self = toml::from_str(body).map_err(wrong)?;
        let own = toml::to_string(&Digests::of(body.as_bytes())).unwrap_or_default();
        let value = |key, value: String, allowed| {
            let path = path.to_owned();
            Err(Error::ManifestValue { path, key, value, allowed })
        };
        if manifest.format != FORMAT {
            return value("format", manifest.format.to_string(), "2");
        }
        if manifest.places > crate::units::Points::PLACES {
            return value("places", manifest.places.to_string(), "0 to 6");
        }
        if manifest.year_base_means.len() != manifest.years.len() {
            let means = manifest.year_base_means.join(", ");
            return value("year_base_means", means, "one value for each of `years`");
        }
        let intact = !tail.is_empty() && tail == own;
        Ok((manifest, intact))
    }

    /// Digest of the whole catalog: SHA-256 of everything above the last section, which lists the
    /// digests of all other files.
    pub(super) fn digest(text: &str) -> String {
        let body = text.rsplit_once(TAIL).map_or(text, |(body, _)| body);
        Digests::of(body.as_bytes()).sha256
    }

    /// A decimal written as text.
    pub(super) fn decimal(path: &Path, key: &'static str, text: &str) -> Result<Decimal, Error> {
        Decimal::from_str_exact(text).map_err(|_| Error::ManifestValue {
            path: path.to_owned(),
            key,
            value: text.to_owned(),
            allowed: "a decimal as text",
        })
    }
}
