//! The last line of a report: where every frame went, what was never seen, and how that is known.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use crate::model::{InterfaceInfo, Label, Measure, Skip};
use crate::snapshot::Snapshot;
use crate::snapshot::format::bytes;

/// Where every frame went. `frames = packets + skipped_frames`; bytes likewise; `packets` includes what was evicted.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub ts_first: String,
    pub ts_last: String,
    /// `frames`, or `sockets`: then packets are TCP's segments and all bytes are the payload that TCP counts.
    pub measure: &'static str,
    /// Frames that were captured, and their link-layer bytes.
    pub frames: u64,
    pub bytes: u64,
    /// Frames counted on flows, and their link-layer bytes.
    pub packets: u64,
    pub packet_bytes: u64,
    /// Of `packets`: fragments after the first.
    pub fragments: u64,
    pub skipped_frames: u64,
    pub skipped_bytes: u64,
    /// By cause; every cause is listed.
    pub skipped: BTreeMap<&'static str, Counted>,
    pub drops: Drops,
    /// Flows ever seen.
    pub flows: u64,
    /// Records printed before this line.
    pub listed: u64,
    /// Flows that the snapshot had no room for.
    pub hidden_flows: u64,
    /// Flows that had to leave the table, and what they had counted.
    pub evicted_flows: u64,
    pub evicted: Counted,
    /// Of `packets`: on flows of interfaces that others carry; not in `bytes_out` and `bytes_in`.
    pub carried: Counted,
    /// What was left out for want of room; the counts of frames and bytes are whole all the same.
    pub left_out: LeftOut,
    /// Wire bytes, of everything that is in the totals.
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub agreement: Vec<AgreementRecord>,
    pub interfaces: Vec<InterfaceRecord>,
    /// Our addresses, and how they are known.
    pub local: Vec<IpAddr>,
    pub local_from: &'static str,
    /// Open alerts.
    pub alerts: u64,
    /// What could not be done, in sentences.
    pub health: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counted {
    pub frames: u64,
    pub bytes: u64,
}

/// What there was no room for, besides flows.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LeftOut {
    /// Flows whose payload was not looked into.
    pub flows_unrecognised: u64,
    /// Questions to name servers that no detector heard of.
    pub questions: u64,
    /// Addresses, domains and askers of DNS that made room for others.
    pub names: u64,
}

/// What was never seen.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Drops {
    /// Frames that the kernel dropped because the ring was full.
    pub ring: u64,
    /// Times the ring was frozen.
    pub freezes: u64,
    /// Frames whose length or time is not exact.
    pub imprecise: u64,
    /// Records of a file that were cut short or made no sense.
    pub damaged: u64,
}

/// Ours beside the kernel's count.
#[derive(Clone, Debug, Serialize)]
pub struct AgreementRecord {
    pub interface: String,
    pub seen_bytes_out: u64,
    pub kernel_bytes_out: u64,
    pub seen_bytes_in: u64,
    pub kernel_bytes_in: u64,
}

/// An interface that was watched, and whether it is in the totals.
#[derive(Clone, Debug, Serialize)]
pub struct InterfaceRecord {
    pub interface: Label,
    /// Null for hardware, and where it stands alone.
    pub kind: Option<Label>,
    pub up: bool,
    pub in_totals: bool,
    /// `counted`, `repeats` or `within`.
    pub standing: &'static str,
    pub carried_by: Vec<Label>,
}

impl From<crate::model::tally::Count> for Counted {
    fn from(count: crate::model::tally::Count) -> Self {
        Self { frames: count.frames, bytes: count.bytes }
    }
}

impl Summary {
    pub fn new(snapshot: &Snapshot, listed: usize) -> Self {
        let (tally, losses) = (&snapshot.tally, snapshot.losses);
        let skipped = tally.skipped_total();
        let mut local: Vec<IpAddr> = snapshot.interfaces.iter().flat_map(|one| one.addresses.clone()).collect();
        local.sort_unstable();
        local.dedup();
        Self {
            kind: "summary",
            ts_first: snapshot.since.to_string(),
            ts_last: snapshot.at.to_string(),
            measure: if snapshot.measure == Measure::Frames { "frames" } else { "sockets" },
            frames: tally.seen.frames,
            bytes: tally.seen.bytes,
            packets: tally.packets.frames,
            packet_bytes: tally.packets.bytes,
            fragments: tally.fragments.frames,
            skipped_frames: skipped.frames,
            skipped_bytes: skipped.bytes,
            skipped: Skip::ALL.into_iter().map(|cause| (cause.id(), tally.skipped(cause).into())).collect(),
            drops: Drops {
                ring: losses.ring,
                freezes: losses.freezes,
                imprecise: losses.imprecise,
                damaged: losses.damaged,
            },
            flows: tally.flows,
            listed: listed as u64,
            hidden_flows: snapshot.hidden_flows,
            evicted_flows: tally.flows_evicted,
            evicted: tally.evicted.into(),
            carried: tally.carried.into(),
            left_out: LeftOut {
                flows_unrecognised: tally.flows_unrecognised,
                questions: tally.questions_left_out,
                names: tally.names_evicted,
            },
            bytes_out: snapshot.totals.bytes_out,
            bytes_in: snapshot.totals.bytes_in,
            agreement: snapshot.agreement.iter().map(agreement).collect(),
            interfaces: snapshot.interfaces.iter().map(interface).collect(),
            local,
            local_from: snapshot.vantage,
            alerts: snapshot.alerts.iter().filter(|alert| super::finding::is_open(alert)).count() as u64,
            health: snapshot.health.iter().map(|health| format!("{}: {}", health.part, health.what)).collect(),
        }
    }

    /// The same in a line or two for people.
    pub fn text(&self) -> String {
        let mut causes: Vec<String> = self
            .skipped
            .iter()
            .filter(|(_, n)| n.frames > 0)
            .map(|(cause, n)| format!("{cause} {}", n.frames))
            .collect();
        causes.insert(0, format!("skipped {}", self.skipped_frames));
        let what = if self.measure == "frames" { "frames" } else { "TCP segments" };
        let mut parts = vec![
            format!("{} of {} flows", self.listed, self.flows),
            format!("{} {what}, {}", self.frames, bytes(self.bytes)),
            causes.join(" "),
            format!("drops {}", self.drops.ring),
        ];
        if self.drops.damaged > 0 {
            parts.push(format!("damaged records {}", self.drops.damaged));
        }
        if self.evicted_flows > 0 {
            parts.push(format!("evicted flows {} ({})", self.evicted_flows, bytes(self.evicted.bytes)));
        }
        let local: Vec<String> = self.local.iter().take(LOCAL_SHOWN).map(ToString::to_string).collect();
        let more = self.local.len().saturating_sub(LOCAL_SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let ours = if local.is_empty() { "none known".to_owned() } else { local.join(" ") };
        let from = if self.local_from.is_empty() { String::new() } else { format!(" ({})", self.local_from) };
        let mut text = format!("{}\nour addresses: {ours}{more}{from}", parts.join(" · "));
        for health in &self.health {
            text.extend(["\n", health]);
        }
        text
    }
}

const LOCAL_SHOWN: usize = 4;

fn interface(one: &InterfaceInfo) -> InterfaceRecord {
    InterfaceRecord {
        interface: one.name.clone(),
        kind: (!one.kind.is_empty()).then(|| one.kind.clone()),
        up: one.is_up,
        in_totals: one.standing.is_counted(),
        standing: one.standing.id(),
        carried_by: one.standing.carriers().to_vec(),
    }
}

fn agreement(one: &crate::snapshot::Agreement) -> AgreementRecord {
    AgreementRecord {
        interface: one.interface.to_string(),
        seen_bytes_out: one.seen_bytes_out,
        kernel_bytes_out: one.kernel_bytes_out,
        seen_bytes_in: one.seen_bytes_in,
        kernel_bytes_in: one.kernel_bytes_in,
    }
}
