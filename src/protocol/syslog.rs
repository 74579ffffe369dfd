//! Log lines: a priority in angle brackets, then a version, a date or text (RFC 5424, RFC 3164).

use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("syslog");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Both,
    depth: 64,
    ports: &[514, 601],
    about: "syslog: lines with a priority (RFC 5424, RFC 3164)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let mut bytes = segment.payload;
    if segment.is_tcp() {
        // Lines over streams may stand behind their length (RFC 6587).
        let digits = bytes.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        bytes = bytes.get(digits..).and_then(|rest| rest.strip_prefix(b" ")).filter(|_| digits > 0).unwrap_or(bytes);
    }
    let Some(rest) = bytes.strip_prefix(b"<") else { return Probe::No };
    let digits = rest.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let priority = rest.iter().take(digits).fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let Some(text) = rest.get(digits..).and_then(|rest| rest.strip_prefix(b">")) else {
        return if segment.is_tcp() && rest.len() <= digits && digits < 4 { Probe::Need } else { Probe::No };
    };
    if !(1..=3).contains(&digits) || priority > 191 {
        return Probe::No;
    }
    let head = text.get(..16).unwrap_or(text);
    let dated =
        text.starts_with(b"1 ") || MONTHS.iter().any(|month| head.starts_with(month)) || head.starts_with(b"20");
    let plain = head.iter().all(|&b| (0x20..0x7f).contains(&b)) && head.len() >= 8;
    Probe::when(dated || plain && (segment.on_port || !segment.is_tcp()), APPLICATION)
}

const MONTHS: &[&[u8]] =
    &[b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ", b"Nov ", b"Dec "];
