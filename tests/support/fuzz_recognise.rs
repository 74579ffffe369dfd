//! What the fuzz target `recognise` does with its bytes, and how an exchange is written as such bytes.
#![allow(dead_code, reason = "each user uses a part of it")]

use crate::exchange::{Exchange, Over, facts_of};

/// Transport and port, then messages: who speaks and how long (two bytes each), and the bytes.
pub(crate) fn recognise(bytes: &[u8]) {
    if let Some(exchange) = read(bytes) {
        let facts = facts_of(&exchange);
        let texts = [facts.sni, facts.host, facts.detail, facts.ja4];
        let answer = facts.tls.map(|answer| *answer).unwrap_or_default();
        let certificate = answer.certificate.unwrap_or_default();
        let shown = [certificate.subject, certificate.issuer].into_iter().chain(certificate.names).chain(answer.alpn);
        for text in texts.into_iter().flatten().chain(facts.alpn).chain(shown) {
            assert!(text.as_str().chars().all(|c| !c.is_control()), "{text:?}");
        }
    }
}

pub(crate) fn write(exchange: &Exchange) -> Vec<u8> {
    let mut out = vec![u8::from(exchange.over == Over::Udp)];
    out.extend(exchange.port.to_be_bytes());
    for (from_opener, bytes) in &exchange.messages {
        out.extend((u16::from(*from_opener) << 15 | bytes.len() as u16).to_be_bytes());
        out.extend_from_slice(bytes);
    }
    out
}

fn read(bytes: &[u8]) -> Option<Exchange> {
    let ([over, high, low], mut rest) = bytes.split_first_chunk()?;
    let mut messages = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk() {
        let head = u16::from_be_bytes(*head);
        let (message, behind) = behind.split_at(usize::from(head & 0x7fff).min(behind.len()));
        messages.push((head & 0x8000 != 0, message.to_vec()));
        rest = behind;
    }
    let over = if over & 1 == 1 { Over::Udp } else { Over::Tcp };
    Some(Exchange { over, port: u16::from_be_bytes([*high, *low]), messages })
}
