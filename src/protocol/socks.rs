//! Proxies: the request of the client and the choice of the proxy (RFC 1928, SOCKS 4).

use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("socks");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Tcp,
    depth: 64,
    ports: &[1080, 9050],
    about: "SOCKS 4 and 5: request and answer (RFC 1928)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (ask, answer) = if is_request(segment.payload) || is_request(segment.other) && !segment.payload.is_empty() {
        if is_request(segment.payload) { (segment.payload, segment.other) } else { (segment.other, segment.payload) }
    } else {
        if is_whole_client(segment.payload) {
            return Probe::of(APPLICATION);
        }
        return if segment.payload.len() < 3 && matches!(segment.payload.first(), None | Some(4 | 5)) {
            Probe::Need
        } else {
            Probe::No
        };
    };
    match (ask.first(), answer) {
        (_, []) => Probe::Need,
        (Some(5), [5, 0 | 1 | 2 | 0xff]) | (Some(4), [0, 0x5a..=0x5d, ..]) => Probe::of(APPLICATION),
        _ => Probe::No,
    }
}

fn is_request(bytes: &[u8]) -> bool {
    match bytes {
        [5, count, methods @ ..] => {
            *count > 0
                && methods.len() == usize::from(*count)
                && methods.iter().all(|&method| !(10..0x80).contains(&method))
        }
        [4, 1 | 2, _, _, rest @ ..] => rest.len() >= 5 && rest.last() == Some(&0),
        _ => false,
    }
}

/// A client whose server was not heard: methods, then at once what to connect to (RFC 1928 §4).
fn is_whole_client(bytes: &[u8]) -> bool {
    let [5, count @ 1..=9, rest @ ..] = bytes else { return false };
    let Some((methods, rest)) = rest.split_at_checked(usize::from(*count)) else { return false };
    let length = match rest {
        [5, 1..=3, 0, 1, ..] => 10,
        [5, 1..=3, 0, 3, length, ..] => 7 + usize::from(*length),
        [5, 1..=3, 0, 4, ..] => 22,
        _ => return false,
    };
    methods.iter().all(|&method| method < 10) && rest.len() >= length
}
