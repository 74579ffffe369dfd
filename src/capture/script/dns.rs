//! DNS messages (RFC 1035) for scripts: a question, and an answer with addresses.

use std::net::IpAddr;

/// Record types.
pub const A: u16 = 1;
pub const TXT: u16 = 16;
pub const AAAA: u16 = 28;

const IN: u16 = 1;
/// A pointer to the name in the question.
const QUESTION_NAME: u16 = 0xc00c;

/// A recursive question.
pub fn query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    message(id, 0x0100, (name, kind), 0)
}

/// The answer of a resolver: an address record for each address. No addresses and no error is "no data".
pub fn answer(id: u16, name: &str, kind: u16, addresses: &[IpAddr], ttl: u32) -> Vec<u8> {
    let mut out = message(id, 0x8180, (name, kind), addresses.len() as u16);
    for ip in addresses {
        match ip {
            IpAddr::V4(ip) => record(&mut out, A, ttl, &ip.octets()),
            IpAddr::V6(ip) => record(&mut out, AAAA, ttl, &ip.octets()),
        }
    }
    out
}

/// The answer that there is no such name.
pub fn no_such_name(id: u16, name: &str, kind: u16) -> Vec<u8> {
    message(id, 0x8183, (name, kind), 0)
}

fn message(id: u16, flags: u16, (name, kind): (&str, u16), answers: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for word in [id, flags, 1, answers, 0, 0] {
        out.extend(word.to_be_bytes());
    }
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = label.as_bytes().get(..63).unwrap_or(label.as_bytes());
        out.push(label.len() as u8);
        out.extend(label);
    }
    out.push(0);
    out.extend(kind.to_be_bytes());
    out.extend(IN.to_be_bytes());
    out
}

fn record(out: &mut Vec<u8>, kind: u16, ttl: u32, data: &[u8]) {
    out.extend(QUESTION_NAME.to_be_bytes());
    out.extend(kind.to_be_bytes());
    out.extend(IN.to_be_bytes());
    out.extend(ttl.to_be_bytes());
    out.extend((data.len() as u16).to_be_bytes());
    out.extend(data);
}
