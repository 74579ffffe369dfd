//! The table of fields: each is a column, a sort key, a filter word and a JSON key at once.

use crate::model::{Label, Value};

use super::row::Row;

/// One named thing about a row.
pub struct Field {
    /// What it is called in filters, options and the configuration; never changes meaning.
    pub id: &'static str,
    /// Column heading.
    pub head: &'static str,
    /// Columns it wants in a table.
    pub width: u16,
    pub about: &'static str,
    pub get: fn(&Row) -> Value,
}

/// The field of that id.
pub fn field(id: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.id == id)
}

const fn of(id: &'static str, head: &'static str, width: u16, about: &'static str, get: fn(&Row) -> Value) -> Field {
    Field { id, head, width, about, get }
}

fn text(label: Option<&Label>) -> Value {
    label.map_or(Value::None, |label| Value::Text(label.clone()))
}

/// Every field, in the order that help lists them.
pub static FIELDS: &[Field] = &[
    of("dst", "DESTINATION", 28, "remote name, or address where there is none", |r| text(r.destination().as_ref())),
    of("host", "REMOTE", 15, "remote address", |r| r.remote.map_or(Value::None, |e| Value::Address(e.ip))),
    of("port", "PORT", 5, "remote port", |r| {
        r.remote.filter(|e| e.port != 0).map_or(Value::None, |e| Value::Count(e.port.into()))
    }),
    of("src", "LOCAL", 15, "our address", |r| r.local.map_or(Value::None, |e| Value::Address(e.ip))),
    of("sport", "LPORT", 5, "our port", |r| {
        r.local.filter(|e| e.port != 0).map_or(Value::None, |e| Value::Count(e.port.into()))
    }),
    of("proto", "PROTO", 5, "transport protocol", |r| {
        r.protocol
            .map_or(Value::None, |p| p.name().map_or_else(|| Value::Text(Label::new(&p.to_string())), Value::Word))
    }),
    of("app", "APP", 8, "application protocol, by payload", |r| Value::Word(r.application.id())),
    of("name", "NAME", 28, "remote name", |r| text(r.name.as_ref().map(|n| &n.text))),
    of("name_source", "BY", 4, "who says so: sni, host, dns, hosts, ptr", |r| {
        r.name.as_ref().map_or(Value::None, |n| Value::Word(n.source.id()))
    }),
    of("sni", "SNI", 28, "server name in the TLS ClientHello", |r| text(r.facts.as_ref().and_then(|f| f.sni.as_ref()))),
    of("ja4", "JA4", 36, "fingerprint of the TLS ClientHello", |r| text(r.facts.as_ref().and_then(|f| f.ja4.as_ref()))),
    of("owner", "OWNER", 16, "program that sends", |r| text(r.owner.as_ref().map(|o| &o.comm))),
    of("exe", "EXECUTABLE", 24, "path of the program", |r| text(r.owner.as_ref().map(|o| &o.exe))),
    of("pid", "PID", 7, "process id", |r| {
        r.owner.as_ref().filter(|o| o.pid != 0).map_or(Value::None, |o| Value::Count(o.pid.into()))
    }),
    of("uid", "UID", 6, "user id", |r| {
        r.owner.as_ref().and_then(|o| o.uid).map_or(Value::None, |uid| Value::Count(uid.into()))
    }),
    of("unit", "UNIT", 16, "systemd unit", |r| text(r.owner.as_ref().and_then(|o| o.unit.as_ref()))),
    of("container", "CONTAINER", 12, "container", |r| text(r.owner.as_ref().and_then(|o| o.container.as_ref()))),
    of("direction", "DIR", 7, "who opened it: out, in, local, transit", |r| Value::Word(r.direction.id())),
    of("state", "STATE", 12, "TCP state as the packets show it", |r| Value::Word(r.state.id())),
    of("out", "OUT", 7, "bytes sent", |r| Value::Bytes(r.wire_bytes_out)),
    of("in", "IN", 7, "bytes received", |r| Value::Bytes(r.wire_bytes_in)),
    of("total", "TOTAL", 7, "bytes both ways", |r| Value::Bytes(r.wire_bytes_out + r.wire_bytes_in)),
    of("out2", "2s", 7, "sent, average of 2 seconds", |r| Value::Rate(r.rates_out.s2)),
    of("out10", "10s", 7, "sent, average of 10 seconds", |r| Value::Rate(r.rates_out.s10)),
    of("out40", "40s", 7, "sent, average of 40 seconds", |r| Value::Rate(r.rates_out.s40)),
    of("in2", "IN2s", 7, "received, average of 2 seconds", |r| Value::Rate(r.rates_in.s2)),
    of("in10", "IN10s", 7, "received, average of 10 seconds", |r| Value::Rate(r.rates_in.s10)),
    of("in40", "IN40s", 7, "received, average of 40 seconds", |r| Value::Rate(r.rates_in.s40)),
    of("peak", "PEAK", 7, "highest rate sent", |r| Value::Rate(r.peak_out)),
    of("pkts", "PKTS", 7, "packets sent", |r| Value::Count(r.packets_out)),
    of("pkts_in", "PKTS IN", 7, "packets received", |r| Value::Count(r.packets_in)),
    of("ratio", "OUT:IN", 6, "payload bytes sent for each received", |r| r.ratio().map_or(Value::None, Value::Ratio)),
    of("flows", "FLOWS", 5, "flows in this row", |r| Value::Count(r.flows)),
    of("opened", "OPENED", 6, "times it was opened", |r| Value::Count(r.opened)),
    of("first", "FIRST", 8, "when it was first seen", |r| Value::At(r.first)),
    of("last", "LAST", 8, "when it was last seen", |r| Value::At(r.last)),
    of("lasted", "LASTED", 8, "from first to last packet", |r| Value::For(r.lasted())),
    of("verdict", "VERDICT", 8, "marked, usual, learning, new, unusual, bad", |r| Value::Word(r.verdict.id())),
    of("score", "SCORE", 5, "how unusual, 0 to 100", |r| Value::Score(r.score)),
    of("reason", "REASON", 24, "why it is lit", |r| {
        r.reason().map_or(Value::None, |finding| Value::Text(Label::new(&finding.why)))
    }),
    of("known", "KNOWN", 5, "covered by a known-good mark", |r| Value::Flag(r.mark.is_some())),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_field_has_its_own_id_a_heading_that_fits_and_a_line_of_help() {
        let mut ids = HashSet::new();
        for field in FIELDS {
            assert!(ids.insert(field.id), "{} is there twice", field.id);
            assert!(
                field.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{}",
                field.id
            );
            assert!(!field.about.is_empty() && field.about.len() <= 60, "{}", field.id);
            assert!(field.head.len() <= usize::from(field.width), "{}", field.id);
        }
    }

    #[test]
    fn an_empty_row_has_a_value_for_every_field() {
        for field in FIELDS {
            let _ = (field.get)(&Row::default());
        }
    }
}
