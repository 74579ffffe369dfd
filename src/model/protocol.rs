//! What carries the bytes (transport) and what speaks on top (application).

use std::fmt;

/// An IP protocol number (IANA "Assigned Internet Protocol Numbers"). Unknown values stay numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(u8);

impl Protocol {
    pub const ICMP: Self = Self(1);
    pub const IPIP: Self = Self(4);
    pub const TCP: Self = Self(6);
    pub const UDP: Self = Self(17);
    pub const DCCP: Self = Self(33);
    pub const IPV6: Self = Self(41);
    pub const GRE: Self = Self(47);
    pub const ESP: Self = Self(50);
    pub const AH: Self = Self(51);
    pub const ICMPV6: Self = Self(58);
    pub const SCTP: Self = Self(132);
    pub const UDPLITE: Self = Self(136);

    pub const fn from_number(number: u8) -> Self {
        Self(number)
    }

    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether the first four bytes of its header are two port numbers.
    pub const fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP | Self::SCTP | Self::DCCP | Self::UDPLITE)
    }

    /// The field's short name, or `None` for a number without one here.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::ICMP => "icmp",
            Self(2) => "igmp",
            Self::IPIP => "ipip",
            Self::TCP => "tcp",
            Self::UDP => "udp",
            Self::DCCP => "dccp",
            Self::IPV6 => "6in4",
            Self::GRE => "gre",
            Self::ESP => "esp",
            Self::AH => "ah",
            Self::ICMPV6 => "icmp6",
            Self(89) => "ospf",
            Self(103) => "pim",
            Self(112) => "vrrp",
            Self::SCTP => "sctp",
            Self::UDPLITE => "udplite",
            _ => return None,
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("ip-{}", self.0)),
        }
    }
}

/// What speaks on top of the transport: the id of an entry in the recogniser table, such as `tls`.
///
/// Two answers are not protocols: [`Application::PENDING`], nobody has answered yet, and
/// [`Application::UNKNOWN`], every recogniser said never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Application(&'static str);

impl Application {
    pub const PENDING: Self = Self("-");
    pub const UNKNOWN: Self = Self("unknown");

    /// An application by its id. Ids are lower case, unique, and never change meaning.
    pub const fn new(id: &'static str) -> Self {
        Self(id)
    }

    pub const fn id(self) -> &'static str {
        self.0
    }

    /// Whether a recogniser matched.
    pub fn is_known(self) -> bool {
        self != Self::PENDING && self != Self::UNKNOWN
    }
}

impl Default for Application {
    fn default() -> Self {
        Self::PENDING
    }
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}
