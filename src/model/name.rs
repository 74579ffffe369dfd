//! What a remote address is called, and who says so.

use super::label::Label;

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
