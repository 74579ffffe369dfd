//! etcd: version 3 over gRPC, its gateway and version 2 over HTTP, and what its members send each other.

use super::http::request::Request;
use super::{Group, Recogniser, Transports};
use crate::model::Application;

pub(super) const APPLICATION: Application = Application::new("etcd");

const PORTS: &[u16] = &[2379, 2380, 4001];

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 512,
    ports: PORTS,
    about: "etcd in the clear: gRPC services, /v2/keys, /v3/kv, /raft (etcd API reference)",
    probe: super::told_by_another,
};

/// Its gRPC services: nobody else's are called so.
const SERVICES: &[&[u8]] = &[b"/etcdserverpb.", b"/v3lockpb.", b"/v3electionpb."];
/// Paths that others might have too, so only on its ports.
const PATHS: &[&[u8]] = &[
    b"/v2/keys",
    b"/v2/members",
    b"/v2/stats",
    b"/v3/kv/",
    b"/v3/watch",
    b"/v3/lease/",
    b"/v3/auth/",
    b"/v3/cluster/",
    b"/v3/maintenance/",
    b"/v3beta/",
    b"/v3alpha/",
    b"/raft",
    b"/members",
];

pub(super) fn is_meant(request: &Request<'_>) -> bool {
    let path = request.path();
    let begins = |words: &[&[u8]]| words.iter().any(|word| path.starts_with(word));
    request.header(b"x-etcd-cluster-id").is_some() || begins(SERVICES) || PORTS.contains(&request.port) && begins(PATHS)
}
