//! What a server answers to a ClientHello: its version, its ALPN and, up to TLS 1.2, its certificate.

use super::super::Probe;
use super::super::Segment;
use super::super::reader::Reader;
use super::super::tor;
use super::certificate;
use super::hello::{ServerHello, version_name};
use super::{CLIENT_HELLO, HANDSHAKE, HEADER, SERVER_HELLO, TLS, record_header};
use crate::model::{Facts, Label, TlsAnswer};

/// Certificate, and what may stand between it and the hello (RFC 5246 §7.4, RFC 4366 §3.6).
const CERTIFICATE: u8 = 11;
const CERTIFICATE_STATUS: u8 = 22;
const TLS_1_3: u16 = 0x0304;

pub(super) fn read(segment: &Segment<'_>, known: &Facts) -> Probe {
    let bytes = segment.payload;
    if bytes.first().is_some_and(|&kind| kind != HANDSHAKE) {
        return Probe::No;
    }
    let flight = Flight::of(bytes);
    let mut messages = Reader::new(&flight.joined);
    let Some((SERVER_HELLO, body, true)) = next(&mut messages) else {
        return if flight.goes_on && !matches!(flight.joined.first(), Some(&CLIENT_HELLO)) {
            Probe::Need
        } else {
            Probe::No
        };
    };
    let Some(hello) = ServerHello::parse(body) else { return Probe::No };
    let mut answer = TlsAnswer {
        version: version_name(hello.version).unwrap_or_default(),
        alpn: hello.alpn.map(Label::from_bytes),
        certificate: None,
    };
    if hello.version >= TLS_1_3 {
        return told(known, answer);
    }
    while let Some((kind, body, is_whole)) = next(&mut messages) {
        match kind {
            CERTIFICATE if !is_whole && !segment.is_last => return Probe::Need,
            CERTIFICATE => {
                answer.certificate = certificate::first(body);
                return told(known, answer);
            }
            CERTIFICATE_STATUS => {}
            // A key exchange or the end of the answer: there is no certificate.
            _ => return told(known, answer),
        }
    }
    if flight.goes_on && !segment.is_last { Probe::Need } else { told(known, answer) }
}

fn told(known: &Facts, answer: TlsAnswer) -> Probe {
    // What the client offered is known; that the server chose is worth more.
    let detail = (!answer.version.is_empty() && is_version(known)).then(|| Label::new(answer.version));
    let facts = Facts { detail: detail.or_else(|| known.detail.clone()), tls: Some(Box::new(answer)), ..known.clone() };
    Probe::Match(if facts.application == TLS { tor::by_certificate(facts) } else { facts })
}

/// Whether the line that is known is a version, not the banner of what was spoken before the TLS.
fn is_version(known: &Facts) -> bool {
    known.detail.as_ref().is_some_and(|detail| ["TLS 1", "SSL "].iter().any(|word| detail.as_str().starts_with(word)))
}

/// Type, body and whether the body is all there.
fn next<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8], bool)> {
    let kind = reader.u8()?;
    let length = reader.u24()? as usize;
    let body = reader.take_up_to(length);
    Some((kind, body, body.len() == length))
}

/// The handshake messages at the beginning of a stream, out of their records.
struct Flight {
    joined: Vec<u8>,
    /// Nothing but a handshake was seen: more may come.
    goes_on: bool,
}

impl Flight {
    /// The bytes are those of a window, so what is joined is bounded as that is.
    fn of(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        let mut flight = Self { joined: Vec::with_capacity(bytes.len()), goes_on: true };
        while !reader.is_empty() {
            if reader.len() < HEADER {
                return flight;
            }
            let Some((HANDSHAKE, length)) = record_header(&mut reader) else {
                flight.goes_on = false;
                return flight;
            };
            flight.joined.extend_from_slice(reader.take_up_to(length));
        }
        flight
    }
}
