//! Numbers, moments and values as columns.

use std::time::Duration;

use crate::model::{Endpoint, FlowKey, Label, Protocol, Timestamp, Value};

/// A count as SQLite keeps it: what is above 2^63 stays there.
pub fn to_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn from_count(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// Microseconds since the epoch: finer than a capture file, and readable in other tools.
pub fn to_micros(at: Timestamp) -> i64 {
    to_count(at.micros())
}

pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(from_count(micros))
}

/// A value as `kind text`; nothing as an empty text.
pub fn to_text(value: &Value) -> String {
    let kind = match value {
        Value::None => return String::new(),
        // Words are fixed in the program; a file holds their text.
        Value::Text(_) | Value::Word(_) => "text",
        Value::Address(_) => "address",
        Value::Bytes(_) => "bytes",
        Value::Rate(_) => "rate",
        Value::Count(_) => "count",
        Value::Ratio(_) => "ratio",
        Value::At(at) => return format!("at {}", at.nanos()),
        Value::For(span) => return format!("for {}", span.as_nanos()),
        Value::Score(_) => "score",
        Value::Flag(_) => "flag",
    };
    format!("{kind} {}", value.text())
}

/// What [`to_text`] wrote; [`Value::None`] for what this version cannot read.
pub fn from_text(text: &str) -> Value {
    let Some((kind, rest)) = text.split_once(' ') else { return Value::None };
    let number = || rest.parse::<u64>().ok();
    let value = match kind {
        "text" => Some(Value::Text(Label::new(rest))),
        "address" => rest.parse().ok().map(Value::Address),
        "bytes" => number().map(Value::Bytes),
        "rate" => number().map(Value::Rate),
        "count" => number().map(Value::Count),
        "ratio" => rest.parse().ok().map(Value::Ratio),
        "at" => number().map(|nanos| Value::At(Timestamp::from_nanos(nanos))),
        "for" => number().map(|nanos| Value::For(Duration::from_nanos(nanos))),
        "score" => rest.parse().ok().map(Value::Score),
        "flag" => rest.parse().ok().map(Value::Flag),
        _ => None,
    };
    value.unwrap_or_default()
}

/// A flow as `protocol first-ip first-port second-ip second-port`; no flow as an empty text.
pub fn flow_text(flow: Option<&FlowKey>) -> String {
    flow.map_or_else(String::new, |key| {
        let (a, b) = (key.first(), key.second());
        format!("{} {} {} {} {}", key.protocol().number(), a.ip, a.port, b.ip, b.port)
    })
}

/// What [`flow_text`] wrote; the outer `None` for what cannot be read.
pub fn flow_from(text: &str) -> Option<Option<FlowKey>> {
    if text.is_empty() {
        return Some(None);
    }
    let mut parts = text.split(' ');
    let protocol = Protocol::from_number(parts.next()?.parse().ok()?);
    let mut end = || Some(Endpoint::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?));
    let (first, second) = (end()?, end()?);
    (first.ip.is_ipv4() == second.ip.is_ipv4()).then(|| Some(FlowKey::new(protocol, first, second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        for value in [
            Value::None,
            Value::Text(Label::new("two words")),
            Value::Address("2001:db8::1".parse().unwrap()),
            Value::Bytes(5),
            Value::Rate(u64::MAX),
            Value::Count(0),
            Value::Ratio(0.25),
            Value::At(Timestamp::from_nanos(7)),
            Value::For(Duration::from_nanos(9)),
            Value::Score(100),
            Value::Flag(true),
        ] {
            assert_eq!(from_text(&to_text(&value)), value);
        }
        for bad in ["bytes", "bytes x", "planet mars"] {
            assert_eq!(from_text(bad), Value::None);
        }
    }

    #[test]
    fn flows_come_back() {
        let end = |ip: &str, port| Endpoint::new(ip.parse().unwrap(), port);
        for key in [
            FlowKey::new(Protocol::TCP, end("10.0.0.1", 5), end("192.0.2.1", 443)),
            FlowKey::new(Protocol::ICMPV6, end("::1", 0), end("2001:db8::1", 0)),
        ] {
            assert_eq!(flow_from(&flow_text(Some(&key))), Some(Some(key)));
        }
        assert_eq!(flow_from(&flow_text(None)), Some(None));
        for bad in ["6", "6 10.0.0.1 5 ::1 5", "x 10.0.0.1 5 10.0.0.2 5", "6 10.0.0.1 99999 10.0.0.2 5"] {
            assert_eq!(flow_from(bad), None, "{bad}");
        }
    }
}
