//! Churn: one place is tried again and again, in vain or to guess a password.

use std::time::Duration;

use crate::baseline::{Baseline, Destination, Ledger};
use crate::flow::Sample;
use crate::model::{Finding, Opener, Protocol, Severity, TcpState, Timestamp, Value};

use super::moved::Moved;
use super::recent::Recent;
use super::slide::Slide;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "churn",
    title: "Tried again and again",
    about: "A destination was tried five times or more in ten minutes without an answer (a dead server, or a control \
            server that is gone), or thirty times in a minute by a protocol that asks for a password. A destination \
            that was opened as often while learning is left alone.",
    needs_baseline: false,
    build: || Box::new(Churn { places: Recent::new(4_096, Duration::from_mins(20)) }),
};

/// Failures in ten minutes, and what they weigh.
const FAILED: &[(u64, Severity, u8)] =
    &[(500, Severity::Medium, 60), (50, Severity::Medium, 45), (5, Severity::Low, 20)];
/// Connections in a minute to something that asks for a password.
const GUESSES: u64 = 30;
const LOGIN: &[&str] =
    &["ssh", "ftp", "telnet", "rdp", "vnc", "smb", "imap", "pop3", "mysql", "postgres", "redis", "mssql"];
const LOGIN_PORTS: &[u16] = &[21, 22, 23, 445, 1433, 2222, 2323, 3306, 3389, 5432, 5900, 6379];
const SECOND_TRY: Duration = Duration::from_millis(500);
const THIRD_TRY: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_mins(5);

struct Churn {
    places: Recent<(Ledger, Destination), Place>,
}

struct Place {
    /// Attempts and failures of ten minutes, by the minute.
    tries: Slide<10>,
    /// Attempts of the last minute, by ten seconds.
    minute: Slide<6>,
    told: Option<(Timestamp, Severity)>,
}

impl Detector for Churn {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.places.sweep(seen.at);
        for moved in &seen.moved {
            let is_tcp = moved.contact.destination.service.protocol == Protocol::TCP;
            if moved.contact.ledger != Ledger::Initiated || !is_tcp || moved.top.opener != Opener::Handshake {
                continue;
            }
            let gone = moved.ended_in_vain;
            if moved.opened == 0 && gone == 0 {
                continue;
            }
            let key = (moved.contact.ledger, moved.contact.destination.clone());
            let place =
                self.places.entry(seen.at, key, || Place { tries: Slide::new(60), minute: Slide::new(10), told: None });
            place.tries.add(seen.at, moved.opened.into(), gone.into());
            place.minute.add(seen.at, moved.opened.into(), 0);
            if let Some(finding) = place.look(seen.at, moved, usual) {
                out.push(finding);
            }
        }
    }
}

impl Place {
    fn look(&mut self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Option<Finding> {
        let (tries, failed) = self.tries.sum();
        let (guesses, _) = self.minute.sum();
        let record = usual.record(&moved.contact);
        let is_learnt =
            !usual.is_learning() && record.is_some_and(|record| record.known.learned && record.opened >= tries);
        if is_learnt {
            return None;
        }
        let service = moved.contact.destination.service;
        let application = moved.top.subject.application.id();
        let asks = LOGIN.contains(&application) || LOGIN_PORTS.contains(&service.port);
        let to = words::destination(&moved.contact);
        let (severity, score, count, why) = if asks && guesses >= GUESSES {
            let why =
                format!("{guesses} connections in a minute to {to}, which asks for a password: guessing looks so");
            (Severity::Medium, 55, guesses, why)
        } else {
            let (_, severity, score) = *FAILED.iter().find(|(least, ..)| failed >= *least)?;
            let why = format!("{failed} of {tries} connections to {to} in ten minutes were refused or not answered");
            (severity, score, failed, why)
        };
        if self.told.is_some_and(|(when, was)| severity <= was && at.since(when) < AGAIN) {
            return None;
        }
        self.told = Some((at, severity));
        Some(Finding {
            detector: SPEC.id,
            severity,
            score,
            at,
            subject: words::subject_of(&moved.contact, moved.top),
            observed: Value::Count(count),
            expected: Value::None,
            basis: words::basis(usual),
            why,
        })
    }
}

/// Whether a connection was refused in this interval, or is tried for the second time because nobody answered.
///
/// The first second says nothing: the answer may be on its way. Linux repeats a SYN after one second (RFC 6298),
/// then after two, four and so on; only the first of these counts.
pub fn is_in_vain(sample: &Sample) -> bool {
    let waited = sample.last.since(sample.first);
    let is_second_try = sample.opened == 0 && waited >= SECOND_TRY && waited < THIRD_TRY;
    match sample.state {
        _ if sample.answered => false,
        TcpState::Reset => sample.packets_in > 0,
        TcpState::SynSent => is_second_try,
        _ => false,
    }
}
