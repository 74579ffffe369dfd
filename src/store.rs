//! What outlives a run: the baseline, the alerts and the names that DNS gave, in one SQLite file.
//!
//! Write-ahead log, one transaction for each save: whatever kills the program, the file holds the state
//! of some save. A file that cannot be read is kept aside, never deleted.

pub mod alerts;
pub mod baseline;
pub mod files;
pub mod names;
pub mod schema;
pub mod value;
pub mod writer;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::baseline::Changes;
use crate::model::{Alert, Application, Asker, Health, Label, Resolution, Timestamp};

pub use writer::StoreWriter;

/// Name of the file within the state directory.
pub const FILE: &str = "egret.db";
/// How long to wait for another egret that writes at the same moment.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the state was not read or not written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {source}", path = path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// The directory or the file can be written by others: what is usual could be anybody's invention.
    #[error("{path} can be written by others (mode {mode:04o}); chmod go-w it", path = path.display())]
    Writable { path: PathBuf, mode: u32 },
    #[error("{what}: {source}")]
    Sql { what: &'static str, source: rusqlite::Error },
    /// The file is no database, damaged, or of a newer version.
    #[error("{0}")]
    Unreadable(String),
}

impl StoreError {
    /// One line for the screen.
    pub fn health(&self, about: &Path) -> Health {
        let what = match self {
            Self::Sql { source, .. } => match source.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => {
                    "the disk is full: what is learnt stays in memory until there is room".into()
                }
                Some(ErrorCode::ReadOnly) => "cannot be written: what is learnt stays in memory".into(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    "another program holds it: what is learnt stays in memory until it lets go".into()
                }
                _ => format!("{self}: what is learnt stays in memory"),
            },
            _ => format!("{self}: what is learnt stays in memory"),
        };
        Health { part: "store", about: Label::new(&about.to_string_lossy()), what: Label::new(&what) }
    }
}

/// A step that failed, in words.
fn sql(what: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |source| StoreError::Sql { what, source }
}

/// Words that must outlive their file: ids that this version of the program knows.
#[derive(Clone, Copy)]
pub struct Words {
    /// The id of a detector, if there is such a one.
    pub detector: fn(&str) -> Option<&'static str>,
    /// The application of that id, if there is such a one.
    pub application: fn(&str) -> Option<Application>,
}

/// What a run begins with.
#[derive(Debug, Default)]
pub struct Loaded {
    pub baseline: Changes,
    pub alerts: Vec<Alert>,
    pub names: Vec<Resolution>,
    /// Rows that this version cannot read. They stay in the file.
    pub unread: u64,
    /// Where a file that could not be read was put, and why.
    pub kept_aside: Option<Health>,
}

/// What is to be saved. Two batches can be put together, the newer one last.
#[derive(Debug, Default)]
pub struct Batch {
    pub baseline: Changes,
    /// By id and beginning: two programs that share a directory may give out the same id.
    pub alerts: HashMap<(u64, Timestamp), Arc<Alert>>,
    /// What DNS answered, by asker, address and name.
    pub names: HashMap<(Asker, IpAddr, Label), Resolution>,
}

impl Batch {
    pub fn new(baseline: Changes, alerts: Vec<Arc<Alert>>) -> Self {
        let alerts = alerts.into_iter().map(|alert| ((alert.id, alert.first), alert)).collect();
        Self { baseline, alerts, names: HashMap::new() }
    }

    /// The same with what DNS answered.
    #[must_use]
    pub fn with_names(mut self, names: Vec<Resolution>) -> Self {
        self.names = names.into_iter().map(|one| ((one.asker, one.ip, one.name.clone()), one)).collect();
        self
    }

    pub fn is_empty(&self) -> bool {
        self.baseline.is_empty() && self.alerts.is_empty() && self.names.is_empty()
    }

    /// Adds what is newer.
    pub fn merge(&mut self, newer: Self) {
        self.baseline.merge(newer.baseline);
        self.alerts.extend(newer.alerts);
        self.names.extend(newer.names);
    }
}

/// An open state file.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the state of a directory, made if it is not there, and reads all of it.
    pub fn open(directory: &Path, words: &Words) -> Result<(Self, Loaded), StoreError> {
        let path = files::prepare(directory)?;
        match Self::read(&path, words) {
            Err(StoreError::Unreadable(why)) => {
                let aside = files::keep_aside(&path)?;
                let what = format!("{why}; it is kept as {} and a new one was begun", aside.display());
                files::prepare(directory)?;
                let (store, mut loaded) = Self::read(&path, words)?;
                loaded.kept_aside =
                    Some(Health { part: "store", about: Label::new(&path.to_string_lossy()), what: Label::new(&what) });
                Ok((store, loaded))
            }
            other => other,
        }
    }

    /// Puts the state of a directory aside, so that the next run begins anew; `None` if there is none.
    pub fn set_aside(directory: &Path) -> Result<Option<PathBuf>, StoreError> {
        let path = directory.join(FILE);
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        files::keep_aside(&path).map(Some)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read(path: &Path, words: &Words) -> Result<(Self, Loaded), StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(path, flags).map_err(sql("cannot open the state file"))?;
        let mut store = Self { connection, path: path.to_owned() };
        store.set_up().map_err(unreadable_if_damaged)?;
        let loaded = store.load(words).map_err(unreadable_if_damaged)?;
        Ok((store, loaded))
    }

    fn set_up(&mut self) -> Result<(), StoreError> {
        let set = sql("cannot set up the state file");
        let connection = &mut self.connection;
        connection.busy_timeout(PATIENCE).map_err(set)?;
        schema::check(connection)?;
        let mode: String = connection
            .query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))
            .map_err(sql("cannot switch on the write-ahead log"))?;
        if mode != "wal" {
            return Err(StoreError::Unreadable(format!("the state file stays in journal mode {mode}")));
        }
        connection
            .execute_batch("PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=16777216; PRAGMA cache_size=-512;")
            .map_err(sql("cannot set up the state file"))?;
        schema::migrate(connection)
    }

    fn load(&self, words: &Words) -> Result<Loaded, StoreError> {
        let (rows, unread) = baseline::load(&self.connection)?;
        let (alerts, unread_alerts) = alerts::load(&self.connection, words)?;
        let (names, unread_names) = names::load(&self.connection)?;
        let unread = unread + unread_alerts + unread_names;
        Ok(Loaded { baseline: rows, alerts, names, unread, kept_aside: None })
    }

    /// Writes a batch, all of it or nothing.
    pub fn save(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql("cannot begin to save"))?;
        baseline::save(&transaction, &batch.baseline)?;
        alerts::save(&transaction, batch.alerts.values())?;
        names::save(&transaction, batch.names.values())?;
        transaction.commit().map_err(sql("cannot save"))
    }
}

fn unreadable_if_damaged(error: StoreError) -> StoreError {
    let StoreError::Sql { source, .. } = &error else { return error };
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Unreadable("the state file is no database".into()),
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Unreadable(format!("the state file is damaged ({source})")),
        // A column that is missing or of another kind: SQLITE_ERROR, or a value that does not convert.
        Some(ErrorCode::Unknown) | None => {
            StoreError::Unreadable(format!("the state file is not as it should be ({source})"))
        }
        _ => error,
    }
}
