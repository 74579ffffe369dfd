//! What stands on both sides of an operator: a field and a value that suits it.

use std::net::IpAddr;

use ipnet::IpNet;
use regex::{Regex, RegexBuilder};

use crate::snapshot::{Field, Kind};

use super::FilterError;
use super::node::{Addresses, Node, Range, Test};
use super::quantity::{moment, quantity};

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// `:` holds: text contains it, everything else equals it.
    Has,
    Equal,
    Unequal,
    Below,
    AtMost,
    Above,
    AtLeast,
    Like,
    Unlike,
}

/// A value as it was typed.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    Regex(String),
    Quoted(String),
    Word(String),
}

impl Raw {
    pub(super) fn text(&self) -> &str {
        let (Self::Regex(text) | Self::Quoted(text) | Self::Word(text)) = self;
        text
    }
}

/// The test that `field op value` stands for; `at` is where the value starts.
pub(super) fn test(field: &'static Field, op: Op, value: &Raw, at: usize) -> Result<Node, FilterError> {
    let is_pattern = matches!(op, Op::Like | Op::Unlike) || matches!(value, Raw::Regex(_));
    let node = match op {
        _ if is_pattern => pattern(field, op, value, at)?,
        Op::Below | Op::AtMost | Op::Above | Op::AtLeast => limit(field, op, value.text(), at)?,
        _ => any_of(field, op, value, at)?,
    };
    Ok(if matches!(op, Op::Unequal | Op::Unlike) { Node::Not(Box::new(node)) } else { node })
}

fn pattern(field: &'static Field, op: Op, value: &Raw, at: usize) -> Result<Node, FilterError> {
    if field.kind.is_number() || field.kind == Kind::Flag {
        return Err(FilterError::new(format!("`{}` is not text, so it has no pattern", field.id), at));
    }
    if matches!(op, Op::Below | Op::AtMost | Op::Above | Op::AtLeast) {
        return Err(FilterError::new("a pattern has no size; write `~` before it", at));
    }
    Ok(Node::Field(field, Test::Text(regex(value.text(), at)?)))
}

fn limit(field: &'static Field, op: Op, text: &str, at: usize) -> Result<Node, FilterError> {
    if !field.kind.is_number() {
        return Err(FilterError::new(format!("`{}` has no size; write `=` or `:`", field.id), at));
    }
    let (number, is_moment) = number(field.kind, text, at)?;
    let range = match op {
        Op::Below | Op::AtMost => {
            Range { low: f64::NEG_INFINITY, high: number, with_low: true, with_high: op == Op::AtMost }
        }
        _ => Range { low: number, high: f64::INFINITY, with_low: op == Op::AtLeast, with_high: true },
    };
    Ok(Node::Field(field, sized(field.kind, range, is_moment)))
}

/// A moment is compared by its age, unless the value is a moment too.
fn sized(kind: Kind, range: Range, is_moment: bool) -> Test {
    if kind == Kind::At && !is_moment { Test::Age(range) } else { Test::Number(range) }
}

fn number(kind: Kind, text: &str, at: usize) -> Result<(f64, bool), FilterError> {
    if kind == Kind::At
        && let Some(moment) = moment(text)
    {
        return Ok((moment, true));
    }
    quantity(kind, text).map(|number| (number, false)).map_err(|message| FilterError::new(message, at))
}

fn any_of(field: &'static Field, op: Op, value: &Raw, at: usize) -> Result<Node, FilterError> {
    let Raw::Word(list) = value else {
        return one_of(field, op, value.text(), at, false);
    };
    let mut nodes = Vec::new();
    let mut place = at;
    for item in list.split(',') {
        if item.is_empty() {
            return Err(FilterError::new("a value is missing beside the comma", place));
        }
        nodes.push(one_of(field, op, item, place, true)?);
        place += item.chars().count() + 1;
    }
    Ok(if nodes.len() == 1 { nodes.swap_remove(0) } else { Node::Or(nodes) })
}

fn one_of(field: &'static Field, op: Op, item: &str, at: usize, is_bare: bool) -> Result<Node, FilterError> {
    let test = match field.kind {
        Kind::Flag => Test::Flag(flag(item).ok_or_else(|| FilterError::new("write yes or no", at))?),
        kind if kind.is_number() => {
            let (low, high) = item.split_once("..").unwrap_or((item, item));
            let ((low, is_moment), (high, _)) = (number(kind, low, at)?, number(kind, high, at)?);
            sized(kind, Range::closed(low, high), is_moment)
        }
        kind => match addresses(item).filter(|_| is_bare && (kind == Kind::Address || field.id == "dst")) {
            Some(addresses) => Test::Address(addresses),
            None if field.id == "src" && !item.chars().all(|c| c.is_ascii_hexdigit() || ".:*".contains(c)) => {
                return Err(FilterError::new(format!("`{item}` is not an address or a network"), at));
            }
            None => Test::Text(words(item, op == Op::Has && kind != Kind::Word, is_bare, at)?),
        },
    };
    Ok(Node::Field(field, test))
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "on" => Some(true),
        "no" | "false" | "0" | "off" => Some(false),
        _ => None,
    }
}

/// Text itself; `*` in a bare word stands for anything.
fn words(text: &str, inside: bool, is_bare: bool, at: usize) -> Result<Regex, FilterError> {
    let stars = is_bare && text.contains('*');
    let mut pattern = regex::escape(text);
    if stars {
        pattern = pattern.replace(r"\*", ".*");
    }
    if inside && !stars { regex(&pattern, at) } else { regex(&format!("^(?:{pattern})$"), at) }
}

/// Text looked for anywhere in a field.
pub(super) fn containing(text: &str, at: usize) -> Result<Regex, FilterError> {
    regex(&regex::escape(text), at)
}

/// A pattern, without regard to case, small enough to be built for every key that is typed.
pub(super) fn regex(pattern: &str, at: usize) -> Result<Regex, FilterError> {
    RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).dfa_size_limit(1 << 20).build().map_err(
        |why| {
            let last = why.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            FilterError::new(format!("not a regular expression: {last}"), at)
        },
    )
}

/// An address, a network, or a range of addresses.
pub(super) fn addresses(text: &str) -> Option<Addresses> {
    if let Some((low, high)) = text.split_once("..") {
        let (low, high) = (low.parse::<IpAddr>().ok()?, high.parse::<IpAddr>().ok()?);
        return (low.is_ipv4() == high.is_ipv4()).then_some(Addresses::Between(low, high));
    }
    text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok().map(Addresses::Net)
}
