//! The rows of alerts.

use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use crate::model::{Alert, AlertState, Application, Finding, Label, Protocol, Severity, Subject};

use super::value::{flow_from, flow_text, from_count, from_micros, from_text, to_count, to_micros, to_text};
use super::{StoreError, Words, sql};

/// Alerts read at the beginning of a run, the latest first.
const READ: u32 = 2_048;
/// Alerts kept in the file.
const KEPT: u32 = 20_000;

const LOAD: &str = "SELECT id, first_us, last_us, count, state, until_us, detector, severity, score, at_us, host, remote, \
                    port, protocol, name, application, flow, observed, expected, basis, why \
                    FROM alerts ORDER BY last_us DESC, id DESC LIMIT ?";
const SAVE: &str = "INSERT OR REPLACE INTO alerts (id, first_us, last_us, count, state, until_us, detector, severity, \
                    score, at_us, host, remote, port, protocol, name, application, flow, observed, expected, basis, why) \
                    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
const TRIM: &str =
    "DELETE FROM alerts WHERE last_us < (SELECT last_us FROM alerts ORDER BY last_us DESC LIMIT 1 OFFSET ?)";

/// The latest alerts, and how many of them this version cannot read.
pub fn load(connection: &Connection, words: &Words) -> Result<(Vec<Alert>, u64), StoreError> {
    let failed = || sql("cannot read the alerts");
    let (mut alerts, mut unread) = (Vec::new(), 0);
    let mut statement = connection.prepare(LOAD).map_err(failed())?;
    let mut rows = statement.query([READ]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        match read(row, words).map_err(failed())? {
            Some(alert) => alerts.push(alert),
            None => unread += 1,
        }
    }
    Ok((alerts, unread))
}

fn read(row: &Row<'_>, words: &Words) -> rusqlite::Result<Option<Alert>> {
    let text = |index: usize| row.get::<_, String>(index);
    let number = |index: usize| row.get::<_, i64>(index);
    let state = state_from(&text(4)?, number(5)?);
    let severity = [Severity::Info, Severity::Low, Severity::Medium, Severity::High];
    let severity = severity.into_iter().find(|one| text(7).is_ok_and(|id| id == one.id()));
    let (Some(state), Some(severity), Some(detector)) = (state, severity, (words.detector)(&text(6)?)) else {
        return Ok(None);
    };
    let (Ok(host), Ok(remote), Some(flow)) = (text(10)?.parse(), text(11)?.parse(), flow_from(&text(16)?)) else {
        return Ok(None);
    };
    let (Ok(port), Ok(protocol), Ok(score)) =
        (u16::try_from(number(12)?), u8::try_from(number(13)?), u8::try_from(number(8)?))
    else {
        return Ok(None);
    };
    let name = text(14)?;
    let subject = Subject {
        host,
        remote,
        port,
        protocol: Protocol::from_number(protocol),
        name: (!name.is_empty()).then(|| Label::new(&name)),
        application: (words.application)(&text(15)?).unwrap_or(Application::PENDING),
        flow,
    };
    let finding = Finding {
        detector,
        severity,
        score,
        at: from_micros(number(9)?),
        subject,
        observed: from_text(&text(17)?),
        expected: from_text(&text(18)?),
        basis: text(19)?,
        why: text(20)?,
    };
    Ok(Some(Alert {
        id: from_count(number(0)?),
        state,
        first: from_micros(number(1)?),
        last: from_micros(number(2)?),
        count: from_count(number(3)?),
        finding: Arc::new(finding),
        // The process is not there any more; what it was stands in the sentence of the finding, where it matters.
        owner: None,
    }))
}

fn state_from(id: &str, until: i64) -> Option<AlertState> {
    let states = [
        AlertState::New,
        AlertState::Acknowledged,
        AlertState::Snoozed(from_micros(until)),
        AlertState::Marked,
        AlertState::Closed,
    ];
    states.into_iter().find(|state| state.id() == id)
}

/// Writes alerts, within a transaction of the caller.
pub fn save<'a>(connection: &Connection, alerts: impl Iterator<Item = &'a Arc<Alert>>) -> Result<(), StoreError> {
    let failed = || sql("cannot save the alerts");
    let mut put = connection.prepare_cached(SAVE).map_err(failed())?;
    let mut any = false;
    for alert in alerts {
        let (finding, subject) = (&alert.finding, &alert.finding.subject);
        let until = if let AlertState::Snoozed(until) = alert.state { to_micros(until) } else { 0 };
        put.execute(params![
            to_count(alert.id),
            to_micros(alert.first),
            to_micros(alert.last),
            to_count(alert.count),
            alert.state.id(),
            until,
            finding.detector,
            finding.severity.id(),
            finding.score,
            to_micros(finding.at),
            subject.host.to_string(),
            subject.remote.to_string(),
            subject.port,
            subject.protocol.number(),
            subject.name.as_ref().map_or("", Label::as_str),
            subject.application.id(),
            flow_text(subject.flow.as_ref()),
            to_text(&finding.observed),
            to_text(&finding.expected),
            finding.basis,
            finding.why,
        ])
        .map_err(failed())?;
        any = true;
    }
    if any {
        connection.execute(TRIM, [KEPT]).map_err(failed())?;
    }
    Ok(())
}
