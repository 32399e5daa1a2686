//! One load at a time: an exclusive lock on a file in the warehouse, gone with its process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::error::Error;

const NAME: &str = "_lock";

/// Held by the load that may write; released when dropped or when the process ends, however it
/// ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of the warehouse in `root`, or says that another load has it.
    pub(super) fn take(root: &Path) -> Result<Self, Error> {
        let path = root.join(NAME);
        loop {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(|err| Error::write(&path, err))?;
            match file.try_lock() {
                // A load that failed in a new folder removes its lock file: one that lost its name
                // guards nothing, so take the one that has it.
                Ok(()) if same_file(&file, &path) => return Ok(Self { _file: file, path }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Busy { path: root.to_owned() });
                }
                Err(TryLockError::Error(err)) => return Err(Error::write(&path, err)),
            }
        }
    }

    /// Removes the lock file while it is still held.
    pub(super) fn forget_file(&self) {
        // The folder is being taken away; if the file stays, it is an empty one.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(named)) => held.ino() == named.ino() && held.dev() == named.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn same_file(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::{Error, Lock};

    #[test]
    fn a_second_load_is_refused_until_the_first_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(Error::Busy { .. })));
        drop(first);
        Lock::take(folder.path()).unwrap();
    }
}
