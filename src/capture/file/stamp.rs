//! The units of a pcapng interface's stamps, turned to nanoseconds since the epoch.

use crate::model::Timestamp;

/// `if_tsresol` and `if_tsoffset` (draft-ietf-opsawg-pcapng §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    scale: Scale,
    /// Seconds to add.
    pub(super) offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// Nanoseconds in a unit.
    Times(u64),
    /// Units in a nanosecond.
    Over(u64),
    /// Units in a second, as a power of two.
    Binary(u32),
}

impl Default for Clock {
    /// Microseconds, where a file does not say.
    fn default() -> Self {
        Self { scale: Scale::Times(1_000), offset: 0 }
    }
}

impl Clock {
    /// Takes the resolution byte: a negative power of two where the top bit is set, else of ten.
    pub(super) fn set_resolution(&mut self, byte: u8) {
        let power = u32::from(byte & 0x7f);
        self.scale = if byte & 0x80 != 0 {
            Scale::Binary(power)
        } else if power <= 9 {
            Scale::Times(10_u64.pow(9 - power))
        } else {
            // Beyond 10^-28 s all that a stamp can count is less than a nanosecond.
            10_u64.checked_pow(power - 9).map_or(Scale::Times(0), Scale::Over)
        };
    }

    /// A stamp's two words as a moment; out of range stops at the ends of time.
    #[inline]
    pub(super) fn moment(&self, high: u32, low: u32) -> Timestamp {
        let units = u64::from(high) << 32 | u64::from(low);
        let nanos = match self.scale {
            Scale::Times(nanos) => units.saturating_mul(nanos),
            Scale::Over(units_per_nano) => units / units_per_nano,
            Scale::Binary(power) => binary(units, power),
        };
        if self.offset == 0 {
            return Timestamp::from_nanos(nanos);
        }
        let moved = i128::from(nanos) + i128::from(self.offset) * 1_000_000_000;
        Timestamp::from_nanos(u64::try_from(moved.max(0)).unwrap_or(u64::MAX))
    }
}

/// `units` of 2^-`power` seconds. The product of 64 and 30 bits always fits.
fn binary(units: u64, power: u32) -> u64 {
    let nanos = (u128::from(units) * 1_000_000_000).checked_shr(power).unwrap_or(0);
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stamps_of_every_resolution() {
        let cases: [(Option<u8>, i64, u64, u64); 10] = [
            (None, 0, 1_500_000, 1_500_000_000),
            (Some(0), 0, 2, 2_000_000_000),
            (Some(3), 0, 1_500, 1_500_000_000),
            (Some(9), 0, 7, 7),
            (Some(12), 0, 7_999, 7),
            (Some(127), 0, u64::MAX, 0),
            (Some(0x80), 0, 3, 3_000_000_000),
            (Some(0x8a), 0, 1_536, 1_500_000_000),
            (Some(0xff), 0, u64::MAX, 0),
            (Some(9), -1, 3_000_000_000, 2_000_000_000),
        ];
        for (resolution, offset, units, nanos) in cases {
            let mut clock = Clock { offset, ..Clock::default() };
            if let Some(byte) = resolution {
                clock.set_resolution(byte);
            }
            let got = clock.moment((units >> 32) as u32, units as u32);
            assert_eq!(got.nanos(), nanos, "{resolution:?} {units}");
        }
    }

    #[test]
    fn stops_at_the_ends_of_time() {
        let mut clock = Clock { offset: i64::MIN, ..Clock::default() };
        assert_eq!(clock.moment(0, 5), Timestamp::ZERO);
        clock.offset = i64::MAX;
        assert_eq!(clock.moment(0, 5).nanos(), u64::MAX);
        clock.offset = 0;
        assert_eq!(clock.moment(u32::MAX, 0).nanos(), u64::MAX);
    }
}
