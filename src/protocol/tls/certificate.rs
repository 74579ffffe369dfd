//! The few things that egret tells of a server's certificate (RFC 5280 §4.1), read from hostile bytes.
//!
//! A reader of its own, because it must say what it can of a certificate that was cut off by the snap length:
//! names and validity stand at its front. Nothing is checked, and nothing recurses.

use super::super::ber;
use super::super::reader::Reader;
use crate::model::{Certificate, Label, Timestamp};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;
/// `subjectAltName`, 2.5.29.17.
const ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Parts of a name, extensions, and DNS names that are looked at.
const MOST_PARTS: usize = 16;
const MOST_EXTENSIONS: usize = 32;
const MOST_NAMES: usize = 8;

/// The first certificate of a Certificate message: the server's own (RFC 5246 §7.4.2).
pub(super) fn first(message: &[u8]) -> Option<Certificate> {
    let mut reader = Reader::new(message);
    reader.skip(3)?;
    let length = reader.u24()?;
    read(reader.take_up_to(length as usize))
}

fn read(bytes: &[u8]) -> Option<Certificate> {
    let mut outer = inside(&mut Reader::new(bytes), SEQUENCE)?;
    let mut body = inside(&mut outer, SEQUENCE)?;
    if body.rest().first() == Some(&VERSION) {
        inside(&mut body, VERSION)?;
    }
    inside(&mut body, INTEGER)?;
    inside(&mut body, SEQUENCE)?;
    let issuer = name(inside(&mut body, SEQUENCE)?);
    let mut validity = inside(&mut body, SEQUENCE)?;
    let (from, until) = (time(&mut validity)?, time(&mut validity)?);
    let subject = name(inside(&mut body, SEQUENCE)?);
    // The key, then perhaps two ids, then the extensions; a certificate that was cut ends before them.
    let _ = inside(&mut body, SEQUENCE);
    let names = alternative_names(&mut body).unwrap_or_default();
    Some(Certificate { subject, issuer, from, until, names })
}

/// The contents of a value with that tag; as much as there is where it was cut off.
fn inside<'a>(reader: &mut Reader<'a>, tag: u8) -> Option<Reader<'a>> {
    let length = ber::enter(reader, tag)?;
    Some(Reader::new(reader.take_up_to(length)))
}

/// Any value: its tag and contents.
fn any<'a>(reader: &mut Reader<'a>) -> Option<(u8, Reader<'a>)> {
    let tag = reader.u8()?;
    let length = ber::length(reader)?;
    Some((tag, Reader::new(reader.take_up_to(length))))
}

/// `CN=www.example.com, O=Example`, in the order of the certificate.
fn name(mut parts: Reader<'_>) -> Label {
    let mut text = String::new();
    for _ in 0..MOST_PARTS {
        let Some((key, value)) = part(&mut parts) else { break };
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(key);
        text.push('=');
        text.push_str(&String::from_utf8_lossy(value));
    }
    Label::new(&text)
}

fn part<'a>(parts: &mut Reader<'a>) -> Option<(&'static str, &'a [u8])> {
    let mut set = inside(parts, SET)?;
    let mut pair = inside(&mut set, SEQUENCE)?;
    let id = inside(&mut pair, OID)?.rest();
    let (_, value) = any(&mut pair)?;
    Some((short(id), value.rest()))
}

/// The short names of RFC 4514 §3; others are told as `?`.
const fn short(id: &[u8]) -> &'static str {
    match id {
        [0x55, 0x04, 3] => "CN",
        [0x55, 0x04, 5] => "serialNumber",
        [0x55, 0x04, 6] => "C",
        [0x55, 0x04, 7] => "L",
        [0x55, 0x04, 8] => "ST",
        [0x55, 0x04, 9] => "STREET",
        [0x55, 0x04, 10] => "O",
        [0x55, 0x04, 11] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => "DC",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01] => "emailAddress",
        _ => "?",
    }
}

fn alternative_names(body: &mut Reader<'_>) -> Option<Vec<Label>> {
    let mut extensions = loop {
        if let (EXTENSIONS, mut contents) = any(body)? {
            break inside(&mut contents, SEQUENCE)?;
        }
    };
    for _ in 0..MOST_EXTENSIONS {
        let mut extension = inside(&mut extensions, SEQUENCE)?;
        if inside(&mut extension, OID)?.rest() != ALT_NAME {
            continue;
        }
        // A flag may say that it is critical.
        let contents = loop {
            if let (OCTETS, contents) = any(&mut extension)? {
                break contents;
            }
        };
        return Some(dns_names(contents));
    }
    None
}

fn dns_names(mut contents: Reader<'_>) -> Vec<Label> {
    let mut names = Vec::new();
    let Some(mut list) = inside(&mut contents, SEQUENCE) else { return names };
    while let Some((tag, name)) = any(&mut list).filter(|_| names.len() < MOST_NAMES) {
        if tag == DNS_NAME {
            names.push(Label::from_bytes(name.rest()));
        }
    }
    names
}

/// `UTCTime` or `GeneralizedTime`, both in UTC and to the second (RFC 5280 §4.1.2.5).
fn time(reader: &mut Reader<'_>) -> Option<Timestamp> {
    let (tag, text) = any(reader)?;
    let digits = text.rest().strip_suffix(b"Z")?;
    let two = |at: usize| {
        let pair = digits.get(at..at + 2)?;
        pair.iter().try_fold(0_i16, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i16::from(b - b'0')))
    };
    let (year, at) = match tag {
        // Years from 50 on belong to the last century.
        UTC_TIME => (two(0).map(|year| if year >= 50 { 1900 + year } else { 2000 + year })?, 2),
        GENERALIZED_TIME => (two(0)? * 100 + two(2)?, 4),
        _ => return None,
    };
    let part = |index: usize| two(at + 2 * index).and_then(|part| i8::try_from(part).ok());
    let when = jiff::civil::DateTime::new(year, part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, 0).ok()?;
    let seconds = jiff::tz::TimeZone::UTC.to_timestamp(when).ok()?.as_second();
    Some(Timestamp::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, contents].concat()
    }

    fn named(id: u8, text: &[u8]) -> Vec<u8> {
        let pair = [value(OID, &[0x55, 4, id]), value(0x0c, text)].concat();
        value(SEQUENCE, &value(SET, &value(SEQUENCE, &pair)))
    }

    fn certificate(subject: &[u8], until: &[u8], alternative: &[u8]) -> Vec<u8> {
        let dns = value(SEQUENCE, &value(DNS_NAME, alternative));
        let extension = value(SEQUENCE, &[value(OID, ALT_NAME), value(1, &[0xff]), value(OCTETS, &dns)].concat());
        let validity = [value(UTC_TIME, b"700101000000Z"), value(GENERALIZED_TIME, until)].concat();
        let body = [
            value(VERSION, &value(INTEGER, &[2])),
            value(INTEGER, &[1]),
            value(SEQUENCE, &[]),
            named(10, b"Issuer"),
            value(SEQUENCE, &validity),
            named(3, subject),
            value(SEQUENCE, &[1, 2, 3]),
            value(EXTENSIONS, &value(SEQUENCE, &extension)),
        ];
        value(SEQUENCE, &value(SEQUENCE, &body.concat()))
    }

    #[test]
    fn tells_names_and_validity() {
        let found = read(&certificate(b"www.example.com", b"20310203040506Z", b"*.example.com")).unwrap();
        assert_eq!((found.subject.as_str(), found.issuer.as_str()), ("CN=www.example.com", "O=Issuer"));
        assert_eq!((found.from, found.until), (Timestamp::ZERO, Timestamp::from_secs(1_927_857_906)));
        assert_eq!(found.names, [Label::new("*.example.com")]);
    }

    #[test]
    fn hostile_bytes_are_survived_and_made_printable() {
        let bytes = certificate(b"\x1b]52;c;\x07evil\xff", b"99991231235959Z", b"a\nb");
        for end in 0..bytes.len() {
            if let Some(found) = read(&bytes[..end]) {
                assert!(!found.subject.as_str().chars().any(char::is_control));
            }
            let mut bent = bytes.clone();
            bent[end] ^= 0x55;
            let _ = read(&bent);
        }
        assert!(read(&certificate(b"x", b"20311303040506Z", b"y")).is_none(), "there is no month 13");
        assert_eq!(read(&[0x30; 4096]), None);
    }
}
