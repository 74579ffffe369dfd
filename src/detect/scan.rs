//! Scan: many places are tried within a minute, and hardly any answers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::baseline::{Baseline, Contact, Ledger};
use crate::flow::Sample;
use crate::model::{Application, Finding, Opener, Protocol, Severity, Subject, Timestamp, Value};

use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "scan",
    title: "Scan",
    about: "Within a minute this host tried to connect to fifteen or more addresses or ports, and four of five gave no \
            answer or refused. A single dead server that is tried again and again is one target, and no scan. Slower \
            scans are not seen.",
    needs_baseline: false,
    build: || Box::new(Scan { tried: Recent::new(8_192, WINDOW), told: None }),
};

const WINDOW: Duration = Duration::from_mins(1);
/// Time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
const TARGETS: usize = 15;
/// Addresses above which it goes across hosts rather than across the ports of one.
const HOSTS: usize = 3;
/// Share of targets, in tenths, that gave nothing.
const FAILED_TENTHS: usize = 8;

struct Scan {
    tried: Recent<(IpAddr, u16), Try>,
    /// When it was last told, and the targets then.
    told: Option<(Timestamp, usize)>,
}

#[derive(Clone, Copy)]
struct Try {
    at: Timestamp,
    answered: bool,
}

impl Detector for Scan {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.tried.sweep(seen.at);
        let mut latest: Option<&Sample> = None;
        for sample in seen.interval.samples.iter().filter(|sample| is_attempt(sample)) {
            let remote = (sample.subject.remote, sample.subject.port);
            if sample.opened > 0 {
                let answered = sample.answered;
                *self.tried.entry(seen.at, remote, || Try { at: seen.at, answered }) = Try { at: seen.at, answered };
                latest = Some(sample);
            } else if sample.answered
                && let Some(tried) = self.tried.get_mut(&remote)
            {
                tried.answered = true;
            }
        }
        if let Some(latest) = latest
            && let Some(finding) = self.look(seen.at, latest, usual)
        {
            out.push(finding);
        }
    }
}

fn is_attempt(sample: &Sample) -> bool {
    sample.key.protocol() == Protocol::TCP
        && sample.opener == Opener::Handshake
        && Contact::of(sample).is_some_and(|contact| contact.ledger == Ledger::Initiated)
}

impl Scan {
    fn look(&mut self, at: Timestamp, latest: &Sample, usual: &Baseline) -> Option<Finding> {
        // Most of the time there are far too few to look at.
        if self.tried.len() < TARGETS {
            return None;
        }
        let settled = |tried: &Try| at.since(tried.at) <= WINDOW && (tried.answered || at.since(tried.at) >= PATIENCE);
        let all: Vec<_> = self.tried.iter().filter(|(_, tried)| settled(tried)).collect();
        let failed = all.iter().filter(|(_, tried)| !tried.answered).count();
        if all.len() < TARGETS || failed * 10 < all.len() * FAILED_TENTHS {
            return None;
        }
        let is_again = self.told.is_some_and(|(when, targets)| at.since(when) < WINDOW && all.len() < targets * 10);
        if is_again {
            return None;
        }
        self.told = Some((at, all.len()));
        let hosts: BTreeSet<IpAddr> = all.iter().map(|((ip, _), _)| *ip).collect();
        let mut ports: BTreeMap<u16, usize> = BTreeMap::new();
        for ((_, port), _) in &all {
            *ports.entry(*port).or_default() += 1;
        }
        let is_wide = hosts.len() > HOSTS;
        let where_to = if is_wide {
            let mut list: Vec<_> = ports.iter().collect();
            list.sort_by_key(|(port, count)| (std::cmp::Reverse(**count), **port));
            let list: Vec<String> = list.iter().take(4).map(|(port, _)| port.to_string()).collect();
            format!("{} addresses on {} ports ({})", hosts.len(), ports.len(), list.join(", "))
        } else {
            format!("{} ports of {}", ports.len(), latest.subject.remote)
        };
        let nobody = if latest.key.is_v6() { IpAddr::from([0u16; 8]) } else { IpAddr::from([0u8; 4]) };
        Some(Finding {
            detector: SPEC.id,
            severity: if all.len() >= 100 { Severity::High } else { Severity::Medium },
            score: if all.len() >= 100 { 80 } else { 60 },
            at,
            subject: Subject {
                host: latest.subject.host,
                remote: if is_wide { nobody } else { latest.subject.remote },
                port: 0,
                protocol: Protocol::TCP,
                name: None,
                application: Application::PENDING,
                flow: None,
            },
            observed: Value::Count(failed as u64),
            expected: Value::Count(0),
            basis: words::basis(usual),
            why: format!(
                "this host tried {where_to} within a minute; {failed} of {} gave no answer or refused",
                all.len()
            ),
        })
    }
}
