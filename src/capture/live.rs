//! What every live backend is told, and how its failures are named.

use std::io;

use super::CaptureError;

pub use crate::sys::Instruction;

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
    /// A program for the kernel. Whatever it accepts is cut to `snaplen`.
    pub filter: Option<Vec<Instruction>>,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            backend: "auto".to_owned(),
            promiscuous: false,
            snaplen: SNAPLEN,
            ring_mb: None,
            filter: None,
        }
    }
}

impl LiveOptions {
    /// The program to attach, keeping `bytes` of what it accepts.
    pub(super) fn program(&self, bytes: u32) -> Vec<Instruction> {
        let Some(filter) = &self.filter else { return vec![Instruction::keep(bytes)] };
        filter.iter().map(|one| if one.is_accept() { Instruction::keep(bytes) } else { *one }).collect()
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
    fn cuts_what_a_filter_accepts() {
        let load = Instruction { code: 0x28, jt: 0, jf: 0, k: 12 };
        let filter = vec![load, Instruction::keep(262_144), Instruction::keep(0)];
        let options = LiveOptions { filter: Some(filter), ..LiveOptions::default() };
        assert_eq!(options.program(96), [load, Instruction::keep(96), Instruction::keep(0)]);
        assert_eq!(LiveOptions::default().program(SNAPLEN), [Instruction::keep(2048)]);
    }

    #[test]
    fn names_what_the_system_said() {
        let named = |number| failed("cannot bind", "eth9", io::Error::from_raw_os_error(number)).to_string();
        assert_eq!(named(libc::EPERM), "operation not permitted");
        assert_eq!(named(libc::ENODEV), "no such interface: eth9");
        assert!(named(libc::ENOMEM).starts_with("cannot bind: "));
    }
}
