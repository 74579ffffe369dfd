//! JA4, the fingerprint of a ClientHello, as FoxIO specifies it (BSD-3-Clause).
//!
//! `t13d1516h2_8daaf6152771_e5627efa2ab1`: carrier, version, name present, number of ciphers and of
//! extensions, ALPN; then hashes of the sorted ciphers, and of the sorted extensions with the
//! signature algorithms. <https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

use super::hello::{ALPN, ClientHello, is_grease};

/// What carried the hello.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) enum Carrier {
    Tcp,
    Quic,
    Dtls,
}

const SERVER_NAME: u16 = 0;
const EMPTY: &str = "000000000000";

pub(in crate::protocol) fn of(hello: &ClientHello<'_>, carrier: Carrier) -> String {
    let ciphers = without_grease(&hello.ciphers);
    let extensions = without_grease(&hello.extensions);
    let carrier = match carrier {
        Carrier::Tcp => 't',
        Carrier::Quic => 'q',
        Carrier::Dtls => 'd',
    };
    let name = if extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let mut out = String::with_capacity(36);
    let _ = write!(
        out,
        "{carrier}{}{name}{:02}{:02}{}_",
        version(hello.highest_version()),
        ciphers.len().min(99),
        extensions.len().min(99),
        alpn(hello.alpn.first().copied().unwrap_or_default()),
    );
    out.push_str(&cipher_hash(ciphers));
    out.push('_');
    out.push_str(&extension_hash(extensions, &without_grease(&hello.signatures)));
    out
}

fn cipher_hash(mut ciphers: Vec<u16>) -> String {
    ciphers.sort_unstable();
    if ciphers.is_empty() { EMPTY.to_owned() } else { short_hash(&list(&ciphers)) }
}

fn extension_hash(mut extensions: Vec<u16>, signatures: &[u16]) -> String {
    if extensions.is_empty() {
        return EMPTY.to_owned();
    }
    extensions.retain(|kind| !matches!(*kind, SERVER_NAME | ALPN));
    extensions.sort_unstable();
    let mut text = list(&extensions);
    if !signatures.is_empty() {
        text.push('_');
        text.push_str(&list(signatures));
    }
    short_hash(&text)
}

fn without_grease(values: &[u16]) -> Vec<u16> {
    values.iter().copied().filter(|&value| !is_grease(value)).collect()
}

fn list(values: &[u16]) -> String {
    let mut out = String::with_capacity(values.len() * 5);
    for (index, value) in values.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(out, "{comma}{value:04x}");
    }
    out
}

/// The first twelve digits of the SHA-256.
fn short_hash(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    digest.as_ref().iter().take(6).fold(String::with_capacity(12), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

const fn version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first ALPN name; of its hexadecimal form where those are not alphanumeric.
///
/// Where the first byte is not ASCII both of FoxIO's programs, and so all fingerprints in circulation, say 99.
fn alpn(name: &[u8]) -> String {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return "00".to_owned() };
    if !first.is_ascii() {
        return "99".to_owned();
    }
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)].iter().collect();
    }
    let (high, low) = (format!("{first:02x}"), format!("{last:02x}"));
    high.chars().take(1).chain(low.chars().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the specification.
    #[test]
    fn equals_the_specification() {
        let hello = ClientHello {
            version: 0x0303,
            ciphers: vec![
                0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
                0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x1a1a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
                0xff01, 0x000b, 0x000a, 0x0015,
            ],
            versions: vec![0x2a2a, 0x0304, 0x0303],
            signatures: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            alpn: vec![b"h2", b"http/1.1"],
            ..ClientHello::default()
        };
        assert_eq!(of(&hello, Carrier::Tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn an_alpn_of_one_or_of_odd_bytes_is_spelt_as_specified() {
        for (name, text) in [
            (&b""[..], "00"),
            (b"h", "hh"),
            (b"\xba\xad", "99"),
            (b"0\xab", "3b"),
            (b"01\xab\xcd", "3d"),
            (b" h", "28"),
        ] {
            assert_eq!(alpn(name), text, "{name:?}");
        }
    }

    #[test]
    fn nothing_offered_is_twelve_zeros() {
        assert_eq!(of(&ClientHello { version: 0x0301, ..ClientHello::default() }, Carrier::Tcp), {
            "t10i000000_000000000000_000000000000"
        });
    }
}
