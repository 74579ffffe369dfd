//! Tor's links between a client and a relay: TLS that looks like the web's, but for its names.
//!
//! Up to TLS 1.2 a relay shows a certificate of a random name `www.….net` made by a random `www.….com`, no other
//! part in either, and its client asks for a third such name (tor-spec §2, `tor_tls_context_init_certificates`).
//! TLS 1.3 encrypts the certificate; what is left there could be anybody's, so it is not told.

use super::{Group, Recogniser, Transports};
use crate::model::{Application, Facts, TlsAnswer};

const APPLICATION: Application = Application::new("tor");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Tcp,
    depth: 64,
    ports: &[9001, 9030],
    about: "Tor's links up to TLS 1.2: random names in the relay's certificate (tor-spec)",
    probe: super::told_by_another,
};

/// TLS whose certificate is a relay's is Tor; anything else stays what it is.
pub(super) fn by_certificate(facts: Facts) -> Facts {
    if is_relay(&facts) { Facts { application: APPLICATION, ..facts } } else { facts }
}

fn is_relay(facts: &Facts) -> bool {
    let Some(TlsAnswer { certificate: Some(one), .. }) = facts.tls.as_deref() else { return false };
    let subject = random(one.subject.as_str(), "CN=www.", ".net", 8);
    let issuer = random(one.issuer.as_str(), "CN=www.", ".com", 8);
    let asked = facts.sni.as_ref().is_none_or(|name| random(name.as_str(), "www.", ".com", 4).is_some());
    subject.is_some() && issuer.is_some() && subject != issuer && asked && one.names.is_empty()
}

/// What stands between, if that is 20 (in an SNI 25) letters of base32 at most.
fn random<'a>(text: &'a str, head: &str, tail: &str, least: usize) -> Option<&'a str> {
    let middle = text.strip_prefix(head)?.strip_suffix(tail)?;
    let is_base32 = middle.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    (is_base32 && (least..=25).contains(&middle.len())).then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Certificate, Label};

    fn told(subject: &str, issuer: &str, sni: Option<&str>) -> bool {
        let certificate =
            Certificate { subject: Label::new(subject), issuer: Label::new(issuer), ..Certificate::default() };
        let answer = TlsAnswer { certificate: Some(certificate), ..TlsAnswer::default() };
        let facts = Facts { sni: sni.map(Label::new), tls: Some(Box::new(answer)), ..Facts::default() };
        by_certificate(facts).application == APPLICATION
    }

    #[test]
    fn only_random_names_on_both_sides_are_a_relay() {
        let (relay, maker) = ("CN=www.jmts2id.com", "CN=www.6wgqkxyz7a.net");
        assert!(told("CN=www.6wgqkxyz7a.net", "CN=www.jmts2idq.com", Some("www.axslhtfqq.com")));
        assert!(told("CN=www.6wgqkxyz7a.net", "CN=www.jmts2idq.com", None));
        assert!(!told(relay, maker, None), "the endings are the other way round");
        assert!(!told("CN=www.6wgqkxyz7a.net", "CN=www.jmts2idq.com", Some("shop.example.com")));
        assert!(!told("CN=www.example.net", "CN=R3, O=Let's Encrypt, C=US", None));
        assert!(!told("CN=www.example-one.net", "CN=www.example-two.com", None), "a dash is not base32");
    }
}
