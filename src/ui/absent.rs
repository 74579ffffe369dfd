//! Words for what is not on screen: an empty table, and rows that are hidden.

use crate::snapshot::{Snapshot, format};

use super::app::App;
use super::header::source;

/// Why there are no rows.
pub(super) fn empty_sentence(app: &App, snapshot: &Snapshot) -> String {
    if snapshot.seq == 0 {
        return "Opening the capture; the first numbers come within a second.".to_owned();
    }
    let list = &app.talkers.list;
    let hidden = list.filtered.count + list.known.count;
    if list.late.count > 0 {
        return "The rows that were here when the order was frozen are gone. o shows what there is now.".to_owned();
    }
    if hidden > 0 {
        return format!("No row passes: {hidden} flows are hidden. 0 shows everything again.");
    }
    let waited = format::duration(snapshot.at.since(snapshot.since));
    let packets = snapshot.tally.packets.frames;
    let about: Vec<String> = snapshot
        .interfaces
        .iter()
        .map(|one| {
            let link = if one.is_up { "link up" } else { "link down" };
            let addresses: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
            let addresses = if addresses.is_empty() { "no address".to_owned() } else { addresses.join(" ") };
            let name = if snapshot.interfaces.len() > 1 { format!("{} ", one.name) } else { String::new() };
            format!("{name}{link}, {addresses}")
        })
        .collect();
    let on = source(app, snapshot);
    let on = if on.is_empty() { String::new() } else { format!(" on {on}") };
    let about = if about.is_empty() { String::new() } else { format!(", {}", about.join("; ")) };
    let ended = if snapshot.ended { " The capture has ended." } else { "" };
    format!("No egress{on} yet: {packets} packets in {waited}{about}.{ended}")
}

/// What the table does not show, with its bytes: what is shown and this add up to what was counted.
pub(super) fn notes(app: &App) -> String {
    let list = &app.talkers.list;
    let notes: Vec<String> = [
        (list.late, "row", "hidden since the freeze (o)"),
        (list.known, "known-good flow", "hidden (K)"),
        (list.filtered, "flow", "hidden by filters (0)"),
        (list.unlisted, "flow", "not listed"),
    ]
    .into_iter()
    .filter(|(sum, _, _)| sum.count > 0)
    .map(|(sum, what, how)| {
        let s = if sum.count == 1 { "" } else { "s" };
        format!("+{} {what}{s} {how}, {} out", sum.count, format::bytes(sum.bytes))
    })
    .collect();
    notes.join("; ")
}
