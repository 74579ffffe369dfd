//! The keys that change how things look: iftop's display keys and a few more.

use crate::snapshot::{Snapshot, Unit};

use super::action::Action;
use super::app::App;
use super::options::{Lines, UiOptions};
use super::talkers::relist;

/// Changes one thing, and says what it is now.
pub(super) fn toggle(app: &mut App, action: Action, snapshot: &Snapshot) {
    let options = &mut app.options;
    let text = match action {
        Action::ServiceNames => {
            options.service_names = !options.service_names;
            if options.service_names { "ports by service" } else { "ports by number" }.to_owned()
        }
        Action::ShowSource => {
            options.show_source = !options.show_source;
            on_off("our side", options.show_source)
        }
        Action::ShowDestination => {
            options.show_destination = !options.show_destination;
            on_off("the remote side", options.show_destination)
        }
        Action::SourcePorts => {
            options.source_ports = !options.source_ports;
            on_off("ports of the side that opens", options.source_ports)
        }
        Action::DestinationPorts => {
            options.destination_ports = !options.destination_ports;
            on_off("ports of the side that is opened", options.destination_ports)
        }
        Action::AllPorts => {
            let on = !(options.source_ports && options.destination_ports);
            (options.source_ports, options.destination_ports) = (on, on);
            on_off("all ports", on)
        }
        _ => looks(options, action),
    };
    app.say(text);
    relist(app, snapshot);
}

fn on_off(what: &str, on: bool) -> String {
    if on { format!("{what}: shown") } else { format!("{what}: added up") }
}

fn looks(options: &mut UiOptions, action: Action) -> String {
    match action {
        Action::Lines => {
            options.lines = options.lines.next();
            match options.lines {
                Lines::TwoLine => "two lines: out, in",
                Lines::Both => "out and in added up",
                Lines::Sent => "what is sent",
                Lines::Received => "what is received",
            }
            .to_owned()
        }
        Action::Totals => {
            options.totals = !options.totals;
            if options.totals { "totals shown" } else { "totals hidden" }.to_owned()
        }
        Action::Bars => {
            options.bars = !options.bars;
            if options.bars { "bars on" } else { "bars off" }.to_owned()
        }
        Action::BarAverage => {
            options.bar_average = options.bar_average.next();
            format!("bars: {} average", options.bar_average.id())
        }
        Action::LogScale => {
            options.log_scale = !options.log_scale;
            if options.log_scale { "logarithmic bars" } else { "linear bars" }.to_owned()
        }
        Action::Unit => {
            options.unit = if options.unit == Unit::Bits { Unit::Bytes } else { Unit::Bits };
            if options.unit == Unit::Bits { "rates in bits" } else { "rates in bytes" }.to_owned()
        }
        Action::Theme => {
            options.look.theme = options.look.theme.next();
            format!("theme: {}", options.look.theme.id)
        }
        _ => String::new(),
    }
}
