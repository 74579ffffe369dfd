//! The tables, and how older files become what this version reads.

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, sql};

/// `egrt`: tells an egret file from other databases (SQLite: `PRAGMA application_id`).
const APPLICATION: i64 = 0x6567_7274;

/// Each step leads from the version of its index to the next. Steps that were released never change.
const STEPS: &[&str] = &[
    "
CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE baseline (
    kind TEXT NOT NULL,
    ledger TEXT NOT NULL,
    owner TEXT NOT NULL,
    place TEXT NOT NULL,
    protocol INTEGER NOT NULL,
    port INTEGER NOT NULL,
    word TEXT NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    days INTEGER NOT NULL,
    times INTEGER NOT NULL,
    learned INTEGER NOT NULL,
    alias INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    applications TEXT NOT NULL,
    volume TEXT NOT NULL,
    PRIMARY KEY (kind, ledger, owner, place, protocol, port, word)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
    id INTEGER NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    count INTEGER NOT NULL,
    state TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    detector TEXT NOT NULL,
    severity TEXT NOT NULL,
    score INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    host TEXT NOT NULL,
    remote TEXT NOT NULL,
    port INTEGER NOT NULL,
    protocol INTEGER NOT NULL,
    name TEXT NOT NULL,
    application TEXT NOT NULL,
    flow TEXT NOT NULL,
    observed TEXT NOT NULL,
    expected TEXT NOT NULL,
    basis TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (id, first_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_last ON alerts (last_us);
",
    "
CREATE TABLE names (
    asker TEXT NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    fresh_us INTEGER NOT NULL,
    PRIMARY KEY (asker, address, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX names_at ON names (at_us);
",
];

fn number(connection: &Connection, pragma: &str) -> Result<i64, StoreError> {
    connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).map_err(sql("cannot read the state file"))
}

/// Whether this is a sound file of ours that this version can read, or an empty one.
pub fn check(connection: &Connection) -> Result<(), StoreError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(sql("cannot read the state file"))?;
    if found != "ok" {
        return Err(StoreError::Unreadable(format!("the state file is damaged ({found})")));
    }
    let (application, version) = (number(connection, "application_id")?, number(connection, "user_version")?);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql("cannot read the state file"))?;
    if application != APPLICATION && (application != 0 || version != 0 || tables != 0) {
        return Err(StoreError::Unreadable("the state file belongs to another program".into()));
    }
    if usize::try_from(version).map_or(true, |version| version > STEPS.len()) {
        return Err(StoreError::Unreadable(format!(
            "the state file is of version {version}, made by a newer egret; this one reads {}",
            STEPS.len()
        )));
    }
    Ok(())
}

/// Brings the file to the present version, each step in a transaction of its own.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let failed = || sql("cannot bring the state file up to date");
    for (version, step) in (0i64..).zip(STEPS) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
        // Asked within the transaction: another egret may be doing the same.
        if number(&transaction, "user_version")? == version {
            transaction.execute_batch(step).map_err(failed())?;
            transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed())?;
            transaction.pragma_update(None, "user_version", version + 1).map_err(failed())?;
        }
        transaction.commit().map_err(failed())?;
    }
    Ok(())
}
