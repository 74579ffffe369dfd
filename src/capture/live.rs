//! What every live backend is told, and how its failures are named.

use std::io;

use super::CaptureError;

/// Bytes of each frame that are kept. Recognisers need up to 2 KiB of a flow's first packets.
pub const SNAPLEN: u32 = 2048;

/// How to listen.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// Names of interfaces; `any` is all of them; none is the default one.
    pub interfaces: Vec<String>,
    /// A name in [`super::backends::BACKENDS`].
    pub backend: String,
    /// Ask the interface for frames to other hosts too.
    pub promiscuous: bool,
    /// Bytes of each frame to keep.
    pub snaplen: u32,
    /// MiB of ring for each interface; none is 16 for one interface and 8 each for several.
    pub ring_mb: Option<u32>,
    /// A filter for the kernel in the language of tcpdump; empty takes everything.
    pub filter: String,
    /// Count busy flows in the kernel where it can, instead of copying their frames (see [`super::counts`]).
    pub counts_busy: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            backend: "auto".to_owned(),
            promiscuous: false,
            snaplen: SNAPLEN,
            ring_mb: None,
            filter: String::new(),
            counts_busy: true,
        }
    }
}

/// Names what the system said: rights, a missing interface, or the plain error beside what was tried.
pub(super) fn failed(what: &'static str, interface: &str, error: io::Error) -> CaptureError {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => CaptureError::NotPermitted,
        Some(libc::ENODEV | libc::ENXIO) => CaptureError::NoSuchInterface(interface.to_owned()),
        _ => CaptureError::Io(what, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_the_system_said() {
        let named = |number| failed("cannot bind", "eth9", io::Error::from_raw_os_error(number)).to_string();
        assert_eq!(named(libc::EPERM), "operation not permitted");
        assert_eq!(named(libc::ENODEV), "no such interface: eth9");
        assert!(named(libc::ENOMEM).starts_with("cannot bind: "));
    }
}
