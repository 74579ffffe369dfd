//! MongoDB: a message header with a known operation (MongoDB Wire Protocol).

use super::reader::le32;
use super::text::is_text;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("mongodb");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 64,
    ports: &[27017, 27018, 27019],
    about: "MongoDB: header of a message (MongoDB wire protocol)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(length), Some(operation)) = (le32(bytes, 0), le32(bytes, 12)) else {
        let small = le32(bytes, 0).is_none_or(|length| (16..48_000_000).contains(&length));
        return if small { Probe::Need } else { Probe::No };
    };
    let name = |at: usize| {
        let name = bytes.get(at..).and_then(|rest| rest.split(|&b| b == 0).next());
        name.is_some_and(|name| !name.is_empty() && is_text(name))
    };
    let word = |index: usize| le32(bytes, index * 4);
    // A query names its collection, a message begins with flags and a section.
    let fits = match operation {
        // An answer: flags, a cursor, where it starts, how many documents.
        1 => word(4).is_some_and(|flags| flags <= 0xf) && word(8).is_some_and(|count| count <= 10_000) && length >= 36,
        2001 | 2005 | 2006 => word(4) == Some(0) && name(20),
        2002 => word(4).is_some_and(|flags| flags <= 1) && name(20),
        2004 => name(20),
        2007 => word(4) == Some(0) && word(5).is_some_and(|cursors| u64::from(cursors) * 8 + 24 == u64::from(length)),
        2010 => name(16),
        2011 => word(4).is_some_and(|document| (5..length).contains(&document)),
        // What was compressed, how long it was, and by what.
        2012 => matches!(word(4), Some(1 | 2001..=2013)) && matches!(bytes.get(24), Some(0..=3)),
        2013 => le32(bytes, 16).is_some_and(|flags| flags & !0x0001_0003 == 0),
        _ => false,
    };
    // The longest of these headers is there in 32 bytes, but for a name.
    if !fits && bytes.len() < 32 && matches!(operation, 1 | 2001..=2013) && !segment.is_last {
        return Probe::Need;
    }
    Probe::when(fits && (16..48_000_000).contains(&length), APPLICATION)
}
