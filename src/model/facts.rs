//! What a flow's payload told about it.

use super::label::Label;
use super::protocol::Application;

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
    /// One more thing worth a line: a banner, a user agent, a query.
    pub detail: Option<Label>,
    /// What the bytes look like where no recogniser knew them.
    pub texture: Option<Texture>,
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
