//! What may come after a protocol on the same flow, and tells more: TLS behind STARTTLS, DTLS behind STUN.

use super::super::{RECOGNISERS, dtls, tls};
use crate::model::{Application, Facts};

/// Packets with payload that the next protocol is awaited for.
pub(super) const MOST: u16 = 64;

const BEFORE_TLS: &[&str] =
    &["smtp", "imap", "pop3", "ftp", "nntp", "xmpp", "ldap", "postgresql", "mysql", "rdp", "http-proxy", "socks"];

/// The place in the table of the one that may come next.
pub(super) fn next(application: Application) -> Option<usize> {
    let next = match application.id() {
        "stun" => dtls::RECOGNISER.application,
        id if BEFORE_TLS.contains(&id) => tls::TLS,
        _ => return None,
    };
    RECOGNISERS.iter().position(|recogniser| recogniser.application == next)
}

/// What is known of both. Mail within TLS stays mail, with the names of the TLS; a call set up by STUN is
/// what it then speaks.
pub(super) fn joined(first: Facts, second: Facts) -> Facts {
    if first.application.id() == "stun" {
        return second;
    }
    let detail = first.detail.or(second.detail);
    // What a proxy was asked for is not where the flow goes.
    let is_for_proxy = first.is_for_proxy || matches!(first.application.id(), "http-proxy" | "socks");
    Facts { application: first.application, host: first.host, detail, is_for_proxy, ..second }
}
