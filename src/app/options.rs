//! From how things should look to how the dashboard is set up.

use crate::cli::job::{Display, LineDisplay, PortDisplay, Setup, Source, Theme};
use crate::model::Label;
use crate::ui::{self, Lines, Look, Names, Sort, UiOptions};

use super::keeper;

/// The dashboard's options for this run.
pub(super) fn screen(setup: &Setup, display: &Display, sees_sockets: bool) -> UiOptions {
    let standard = UiOptions::default();
    let (sort, reverse) =
        display.sort.map_or((standard.sort, standard.reverse), |sort| Sort::by(sort.field, sort.descending));
    UiOptions {
        unit: display.unit,
        sort,
        reverse,
        grouping: display.group_by,
        filter: display.filter.text().to_owned(),
        pattern: display.screen_filter.clone(),
        source_ports: matches!(display.ports, PortDisplay::SourceOnly | PortDisplay::On),
        destination_ports: matches!(display.ports, PortDisplay::DestinationOnly | PortDisplay::On),
        show_source: display.show_source,
        show_destination: display.show_destination,
        service_names: display.port_names,
        names: if setup.resolve { Names::Resolved } else { Names::Seen },
        lines: match display.lines {
            LineDisplay::TwoLine => Lines::TwoLine,
            LineDisplay::OneLineBoth => Lines::Both,
            LineDisplay::OneLineSent => Lines::Sent,
            LineDisplay::OneLineReceived => Lines::Received,
        },
        bars: display.bars,
        link_local: display.link_local,
        log_scale: display.log_scale,
        max_bandwidth: display.max_bandwidth,
        totals: display.show_totals,
        look: look(display.theme),
        user: keeper::who(),
        source: source_name(&setup.source).or_else(|| sees_sockets.then(|| Label::new("sockets"))),
        columns: display.columns.iter().map(|field| field.id).collect(),
        ..standard
    }
}

fn look(wanted: Theme) -> Look {
    let suited = Look::suited(std::env::var("NO_COLOR").ok().as_deref(), std::env::var("TERM").ok().as_deref());
    let id = match wanted {
        Theme::Auto => return suited,
        Theme::Dark => "dark",
        Theme::Light => "light",
        Theme::HighContrast => "high-contrast",
        Theme::Mono => "mono",
    };
    Look { theme: ui::Theme::named(id).unwrap_or(suited.theme), ..suited }
}

/// What is watched, where it is not interfaces.
fn source_name(source: &Source) -> Option<Label> {
    match source {
        Source::Live { .. } => None,
        Source::File { path, .. } => {
            let name = path.file_name().unwrap_or(path.as_os_str());
            Some(Label::new(&name.to_string_lossy()))
        }
        Source::Demo { .. } => Some(Label::new("demo")),
    }
}
