//! Personal ids are replaced at the door: a keyed hash, the same for the same person and key.
//!
//! `HMAC-SHA-256(key, id)`, its first 16 bytes in hex. The key lies in a file of its own outside
//! the warehouse, so that a copy of the warehouse alone names nobody.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::error::Error;
use crate::units::hex;
use crate::warehouse::store::Leaf;

const KEY_BYTES: usize = 32;
/// Ids kept at hand; sorted exports repeat an id within a few rows.
const REMEMBERED: usize = 1 << 18;
/// What is hashed to tell one key from another.
const CHECK_TEXT: &[u8] = b"dianshu key check";

/// The secret behind the pseudonyms of one warehouse.
#[derive(Clone)]
pub(crate) struct Key {
    hmac: Hmac<Sha256>,
    bytes: [u8; KEY_BYTES],
    path: PathBuf,
    new: bool,
}

/// `warehouse.key` beside the folder `warehouse`.
pub(crate) fn default_key_path(warehouse: &Path) -> PathBuf {
    let absolute = std::path::absolute(warehouse).unwrap_or_else(|_| warehouse.to_owned());
    let name = absolute.file_name().unwrap_or_default().to_string_lossy().into_owned();
    absolute.with_file_name(format!("{name}.key"))
}

impl Key {
    /// The key in a file; a new one if the file is missing and `check` says that none is in use
    /// yet.
    pub(crate) fn find(path: &Path, check: Option<&str>) -> Result<Self, Error> {
        let key = match std::fs::read_to_string(path) {
            Ok(text) => Self::from_text(path, &text)?,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => {
                if check.is_some() {
                    return Err(Error::KeyMissing { path: path.to_owned() });
                }
                let mut bytes = [0; KEY_BYTES];
                getrandom::fill(&mut bytes)
                    .map_err(|err| Error::NoRandom { source: Leaf(err.to_string()) })?;
                Self::from_bytes(path, bytes, true)
            }
            Err(source) => return Err(Error::Read { path: path.to_owned(), source }),
        };
        match check {
            Some(check) if check != key.check() => Err(Error::KeyDiffers { path: path.to_owned() }),
            _ => Ok(key),
        }
    }

    fn from_text(path: &Path, text: &str) -> Result<Self, Error> {
        let malformed = || Error::KeyMalformed { path: path.to_owned() };
        let digits = text.trim();
        if digits.len() != 2 * KEY_BYTES || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(malformed());
        }
        let mut bytes = [0; KEY_BYTES];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| malformed())?;
        }
        Ok(Self::from_bytes(path, bytes, false))
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn from_bytes(path: &Path, bytes: [u8; KEY_BYTES], new: bool) -> Self {
        let hmac = Hmac::<Sha256>::new_from_slice(&bytes).expect("a key of 32 bytes");
        Self { hmac, bytes, path: path.to_owned(), new }
    }

    /// Tells this key from others without giving it away.
    pub(crate) fn check(&self) -> String {
        hex(&self.digest(CHECK_TEXT))
    }

    fn digest(&self, value: &[u8]) -> [u8; 16] {
        let mut hmac = self.hmac.clone();
        hmac.update(value);
        let full = hmac.finalize().into_bytes();
        let mut half = [0; 16];
        half.copy_from_slice(&full[..16]);
        half
    }

    /// Where the key lies, if it was made by this load and has to be written.
    pub(crate) fn new_path(&self) -> Option<&Path> {
        self.new.then_some(self.path.as_path())
    }

    /// Writes a new key, readable by its owner alone; an old one is left as it is.
    pub(crate) fn save(&self) -> Result<(), Error> {
        if !self.new {
            return Ok(());
        }
        let failed = |source| Error::KeyWrite { path: self.path.clone(), source };
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path).map_err(failed)?;
        writeln!(file, "{}", hex(&self.bytes)).map_err(failed)
    }
}

impl Key {
    /// Takes a new key away again, because the load that made it failed.
    pub(crate) fn forget(&self) {
        if self.new {
            // A key that stays is used by the next load.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Gives pseudonyms; one for each thread.
pub(crate) struct Pseudonyms {
    key: Key,
    known: HashMap<String, String>,
}

impl Pseudonyms {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, known: HashMap::new() }
    }

    /// The pseudonym of an id: 32 hex digits.
    pub(crate) fn of(&mut self, id: &str) -> &str {
        if !self.known.contains_key(id) {
            if self.known.len() >= REMEMBERED {
                self.known.clear();
            }
            self.known.insert(id.to_owned(), hex(&self.key.digest(id.as_bytes())));
        }
        self.known.get(id).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Pseudonyms, default_key_path};
    use crate::intake::Error;
    use std::path::Path;

    // shows: E30
    #[test]
    fn a_pseudonym_is_the_standard_hmac_of_the_id() {
        // RFC 4231, test case 1, has a 20-byte key; a key padded with zero bytes to 32 is the same
        // key, because HMAC itself pads with zeros to its block of 64.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        std::fs::write(&path, format!("{}{}\n", "0b".repeat(20), "00".repeat(12))).unwrap();
        let mut pseudonyms = Pseudonyms::new(Key::find(&path, None).unwrap());
        assert_eq!(pseudonyms.of("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b");
        assert_eq!(pseudonyms.of("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b");
    }

    #[test]
    fn a_key_is_made_once_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.key");
        let first = Key::find(&path, None).unwrap();
        assert_eq!(first.new_path(), Some(path.as_path()));
        first.save().unwrap();
        let again = Key::find(&path, Some(&first.check())).unwrap();
        assert_eq!((again.new_path(), again.check()), (None, first.check()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::remove_file(&path).unwrap();
        let gone = Key::find(&path, Some(&first.check()));
        assert!(matches!(gone, Err(Error::KeyMissing { .. })));
        Key::find(&path, None).unwrap().save().unwrap();
        let other = Key::find(&path, Some(&first.check()));
        assert!(matches!(other, Err(Error::KeyDiffers { .. })));
        std::fs::write(&path, "secret").unwrap();
        assert!(matches!(Key::find(&path, None), Err(Error::KeyMalformed { .. })));
    }

    #[test]
    fn the_key_lies_beside_the_warehouse() {
        assert_eq!(default_key_path(Path::new("/data/city/")), Path::new("/data/city.key"));
    }
}
