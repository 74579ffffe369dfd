//! Words for how a flow stands.

/// Who opened a flow, relative to this host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// We did.
    Out,
    /// The remote end did.
    In,
    /// Both ends are ours (loopback, or our own address).
    Local,
    /// Neither end is ours: forwarded, or seen promiscuously.
    Transit,
    /// Seen from the middle: nobody knows who opened it.
    #[default]
    Unknown,
}

impl Direction {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
            Self::Local => "local",
            Self::Transit => "transit",
            Self::Unknown => "unknown",
        }
    }
}

/// How we know who opened a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Opener {
    /// A TCP SYN (or SYN-ACK) was seen.
    Handshake,
    /// No handshake, or none in this protocol: the end that sent the first packet we saw.
    #[default]
    FirstPacket,
}

/// State of a TCP connection as the packets show it (RFC 9293 names, both ends in one word).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TcpState {
    /// Not TCP.
    #[default]
    None,
    SynSent,
    SynReceived,
    Established,
    /// One end has sent its FIN.
    FinWait,
    /// Both have.
    Closed,
    /// Ended by a reset.
    Reset,
}

impl TcpState {
    /// A plain segment may still change it.
    pub const fn is_settling(self) -> bool {
        matches!(self, Self::None | Self::SynSent | Self::SynReceived)
    }

    pub const fn id(self) -> &'static str {
        match self {
            Self::None => "-",
            Self::SynSent => "syn-sent",
            Self::SynReceived => "syn-received",
            Self::Established => "established",
            Self::FinWait => "fin-wait",
            Self::Closed => "closed",
            Self::Reset => "reset",
        }
    }
}

/// How a row stands. Ordered by how much it wants attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The operator said it is good.
    Marked,
    /// Seen often enough to be expected.
    Usual,
    /// Within the learning period: nothing can be said yet.
    #[default]
    Learning,
    /// Not seen before.
    New,
    /// Has findings of low or medium severity.
    Unusual,
    /// Has a finding of high severity.
    Bad,
}

impl Verdict {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Marked => "marked",
            Self::Usual => "usual",
            Self::Learning => "learning",
            Self::New => "new",
            Self::Unusual => "unusual",
            Self::Bad => "bad",
        }
    }

    /// A glyph that says the same without colour, one column wide in any terminal.
    pub const fn glyph(self) -> char {
        match self {
            Self::Marked => '*',
            Self::Usual | Self::Learning => ' ',
            Self::New => '+',
            Self::Unusual => '!',
            Self::Bad => '‼',
        }
    }
}

/// What is known of how much a flow carried. Ordered by how much that is, the most first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Every frame was counted.
    #[default]
    Frames,
    /// What TCP itself counts of its payload; headers are not known, so that all three kinds of bytes are this one.
    Carried,
    /// Nothing: the kernel keeps no count.
    Nothing,
}

/// Which bytes are shown: totals, rates, peaks, the graph. Detectors judge wire bytes whatever is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Counting {
    /// The link-layer frames, with the headers of segments to come.
    #[default]
    Wire,
    /// IP packets: header and all that follows.
    Ip,
    /// What the transport carries.
    Payload,
}

impl Counting {
    /// The one that is shown of three.
    pub const fn of<T: Copy>(self, wire: T, ip: T, payload: T) -> T {
        match self {
            Self::Wire => wire,
            Self::Ip => ip,
            Self::Payload => payload,
        }
    }
}
