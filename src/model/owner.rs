//! Who sent the bytes.

use std::sync::Arc;

use super::label::Label;

/// A stable sender: executable, user, and systemd unit or container; the process is an example of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Path of the executable, as `/proc/PID/exe` shows it.
    pub exe: Label,
    /// The kernel's 15-byte name of the process.
    pub comm: Label,
    /// 0 where several processes are meant, or none is known.
    pub pid: u32,
    pub uid: Option<u32>,
    pub unit: Option<Label>,
    pub container: Option<Label>,
    pub confidence: Confidence,
    /// The words it was started with, as far as a label has room; empty where it had ended before they were read.
    pub cmdline: Label,
    /// Who started it, who started that one, and so on; at most [`PARENTS`].
    pub parents: Arc<[Parent]>,
    pub traits: Traits,
    /// Its socket had ended when this was found: what the flow sends later is another's.
    pub has_ended: bool,
}

/// The most ancestors that are told of a process.
pub const PARENTS: usize = 8;

/// An ancestor of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parent {
    pub pid: u32,
    pub comm: Label,
    pub exe: Label,
}

impl Owner {
    /// Whether both are one sender, whatever process stands as the example.
    pub fn is_same_sender(&self, other: &Self) -> bool {
        let place = |one: &Self| (one.uid, one.container.clone(), one.unit().cloned());
        self.program() == other.program() && place(self) == place(other)
    }

    /// What one sender is known by, whatever process stands as the example: executable, user, and unit or container.
    pub fn key(&self) -> Label {
        let mut text = self.program().to_owned();
        if let Some(uid) = self.uid {
            text.push_str(" uid ");
            text.push_str(&uid.to_string());
        }
        for place in [self.unit(), self.container.as_ref()].into_iter().flatten() {
            text.push(' ');
            text.push_str(place.as_str());
        }
        Label::new(&text)
    }

    /// The executable without what befell its file since; the name of the process where it has none to be read.
    pub fn program(&self) -> &str {
        let exe = self.exe.as_str();
        let exe = exe.strip_suffix(" (deleted)").unwrap_or(exe);
        if exe.is_empty() { self.comm.as_str() } else { exe }
    }

    /// The unit, where it stands for the same thing tomorrow. Scopes are made anew for each session or run.
    fn unit(&self) -> Option<&Label> {
        self.unit.as_ref().filter(|unit| unit.as_str().strip_suffix(".scope").is_none())
    }

    /// The chain of ancestors, the nearest first: `bash < sshd < systemd`.
    pub fn ancestry(&self) -> String {
        self.parents.iter().map(|parent| parent.comm.as_str()).collect::<Vec<_>>().join(" < ")
    }
}

/// What is odd about a program that sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Traits(u8);

impl Traits {
    /// The file of the executable is gone.
    pub const DELETED: Self = Self(1);
    /// Another file has its name: after an update, until the program is started again.
    pub const REPLACED: Self = Self(1 << 1);
    /// The executable lies where everybody may write: `/tmp`, `/var/tmp`, `/dev/shm` or a folder of that mode.
    pub const WRITABLE: Self = Self(1 << 2);
    /// It never was a file: memfd_create(2).
    pub const MEMFD: Self = Self(1 << 3);
    /// A shell or interpreter whose input or output is this very conversation.
    pub const SHELL: Self = Self(1 << 4);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::DELETED, "deleted"),
        (Self::REPLACED, "replaced"),
        (Self::WRITABLE, "writable-dir"),
        (Self::MEMFD, "memfd"),
        (Self::SHELL, "shell-on-socket"),
    ];

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words for them.
    pub fn ids(self) -> Vec<&'static str> {
        Self::NAMES.into_iter().filter(|(one, _)| self.has(*one)).map(|(_, id)| id).collect()
    }
}

/// The ways in which owners are found, each of which can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rungs(u8);

impl Rungs {
    /// Asking the kernel for the sockets there are.
    pub const LOOKUPS: Self = Self(1);
    /// The kernel's word of each socket's end.
    pub const DEATHS: Self = Self(1 << 1);
    /// Who makes each socket, by an eBPF program.
    pub const BIRTHS: Self = Self(1 << 2);
    /// Who connects and sends, by eBPF programs; used where births cannot be.
    pub const CALLS: Self = Self(1 << 3);
    /// Who closes each socket, with its addresses, by an eBPF program.
    pub const CLOSES: Self = Self(1 << 4);
    /// Looking into other network namespaces.
    pub const NAMESPACES: Self = Self(1 << 5);

    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self((1 << 6) - 1);

    /// All of them by their names.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("lookups", Self::LOOKUPS),
        ("deaths", Self::DEATHS),
        ("births", Self::BIRTHS),
        ("calls", Self::CALLS),
        ("closes", Self::CLOSES),
        ("namespaces", Self::NAMESPACES),
    ];

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These and those.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These but not those.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(one, _)| *one == name).map(|(_, rung)| rung)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(exe: &str, comm: &str, unit: Option<&str>) -> Owner {
        let (exe, comm, unit) = (Label::new(exe), Label::new(comm), unit.map(Label::new));
        Owner { exe, comm, uid: Some(7), unit, ..Owner::default() }
    }

    #[test]
    fn one_sender_is_known_by_program_user_and_place() {
        let nginx = owner("/usr/sbin/nginx", "nginx", Some("nginx.service"));
        assert_eq!(nginx.key().as_str(), "/usr/sbin/nginx uid 7 nginx.service");
        // A thread with a name of its own, a file that was replaced, another session: the same sender.
        let same = owner("/usr/sbin/nginx (deleted)", "worker-3", Some("nginx.service"));
        assert!(nginx.is_same_sender(&same) && nginx.key() == same.key());
        let sessions = ["session-3.scope", "session-4.scope"].map(|unit| owner("/usr/bin/curl", "curl", Some(unit)));
        assert!(sessions[0].is_same_sender(&sessions[1]) && sessions[0].key() == sessions[1].key());
        // Two programs of one name are two.
        let other = owner("/tmp/nginx", "nginx", Some("nginx.service"));
        assert!(!nginx.is_same_sender(&other) && nginx.key() != other.key());
        assert_eq!(owner("", "kworker", None).key().as_str(), "kworker uid 7");
    }

    #[test]
    fn traits_have_words() {
        let traits = Traits::DELETED.with(Traits::SHELL);
        assert_eq!(traits.ids(), ["deleted", "shell-on-socket"]);
        assert!(Traits::default().is_empty() && !traits.has(Traits::MEMFD));
    }
}
