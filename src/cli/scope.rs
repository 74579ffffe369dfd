//! What a known-good mark covers, as it is written on the command line: as in the file, without saying of which kind.

use crate::marks::scope;
use crate::model::Scope;

/// Reads `192.0.2.7`, `192.0.2.0/24`, `tcp/192.0.2.7:443`, `*.example.com` or `tcp/10.0.0.5:40000 -> 192.0.2.7:443`.
pub(super) fn read(text: &str) -> Result<Scope, String> {
    let spaced = match text.split_once('/') {
        Some((protocol, rest)) if protocol.chars().all(|c| c.is_ascii_alphabetic()) => format!("{protocol} {rest}"),
        _ => text.to_owned(),
    };
    // A name comes last: it takes nearly everything.
    let kinds = ["host", "network", "service", "flow", "name"];
    let scope = kinds.iter().find_map(|kind| scope::parse(kind, &spaced).ok());
    let scope = scope.filter(|scope| match scope {
        Scope::Name(name) => !looks_like_a_number(name.as_str()),
        Scope::Service { protocol, port, .. } => *port != 0 || !protocol.has_ports(),
        _ => true,
    });
    scope.ok_or_else(|| {
        format!(
            "`{text}` is none of 192.0.2.7, 192.0.2.0/24, tcp/192.0.2.7:443 and *.example.com, which show the forms"
        )
    })
}

/// A mistyped address must not become a name.
fn looks_like_a_number(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_digit() || c == '.')
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
            ("tcp 10.0.0.5:40000 -> 192.0.2.7:443", "flow", "tcp 10.0.0.5:40000 → 192.0.2.7:443"),
        ];
        for (text, id, shown) in cases {
            let scope = read(text).unwrap();
            assert_eq!((scope.id(), scope.to_string().as_str()), (id, shown), "{text}");
        }
    }

    #[test]
    fn refuses_what_would_cover_something_else_than_meant() {
        for text in
            ["", "*", "192.0.2", "192.0.2.300", "192.0.2.7/33", "tcp/192.0.2.7", "xyz/192.0.2.7:1", "a..b", "a b.c"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
