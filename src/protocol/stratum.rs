//! Mining: Stratum and its cousins in JSON, and the peers of currencies.

use super::text::{Begins, begins, contains, first_line};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("stratum");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Peers,
    over: Transports::Tcp,
    depth: 1024,
    ports: &[3333, 4444, 5555, 7777, 8333, 14444],
    about: "Mining pools and peers of currencies (Stratum V1, Bitcoin P2P)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if bytes.starts_with(LEVIN) || bytes.get(4..16).is_some_and(is_message) {
        return Probe::of(APPLICATION);
    }
    match begins(bytes, PEERS) {
        // The name of the message stands behind the mark.
        Begins::Yes if bytes.len() >= 16 => return Probe::No,
        Begins::Yes | Begins::Perhaps => return Probe::Need,
        Begins::No => {}
    }
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Probe::No;
    }
    let (line, ended) = first_line(bytes);
    let method = METHODS.iter().any(|method| contains(line, method));
    // Monero's pools call it login, and the miner says who it is.
    let login = contains(line, b"\"login\"") && (contains(line, b"\"agent\"") || contains(line, b"\"pass\""))
        || contains(line, b"\"job_id\"") && contains(line, b"\"blob\"");
    match (method || login, ended) {
        (true, _) => Probe::of(APPLICATION),
        (false, false) => Probe::Need,
        (false, true) => Probe::No,
    }
}

const METHODS: &[&[u8]] = &[
    b"\"mining.subscribe\"",
    b"\"mining.authorize\"",
    b"\"mining.configure\"",
    b"\"mining.notify\"",
    b"\"mining.set_difficulty\"",
    b"\"mining.submit\"",
    b"\"eth_login\"",
    b"\"mining.extranonce.subscribe\"",
    b"\"eth_submitlogin\"",
    b"\"eth_getwork\"",
    b"\"eth_submitwork\"",
    b"\"eth_submithashrate\"",
    b"\"keepalived\"",
];
/// What messages between peers begin with: Bitcoin, its test network, Litecoin, Dogecoin.
const PEERS: &[&[u8]] = &[b"\xf9\xbe\xb4\xd9", b"\x0b\x11\x09\x07", b"\xfb\xc0\xb6\xdb", b"\xc0\xc0\xc0\xc0"];

/// Monero's peers: the mark of a levin header.
const LEVIN: &[u8] = b"\x01\x21\x01\x01\x01\x01\x01\x01";

/// The name of a message between peers, whatever the currency: twelve bytes, zeros behind the letters.
fn is_message(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"version",
        b"verack",
        b"addr",
        b"addrv2",
        b"inv",
        b"getdata",
        b"getheaders",
        b"headers",
        b"getblocks",
        b"getaddr",
        b"ping",
        b"pong",
        b"sendheaders",
        b"sendcmpct",
        b"feefilter",
        b"mempool",
        b"reject",
        b"alert",
    ];
    let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
    let (word, zeros) = name.split_at(end);
    zeros.len() >= 2 && zeros.iter().all(|&b| b == 0) && NAMES.contains(&word)
}
