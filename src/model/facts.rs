//! What a flow's payload told about it.

use super::label::Label;
use super::name::NameCheck;
use super::protocol::Application;
use super::time::Timestamp;

/// What recognisers learnt from the first payload bytes of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub application: Application,
    /// Server name of a TLS or QUIC ClientHello.
    pub sni: Option<Label>,
    /// Host of an HTTP request.
    pub host: Option<Label>,
    /// Protocols offered in the ClientHello, in order, or the one chosen.
    pub alpn: Vec<Label>,
    /// JA4 fingerprint of the ClientHello (FoxIO, BSD-3).
    pub ja4: Option<Label>,
    /// The ClientHello was encrypted (ECH): the server name shown is only the outer one.
    pub ech: bool,
    /// What the TLS server answered, as far as it is in the clear.
    pub tls: Option<Box<TlsAnswer>>,
    /// One more thing worth a line: a banner, a user agent, a query.
    pub detail: Option<Label>,
    /// What the bytes look like where no recogniser knew them.
    pub texture: Option<Texture>,
    /// The request asks a proxy for somebody else's resource: its name is not that of the end it is sent to.
    pub is_for_proxy: bool,
    /// What DNS says of the name in the request, judged when the name was read.
    pub name_check: NameCheck,
}

/// What a TLS server chose and showed (RFC 8446 §4.1.3, RFC 5246 §7.4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsAnswer {
    /// `TLS 1.3` and so on.
    pub version: &'static str,
    /// The application protocol it chose. TLS 1.3 encrypts the choice, so there it is never known.
    pub alpn: Option<Label>,
    /// Its own certificate. TLS 1.3 encrypts it, and a resumed session has none.
    pub certificate: Option<Certificate>,
}

/// What a server's certificate says. Nobody checked it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// `CN=www.example.com, O=Example`.
    pub subject: Label,
    pub issuer: Label,
    /// Valid from and until; [`Timestamp::ZERO`] where that is before 1970.
    pub from: Timestamp,
    pub until: Timestamp,
    /// The first DNS names it is for (`subjectAltName`).
    pub names: Vec<Label>,
}

/// What bytes that nobody recognised look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Texture {
    /// Nearly all of it is printable text.
    Text,
    /// Neither text nor random: a binary protocol in the clear.
    Binary,
    /// As random as bytes can be at this length: encrypted or compressed.
    Random,
}

impl Texture {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Random => "random",
        }
    }
}
