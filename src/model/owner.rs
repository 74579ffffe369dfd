//! Who sent the bytes.

use super::label::Label;

/// A stable sender: executable, user, and systemd unit or container; the process is an example of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Path of the executable, as `/proc/PID/exe` shows it.
    pub exe: Label,
    /// The kernel's 15-byte name of the process.
    pub comm: Label,
    pub pid: u32,
    pub uid: Option<u32>,
    pub unit: Option<Label>,
    pub container: Option<Label>,
    pub confidence: Confidence,
}

impl Owner {
    /// Whether both are one sender, whatever process stands as the example.
    pub fn is_same_sender(&self, other: &Self) -> bool {
        let facts = |one: &Self| (one.uid, one.exe.clone(), one.comm.clone(), one.unit.clone(), one.container.clone());
        facts(self) == facts(other)
    }
}

/// How sure the attribution is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The socket with exactly these addresses and ports belongs to it.
    Exact,
    /// It holds the only socket at our end: the listening one that the flow came in by, or an unconnected one.
    Listener,
    /// A process that inherited or was given the socket.
    Inherited,
    /// The best of several candidates.
    Guess,
    #[default]
    Unknown,
}

impl Confidence {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Listener => "listener",
            Self::Inherited => "inherited",
            Self::Guess => "guess",
            Self::Unknown => "unknown",
        }
    }
}
