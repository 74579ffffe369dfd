//! Prometheus remote write: samples that leave by HTTP. The scraping of metrics is plain HTTP.

use super::http::request::Request;
use super::{Group, Recogniser, Transports};
use crate::model::Application;

pub(super) const APPLICATION: Application = Application::new("prometheus-write");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Tcp,
    depth: 64,
    ports: &[9090, 9009],
    about: "Prometheus remote write over HTTP (Prometheus Remote-Write 1.0 and 2.0)",
    probe: super::told_by_another,
};

/// Headers that every sender must send.
pub(super) fn is_meant(request: &Request<'_>) -> bool {
    request.method == b"POST"
        && request.header_begins(b"content-type", b"application/x-protobuf")
        && request.header_begins(b"content-encoding", b"snappy")
        && request.header(b"x-prometheus-remote-write-version").is_some()
}
