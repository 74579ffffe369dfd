//! One flow as a record with names that never change meaning: the JSON object and the CSV line.

use std::net::IpAddr;

use serde::Serialize;

use crate::model::name::registered_domain;
use crate::model::{Endpoint, Label, Measure, Owner, Parent, Protocol, Timestamp};
use crate::snapshot::{Grouping, Row, Snapshot};

/// A flow, or a group of flows added up: then `type` says by what, and what differs within it is null.
#[derive(Clone, Debug, Serialize)]
pub struct FlowRecord {
    /// `flow`, `host`, `service`, `domain`, `network` or `owner`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// First and last packet; RFC 3339, UTC, microseconds.
    pub ts_first: String,
    pub ts_last: String,
    pub proto: Option<String>,
    pub local_ip: Option<IpAddr>,
    pub local_port: Option<u16>,
    pub remote_ip: Option<IpAddr>,
    pub remote_port: Option<u16>,
    pub interface: Option<Label>,
    /// False where another watched interface carries this one, and its bytes are counted there.
    pub in_totals: bool,
    /// Who opened it, relative to this host: `out`, `in`, `local`, `transit`, `unknown`.
    pub direction: &'static str,
    /// Link-layer bytes as the kernel or the file reports them; null where no frames were seen.
    pub bytes_out: Option<u64>,
    pub bytes_in: Option<u64>,
    /// The same with the headers of the segments that a super-packet becomes.
    pub wire_bytes_out: Option<u64>,
    pub wire_bytes_in: Option<u64>,
    /// IP headers and everything in them.
    pub ip_bytes_out: Option<u64>,
    pub ip_bytes_in: Option<u64>,
    /// What the transport carries; null where the kernel keeps no count, as of UDP sockets.
    pub payload_bytes_out: Option<u64>,
    pub payload_bytes_in: Option<u64>,
    pub packets_out: Option<u64>,
    pub packets_in: Option<u64>,
    /// Flows in this record: 1, or as many as the group has.
    pub flows: u64,
    /// Times it was opened.
    pub opened: u64,
    /// By payload; null while nobody has answered, `unknown` when every recogniser said no.
    pub app: Option<&'static str>,
    pub name: Option<Label>,
    /// Who gave the name: `sni`, `host`, `dns`, `hosts`, `ptr`.
    pub name_source: Option<&'static str>,
    /// The domain that somebody registered, of that name (public suffix list).
    pub domain: Option<Label>,
    /// The SNI or Host beside DNS: `agrees`, `elsewhere`, `conflict`, `never`, `cannot-judge`.
    pub name_check: Option<&'static str>,
    /// In a conflict: the name that DNS has for the address.
    pub dns_name: Option<Label>,
    pub asn: Option<u32>,
    pub as_name: Option<Label>,
    /// ISO 3166-1 code of the remote address.
    pub country: Option<Label>,
    pub sni: Option<Label>,
    pub alpn: Vec<Label>,
    pub ja4: Option<Label>,
    /// What the TLS server chose, and the certificate it showed: unchecked, and only up to TLS 1.2.
    pub tls_version: Option<&'static str>,
    pub tls_alpn: Option<Label>,
    pub cert_subject: Option<Label>,
    pub cert_issuer: Option<Label>,
    /// RFC 3339, UTC.
    pub cert_from: Option<String>,
    pub cert_until: Option<String>,
    pub cert_names: Vec<Label>,
    pub owner: Option<OwnerRecord>,
    /// TCP state as the packets show it; null for other protocols.
    pub state: Option<&'static str>,
    pub verdict: &'static str,
    pub score: u8,
    pub reasons: Vec<Reason>,
    /// Id of the known-good mark that covers it.
    pub mark: Option<Label>,
}

#[derive(Clone, Debug, Serialize)]
pub struct OwnerRecord {
    pub exe: Label,
    pub comm: Label,
    pub pid: Option<u32>,
    pub uid: Option<u32>,
    pub unit: Option<Label>,
    pub container: Option<Label>,
    pub confidence: &'static str,
    /// The words it was started with; null where it had ended before they were read.
    pub cmdline: Option<Label>,
    /// Who started it, the nearest first.
    pub parents: Vec<ParentRecord>,
    /// `deleted`, `replaced`, `writable-dir`, `memfd`, `shell-on-socket`.
    pub traits: Vec<&'static str>,
    /// When it was first seen sending; RFC 3339, UTC, microseconds.
    pub sends_since: Option<String>,
}

/// An ancestor of a process.
#[derive(Clone, Debug, Serialize)]
pub struct ParentRecord {
    pub pid: u32,
    pub comm: Label,
    pub exe: Label,
}

/// Why a flow is lit.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    pub detector: &'static str,
    pub severity: &'static str,
    pub score: u8,
    pub why: String,
}

impl FlowRecord {
    pub fn new(row: &Row, by: Grouping, snapshot: &Snapshot) -> Self {
        // Within a group a port of 0 is one that differs; a flow of a protocol with ports may have used 0 itself.
        let all_ports = by == Grouping::Flow && row.protocol.is_some_and(Protocol::has_ports);
        let port = |end: Option<Endpoint>| end.map(|end| end.port).filter(|port| *port != 0 || all_ports);
        let interface = row.interface.and_then(|id| snapshot.interfaces.iter().find(|one| one.id == id));
        let (facts, network) = (row.facts.as_deref(), row.network.as_deref());
        let tls = facts.and_then(|facts| facts.tls.as_deref());
        let certificate = tls.and_then(|tls| tls.certificate.as_ref());
        let framed = |count: u64| (row.measure == Measure::Frames).then_some(count);
        let counted = |count: u64| (row.measure != Measure::Nothing).then_some(count);
        Self {
            kind: by.id(),
            ts_first: row.first.to_string(),
            ts_last: row.last.to_string(),
            proto: row.protocol.map(|protocol| protocol.to_string()),
            local_ip: row.local.map(|end| end.ip),
            local_port: port(row.local),
            remote_ip: row.remote.map(|end| end.ip),
            remote_port: port(row.remote),
            interface: interface.map(|one| one.name.clone()),
            in_totals: !row.is_carried,
            direction: row.direction.id(),
            bytes_out: framed(row.bytes_out),
            bytes_in: framed(row.bytes_in),
            wire_bytes_out: framed(row.wire_bytes_out),
            wire_bytes_in: framed(row.wire_bytes_in),
            ip_bytes_out: framed(row.ip_bytes_out),
            ip_bytes_in: framed(row.ip_bytes_in),
            payload_bytes_out: counted(row.payload_bytes_out),
            payload_bytes_in: counted(row.payload_bytes_in),
            packets_out: counted(row.packets_out),
            packets_in: counted(row.packets_in),
            flows: row.flows,
            opened: row.opened,
            app: known(row.application.id()),
            name: row.name.as_ref().map(|name| name.text.clone()),
            name_source: row.name.as_ref().map(|name| name.source.id()),
            domain: row.name.as_ref().and_then(|name| registered_domain(name.text.as_str())).map(Label::new),
            name_check: facts.and_then(|facts| facts.name_check.id()),
            dns_name: facts.and_then(|facts| facts.name_check.other_name().cloned()),
            asn: network.and_then(|network| network.asn),
            as_name: network.and_then(|network| network.organisation.clone()),
            country: network.and_then(|network| network.country.clone()),
            sni: facts.and_then(|facts| facts.sni.clone()),
            alpn: facts.map(|facts| facts.alpn.clone()).unwrap_or_default(),
            ja4: facts.and_then(|facts| facts.ja4.clone()),
            tls_version: tls.map(|tls| tls.version),
            tls_alpn: tls.and_then(|tls| tls.alpn.clone()),
            cert_subject: certificate.map(|one| one.subject.clone()),
            cert_issuer: certificate.map(|one| one.issuer.clone()),
            cert_from: certificate.map(|one| one.from.to_string()),
            cert_until: certificate.map(|one| one.until.to_string()),
            cert_names: certificate.map(|one| one.names.clone()).unwrap_or_default(),
            owner: row.owner.as_deref().map(|owner| OwnerRecord::new(owner, row.owner_since)),
            state: known(row.state.id()),
            verdict: row.verdict.id(),
            score: row.score,
            reasons: reasons(row),
            mark: row.mark.as_ref().map(|mark| mark.id.clone()),
        }
    }
}

/// `-` on a screen is null in a record.
fn known(id: &'static str) -> Option<&'static str> {
    (id != "-").then_some(id)
}

impl OwnerRecord {
    pub fn new(owner: &Owner, since: Option<Timestamp>) -> Self {
        let parent = |one: &Parent| ParentRecord { pid: one.pid, comm: one.comm.clone(), exe: one.exe.clone() };
        Self {
            exe: owner.exe.clone(),
            comm: owner.comm.clone(),
            pid: (owner.pid != 0).then_some(owner.pid),
            uid: owner.uid,
            unit: owner.unit.clone(),
            container: owner.container.clone(),
            confidence: owner.confidence.id(),
            cmdline: Some(owner.cmdline.clone()).filter(|words| !words.is_empty()),
            parents: owner.parents.iter().map(parent).collect(),
            traits: owner.traits.ids(),
            sends_since: since.map(|at| at.to_string()),
        }
    }
}

/// The findings, the weightiest first.
fn reasons(row: &Row) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = row
        .findings
        .iter()
        .map(|finding| Reason {
            detector: finding.detector,
            severity: finding.severity.id(),
            score: finding.score,
            why: finding.why.clone(),
        })
        .collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.score));
    reasons
}
