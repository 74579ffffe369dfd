//! MySQL and MariaDB: the greeting of the server (protocol 10).

use super::reader::le32;
use super::text::{contains, is_text};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("mysql");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 128,
    ports: &[3306, 3307, 33060],
    about: "MySQL and MariaDB: greeting of the server (MySQL protocol v10)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some((head, body)) = bytes.split_first_chunk::<4>() else { return Probe::Need };
    let length = usize::from(head[0]) | usize::from(head[1]) << 8;
    // An error instead of a greeting: too many connections, host not allowed.
    if head[2] == 0
        && head[3] == 0
        && body.len() == length
        && matches!(body, [0xff, ..])
        && is_text(body.get(3..).unwrap_or_default())
    {
        return Probe::when(segment.on_port || contains(body, b"mysql") || contains(body, b"mariadb"), APPLICATION);
    }
    if head[2] == 0 && head[3] == 1 {
        return Probe::when(is_login(body, length), APPLICATION);
    }
    if head[2] != 0 || head[3] != 0 || length < 30 {
        return Probe::No;
    }
    let Some((&10, rest)) = body.split_first() else { return if body.is_empty() { Probe::Need } else { Probe::No } };
    let Some(end) = rest.iter().position(|&b| b == 0) else {
        return if rest.len() < 80 { Probe::Need } else { Probe::No };
    };
    let version = rest.get(..end).unwrap_or_default();
    let fits = version.first().is_some_and(u8::is_ascii_digit) && version.contains(&b'.') && is_text(version);
    if fits { Probe::with_detail(APPLICATION, version) } else { Probe::No }
}

/// What a client answers, where the greeting was not seen: abilities, the largest packet, a character set, then
/// 23 zeros, of which MariaDB uses the last four; behind them a name, or TLS.
fn is_login(body: &[u8], length: usize) -> bool {
    const PROTOCOL_41: u32 = 0x200;
    const TLS: u32 = 0x800;
    let Some(abilities) = le32(body, 0).filter(|abilities| abilities & PROTOCOL_41 != 0) else { return false };
    let zeros = body.get(9..28).is_some_and(|bytes| bytes.iter().all(|&b| b == 0));
    let largest = le32(body, 4).is_some_and(|largest| largest <= 1 << 30);
    let name = body.get(32..).and_then(|rest| rest.split(|&b| b == 0).next()).unwrap_or_default();
    let follows = if length == 32 { abilities & TLS != 0 } else { is_text(name) && body.len() >= length };
    zeros && largest && length >= 32 && follows
}
