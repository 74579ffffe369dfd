//! HTTP/1: requests and responses (RFC 9112), WebDAV's and UPnP's methods over TCP included.

pub(super) mod request;
mod upgrade;

use httparse::{EMPTY_HEADER, Status};

use super::text::{Begins, begins, first_line, header, headers};
use super::{Follow, FollowSide, Group, Probe, Recogniser, Segment, Transports, docker};
use crate::model::{Application, Facts};
use request::Request;

const HTTP: Application = Application::new("http");

const PROXY: Application = Application::new("http-proxy");

pub(super) const PROXY_RECOGNISER: Recogniser = Recogniser {
    application: PROXY,
    group: Group::Tunnels,
    over: Transports::Tcp,
    depth: 8 * 1024,
    ports: &[3128, 8080],
    about: "HTTP CONNECT: a tunnel through a proxy (RFC 9110 §9.3.6)",
    probe: probe_proxy,
};

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: HTTP,
    group: Group::Web,
    over: Transports::Tcp,
    depth: 8 * 1024,
    ports: &[80, 8080, 8000, 8008, 3128, 8888, 9200],
    about: "HTTP/1: Host, method, shape of the path, user agent (RFC 9112)",
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
            Probe::Match(facts) | Probe::Then(facts, _) => Probe::Match(Facts { application: PROXY, ..facts }),
            other => other,
        },
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = without_line_ends(segment.payload);
    let segment = &Segment { payload: bytes, ..*segment };
    match (begins(bytes, &[b"HTTP/1.0 ", b"HTTP/1.1 ", b"ICY 200 "]), begins(bytes, METHODS)) {
        (Begins::Yes, _) => response(segment),
        (_, Begins::Yes) => request(segment),
        (Begins::No, Begins::No) if has_other_method(bytes) => request(segment),
        (Begins::No, Begins::No) => Probe::No,
        _ => Probe::Need,
    }
}

/// Some clients end the body before with a line end too many, which servers overlook (RFC 9112 §2.2).
fn without_line_ends(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\r\n").unwrap_or(bytes)
}

/// A whole request line whose method is not in the list: anybody may register one (RFC 9110 §16.1).
fn has_other_method(bytes: &[u8]) -> bool {
    let (line, ended) = first_line(bytes);
    let method = line.split(|&b| b == b' ').next().unwrap_or_default();
    let is_token =
        (3..=24).contains(&method.len()) && method.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
    let version = line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0");
    ended && is_token && version && method != b"CONNECT" && target(line).is_some_and(is_path)
}

/// `HTTP/1.1 200 OK`: the request was not seen, so there is no name yet. It may come late.
fn response(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let code = if bytes.starts_with(b"ICY") { bytes.get(4..7) } else { bytes.get(9..12) };
    match code {
        Some(code) if code.iter().all(u8::is_ascii_digit) => {
            let is_docker = header(bytes, b"server").is_some_and(|server| server.starts_with(b"Docker/"));
            let application = if is_docker { docker::APPLICATION } else { HTTP };
            let facts = Facts { application, ..Facts::default() };
            if let answer @ Probe::Match(_) = upgrade::read(segment, &facts) {
                return answer;
            }
            Probe::Then(facts, Follow { side: FollowSide::Other, read: late_request })
        }
        Some(_) => Probe::No,
        None => Probe::Need,
    }
}

fn late_request(segment: &Segment<'_>, _: &Facts) -> Probe {
    match begins(segment.payload, METHODS) {
        Begins::Yes => request(segment),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}

fn request(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (line, ended) = first_line(bytes);
    // The line end itself may be cut in two.
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let version = line.len().checked_sub(9).and_then(|at| line.get(at..)).unwrap_or_default();
    if ended && !matches!(version, b" HTTP/1.1" | b" HTTP/1.0") {
        return Probe::No;
    }
    if !ended && (!segment.is_last || !target(line).is_some_and(is_path)) {
        return if segment.is_last || !line.iter().all(|b| (0x20..0xff).contains(b)) { Probe::No } else { Probe::Need };
    }
    let mut storage = [EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut storage);
    let whole = matches!(parsed.parse(bytes), Ok(Status::Complete(_)));
    if !whole && !segment.is_last && !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        return Probe::Need;
    }
    let headers = if whole {
        parsed.headers.iter().map(|line| (line.name.as_bytes(), line.value)).collect()
    } else {
        headers(bytes).take(MOST_HEADERS).collect()
    };
    let mut request = Request {
        method: line.split(|&b| b == b' ').next().unwrap_or_default(),
        target: target(line).unwrap_or_default(),
        host: None,
        headers,
        port: segment.server_port,
    };
    // A proxy is asked for a whole URL, or to connect: the name stands in the target.
    request.host = request.header(b"host").filter(|host| !host.is_empty()).or_else(|| target(line).and_then(authority));
    let is_for_proxy = !matches!(request.target.first(), None | Some(b'/' | b'*'));
    let facts = Facts { is_for_proxy, ..request.facts(HTTP) };
    if request.header(b"upgrade").is_some_and(upgrade::is_asked) {
        return Probe::Then(facts, Follow { side: FollowSide::Other, read: upgrade::read });
    }
    Probe::Match(facts)
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
