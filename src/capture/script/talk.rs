//! Conversations as sequences of frames: a handshake, who says how much, how it ends.

use std::net::IpAddr;
use std::time::Duration;

use super::frame::{self, SEGMENT};
use super::{Shot, Step, dns};
use crate::model::event::Heading;
use crate::model::packet::tcp_flag::{ACK, FIN, PSH, RST, SYN};
use crate::model::{Endpoint, Side, Timestamp};

/// A TCP connection that we open, or that somebody opens to us, as frames at our interface.
#[derive(Clone, Debug)]
pub struct Tcp {
    client: Endpoint,
    server: Endpoint,
    is_ours: bool,
    at: Timestamp,
    delay: Duration,
    next: [u32; 2],
    steps: Vec<Step>,
}

impl Tcp {
    /// We, at `client`, open a connection to `server` at a moment. An answer takes 10 ms.
    pub fn open(client: Endpoint, server: Endpoint, at: Timestamp) -> Self {
        Self::new(client, server, true, at).handshake()
    }

    /// Somebody at `client` opens a connection to us.
    pub fn accept(client: Endpoint, server: Endpoint, at: Timestamp) -> Self {
        Self::new(client, server, false, at).handshake()
    }

    /// The handshake was before the script begins.
    pub fn midway(client: Endpoint, server: Endpoint, at: Timestamp) -> Self {
        Self::new(client, server, true, at)
    }

    /// We knock and nobody answers.
    pub fn knock(client: Endpoint, server: Endpoint, at: Timestamp) -> Vec<Step> {
        let mut talk = Self::new(client, server, true, at);
        talk.send(Side::First, SYN, &[]);
        talk.steps
    }

    /// We knock and are refused.
    pub fn refused(client: Endpoint, server: Endpoint, at: Timestamp) -> Vec<Step> {
        let mut talk = Self::new(client, server, true, at);
        talk.send(Side::First, SYN, &[]);
        talk.pause(talk.delay);
        talk.send(Side::Second, RST | ACK, &[]);
        talk.steps
    }

    fn new(client: Endpoint, server: Endpoint, is_ours: bool, at: Timestamp) -> Self {
        let delay = Duration::from_millis(10);
        Self { client, server, is_ours, at, delay, next: [1_000, 9_000], steps: Vec::new() }
    }

    fn handshake(mut self) -> Self {
        self.send(Side::First, SYN, &[]);
        self.pause(self.delay);
        self.send(Side::Second, SYN | ACK, &[]);
        self.send(Side::First, ACK, &[]);
        self
    }

    /// How long the other end takes to answer, from now on.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Nothing for a while.
    #[must_use]
    pub fn wait(mut self, span: Duration) -> Self {
        self.pause(span);
        self
    }

    /// The client (first) or the server (second) sends bytes; the other acknowledges them.
    #[must_use]
    pub fn say(mut self, side: Side, bytes: &[u8]) -> Self {
        for chunk in bytes.chunks(SEGMENT) {
            self.send(side, PSH | ACK, chunk);
        }
        self.pause(self.delay);
        self.send(side.other(), ACK, &[]);
        self
    }

    /// The same for `count` bytes of no meaning, spread evenly over `span`.
    #[must_use]
    pub fn pour(mut self, side: Side, count: usize, span: Duration) -> Self {
        let segments = count.div_ceil(SEGMENT).max(1);
        let gap = span / u32::try_from(segments).unwrap_or(u32::MAX);
        let filler = [0xa5; SEGMENT];
        let mut left = count;
        for number in 0..segments {
            let size = left.min(SEGMENT);
            self.send(side, ACK, filler.get(..size).unwrap_or_default());
            if number % 2 == 1 {
                self.send(side.other(), ACK, &[]);
            }
            left -= size;
            self.pause(gap);
        }
        self
    }

    /// Both say goodbye, `side` first.
    #[must_use]
    pub fn close(mut self, side: Side) -> Vec<Step> {
        self.send(side, FIN | ACK, &[]);
        self.pause(self.delay);
        self.send(side.other(), FIN | ACK, &[]);
        self.send(side, ACK, &[]);
        self.steps
    }

    /// `side` resets the connection.
    #[must_use]
    pub fn reset(mut self, side: Side) -> Vec<Step> {
        self.send(side, RST | ACK, &[]);
        self.steps
    }

    /// The script ends while the connection stands.
    #[must_use]
    pub fn leave(self) -> Vec<Step> {
        self.steps
    }

    pub const fn now(&self) -> Timestamp {
        self.at
    }

    fn pause(&mut self, span: Duration) {
        self.at = self.at.plus(span);
    }

    fn send(&mut self, side: Side, flags: u8, payload: &[u8]) {
        let [client, server] = self.next;
        let (from, to, numbers) = match side {
            Side::First => (self.client, self.server, (client, server)),
            Side::Second => (self.server, self.client, (server, client)),
        };
        let numbers = (numbers.0, if flags & ACK == 0 { 0 } else { numbers.1 });
        let data = frame::tcp(from, to, flags, numbers, payload);
        let is_outgoing = (side == Side::First) == self.is_ours;
        self.steps.push(Step::Frame(Shot::new(self.at, heading(is_outgoing), data)));
        let advance = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        match side {
            Side::First => self.next = [client.wrapping_add(advance), server],
            Side::Second => self.next = [client, server.wrapping_add(advance)],
        }
        // Frames of one moment keep an order that a capture could have.
        self.at = self.at.plus(Duration::from_micros(20));
    }
}

const fn heading(is_outgoing: bool) -> Heading {
    if is_outgoing { Heading::Outgoing } else { Heading::Host }
}

/// We send a datagram.
pub fn send(from: Endpoint, to: Endpoint, payload: &[u8], at: Timestamp) -> Step {
    Step::Frame(Shot::new(at, Heading::Outgoing, frame::udp(from, to, payload)))
}

/// We get a datagram.
pub fn receive(from: Endpoint, to: Endpoint, payload: &[u8], at: Timestamp) -> Step {
    Step::Frame(Shot::new(at, Heading::Host, frame::udp(from, to, payload)))
}

/// We ping somebody who answers 10 ms later.
pub fn ping(from: IpAddr, to: IpAddr, numbers: (u16, u16), payload: &[u8], at: Timestamp) -> Vec<Step> {
    let asked = Shot::new(at, Heading::Outgoing, frame::echo(from, to, true, numbers, payload));
    let later = at.plus(Duration::from_millis(10));
    let answered = Shot::new(later, Heading::Host, frame::echo(to, from, false, numbers, payload));
    vec![Step::Frame(asked), Step::Frame(answered)]
}

/// We ask a resolver for the addresses of a name and get them 5 ms later.
pub fn lookup(from: Endpoint, resolver: Endpoint, name: &str, addresses: &[IpAddr], at: Timestamp) -> Vec<Step> {
    let kind = if addresses.first().is_some_and(IpAddr::is_ipv6) { dns::AAAA } else { dns::A };
    let id = from.port ^ 0x5a5a;
    let later = at.plus(Duration::from_millis(5));
    vec![
        send(from, resolver, &dns::query(id, name, kind), at),
        receive(resolver, from, &dns::answer(id, name, kind, addresses, 300), later),
    ]
}

/// Steps of several conversations as one script, in the order of their time.
pub fn together(talks: impl IntoIterator<Item = Vec<Step>>) -> Vec<Step> {
    let mut steps: Vec<Step> = talks.into_iter().flatten().collect();
    steps.sort_by_key(Step::at);
    steps
}
