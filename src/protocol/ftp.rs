//! The control connection of FTP: banner and first command (RFC 959).

use super::text::{Begins, begins, contains, first_line, is_command};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("ftp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Files,
    over: Transports::Tcp,
    depth: 512,
    ports: &[21],
    about: "FTP control: banner and first command (RFC 959)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, ended) = first_line(segment.payload);
    if is_command(line, COMMANDS) {
        let greeted = segment.other.starts_with(b"220");
        let banner = first_line(segment.other).0;
        return match (ended, greeted || segment.on_port && segment.other.is_empty()) {
            (false, _) => Probe::Need,
            (true, true) => Probe::with_detail(APPLICATION, banner),
            (true, false) => Probe::No,
        };
    }
    match begins(segment.payload, &[b"220 ", b"220-", b"USER", b"AUTH", b"user"]) {
        Begins::No => reply(segment, line),
        Begins::Yes if contains(line, b"ftp") => Probe::with_detail(APPLICATION, line),
        Begins::Yes | Begins::Perhaps if segment.on_port && segment.is_last && ended => {
            Probe::with_detail(APPLICATION, line)
        }
        Begins::Yes | Begins::Perhaps => Probe::Need,
    }
}

/// In the middle of a login on the usual port: the replies are FTP's own.
fn reply(segment: &Segment<'_>, line: &[u8]) -> Probe {
    let replies: &[&[u8]] = &[
        b"331 ",
        b"230 ",
        b"230-",
        b"227 Entering Passive",
        b"229 Entering Extended",
        b"530 ",
        b"234 ",
        b"150 ",
        b"226 ",
        b"250 ",
        b"257 \"",
        b"200 ",
        b"213 ",
        b"215 ",
        b"350 ",
        b"425 ",
        b"550 ",
    ];
    let said = replies.iter().any(|reply| line.starts_with(reply)) || is_command(line, LATER);
    Probe::when(segment.on_port && segment.is_midstream && said, APPLICATION)
}

const LATER: &[&[u8]] = &[
    b"PASV", b"EPSV", b"PORT", b"EPRT", b"LIST", b"NLST", b"MLSD", b"RETR", b"STOR", b"CWD", b"PWD", b"TYPE", b"SIZE",
    b"MDTM", b"REST", b"QUIT", b"NOOP",
];
const COMMANDS: &[&[u8]] = &[b"USER", b"AUTH", b"FEAT", b"SYST", b"OPTS", b"HOST", b"CLNT", b"PASS"];
