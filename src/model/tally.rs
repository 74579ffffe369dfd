//! Where every frame went, and what was never seen.

/// Why a frame gave no packet. Each cause has its own counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Skip {
    /// A link type this program does not read.
    LinkType,
    /// Too short for its link-layer header.
    Short,
    /// Not IP: ARP, LLDP, spanning tree and the like.
    NotIp,
    /// An IP header that contradicts itself or is cut off.
    BadIp,
    /// A transport header that is cut off, so that the ports are unknown.
    BadTransport,
    /// The second sight of a packet on loopback.
    Loopback,
    /// Outside the networks of `-F`/`-G`.
    Boundary,
    /// A packet that is counted on another watched interface, which carries this one.
    Carried,
}

impl Skip {
    pub const ALL: [Self; 8] = [
        Self::LinkType,
        Self::Short,
        Self::NotIp,
        Self::BadIp,
        Self::BadTransport,
        Self::Loopback,
        Self::Boundary,
        Self::Carried,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            Self::LinkType => "link_type",
            Self::Short => "short",
            Self::NotIp => "not_ip",
            Self::BadIp => "bad_ip",
            Self::BadTransport => "bad_transport",
            Self::Loopback => "loopback",
            Self::Boundary => "boundary",
            Self::Carried => "carried",
        }
    }
}

/// Frames and bytes, counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub frames: u64,
    pub bytes: u64,
}

impl Count {
    pub const fn add(&mut self, bytes: u64) {
        self.add_many(1, bytes);
    }

    pub const fn add_many(&mut self, frames: u64, bytes: u64) {
        self.frames += frames;
        self.bytes += bytes;
    }

    /// Takes in what another has counted.
    pub const fn gain(&mut self, other: Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
    }

    /// Gives away what was counted here and is another's.
    pub const fn lose(&mut self, other: Self) {
        self.frames = self.frames.saturating_sub(other.frames);
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }
}

/// Where every frame went. The accounting law: `seen = flows + evicted + skipped`, for frames and for bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Every frame handed to the engine.
    pub seen: Count,
    /// Counted on a flow, those since evicted included.
    pub packets: Count,
    /// Of `packets`: fragments after the first, attributed to a flow by their identification.
    pub fragments: Count,
    /// Of `packets`: on flows that had to leave the table.
    pub evicted: Count,
    /// Of `packets`: on flows that another interface carries, which are not in the totals.
    pub carried: Count,
    /// No packet in it, by cause; indexed by [`Skip`].
    pub skipped: [Count; Skip::ALL.len()],
    /// Flows ever opened in the table.
    pub flows: u64,
    /// Flows that had to leave the table.
    pub flows_evicted: u64,
    /// Flows whose payload was not looked into: too many others were being recognised.
    pub flows_unrecognised: u64,
    /// Questions to name servers that no detector heard of: too many in one second.
    pub questions_left_out: u64,
    /// Addresses, domains and askers of DNS that had to make room for others.
    pub names_evicted: u64,
}

impl Tally {
    pub fn skipped_total(&self) -> Count {
        self.skipped
            .iter()
            .fold(Count::default(), |sum, one| Count { frames: sum.frames + one.frames, bytes: sum.bytes + one.bytes })
    }

    pub const fn skipped(&self, cause: Skip) -> Count {
        self.skipped[cause as usize]
    }
}

/// What a capture did not see, each cause its own field, each field one writer. Totals since opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Frames the kernel dropped because the ring or socket buffer was full (`PACKET_STATISTICS`).
    pub ring: u64,
    /// Times the ring was frozen for want of a free block (`tp_freeze_q_cnt`).
    pub freezes: u64,
    /// Frames whose length or time a backend could not know exactly.
    pub imprecise: u64,
    /// Records of a capture file that were cut short or made no sense.
    pub damaged: u64,
}

impl Losses {
    pub const fn dropped(&self) -> u64 {
        self.ring
    }
}
