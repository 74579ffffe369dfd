//! DNS over UDP and TCP. Every message matters, not only the first: who asked for what, and which
//! address it got (RFC 1035, RFC 7766).

mod message;
mod name;
mod stream;

pub use message::{Message, Question, Resolved};
pub use stream::Stream;

use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::{Application, Facts};

pub const DNS: Application = Application::new("dns");
pub const MDNS: Application = Application::new("mdns");
pub const LLMNR: Application = Application::new("llmnr");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: DNS,
    group: Group::Names,
    over: Transports::Both,
    depth: 1024,
    ports: &[53],
    about: "DNS: names asked for, types, answers (RFC 1035)",
    probe,
};

pub(super) const MDNS_RECOGNISER: Recogniser = Recogniser {
    application: MDNS,
    group: Group::Names,
    over: Transports::Udp,
    depth: 0,
    ports: &[MDNS_PORT],
    about: "Multicast DNS on its own port (RFC 6762)",
    probe: probe_mdns,
};

pub(super) const LLMNR_RECOGNISER: Recogniser = Recogniser {
    application: LLMNR,
    group: Group::Names,
    over: Transports::Both,
    depth: 512,
    ports: &[LLMNR_PORT],
    about: "Link-local name resolution on its own port (RFC 4795)",
    probe: probe_llmnr,
};

const MDNS_PORT: u16 = 5353;
const LLMNR_PORT: u16 = 5355;

/// Whether the messages of such a flow are worth reading as long as it lives.
pub fn is_dns(application: Application) -> bool {
    application == DNS || application == MDNS || application == LLMNR
}

fn probe(segment: &Segment<'_>) -> Probe {
    let theirs = [137, MDNS_PORT, LLMNR_PORT];
    if !segment.on_port && (theirs.contains(&segment.server_port) || theirs.contains(&segment.client_port)) {
        return Probe::No;
    }
    if segment.is_tcp() {
        return probe_tcp(segment);
    }
    if segment.on_port {
        return judge(segment.payload, true, segment.is_whole(), DNS);
    }
    // Away from its port a question and its answer are wanted, not one message that happens to fit.
    match (judge(segment.payload, false, segment.is_whole(), DNS), Message::parse(segment.other)) {
        (Probe::Match(facts), Some(other)) if segment.payload.starts_with(&other.id.to_be_bytes()) => {
            Probe::Match(facts)
        }
        (Probe::Match(_), _) => Probe::Need,
        (other, _) => other,
    }
}

fn probe_tcp(segment: &Segment<'_>) -> Probe {
    let Some((length, message)) = segment.payload.split_first_chunk() else { return Probe::Need };
    let length = usize::from(u16::from_be_bytes(*length));
    if length < message::HEADER {
        return Probe::No;
    }
    if message.len() < length && !segment.is_last {
        // A zone transfer is long; its header must do.
        let fits = message.len() < message::HEADER || Message::parse(message).is_some() || message::is_begun(message);
        return if fits { Probe::Need } else { Probe::No };
    }
    judge(message.get(..length).unwrap_or(message), segment.on_port, message.len() >= length, DNS)
}

fn probe_mdns(segment: &Segment<'_>) -> Probe {
    if segment.on_port { judge(segment.payload, true, segment.is_whole(), MDNS) } else { Probe::No }
}

fn probe_llmnr(segment: &Segment<'_>) -> Probe {
    if segment.on_port && !segment.is_tcp() {
        judge(segment.payload, true, segment.is_whole(), LLMNR)
    } else {
        Probe::No
    }
}

/// Whether a message reads as DNS; away from its port only one without an oddity.
fn judge(bytes: &[u8], on_port: bool, whole: bool, application: Application) -> Probe {
    let Some(message) = Message::parse(bytes) else {
        // Bent beyond reading, but the header and the first label are a question's, on a port for questions.
        return Probe::when(on_port && message::is_header(bytes), application);
    };
    let fits = if on_port { message.is_possible() } else { message.is_plausible() };
    if !fits || !(on_port || whole && message.is_exact) {
        return Probe::No;
    }
    Probe::Match(Facts { application, detail: message.question.map(|question| question.name), ..Facts::default() })
}
