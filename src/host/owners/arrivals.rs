//! What is remembered of births: who the processes were, and which sockets without ports were made lately.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use crate::host::births::Birth;
use crate::host::processes::{About, Process, Processes};
use crate::host::traits;
use crate::model::Protocol;

/// Processes that are remembered, and for how long: a process may be moved, and become another program.
const PROCESSES: usize = 1_024;
const HOLDS: Duration = Duration::from_secs(1);
/// Processes that are looked at in that time; of the others there is what the birth itself tells.
const LOOKS: usize = 256;
/// Sockets without ports that are remembered, and for how long.
const PORTLESS: usize = 1_024;
const LATELY: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
pub(super) struct Arrivals {
    known: HashMap<(u32, u64), About>,
    known_from: Duration,
    portless: VecDeque<(Duration, Protocol, u64)>,
}

impl Arrivals {
    /// Who made a socket. A process that makes many is looked at once a second.
    pub(super) fn process(&mut self, birth: Birth, processes: &Processes, now: Duration) -> Process {
        if now.saturating_sub(self.known_from) > HOLDS || self.known.len() >= PROCESSES {
            self.known.clear();
            self.known_from = now;
        }
        let id = (birth.pid, birth.start);
        if !self.known.contains_key(&id) && self.known.len() < LOOKS {
            let about = processes.about(birth.pid, birth.start, birth.exe.as_str());
            // It has ended; its file may still be looked at.
            let ended = || About { traits: traits::of(birth.exe.as_str(), Path::new("/")), ..About::default() };
            self.known.insert(id, about.unwrap_or_else(ended));
        }
        let About { place, cmdline, parents, traits } = self.known.get(&id).cloned().unwrap_or_default();
        let Birth { pid, start, exe, comm, .. } = birth;
        Process { pid, start, exe, comm, place, cmdline, parents, traits }
    }

    /// Takes note of a socket without ports.
    pub(super) fn portless(&mut self, cookie: u64, protocol: Protocol, now: Duration) {
        self.portless.push_back((now, protocol, cookie));
        while self.portless.len() > PORTLESS
            || self.portless.front().is_some_and(|(at, ..)| now.saturating_sub(*at) > LATELY)
        {
            self.portless.pop_front();
        }
    }

    /// Cookies of the sockets made lately that could have sent such packets, the latest first.
    pub(super) fn portless_lately(&self, protocol: Protocol, now: Duration) -> Vec<u64> {
        let is_meant = |(at, one, _): &&(Duration, Protocol, u64)| {
            (*one == protocol || one.number() == 255) && now.saturating_sub(*at) <= LATELY
        };
        self.portless.iter().rev().filter(is_meant).map(|(.., cookie)| *cookie).collect()
    }
}
