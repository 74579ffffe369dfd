//! A filter after parsing: a tree of tests, applied to rows.

use std::net::IpAddr;

use ipnet::IpNet;
use regex::Regex;

use crate::model::{Timestamp, Value};
use crate::snapshot::{FIELDS, Field, Kind, Row, field};

use super::words::Word;

/// A part of a filter. How deep it goes is bounded by the parser.
#[derive(Clone, Debug)]
pub(super) enum Node {
    All,
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Word(&'static Word),
    /// Any field that is text.
    Anywhere(Regex),
    /// Either end.
    EitherEnd(Addresses),
    Field(&'static Field, Test),
}

/// What is asked of one field.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Text(Regex),
    Address(Addresses),
    Number(Range),
    /// Of a moment: how long before now it was, in seconds.
    Age(Range),
    Flag(bool),
}

/// Numbers from `low` to `high`; either end may be left out of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub low: f64,
    pub high: f64,
    pub with_low: bool,
    pub with_high: bool,
}

impl Range {
    pub(super) const fn closed(low: f64, high: f64) -> Self {
        Self { low, high, with_low: true, with_high: true }
    }

    pub(super) fn holds(self, n: f64) -> bool {
        let above = if self.with_low { n >= self.low } else { n > self.low };
        let below = if self.with_high { n <= self.high } else { n < self.high };
        above && below
    }
}

/// A set of addresses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Addresses {
    Net(IpNet),
    Between(IpAddr, IpAddr),
}

impl Addresses {
    pub(super) fn hold(self, ip: IpAddr) -> bool {
        match self {
            Self::Net(net) => net.contains(&ip),
            Self::Between(low, high) => ip.is_ipv4() == low.is_ipv4() && low <= ip && ip <= high,
        }
    }
}

impl Node {
    pub(super) fn holds(&self, row: &Row, now: Timestamp) -> bool {
        match self {
            Self::All => true,
            Self::And(all) => all.iter().all(|node| node.holds(row, now)),
            Self::Or(any) => any.iter().any(|node| node.holds(row, now)),
            Self::Not(node) => !node.holds(row, now),
            Self::Word(word) => (word.holds)(row),
            Self::Anywhere(regex) => FIELDS
                .iter()
                .filter(|field| matches!(field.kind, Kind::Text | Kind::Word | Kind::Address))
                .any(|field| finds(regex, &(field.get)(row))),
            Self::EitherEnd(addresses) => {
                [row.local, row.remote].into_iter().flatten().any(|end| addresses.hold(end.ip))
            }
            Self::Field(field, test) => test.holds(field, row, now),
        }
    }
}

impl Test {
    fn holds(&self, of: &Field, row: &Row, now: Timestamp) -> bool {
        match self {
            // The destination is a name and an address at once; either may be asked for by either field.
            Self::Text(regex) if is_destination(of) => {
                ["dst", "host"].iter().filter_map(|id| field(id)).any(|field| finds(regex, &(field.get)(row)))
            }
            Self::Address(addresses) if is_destination(of) => row.remote.is_some_and(|end| addresses.hold(end.ip)),
            Self::Text(regex) => finds(regex, &(of.get)(row)),
            Self::Address(addresses) => matches!((of.get)(row), Value::Address(ip) if addresses.hold(ip)),
            Self::Number(range) => (of.get)(row).number().is_some_and(|n| range.holds(n)),
            Self::Age(range) => {
                matches!((of.get)(row), Value::At(at) if range.holds(now.since(at).as_secs_f64()))
            }
            Self::Flag(wanted) => matches!((of.get)(row), Value::Flag(is) if is == *wanted),
        }
    }
}

fn is_destination(field: &Field) -> bool {
    matches!(field.id, "dst" | "host")
}

fn finds(regex: &Regex, value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Text(label) => regex.is_match(label.as_str()),
        Value::Word(word) => regex.is_match(word),
        other => regex.is_match(&other.text()),
    }
}
