//! The table of fields: each is a column, a sort key, a filter word and a JSON key at once.

use crate::model::name::registered_domain;
use crate::model::{Connection, Label, Measure, Value};

use super::row::Row;

/// One named thing about a row.
#[derive(Debug)]
pub struct Field {
    /// What it is called in filters, options and the configuration; never changes meaning.
    pub id: &'static str,
    pub kind: Kind,
    /// Column heading.
    pub head: &'static str,
    /// Columns it wants in a table.
    pub width: u16,
    pub about: &'static str,
    pub get: fn(&Row) -> Value,
}

/// What the values of a field are, where there is one: says how to align, compare and filter them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A word from a fixed list, or a number where the list has no word.
    Word,
    Address,
    Bytes,
    Rate,
    Count,
    Ratio,
    At,
    For,
    Score,
    Flag,
}

impl Kind {
    /// Whether its values have a size: aligned right, compared with `<` and `>`.
    pub const fn is_number(self) -> bool {
        !matches!(self, Self::Text | Self::Word | Self::Address | Self::Flag)
    }

    /// Whether `value` is of this kind; [`Value::None`] is of every kind.
    pub const fn admits(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (_, Value::None)
                | (Self::Text, Value::Text(_))
                | (Self::Word, Value::Word(_) | Value::Text(_))
                | (Self::Address, Value::Address(_))
                | (Self::Bytes, Value::Bytes(_))
                | (Self::Rate, Value::Rate(_))
                | (Self::Count, Value::Count(_))
                | (Self::Ratio, Value::Ratio(_))
                | (Self::At, Value::At(_))
                | (Self::For, Value::For(_))
                | (Self::Score, Value::Score(_))
                | (Self::Flag, Value::Flag(_))
        )
    }
}

/// The field of that id.
pub fn field(id: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.id == id)
}

const fn of(
    id: &'static str,
    kind: Kind,
    head: &'static str,
    width: u16,
    about: &'static str,
    get: fn(&Row) -> Value,
) -> Field {
    Field { id, kind, head, width, about, get }
}

fn text(label: Option<&Label>) -> Value {
    label.map_or(Value::None, |label| Value::Text(label.clone()))
}

/// A number that is made of counts; none where the kernel keeps no count.
fn counted(row: &Row, value: Value) -> Value {
    if row.measure == Measure::Nothing { Value::None } else { value }
}

/// Something about the socket.
fn socket(row: &Row, get: impl FnOnce(&Connection) -> Option<Value>) -> Value {
    row.socket.as_deref().and_then(get).unwrap_or(Value::None)
}

/// Every field, in the order that help lists them.
pub static FIELDS: &[Field] = &[
    of("dst", Kind::Text, "DESTINATION", 28, "remote name, or address where there is none", |r| {
        text(r.destination().as_ref())
    }),
    of("host", Kind::Address, "REMOTE", 15, "remote address", |r| {
        r.remote.map_or(Value::None, |e| Value::Address(e.ip))
    }),
    of("port", Kind::Count, "PORT", 5, "remote port", |r| {
        r.remote.filter(|e| e.port != 0).map_or(Value::None, |e| Value::Count(e.port.into()))
    }),
    of("src", Kind::Address, "LOCAL", 15, "our address", |r| r.local.map_or(Value::None, |e| Value::Address(e.ip))),
    of("sport", Kind::Count, "LPORT", 5, "our port", |r| {
        r.local.filter(|e| e.port != 0).map_or(Value::None, |e| Value::Count(e.port.into()))
    }),
    of("proto", Kind::Word, "PROTO", 5, "transport protocol", |r| {
        r.protocol
            .map(|p| p.name().map_or_else(|| Value::Text(Label::new(&p.to_string())), Value::Word))
            .or_else(|| r.socket.as_ref().map(|socket| Value::Word(socket.kind.id())))
            .unwrap_or(Value::None)
    }),
    of("app", Kind::Word, "APP", 8, "application protocol, by payload", |r| Value::Word(r.application.id())),
    of("name", Kind::Text, "NAME", 28, "remote name", |r| text(r.name.as_ref().map(|n| &n.text))),
    of("name_source", Kind::Word, "BY", 4, "who says so: sni, host, dns, hosts, ptr", |r| {
        r.name.as_ref().map_or(Value::None, |n| Value::Word(n.source.id()))
    }),
    of("domain", Kind::Text, "DOMAIN", 20, "registered domain of the name", |r| {
        let name = r.name.as_ref().and_then(|n| registered_domain(n.text.as_str()));
        name.map_or(Value::None, |domain| Value::Text(Label::new(domain)))
    }),
    of("name_check", Kind::Word, "CHECK", 12, "SNI or Host beside DNS: agrees, conflict, never", |r| {
        r.facts.as_ref().and_then(|f| f.name_check.id()).map_or(Value::None, Value::Word)
    }),
    of("asn", Kind::Count, "ASN", 7, "autonomous system of the remote address", |r| {
        r.network.as_ref().and_then(|n| n.asn).map_or(Value::None, |asn| Value::Count(asn.into()))
    }),
    of("as_name", Kind::Text, "AS NAME", 20, "who runs that autonomous system", |r| {
        text(r.network.as_ref().and_then(|n| n.organisation.as_ref()))
    }),
    of("country", Kind::Text, "COUNTRY", 7, "country of the remote address, two letters", |r| {
        text(r.network.as_ref().and_then(|n| n.country.as_ref()))
    }),
    of("sni", Kind::Text, "SNI", 28, "server name in the TLS ClientHello", |r| {
        text(r.facts.as_ref().and_then(|f| f.sni.as_ref()))
    }),
    of("ja4", Kind::Text, "JA4", 36, "fingerprint of the TLS ClientHello", |r| {
        text(r.facts.as_ref().and_then(|f| f.ja4.as_ref()))
    }),
    of("owner", Kind::Text, "OWNER", 16, "program that sends", |r| text(r.owner.as_ref().map(|o| &o.comm))),
    of("exe", Kind::Text, "EXECUTABLE", 24, "path of the program", |r| text(r.owner.as_ref().map(|o| &o.exe))),
    of("pid", Kind::Count, "PID", 7, "process id", |r| {
        r.owner.as_ref().filter(|o| o.pid != 0).map_or(Value::None, |o| Value::Count(o.pid.into()))
    }),
    of("uid", Kind::Count, "UID", 6, "user id", |r| {
        r.owner.as_ref().and_then(|o| o.uid).map_or(Value::None, |uid| Value::Count(uid.into()))
    }),
    of("unit", Kind::Text, "UNIT", 16, "systemd unit", |r| text(r.owner.as_ref().and_then(|o| o.unit.as_ref()))),
    of("container", Kind::Text, "CONTAINER", 12, "container", |r| {
        text(r.owner.as_ref().and_then(|o| o.container.as_ref()))
    }),
    of("match", Kind::Word, "MATCH", 9, "how sure that is: exact, listener, inherited, guess", |r| {
        Value::Word(r.owner.as_ref().map_or(crate::model::Confidence::Unknown, |o| o.confidence).id())
    }),
    of("cmdline", Kind::Text, "COMMAND LINE", 32, "words the program was started with", |r| {
        text(r.owner.as_ref().map(|o| &o.cmdline).filter(|words| !words.is_empty()))
    }),
    of("parents", Kind::Text, "PARENTS", 24, "who started the program, the nearest first", |r| {
        r.owner
            .as_ref()
            .filter(|o| !o.parents.is_empty())
            .map_or(Value::None, |o| Value::Text(Label::new(&o.ancestry())))
    }),
    of("traits", Kind::Text, "TRAITS", 16, "deleted, replaced, writable-dir, memfd, shell-on-socket", |r| {
        let traits = r.owner.as_ref().map(|o| o.traits).filter(|traits| !traits.is_empty());
        traits.map_or(Value::None, |traits| Value::Text(Label::new(&traits.ids().join(" "))))
    }),
    of("owner_since", Kind::At, "SENDS SINCE", 11, "when this program was first seen sending", |r| {
        r.owner_since.map_or(Value::None, Value::At)
    }),
    of("direction", Kind::Word, "DIR", 7, "who opened it: out, in, local, transit", |r| Value::Word(r.direction.id())),
    of("state", Kind::Word, "STATE", 12, "TCP state as the packets show it; of a socket, its own", |r| {
        Value::Word(r.socket.as_ref().map_or(r.state.id(), |socket| socket.state.id()))
    }),
    of("out", Kind::Bytes, "OUT", 7, "bytes sent", |r| counted(r, Value::Bytes(r.out()))),
    of("in", Kind::Bytes, "IN", 7, "bytes received", |r| counted(r, Value::Bytes(r.received()))),
    of("total", Kind::Bytes, "TOTAL", 7, "bytes both ways", |r| counted(r, Value::Bytes(r.out() + r.received()))),
    of("out2", Kind::Rate, "2s", 7, "sent, average of 2 seconds", |r| counted(r, Value::Rate(r.rates_out.s2))),
    of("out10", Kind::Rate, "10s", 7, "sent, average of 10 seconds", |r| counted(r, Value::Rate(r.rates_out.s10))),
    of("out40", Kind::Rate, "40s", 7, "sent, average of 40 seconds", |r| counted(r, Value::Rate(r.rates_out.s40))),
    of("in2", Kind::Rate, "IN2s", 7, "received, average of 2 seconds", |r| counted(r, Value::Rate(r.rates_in.s2))),
    of("in10", Kind::Rate, "IN10s", 7, "received, average of 10 seconds", |r| counted(r, Value::Rate(r.rates_in.s10))),
    of("in40", Kind::Rate, "IN40s", 7, "received, average of 40 seconds", |r| counted(r, Value::Rate(r.rates_in.s40))),
    of("peak", Kind::Rate, "PEAK", 7, "highest rate sent", |r| counted(r, Value::Rate(r.peak_out))),
    of("pkts", Kind::Count, "PKTS", 7, "packets sent", |r| counted(r, Value::Count(r.packets_out))),
    of("pkts_in", Kind::Count, "PKTS IN", 7, "packets received", |r| counted(r, Value::Count(r.packets_in))),
    of("ratio", Kind::Ratio, "OUT:IN", 6, "payload bytes sent for each received", |r| {
        r.ratio().map_or(Value::None, Value::Ratio)
    }),
    of("flows", Kind::Count, "FLOWS", 5, "flows in this row", |r| Value::Count(r.flows)),
    of("opened", Kind::Count, "OPENED", 6, "times it was opened", |r| Value::Count(r.opened)),
    of("first", Kind::At, "FIRST", 8, "when it was first seen", |r| Value::At(r.first)),
    of("last", Kind::At, "LAST", 8, "when it was last seen", |r| Value::At(r.last)),
    of("lasted", Kind::For, "LASTED", 8, "from first to last packet", |r| Value::For(r.lasted())),
    of("recvq", Kind::Count, "RECV-Q", 7, "bytes not read yet; of a listener, waiting connections", |r| {
        socket(r, |s| Some(Value::Count(s.receive_queue.into())))
    }),
    of("sendq", Kind::Count, "SEND-Q", 7, "bytes not acknowledged yet; of a listener, its limit", |r| {
        socket(r, |s| Some(Value::Count(s.send_queue.into())))
    }),
    of("rtt", Kind::For, "RTT", 6, "round-trip time, as TCP measures it", |r| {
        socket(r, |s| s.tcp.map(|tcp| tcp.rtt).filter(|rtt| !rtt.is_zero()).map(Value::For))
    }),
    of("retrans", Kind::Count, "RETRANS", 7, "segments that TCP sent again", |r| {
        socket(r, |s| s.tcp.map(|tcp| Value::Count(tcp.retransmits.into())))
    }),
    of("inode", Kind::Count, "INODE", 9, "number of the socket, as /proc/PID/fd shows it", |r| {
        socket(r, |s| (s.inode != 0).then(|| Value::Count(s.inode.into())))
    }),
    of("verdict", Kind::Word, "VERDICT", 8, "marked, usual, learning, new, unusual, bad", |r| {
        Value::Word(r.verdict.id())
    }),
    of("score", Kind::Score, "SCORE", 5, "how unusual, 0 to 100", |r| Value::Score(r.score)),
    of("reason", Kind::Text, "REASON", 24, "why it is lit", |r| {
        r.reason().map_or(Value::None, |finding| Value::Text(Label::new(&finding.why)))
    }),
    of("alert", Kind::Word, "ALERT", 14, "detector that says so", |r| {
        r.reason().map_or(Value::None, |finding| Value::Word(finding.detector))
    }),
    of("known", Kind::Flag, "KNOWN", 5, "covered by a known-good mark", |r| Value::Flag(r.mark.is_some())),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::net::IpAddr;
    use std::sync::Arc;

    use std::time::Duration;

    use crate::model::{
        Application, Endpoint, Facts, Finding, Name, NameCheck, NameSource, Network, Owner, Protocol, SocketKind,
        Subject, TcpNumbers, Timestamp,
    };

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

    /// A row in which everything is known.
    fn full() -> Row {
        let label = |text| Some(Label::new(text));
        let finding = Finding {
            detector: "first-contact",
            severity: crate::model::Severity::Low,
            score: 40,
            at: Timestamp::from_secs(3),
            subject: Subject {
                host: IpAddr::from([10, 0, 0, 1]),
                remote: IpAddr::from([192, 0, 2, 1]),
                port: 443,
                protocol: Protocol::TCP,
                name: None,
                application: Application::new("tls"),
                flow: None,
            },
            observed: Value::Bytes(1),
            expected: Value::None,
            basis: "an hour".to_owned(),
            why: "never seen".to_owned(),
        };
        Row {
            protocol: Some(Protocol::TCP),
            local: Some(Endpoint::new(IpAddr::from([10, 0, 0, 1]), 50_000)),
            remote: Some(Endpoint::new(IpAddr::from([192, 0, 2, 1]), 443)),
            application: Application::new("tls"),
            payload_bytes_in: 1,
            name: Some(Name { text: Label::new("www.example.com"), source: NameSource::Sni }),
            facts: Some(Arc::new(Facts {
                sni: label("www.example.com"),
                ja4: label("t13d"),
                name_check: NameCheck::Agrees,
                ..Facts::default()
            })),
            owner: Some(Arc::new(Owner {
                exe: Label::new("/usr/bin/curl"),
                comm: Label::new("curl"),
                pid: 7,
                uid: Some(0),
                unit: label("ssh.service"),
                container: label("web"),
                cmdline: Label::new("curl -s x"),
                parents: [crate::model::Parent::default()].into(),
                traits: crate::model::Traits::DELETED,
                ..Owner::default()
            })),
            network: Some(Arc::new(Network {
                asn: Some(64_500),
                organisation: label("Example"),
                country: label("NL"),
            })),
            findings: vec![Arc::new(finding)],
            owner_since: Some(Timestamp::from_secs(1)),
            socket: Some(Arc::new(Connection {
                inode: 7,
                tcp: Some(TcpNumbers { rtt: Duration::from_millis(9), ..TcpNumbers::default() }),
                ..Connection::new(SocketKind::Tcp)
            })),
            ..Row::default()
        }
    }

    #[test]
    fn every_field_of_a_full_row_has_a_value_of_its_kind() {
        for field in FIELDS {
            let value = (field.get)(&full());
            assert!(!value.is_none() && field.kind.admits(&value), "{}: {value:?}", field.id);
        }
    }

    #[test]
    fn every_field_of_an_empty_row_is_of_its_kind_or_not_known() {
        for field in FIELDS {
            assert!(field.kind.admits(&(field.get)(&Row::default())), "{}", field.id);
        }
    }
}
