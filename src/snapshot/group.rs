//! Flows added up by host, service, domain, network or owner.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::model::{Direction, Label, Owner};

use super::row::{Row, RowId};

/// What makes two flows one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grouping {
    #[default]
    Flow,
    Host,
    Service,
    Domain,
    Network,
    Owner,
}

impl Grouping {
    pub const ALL: [Self; 6] = [Self::Flow, Self::Host, Self::Service, Self::Domain, Self::Network, Self::Owner];

    pub const fn id(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Host => "host",
            Self::Service => "service",
            Self::Domain => "domain",
            Self::Network => "network",
            Self::Owner => "owner",
        }
    }

    /// The grouping of that id.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grouping| grouping.id() == id)
    }

    /// The next one in the cycle.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|one| *one == self).unwrap_or_default();
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// Which group a flow belongs to.
    pub fn id_of(self, row: &Row) -> RowId {
        match self {
            Self::Flow => row.id.clone(),
            Self::Host => row.remote.map_or(RowId::Other, |remote| RowId::Host(remote.ip)),
            Self::Service => match (row.protocol, row.service_port()) {
                (Some(protocol), port) => RowId::Service(protocol, port),
                (None, _) => RowId::Other,
            },
            Self::Domain => match (&row.name, row.remote) {
                (Some(name), _) => RowId::Domain(registrable(&name.text)),
                (None, Some(remote)) => RowId::Host(remote.ip),
                (None, None) => RowId::Other,
            },
            Self::Network => row.remote.map_or(RowId::Other, |remote| RowId::Network(network(row, remote.ip))),
            Self::Owner => RowId::Owner(row.owner.as_ref().map_or_else(|| Label::new(UNKNOWN), |owner| owner.key())),
        }
    }
}

/// The owner of flows that have none.
pub const UNKNOWN: &str = "unknown";

/// The domain somebody registered: `example.co.uk` of `www.example.co.uk` (public suffix list); else the name itself.
pub fn registrable(name: &Label) -> Label {
    psl::domain_str(name.as_str()).map_or_else(|| name.clone(), Label::new)
}

/// The autonomous system around an address, else the /24 or /48 that it lies in.
fn network(row: &Row, ip: IpAddr) -> Label {
    if let Some(system) = row.network.as_ref().and_then(|network| network.system()) {
        return Label::new(&system);
    }
    let bits = if ip.is_ipv4() { 24 } else { 48 };
    Label::new(&IpNet::new(ip, bits).map_or_else(|_| ip.to_string(), |net| net.trunc().to_string()))
}

impl Row {
    /// The port that names the service: the one of the end that was opened.
    pub fn service_port(&self) -> u16 {
        let (local, remote) = (self.local.map_or(0, |e| e.port), self.remote.map_or(0, |e| e.port));
        if self.direction == Direction::In { local } else { remote }
    }

    /// Adds a flow to a group.
    pub fn absorb(&mut self, flow: &Self) {
        self.flows += flow.flows;
        self.opened += flow.opened;
        self.bytes_out += flow.bytes_out;
        self.bytes_in += flow.bytes_in;
        self.wire_bytes_out += flow.wire_bytes_out;
        self.wire_bytes_in += flow.wire_bytes_in;
        self.ip_bytes_out += flow.ip_bytes_out;
        self.ip_bytes_in += flow.ip_bytes_in;
        self.payload_bytes_out += flow.payload_bytes_out;
        self.payload_bytes_in += flow.payload_bytes_in;
        self.packets_out += flow.packets_out;
        self.packets_in += flow.packets_in;
        self.rates_out = self.rates_out.plus(flow.rates_out);
        self.rates_in = self.rates_in.plus(flow.rates_in);
        self.peak_out = self.peak_out.max(flow.peak_out);
        self.peak_in = self.peak_in.max(flow.peak_in);
        for (sum, one) in self.spark.iter_mut().zip(flow.spark) {
            *sum = sum.saturating_add(one);
        }
        self.first = if self.first.nanos() == 0 { flow.first } else { self.first.min(flow.first) };
        self.last = self.last.max(flow.last);
        self.keep_what_is_common(flow);
        self.keep_the_worst(flow);
    }

    fn keep_what_is_common(&mut self, flow: &Self) {
        if self.protocol != flow.protocol {
            self.protocol = None;
        }
        self.local = match (self.local, flow.local) {
            (Some(a), Some(b)) if a == b => Some(a),
            (Some(a), Some(b)) if a.ip == b.ip => Some(crate::model::Endpoint::new(a.ip, 0)),
            _ => None,
        };
        self.remote = match (self.remote, flow.remote) {
            (Some(a), Some(b)) if a == b => Some(a),
            (Some(a), Some(b)) if a.ip == b.ip => Some(crate::model::Endpoint::new(a.ip, 0)),
            _ => None,
        };
        if self.direction != flow.direction {
            self.direction = Direction::Unknown;
        }
        if self.application != flow.application {
            self.application = crate::model::Application::PENDING;
        }
        if self.name != flow.name {
            // A name for some of an address's flows is better than none for the row.
            match (&self.name, &flow.name) {
                (None, Some(_)) if self.remote.is_some() => self.name.clone_from(&flow.name),
                (Some(_), None) if self.remote.is_some() => {}
                _ => self.name = None,
            }
        }
        if self.network != flow.network {
            self.network = None;
        }
        self.keep_common_owner(flow);
        if self.interface != flow.interface {
            self.interface = None;
        }
        self.state = self.state.min(flow.state);
        self.facts = None;
        self.socket = None;
        self.measure = self.measure.min(flow.measure);
        self.is_carried &= flow.is_carried;
    }

    /// One sender for all of them, with the process if that is one too and the least that is sure.
    fn keep_common_owner(&mut self, flow: &Self) {
        self.owner = match (self.owner.take(), &flow.owner) {
            (Some(mine), Some(other)) if mine == *other => Some(mine),
            (Some(mine), Some(other)) if mine.is_same_sender(other) => Some(Arc::new(common(&mine, other))),
            _ => None,
        };
        self.owner_since = self.owner_since.filter(|since| self.owner.is_some() && flow.owner_since == Some(*since));
    }

    fn keep_the_worst(&mut self, flow: &Self) {
        self.verdict = self.verdict.max(flow.verdict);
        self.score = self.score.max(flow.score);
        for finding in &flow.findings {
            if !self.findings.contains(finding) {
                self.findings.push(finding.clone());
            }
        }
        if flow.mark.is_none() {
            self.mark = None;
        }
    }
}

/// What two processes of one sender have in common, and the least that is sure.
fn common(mine: &Owner, other: &Owner) -> Owner {
    let is_one = mine.pid == other.pid;
    let both = Owner {
        confidence: mine.confidence.max(other.confidence),
        traits: mine.traits.with(other.traits),
        ..mine.clone()
    };
    if is_one { both } else { Owner { pid: 0, cmdline: Label::default(), parents: Arc::default(), ..both } }
}

/// The rows added up, in the order in which each group first appears, with the places of its members.
pub fn group(rows: &[Row], by: Grouping) -> Vec<(Row, Vec<usize>)> {
    if by == Grouping::Flow {
        return rows.iter().enumerate().map(|(at, row)| (row.clone(), vec![at])).collect();
    }
    group_by(rows.iter().enumerate(), |row| by.id_of(row))
}

/// The same for some of the rows, each with its place, under ids of the caller's own.
pub fn group_by<'a>(
    rows: impl IntoIterator<Item = (usize, &'a Row)>,
    id_of: impl Fn(&Row) -> RowId,
) -> Vec<(Row, Vec<usize>)> {
    let mut places: HashMap<RowId, usize> = HashMap::new();
    let mut groups: Vec<(Row, Vec<usize>)> = Vec::new();
    for (at, row) in rows {
        let id = id_of(row);
        if let Some(&place) = places.get(&id) {
            groups[place].0.absorb(row);
            groups[place].1.push(at);
        } else {
            places.insert(id.clone(), groups.len());
            groups.push((Row { id, ..row.clone() }, vec![at]));
        }
    }
    groups
}
