//! The data connections of FTP: the control connection says where they will be (RFC 959, RFC 2428).
//!
//! Only the port is taken from what is said; the addresses are those of the control connection, so that nobody
//! can have another host's flow named. A transfer between two servers is not told for that reason.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::text::first_line;
use super::{Group, Recogniser, Transports};
use crate::model::{Application, Endpoint, FlowKey, Timestamp};

pub const APPLICATION: Application = Application::new("ftp-data");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Files,
    over: Transports::Tcp,
    depth: 64,
    ports: &[20],
    about: "FTP data: where PORT, EPRT, PASV or EPSV said it would be (RFC 959, RFC 2428)",
    probe: super::told_by_another,
};

/// Connections that are awaited at once, and for how long.
const MOST: usize = 256;
const WAIT: Duration = Duration::from_mins(2);
/// Lines of one segment that are looked at.
const MOST_LINES: usize = 8;

/// The port that a segment of a control connection announces, by the client's command or the server's reply.
///
/// A line that is cut between two segments is missed.
pub fn announced(from_server: bool, segment: &[u8]) -> Option<u16> {
    let mut rest = segment;
    for _ in 0..MOST_LINES {
        let (line, ended) = first_line(rest);
        let head = line.get(..5).unwrap_or_default().to_ascii_uppercase();
        let port = match (from_server, &head[..]) {
            (false, b"PORT ") => listed(line.get(5..)?),
            (false, b"EPRT ") | (true, [b'2', b'2', b'9', ..]) => between_bars(line),
            (true, [b'2', b'2', b'7', ..]) => {
                let digits = line.iter().skip(4).position(u8::is_ascii_digit)?;
                listed(line.get(4 + digits..)?)
            }
            _ => None,
        };
        if port.is_some() || !ended {
            return port;
        }
        rest = rest.iter().position(|&b| b == b'\n').and_then(|at| rest.get(at + 1..))?;
    }
    None
}

/// The last two of `h1,h2,h3,h4,p1,p2`.
fn listed(text: &[u8]) -> Option<u16> {
    let end = text.iter().position(|b| !matches!(b, b'0'..=b'9' | b',')).unwrap_or(text.len());
    let mut numbers = text.get(..end)?.split(|&b| b == b',').map(number);
    let last = numbers.by_ref().nth(4)??;
    let [high, low] = [u8::try_from(last).ok()?, u8::try_from(numbers.next()??).ok()?];
    numbers.next().is_none().then(|| u16::from_be_bytes([high, low]))
}

/// The port of `|1|192.0.2.7|6275|` or `(|||6275|)`, whatever the bar is.
fn between_bars(line: &[u8]) -> Option<u16> {
    let start = line.iter().position(|&b| b == b'(').map_or(5, |at| at + 1);
    let bar = *line.get(start).filter(|bar| bar.is_ascii_punctuation())?;
    number(line.get(start + 1..)?.split(|&b| b == bar).nth(2)?)
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The connections that control connections have announced, the oldest first.
#[derive(Debug, Default)]
pub struct Expected(VecDeque<One>);

#[derive(Debug)]
struct One {
    listener: Endpoint,
    other: IpAddr,
    said: Timestamp,
}

impl Expected {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `listener` awaits a connection of `other`. False: there was no room, and the oldest had to go for it.
    pub fn expect(&mut self, listener: Endpoint, other: IpAddr, said: Timestamp) -> bool {
        self.0.retain(|one| said.since(one.said) <= WAIT && one.listener != listener);
        let has_room = self.0.len() < MOST;
        if !has_room {
            self.0.pop_front();
        }
        self.0.push_back(One { listener, other, said });
        has_room
    }

    /// Whether this is an awaited connection; it is awaited no more then.
    pub fn take(&mut self, key: &FlowKey, at: Timestamp) -> bool {
        let (first, second) = (key.first(), key.second());
        let is_it = |one: &One| {
            (one.listener == first && one.other == second.ip || one.listener == second && one.other == first.ip)
                && at.since(one.said) <= WAIT
        };
        self.0.iter().position(is_it).is_some_and(|index| self.0.remove(index).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;

    #[test]
    fn the_port_is_read_from_all_four() {
        assert_eq!(announced(false, b"PORT 192,0,2,7,24,131\r\n"), Some(6275));
        assert_eq!(announced(false, b"eprt |2|2001:db8::7|6275|\r\n"), Some(6275));
        assert_eq!(announced(true, b"230 in\r\n227 Entering Passive Mode (192,0,2,7,24,131).\r\n"), Some(6275));
        assert_eq!(announced(true, b"229 Entering Extended Passive Mode (|||6275|)\r\n"), Some(6275));
        for (from_server, line) in [
            (true, &b"PORT 192,0,2,7,24,131\r\n"[..]),
            (false, b"227 (192,0,2,7,24,131)\r\n"),
            (false, b"PORT 192,0,2,7,24,331\r\n"),
            (false, b"PORT 192,0,2,7,24\r\n"),
            (true, b"229 (|||66000|)\r\n"),
            (true, b"227 nothing\r\n"),
            (true, b"22"),
            (false, b""),
        ] {
            assert_eq!(announced(from_server, line), None, "{line:?}");
        }
    }

    #[test]
    fn only_what_was_announced_is_taken_once_and_in_time() {
        let end = |ip: &str, port| Endpoint::new(ip.parse().unwrap(), port);
        let key = |from| FlowKey::new(Protocol::TCP, from, end("192.0.2.7", 6275)).canonical().0;
        let ours = key(end("10.0.0.1", 40_000));
        let mut expected = Expected::default();
        let said = Timestamp::from_secs(100);
        assert!(expected.expect(end("192.0.2.7", 6275), "10.0.0.1".parse().unwrap(), said));
        assert!(!expected.take(&key(end("10.0.0.2", 40_000)), said), "another client");
        assert!(!expected.take(&ours, Timestamp::from_secs(300)), "too late");
        assert!(expected.take(&ours, Timestamp::from_secs(101)));
        assert!(!expected.take(&ours, Timestamp::from_secs(101)), "only once");
        for port in 1..=MOST as u16 {
            assert!(expected.expect(end("192.0.2.7", port), "10.0.0.1".parse().unwrap(), said));
        }
        assert!(!expected.expect(end("192.0.2.7", 9999), "10.0.0.1".parse().unwrap(), said));
        assert_eq!(expected.0.len(), MOST);
    }
}
