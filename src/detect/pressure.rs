//! Table pressure: so many flows at once that some had to leave the table.

use std::time::Duration;

use crate::baseline::Baseline;
use crate::model::{Application, Finding, Protocol, Severity, Subject, Timestamp, Value};

use super::words;
use super::{Detector, Seen, Spec};

pub static SPEC: Spec = Spec {
    id: "table-pressure",
    title: "Flow table full",
    about: "More flows at once than there is room for: the oldest leave early. Their bytes stay in the totals, \
            but they are no longer judged one by one. A flood or a scan looks like this.",
    needs_baseline: false,
    build: || Box::new(Pressure::default()),
};

/// Said again after this long.
const AGAIN: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Pressure {
    told: Option<Timestamp>,
    flows: u64,
    bytes: u64,
}

impl Detector for Pressure {
    fn judge(&mut self, seen: &Seen<'_>, _usual: &Baseline, out: &mut Vec<Finding>) {
        let pressure = seen.interval.pressure;
        if pressure.evicted_flows == 0 {
            return;
        }
        self.flows += pressure.evicted_flows;
        self.bytes += pressure.evicted_bytes;
        if self.told.is_some_and(|told| seen.at.since(told) < AGAIN) {
            return;
        }
        self.told = Some(seen.at);
        let nobody = std::net::IpAddr::from([0, 0, 0, 0]);
        out.push(Finding {
            detector: SPEC.id,
            severity: Severity::Medium,
            score: 50,
            at: seen.at,
            subject: Subject {
                host: nobody,
                remote: nobody,
                port: 0,
                protocol: Protocol::default(),
                name: None,
                application: Application::PENDING,
                flow: None,
            },
            observed: Value::Count(self.flows),
            expected: Value::Count(0),
            basis: format!("room for {} flows", pressure.limit),
            why: format!(
                "the flow table is full: {} flows ({}) left it before they ended; there is room for {}",
                self.flows,
                words::bytes(self.bytes),
                pressure.limit
            ),
        });
    }
}
