//! Media over RTP: consecutive packets of one source (RFC 3550 §5.1).

use super::reader::{be16, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rtp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Media,
    over: Transports::Udp,
    depth: 0,
    ports: &[5004],
    about: "RTP: media in consecutive packets (RFC 3550)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let Some(this) = Header::parse(segment.payload) else { return Probe::No };
    let mut last = this;
    let mut run = 0;
    // One packet says nothing: three of one source, each a little after the one before, do.
    for earlier in segment.earlier.filter_map(Header::parse) {
        // Sound and picture, or what is sent again, may share the ports: each has a source of its own.
        if earlier.source != this.source {
            continue;
        }
        let behind = this.sequence.wrapping_sub(earlier.sequence);
        if behind.min(behind.wrapping_neg()) > 48 {
            return Probe::No;
        }
        if earlier.sequence != last.sequence {
            run += 1;
        }
        last = earlier;
    }
    if run >= 2 { Probe::of(APPLICATION) } else { Probe::Need }
}

#[derive(Clone, Copy)]
struct Header {
    sequence: u16,
    source: u32,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let kind = second & 0x7f;
        let sources = usize::from(first & 0xf);
        let fits = first & 0xc0 == 0x80 && sources <= 2 && bytes.len() > 12 + sources * 4;
        let known = matches!(kind, 0 | 3..=18 | 25 | 26 | 28 | 31..=34 | 96..=127);
        let source = be32(bytes, 8).filter(|&source| source != 0)?;
        (fits && known).then_some(Self { sequence: be16(bytes, 2)?, source })
    }
}
