//! The table of live backends, and the one way to open them.

use crate::model::{Health, Label};
use crate::sys::{Instruction, PacketSocket, Ring, RingSize};

use super::live::LiveOptions;
use super::{Capture, CaptureError, pnet, ring, sockets};

/// A way to get frames from live interfaces.
pub struct Backend {
    /// What `--capture` calls it.
    pub id: &'static str,
    /// One line for the help.
    pub about: &'static str,
    open: fn(&LiveOptions) -> Result<Box<dyn Capture>, CaptureError>,
}

/// Every live backend. A new one is a line here.
pub static BACKENDS: &[Backend] = &[
    Backend {
        id: "auto",
        about: "the ring; pnet where the kernel has none; sockets where there are no rights",
        open: open_auto,
    },
    Backend { id: "ring", about: "memory shared with the kernel (AF_PACKET, TPACKET_V3)", open: ring::open },
    Backend {
        id: "sockets",
        about: "what TCP counts of each socket; needs no rights, sees no UDP bytes",
        open: sockets::open,
    },
    Backend { id: "pnet", about: "pnet's receive call: portable, slower, less exact", open: pnet::open },
];

/// Opens live capture as told.
///
/// # Errors
///
/// [`CaptureError::NotPermitted`] without `CAP_NET_RAW` where frames are asked for, [`CaptureError::NoSuchInterface`] with the name that is
/// unknown (looked up first, so it is told to those without rights too), or what the system said.
pub fn open(options: &LiveOptions) -> Result<Box<dyn Capture>, CaptureError> {
    let backend = BACKENDS.iter().find(|one| one.id == options.backend);
    (backend.ok_or(CaptureError::Unsupported("no such capture backend"))?.open)(options)
}

fn open_auto(options: &LiveOptions) -> Result<Box<dyn Capture>, CaptureError> {
    match ring::open(options) {
        Err(CaptureError::Io(what, error)) => {
            let what = Label::new(&format!("the kernel refused the ring ({what}: {error}): using pnet, less exact"));
            pnet::open_noting(options, vec![Health { part: "capture", about: Label::new("pnet"), what }])
        }
        // A filter was asked for, and only frames can be filtered.
        Err(CaptureError::NotPermitted) if options.filter.trim().is_empty() => sockets::open(options),
        other => other,
    }
}

/// Whether this process may listen: opens a packet socket that is bound to nothing, and closes it.
pub fn can_listen() -> Result<(), CaptureError> {
    PacketSocket::open().map(drop).map_err(|error| super::live::failed("cannot open a packet socket", "", error))
}

/// Whether the kernel gives this process a ring: opens the smallest, bound to nothing, and closes it.
pub fn can_make_a_ring() -> Result<(), CaptureError> {
    let smallest = RingSize { blocks: 1, retire: std::time::Duration::from_millis(50) };
    let ring = Ring::open(smallest, &[Instruction::keep(0)]);
    ring.map(drop).map_err(|error| super::live::failed("cannot make a capture ring", "", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_knows_an_unknown_interface() {
        for backend in BACKENDS {
            let options = LiveOptions {
                interfaces: vec!["nosuch0".to_owned()],
                backend: backend.id.to_owned(),
                ..LiveOptions::default()
            };
            let Err(error) = open(&options) else { panic!("{} opened nosuch0", backend.id) };
            assert!(matches!(&error, CaptureError::NoSuchInterface(name) if name == "nosuch0"), "{error:?}");
        }
    }

    #[test]
    fn unknown_backends_are_refused() {
        let options = LiveOptions { backend: "pcap".to_owned(), ..LiveOptions::default() };
        assert!(matches!(open(&options), Err(CaptureError::Unsupported(_))));
    }
}
