//! How sizes, rates and spans are written: the one place that decides, for screens and reports alike.
//!
//! Prefixes are decimal (1 kB is 1000 bytes, as interfaces, disks and the SI count), with three digits that
//! mean something, so that a number is never wider than six columns. Rates are in bits or bytes per second.

use std::time::Duration;

use humansize::{DECIMAL, FormatSizeOptions, format_size};

use crate::model::{Timestamp, Value};

/// What rates are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    #[default]
    Bits,
    Bytes,
}

impl Unit {
    /// A rate that was measured in bytes per second: `12.4Mb`, `1.55MB`. Six columns at most.
    pub fn rate(self, bytes_per_second: u64) -> String {
        match self {
            Self::Bytes => bytes(bytes_per_second),
            Self::Bits => bytes(bytes_per_second.saturating_mul(8)).replace('B', "b"),
        }
    }

    /// A value as a person reads it; `-` for what is not known.
    pub fn value(self, value: &Value) -> String {
        match value {
            Value::None => "-".to_owned(),
            Value::Bytes(n) => bytes(*n),
            Value::Rate(n) => self.rate(*n),
            Value::Ratio(n) if *n >= 100.0 => format!("{n:.0}"),
            Value::Ratio(n) => format!("{n:.1}"),
            Value::At(at) => clock(*at),
            Value::For(span) => duration(*span),
            Value::Flag(true) => "yes".to_owned(),
            Value::Flag(false) => "no".to_owned(),
            Value::Text(_) | Value::Word(_) | Value::Address(_) | Value::Count(_) | Value::Score(_) => value.text(),
        }
    }
}

/// A number of bytes: `512B`, `1.25kB`, `48.1MB`. Six columns at most.
pub fn bytes(n: u64) -> String {
    let n = three_digits(n);
    let places = match n.checked_ilog10() {
        Some(digits) if digits >= 3 => 2 - (digits % 3) as usize,
        _ => 0,
    };
    let options =
        FormatSizeOptions::from(DECIMAL).decimal_places(places).decimal_zeroes(places).space_after_value(false);
    format_size(n, options)
}

/// Rounded to three significant digits, so that 999 999 becomes a million and not "1000k".
fn three_digits(n: u64) -> u64 {
    match n.checked_ilog10() {
        Some(digits) if digits >= 3 => {
            let step = 10_u64.pow(digits - 2);
            n.saturating_add(step / 2) / step * step
        }
        _ => n,
    }
}

/// A span in its two largest units: `3d4h`, `5m12s`, `1.5s`, `20ms`. Six columns at most, below 1000 days.
pub fn duration(span: Duration) -> String {
    let secs = span.as_secs();
    let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
    match secs {
        0 if span.is_zero() => "0s".to_owned(),
        0 if span.as_millis() == 0 => format!("{}us", span.as_micros()),
        0 => format!("{}ms", span.as_millis()),
        1..=9 => format!("{}.{}s", secs, span.subsec_millis() / 100),
        10..=59 => format!("{secs}s"),
        60..=3_599 => format!("{minutes}m{:02}s", secs % 60),
        3_600..=86_399 => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours}h"),
    }
}

/// Time of day in UTC, `12:04:31`.
pub fn clock(at: Timestamp) -> String {
    let secs = at.secs() % 86_400;
    format!("{:02}:{:02}:{:02}", secs / 3_600, secs / 60 % 60, secs % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits_and_fit_six_columns() {
        let cases = [
            (0, "0B"),
            (1, "1B"),
            (999, "999B"),
            (1_000, "1.00kB"),
            (1_250, "1.25kB"),
            (12_449, "12.4kB"),
            (999_499, "999kB"),
            (999_999, "1.00MB"),
            (48_100_000, "48.1MB"),
            (u64::MAX, "18.4EB"),
        ];
        for (n, text) in cases {
            assert_eq!(bytes(n), text);
        }
        let mut n = 1_u64;
        while n < u64::MAX / 3 {
            assert!(bytes(n).len() <= 6 && Unit::Bits.rate(n).len() <= 6, "{n}: {}", bytes(n));
            n = n * 3 + 1;
        }
    }

    #[test]
    fn a_rate_is_in_the_unit_asked_for() {
        assert_eq!(Unit::Bits.rate(1_550_000), "12.4Mb");
        assert_eq!(Unit::Bytes.rate(1_550_000), "1.55MB");
        assert_eq!(Unit::Bits.rate(u64::MAX), "18.4Eb");
    }

    #[test]
    fn spans_read_in_two_units() {
        let cases = [
            (0, "0s"),
            (20, "20ms"),
            (1_500, "1.5s"),
            (59_999, "59s"),
            (312_000, "5m12s"),
            (3_660_000, "1h01m"),
            (273_600_000, "3d4h"),
        ];
        for (millis, text) in cases {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_not_zero() {
        assert_eq!(Unit::Bits.value(&Value::None), "-");
        assert_eq!(Unit::Bits.value(&Value::Bytes(0)), "0B");
        assert_eq!(Unit::Bits.value(&Value::At(Timestamp::from_secs(86_400 + 3_661))), "01:01:01");
    }
}
