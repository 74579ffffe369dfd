//! Telnet: negotiation of options (RFC 854).

use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("telnet");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Remote,
    over: Transports::Tcp,
    depth: 64,
    ports: &[23, 2323],
    about: "Telnet: option negotiation (RFC 854)",
    probe,
};

/// "Interpret as command".
const IAC: &u8 = &0xff;

fn probe(segment: &Segment<'_>) -> Probe {
    let mut reader = Reader::new(segment.payload);
    let mut commands = 0;
    while let Some(IAC) = reader.rest().first() {
        match command(&mut reader) {
            Some(true) => commands += 1,
            Some(false) => return Probe::No,
            None => break,
        }
    }
    let enough = commands >= 3 || commands >= 1 && segment.on_port;
    match (enough, segment.payload.first()) {
        (true, _) => Probe::of(APPLICATION),
        (false, Some(IAC)) if reader.is_empty() || reader.rest().starts_with(&[*IAC]) => Probe::Need,
        _ => Probe::No,
    }
}

/// One command; `None` where it is cut off.
fn command(reader: &mut Reader<'_>) -> Option<bool> {
    reader.skip(1)?;
    match reader.u8()? {
        0xfb..=0xfe => {
            let option = reader.u8()?;
            Some(option <= 49 || option == 255)
        }
        0xfa => {
            let end = reader.rest().windows(2).position(|two| two == [0xff, 0xf0])?;
            reader.skip(end + 2).map(|()| true)
        }
        0xf1..=0xf9 => Some(true),
        _ => Some(false),
    }
}
