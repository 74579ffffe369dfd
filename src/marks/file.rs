//! `known-good.toml` on disk: trusted or refused, changed in one step, never overwritten unread.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::model::{Label, Mark, Timestamp};

use super::{Change, journal, text};

/// The most bytes read. Ten thousand marks are about 2 MB.
const LONGEST: u64 = 8 << 20;

/// Whose files are believed: root's always, and those of these users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    pub uids: Vec<u32>,
}

impl Trust {
    fn is_given(&self, uid: u32) -> bool {
        uid == 0 || self.uids.contains(&uid)
    }
}

/// Why the file was not read or not written. It is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is a symbolic link", .0.display())]
    Link(PathBuf),
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    #[error("{path} belongs to user {uid}, who is neither you nor root", path = path.display())]
    Foreign { path: PathBuf, uid: u32 },
    #[error("{path} can be written by others (mode {mode:04o})", path = path.display())]
    Writable { path: PathBuf, mode: u32 },
    #[error("{} is longer than {LONGEST} bytes", .0.display())]
    TooLong(PathBuf),
    #[error("{path}, line {line}: {what}", path = path.display())]
    Text { path: PathBuf, line: usize, what: String },
    #[error("another program is changing {} at this moment", .0.display())]
    Busy(PathBuf),
}

impl FileError {
    /// What the operator can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Io { .. } => "the marks of this run are kept in memory only".into(),
            Self::Link(path) => format!("put the file itself at {}", path.display()),
            Self::NotAFile(path) => format!("move {} away", path.display()),
            Self::Foreign { path, .. } => format!("chown root {}", path.display()),
            Self::Writable { path, .. } => format!("chmod go-w {}", path.display()),
            Self::TooLong(_) => "remove marks that expired".into(),
            Self::Text { .. } => "correct that line; egret reads the file again when it changes".into(),
            Self::Busy(_) => "try again".into(),
        }
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Self::new("cannot use the known-good file", &error).hint(error.hint())
    }
}

/// What a file looked like when it was read. Its status changes with its mode and owner too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    len: u64,
    changed: (i64, i64),
}

/// The known-good file of this run. There is one only if the file could be read, or was not there.
#[derive(Debug)]
pub struct KnownGood {
    path: PathBuf,
    journal: PathBuf,
    trust: Trust,
    seen: Option<Stamp>,
}

/// What became of a change.
#[derive(Debug)]
pub struct Applied {
    /// Every mark that is in the file now: another program may have changed it too.
    pub marks: Vec<Mark>,
    /// The file was changed, but who did it could not be written down.
    pub unjournalled: Option<FileError>,
}

impl KnownGood {
    /// Reads the file; a missing one has no marks. The journal is `known-good.journal.jsonl` beside it.
    pub fn open(path: &Path, trust: Trust) -> Result<(Self, Vec<Mark>), FileError> {
        let mut file = Self { path: path.to_owned(), journal: path.with_extension("journal.jsonl"), trust, seen: None };
        let marks = file.read()?;
        Ok((file, marks))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it again.
    pub fn read(&mut self) -> Result<Vec<Mark>, FileError> {
        // Before reading, and even if it cannot be read: one mistake is reported once, no change is missed.
        self.seen = self.stat();
        Ok(self.parse(&self.load()?)?.1)
    }

    /// Whether it differs from what was last read or written here. Costs one `stat`.
    pub fn has_changed(&self) -> bool {
        self.stat() != self.seen
    }

    fn stat(&self) -> Option<Stamp> {
        let meta = fs::symlink_metadata(&self.path).ok()?;
        Some(Stamp { inode: meta.ino(), len: meta.len(), changed: (meta.ctime(), meta.ctime_nsec()) })
    }

    /// Writes changes: reads the file as it is now, changes that, and puts it in place in one step.
    pub fn apply(&mut self, changes: &[Change], who: &Label, at: Timestamp) -> Result<Applied, FileError> {
        self.make_folder()?;
        let mut journal = self.open_journal()?;
        let content = self.load()?;
        let (mut document, _) = self.parse(if content.is_empty() { text::HEADER } else { &content })?;
        for change in changes {
            match change {
                Change::Added(mark) => text::add(&mut document, mark),
                Change::Removed(mark) => {
                    text::remove(&mut document, &mark.id);
                }
            }
        }
        let content = document.to_string();
        let (_, marks) = self.parse(&content)?;
        self.put(&content).map_err(|source| self.io(source))?;
        self.seen = self.stat();
        let written = journal::lines(changes, who, at)
            .and_then(|lines| journal::append(&mut journal, &self.journal, &lines))
            .map_err(|source| FileError::Io { path: self.journal.clone(), source });
        Ok(Applied { marks, unjournalled: written.err() })
    }

    fn parse(&self, content: &str) -> Result<(toml_edit::DocumentMut, Vec<Mark>), FileError> {
        text::parse(content).map_err(|error| FileError::Text {
            path: self.path.clone(),
            line: error.line,
            what: error.what,
        })
    }

    fn io(&self, source: io::Error) -> FileError {
        FileError::Io { path: self.path.clone(), source }
    }

    /// The text, checked for whose it is; empty if there is no file.
    fn load(&self) -> Result<String, FileError> {
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(&self.path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Err(FileError::Link(self.path.clone())),
            Err(error) => return Err(self.io(error)),
        };
        let meta = file.metadata().map_err(|source| self.io(source))?;
        if !meta.is_file() {
            return Err(FileError::NotAFile(self.path.clone()));
        }
        self.check(&self.path, &meta)?;
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let meta = fs::metadata(folder).map_err(|source| self.io(source))?;
            // In a sticky folder such as /tmp nobody can put another file in the place of ours.
            if meta.mode() & 0o1000 == 0 {
                self.check(folder, &meta)?;
            }
        }
        if meta.len() > LONGEST {
            return Err(FileError::TooLong(self.path.clone()));
        }
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|source| self.io(source))?;
        String::from_utf8(bytes).map_err(|error| FileError::Text {
            path: self.path.clone(),
            line: error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count() + 1,
            what: "this is not UTF-8 text".into(),
        })
    }

    fn check(&self, path: &Path, meta: &fs::Metadata) -> Result<(), FileError> {
        if !self.trust.is_given(meta.uid()) {
            return Err(FileError::Foreign { path: path.to_owned(), uid: meta.uid() });
        }
        if meta.mode() & 0o022 != 0 {
            return Err(FileError::Writable { path: path.to_owned(), mode: meta.mode() & 0o7777 });
        }
        Ok(())
    }

    fn make_folder(&self) -> Result<(), FileError> {
        let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
        DirBuilder::new().recursive(true).mode(0o755).create(folder).map_err(|source| self.io(source))
    }

    /// Opens the journal and locks it: whoever holds it may change the file.
    fn open_journal(&self) -> Result<File, FileError> {
        let io = |source| FileError::Io { path: self.journal.clone(), source };
        let journal = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(&self.journal)
            .map_err(io)?;
        self.check(&self.journal, &journal.metadata().map_err(io)?)?;
        match journal.try_lock() {
            Ok(()) => Ok(journal),
            Err(TryLockError::WouldBlock) => Err(FileError::Busy(self.path.clone())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// Writes beside the file, then renames: a reader sees the old text or the new, also after a crash.
    fn put(&self, content: &str) -> io::Result<()> {
        let old = fs::symlink_metadata(&self.path).ok();
        let beside = self.path.with_extension(format!("toml.new-{}", std::process::id()));
        let written = write_new(&beside, content, old.as_ref()).and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            // The error that matters is the first one.
            let _ = fs::remove_file(&beside);
            return written;
        }
        match self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

fn write_new(path: &Path, content: &str, old: Option<&fs::Metadata>) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)?;
    file.write_all(content.as_bytes())?;
    if let Some(old) = old {
        let new = file.metadata()?;
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o755))?;
    }
    file.sync_all()
}
