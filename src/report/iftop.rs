//! iftop's text mode: pairs of hosts with both directions, totals, peaks, cumulative.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

use crate::filter::{Filter, Sort};
use crate::model::{Direction, Endpoint, FlowKey, Protocol};
use crate::snapshot::format::bytes;
use crate::snapshot::{Rates, Row, RowId, Snapshot, Unit, group_by};

/// What is shown, and how.
#[derive(Clone, Debug, Default)]
pub struct IftopOptions {
    pub unit: Unit,
    /// The most hosts printed.
    pub lines: Option<usize>,
    /// Without one: by the 10-second average.
    pub sort: Option<Sort>,
    pub filter: Filter,
    pub source_ports: bool,
    pub destination_ports: bool,
    /// Whether IPv6 link-local traffic is listed even where nothing is wrong with it.
    pub link_local: bool,
}

/// Columns of a line of iftop's text mode.
const WIDTH: usize = 92;
const HOST: usize = 40;

/// Which interfaces are listened on and who we are: what iftop prints before the first report.
pub fn preamble(out: &mut dyn Write, snapshot: &Snapshot) -> io::Result<()> {
    for one in &snapshot.interfaces {
        writeln!(out, "interface: {}", one.name)?;
        for ip in &one.addresses {
            let which = if ip.is_ipv4() { "IP" } else { "IPv6" };
            writeln!(out, "{which} address is: {ip}")?;
        }
    }
    let names: Vec<&str> = snapshot.interfaces.iter().map(|one| one.name.as_str()).collect();
    writeln!(out, "Listening on {}", names.join(" "))?;
    out.flush()
}

/// One report.
pub fn report(out: &mut dyn Write, snapshot: &Snapshot, options: &IftopOptions) -> io::Result<()> {
    let rows = pairs(snapshot, options);
    let shown = options.lines.unwrap_or(rows.len()).min(rows.len());
    writeln!(
        out,
        "   # {:<35}            last 2s   last 10s   last 40s cumulative",
        "Host name (port/service if enabled)"
    )?;
    rule(out, '-')?;
    for (number, row) in rows.iter().take(shown).enumerate() {
        let (source, destination) = ends(row);
        line(out, &format!("{:>4}", number + 1), &source, "=>", row.rates_out, row.out(), options.unit)?;
        line(out, "", &destination, "<=", row.rates_in, row.received(), options.unit)?;
    }
    if shown < rows.len() {
        writeln!(out, "     and {} more", rows.len() - shown)?;
    }
    rule(out, '-')?;
    totals(out, snapshot, options.unit)
}

fn totals(out: &mut dyn Write, snapshot: &Snapshot, unit: Unit) -> io::Result<()> {
    let totals = &snapshot.totals;
    let both = totals.rates_out.plus(totals.rates_in);
    for (head, rates) in [
        ("Total send rate:", totals.rates_out),
        ("Total receive rate:", totals.rates_in),
        ("Total send and receive rate:", both),
    ] {
        three(out, head, [unit.rate(rates.s2), unit.rate(rates.s10), unit.rate(rates.s40)])?;
    }
    rule(out, '-')?;
    let peaks = [totals.peak_out, totals.peak_in, totals.peak].map(|rate| unit.rate(rate));
    three(out, "Peak rate (sent/received/total):", peaks)?;
    let sums = [totals.bytes_out, totals.bytes_in, totals.bytes_out + totals.bytes_in].map(bytes);
    three(out, "Cumulative (sent/received/total):", sums)?;
    rule(out, '=')?;
    writeln!(out)?;
    out.flush()
}

fn rule(out: &mut dyn Write, of: char) -> io::Result<()> {
    writeln!(out, "{}", of.to_string().repeat(WIDTH))
}

fn line(
    out: &mut dyn Write,
    number: &str,
    host: &str,
    way: &str,
    rates: Rates,
    sum: u64,
    unit: Unit,
) -> io::Result<()> {
    let host: String = host.chars().take(HOST).collect();
    let [a, b, c] = [rates.s2, rates.s10, rates.s40].map(|rate| unit.rate(rate));
    writeln!(out, "{number:<4} {host:<HOST$} {way} {a:>10} {b:>10} {c:>10} {:>10}", bytes(sum))
}

fn three(out: &mut dyn Write, head: &str, [a, b, c]: [String; 3]) -> io::Result<()> {
    writeln!(out, "{head:<48}{a:>11}{b:>11}{c:>11}")
}

/// Flows of the same two hosts are one row, unless ports are shown.
fn pairs(snapshot: &Snapshot, options: &IftopOptions) -> Vec<Row> {
    let flows = snapshot.rows.iter().enumerate().filter(|(_, row)| {
        (options.link_local || row.score > 0 || !row.is_link_local()) && options.filter.matches_at(row, snapshot.at)
    });
    let groups = group_by(flows, |row| id_of(row, options));
    let mut rows: Vec<Row> = groups.into_iter().map(|(row, _)| row).collect();
    match options.sort {
        // iftop's columns hold both directions.
        None => rows.sort_by_key(|row| std::cmp::Reverse(row.rates_out.s10 + row.rates_in.s10)),
        Some(sort) if sort.field.id == "out2" => {
            rows.sort_by_key(|row| std::cmp::Reverse(row.rates_out.s2 + row.rates_in.s2));
        }
        Some(sort) if sort.field.id == "out10" => {
            rows.sort_by_key(|row| std::cmp::Reverse(row.rates_out.s10 + row.rates_in.s10));
        }
        Some(sort) if sort.field.id == "out40" => {
            rows.sort_by_key(|row| std::cmp::Reverse(row.rates_out.s40 + row.rates_in.s40));
        }
        Some(sort) => super::select::order(&mut rows, sort),
    }
    rows
}

fn id_of(row: &Row, options: &IftopOptions) -> RowId {
    let none = Endpoint::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let (local, remote) = (row.local.unwrap_or(none), row.remote.unwrap_or(none));
    let inward = row.direction == Direction::In;
    let (ours, theirs) = if inward {
        (options.destination_ports, options.source_ports)
    } else {
        (options.source_ports, options.destination_ports)
    };
    let end = |end: Endpoint, with_port: bool| Endpoint::new(end.ip, if with_port { end.port } else { 0 });
    let protocol = if ours || theirs { row.protocol.unwrap_or_default() } else { Protocol::default() };
    RowId::Flow(FlowKey::new(protocol, end(local, ours), end(remote, theirs)))
}

fn ends(row: &Row) -> (String, String) {
    let RowId::Flow(key) = row.id else { return (" * ".to_owned(), " * ".to_owned()) };
    let (local, remote) = (key.first(), key.second());
    let remote = match (&row.name, remote.port) {
        (Some(name), 0) => name.text.to_string(),
        (Some(name), port) => format!("{}:{port}", name.text),
        (None, _) => remote.to_string(),
    };
    (local.to_string(), remote)
}
