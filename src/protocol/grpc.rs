//! gRPC over HTTP/2 in the clear: the content type of its requests. Within TLS it cannot be told.

use super::http::request::Request;
use super::{Group, Recogniser, Transports};
use crate::model::Application;

pub(super) const APPLICATION: Application = Application::new("grpc");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Calls,
    over: Transports::Tcp,
    depth: 64,
    ports: &[50051],
    about: "gRPC over HTTP/2 in the clear: service and method (gRPC over HTTP2)",
    probe: super::told_by_another,
};

pub(super) fn is_meant(request: &Request<'_>) -> bool {
    let kind = request.header(b"content-type").unwrap_or_default();
    // `application/grpc-web` is another protocol, for browsers over HTTP/1.
    kind.strip_prefix(b"application/grpc").is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
