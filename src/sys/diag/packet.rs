//! Packet sockets (packet(7)) as `packet_diag` lists them: linux/packet_diag.h.

use crate::model::{Connection, SocketKind};

use super::attributes::{attributes, drops, word};
use super::{BY_FAMILY, HEADER, NLM_F_DUMP, NLM_F_REQUEST};

/// `struct nlmsghdr` with a `struct packet_diag_req` behind it.
const REQUEST: usize = HEADER + 20;
/// `struct packet_diag_msg`.
const MESSAGE: usize = 16;
/// `PACKET_SHOW_INFO | PACKET_SHOW_MEMINFO`.
const SHOW: u32 = 0x11;
/// `PACKET_DIAG_INFO`, `PACKET_DIAG_UID`, `PACKET_DIAG_MEMINFO`.
const INFO: u16 = 0;
const UID: u16 = 5;
const MEMINFO: u16 = 6;

/// A request for every packet socket.
pub(super) fn request() -> Vec<u8> {
    let mut bytes = vec![0; REQUEST];
    let parts: [(usize, &[u8]); 5] = [
        (0, &(REQUEST as u32).to_ne_bytes()),
        (4, &BY_FAMILY.to_ne_bytes()),
        (6, &(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes()),
        (HEADER, &[libc::AF_PACKET as u8]),
        (HEADER + 8, &SHOW.to_ne_bytes()),
    ];
    for (at, part) in parts {
        if let Some(place) = bytes.get_mut(at..at + part.len()) {
            place.copy_from_slice(part);
        }
    }
    bytes
}

/// Reads a `struct packet_diag_msg` and what follows it.
pub(super) fn parse(message: &[u8]) -> Option<Connection> {
    if *message.first()? != libc::AF_PACKET as u8 || message.len() < MESSAGE {
        return None;
    }
    let mut socket = Connection {
        hears: u16::from_ne_bytes(message.get(2..4)?.try_into().ok()?),
        inode: word(message, 4),
        cookie: u64::from(word(message, 8)) | u64::from(word(message, 12)) << 32,
        ..Connection::new(SocketKind::Packet)
    };
    for (kind, value) in attributes(message.get(MESSAGE..)?) {
        match kind {
            INFO => socket.interface = word(value, 0),
            UID => socket.uid = word(value, 0),
            MEMINFO => {
                socket.receive_queue = word(value, 0);
                socket.drops = drops(value);
            }
            _ => {}
        }
    }
    Some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_packet_socket_and_nothing_that_is_cut_short() {
        let mut bytes = vec![libc::AF_PACKET as u8, 3];
        bytes.extend(3_u16.to_ne_bytes());
        bytes.extend(4711_u32.to_ne_bytes());
        bytes.extend(9_u64.to_ne_bytes());
        for (kind, number) in [(INFO, 2_u32), (UID, 1000)] {
            bytes.extend(8_u16.to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(number.to_ne_bytes());
        }
        let socket = parse(&bytes).unwrap();
        assert_eq!((socket.hears, socket.inode, socket.interface, socket.uid), (3, 4711, 2, 1000));
        assert!((0..MESSAGE).all(|len| parse(&bytes[..len]).is_none()));
    }
}
