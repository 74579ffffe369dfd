//! HTTP/1: requests and responses (RFC 9112), WebDAV's and UPnP's methods over TCP included.

use httparse::{EMPTY_HEADER, Request, Status};

use super::text::{Begins, begins, first_line, header};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::{Application, Facts, Label};

const HTTP: Application = Application::new("http");

const PROXY: Application = Application::new("http-proxy");

pub(super) const PROXY_RECOGNISER: Recogniser = Recogniser {
    application: PROXY,
    over: Transports::Tcp,
    depth: 8 * 1024,
    ports: &[3128, 8080],
    about: "HTTP CONNECT: a tunnel through a proxy (RFC 9110 §9.3.6)",
    probe: probe_proxy,
};

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: HTTP,
    over: Transports::Tcp,
    depth: 8 * 1024,
    ports: &[80, 8080, 8000, 8008, 3128, 8888, 9200],
    about: "HTTP/1: Host, method, user agent (RFC 9112)",
    probe,
};

const METHODS: &[&[u8]] = &[
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"TRACE ",
    b"PROPFIND ",
    b"PROPPATCH ",
    b"MKCOL ",
    b"COPY ",
    b"MOVE ",
    b"LOCK ",
    b"UNLOCK ",
    b"REPORT ",
    b"SEARCH ",
    b"SUBSCRIBE ",
    b"UNSUBSCRIBE ",
    b"NOTIFY ",
    b"MERGE ",
    b"PURGE ",
    b"RPC_CONNECT ",
    b"RPC_IN_DATA ",
    b"RPC_OUT_DATA ",
];
/// Headers that are read of one request.
const MOST_HEADERS: usize = 64;

fn probe_proxy(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"CONNECT "]) {
        Begins::Yes => match request(segment) {
            Probe::Match(facts) => Probe::Match(Facts { application: PROXY, ..facts }),
            other => other,
        },
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match (begins(bytes, &[b"HTTP/1.0 ", b"HTTP/1.1 "]), begins(bytes, METHODS)) {
        (Begins::Yes, _) => response(bytes),
        (_, Begins::Yes) => request(segment),
        (Begins::No, Begins::No) => Probe::No,
        _ => Probe::Need,
    }
}

/// `HTTP/1.1 200 OK`: the request was not seen, so there is no name.
fn response(bytes: &[u8]) -> Probe {
    match bytes.get(9..12) {
        Some(code) => Probe::when(code.iter().all(u8::is_ascii_digit), HTTP),
        None => Probe::Need,
    }
}

fn request(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (line, ended) = first_line(bytes);
    let version = line.len().checked_sub(9).and_then(|at| line.get(at..)).unwrap_or_default();
    if ended && !matches!(version, b" HTTP/1.1" | b" HTTP/1.0") {
        return Probe::No;
    }
    if !ended && (!segment.is_last || !target(line).is_some_and(is_path)) {
        return if segment.is_last || !line.iter().all(|b| (0x20..0xff).contains(b)) { Probe::No } else { Probe::Need };
    }
    let mut storage = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = Request::new(&mut storage);
    let whole = matches!(request.parse(bytes), Ok(Status::Complete(_)));
    if !whole && !segment.is_last && !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        return Probe::Need;
    }
    let find = |name: &'static str| {
        if whole {
            request.headers.iter().find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value)
        } else {
            header(bytes, name.as_bytes())
        }
    };
    let host = match find("host").filter(|host| !host.is_empty()) {
        // A proxy is asked for a whole URL, or to connect: the name stands in the target.
        None => target(line).and_then(authority),
        host => host,
    };
    Probe::Match(Facts {
        application: HTTP,
        host: host.map(|host| Label::new(&String::from_utf8_lossy(without_port(host)).to_ascii_lowercase())),
        detail: find("user-agent").map(Label::from_bytes),
        ..Facts::default()
    })
}

/// The request target: what stands between the first two spaces.
fn target(line: &[u8]) -> Option<&[u8]> {
    line.split(|&b| b == b' ').nth(1).filter(|target| !target.is_empty())
}

fn is_path(target: &[u8]) -> bool {
    matches!(target.first(), Some(b'/' | b'*')) || target.starts_with(b"http")
}

fn authority(target: &[u8]) -> Option<&[u8]> {
    let rest = target.strip_prefix(b"http://").unwrap_or(target);
    let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
    rest.get(..end).filter(|authority| !authority.is_empty())
}

/// `example.com:8080` without the port; `[::1]:80` without it too.
fn without_port(host: &[u8]) -> &[u8] {
    let Some(colon) = host.iter().rposition(|&b| b == b':') else { return host };
    let (name, port) = host.split_at(colon);
    let is_port = port.len() > 1 && port.iter().skip(1).all(u8::is_ascii_digit);
    let is_bare_v6 = name.contains(&b':') && !name.ends_with(b"]");
    if is_port && !is_bare_v6 { name } else { host }
}
