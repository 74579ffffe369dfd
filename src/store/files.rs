//! The state directory: made private, checked, and what is unreadable in it put aside.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{FILE, StoreError};

/// Files that SQLite keeps beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];
/// The most unreadable files kept; above it the state is left as it is and reported.
const ASIDE: u32 = 1_000;

/// Makes the directory and an empty private file where they are missing, and refuses what others can write.
pub fn prepare(directory: &Path) -> Result<PathBuf, StoreError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Io { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io(directory))?;
    // SQLite refuses links anywhere in the path when told to follow none; links above the file are fine.
    let directory = fs::canonicalize(directory).map_err(io(directory))?;
    check(&directory, &fs::metadata(&directory).map_err(io(&directory))?, 0o1000)?;
    let path = directory.join(FILE);
    // Made here and not by SQLite, which would let everybody read who talked to whom.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let meta = fs::symlink_metadata(&path).map_err(io(&path))?;
            if !meta.is_file() {
                let source = io::Error::new(io::ErrorKind::InvalidInput, "is not a plain file; move it away");
                return Err(StoreError::Io { path, source });
            }
            check(&path, &meta, 0)?;
        }
        Err(error) => return Err(io(&path)(error)),
    }
    Ok(path)
}

fn check(path: &Path, meta: &fs::Metadata, unless: u32) -> Result<(), StoreError> {
    if meta.mode() & 0o022 != 0 && (unless == 0 || meta.mode() & unless == 0) {
        return Err(StoreError::Writable { path: path.to_owned(), mode: meta.mode() & 0o7777 });
    }
    Ok(())
}

/// Renames a file and what belongs to it to the first free `.unreadable-N`.
pub fn keep_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let free =
        (1..=ASIDE).map(|n| with(&format!(".unreadable-{n}"))).find(|aside| fs::symlink_metadata(aside).is_err());
    let Some(aside) = free else {
        return Err(StoreError::Unreadable(format!("{ASIDE} unreadable files beside {} already", path.display())));
    };
    for suffix in BESIDE {
        let mut to = aside.as_os_str().to_owned();
        to.push(suffix);
        match fs::rename(with(suffix), PathBuf::from(to)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Io { path: with(suffix), source });
            }
            _ => {}
        }
    }
    fs::rename(path, &aside).map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
    Ok(aside)
}
