//! MySQL and MariaDB: the greeting of the server (protocol 10).

use super::text::{contains, is_text};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("mysql");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
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
