//! Numbers with units, spans and moments, as people type them.

use std::str::FromStr;

use crate::snapshot::Kind;

/// A number of the field's kind, in its base unit: bytes, bytes per second, seconds, or just a number.
pub(super) fn quantity(kind: Kind, text: &str) -> Result<f64, String> {
    if matches!(kind, Kind::For | Kind::At) {
        return span(text).ok_or_else(|| format!("`{text}` is not a span of time, such as 90s, 10m or 1h30m"));
    }
    let (digits, unit) = split(text);
    let number = f64::from_str(digits)
        .ok()
        .filter(|n| n.is_finite())
        .ok_or_else(|| format!("`{text}` is not a number, such as {}", example(kind)))?;
    let factor =
        factor(kind, unit).ok_or_else(|| format!("`{unit}` is not a unit; write it as in {}", example(kind)))?;
    Ok(number * factor)
}

const fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Bytes => "500, 64k, 10MB or 1MiB",
        Kind::Rate => "64k, 10MB/s or 12Mbit",
        _ => "443, 20 or 1.5k",
    }
}

/// Whether `word`, standing apart, is the unit of the number before it: `1 MiB`, `10 m`.
pub(super) fn is_unit(kind: Kind, word: &str) -> bool {
    match kind {
        Kind::For | Kind::At => span(&format!("1{word}")).is_some_and(|_| !word.is_empty()),
        Kind::Bytes | Kind::Rate => factor(kind, word).is_some(),
        _ => false,
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], &text[end..])
}

fn factor(kind: Kind, unit: &str) -> Option<f64> {
    let unit = match kind {
        Kind::Rate => unit.strip_suffix("/s").unwrap_or(unit),
        _ => unit,
    };
    if kind == Kind::Rate
        && let Some(bits) = bits(unit)
    {
        return Some(bits / 8.0);
    }
    let lower = unit.to_ascii_lowercase();
    let prefix =
        if matches!(kind, Kind::Bytes | Kind::Rate) { lower.strip_suffix('b').unwrap_or(&lower) } else { &lower };
    multiple(prefix)
}

/// `12Mbit`, `12Mbps`, `12Mb`: a small b is a bit, as everywhere on the screen.
fn bits(unit: &str) -> Option<f64> {
    let prefix = ["bits", "bit", "bps", "b"].iter().find_map(|suffix| unit.strip_suffix(suffix))?;
    multiple(&prefix.to_ascii_lowercase())
}

fn multiple(prefix: &str) -> Option<f64> {
    Some(match prefix {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        "t" => 1e12,
        "ki" => 1024.0,
        "mi" => 1_048_576.0,
        "gi" => 1_073_741_824.0,
        "ti" => 1_099_511_627_776.0,
        _ => return None,
    })
}

/// Seconds of `90`, `1.5s`, `10m`, `1h30m`, `2d`, `1w`, `20ms`.
pub fn span(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let (digits, after) = split(rest);
        let number = f64::from_str(digits).ok().filter(|n| n.is_finite())?;
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        sum += number
            * match unit {
                "ms" => 0.001,
                "" if sum == 0.0 => 1.0,
                "s" | "sec" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                _ => return None,
            };
        rest = next;
    }
    (!text.is_empty()).then_some(sum)
}

/// Seconds since the epoch of an RFC 3339 moment or a date (its first instant, UTC).
pub(super) fn moment(text: &str) -> Option<f64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_nanosecond() as f64 / 1e9);
    }
    let date = text.parse::<jiff::civil::Date>().ok()?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(at.as_second() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_people_type_them() {
        let cases = [
            (Kind::Bytes, "500", 500.0),
            (Kind::Bytes, "64k", 64e3),
            (Kind::Bytes, "10MB", 1e7),
            (Kind::Bytes, "10mb", 1e7),
            (Kind::Bytes, "1MiB", 1_048_576.0),
            (Kind::Bytes, "1.5G", 1.5e9),
            (Kind::Rate, "8Mbit", 1e6),
            (Kind::Rate, "8Mb", 1e6),
            (Kind::Rate, "1MB", 1e6),
            (Kind::Rate, "1MB/s", 1e6),
            (Kind::Count, "1.5k", 1_500.0),
            (Kind::For, "1h30m", 5_400.0),
            (Kind::For, "90", 90.0),
            (Kind::For, "20ms", 0.02),
            (Kind::At, "2d", 172_800.0),
        ];
        for (kind, text, number) in cases {
            assert_eq!(quantity(kind, text), Ok(number), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        let cases = [
            (Kind::Bytes, ""),
            (Kind::Bytes, "ten"),
            (Kind::Bytes, "1.2.3"),
            (Kind::Bytes, "10parsecs"),
            (Kind::Count, "10MB"),
            (Kind::For, "10x"),
            (Kind::For, ""),
            (Kind::Score, "-1"),
        ];
        for (kind, text) in cases {
            assert!(quantity(kind, text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_moments() {
        assert_eq!(moment("1970-01-02"), Some(86_400.0));
        assert_eq!(moment("1970-01-01T00:00:01.5Z"), Some(1.5));
        assert_eq!(moment("10m"), None);
    }
}
