//! What is to be done, in full and in plain data: the flags, the files and the defaults laid over each other.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use ipnet::IpNet;

use crate::filter::{Filter, Sort};
use crate::model::{Label, Rungs, Scope, SocketKind, Which};
use crate::snapshot::{Field, Grouping, Unit};

/// One run of the program.
#[derive(Clone, Debug)]
pub enum Job {
    /// Write this to standard output, and that is all.
    Print(String),
    Dashboard(Setup, Display),
    /// iftop's text mode.
    Text(Setup, Display, TextMode),
    Flows(Setup, Flows),
    Detect(Setup, Detect),
    Connections(Connections),
    Doctor(Doctor),
    KnownGood(PathBuf, KnownGood),
    Baseline(PathBuf, Baseline),
}

/// Where frames come from, how they are counted, and what is remembered.
#[derive(Clone, Debug)]
pub struct Setup {
    pub source: Source,
    pub counting: Counting,
    /// Look inside tunnels (IPIP, 6in4, GRE, VXLAN, Geneve, GTP-U).
    pub inner: bool,
    /// Only traffic that crosses the edge of these networks counts, and it leaves them (`-F`, `-G`).
    pub boundary: Vec<IpNet>,
    /// Addresses that are ours, where the source cannot know or is wrong.
    pub local: Vec<IpNet>,
    /// Look into payloads to tell protocols and names.
    pub recognise: bool,
    pub geo: Geo,
    /// The most flows remembered.
    pub max_flows: usize,
    pub learn_for: Duration,
    /// The state directory; `None` keeps state in memory for this run.
    pub state: Option<PathBuf>,
    /// The known-good file; `None` keeps marks in memory for this run.
    pub known_good: Option<PathBuf>,
    /// Whether to ask for the names of addresses (reverse DNS).
    pub resolve: bool,
    /// How the owners of live flows are found.
    pub rungs: Rungs,
}

/// Where to look for databases of networks and countries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Geo {
    /// What lies in these directories.
    Found(Vec<PathBuf>),
    /// These files; none where there are none.
    Named(Vec<PathBuf>),
}

/// Where frames come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Live {
        /// Empty: the interface of the default route.
        interfaces: Vec<String>,
        backend: Backend,
        promiscuous: bool,
        /// A capture filter in tcpdump's syntax; empty for none.
        filter: String,
    },
    File {
        path: PathBuf,
        speed: Speed,
        /// As for live traffic.
        filter: String,
    },
    /// The scenario that comes with the program.
    Demo { speed: Speed },
}

/// How fast data time goes by, beside the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    Times(f64),
    /// As fast as the machine can.
    Max,
}

/// How frames are taken from the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The ring, else pnet.
    #[default]
    Auto,
    /// `AF_PACKET` with `TPACKET_V3`.
    Ring,
    /// The portable one.
    Pnet,
    /// What TCP counts of each socket: needs no rights.
    Sockets,
}

/// Which bytes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Counting {
    /// Frames, as on the link.
    #[default]
    Wire,
    /// IP packets.
    Ip,
    /// What the transport carries.
    Payload,
}

/// How things look.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Display {
    pub theme: Theme,
    /// Ports as numbers or as service names.
    pub port_names: bool,
    pub ports: PortDisplay,
    pub bars: bool,
    pub unit: Unit,
    /// The upper end of the bar scale in bits per second; `None` follows the traffic.
    pub max_bandwidth: Option<u64>,
    pub log_scale: bool,
    pub lines: LineDisplay,
    pub show_totals: bool,
    pub show_source: bool,
    pub show_destination: bool,
    /// Whether IPv6 link-local traffic is listed (`-l`) even where nothing is wrong with it; it is counted in any case.
    pub link_local: bool,
    pub group_by: Grouping,
    pub sort: Option<Sort>,
    /// Columns in their order; empty for the usual ones.
    pub columns: Vec<&'static Field>,
    pub filter: Filter,
    /// A regular expression that destinations must match (iftop's `l`); empty for none.
    pub screen_filter: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// Chosen by the terminal and `NO_COLOR`.
    #[default]
    Auto,
    Dark,
    Light,
    HighContrast,
    Mono,
}

/// Which ports are shown (iftop's `port-display`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PortDisplay {
    #[default]
    Off,
    SourceOnly,
    DestinationOnly,
    On,
}

/// What a line shows (iftop's `line-display`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LineDisplay {
    TwoLine,
    OneLineBoth,
    #[default]
    OneLineSent,
    OneLineReceived,
}

/// When text mode ends and how much it prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextMode {
    /// Print once after this long, then end (`-s`).
    pub once_after: Option<Duration>,
    /// The most hosts to print (`-L`).
    pub lines: Option<usize>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Table,
    Json,
    Csv,
}

/// A report of flows.
#[derive(Clone, Debug)]
pub struct Flows {
    pub form: Form,
    pub by: Grouping,
    pub filter: Filter,
    pub sort: Option<Sort>,
    /// Columns in their order; empty for the usual ones.
    pub columns: Vec<&'static Field>,
    pub unit: Unit,
    /// How long to listen; `None` until the source ends.
    pub listen_for: Option<Duration>,
    /// Exit with 1 if a row has a finding.
    pub fail_on_found: bool,
}

/// A report of findings.
#[derive(Clone, Debug)]
pub struct Detect {
    pub json: bool,
}

/// A list of sockets.
#[derive(Clone, Debug)]
pub struct Connections {
    pub which: Which,
    /// At least one.
    pub kinds: Vec<SocketKind>,
    /// Only those of IPv6, or only those of IPv4.
    pub v6: Option<bool>,
    pub filter: Filter,
    pub sort: Option<Sort>,
    /// What TCP measures as well.
    pub info: bool,
    pub json: bool,
}

/// A look at what works.
#[derive(Clone, Debug)]
pub struct Doctor {
    pub json: bool,
    pub interfaces: Vec<String>,
    pub state: PathBuf,
    pub known_good: PathBuf,
    pub geo: Geo,
}

/// What to do with the known-good file.
#[derive(Clone, Debug, PartialEq)]
pub enum KnownGood {
    List { json: bool },
    Add { scope: Scope, lasting: Option<Duration>, reason: Option<Label> },
    Remove { ids: Vec<Label> },
}

/// What to do with what was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    Show {
        json: bool,
    },
    /// Forget it. `sure` is false until the operator says so.
    Reset {
        sure: bool,
    },
}
