//! Mail transfer: the banner of the server, the greeting of the client (RFC 5321).

use super::text::{Begins, begins, contains, first_line};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("smtp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 512,
    ports: &[25, 587, 2525],
    about: "SMTP: banner and greeting (RFC 5321)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, ended) = first_line(segment.payload);
    match begins(segment.payload, GREETINGS) {
        Begins::Yes if ended => return Probe::with_detail(APPLICATION, first_line(segment.other).0),
        Begins::Yes | Begins::Perhaps => return Probe::Need,
        Begins::No => {}
    }
    match begins(segment.payload, &[b"220 ", b"220-"]) {
        Begins::No => return Probe::No,
        Begins::Perhaps => return Probe::Need,
        Begins::Yes if !ended => return Probe::Need,
        Begins::Yes => {}
    }
    if contains(line, b"ftp") {
        return Probe::No;
    }
    let says_so = [&b"smtp"[..], b"mail", b"postfix", b"exim"].iter().any(|word| contains(line, word));
    if says_so || (segment.on_port && segment.is_last) {
        return Probe::with_detail(APPLICATION, line);
    }
    Probe::Need
}

const GREETINGS: &[&[u8]] = &[b"EHLO ", b"HELO ", b"LHLO ", b"ehlo ", b"helo ", b"Helo ", b"Ehlo "];
