//! What a known-good mark covers, as it is written on the command line.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::model::{Endpoint, Label, Protocol, Scope};

/// Reads `192.0.2.7`, `192.0.2.0/24`, `tcp/192.0.2.7:443`, `udp/[2001:db8::1]:53` or `*.example.com`.
pub(super) fn read(text: &str) -> Result<Scope, String> {
    let wrong = || {
        format!(
            "`{text}` is not an address, a network, proto/address:port or *.name; such as 192.0.2.7 or tcp/192.0.2.7:443"
        )
    };
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(Scope::Host(ip));
    }
    if let Ok(net) = text.parse::<IpNet>() {
        return Ok(Scope::Network(net.trunc()));
    }
    if let Some((protocol, end)) = text.split_once('/')
        && let Ok(end) = end.parse::<SocketAddr>()
    {
        let protocol = [Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::DCCP, Protocol::UDPLITE]
            .into_iter()
            .find(|known| known.name() == Some(protocol))
            .ok_or_else(wrong)?;
        let end = Endpoint::new(end.ip(), end.port());
        return Ok(Scope::Service { protocol, host: end.ip, port: end.port });
    }
    let name = text.strip_prefix("*.").unwrap_or(text).trim_end_matches('.');
    let is_name = name.contains('.')
        && name.len() <= 253
        && name.split('.').all(|part| {
            !part.is_empty() && part.len() <= 63 && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        })
        && name.contains(|c: char| !c.is_ascii_digit() && c != '.');
    if is_name { Ok(Scope::Name(Label::new(&name.to_lowercase()))) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_scope() {
        let cases = [
            ("192.0.2.7", "host", "192.0.2.7"),
            ("192.0.2.7/24", "network", "192.0.2.0/24"),
            ("tcp/192.0.2.7:443", "service", "tcp 192.0.2.7:443"),
            ("udp/[2001:db8::1]:53", "service", "udp [2001:db8::1]:53"),
            ("*.Example.com", "name", "*.example.com"),
            ("example.com.", "name", "*.example.com"),
        ];
        for (text, id, shown) in cases {
            let scope = read(text).unwrap();
            assert_eq!((scope.id(), scope.to_string().as_str()), (id, shown), "{text}");
        }
    }

    #[test]
    fn refuses_what_would_cover_something_else_than_meant() {
        for text in
            ["", "com", "*", "*.com", "192.0.2", "192.0.2.300", "tcp/192.0.2.7", "xyz/192.0.2.7:1", "a..b", "a b.c"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
