//! Capture filters: the language of tcpdump, compiled to classic BPF for the kernel.
//!
//! ```text
//! text ─► lexer ─► parser ─► Expr ─► lower ─► Condition ─► graph ─► assemble ─► Program
//! ```
//!
//! The language is that of pcap-filter(7), without what needs a name look-up, a loop or a link type that
//! egret does not read; those are refused with the reason. Where libpcap takes a text, the same frames match.

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

pub use program::{Instruction, Program};

use super::CaptureError;
use crate::model::LinkType;

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
