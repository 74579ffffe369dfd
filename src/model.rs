//! Plain data that every room speaks. No I/O, no clock, no policy.

pub mod alert;
pub mod command;
pub mod endpoint;
pub mod event;
pub mod facts;
pub mod finding;
pub mod flow;
pub mod health;
pub mod interface;
pub mod label;
pub mod mark;
pub mod name;
pub mod owner;
pub mod packet;
pub mod protocol;
pub mod tally;
pub mod time;
pub mod value;

pub use alert::{Alert, AlertState};
pub use command::{Answer, Command, Question};
pub use endpoint::{Endpoint, FlowKey, Side};
pub use event::{Event, Frame, Gso, Heading, LinkType, VlanTag};
pub use facts::{Facts, Texture};
pub use finding::{Finding, Severity, Subject};
pub use flow::{Counting, Direction, Opener, TcpState, Verdict};
pub use health::Health;
pub use interface::{InterfaceCounters, InterfaceId, InterfaceInfo};
pub use label::Label;
pub use mark::{Mark, Scope, Target};
pub use name::{Name, NameSource};
pub use owner::{Confidence, Owner};
pub use packet::Packet;
pub use protocol::{Application, Protocol};
pub use tally::{Losses, Skip, Tally};
pub use time::Timestamp;
pub use value::Value;
