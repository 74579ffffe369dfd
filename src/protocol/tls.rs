//! TLS over TCP: ClientHello, ServerHello, alerts, and records of a connection picked up in the middle.

mod answer;
mod certificate;
pub(super) mod hello;
pub(super) mod ja4;

use std::borrow::Cow;

use super::reader::{Reader, be16};
use super::window::WINDOW;
use super::{Follow, FollowSide, Group, Probe, Recogniser, Segment, Transports, doh};
use crate::model::{Application, Facts, Label};
use hello::{ClientHello, ServerHello};

pub(super) const TLS: Application = Application::new("tls");
pub(super) const DOT: Application = Application::new("dot");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: TLS,
    group: Group::Encrypted,
    over: Transports::Tcp,
    depth: WINDOW,
    ports: &[443, 8443, 465, 563, 636, 989, 990, 993, 995, 5061, 5671, 6697, 8883, 9443],
    about: "TLS and SSL: server name, ALPN, version, JA4 (RFC 8446, RFC 6066)",
    probe,
};

/// DNS over TLS has a port of its own and no sign of its own within the handshake (RFC 7858).
pub(super) const DOT_RECOGNISER: Recogniser = Recogniser {
    application: DOT,
    group: Group::Names,
    over: Transports::Tcp,
    depth: WINDOW,
    ports: &[853],
    about: "DNS over TLS: TLS on its own port, or with ALPN dot (RFC 7858)",
    probe: probe_dot,
};

/// Content types and lengths of RFC 8446 §5.1.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEADER: usize = 5;
/// 2^14, and what RFC 5246 allows compression and encryption to add.
const LONGEST_RECORD: usize = 16_384 + 2_048;
/// A handshake message that claims more than this is not one.
const LONGEST_HELLO: usize = 1 << 16;

/// What could be a record in the middle of a segment, and is looked at.
const MOST_MARKS: usize = 16;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match bytes.first() {
        Some(&HANDSHAKE) => handshake(segment),
        Some(&ALERT | &APPLICATION_DATA | &20) => middle(segment),
        Some(byte) if byte & 0x80 != 0 && matches!(bytes.get(2), None | Some(&CLIENT_HELLO)) => ssl2(bytes),
        Some(_) => within(segment),
        None => Probe::Need,
    }
}

fn probe_dot(segment: &Segment<'_>) -> Probe {
    if !segment.on_port {
        return Probe::No;
    }
    match probe(segment) {
        Probe::Match(facts) => Probe::Match(Facts { application: DOT, ..facts }),
        Probe::Then(facts, then) => Probe::Then(Facts { application: DOT, ..facts }, then),
        other => other,
    }
}

fn handshake(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    // Type, version 3.0 to 3.4, length, message type: as far as they are there, they must fit.
    let header_fits = bytes.get(1).is_none_or(|&major| major == 3)
        && bytes.get(2).is_none_or(|&minor| minor <= 4)
        && be16(bytes, 3).is_none_or(|length| (1..=LONGEST_RECORD).contains(&usize::from(length)))
        // A record may hold as little as the type.
        && (matches!(bytes.get(3..5), Some([0, 1])) || bytes.get(6).is_none_or(|&high| high == 0));
    if !header_fits {
        return Probe::No;
    }
    if bytes.get(5).is_some_and(|&kind| !matches!(kind, CLIENT_HELLO | SERVER_HELLO)) {
        // Certificates and so on, where the hello was missed.
        return if segment.is_midstream { middle(segment) } else { Probe::No };
    }
    if bytes.len() < HEADER + 4 {
        return Probe::Need;
    }
    let message = first_message(bytes);
    let Some(&kind) = message.bytes.first() else { return Probe::Need };
    if !message.is_whole && !segment.is_last {
        return if message.bytes.len() < LONGEST_HELLO && fits_so_far(&message.bytes) {
            Probe::Need
        } else {
            Probe::No
        };
    }
    if kind == CLIENT_HELLO { client(&message) } else { server(&message) }
}

fn client(message: &Message<'_>) -> Probe {
    let body = message.bytes.get(4..).unwrap_or_default();
    let Some(hello) = ClientHello::parse(body) else { return Probe::No };
    let mut facts = hello.facts(TLS);
    if message.is_whole && hello.is_whole {
        facts.ja4 = Some(Label::new(&ja4::of(&hello, ja4::Carrier::Tcp)));
    }
    if facts.alpn.iter().any(|name| name.as_str() == "dot") {
        facts.application = DOT;
    }
    facts = doh::by_name(facts);
    Probe::Then(facts, Follow { side: FollowSide::Other, read: answer::read })
}

/// The hello of a server whose client was not heard. More of its answer follows on the same side.
fn server(message: &Message<'_>) -> Probe {
    let Some(hello) = ServerHello::parse(message.bytes.get(4..).unwrap_or_default()) else { return Probe::No };
    let facts = Facts {
        application: TLS,
        alpn: hello.alpn.map(Label::from_bytes).into_iter().collect(),
        detail: hello::version_name(hello.version).map(Label::new),
        ..Facts::default()
    };
    Probe::Then(facts, Follow { side: FollowSide::Same, read: answer::read })
}

/// The version and the session id of a hello that is not all there yet.
fn fits_so_far(message: &[u8]) -> bool {
    message.get(4).is_none_or(|&major| major == 3) && message.get(38).is_none_or(|&session| session <= 32)
}

/// The first handshake message, put together from the records it was cut into.
struct Message<'a> {
    bytes: Cow<'a, [u8]>,
    is_whole: bool,
}

fn first_message(bytes: &[u8]) -> Message<'_> {
    let mut reader = Reader::new(bytes);
    let mut joined: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    while let Some((kind, length)) = record_header(&mut reader) {
        if kind != HANDSHAKE {
            break;
        }
        let part = reader.take_up_to(length);
        if joined.is_empty() {
            joined = Cow::Borrowed(part);
        } else {
            joined.to_mut().extend_from_slice(part);
        }
        let wanted = declared(&joined);
        if let Some(wanted) = wanted.filter(|&wanted| joined.len() >= wanted) {
            if let Cow::Borrowed(all) = joined {
                return Message { bytes: Cow::Borrowed(all.get(..wanted).unwrap_or(all)), is_whole: true };
            }
            joined.to_mut().truncate(wanted);
            return Message { bytes: joined, is_whole: true };
        }
        if part.len() < length {
            break;
        }
    }
    Message { bytes: joined, is_whole: false }
}

/// How long the message says it is, its own header included.
fn declared(message: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(message);
    reader.skip(1)?;
    Some(4 + reader.u24()? as usize)
}

/// Type and length of a record, if the header is one.
fn record_header(reader: &mut Reader<'_>) -> Option<(u8, usize)> {
    let [kind, major, minor, high, low] = reader.array()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let fits = (20..=24).contains(&kind) && major == 3 && minor <= 4 && (1..=LONGEST_RECORD).contains(&length);
    fits.then_some((kind, length))
}

/// Records of a connection whose hello was not seen: one after the other they must fit to the last byte.
fn middle(segment: &Segment<'_>) -> Probe {
    let mut reader = Reader::new(segment.payload);
    let mut records = 0;
    while !reader.is_empty() {
        if reader.len() < HEADER {
            break;
        }
        let Some((kind, length)) = record_header(&mut reader) else { return Probe::No };
        let odd_alert = kind == ALERT && length < 2;
        if odd_alert || kind == 20 && length != 1 {
            return Probe::No;
        }
        if reader.len() < length {
            break;
        }
        reader.take_up_to(length);
        records += 1;
    }
    let plain_alert = matches!(segment.payload, [ALERT, 3, 0..=4, 0, 2, 1 | 2, _, ..]);
    // One record that ends where the segment ends is a strong sign already; a longer one needs company.
    if plain_alert || (records >= 1 && (reader.is_empty() || records >= 2)) {
        return Probe::of(TLS);
    }
    if segment.payload.len() < HEADER { Probe::Need } else { need_two(segment) }
}

/// In the middle of a stream, on its ports: two records that begin somewhere in the segment, the second where the
/// first one ends, or the first ends with the segment.
fn within(segment: &Segment<'_>) -> Probe {
    if !segment.is_midstream || !segment.on_port {
        return Probe::No;
    }
    let is_record = |at: usize| {
        let mut reader = Reader::new(segment.payload.get(at..)?);
        let (APPLICATION_DATA, length) = record_header(&mut reader)? else { return None };
        // Nobody has written 3.0 there for long.
        (segment.payload.get(at + 2) == Some(&3)).then_some(at + HEADER + length)
    };
    let marks = segment.payload.windows(3).enumerate().filter(|(_, three)| *three == [APPLICATION_DATA, 3, 3]);
    let fits = |(at, _): (usize, &[u8])| {
        is_record(at).is_some_and(|end| end == segment.payload.len() || is_record(end).is_some())
    };
    Probe::when(marks.take(MOST_MARKS).any(fits), TLS)
}

fn need_two(segment: &Segment<'_>) -> Probe {
    let header = record_header(&mut Reader::new(segment.payload));
    if header.is_some() && !segment.is_last { Probe::Need } else { Probe::No }
}

/// The hello of SSL 2 that offers SSL 3 or TLS (RFC 5246 appendix E.2).
fn ssl2(bytes: &[u8]) -> Probe {
    let Some((&[high, low, CLIENT_HELLO, major, minor, c1, c2, s1, s2, r1, r2], rest)) = bytes.split_first_chunk()
    else {
        return Probe::No;
    };
    let length = usize::from(u16::from_be_bytes([high & 0x7f, low]));
    let [ciphers, session, random] = [[c1, c2], [s1, s2], [r1, r2]].map(|two| usize::from(u16::from_be_bytes(two)));
    let version_fits = (major == 3 && minor <= 3) || (major == 0 && minor == 2);
    let fits = version_fits
        && ciphers > 0
        && ciphers % 3 == 0
        && matches!(session, 0 | 16)
        && (16..=32).contains(&random)
        && length == 9 + ciphers + session + random
        && rest.len() == ciphers + session + random;
    Probe::when(fits, TLS)
}
