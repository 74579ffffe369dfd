//! `egret protocols`: the table of recognisers, group by group.

use std::fmt::Write as _;

use serde_json::json;

use crate::protocol::{Group, RECOGNISERS, Recogniser, Transports, carrier};

/// Every recogniser in a line: as columns under the name of its group, or as JSON.
pub(super) fn list(is_json: bool) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let mut members: Vec<&Recogniser> = RECOGNISERS.iter().filter(|one| one.group == *group).collect();
        members.sort_by_key(|one| one.application.id());
        if !is_json {
            let _ = writeln!(text, "{}{}", if text.is_empty() { "" } else { "\n" }, group.id().to_ascii_uppercase());
        }
        for one in members {
            let _ = if is_json { writeln!(text, "{}", as_json(one)) } else { writeln!(text, "{}", as_line(one)) };
        }
    }
    text
}

fn as_json(one: &Recogniser) -> serde_json::Value {
    let over: &[&str] = match one.over {
        Transports::Tcp => &["tcp"],
        Transports::Udp => &["udp"],
        Transports::Both => &["tcp", "udp"],
    };
    let rides_on = Some(carrier(one.application)).filter(|carrier| *carrier != one.application);
    json!({
        "app": one.application.id(),
        "group": one.group.id(),
        "over": over,
        "depth": one.depth,
        "ports": one.ports,
        "rides_on": rides_on.map(|carrier| carrier.id().to_owned()),
        "about": one.about,
    })
}

/// Name, transport, how far it looks into a stream, usual ports, and what it is.
fn as_line(one: &Recogniser) -> String {
    let depth = if one.depth == 0 { "-".to_owned() } else { one.depth.to_string() };
    let ports: Vec<String> = one.ports.iter().map(u16::to_string).collect();
    let over = one.over.id();
    format!("  {:16} {over:8} {depth:>5} {:24} {}", one.application.id(), shorter(&ports), one.about)
}

/// As many ports as fit, and how many there are besides.
fn shorter(ports: &[String]) -> String {
    const MOST: usize = 4;
    match ports.get(..MOST).filter(|_| ports.len() > MOST) {
        Some(first) => format!("{} +{}", first.join(","), ports.len() - MOST),
        None if ports.is_empty() => "-".to_owned(),
        None => ports.join(","),
    }
}
