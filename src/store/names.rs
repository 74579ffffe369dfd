//! What DNS was seen to answer, for as long as it is believed.

use std::time::Duration;

use rusqlite::{Connection, Row, params};

use crate::model::{Asker, Label, Resolution, Timestamp};

use super::value::{from_micros, to_micros};
use super::{StoreError, sql};

/// Rows that are kept: those answered last.
pub const LIMIT: i64 = 32 * 1_024;
/// Rows of answers older than this are deleted; the longest TTL that counts.
const OLDEST: Duration = Duration::from_hours(7 * 24);

const LOAD: &str = "SELECT asker, address, name, at_us, fresh_us FROM names ORDER BY at_us DESC LIMIT ?";
const SAVE: &str = "INSERT OR REPLACE INTO names (asker, address, name, at_us, fresh_us) VALUES (?,?,?,?,?)";
const FORGET: &str = "DELETE FROM names WHERE at_us < ?";
/// The moment of the last row that has room.
const LAST: &str = "SELECT at_us FROM names ORDER BY at_us DESC LIMIT 1 OFFSET ?";

/// Everything that was saved, and how many rows this version cannot read.
pub fn load(connection: &Connection) -> Result<(Vec<Resolution>, u64), StoreError> {
    let failed = || sql("cannot read the names");
    let (mut names, mut unread) = (Vec::new(), 0);
    let mut statement = connection.prepare(LOAD).map_err(failed())?;
    let mut rows = statement.query([LIMIT]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        match read(row).map_err(failed())? {
            Some(one) => names.push(one),
            None => unread += 1,
        }
    }
    Ok((names, unread))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<Resolution>> {
    let (asker, address, name): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (Some(asker), Ok(ip)) = (asker_from(&asker), address.parse()) else { return Ok(None) };
    let (at, fresh_until) = (from_micros(row.get(3)?), from_micros(row.get(4)?));
    Ok(Some(Resolution { asker, ip, name: Label::new(&name), at, fresh_until }))
}

/// Writes answers over older ones, and deletes what has no room or is too old.
pub fn save<'a>(connection: &Connection, names: impl Iterator<Item = &'a Resolution>) -> Result<(), StoreError> {
    let failed = || sql("cannot save the names");
    let mut statement = connection.prepare_cached(SAVE).map_err(failed())?;
    let mut latest = None;
    for one in names {
        latest = latest.max(Some(one.at));
        let values = params![
            asker_text(one.asker),
            one.ip.to_string(),
            one.name.as_str(),
            to_micros(one.at),
            to_micros(one.fresh_until)
        ];
        statement.execute(values).map_err(failed())?;
    }
    let Some(latest) = latest else { return Ok(()) };
    forget(connection, latest)
}

fn forget(connection: &Connection, latest: Timestamp) -> Result<(), StoreError> {
    let failed = || sql("cannot delete old names");
    let oldest = to_micros(latest.minus(OLDEST));
    let last_with_room = match connection.query_row(LAST, [LIMIT - 1], |row| row.get::<_, i64>(0)) {
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(oldest),
        other => other,
    };
    let before = last_with_room.map_err(failed())?.max(oldest);
    connection.execute(FORGET, [before]).map_err(failed())?;
    Ok(())
}

const US: &str = "us";
const EVERYONE: &str = "everyone";

fn asker_text(asker: Asker) -> String {
    match asker {
        Asker::Us => US.to_owned(),
        Asker::Everyone => EVERYONE.to_owned(),
        Asker::Host(ip) => ip.to_string(),
    }
}

fn asker_from(text: &str) -> Option<Asker> {
    match text {
        US => Some(Asker::Us),
        EVERYONE => Some(Asker::Everyone),
        text => text.parse().ok().map(Asker::Host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn askers_come_back() {
        for asker in [Asker::Us, Asker::Everyone, Asker::Host("2001:db8::1".parse().unwrap())] {
            assert_eq!(asker_from(&asker_text(asker)), Some(asker));
        }
        assert_eq!(asker_from("somebody"), None);
    }
}
