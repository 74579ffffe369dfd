//! The options of `egret connections`.

use clap::Args;

use crate::cli::said::{Column, said};

/// `egret connections`. Letters that netstat and ss share keep their meaning.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct ConnectionsArgs {
    /// List those that wait for others: listening TCP sockets, unconnected UDP and raw ones
    #[arg(short, long, conflicts_with = "all")]
    pub listening: bool,
    /// List all, those that wait and those that are connected
    #[arg(short, long)]
    pub all: bool,
    /// TCP
    #[arg(short, long, help_heading = "Kinds (all of them unless named)")]
    pub tcp: bool,
    /// UDP and UDP-Lite
    #[arg(short, long, help_heading = "Kinds (all of them unless named)")]
    pub udp: bool,
    /// SCTP
    #[arg(short = 'S', long, help_heading = "Kinds (all of them unless named)")]
    pub sctp: bool,
    /// Raw IP sockets
    #[arg(short = 'w', long, help_heading = "Kinds (all of them unless named)")]
    pub raw: bool,
    /// Packet sockets
    #[arg(short = '0', long, help_heading = "Kinds (all of them unless named)")]
    pub packet: bool,
    /// IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long)]
    pub ipv6: bool,
    /// Print round-trip time, retransmits and bytes of TCP too
    #[arg(short, long)]
    pub info: bool,
    /// Print numbers, not names: so it is in any case
    #[arg(short, long)]
    pub numeric: bool,
    /// Print the processes: so it is in any case
    #[arg(short, long)]
    pub processes: bool,
    /// Print JSON, one object a line
    #[arg(long, conflicts_with = "info")]
    pub json: bool,
    /// Sort by this field: state, host, port, sport, recvq, sendq, rtt, retrans, out, in, pid, ...
    #[arg(short = 'o', long, value_name = "FIELD", value_parser = said::<Column>)]
    pub sort: Option<Column>,
    /// Which sockets to list, in the filter language
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}
