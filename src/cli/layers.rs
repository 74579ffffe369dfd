//! The layers of settings: what the options say, on top of what the files say.

use std::path::Path;

use crate::error::Error;

use super::args::{DisplayArgs, FilesArgs, MemoryArgs, SourceArgs, TextArgs};
use super::config;
use super::job::PortDisplay;
use super::places::Places;
use super::settings::Settings;

/// The files, the most general first and `last` after them, below what the command line says.
pub(super) fn layered(said: Settings, last: Option<&Path>, places: &Places) -> Result<Settings, Error> {
    let mut below = Settings::default();
    for path in places.configs.iter().filter(|path| path.exists()) {
        below = config::read(path, &places.who)?.over(below);
    }
    if let Some(path) = last {
        below = config::read(path, &places.who)?.over(below);
    }
    Ok(said.over(below))
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() { None } else { Some(list) }
}

impl SourceArgs {
    pub(super) fn settings(&self) -> Settings {
        Settings {
            interface: some(self.interface.clone()),
            capture: self.capture,
            promiscuous: self.promiscuous,
            filter_code: self.filter_code.clone(),
            net_filter: self.net_filter,
            net_filter6: self.net_filter6,
            local: some(self.local.clone()),
            ..Settings::default()
        }
    }
}

impl MemoryArgs {
    pub(super) fn settings(&self) -> Settings {
        Settings {
            count: self.count,
            inner: self.inner,
            recognise: if self.no_recognise { Some(false) } else { self.recognise },
            geo: self.geo.clone(),
            max_flows: self.max_flows,
            learn_for: self.learn_for,
            owners: some(self.owners.clone()),
            state: self.state.clone(),
            known_good: self.known_good.clone(),
            ..Settings::default()
        }
    }
}

impl FilesArgs {
    pub(super) fn settings(&self) -> Settings {
        Settings { state: self.state.clone(), known_good: self.known_good.clone(), ..Settings::default() }
    }
}

impl DisplayArgs {
    pub(super) fn settings(&self) -> Settings {
        Settings {
            dns_resolution: if self.numeric { Some(false) } else { self.dns_resolution },
            port_resolution: if self.numeric_ports { Some(false) } else { self.port_resolution },
            port_display: if self.ports { Some(PortDisplay::On) } else { self.port_display },
            show_bars: if self.no_bars { Some(false) } else { self.show_bars },
            show_totals: self.show_totals,
            hide_source: self.hide_source,
            hide_destination: self.hide_destination,
            use_bytes: self.use_bytes,
            link_local: self.link_local,
            max_bandwidth: self.max_bandwidth,
            log_scale: self.log_scale,
            line_display: self.line_display,
            sort: self.sort,
            columns: some(self.columns.clone()),
            group_by: self.group_by,
            screen_filter: self.screen_filter.clone(),
            theme: self.theme,
            ..Settings::default()
        }
    }
}

impl TextArgs {
    pub(super) fn settings(&self) -> Settings {
        Settings {
            no_curses: self.no_curses,
            timed_output: self.timed_output,
            num_lines: self.num_lines,
            ..Settings::default()
        }
    }
}
