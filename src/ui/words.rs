//! What rows and their ends are called on screen.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::model::{Direction, Endpoint};
use crate::snapshot::{Row, RowId};

use super::options::{Names, UiOptions};
use super::paint::{clip, width};

/// What a row is about, in a word: the remote end, or what a group has in common.
pub(super) fn title(row: &Row, options: &UiOptions) -> String {
    match &row.id {
        RowId::Service(protocol, port) if *port != 0 => {
            let name = service(*port).map(|name| format!(" {name}")).unwrap_or_default();
            format!("{port}/{protocol}{name}")
        }
        RowId::Service(protocol, _) => protocol.to_string(),
        RowId::Owner(name) => {
            row.owner.as_ref().map_or_else(|| name.to_string(), |owner| super::owners::program(owner))
        }
        RowId::Domain(name) | RowId::Network(name) => name.to_string(),
        RowId::Flow(_) | RowId::Host(_) | RowId::Other => {
            if options.show_destination {
                destination(row, options)
            } else {
                format!("{} > *", source(row, options))
            }
        }
    }
}

/// The remote end: name or address, and the port that matters. Where the remote end opened the flow, the
/// port that matters is ours.
pub(super) fn destination(row: &Row, options: &UiOptions) -> String {
    let Some(remote) = row.remote else { return "*".to_owned() };
    if !options.show_destination {
        return "*".to_owned();
    }
    let inward = row.direction == Direction::In;
    let mut text = remote_end(row, remote, options);
    if let Some(local) = row.local.filter(|end| inward && options.destination_ports && end.port != 0) {
        let _ = write!(text, " >:{}", port(local.port, options));
    }
    text
}

/// The remote end alone, with its port as far as that is shown.
pub(super) fn remote(row: &Row, options: &UiOptions) -> String {
    row.remote.map_or_else(|| "*".to_owned(), |remote| remote_end(row, remote, options))
}

fn remote_end(row: &Row, remote: Endpoint, options: &UiOptions) -> String {
    let shown = if row.direction == Direction::In { options.source_ports } else { options.destination_ports };
    let mut text = host(row, remote.ip, options);
    push_port(&mut text, remote, shown, options);
    text
}

/// Our end.
pub(super) fn source(row: &Row, options: &UiOptions) -> String {
    let Some(local) = row.local.filter(|_| options.show_source) else { return "*".to_owned() };
    let shown = if row.direction == Direction::In { options.destination_ports } else { options.source_ports };
    let mut text = address(local.ip, shown && local.port != 0);
    push_port(&mut text, local, shown, options);
    text
}

fn host(row: &Row, ip: IpAddr, options: &UiOptions) -> String {
    match (&row.name, options.names) {
        (Some(name), Names::Seen | Names::Resolved) => name.text.to_string(),
        _ => address(ip, options.destination_ports && row.remote.is_some_and(|end| end.port != 0)),
    }
}

fn address(ip: IpAddr, with_port: bool) -> String {
    if ip.is_ipv6() && with_port { format!("[{ip}]") } else { ip.to_string() }
}

fn push_port(text: &mut String, end: Endpoint, shown: bool, options: &UiOptions) {
    if shown && end.port != 0 {
        let _ = write!(text, ":{}", port(end.port, options));
    }
}

fn port(number: u16, options: &UiOptions) -> String {
    match service(number) {
        Some(name) if options.service_names => name.to_owned(),
        _ => number.to_string(),
    }
}

/// Who says what the remote end is called; empty where nobody does or names are off.
pub(super) fn provenance(row: &Row, options: &UiOptions) -> &'static str {
    match (&row.name, options.names) {
        (Some(name), Names::Seen | Names::Resolved) if matches!(row.id, RowId::Flow(_) | RowId::Host(_)) => {
            name.source.id()
        }
        _ => "",
    }
}

/// Cut in the middle: the end of a host name and its port say more than what lies before.
pub(super) fn shorten(text: &str, room: usize) -> String {
    if width(text) <= room || room < 8 || !text.is_ascii() {
        return clip(text, room).into_owned();
    }
    let (head, tail) = (room / 2 - 1, room - room / 2);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(text.len() - tail).collect();
    format!("{start}…{end}")
}

/// Name of the service that IANA assigned a port to; the ones an operator meets.
pub(super) fn service(port: u16) -> Option<&'static str> {
    SERVICES
        .binary_search_by_key(&port, |(number, _)| *number)
        .ok()
        .and_then(|at| SERVICES.get(at))
        .map(|(_, name)| *name)
}

/// From IANA's "Service Name and Transport Protocol Port Number Registry", by number.
const SERVICES: &[(u16, &str)] = &[
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (43, "whois"),
    (53, "domain"),
    (67, "bootps"),
    (68, "bootpc"),
    (69, "tftp"),
    (80, "http"),
    (88, "kerberos"),
    (110, "pop3"),
    (111, "sunrpc"),
    (123, "ntp"),
    (137, "netbios-ns"),
    (139, "netbios-ssn"),
    (143, "imap"),
    (161, "snmp"),
    (162, "snmptrap"),
    (179, "bgp"),
    (194, "irc"),
    (389, "ldap"),
    (443, "https"),
    (445, "microsoft-ds"),
    (465, "submissions"),
    (500, "isakmp"),
    (514, "syslog"),
    (546, "dhcpv6-client"),
    (547, "dhcpv6-server"),
    (587, "submission"),
    (631, "ipp"),
    (636, "ldaps"),
    (853, "domain-s"),
    (873, "rsync"),
    (989, "ftps-data"),
    (990, "ftps"),
    (993, "imaps"),
    (995, "pop3s"),
    (1080, "socks"),
    (1194, "openvpn"),
    (1433, "ms-sql-s"),
    (1521, "oracle"),
    (1883, "mqtt"),
    (2049, "nfs"),
    (2379, "etcd-client"),
    (3128, "squid"),
    (3306, "mysql"),
    (3389, "ms-wbt-server"),
    (4500, "ipsec-nat-t"),
    (5060, "sip"),
    (5353, "mdns"),
    (5355, "llmnr"),
    (5432, "postgresql"),
    (5671, "amqps"),
    (5672, "amqp"),
    (5900, "rfb"),
    (6379, "redis"),
    (6443, "sun-sr-https"),
    (6667, "ircu"),
    (8080, "http-alt"),
    (8443, "pcsync-https"),
    (8883, "secure-mqtt"),
    (9092, "XmlIpcRegSvc"),
    (9418, "git"),
    (11211, "memcache"),
    (27017, "mongodb"),
    (51820, "wireguard"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Label, Name, NameSource, Protocol};

    fn row(direction: Direction) -> Row {
        Row {
            id: RowId::Host(IpAddr::from([192, 0, 2, 1])),
            protocol: Some(Protocol::TCP),
            local: Some(Endpoint::new(
                IpAddr::from([10, 0, 0, 5]),
                if direction == Direction::In { 443 } else { 40_000 },
            )),
            remote: Some(Endpoint::new(
                IpAddr::from([192, 0, 2, 1]),
                if direction == Direction::In { 50_000 } else { 443 },
            )),
            direction,
            ..Row::default()
        }
    }

    #[test]
    fn the_port_that_matters_is_the_one_that_was_opened() {
        let options = UiOptions::default();
        assert_eq!(destination(&row(Direction::Out), &options), "192.0.2.1:443");
        assert_eq!(source(&row(Direction::Out), &options), "10.0.0.5");
        assert_eq!(destination(&row(Direction::In), &options), "192.0.2.1 >:443");
        assert_eq!(source(&row(Direction::In), &options), "10.0.0.5:443");
    }

    #[test]
    fn names_and_services_are_shown_as_asked() {
        let mut row = row(Direction::Out);
        row.name = Some(Name { text: Label::new("www.example.com"), source: NameSource::Sni });
        let mut options = UiOptions { service_names: true, ..UiOptions::default() };
        assert_eq!(
            (destination(&row, &options).as_str(), provenance(&row, &options)),
            ("www.example.com:https", "sni")
        );
        options.names = Names::Off;
        assert_eq!((destination(&row, &options).as_str(), provenance(&row, &options)), ("192.0.2.1:https", ""));
        options.show_destination = false;
        assert_eq!(title(&row, &options), "10.0.0.5 > *");
    }

    #[test]
    fn ipv6_addresses_take_brackets_only_before_a_port() {
        let end = Endpoint::new("2001:db8::1".parse().unwrap(), 443);
        let row = Row { remote: Some(end), direction: Direction::Out, ..Row::default() };
        assert_eq!(destination(&row, &UiOptions::default()), "[2001:db8::1]:443");
        let options = UiOptions { destination_ports: false, ..UiOptions::default() };
        assert_eq!(destination(&row, &options), "2001:db8::1");
    }

    #[test]
    fn long_names_keep_their_end_and_port() {
        assert_eq!(shorten("a-very-long-name.storage.example.com:443", 21), "a-very-lo…ple.com:443");
        assert_eq!(shorten("short:443", 21), "short:443");
    }

    #[test]
    fn services_are_in_order() {
        assert!(SERVICES.is_sorted_by_key(|(port, _)| *port));
        assert_eq!((service(443), service(4)), (Some("https"), None));
    }
}
