//! Suspicious owner: what the sending program is says that something is wrong, wherever it sends.

use std::net::IpAddr;
use std::time::Duration;

use crate::baseline::{Baseline, Contact, Ledger};
use crate::flow::Sample;
use crate::model::{Confidence, Finding, FlowKey, Label, Owner, Severity, Subject, Timestamp, Traits, Value};

use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "suspicious-owner",
    title: "Suspicious program",
    about: "The program that sends is a shell or interpreter whose input or output is the connection itself, or was \
            never a file (memfd), or its file is gone, or lies where everybody may write (/tmp, /var/tmp, /dev/shm). A \
            program whose file was replaced by an update is not named. It knows what the owner is told to be: where \
            no owner is found, and in capture files, it is silent.",
    needs_baseline: false,
    build: || {
        let (told, places) = (Recent::new(4_096, HOUR), Recent::new(1_024, HOUR));
        Box::new(SuspiciousOwner { told, places })
    },
};

const HOUR: Duration = Duration::from_hours(1);
/// Said again after this long; until then of so many conversations of one program with one place.
const AGAIN: Duration = Duration::from_mins(10);
const MANY: u32 = 8;
/// What each trait weighs. A shell that answers whoever connects may be an old-fashioned inetd service.
const SHELL_OUT: u8 = 70;
const SHELL_IN: u8 = 45;
const MEMFD: u8 = 50;
const WRITABLE: u8 = 30;
const DELETED: u8 = 20;
/// It was never seen sending before: more of a surprise on top of the others, nothing by itself.
const FIRST: u8 = 15;
const MEDIUM: u8 = 45;

struct SuspiciousOwner {
    /// When a program's conversation was last told of, and at what weight. The finding is about that conversation
    /// alone: others may send to the same place.
    told: Recent<(Label, FlowKey), Option<(Timestamp, u8)>>,
    /// How many of its conversations with one place were told of, since when.
    places: Recent<(Label, IpAddr, u16), (Timestamp, u32)>,
}

impl Detector for SuspiciousOwner {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.told.sweep(seen.at);
        self.places.sweep(seen.at);
        // A program that sent one packet is gone before anybody knows who it was.
        let late = seen.interval.owned.iter().filter(|sample| sample.total_out > 0);
        for sample in seen.interval.samples.iter().filter(|sample| sample.packets_out > 0).chain(late) {
            let Some(owner) = sample.owner.as_ref().filter(|owner| is_sure(owner)) else { continue };
            let Some(contact) = Contact::of(sample) else { continue };
            let (score, reasons) = weigh(owner, contact.ledger, seen.at, usual);
            if score == 0 {
                continue;
            }
            let told = self.told.entry(seen.at, (owner.key(), sample.key), || None);
            if told.is_some_and(|(when, weight)| score <= weight && seen.at.since(when) < AGAIN) {
                continue;
            }
            let place = (owner.key(), sample.subject.remote, sample.subject.port);
            let place = self.places.entry(seen.at, place, || (seen.at, 0));
            if seen.at.since(place.0) >= AGAIN {
                *place = (seen.at, 0);
            }
            place.1 += 1;
            if place.1 <= MANY {
                *told = Some((seen.at, score));
                out.push(finding(seen.at, (sample, owner), &contact, (score, &reasons), usual));
            }
        }
    }
}

/// Whether anything is to be said about an owner, and it is known well enough for that.
fn is_sure(owner: &Owner) -> bool {
    !owner.traits.is_empty() && owner.confidence < Confidence::Guess
}

/// How suspicious a program is, and why.
fn weigh(owner: &Owner, ledger: Ledger, at: Timestamp, usual: &Baseline) -> (u8, Vec<String>) {
    let opened = ledger == Ledger::Initiated;
    let shell = if opened { SHELL_OUT } else { SHELL_IN };
    let table = [
        (Traits::SHELL, shell, "its input or output is this connection"),
        (Traits::MEMFD, MEMFD, "it never was a file (memfd)"),
        (Traits::WRITABLE, WRITABLE, "its file lies where everybody may write"),
        (Traits::DELETED, DELETED, "its file is deleted"),
    ];
    let found = table.iter().filter(|(one, ..)| owner.traits.has(*one));
    let mut score = found.clone().map(|(_, weight, _)| *weight).fold(0, u8::saturating_add);
    let mut reasons: Vec<String> = found.map(|(.., why)| (*why).to_owned()).collect();
    if score == 0 || usual.is_learning() {
        return (score.min(100), reasons);
    }
    match usual.sender(&owner.key()) {
        // What all have learnt to live with is not told again: a build that runs from /tmp every day.
        Some(known) if known.learned && !owner.traits.has(Traits::SHELL) => return (0, reasons),
        Some(known) if known.age(at) > Duration::from_hours(24) => {}
        Some(known) => {
            score = score.saturating_add(FIRST);
            reasons.push(format!("it was first seen sending {} ago", words::span(known.age(at))));
        }
        None => {
            score = score.saturating_add(FIRST);
            reasons.push("it was never seen sending before".to_owned());
        }
    }
    (score.min(100), reasons)
}

fn finding(
    at: Timestamp,
    (sample, owner): (&Sample, &Owner),
    contact: &Contact,
    (score, reasons): (u8, &[String]),
    usual: &Baseline,
) -> Finding {
    let severity = match score {
        SHELL_OUT.. if owner.traits.has(Traits::SHELL) => Severity::High,
        MEDIUM.. => Severity::Medium,
        _ => Severity::Low,
    };
    let by = if owner.parents.is_empty() { String::new() } else { format!(", started by {}", owner.ancestry()) };
    let pid = if owner.pid == 0 { String::new() } else { format!(" (pid {}{by})", owner.pid) };
    Finding {
        detector: SPEC.id,
        severity,
        score,
        at,
        subject: Subject { flow: Some(sample.key), ..sample.subject.clone() },
        observed: Value::Text(Label::new(&owner.traits.ids().join(" "))),
        expected: Value::None,
        basis: words::basis(usual),
        why: format!(
            "{}{pid} sends to {}: {}; {} sent",
            owner.program(),
            words::destination(contact),
            reasons.join(", "),
            words::bytes(sample.total_payload_out),
        ),
    }
}
