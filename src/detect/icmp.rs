//! ICMP: far more in echo requests than a ping ever carries.

use std::net::IpAddr;
use std::time::Duration;

use crate::baseline::{Baseline, Ledger};
use crate::model::{Finding, Protocol, Severity, Timestamp, Value};

use super::recent::Recent;
use super::slide::Slide;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "icmp-tunnel",
    title: "Data in ICMP",
    about: "Within ten minutes more than 64 kB went to one address in ICMP, in messages bigger than those of ping, or \
            twenty of 512 bytes and more, or messages of four different sizes, some of them big. Messages to scanners (unreachable) do not count. A \
            tunnel that keeps to the size and number of pings is not seen.",
    needs_baseline: false,
    build: || Box::new(Icmp { places: Recent::new(1_024, Duration::from_mins(30)) }),
};

const MUCH: u64 = 64_000;
/// Messages of this size are no pings, whatever they add up to; so many of them in ten minutes.
const HUGE: u64 = 512;
const MANY: u64 = 20;
/// Payload of a message; ping sends 56 bytes, and 64 on other systems (iputils, BSD).
const BIG: u64 = 200;
/// Messages before anything is said.
const LEAST: u64 = 4;
/// A ping has one size; MTU discovery tries two or three.
const SIZES: usize = 4;
const KEPT: usize = 16;
const AGAIN: Duration = Duration::from_mins(5);

struct Icmp {
    places: Recent<IpAddr, Place>,
}

struct Place {
    /// Bytes out, and messages.
    sums: Slide<10>,
    /// Different sizes of messages, as far as seconds with one message show them; at most [`KEPT`].
    sizes: Vec<u64>,
    told: Option<Timestamp>,
}

impl Detector for Icmp {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.places.sweep(seen.at);
        for moved in &seen.moved {
            let protocol = moved.contact.destination.service.protocol;
            let is_icmp = protocol == Protocol::ICMP || protocol == Protocol::ICMPV6;
            if !is_icmp || !moved.is_ours || moved.contact.ledger != Ledger::Initiated {
                continue;
            }
            let place = self.places.entry(seen.at, moved.contact.address, || Place {
                sums: Slide::new(60),
                sizes: Vec::new(),
                told: None,
            });
            place.sums.add(seen.at, moved.bytes_out, moved.packets_out);
            if moved.packets_out == 1 && place.sizes.len() < KEPT && !place.sizes.contains(&moved.bytes_out) {
                place.sizes.push(moved.bytes_out);
            }
            let (bytes, messages) = place.sums.sum();
            let size = bytes / messages.max(1);
            let is_learnt = !usual.is_learning() && usual.service_at(&moved.contact).is_some_and(|known| known.learned);
            let is_due = place.told.is_none_or(|told| seen.at.since(told) >= AGAIN);
            let is_much = bytes >= MUCH && size >= BIG || messages >= MANY && size >= HUGE;
            let is_varied = place.sizes.len() >= SIZES && place.sizes.iter().any(|size| *size > BIG);
            if !(is_much || is_varied) || messages < LEAST || is_learnt || !is_due {
                continue;
            }
            place.told = Some(seen.at);
            out.push(Finding {
                detector: SPEC.id,
                severity: Severity::Medium,
                score: 60,
                at: seen.at,
                subject: words::subject_of(&moved.contact, moved.top),
                observed: Value::Bytes(bytes),
                expected: Value::Bytes(messages * 64),
                basis: words::basis(usual),
                why: format!(
                    "{} in {messages} ICMP messages ({} on average{}) to {} within ten minutes; a ping carries 56 B",
                    words::bytes(bytes),
                    words::bytes(size),
                    if is_varied { ", of many sizes" } else { "" },
                    moved.contact.address
                ),
            });
        }
    }
}
