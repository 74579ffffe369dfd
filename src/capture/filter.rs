//! Capture filters: the language of tcpdump, compiled to classic BPF for the kernel.
//!
//! ```text
//! text ─► lexer ─► parser ─► Expr ─► lower ─► Condition ─► graph ─► assemble ─► Program
//! ```
//!
//! The language is that of pcap-filter(7), without what needs a name look-up, a loop or a link type that
//! egret does not read; those are refused with the reason. Where libpcap takes a text, the same frames match,
//! but for one thing: every byte of an expression such as `ip[8] - tcp[0]` needs its protocol, where libpcap
//! checks that of the first byte only.

mod assemble;
mod condition;
mod graph;
mod layers;
mod lexer;
mod lower;
mod parser;
mod program;
mod syntax;
mod words;

use std::net::Ipv4Addr;

pub use program::Program;

use super::CaptureError;
use crate::model::LinkType;

pub use crate::sys::Instruction;

/// The longest text of a filter, in characters.
pub const LONGEST_TEXT: usize = 16_384;

/// What a filter is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub link: LinkType,
    /// How many bytes of a matching frame to keep; not 0.
    pub snap_length: u32,
    pub tags: Tags,
    /// The mask of the interface's IPv4 net, which `ip broadcast` needs to know the net's own broadcast address.
    pub netmask: Option<Ipv4Addr>,
}

/// Where the outermost VLAN tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags {
    /// In the frame, as in files.
    InFrame,
    /// Taken off by the kernel and kept beside the frame, or in a frame that a program sent as it is: live sockets.
    TakenOff,
}

/// Compiles a filter for a live socket; the empty filter takes everything.
///
/// # Errors
/// [`CaptureError::Filter`] with the character position of what is wrong, at most the length of the text.
pub fn compile(text: &str, link: LinkType, snap_length: u32) -> Result<Program, CaptureError> {
    compile_for(text, &Target { link, snap_length, tags: Tags::TakenOff, netmask: None })
}

/// Compiles a filter for frames read from a file, whose VLAN tags are in the frames.
///
/// # Errors
/// As [`compile`].
pub fn compile_for_file(text: &str, link: LinkType) -> Result<Program, CaptureError> {
    compile_for(text, &Target { link, snap_length: u32::MAX, tags: Tags::InFrame, netmask: None })
}

/// Compiles a filter.
///
/// # Errors
/// As [`compile`].
pub fn compile_for(text: &str, target: &Target) -> Result<Program, CaptureError> {
    let program = program(text, target);
    program.map_err(|fault| CaptureError::Filter { message: fault.message, at: fault.at })
}

fn program(text: &str, target: &Target) -> Result<Program, Fault> {
    if text.chars().nth(LONGEST_TEXT).is_some() {
        return Err(Fault::new(format!("a filter has at most {LONGEST_TEXT} characters"), LONGEST_TEXT));
    }
    let condition = match parser::parse(text)? {
        Some(expr) => lower::lower(&expr, target)?,
        None => condition::Condition::Always(true),
    };
    let mut graph = graph::Graph::build(&condition);
    let live = graph.simplify();
    if !graph.accepts(&live) {
        return Err(Fault::new("no packet can match this filter", 0));
    }
    assemble::assemble(&graph, &live, target.snap_length)
        .ok_or_else(|| Fault::new("the filter is too long for the kernel; filter what is shown instead", 0))
}

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    message: String,
    /// Character position in the text, from 0; the length of the text if something is missing at its end.
    at: usize,
}

impl Fault {
    fn new(message: impl Into<String>, at: usize) -> Self {
        Self { message: message.into(), at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Frame, Heading, InterfaceId, Timestamp};

    fn refused(text: &str) -> (String, usize) {
        match compile(text, LinkType::Ethernet, 96) {
            Err(CaptureError::Filter { message, at }) => (message, at),
            other => panic!("`{text}`: {other:?}"),
        }
    }

    #[test]
    fn a_refusal_points_at_what_is_wrong_and_says_what_was_expected() {
        for (text, at, part) in [
            ("prot tcp", 0, "`prot` is not a word of the filter language"),
            ("port htpp", 5, "not `htpp`"),
            ("tcp port 80 or prot 443", 15, "not `prot`"),
            ("host 10.0.0.1 and prt 80", 18, "not a numeric address"),
            ("port 20-25", 5, "`portrange 20-25`"),
            ("port 99999", 5, "0 to 65535"),
            ("host example.com", 5, "names are not looked up"),
            ("10.0.0.1", 0, "`host 10.0.0.1`"),
            ("443", 0, "`port 443`"),
            ("tcp 443", 4, "between `tcp` and `443`"),
            ("tcp host 10.0.0.1", 0, "`tcp` does not go with `host`"),
            ("net 10.0.0.1/8", 4, "the net is 10.0.0.0"),
            ("net 10.0.0.0/40", 13, "0 to 32"),
            ("net 2001:db8::1/32", 4, "the net is 2001:db8::"),
            ("host 52:54:00:12:34:56", 5, "`ether host 52:54:00:12:34:56`"),
            ("(tcp or udp", 0, "never closed"),
            ("tcp or udp)", 10, "closes nothing"),
            ("tcp and", 7, "not the end"),
            ("port", 4, "expected a port"),
            ("tcp[13] & 2", 11, "a comparison"),
            ("tcp[0:3] = 1", 6, "1, 2 or 4"),
            ("ip[0] / 0 = 1", 6, "division by zero"),
            ("vlan 5000", 5, "0 to 4095"),
            ("gateway 10.0.0.1", 0, "`ether host MAC"),
            ("ip protochain 6", 3, "loop"),
            ("ifname eth0", 0, "-i"),
            ("ip and not ip", 0, "no packet can match"),
            ("host ü", 5, "`ü`"),
        ] {
            let (message, found) = refused(text);
            assert!(message.contains(part), "`{text}`: {message}");
            assert_eq!(found, at, "`{text}`: {message}");
        }
    }

    #[test]
    fn a_link_type_without_ethernet_addresses_says_so() {
        for text in ["ether host 1:2:3:4:5:6", "broadcast", "vlan", "mpls"] {
            let refused = compile_for_file(text, LinkType::Raw);
            assert!(matches!(refused, Err(CaptureError::Filter { .. })), "{text}");
        }
        assert!(compile_for_file("ip", LinkType::Other(9)).is_err());
    }

    fn takes(target: &Target, text: &str, data: &[u8], heading: Heading) -> bool {
        let frame = Frame {
            at: Timestamp::from_nanos(0),
            interface: InterfaceId(0),
            link: target.link,
            heading,
            wire_len: 60,
            data,
            vlan: None,
            gso: None,
        };
        compile_for(text, target).unwrap().matches(&frame)
    }

    fn ip_to(destination: [u8; 4]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1];
        packet.extend(destination);
        packet
    }

    const RAW: Target = Target { link: LinkType::Raw, snap_length: 96, tags: Tags::TakenOff, netmask: None };

    #[test]
    fn ip_broadcast_knows_the_net_if_it_is_told() {
        let known = Target { netmask: Some(Ipv4Addr::new(255, 255, 255, 0)), ..RAW };
        for (destination, alone, told) in
            [([255; 4], true, true), ([10, 0, 0, 255], false, true), ([10, 0, 0, 254], false, false)]
        {
            let packet = ip_to(destination);
            assert_eq!(takes(&RAW, "ip broadcast", &packet, Heading::Host), alone, "{destination:?}");
            assert_eq!(takes(&known, "ip broadcast", &packet, Heading::Host), told, "{destination:?}");
        }
    }

    #[test]
    fn inbound_is_what_was_not_sent_by_us() {
        let packet = ip_to([10, 0, 0, 2]);
        for (heading, outbound) in
            [(Heading::Outgoing, true), (Heading::Host, false), (Heading::Broadcast, false), (Heading::Unknown, false)]
        {
            assert_eq!(takes(&RAW, "outbound", &packet, heading), outbound, "{heading:?}");
            assert_eq!(takes(&RAW, "inbound", &packet, heading), !outbound, "{heading:?}");
        }
    }

    #[test]
    fn every_byte_of_an_expression_needs_its_protocol() {
        let packet = [ip_to([10, 0, 0, 2]), vec![7; 20]].concat();
        assert!(takes(&RAW, "ip[8] - udp[0] != 0", &packet, Heading::Host));
        assert!(!takes(&RAW, "ip[8] - tcp[0] != 0", &packet, Heading::Host));
        assert!(!takes(&RAW, "ip[tcp[0]] = 0 or tcp[ip[0] & 1] != 1", &packet, Heading::Host));
    }

    #[test]
    fn tests_that_earlier_ones_decide_are_left_out() {
        let length = |text| compile_for_file(text, LinkType::Ethernet).unwrap().0.len();
        assert_eq!(length(""), 1);
        assert_eq!(length("ip"), 4);
        assert_eq!(length("ip and ip"), 4);
        assert!(length("ip and tcp port 80") < length("tcp port 80"));
        assert!(length("tcp port 80 or tcp port 443") < 2 * length("tcp port 80") - 8);
    }
}
