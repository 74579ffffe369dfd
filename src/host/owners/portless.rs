//! Owners of packets that no port belongs to: pings, and what is written to raw sockets.
//!
//! Nothing in such a packet says which socket it came from. What can have sent it is all there is to know: of one
//! program that is enough, of several it is a guess.

use std::time::Duration;

use super::search::{Found, Search, is_same_program};
use crate::host::diag::Socket;
use crate::model::{Confidence, Endpoint, FlowKey, Owner, Protocol};

/// Tells the inodes of sockets without a cookie from cookies, which count up from 1.
const NO_COOKIE: u64 = 1 << 63;
/// `IPPROTO_RAW`.
const RAW: Protocol = Protocol::from_number(255);

impl Search {
    /// Who has, or had lately, a socket that sends such packets.
    pub(super) fn portless(&mut self, realm: u64, key: &FlowKey, now: Duration) -> Found {
        let mut owners: Vec<Owner> = Vec::new();
        for socket in self.live_portless(realm, key, now) {
            match self.of_live(&socket, Confidence::Listener) {
                Found::Owner(owner) => owners.push(owner),
                Found::Wants(socket) => return Found::Wants(socket),
                Found::Nobody => {}
            }
        }
        let lately = self.arrivals.portless_lately(key.protocol(), now);
        let holders: Vec<_> = lately.iter().filter_map(|cookie| self.holders.get(*cookie).cloned()).collect();
        let is_one = holders.windows(2).all(|two| match two {
            [a, b] => is_same_program(&a.process, &b.process),
            _ => true,
        });
        // The latest first: what was made last is the likeliest to have sent what was seen last.
        let mut all: Vec<Owner> = holders.iter().map(|one| self.owner(one, None, Confidence::Listener)).collect();
        all.append(&mut owners);
        let Some(mut owner) = all.first().cloned() else { return Found::Nobody };
        if !is_one || !all.iter().all(|one| one.is_same_sender(&owner)) {
            owner.confidence = Confidence::Guess;
        }
        Found::Owner(owner)
    }

    fn live_portless(&mut self, realm: u64, key: &FlowKey, now: Duration) -> Vec<Socket> {
        let Some(realm) = self.realms.get(realm).filter(|_| self.has_lookups) else { return Vec::new() };
        let (protocol, ours, theirs) = (key.protocol(), key.first().ip, key.second().ip);
        let all = realm.portless.look(&realm.net, now);
        let fit = all.iter().filter(|one| one.inode != 0 && one.fits(protocol, ours, theirs));
        fit.map(|one| Socket {
            protocol,
            local: Endpoint::new(ours, 0),
            remote: Endpoint::new(theirs, 0),
            inode: one.inode,
            uid: one.uid,
            cookie: u64::from(one.inode) | NO_COOKIE,
        })
        .collect()
    }

    /// Packets with ports that no socket of their protocol sent: a raw socket may have.
    pub(super) fn raw_sender(&mut self, key: &FlowKey, now: Duration) -> Found {
        if !key.protocol().has_ports() {
            return Found::Nobody;
        }
        let raw = FlowKey::new(RAW, Endpoint::new(key.first().ip, 0), Endpoint::new(key.second().ip, 0));
        match self.portless(0, &raw, now) {
            Found::Owner(owner) => Found::Owner(Owner { confidence: Confidence::Guess, ..owner }),
            found => found,
        }
    }
}
