//! QUIC: the Initial packets of a client are encrypted with a key that anyone can work out, so the
//! ClientHello within can be read (RFC 9000, RFC 9001 §5.2, RFC 9369). Google's older QUIC too.

mod crypto;
mod google;
mod initial;
mod packet;
mod short;

use super::tls::hello::ClientHello;
use super::tls::ja4;
use super::{Group, Probe, Recogniser, Segment, Transports, doh, doq};
use crate::model::{Application, Facts, Label};
use crypto::Crypto;
use initial::Keys;
use packet::{Kind, Long};

const QUIC: Application = Application::new("quic");
const DOQ: Application = Application::new("doq");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: QUIC,
    group: Group::Encrypted,
    over: Transports::Udp,
    depth: 0,
    ports: &[443, 80, 8443, 784, 853],
    about: "QUIC v1, v2, drafts and Google's: server name, ALPN, JA4 (RFC 9001)",
    probe,
};

/// QUIC, and no more is known.
fn bare(detail: &str) -> Probe {
    Probe::Match(Facts { application: QUIC, detail: Some(Label::new(detail)), ..Facts::default() })
}

/// Datagrams of one client that are looked into for its ClientHello, and packets of one datagram:
/// what an attacker can make us decrypt for one flow.
const MOST_DATAGRAMS: usize = 8;
const MOST_PACKETS: usize = 4;
/// A datagram with a client's Initial is at least this long (RFC 9000 §14.1).
const LEAST_INITIAL: usize = 1200;

fn probe(segment: &Segment<'_>) -> Probe {
    if let Some(hello) = google::plain(segment.payload) {
        return Probe::Match(doh::by_name(hello.facts(QUIC)));
    }
    if google::is_answer(segment.payload) {
        return bare("Google QUIC");
    }
    let Some(first) = Long::parse(segment.payload) else {
        // The handshake is over, and its hello was not to be read; but it was QUIC's.
        let known = |datagram| Long::parse(datagram).and_then(|long| initial::version(long.version));
        let version = segment.earlier.chain([segment.other]).find_map(known);
        return version.map_or_else(|| short::probe(segment), nameless);
    };
    if first.version == 0 {
        return Probe::when(first.names_versions(), QUIC);
    }
    let Some(version) = initial::version(first.version) else {
        // A version that forces negotiation (RFC 9000 §15): a client's first datagram is full-sized all the same.
        let asks_for_another = first.version & 0x0f0f_0f0f == 0x0a0a_0a0a && segment.wire_len >= LEAST_INITIAL;
        return Probe::when(asks_for_another, QUIC);
    };
    match read(segment, &first, version) {
        Read::Hello(facts) => Probe::Match(doh::by_name(doq::by_alpn(facts))),
        Read::Nothing if !segment.is_last && (segment.from_opener || !segment.other.is_empty()) => Probe::Need,
        Read::Part if !segment.is_last => Probe::Need,
        // The name is not to be had, but this is QUIC.
        Read::Nothing | Read::Part => nameless(version),
    }
}

enum Read {
    Hello(Facts),
    /// Some of the hello.
    Part,
    /// No packet that a client's first key opens.
    Nothing,
}

/// Opens the Initials of this side, this datagram's last, and reads the ClientHello if it is all there.
fn read(segment: &Segment<'_>, first: &Long<'_>, version: &initial::Version) -> Read {
    let mut crypto = Crypto::default();
    // The key comes from the connection id that the client chose first (RFC 9001 §5.2).
    let chosen = segment.earlier.filter_map(Long::parse).map(|long| long.destination).next();
    for id in [chosen, Some(first.destination)].into_iter().flatten() {
        let keys = Keys::of_client(id, version);
        for datagram in segment.earlier.chain([segment.payload]).take(MOST_DATAGRAMS) {
            open(datagram, first.version, version, &keys, &mut crypto);
        }
        if !crypto.is_empty() {
            break;
        }
    }
    if crypto.is_empty() {
        return Read::Nothing;
    }
    let bytes = crypto.joined();
    if let Some(hello) = google::within(&bytes) {
        return Read::Hello(hello.facts(QUIC));
    }
    let wanted = match bytes.first_chunk() {
        Some([1, a, b, c]) => 4 + u32::from_be_bytes([0, *a, *b, *c]) as usize,
        _ => return Read::Part,
    };
    let whole = bytes.len() >= wanted;
    if !whole && !segment.is_last {
        return Read::Part;
    }
    let body = bytes.get(4..wanted.min(bytes.len())).unwrap_or_default();
    match ClientHello::parse(body) {
        Some(hello) => Read::Hello(Facts {
            ja4: (whole && hello.is_whole).then(|| Label::new(&ja4::of(&hello, ja4::Carrier::Quic))),
            application: if hello.alpn.contains(&&b"doq"[..]) { DOQ } else { QUIC },
            detail: Some(Label::new(version.name)),
            ..hello.facts(QUIC)
        }),
        None => Read::Part,
    }
}

/// Opens what Initials a datagram holds; other packets may stand before and behind them.
fn open(datagram: &[u8], number: u32, version: &initial::Version, keys: &Keys, crypto: &mut Crypto) {
    let mut rest = datagram;
    for _ in 0..MOST_PACKETS {
        let Some(long) = Long::parse(rest).filter(|long| long.version == number) else { return };
        let Some((packet, behind)) = long.body(version.is_v2) else { return };
        if packet.kind == Kind::Initial
            && let Some(frames) = keys.open(packet.bytes, packet.number_at)
        {
            if version.is_google {
                crypto.put(0, &frames);
            } else {
                crypto.read_frames(&frames);
            }
        }
        rest = behind;
    }
}

fn nameless(version: &initial::Version) -> Probe {
    bare(version.name)
}
