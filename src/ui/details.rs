//! The details of a row: why it is lit, with the numbers, and what can be done.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::{Direction, InterfaceInfo, Label, Measure, NameCheck, NameSource, TlsAnswer};
use crate::snapshot::{Row, RowId, Snapshot, format};

use super::app::App;
use super::graph::spark;
use super::options::UiOptions;
use super::paint::{put, tint, width, wrap};
use super::quiet::{About, Preview};
use super::words;

/// A line of the pane: a heading of at most 6 columns, and text.
pub(super) struct DetailLine {
    pub head: &'static str,
    pub text: String,
    pub style: Style,
}

const HEAD: u16 = 7;

pub(super) fn draw(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    let theme = app.options.look.theme;
    let Some(row) = app.explained() else {
        border(app, buf, area, "details");
        put(buf, area, 2, 1, area.width.saturating_sub(2), "select a row: j, k or the arrows", theme.dim);
        return;
    };
    let title = match (&row.id, &row.owner) {
        (RowId::Owner(_), Some(owner)) => owner.program().to_owned(),
        _ => words::title(row, &app.options),
    };
    border(app, buf, area, &title);
    paint(app, buf, area, &lines(app, row, snapshot, area));
}

/// A line across the top of a pane below the table, or down the left of one beside it.
pub(super) fn border(app: &App, buf: &mut Buffer, area: Rect, title: &str) {
    let theme = app.options.look.theme;
    let glyphs = app.options.look.glyphs;
    if area.x > 0 {
        for line in 0..area.height {
            buf.set_string(area.x - 1, area.y + line, glyphs.pick("│", "|"), theme.dim);
        }
    }
    let dash = glyphs.pick("─", "-");
    put(buf, area, 0, 0, area.width, &dash.repeat(area.width.into()), theme.dim);
    put(buf, area, 2, 0, area.width.saturating_sub(4), &format!(" {title} "), theme.strong);
}

pub(super) fn paint(app: &App, buf: &mut Buffer, area: Rect, lines: &[DetailLine]) {
    let theme = app.options.look.theme;
    for (at, line) in lines.iter().take(usize::from(area.height.saturating_sub(1))).enumerate() {
        let at = at as u16 + 1;
        put(buf, area, 1, at, HEAD, line.head, theme.strong);
        put(buf, area, 1 + HEAD, at, area.width.saturating_sub(HEAD + 1), &line.text, line.style);
    }
    let left = lines.len().saturating_sub(area.height.saturating_sub(1).into());
    if left > 0 && area.height > 1 {
        let how = if app.zoomed { "" } else { ": z" };
        let text = format!(" +{left} more{how} ");
        let x = area.width.saturating_sub(width(&text) as u16 + 1);
        put(buf, area, x, 0, area.width, &text, theme.dim);
        tint(buf, area, x, 0, width(&text) as u16, theme.dim);
    }
}

/// Lines being put together, wrapped to the width of the pane.
pub(super) struct Lines<'a> {
    app: &'a App,
    room: usize,
    done: Vec<DetailLine>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(app: &'a App, area: Rect) -> Self {
        Self { app, room: area.width.saturating_sub(HEAD + 2).into(), done: Vec::new() }
    }

    pub(super) fn done(self) -> Vec<DetailLine> {
        self.done
    }

    pub(super) fn push(&mut self, head: &'static str, text: &str, style: Style) {
        for (at, text) in wrap(text, self.room).into_iter().enumerate() {
            self.done.push(DetailLine { head: if at == 0 { head } else { "" }, text, style });
        }
    }

    pub(super) fn plain(&mut self, head: &'static str, text: &str) {
        self.push(head, text, self.app.options.look.theme.text);
    }
}

/// Every line of the pane; facts stand in the same order for every row, `-` where nothing is known.
fn lines(app: &App, row: &Row, snapshot: &Snapshot, area: Rect) -> Vec<DetailLine> {
    let options = &app.options;
    let theme = options.look.theme;
    let mut to = Lines::new(app, area);
    to.push("", &plain(row, options), theme.strong);
    reasons(&mut to, row);
    let unit = options.unit;
    let moved = |total: u64, peak: u64, now: crate::snapshot::Rates| {
        if row.measure == Measure::Nothing {
            return "not known: the kernel does not count what such sockets carry".to_owned();
        }
        let rates = [now.s2, now.s10, now.s40].map(|rate| super::columns::rate(rate, options)).join(" ");
        format!("{}, peak {}/s, averages {rates}", format::bytes(total), unit.rate(peak))
    };
    to.plain("OUT", &moved(row.out(), row.peak_out, row.rates_out));
    let history = spark(&row.spark, row.spark.len(), options.look.glyphs);
    let history = if row.spark.iter().all(|step| *step == 0) { "nothing in the" } else { &history };
    to.done.push(DetailLine { head: "", text: format!("{history} last 40 s"), style: theme.graph_out });
    to.plain("IN", &moved(row.received(), row.peak_in, row.rates_in));
    let ratio = row.ratio().map_or_else(String::new, |ratio| format!(", {ratio:.1} bytes sent for each received"));
    to.plain("PKTS", &format!("{} out, {} in{ratio}", row.packets_out, row.packets_in));
    to.plain("NAME", &naming(row));
    if let Some(network) = network(row) {
        to.plain("NET", &network);
    }
    to.plain("PROTO", &speaking(row));
    to.plain("OWNER", &owner(row));
    process(&mut to, row);
    let (first, last) = (app.clock(row.first), app.clock(row.last));
    let flows = if row.flows == 1 { "1 flow".to_owned() } else { format!("{} flows", row.flows) };
    let opened = if row.opened == 1 { "once".to_owned() } else { format!("{} times", row.opened) };
    to.plain("SEEN", &format!("{first} to {last} ({}), {flows}, opened {opened}", format::duration(row.lasted())));
    carried(&mut to, row, snapshot);
    mark(&mut to, row, snapshot);
    to.done()
}

fn reasons(to: &mut Lines<'_>, row: &Row) {
    let theme = to.app.options.look.theme;
    let unit = to.app.options.unit;
    let mut findings = row.findings.clone();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.score));
    if findings.is_empty() {
        to.push("WHY", "nothing unusual was found", theme.dim);
    }
    for (at, finding) in findings.iter().enumerate() {
        let head = if at == 0 { "WHY" } else { "" };
        to.push(head, &format!("+{} {}", finding.score, finding.why), theme.of_severity(finding.severity));
        let mut facts = vec![finding.detector.to_owned()];
        if !finding.observed.is_none() {
            facts.push(format!("seen {}", unit.value(&finding.observed)));
        }
        if !finding.expected.is_none() {
            facts.push(format!("expected {}", unit.value(&finding.expected)));
        }
        if !finding.basis.is_empty() {
            facts.push(format!("basis {}", finding.basis));
        }
        to.push("", &facts.join(", "), theme.text);
    }
}

/// Where it was seen, if its bytes are counted on another interface.
fn carried(to: &mut Lines<'_>, row: &Row, snapshot: &Snapshot) {
    if !row.is_carried {
        return;
    }
    let on = row.interface.and_then(|id| snapshot.interfaces.iter().find(|one| one.id == id));
    let by = |one: &InterfaceInfo| {
        let carriers: Vec<&str> = one.standing.carriers().iter().map(Label::as_str).collect();
        format!("seen on {}, carried by {}: not in the totals", one.name, carriers.join(" "))
    };
    to.plain("ON", &on.map_or_else(|| "carried by another interface: not in the totals".to_owned(), by));
}

fn mark(to: &mut Lines<'_>, row: &Row, snapshot: &Snapshot) {
    if let Some(mark) = &row.mark {
        let until = mark.expires.map_or_else(|| "for ever".to_owned(), |at| format!("until {at}"));
        let why = mark.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        to.plain("KNOWN", &format!("{} {until}, by {}{why}", mark.scope, mark.by));
        return;
    }
    let scope = About::of_row(row).map(|about| about.usual_scope());
    let text = scope.map_or_else(
        || "right unfolds this row; m marks a row about one host".to_owned(),
        |scope| format!("m known-good, such as {scope}: {}", Preview::of(&scope, snapshot).sentence()),
    );
    to.plain("DO", &text);
}

fn naming(row: &Row) -> String {
    let remote = row.remote.map_or_else(|| "-".to_owned(), |remote| remote.ip.to_string());
    match &row.name {
        Some(name) => format!("{}, {}; address {remote}{}", name.text, says(name.source), checked(row)),
        None => format!("none: no SNI, Host or DNS answer named {remote}"),
    }
}

/// What DNS says of a name that the payload gave, where that can be judged.
fn checked(row: &Row) -> String {
    let Some(facts) = &row.facts else { return String::new() };
    match &facts.name_check {
        NameCheck::NoName => String::new(),
        NameCheck::Agrees => "; DNS agrees".to_owned(),
        NameCheck::Elsewhere => "; DNS gave other addresses for it".to_owned(),
        NameCheck::Conflict(other) => format!("; never looked up here: DNS gave this address for {other}"),
        NameCheck::Never => "; never looked up here, nor was the address".to_owned(),
        NameCheck::Unknown => "; whether DNS agrees cannot be judged".to_owned(),
    }
}

/// Whose network the remote address lies in.
fn network(row: &Row) -> Option<String> {
    let network = row.network.as_ref()?;
    let parts = [network.system(), network.country.as_ref().map(|country| format!("country {country}"))];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

const fn says(source: NameSource) -> &'static str {
    match source {
        NameSource::Sni => "in the TLS ClientHello",
        NameSource::Host => "in the HTTP request",
        NameSource::Dns => "in a DNS answer seen here",
        NameSource::Hosts => "in /etc/hosts",
        NameSource::Ptr => "by reverse DNS, unchecked",
    }
}

fn speaking(row: &Row) -> String {
    let mut parts = vec![
        row.protocol.map_or_else(|| "-".to_owned(), |protocol| protocol.to_string()),
        row.application.to_string(),
        row.state.id().to_owned(),
        format!("opened {}", row.direction.id()),
    ];
    if let Some(facts) = &row.facts {
        if !facts.alpn.is_empty() {
            parts.push(format!("ALPN {}", facts.alpn.iter().map(Label::as_str).collect::<Vec<_>>().join(" ")));
        }
        parts.extend(facts.ja4.iter().map(|ja4| format!("JA4 {ja4}")));
        if facts.ech {
            parts.push("ECH".to_owned());
        }
        parts.extend(facts.detail.iter().map(Label::to_string));
        parts.extend(facts.tls.iter().flat_map(|answer| answered(answer)));
    }
    parts.retain(|part| part != "-");
    parts.join(", ")
}

/// What a TLS server chose and showed.
fn answered(answer: &TlsAnswer) -> Vec<String> {
    let chosen = answer.alpn.iter().map(|alpn| format!("server chose ALPN {alpn}"));
    let shown = answer.certificate.iter().map(|one| {
        let names = one.names.iter().map(Label::as_str).collect::<Vec<_>>().join(" ");
        let names = if names.is_empty() { names } else { format!(" for {names}") };
        let (from, until) = (one.from.to_string(), one.until.to_string());
        let day = |time: &str| time.split('T').next().unwrap_or_default().to_owned();
        format!(
            "certificate (unchecked) {}{names}, by {}, valid {} to {}",
            one.subject,
            one.issuer,
            day(&from),
            day(&until)
        )
    });
    chosen.chain(shown).collect()
}

fn owner(row: &Row) -> String {
    let Some(owner) = &row.owner else { return "-".to_owned() };
    let mut parts = vec![owner.comm.to_string()];
    if owner.pid != 0 {
        parts = vec![format!("{} (pid {})", owner.comm, owner.pid)];
    }
    parts.extend(owner.uid.map(|uid| format!("uid {uid}")));
    for label in [Some(&owner.exe), owner.unit.as_ref(), owner.container.as_ref()].into_iter().flatten() {
        if !label.is_empty() {
            parts.push(label.to_string());
        }
    }
    parts.push(format!("match: {}", owner.confidence.id()));
    parts.join(", ")
}

/// What else is known of the process; nothing of all this for a row of several.
fn process(to: &mut Lines<'_>, row: &Row) {
    let Some(owner) = &row.owner else { return };
    if !owner.cmdline.is_empty() {
        to.plain("RUNS", owner.cmdline.as_str());
    }
    if !owner.parents.is_empty() {
        to.plain("BY", &format!("{} (pid {})", owner.ancestry(), owner.parents.first().map_or(0, |one| one.pid)));
    }
    let mut odd: Vec<String> = owner.traits.ids().into_iter().map(str::to_owned).collect();
    odd.extend(row.owner_since.map(|at| format!("sends since {}", to.app.clock(at))));
    if !odd.is_empty() {
        let style =
            if owner.traits.is_empty() { to.app.options.look.theme.text } else { to.app.options.look.theme.strong };
        to.push("", &odd.join(", "), style);
    }
}

/// The row in one sentence.
pub(super) fn plain(row: &Row, options: &UiOptions) -> String {
    let ours = row.owner.as_ref().map_or_else(|| words::source(row, options), |owner| owner.comm.to_string());
    let (from, to) = match row.direction {
        Direction::In => (words::remote(row, options), ours),
        _ => (ours, words::title(row, options)),
    };
    let protocol = row.protocol.map(|protocol| format!("/{protocol}")).unwrap_or_default();
    let app = if row.application.is_known() { format!(" {}", row.application) } else { String::new() };
    let score = if row.score > 0 { format!(", score {}", row.score) } else { String::new() };
    if row.measure == Measure::Nothing {
        return format!("{from} > {to}{protocol}{app}: bytes not known{score}");
    }
    format!(
        "{from} > {to}{protocol}{app}: {} out, {} in{score}",
        format::bytes(row.out()),
        format::bytes(row.received())
    )
}
