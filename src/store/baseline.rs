//! The rows of the baseline.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::baseline::saved::Columns;
use crate::baseline::volume::Volume;
use crate::baseline::{Changes, Known, Record, SavedKey};

use super::value::{from_count, from_micros, to_count, to_micros};
use super::{StoreError, sql};

const LOAD: &str = "SELECT kind, ledger, owner, place, protocol, port, word, first_us, last_us, days, times, learned, \
                    alias, bytes_out, bytes_in, opened, applications, volume FROM baseline";
const SAVE: &str = "INSERT OR REPLACE INTO baseline (kind, ledger, owner, place, protocol, port, word, first_us, last_us, \
                    days, times, learned, alias, bytes_out, bytes_in, opened, applications, volume) \
                    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
const FORGET: &str = "DELETE FROM baseline WHERE kind=? AND ledger=? AND owner=? AND place=? AND protocol=? AND port=? \
                      AND word=?";
const OBSERVED: &str = "observed_us";

/// Everything that was saved, and how many rows this version cannot read.
pub fn load(connection: &Connection) -> Result<(Changes, u64), StoreError> {
    let failed = || sql("cannot read the baseline");
    let mut changes = Changes::default();
    let mut unread = 0;
    let mut statement = connection.prepare(LOAD).map_err(failed())?;
    let mut rows = statement.query([]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        match read(row).map_err(failed())? {
            Some((key, record)) => {
                changes.rows.insert(key, Some(record));
            }
            None => unread += 1,
        }
    }
    let observed: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE key=?", [OBSERVED], |row| row.get(0))
        .optional()
        .map_err(failed())?;
    changes.observed = observed.map(|micros| Duration::from_micros(from_count(micros)));
    Ok((changes, unread))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<(SavedKey, Record)>> {
    let (Ok(protocol), Ok(port)) = (u8::try_from(row.get::<_, i64>(4)?), u16::try_from(row.get::<_, i64>(5)?)) else {
        return Ok(None);
    };
    let columns = Columns {
        kind: row.get(0)?,
        ledger: row.get(1)?,
        owner: row.get(2)?,
        place: row.get(3)?,
        protocol,
        port,
        word: row.get(6)?,
    };
    let Some(key) = SavedKey::from_columns(&columns) else { return Ok(None) };
    let volume: String = row.get(17)?;
    let volume = if volume.is_empty() {
        None
    } else {
        let Some(volume) = Volume::from_text(&volume) else { return Ok(None) };
        Some(Box::new(volume))
    };
    let known = Known {
        first: from_micros(row.get(7)?),
        last: from_micros(row.get(8)?),
        days: u32::try_from(row.get::<_, i64>(9)?).unwrap_or(u32::MAX),
        times: from_count(row.get(10)?),
        learned: row.get::<_, i64>(11)? != 0,
    };
    let record = Record {
        known,
        alias: row.get::<_, i64>(12)? != 0,
        bytes_out: from_count(row.get(13)?),
        bytes_in: from_count(row.get(14)?),
        opened: from_count(row.get(15)?),
        applications: Record::applications_from(&row.get::<_, String>(16)?),
        volume,
    };
    Ok(Some((key, record)))
}

/// Writes changes, within a transaction of the caller.
pub fn save(connection: &Connection, changes: &Changes) -> Result<(), StoreError> {
    let failed = || sql("cannot save the baseline");
    let mut put = connection.prepare_cached(SAVE).map_err(failed())?;
    let mut forget = connection.prepare_cached(FORGET).map_err(failed())?;
    for (key, record) in &changes.rows {
        let Columns { kind, ledger, owner, place, protocol, port, word } = key.columns();
        match record {
            None => forget.execute(params![kind, ledger, owner, place, protocol, port, word]),
            Some(record) => put.execute(params![
                kind,
                ledger,
                owner,
                place,
                protocol,
                port,
                word,
                to_micros(record.known.first),
                to_micros(record.known.last),
                record.known.days,
                to_count(record.known.times),
                record.known.learned,
                record.alias,
                to_count(record.bytes_out),
                to_count(record.bytes_in),
                to_count(record.opened),
                record.applications_text(),
                record.volume.as_ref().map_or_else(String::new, |volume| volume.to_text()),
            ]),
        }
        .map_err(failed())?;
    }
    if let Some(observed) = changes.observed {
        let micros = to_count(u64::try_from(observed.as_micros()).unwrap_or(u64::MAX));
        connection
            .execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", params![OBSERVED, micros])
            .map_err(failed())?;
    }
    Ok(())
}
