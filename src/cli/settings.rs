//! The table of settings: each is a long option, a key of the configuration file and, where iftop has it, a directive.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::filter::nearest;
use crate::snapshot::Grouping;

use super::job::{Backend, Counting, LineDisplay, PortDisplay, Theme};
use super::said::{Bandwidth, Column, Geo, Rung, Said};

/// A setting as help and `egret config --print-default` show it.
pub struct Setting {
    pub key: &'static str,
    pub about: &'static str,
    /// As it would stand in the configuration file.
    pub default: &'static str,
}

macro_rules! settings {
    ($( #[doc = $about:literal] $field:ident: $type:ty = $key:literal, $default:literal; )*) => {
        /// What one layer says: a file, or the command line. What it does not say is `None`.
        #[derive(Clone, Debug, Default)]
        pub(super) struct Settings {
            $( #[doc = $about] pub $field: Option<$type>, )*
        }

        impl Settings {
            /// This layer on top of `lower`.
            #[must_use]
            pub(super) fn over(self, lower: Self) -> Self {
                Self { $( $field: self.$field.or(lower.$field), )* }
            }

            /// Says one thing, from text; fails where there is no such key or the value makes no sense.
            pub(super) fn say(&mut self, key: &str, text: &str) -> Result<(), String> {
                match key {
                    $( $key => self.$field = Some(<$type as Said>::said(text)?), )*
                    _ => return Err(unknown(key)),
                }
                Ok(())
            }
        }

        /// Every setting, in the order that help lists them.
        pub static SETTINGS: &[Setting] = &[
            $( Setting { key: $key, about: $about, default: $default }, )*
        ];
    };
}

settings! {
    /// Interfaces to listen on; none: the one of the default route
    interface: Vec<String> = "interface", "[]";
    /// How frames are taken from the kernel: auto, ring, pnet
    capture: Backend = "capture", "\"auto\"";
    /// Whether frames for other hosts are seen too
    promiscuous: bool = "promiscuous", "false";
    /// Capture filter, in tcpdump's syntax
    filter_code: String = "filter-code", "\"\"";
    /// IPv4 network whose edge traffic must cross, and whose inside is ours
    net_filter: IpNet = "net-filter", "";
    /// The same for IPv6
    net_filter6: IpNet = "net-filter6", "";
    /// Addresses or networks that are ours, besides those of the interfaces
    local: Vec<IpNet> = "local", "[]";
    /// Which bytes are shown: wire, ip, payload
    count: Counting = "count", "\"wire\"";
    /// Whether the packets inside tunnels are counted instead of the tunnels
    inner: bool = "inner", "false";
    /// Whether payloads are looked into, to tell protocols and names
    recognise: bool = "recognise", "true";
    /// Databases of networks and countries (MMDB, CSV); none: those in the usual places; off: none at all
    geo: Geo = "geo", "";
    /// Flows remembered at most
    max_flows: usize = "max-flows", "131072";
    /// How long to learn before a new destination is worth a word
    learn_for: Duration = "learn-for", "\"24h\"";
    /// Where what was learnt is kept
    state: PathBuf = "state", "";
    /// The file of known-good marks
    known_good: PathBuf = "known-good", "";
    /// Whether to ask for the names of addresses by reverse DNS
    dns_resolution: bool = "dns-resolution", "false";
    /// Whether ports are shown as service names
    port_resolution: bool = "port-resolution", "false";
    /// How owners are found: lookups, deaths, births, calls, closes, namespaces
    owners: Vec<Rung> = "owners", "[\"lookups\", \"deaths\", \"births\", \"calls\", \"closes\", \"namespaces\"]";
    /// Colours: auto, dark, light, high-contrast, mono
    theme: Theme = "theme", "\"auto\"";
    /// Rows are flows, hosts, services, domains, networks or owners
    group_by: Grouping = "group-by", "\"flow\"";
    /// Column to sort by at first; also iftop's 2s, 10s, 40s, source, destination
    sort: Column = "sort", "";
    /// Columns in their order; none: as many of the usual ones as fit
    columns: Vec<Column> = "columns", "[]";
    /// Which rows to show, in the filter language
    filter: String = "filter", "\"\"";
    /// Regular expression that destinations must match
    screen_filter: String = "screen-filter", "\"\"";
    /// Whether bars are drawn behind the rows
    show_bars: bool = "show-bars", "true";
    /// Upper end of the bar scale, bits per second: 10M, 1G
    max_bandwidth: Bandwidth = "max-bandwidth", "";
    /// Whether the bar scale is logarithmic
    log_scale: bool = "log-scale", "false";
    /// Rates in bytes instead of bits
    use_bytes: bool = "use-bytes", "false";
    /// Ports shown: off, source-only, destination-only, on
    port_display: PortDisplay = "port-display", "\"destination-only\"";
    /// What a row shows: two-line, one-line-both, one-line-sent, one-line-received
    line_display: LineDisplay = "line-display", "\"one-line-sent\"";
    /// Whether rows show what was sent in all
    show_totals: bool = "show-totals", "true";
    /// Whether our own side of each row is left out
    hide_source: bool = "hide-source", "false";
    /// Whether the remote side of each row is left out
    hide_destination: bool = "hide-destination", "false";
    /// Whether IPv6 link-local traffic is listed; it is counted in any case
    link_local: bool = "link-local", "false";
    /// Text instead of the dashboard
    no_curses: bool = "no-curses", "false";
    /// Text mode: print once after that many seconds, then end
    timed_output: Duration = "timed-output", "";
    /// Text mode: hosts printed at most
    num_lines: usize = "num-lines", "";
}

fn unknown(key: &str) -> String {
    match nearest(key, SETTINGS.iter().map(|setting| setting.key)) {
        Some(meant) => format!("there is no setting `{key}`; did you mean `{meant}`?"),
        None => format!("there is no setting `{key}`; `egret config --print-default` lists them"),
    }
}

/// A configuration file that says what is so without one.
pub(super) fn print_default() -> String {
    let mut text = String::from(
        "# egret's configuration. Lines that are commented out show what holds without them.\n\
         # Read from /etc/egret/config.toml, then $XDG_CONFIG_HOME/egret/config.toml, then the file given with -c;\n\
         # later ones win, and options on the command line win over all.\n",
    );
    for setting in SETTINGS {
        let value = if setting.default.is_empty() { "\"\"" } else { setting.default };
        text.extend(["\n# ", setting.about.trim(), "\n# ", setting.key, " = ", value, "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_layer_wins_and_the_lower_fills_in() {
        let (mut upper, mut lower) = (Settings::default(), Settings::default());
        upper.say("show-bars", "no").unwrap();
        lower.say("show-bars", "yes").unwrap();
        lower.say("sort", "40s").unwrap();
        let both = upper.over(lower);
        assert_eq!((both.show_bars, both.sort.map(|c| c.0.id)), (Some(false), Some("out40")));
    }

    #[test]
    fn a_wrong_key_says_which_was_meant() {
        let why = Settings::default().say("show-bar", "no").unwrap_err();
        assert!(why.contains("did you mean `show-bars`?"), "{why}");
    }

    #[test]
    fn every_directive_of_iftop_is_a_setting() {
        for key in [
            "interface",
            "dns-resolution",
            "port-resolution",
            "filter-code",
            "show-bars",
            "promiscuous",
            "port-display",
            "link-local",
            "hide-source",
            "hide-destination",
            "use-bytes",
            "sort",
            "line-display",
            "show-totals",
            "log-scale",
            "max-bandwidth",
            "net-filter",
            "net-filter6",
            "screen-filter",
            "timed-output",
            "no-curses",
            "num-lines",
        ] {
            assert!(SETTINGS.iter().any(|setting| setting.key == key), "{key}");
        }
    }
}
