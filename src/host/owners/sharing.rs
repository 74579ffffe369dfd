//! UDP sockets that share a port: which others could have sent in a socket's place.

use std::collections::HashMap;
use std::time::Duration;

use crate::capture::wall::Stopwatch;
use crate::host::diag::{Diag, Socket};
use crate::model::Protocol;

/// How long a list is good, and what share of the time listing may take.
const GOOD_FOR: Duration = Duration::from_secs(1);
const LIST_SHARE: u32 = 200;

/// The unconnected sockets of a protocol by port, listed when somebody wants to know.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    ports: HashMap<u16, Vec<Socket>>,
    listed: Option<Protocol>,
    /// When it may be listed again.
    again: Duration,
    /// The last list is complete.
    is_whole: bool,
}

impl Sharing {
    /// The other sockets that are open on the same address and port. Right as of the last list, which is a second
    /// old at most where listing is cheap.
    pub(super) fn others(&mut self, diag: &mut Diag, socket: &Socket, now: Duration) -> Vec<Socket> {
        if now >= self.again || self.listed != Some(socket.protocol) {
            self.list(diag, socket.protocol, now);
        }
        let same_port = self.ports.get(&socket.local.port).map(Vec::as_slice).unwrap_or_default();
        let is_other = |one: &&Socket| one.cookie != socket.cookie && one.local.ip == socket.local.ip;
        same_port.iter().filter(is_other).copied().collect()
    }

    /// Whether the others that were told are all there are.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn list(&mut self, diag: &mut Diag, protocol: Protocol, now: Duration) {
        let clock = Stopwatch::start();
        self.ports.clear();
        let ports = &mut self.ports;
        // A list that breaks off, or changed while it was written, may lack some.
        self.is_whole = diag
            .list(protocol, &mut |socket| {
                if socket.is_open_ended() {
                    ports.entry(socket.local.port).or_default().push(socket);
                }
            })
            .is_ok();
        self.listed = Some(protocol);
        self.again = now + GOOD_FOR.max(clock.elapsed() * LIST_SHARE);
    }
}
