//! The table of recognisers: strong signs before weak ones, since the first match decides.

use super::{Recogniser, dns, dtls, http, quic, ssh, tls};

/// Every application protocol that egret can tell by its payload.
pub static RECOGNISERS: &[Recogniser] = &[
    tls::RECOGNISER,
    tls::DOT_RECOGNISER,
    quic::RECOGNISER,
    dtls::RECOGNISER,
    http::RECOGNISER,
    ssh::RECOGNISER,
    dns::RECOGNISER,
    dns::MDNS_RECOGNISER,
    dns::LLMNR_RECOGNISER,
];
