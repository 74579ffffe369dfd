//! What a known-good mark would silence: counted before it is made.

use ipnet::IpNet;

use crate::model::mark::Target;
use crate::model::{AlertState, Direction, Endpoint, Label, NameSource, Protocol, Scope, Subject};
use crate::snapshot::group::registrable;
use crate::snapshot::{Row, Snapshot};

/// What a scope can be made from: the ends of a row, or the subject of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    protocol: Option<Protocol>,
    /// Set where it is exactly one flow.
    local: Option<Endpoint>,
    /// The port is 0 where it is about several.
    remote: Endpoint,
    /// Not from reverse DNS: whoever owns an address writes that name.
    name: Option<Label>,
}

impl About {
    /// The remote end of a row. `None` for a row about several remote ends.
    pub(super) fn of_row(row: &Row) -> Option<Self> {
        let remote = row.remote?;
        // The remote port of a flow that was opened from there is any number: it names no service.
        let port = if row.direction == Direction::In && row.flows != 1 { 0 } else { remote.port };
        let name = row.name.as_ref().filter(|name| name.source != NameSource::Ptr);
        Some(Self {
            protocol: row.protocol,
            local: row.local.filter(|_| row.flows == 1),
            remote: Endpoint::new(remote.ip, port),
            name: name.map(|name| name.text.clone()),
        })
    }

    pub(super) fn of_subject(subject: &Subject) -> Self {
        let ours = |end: &Endpoint| end.ip == subject.host && end.ip != subject.remote;
        Self {
            protocol: Some(subject.protocol),
            local: subject.flow.and_then(|key| [key.first(), key.second()].into_iter().find(ours)),
            remote: Endpoint::new(subject.remote, subject.port),
            name: subject.name.clone(),
        }
    }

    fn is_covered(&self, scope: &Scope) -> bool {
        let protocol = self.protocol.unwrap_or_default();
        scope.covers(&Target { protocol, local: self.local, remote: self.remote, name: self.name.as_ref() })
    }

    /// Every scope that covers it, the narrowest first.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        let mut scopes = Vec::new();
        if let (Some(protocol), Some(local)) = (self.protocol, self.local) {
            scopes.push(Scope::Flow { protocol, local, remote: self.remote });
        }
        if let (Some(protocol), 1..) = (self.protocol, self.remote.port) {
            scopes.push(Scope::Service { protocol, host: self.remote.ip, port: self.remote.port });
        }
        scopes.push(Scope::Host(self.remote.ip));
        let prefix = if self.remote.ip.is_ipv6() { 64 } else { 24 };
        if let Ok(net) = IpNet::new(self.remote.ip, prefix) {
            scopes.push(Scope::Network(net.trunc()));
        }
        // A name nobody can register, such as `co.uk`, would admit far too much.
        let is_registered = |name: &&Label| !name.as_str().contains('.') || psl::domain_str(name.as_str()).is_some();
        if let Some(name) = self.name.as_ref().filter(is_registered) {
            let wide = registrable(name);
            scopes.push(Scope::Name(name.clone()));
            if wide != *name {
                scopes.push(Scope::Name(wide));
            }
        }
        scopes
    }

    /// The scope that is usually meant: a flow is over tomorrow, the service it used is not.
    pub(super) fn usual_scope(&self) -> Scope {
        let scopes = self.scopes();
        let lasting = scopes.into_iter().find(|scope| !matches!(scope, Scope::Flow { .. }));
        lasting.unwrap_or(Scope::Host(self.remote.ip))
    }
}

/// What becomes quiet if a mark is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Preview {
    /// Flows it covers, and those of them that are lit now.
    pub flows: usize,
    pub lit: usize,
    pub alerts: usize,
}

impl Preview {
    pub(super) fn of(scope: &Scope, snapshot: &Snapshot) -> Self {
        let mut preview = Self::default();
        for row in snapshot.rows.iter().filter(|row| About::of_row(row).is_some_and(|about| about.is_covered(scope))) {
            preview.flows += 1;
            preview.lit += usize::from(row.score > 0);
        }
        preview.alerts = snapshot
            .alerts
            .iter()
            .filter(|alert| !matches!(alert.state, AlertState::Marked | AlertState::Closed))
            .filter(|alert| About::of_subject(&alert.finding.subject).is_covered(scope))
            .count();
        preview
    }

    /// `14 rows and 3 alerts become quiet`.
    pub(super) fn sentence(self) -> String {
        let count = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        if self.lit + self.alerts == 0 {
            return format!("covers {}; nothing is lit there now", count(self.flows, "flow"));
        }
        let verb = if self.lit + self.alerts == 1 { "becomes" } else { "become" };
        let both = match (self.lit, self.alerts) {
            (0, alerts) => count(alerts, "alert"),
            (rows, 0) => count(rows, "row"),
            (rows, alerts) => format!("{} and {}", count(rows, "row"), count(alerts, "alert")),
        };
        format!("{both} {verb} quiet; covers {}", count(self.flows, "flow"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str, port: u16) -> Endpoint {
        Endpoint::new(text.parse().unwrap(), port)
    }

    fn row(remote: Endpoint, name: Option<&str>, score: u8) -> Row {
        use crate::model::{Name, NameSource};
        Row {
            flows: 1,
            protocol: Some(Protocol::TCP),
            local: Some(end("10.0.0.5", 40_000)),
            remote: Some(remote),
            name: name.map(|text| Name { text: Label::new(text), source: NameSource::Sni }),
            score,
            ..Row::default()
        }
    }

    #[test]
    fn each_scope_covers_its_own_and_no_more() {
        let rows = vec![
            row(end("192.0.2.1", 443), Some("www.example.com"), 50),
            row(end("192.0.2.1", 22), None, 50),
            row(end("192.0.2.9", 443), Some("notexample.com"), 50),
            row(end("198.51.100.1", 443), Some("EXAMPLE.com"), 0),
        ];
        let scopes = About::of_row(&rows[0]).unwrap().scopes();
        let snapshot = Snapshot { rows, ..Snapshot::default() };
        let counts: Vec<(&str, usize, usize)> = scopes
            .iter()
            .map(|scope| (scope.id(), Preview::of(scope, &snapshot).flows, Preview::of(scope, &snapshot).lit))
            .collect();
        assert_eq!(
            counts,
            [("flow", 1, 1), ("service", 1, 1), ("host", 2, 2), ("network", 3, 3), ("name", 1, 1), ("name", 2, 1)]
        );
    }

    #[test]
    fn the_sentence_counts_in_english() {
        assert_eq!(
            Preview { flows: 14, lit: 14, alerts: 3 }.sentence(),
            "14 rows and 3 alerts become quiet; covers 14 flows"
        );
        assert_eq!(Preview { flows: 1, lit: 1, alerts: 0 }.sentence(), "1 row becomes quiet; covers 1 flow");
        assert_eq!(Preview { flows: 2, lit: 0, alerts: 0 }.sentence(), "covers 2 flows; nothing is lit there now");
    }

    #[test]
    fn a_row_of_many_hosts_has_no_target() {
        assert_eq!(About::of_row(&Row::default()), None);
    }
}
