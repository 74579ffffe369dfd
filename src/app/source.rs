//! From what was asked for to an open source of frames, or the reason why not and what would help.

use std::path::Path;

use crate::capture::file::{self, FileOptions};
use crate::capture::live::LiveOptions;
use crate::capture::script::demo;
use crate::capture::sift::Sifted;
use crate::capture::{Capture, CaptureError, backends, interfaces};
use crate::cli::job::{Backend, Setup, Source, Speed};
use crate::error::Error;
use crate::model::{Health, Label, Measure};
use crate::sys::Capability;

/// An open source, and how to run it.
pub(super) struct Opened {
    pub(super) capture: Box<dyn Capture>,
    pub(super) is_live: bool,
    /// How we know which addresses are ours.
    pub(super) vantage: &'static str,
    /// Less can be seen than was asked for: what, and the command that grants the rest.
    pub(super) reduced: Option<Health>,
}

/// Opens the source that a setup names.
pub(super) fn open(setup: &Setup) -> Result<Opened, Error> {
    match &setup.source {
        Source::Live { interfaces, backend, promiscuous, filter } => {
            let options = LiveOptions {
                interfaces: interfaces.clone(),
                backend: backend_id(*backend).to_owned(),
                promiscuous: *promiscuous,
                filter: filter.clone(),
                ..LiveOptions::default()
            };
            let capture = backends::open(&options).map_err(|error| cannot_listen(interfaces, filter, error))?;
            let vantage = if setup.local.is_empty() { "interfaces" } else { "given" };
            let reduced = is_reduced(*backend, capture.as_ref()).then(reduced);
            Ok(Opened { capture, is_live: true, vantage, reduced })
        }
        Source::File { path, speed, filter } => {
            let given = !setup.local.is_empty();
            let local = given.then(|| setup.local.iter().map(ipnet::IpNet::addr).collect());
            let options = FileOptions { local, speed: pace(*speed) };
            let capture = file::open(path, options).map_err(|error| cannot_read(path, &error))?;
            let vantage = if given { "given" } else { capture.vantage().how };
            let capture: Box<dyn Capture> = Box::new(capture);
            let capture = match filter.trim() {
                "" => capture,
                _ => Box::new(Sifted::new(capture, filter).map_err(|error| cannot_sift(path, filter, error))?),
            };
            Ok(Opened { capture, is_live: false, vantage, reduced: None })
        }
        Source::Demo { speed } => {
            let capture = Box::new(demo(pace(*speed)));
            Ok(Opened { capture, is_live: false, vantage: "given", reduced: None })
        }
    }
}

/// Whether sockets were opened because frames may not be seen.
fn is_reduced(wanted: Backend, capture: &dyn Capture) -> bool {
    wanted == Backend::Auto && capture.measure() != Measure::Frames
}

/// The line above the table that says so. The command comes first: a narrow screen cuts the end.
fn reduced() -> Health {
    let what = format!("no rights to capture: TCP's own counts only; for all: {}", grant());
    Health { part: "sockets", about: Label::default(), what: Label::new(&what) }
}

const fn pace(speed: Speed) -> Option<f64> {
    match speed {
        Speed::Times(times) => Some(times),
        Speed::Max => None,
    }
}

const fn backend_id(backend: Backend) -> &'static str {
    match backend {
        Backend::Auto => "auto",
        Backend::Ring => "ring",
        Backend::Pnet => "pnet",
        Backend::Sockets => "sockets",
    }
}

/// Why an interface cannot be listened to, and the command that would change it.
fn cannot_listen(wanted: &[String], filter: &str, error: CaptureError) -> Error {
    let on = if wanted.is_empty() { "the network".to_owned() } else { wanted.join(", ") };
    match error {
        CaptureError::NotPermitted => Error::new(
            format!("cannot listen on {on}"),
            "capturing needs the capability CAP_NET_RAW",
        )
        .hint(format!("{}\n       sudo {}\n       egret demo", grant(), program().display())),
        CaptureError::NoSuchInterface(name) => {
            let names: Vec<String> = interfaces::list().iter().map(|one| one.name.clone()).collect();
            Error::new(format!("there is no interface {name}"), "").hint(format!("one of: {}", names.join(", ")))
        }
        CaptureError::Filter { message, at } => wrong_filter(filter, message, at),
        other => Error::new(format!("cannot listen on {on}"), other).hint("egret doctor"),
    }
}

/// The command that grants the right to listen, and no other.
pub(super) fn grant() -> String {
    grant_of(&[Capability::NetRaw])
}

/// The command that grants these rights. It replaces what the file had before.
pub(super) fn grant_of(capabilities: &[Capability]) -> String {
    let names: Vec<&str> = capabilities.iter().map(|one| one.name()).collect();
    format!("sudo setcap {}=ep {}", names.join(","), program().display())
}

/// The program as it can be given rights: setcap does not follow links.
fn program() -> std::path::PathBuf {
    std::env::current_exe().and_then(std::fs::canonicalize).unwrap_or_else(|_| "egret".into())
}

fn cannot_sift(path: &Path, filter: &str, error: CaptureError) -> Error {
    match error {
        CaptureError::Filter { message, at } => wrong_filter(filter, message, at),
        other => cannot_read(path, &other),
    }
}

/// A capture filter with a mark under what is wrong.
fn wrong_filter(filter: &str, message: String, at: usize) -> Error {
    let mark = format!("look at the mark\n       {filter}\n       {:>width$}", '^', width = at + 1);
    Error::new("the capture filter is wrong", message).hint(mark)
}

fn cannot_read(path: &Path, error: &CaptureError) -> Error {
    Error::new(format!("cannot read {}", path.display()), error)
}
