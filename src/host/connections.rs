//! The sockets of this host with the processes that have them open.

mod holders;
mod worker;

pub use worker::ConnectionWorker;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::diag::Listing;
use crate::capture::{interfaces, wall};
use crate::model::{Connection, Connections, Label, SocketKind};
use holders::Holders;

/// The most sockets in a list for a report, and in one for a screen.
pub const MOST: usize = 1 << 19;
pub const SCREENFUL: usize = 1 << 14;

/// Lists sockets, again and again: what was found out about their owners is kept.
#[derive(Debug)]
pub struct Sockets {
    listing: Listing,
    holders: Holders,
}

impl Sockets {
    /// Opens it in the calling thread's network namespace. Needs no rights.
    pub fn open() -> io::Result<Self> {
        Ok(Self { listing: Listing::open()?, holders: Holders::default() })
    }

    /// Every socket of these kinds, at most `limit`.
    ///
    /// # Errors
    ///
    /// What the system said, where not even one of the kinds can be listed.
    pub fn list(&mut self, kinds: &[SocketKind], limit: usize) -> io::Result<Connections> {
        let mut all: Vec<Connection> = Vec::new();
        let mut told = Connections { at: wall::now(), ..Connections::default() };
        let mut failure = None;
        for kind in kinds {
            match self.listing.dump(*kind, limit, &mut all) {
                Ok(dumped) => {
                    told.left_out += dumped.left_out;
                    told.is_interrupted |= dumped.is_interrupted;
                }
                Err(error) => {
                    told.missing.push(*kind);
                    failure = Some(error);
                }
            }
        }
        if let Some(error) = failure.filter(|_| told.missing.len() == kinds.len()) {
            return Err(error);
        }
        name_interfaces(&mut all);
        told.closed = self.holders.join(&mut all);
        told.list = all.into_iter().map(Arc::new).collect();
        Ok(told)
    }
}

/// Gives the interfaces that sockets are bound to their names.
fn name_interfaces(all: &mut [Connection]) {
    if all.iter().all(|one| one.interface == 0) {
        return;
    }
    let names: HashMap<u32, Label> =
        interfaces::list().into_iter().map(|one| (one.index, Label::new(&one.name))).collect();
    for one in all.iter_mut().filter(|one| one.interface != 0) {
        let gone = || Label::new(&format!("if{}", one.interface));
        one.interface_name = names.get(&one.interface).cloned().unwrap_or_else(gone);
    }
}
