//! Volume: far more goes to a known destination than usually does.

use std::time::Duration;

use crate::baseline::{Band, Baseline, Destination, Ledger, Scale};
use crate::model::{Finding, Severity, Timestamp, Value};

use super::moved::Moved;
use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "volume",
    title: "More than usual",
    about: "Payload sent to a known destination lies far above what it usually gets in ten seconds, a minute or ten \
            minutes (median and MAD of the amounts when anything is sent). Answers to clients are judged per service. \
            A slow drip below the band is not seen.",
    needs_baseline: true,
    build: || Box::new(Volume { sums: Recent::new(8_192, Duration::from_mins(30)) }),
};

/// Buckets a band must rest on before a sudden rise or a lasting one may be called unusual.
const SUDDEN_BUCKETS: u32 = 5;
const LASTING_BUCKETS: u32 = 30;
/// Spreads above the usual.
const SUDDEN_Z: f64 = 6.0;
const LASTING_Z: f64 = 4.0;
/// Times the usual that is sudden in any case, and that it must be at least.
const SUDDEN_TIMES: f64 = 20.0;
const LEAST_TIMES: f64 = 10.0;
/// Amounts of one bucket, in bytes.
const FLOOR: u64 = 256 * 1_024;
const MEDIUM: u64 = 1_000_000;
const HIGH: u64 = 100_000_000;
/// A second that brings less opens no entry: the floor is out of reach with such.
const LEAST: u64 = 400;
/// Answers vary much more than what we start.
const REPLIES_FLOOR: u64 = 20_000_000;
/// Said again after this long, or when it has doubled.
const AGAIN: Duration = Duration::from_mins(1);

struct Volume {
    sums: Recent<(Ledger, Destination), Sums>,
}

#[derive(Default)]
struct Sums {
    scales: [Sum; 3],
    told: Option<(Timestamp, u64)>,
}

/// The bucket being filled at one scale.
#[derive(Default)]
struct Sum {
    bucket: u64,
    bytes: u64,
    is_high: bool,
    /// High buckets running before this one.
    run: u32,
    /// The biggest bucket known when the run began: the run itself must not raise the bar.
    biggest: Option<u64>,
}

/// What one bucket holds beside what it should.
struct Spike {
    scale: Scale,
    bytes: u64,
    band: Band,
    run: u32,
}

impl Detector for Volume {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.sums.sweep(seen.at);
        for moved in &seen.moved {
            if moved.bytes_out == 0 {
                continue;
            }
            let key = (moved.contact.ledger, moved.contact.destination.clone());
            let Some(sums) = self.sums.admit(seen.at, key, moved.bytes_out, LEAST, Sums::default) else { continue };
            let spike = sums.add(seen.at, moved, usual);
            if let Some(spike) = spike
                && sums.told.is_none_or(|(at, bytes)| spike.bytes / 2 >= bytes || seen.at.since(at) >= AGAIN)
            {
                sums.told = Some((seen.at, spike.bytes));
                out.push(spike.finding(seen.at, moved));
            }
        }
    }
}

impl Sums {
    /// The worst spike of all scales.
    fn add(&mut self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Option<Spike> {
        let mut worst: Option<Spike> = None;
        for (sum, scale) in self.scales.iter_mut().zip(Scale::ALL) {
            sum.add(scale.bucket(at), moved.bytes_out);
            if sum.bytes < FLOOR {
                continue;
            }
            if let Some(band) = usual.band(&moved.contact, scale)
                && let Some(spike) = sum.spike(scale, band, moved.contact.ledger)
                && worst.as_ref().is_none_or(|old| spike.band.times(spike.bytes) > old.band.times(old.bytes))
            {
                worst = Some(spike);
            }
        }
        worst
    }
}

impl Sum {
    fn add(&mut self, bucket: u64, bytes: u64) {
        if bucket != self.bucket {
            if self.is_high && bucket == self.bucket + 1 {
                self.run += 1;
            } else {
                (self.run, self.biggest) = (0, None);
            }
            (self.bucket, self.bytes, self.is_high) = (bucket, 0, false);
        }
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn spike(&mut self, scale: Scale, band: Band, ledger: Ledger) -> Option<Spike> {
        let (z, times) = (band.z(self.bytes), band.times(self.bytes));
        let biggest = self.biggest.unwrap_or(band.biggest) as f64;
        let bytes = self.bytes as f64;
        let (room, floor) = match ledger {
            Ledger::Initiated => (1.0, FLOOR),
            Ledger::Replies => (1.5, REPLIES_FLOOR),
        };
        self.is_high = z >= LASTING_Z && bytes > 1.25 * room * biggest;
        if self.is_high {
            self.biggest.get_or_insert(band.biggest);
        }
        let sudden = band.buckets >= SUDDEN_BUCKETS
            && (z >= SUDDEN_Z || times >= SUDDEN_TIMES)
            && times >= LEAST_TIMES
            && bytes > 2.0 * room * biggest;
        let lasting = band.buckets >= LASTING_BUCKETS && self.is_high && self.run >= 1;
        (self.bytes >= floor && (sudden || lasting)).then_some(Spike { scale, bytes: self.bytes, band, run: self.run })
    }
}

impl Spike {
    fn finding(&self, at: Timestamp, moved: &Moved<'_>) -> Finding {
        let times = self.band.times(self.bytes);
        let severity = match (moved.contact.ledger, self.bytes) {
            (Ledger::Initiated, HIGH..) if times >= SUDDEN_TIMES => Severity::High,
            (Ledger::Initiated, MEDIUM..) => Severity::Medium,
            _ => Severity::Low,
        };
        let base = match severity {
            Severity::High => 60.0,
            Severity::Medium => 42.0,
            _ => 25.0,
        };
        let usual = self.band.usual();
        let lasting = if self.run > 0 { format!(", for {} buckets running", self.run + 1) } else { String::new() };
        Finding {
            detector: SPEC.id,
            severity,
            score: (base + 10.0 * times.max(1.0).log10()).min(95.0) as u8,
            at,
            subject: words::subject_of(&moved.contact, moved.top),
            observed: Value::Bytes(self.bytes),
            expected: Value::Bytes(usual),
            basis: format!("{} buckets of {} with traffic", self.band.buckets, self.scale.words()),
            why: format!(
                "{} to {} in {}, {} the usual{lasting}; usually {}, never more than {} ({} times seen)",
                words::bytes(self.bytes),
                words::destination(&moved.contact),
                self.scale.words(),
                words::times(times),
                words::bytes(usual),
                words::bytes(self.band.biggest),
                self.band.buckets
            ),
        }
    }
}
