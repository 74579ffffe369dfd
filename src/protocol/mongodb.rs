//! MongoDB: a message header with a known operation (MongoDB Wire Protocol).

use super::reader::le32;
use super::text::is_text;
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("mongodb");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
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
    let known = matches!(operation, 2001 | 2002 | 2004..=2007 | 2010..=2013);
    // A query names its collection, a message begins with flags and a section.
    let fits = match operation {
        2004 => bytes.get(20..).is_some_and(|name| is_text(name.split(|&b| b == 0).next().unwrap_or_default())),
        2013 => le32(bytes, 16).is_some_and(|flags| flags & !0x0001_0003 == 0),
        _ => length as usize >= bytes.len() || bytes.len() as u64 >= u64::from(length),
    };
    Probe::when(known && fits && (16..48_000_000).contains(&length), APPLICATION)
}
