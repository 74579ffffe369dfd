//! The API of Docker's daemon, as Podman speaks it too: over HTTP, by the paths of its reference or by its own client.

use super::http::request::Request;
use super::{Group, Recogniser, Transports};
use crate::model::Application;

pub(super) const APPLICATION: Application = Application::new("docker");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Calls,
    over: Transports::Tcp,
    depth: 512,
    ports: &[2375],
    about: "Docker Engine API, in the clear: /v1.N/ paths, its client (Docker Engine API)",
    probe: super::told_by_another,
};

/// What stands behind the version in the reference.
const COLLECTIONS: &[&[u8]] = &[
    b"containers",
    b"images",
    b"networks",
    b"volumes",
    b"exec",
    b"info",
    b"version",
    b"events",
    b"build",
    b"auth",
    b"swarm",
    b"nodes",
    b"services",
    b"tasks",
    b"secrets",
    b"configs",
    b"plugins",
    b"system",
    b"distribution",
    b"session",
    b"commit",
    b"_ping",
    b"libpod",
];

pub(super) fn is_meant(request: &Request<'_>) -> bool {
    if request.header_begins(b"user-agent", b"docker-client/") {
        return true;
    }
    let mut parts = request.path().split(|&b| b == b'/').skip(1);
    let (Some(version), Some(collection)) = (parts.next(), parts.next()) else { return false };
    let minor = version.strip_prefix(b"v1.").unwrap_or_default();
    (1..=2).contains(&minor.len()) && minor.iter().all(u8::is_ascii_digit) && COLLECTIONS.contains(&collection)
}
