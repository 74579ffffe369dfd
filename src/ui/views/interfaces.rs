//! Interfaces: where the frames come from, whether all were seen, and what egret cannot do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::{Health, InterfaceInfo, Label, Skip, Standing};
use crate::snapshot::{Agreement, Snapshot, format};
use crate::ui::app::App;
use crate::ui::paint::put;

use super::{View, ViewId, no_details};

pub(super) const VIEW: View = View {
    id: ViewId::Interfaces,
    title: "Interfaces",
    key: "F5",
    draw,
    details: no_details,
    page,
    settle,
    step,
    hints: &[("f", "capture filter"), ("R", "reset totals"), ("tab", "views")],
};

fn page(_: &App, body: Rect) -> usize {
    usize::from(body.height).max(1)
}

fn settle(app: &mut App, snapshot: &Snapshot) {
    let last = lines(app, snapshot).len().saturating_sub(app.page(snapshot));
    app.interfaces.top = app.interfaces.top.min(last);
}

fn step(app: &mut App, snapshot: &Snapshot, by: isize) {
    app.interfaces.top = app.interfaces.top.saturating_add_signed(by);
    settle(app, snapshot);
}

fn draw(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    let lines = lines(app, snapshot);
    for (at, (text, style)) in lines.iter().skip(app.interfaces.top).take(area.height.into()).enumerate() {
        put(buf, area, 1, at as u16, area.width.saturating_sub(1), text, *style);
    }
}

fn lines(app: &App, snapshot: &Snapshot) -> Vec<(String, Style)> {
    let theme = app.options.look.theme;
    let mut lines = vec![(columns(&HEADS.map(str::to_owned)), theme.strong)];
    for one in &snapshot.interfaces {
        lines.push((interface(one, snapshot), theme.text));
        lines.extend(standing(one).map(|text| (text, theme.dim)));
    }
    if snapshot.interfaces.is_empty() {
        lines.push(("No interface is open.".to_owned(), theme.text));
    }
    let health = if snapshot.health.is_empty() {
        vec!["  everything works".to_owned()]
    } else {
        snapshot.health.iter().map(|one| format!("! {}: {}", subject(one), one.what)).collect()
    };
    for (title, texts) in
        [("HEALTH", health), ("WHERE EVERY FRAME WENT", accounts(snapshot)), ("FLOW TABLE", table(snapshot))]
    {
        lines.push((String::new(), theme.text));
        lines.push((title.to_owned(), theme.strong));
        for text in texts {
            let style = if text.starts_with('!') { theme.warn } else { theme.text };
            lines.push((text, style));
        }
    }
    lines
}

const HEADS: [&str; 8] = ["INTERFACE", "LINK", "TX", "KERNEL TX", "SEEN TX", "RX", "KERNEL RX", "ADDRESSES"];

fn columns(cells: &[String; 8]) -> String {
    let [name, link, tx, kernel_tx, share, rx, kernel_rx, addresses] = cells;
    format!("{name:<12} {link:<4} {tx:>7} {kernel_tx:>9} {share:>9} {rx:>7} {kernel_rx:>9}  {addresses}")
}

fn interface(one: &InterfaceInfo, snapshot: &Snapshot) -> String {
    let agreement = snapshot.agreement.iter().find(|agreement| agreement.interface == one.name);
    let bytes = |of: Option<u64>| of.map_or_else(|| "--".to_owned(), format::bytes);
    let share = agreement.and_then(Agreement::share_out);
    let addresses: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
    columns(&[
        crate::ui::paint::clip(one.name.as_str(), 12).into_owned(),
        if one.is_up { "up" } else { "down" }.to_owned(),
        bytes(agreement.map(|a| a.seen_bytes_out)),
        bytes(agreement.map(|a| a.kernel_bytes_out)),
        share.map_or_else(|| "--".to_owned(), |share| format!("{:.3} %", share * 100.0)),
        bytes(agreement.map(|a| a.seen_bytes_in)),
        bytes(agreement.map(|a| a.kernel_bytes_in)),
        if addresses.is_empty() { "none".to_owned() } else { addresses.join(" ") },
    ])
}

/// The part that is unwell, and which of them where there are several.
fn subject(one: &Health) -> String {
    if one.about.is_empty() { one.part.to_owned() } else { format!("{} {}", one.part, one.about) }
}

/// Which other interface carries this one, so that it is counted once.
fn standing(one: &InterfaceInfo) -> Option<String> {
    let what = match &one.standing {
        Standing::Counted => return None,
        Standing::Repeats(_) => "each frame is counted there",
        Standing::Within(_) => "its flows are listed",
    };
    let carriers: Vec<&str> = one.standing.carriers().iter().map(Label::as_str).collect();
    let kind = if one.kind.is_empty() { String::new() } else { format!("{}, ", one.kind) };
    Some(format!("  {kind}carried by {}, not in the totals: {what}", carriers.join(" ")))
}

/// The accounting law, in numbers: what was seen is what is on flows and what was skipped.
fn accounts(snapshot: &Snapshot) -> Vec<String> {
    let tally = &snapshot.tally;
    let line =
        |name: &str, frames: u64, bytes: u64| format!("  {name:<26} {frames:>14} frames {:>8}", format::bytes(bytes));
    let skipped = tally.skipped_total();
    let mut lines = vec![
        line("seen", tally.seen.frames, tally.seen.bytes),
        line("on flows", tally.packets.frames, tally.packets.bytes),
        line("  of these, fragments", tally.fragments.frames, tally.fragments.bytes),
        line("  of these, evicted", tally.evicted.frames, tally.evicted.bytes),
    ];
    if tally.carried.frames > 0 {
        lines.push(line("  of these, not in totals", tally.carried.frames, tally.carried.bytes));
    }
    lines.push(line("skipped", skipped.frames, skipped.bytes));
    for cause in Skip::ALL {
        let count = tally.skipped(cause);
        if count.frames > 0 {
            lines.push(line(&format!("  {}", cause.id().replace('_', " ")), count.frames, count.bytes));
        }
    }
    let losses = snapshot.losses;
    let lost = |name: &str, count: u64, what: &str| format!("  {name:<26} {count:>14} {what}");
    lines.push(lost("dropped by the kernel", losses.ring, &format!("frames; ring full {} times", losses.freezes)));
    if losses.imprecise > 0 {
        lines.push(lost("of imprecise length or time", losses.imprecise, "frames"));
    }
    if losses.damaged > 0 {
        lines.push(lost("damaged in the file", losses.damaged, "records"));
    }
    let is_settled = tally.seen.frames == tally.packets.frames + skipped.frames;
    let verdict =
        if is_settled { "  every frame is accounted for" } else { "! the parts do not add up to what was seen" };
    lines.push(verdict.to_owned());
    lines
}

fn table(snapshot: &Snapshot) -> Vec<String> {
    let tally = &snapshot.tally;
    let share = match snapshot.flows_limit {
        0 => 0.0,
        limit => snapshot.flows_kept as f64 / limit as f64 * 100.0,
    };
    let (kept, limit) = (snapshot.flows_kept, snapshot.flows_limit);
    let resolving = if snapshot.resolving { "on: addresses go to your resolver" } else { "off" };
    let mut lines = vec![
        format!(
            "  {kept} of {limit} flows kept ({share:.1} %), {} opened, {} evicted",
            tally.flows, tally.flows_evicted
        ),
        format!("  reverse DNS {resolving}"),
    ];
    for (count, what) in [
        (tally.flows_unrecognised, "flows were not looked into: too many at once"),
        (tally.questions_left_out, "questions to name servers went unjudged: too many in a second"),
        (tally.names_evicted, "names from DNS made room for others"),
    ] {
        if count > 0 {
            lines.push(format!("  {count} {what}"));
        }
    }
    if !snapshot.vantage.is_empty() {
        lines.push(format!("  our addresses: {}", snapshot.vantage));
    }
    lines
}
