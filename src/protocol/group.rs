//! What protocols are for: the parts that a list of them is read in.

/// What a protocol is for. A list of them is read better in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Web,
    Encrypted,
    Names,
    Mail,
    Chat,
    Remote,
    Files,
    Databases,
    Queues,
    Calls,
    Identity,
    Network,
    Monitoring,
    Tunnels,
    Media,
    Peers,
    Industry,
}

impl Group {
    pub const ALL: &[Self] = &[
        Self::Web,
        Self::Encrypted,
        Self::Names,
        Self::Mail,
        Self::Chat,
        Self::Remote,
        Self::Files,
        Self::Databases,
        Self::Queues,
        Self::Calls,
        Self::Identity,
        Self::Network,
        Self::Monitoring,
        Self::Tunnels,
        Self::Media,
        Self::Peers,
        Self::Industry,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Encrypted => "encrypted",
            Self::Names => "names",
            Self::Mail => "mail",
            Self::Chat => "chat",
            Self::Remote => "remote",
            Self::Files => "files",
            Self::Databases => "databases",
            Self::Queues => "queues",
            Self::Calls => "calls",
            Self::Identity => "identity",
            Self::Network => "network",
            Self::Monitoring => "monitoring",
            Self::Tunnels => "tunnels",
            Self::Media => "media",
            Self::Peers => "peers",
            Self::Industry => "industry",
        }
    }
}
