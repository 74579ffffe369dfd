//! The command line, as clap reads it. Letters that iftop has keep iftop's meaning.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use ipnet::IpNet;

use crate::snapshot::Grouping;

mod connections;

pub(super) use connections::ConnectionsArgs;

use super::job::{Backend, Counting, LineDisplay, PortDisplay, Speed, Theme};
use super::said::{Bandwidth, Column, Geo, Rung, said};

/// Shows what leaves a Linux server and what is wrong with it.
#[derive(Debug, Parser)]
#[command(name = "egret", version, args_conflicts_with_subcommands = true, max_term_width = 110)]
#[command(
    override_usage = "egret [OPTIONS] [FILTER]\n       egret -r FILE [OPTIONS] [FILTER]\n       egret COMMAND [OPTIONS]"
)]
pub(super) struct Line {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
    #[command(flatten)]
    pub display: DisplayArgs,
    #[command(flatten)]
    pub text: TextArgs,
    /// How fast a capture file is played: 1 is as it was, 10 ten times that, max at once
    #[arg(long, value_name = "N|max", value_parser = said::<Speed>, requires = "read", help_heading = "Source")]
    pub speed: Option<Speed>,
    /// Which rows to show, in the filter language: `out > 10MB and !known`
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}

/// What to do instead of opening the dashboard.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the flows of a capture file, or of an interface for some time
    Flows(FlowsArgs),
    /// Print what is wrong in a capture file; exit with 1 if anything is
    Detect(DetectArgs),
    /// List sockets with their states, queues and owners: netstat -tunap, ss -tuanp
    Connections(ConnectionsArgs),
    /// Open the dashboard over a built-in scenario; needs no rights and no files
    Demo(DemoArgs),
    /// Say what works here, and the exact command that fixes what does not
    Doctor(DoctorArgs),
    /// List, add and remove known-good marks
    KnownGood(KnownGoodArgs),
    /// Show or forget what was learnt
    Baseline(BaselineArgs),
    /// List the application protocols that are told by their payload
    Protocols {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Print or import a configuration
    Config(ConfigArgs),
    /// Print the completions for a shell
    Completions {
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// Where frames come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source")]
pub(super) struct SourceArgs {
    /// Listen on this interface; may be given more than once; default: that of the default route
    #[arg(short, long, value_name = "IF")]
    pub interface: Vec<String>,
    /// Read a capture file: pcap or pcapng, also gzipped
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["interface", "capture", "promiscuous"])]
    pub read: Option<PathBuf>,
    /// Capture filter, in tcpdump's syntax
    #[arg(short, long, value_name = "BPF")]
    pub filter_code: Option<String>,
    /// See frames for other hosts too
    #[arg(short, long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub promiscuous: Option<bool>,
    /// How frames are taken from the kernel
    #[arg(long, value_name = "BACKEND")]
    pub capture: Option<Backend>,
    /// Count only traffic that crosses the edge of this IPv4 network; its inside is ours
    #[arg(short = 'F', long, value_name = "NET", value_parser = said::<IpNet>)]
    pub net_filter: Option<IpNet>,
    /// The same for an IPv6 network
    #[arg(short = 'G', long, value_name = "NET6", value_parser = said::<IpNet>)]
    pub net_filter6: Option<IpNet>,
    /// Addresses or networks that are ours, besides those of the interfaces
    #[arg(long, value_name = "ADDR,..", value_parser = said::<IpNet>, value_delimiter = ',')]
    pub local: Vec<IpNet>,
}

/// How frames are counted and what is remembered.
#[derive(Debug, Args)]
#[command(next_help_heading = "Counting and memory")]
pub(super) struct MemoryArgs {
    /// Which bytes are shown
    #[arg(long, value_name = "BYTES")]
    pub count: Option<Counting>,
    /// Count the packets inside tunnels, not the tunnels
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub inner: Option<bool>,
    /// Look into payloads to tell protocols and names
    #[arg(long, value_name = "YES|NO", value_parser = said::<bool>, overrides_with = "no_recognise")]
    pub recognise: Option<bool>,
    /// Look into no payload: the same as --recognise no
    #[arg(long)]
    pub no_recognise: bool,
    /// Databases of networks and countries, MMDB or CSV; off for none
    #[arg(long, value_name = "FILE,..", value_parser = said::<Geo>)]
    pub geo: Option<Geo>,
    /// Remember this many flows at most
    #[arg(long, value_name = "N", value_parser = said::<usize>)]
    pub max_flows: Option<usize>,
    /// How long to learn before a new destination is worth a word [default: 24h]
    #[arg(long, value_name = "SPAN", value_parser = said::<Duration>)]
    pub learn_for: Option<Duration>,
    /// How the owners of live flows are found: lookups, deaths, births, calls, closes, namespaces; or none [default: all]
    #[arg(long, value_name = "WAYS", value_parser = said::<Rung>, value_delimiter = ',')]
    pub owners: Vec<Rung>,
    /// Keep what is learnt in this directory; a capture file leaves nothing behind without it
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Use this file of known-good marks
    #[arg(long, value_name = "FILE")]
    pub known_good: Option<PathBuf>,
    /// Read this configuration file last; may be an .iftoprc
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Where what is remembered lies.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(super) struct FilesArgs {
    /// The directory in which what is learnt is kept
    #[arg(long, value_name = "DIR", global = true)]
    pub state: Option<PathBuf>,
    /// The file of known-good marks
    #[arg(long, value_name = "FILE", global = true)]
    pub known_good: Option<PathBuf>,
    /// Read this configuration file last; may be an .iftoprc
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// How things look.
#[derive(Debug, Args)]
#[command(next_help_heading = "Display")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct DisplayArgs {
    /// Show addresses, not names from reverse DNS
    #[arg(short = 'n', conflicts_with = "dns_resolution")]
    pub numeric: bool,
    /// Ask for the names of addresses by reverse DNS
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub dns_resolution: Option<bool>,
    /// Show port numbers, not service names
    #[arg(short = 'N', conflicts_with = "port_resolution")]
    pub numeric_ports: bool,
    /// Show service names for ports
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub port_resolution: Option<bool>,
    /// Show the ports of both ends
    #[arg(short = 'P', conflicts_with = "port_display")]
    pub ports: bool,
    /// Which ports are shown
    #[arg(long, value_name = "WHICH")]
    pub port_display: Option<PortDisplay>,
    /// Draw no bars
    #[arg(short = 'b', conflicts_with = "show_bars")]
    pub no_bars: bool,
    /// Draw bars behind the rows
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub show_bars: Option<bool>,
    /// Show what each row sent in all
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub show_totals: Option<bool>,
    /// Leave out our own side of each row
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub hide_source: Option<bool>,
    /// Leave out the remote side of each row
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub hide_destination: Option<bool>,
    /// Show rates in bytes, not bits
    #[arg(short = 'B', long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub use_bytes: Option<bool>,
    /// List IPv6 link-local traffic too
    #[arg(short = 'l', long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub link_local: Option<bool>,
    /// Upper end of the bar scale, in bits per second: 10M, 1G
    #[arg(short, long, value_name = "LIMIT", value_parser = said::<Bandwidth>)]
    pub max_bandwidth: Option<Bandwidth>,
    /// Make the bar scale logarithmic
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub log_scale: Option<bool>,
    /// What a row shows
    #[arg(long, value_name = "LINES")]
    pub line_display: Option<LineDisplay>,
    /// Sort by this column: 2s, 10s, 40s, source, destination, or the id of any field
    #[arg(short = 'o', long, value_name = "COLUMN", value_parser = said::<Column>)]
    pub sort: Option<Column>,
    /// Columns to show, in this order
    #[arg(long, value_name = "FIELD,..", value_parser = said::<Column>, value_delimiter = ',')]
    pub columns: Vec<Column>,
    /// What makes two flows one row: flow, host, service, domain, network, owner
    #[arg(long, value_name = "WHAT", value_parser = said::<Grouping>)]
    pub group_by: Option<Grouping>,
    /// Show only rows whose destination matches this regular expression
    #[arg(long, value_name = "REGEX")]
    pub screen_filter: Option<String>,
    /// Colours
    #[arg(long, value_name = "THEME")]
    pub theme: Option<Theme>,
}

/// Text mode.
#[derive(Debug, Args)]
#[command(next_help_heading = "Text mode")]
pub(super) struct TextArgs {
    /// Print text instead of opening the dashboard
    #[arg(short = 't', long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = said::<bool>)]
    pub no_curses: Option<bool>,
    /// Print once after this many seconds, then end
    #[arg(short = 's', long, value_name = "SECS", value_parser = said::<Duration>, requires = "no_curses")]
    pub timed_output: Option<Duration>,
    /// Print this many hosts at most
    #[arg(short = 'L', long, value_name = "LINES", value_parser = said::<usize>, requires = "no_curses")]
    pub num_lines: Option<usize>,
}

/// `egret flows`.
#[derive(Debug, Args)]
pub(super) struct FlowsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Listen for this long [default: 10s]
    #[arg(long = "for", value_name = "SPAN", value_parser = said::<Duration>, conflicts_with = "read")]
    pub listen_for: Option<Duration>,
    /// Print JSON, one object a line
    #[arg(long, conflicts_with_all = ["csv", "columns"])]
    pub json: bool,
    /// Print comma-separated values
    #[arg(long)]
    pub csv: bool,
    /// What makes two flows one row: flow, host, service, domain, network, owner
    #[arg(long, value_name = "WHAT", value_parser = said::<Grouping>, default_value = "flow")]
    pub by: Grouping,
    /// Sort by this field
    #[arg(short = 'o', long, value_name = "FIELD", value_parser = said::<Column>)]
    pub sort: Option<Column>,
    /// Fields to print, in this order
    #[arg(long, value_name = "FIELD,..", value_parser = said::<Column>, value_delimiter = ',')]
    pub columns: Vec<Column>,
    /// Print rates in bytes, not bits
    #[arg(short = 'B', long)]
    pub use_bytes: bool,
    /// Exit with 1 if this is there: found, a row with a finding
    #[arg(long, value_name = "WHAT", value_parser = ["found"])]
    pub fail_on: Option<String>,
    /// Which rows to print, in the filter language
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}

/// `egret detect`.
#[derive(Debug, Args)]
pub(super) struct DetectArgs {
    /// Read a capture file: pcap or pcapng, also gzipped
    #[arg(short, long, value_name = "FILE")]
    pub read: PathBuf,
    /// Addresses or networks that are ours, besides those the capture shows
    #[arg(long, value_name = "ADDR,..", value_parser = said::<IpNet>, value_delimiter = ',')]
    pub local: Vec<IpNet>,
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// `egret demo`.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    pub display: DisplayArgs,
    #[command(flatten)]
    pub text: TextArgs,
    /// How fast the scenario is played: 1, 10, ..., or max
    #[arg(long, value_name = "N|max", value_parser = said::<Speed>)]
    pub speed: Option<Speed>,
    /// Which rows to show, in the filter language
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}

/// `egret doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Look at these databases of networks and countries; off for none
    #[arg(long, value_name = "FILE,..", value_parser = said::<Geo>)]
    pub geo: Option<Geo>,
    /// Look at this interface; may be given more than once; default: all
    #[arg(short, long, value_name = "IF")]
    pub interface: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub files: FilesArgs,
}

/// `egret known-good`.
#[derive(Debug, Args)]
pub(super) struct KnownGoodArgs {
    #[command(subcommand)]
    pub action: KnownGoodAction,
    #[command(flatten)]
    pub files: FilesArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum KnownGoodAction {
    /// List the marks
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Add a mark: 192.0.2.7, 192.0.2.0/24, tcp/192.0.2.7:443 or *.example.com
    Add {
        #[arg(value_name = "WHAT")]
        what: String,
        /// How long it holds: 1h, 1d, 30d; default: for ever
        #[arg(long, value_name = "SPAN", value_parser = said::<Duration>)]
        expires: Option<Duration>,
        /// Why it is good
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Remove marks by their ids, as `list` shows them
    Remove {
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
}

/// `egret baseline`.
#[derive(Debug, Args)]
pub(super) struct BaselineArgs {
    #[command(subcommand)]
    pub action: BaselineAction,
    #[command(flatten)]
    pub files: FilesArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum BaselineAction {
    /// Show what was learnt
    Show {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Forget it and learn anew
    Reset {
        /// Do it
        #[arg(long)]
        yes: bool,
    },
}

/// `egret config`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ConfigArgs {
    /// Print a configuration file that says what holds without one
    #[arg(long)]
    pub print_default: bool,
    /// Read an .iftoprc and print it as a configuration file
    #[arg(long, value_name = "FILE")]
    pub import_iftoprc: Option<PathBuf>,
}
