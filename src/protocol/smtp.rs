//! Mail transfer: the banner of the server, the greeting of the client (RFC 5321).

use super::text::{Begins, begins, contains, first_line, is_command};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("smtp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Mail,
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
        Begins::No => return later(segment, line, ended),
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

/// On its ports, what stands in the middle of a conversation (RFC 5321 §4.1.1, §4.2).
fn later(segment: &Segment<'_>, line: &[u8], ended: bool) -> Probe {
    const COMMANDS: &[&[u8]] = &[b"MAIL FROM:", b"RCPT TO:", b"mail from:", b"rcpt to:", b"MAIL From:", b"RCPT To:"];
    const REPLIES: &[&[u8]] = &[b"250-", b"250 ", b"354 ", b"421 ", b"450 ", b"550 ", b"554 ", b"235 ", b"334 "];
    let said = COMMANDS.iter().chain(REPLIES).any(|word| line.starts_with(word))
        || is_command(line, &[b"DATA", b"QUIT", b"RSET", b"STARTTLS"]);
    let at_home = segment.on_port && segment.server_port != 110;
    Probe::when(at_home && ended && said, APPLICATION)
}
