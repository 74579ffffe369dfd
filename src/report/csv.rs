//! Comma-separated values (RFC 4180), with the names of the JSON fields, or the columns asked for.

use std::io::{self, Write};

use serde_json::Value as Json;

use crate::model::Value;
use crate::snapshot::{Field, Grouping, Row, Snapshot};

use super::flow::FlowRecord;
use super::select::Rows;

/// A heading, then every row. Without columns: the JSON record, lists joined with spaces.
pub fn flows(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    rows: &mut dyn Rows,
    by: Grouping,
    columns: &[&'static Field],
) -> io::Result<()> {
    if columns.is_empty() {
        let names: Vec<String> = record(&Row::default(), by, snapshot)?.into_iter().map(|(name, _)| name).collect();
        line(out, names)?;
        rows.each(&mut |row| line(out, record(row, by, snapshot)?.into_iter().map(|(_, value)| value)))?;
    } else {
        line(out, columns.iter().map(|field| field.id.to_owned()))?;
        rows.each(&mut |row| line(out, columns.iter().map(|field| cell(&(field.get)(row)))))?;
    }
    out.flush()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Text(label) => harmless(label.as_str()),
        other => other.text(),
    }
}

/// A record as flat names and texts, in its order; what `owner` holds becomes `owner_exe` and so on.
fn record(row: &Row, by: Grouping, snapshot: &Snapshot) -> io::Result<Vec<(String, String)>> {
    let record = FlowRecord::new(row, by, snapshot);
    let owner = match serde_json::to_value(&record.owner)? {
        Json::Object(owner) => owner,
        _ => serde_json::Map::new(),
    };
    let Json::Object(fields) = serde_json::to_value(&record)? else { return Ok(Vec::new()) };
    let mut flat = Vec::new();
    for name in NAMES {
        match *name {
            "owner" => {
                for part in OWNER {
                    flat.push((format!("owner_{part}"), owner.get(*part).map(plain).unwrap_or_default()));
                }
            }
            "reasons" => flat.push(((*name).to_owned(), reasons(&record))),
            name => flat.push((name.to_owned(), fields.get(name).map(plain).unwrap_or_default())),
        }
    }
    Ok(flat)
}

/// The order of the columns. A test holds it beside the record.
const NAMES: &[&str] = &[
    "type",
    "ts_first",
    "ts_last",
    "proto",
    "local_ip",
    "local_port",
    "remote_ip",
    "remote_port",
    "interface",
    "in_totals",
    "direction",
    "bytes_out",
    "bytes_in",
    "wire_bytes_out",
    "wire_bytes_in",
    "ip_bytes_out",
    "ip_bytes_in",
    "payload_bytes_out",
    "payload_bytes_in",
    "packets_out",
    "packets_in",
    "flows",
    "opened",
    "app",
    "name",
    "name_source",
    "domain",
    "name_check",
    "dns_name",
    "asn",
    "as_name",
    "country",
    "sni",
    "alpn",
    "ja4",
    "tls_version",
    "tls_alpn",
    "cert_subject",
    "cert_issuer",
    "cert_from",
    "cert_until",
    "cert_names",
    "owner",
    "state",
    "verdict",
    "score",
    "reasons",
    "mark",
];
const OWNER: &[&str] =
    &["exe", "comm", "pid", "uid", "unit", "container", "confidence", "cmdline", "parents", "traits", "sends_since"];

fn reasons(record: &FlowRecord) -> String {
    record.reasons.iter().map(|reason| reason.detector).collect::<Vec<_>>().join(" ")
}

fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => harmless(text),
        Json::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(" "),
        // An ancestor of a process: its name says enough here.
        Json::Object(one) => one.get("comm").map(plain).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// Text from outside that a spreadsheet would take for a formula gets a quote in front.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() }
}

fn line(out: &mut dyn Write, cells: impl IntoIterator<Item = String>) -> io::Result<()> {
    let cells: Vec<String> = cells.into_iter().map(|text| quoted(&text)).collect();
    out.write_all(cells.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_field_of_the_record_is_a_column() {
        let Json::Object(fields) =
            serde_json::to_value(FlowRecord::new(&Row::default(), Grouping::Flow, &Snapshot::default())).unwrap()
        else {
            panic!()
        };
        let record: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(record, NAMES.iter().copied().collect());
    }

    #[test]
    fn quotes_what_needs_it_and_defuses_formulas() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(harmless("=cmd()"), "'=cmd()");
        assert_eq!(cell(&Value::Count(7)), "7");
    }
}
