//! Mining: Stratum and its cousins in JSON, and the peers of currencies.

use super::text::{Begins, begins, contains, first_line};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("stratum");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 1024,
    ports: &[3333, 4444, 5555, 7777, 8333, 14444],
    about: "Mining pools and peers of currencies (Stratum V1, Bitcoin P2P)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match begins(bytes, PEERS) {
        Begins::Yes => return Probe::of(APPLICATION),
        Begins::Perhaps => return Probe::Need,
        Begins::No => {}
    }
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Probe::No;
    }
    let (line, ended) = first_line(bytes);
    let method = METHODS.iter().any(|method| contains(line, method));
    // Monero's pools call it login, and the miner says who it is.
    let login = contains(line, b"\"login\"") && (contains(line, b"\"agent\"") || contains(line, b"\"pass\""));
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
    b"\"mining.extranonce.subscribe\"",
    b"\"eth_submitlogin\"",
    b"\"eth_getwork\"",
    b"\"eth_submitwork\"",
    b"\"eth_submithashrate\"",
    b"\"keepalived\"",
];
/// What messages between peers begin with: Bitcoin, its test network, Litecoin, Dogecoin.
const PEERS: &[&[u8]] = &[b"\xf9\xbe\xb4\xd9", b"\x0b\x11\x09\x07", b"\xfb\xc0\xb6\xdb", b"\xc0\xc0\xc0\xc0"];
