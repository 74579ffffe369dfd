//! What is asked of a web server, in HTTP/1 or in HTTP/2, and which application the request is for.

use super::super::{docker, doh, etcd, grpc, prometheus};
use crate::model::{Application, Facts, Label};

/// The head of a request. Header names are in small letters where they come from HTTP/2, in any case from HTTP/1.
pub(in crate::protocol) struct Request<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    pub host: Option<&'a [u8]>,
    pub headers: Vec<(&'a [u8], &'a [u8])>,
    /// The port of the side that answers.
    pub port: u16,
}

/// Those that ride on HTTP, and how a request shows it.
type Rider = (Application, fn(&Request<'_>) -> bool);

const RIDERS: &[Rider] = &[
    (etcd::APPLICATION, etcd::is_meant),
    (grpc::APPLICATION, grpc::is_meant),
    (docker::APPLICATION, docker::is_meant),
    (prometheus::APPLICATION, prometheus::is_meant),
    (doh::APPLICATION, doh::is_meant),
];

impl<'a> Request<'a> {
    /// The value of a header; the name is given in small letters.
    pub(in crate::protocol) fn header(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim_ascii())
    }

    /// Whether a header is there and begins with a text, whatever its case.
    pub(in crate::protocol) fn header_begins(&self, name: &[u8], text: &[u8]) -> bool {
        let head = self.header(name).and_then(|value| value.get(..text.len()));
        head.is_some_and(|head| head.eq_ignore_ascii_case(text))
    }

    /// The path without the query, and without the scheme and host that a proxy is told.
    pub(in crate::protocol) fn path(&self) -> &'a [u8] {
        let target = self.target;
        let path = match target.strip_prefix(b"http://").or_else(|| target.strip_prefix(b"https://")) {
            Some(rest) => rest.iter().position(|&b| b == b'/').and_then(|at| rest.get(at..)).unwrap_or(b"/"),
            None => target,
        };
        path.split(|&b| b == b'?').next().unwrap_or(path)
    }

    /// What it tells; `carrier` is the application where it is for none of those that ride on HTTP.
    pub(in crate::protocol) fn facts(&self, carrier: Application) -> Facts {
        let rider = RIDERS.iter().find(|(_, is_meant)| is_meant(self)).map(|(application, _)| *application);
        let host = self.host.map(|host| String::from_utf8_lossy(without_port(host)).to_ascii_lowercase());
        Facts {
            application: rider.unwrap_or(carrier),
            host: host.map(|host| Label::new(&host)),
            detail: Some(Label::new(&self.summary())),
            ..Facts::default()
        }
    }

    /// Method, shape of the path, and who says to ask.
    fn summary(&self) -> String {
        let mut text = format!("{} {}", String::from_utf8_lossy(self.method), shape(self.path()));
        for name in [&b"content-type"[..], b"user-agent"] {
            if let Some(value) = self.header(name).filter(|value| !value.is_empty()) {
                text.push_str(", ");
                text.push_str(&String::from_utf8_lossy(value));
            }
        }
        text
    }
}

/// Characters of a path that are told, and from which length on a part of it counts as an id.
const LONGEST_PATH: usize = 96;
const LONGEST_WORD: usize = 16;

/// A path with what looks like an id or a secret replaced by `*`: numbers, and long parts that hold digits.
fn shape(path: &[u8]) -> String {
    let path = path.get(..LONGEST_PATH).unwrap_or(path);
    let parts = path.split(|&b| b == b'/').map(|part| {
        let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
        let is_number = digits > 0 && digits == part.len();
        let is_id = part.len() >= LONGEST_WORD && digits > 0;
        if is_number || is_id { "*".into() } else { String::from_utf8_lossy(part) }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// `example.com:8080` without the port; `[::1]:80` without it too.
fn without_port(host: &[u8]) -> &[u8] {
    let Some(colon) = host.iter().rposition(|&b| b == b':') else { return host };
    let (name, port) = host.split_at(colon);
    let is_port = port.len() > 1 && port.iter().skip(1).all(u8::is_ascii_digit);
    let is_bare_v6 = name.contains(&b':') && !name.ends_with(b"]");
    if is_port && !is_bare_v6 { name } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_path_holds_no_ids() {
        assert_eq!(shape(b"/v1.43/containers/json"), "/v1.43/containers/json");
        assert_eq!(shape(b"/users/4711/orders"), "/users/*/orders");
        assert_eq!(shape(b"/reset/9f8e7d6c5b4a39281706"), "/reset/*");
        assert!(shape(&[b'a'; 500]).len() <= LONGEST_PATH);
    }
}
