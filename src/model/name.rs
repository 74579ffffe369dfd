//! What a remote address is called, and who says so.

use std::net::IpAddr;

use super::label::Label;
use super::time::Timestamp;

/// A name with its provenance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub text: Label,
    pub source: NameSource,
}

/// Who says so, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameSource {
    /// The server name in a TLS or QUIC ClientHello (RFC 6066).
    Sni,
    /// The Host of an HTTP request.
    Host,
    /// A DNS answer seen on the wire gave this address for this name.
    Dns,
    /// `/etc/hosts`.
    Hosts,
    /// A reverse look-up (PTR): the owner of the address says so, nobody checked.
    Ptr,
}

impl NameSource {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sni => "sni",
            Self::Host => "host",
            Self::Dns => "dns",
            Self::Hosts => "hosts",
            Self::Ptr => "ptr",
        }
    }
}

/// What DNS says of the name that a flow's payload gave its remote end, as far as the end that asked was heard asking.
///
/// A fact, not a verdict: names from `/etc/hosts`, caches that are older than the watch and encrypted look-ups are
/// all reasons why DNS may not have been heard. Where one of them is likely the answer is [`NameCheck::Unknown`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum NameCheck {
    /// There is no name to check.
    #[default]
    NoName,
    /// An answer gave this address for this name.
    Agrees,
    /// The name, or one of the same registered domain, was looked up, but no answer seen led to this address.
    Elsewhere,
    /// The name was never looked up, and answers gave this address for this other name.
    Conflict(Label),
    /// Neither the name nor the address ever came up in DNS, though others did.
    Never,
    /// Cannot be judged: no DNS of that end was seen, or not for long enough, or it can ask unseen.
    Unknown,
}

impl NameCheck {
    /// A word for it; `None` where there is no name.
    pub const fn id(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoName => return None,
            Self::Agrees => "agrees",
            Self::Elsewhere => "elsewhere",
            Self::Conflict(_) => "conflict",
            Self::Never => "never",
            Self::Unknown => "cannot-judge",
        })
    }

    /// The name that DNS has for the address instead.
    pub const fn other_name(&self) -> Option<&Label> {
        match self {
            Self::Conflict(name) => Some(name),
            _ => None,
        }
    }
}

/// Who asked a name server, as far as packets tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asker {
    /// This host, whichever of its addresses it asked from.
    Us,
    /// Another host, seen from a router or in a capture of several.
    Host(IpAddr),
    /// Nobody: multicast DNS tells everybody on the link.
    Everyone,
}

/// A name got an address, once: what outlives a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub asker: Asker,
    pub ip: IpAddr,
    pub name: Label,
    /// When it was last answered, and until when that answer may be used.
    pub at: Timestamp,
    pub fresh_until: Timestamp,
}

/// The domain that somebody registered, of a name under a public suffix that is known: `example.co.uk` of
/// `www.example.co.uk`. `None` for names of one label, private zones and names that are suffixes themselves.
pub fn registered_domain(name: &str) -> Option<&str> {
    let domain = psl::domain(name.as_bytes()).filter(|domain| domain.suffix().is_known())?;
    std::str::from_utf8(domain.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_under_a_known_suffix_have_a_registered_domain() {
        for (name, domain) in [
            ("www.example.co.uk", Some("example.co.uk")),
            ("example.com", Some("example.com")),
            ("a.b.github.io", Some("b.github.io")),
            ("co.uk", None),
            ("com", None),
            ("db", None),
            ("db.prod.corp-internal", None),
            ("10.0.0.1", None),
            ("", None),
            (".", None),
            ("..", None),
        ] {
            assert_eq!(registered_domain(name), domain, "{name}");
        }
    }
}
