//! The capture filter of live sockets: one text, compiled for each kind of link it is attached to.

use crate::model::LinkType;
use crate::sys::{Instruction, PacketSocket, ring::link_type};

use super::CaptureError;
use super::filter;

/// What a socket listens to, as far as its filter must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    One(LinkType),
    /// All interfaces, whose frames begin in different ways.
    Mixed,
}

/// A filter text and how many bytes to keep of what passes.
#[derive(Clone, Debug)]
pub(super) struct LiveFilter {
    pub(super) text: String,
    pub(super) keep: u32,
}

impl LiveFilter {
    /// What to attach before it is known what the socket will listen to: everything, or nothing for so long.
    pub(super) fn first(&self) -> Vec<Instruction> {
        vec![Instruction::keep(if self.takes_all() { self.keep } else { 0 })]
    }

    /// Attaches the filter to a socket that is bound.
    pub(super) fn attach(&self, socket: &PacketSocket) -> Result<(), CaptureError> {
        if self.takes_all() {
            return attach(socket, &[Instruction::keep(self.keep)]);
        }
        attach(socket, &self.program(links_of(socket)?)?)
    }

    pub(super) fn takes_all(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn program(&self, links: Links) -> Result<Vec<Instruction>, CaptureError> {
        let compiled = |link| filter::compile(&self.text, link, self.keep).map(|program| program.0);
        match links {
            Links::One(link) => compiled(link),
            Links::Mixed => {
                // What can only be asked of Ethernet matches no bare IP.
                let raw = compiled(LinkType::Raw).unwrap_or_else(|_| vec![Instruction::keep(0)]);
                Ok(by_link(&compiled(LinkType::Ethernet)?, &raw))
            }
        }
    }
}

/// Attaches a new filter to every socket, or to none and says why.
pub(super) fn replace(filter: &LiveFilter, sockets: &[&PacketSocket]) -> Result<(), CaptureError> {
    for socket in sockets.iter().filter(|_| !filter.takes_all()) {
        filter.program(links_of(socket)?)?;
    }
    sockets.iter().try_for_each(|socket| filter.attach(socket))
}

fn attach(socket: &PacketSocket, program: &[Instruction]) -> Result<(), CaptureError> {
    socket.attach(program).map_err(|error| CaptureError::Io("cannot attach the capture filter", error))
}

fn links_of(socket: &PacketSocket) -> Result<Links, CaptureError> {
    let bound = socket.bound().map_err(|error| CaptureError::Io("cannot ask for the interface", error))?;
    Ok(if bound.ifindex == 0 { Links::Mixed } else { Links::One(link_type(bound.hardware)) })
}

/// One program out of two: the first for frames with an Ethernet header, the second for those without.
fn by_link(ethernet: &[Instruction], raw: &[Instruction]) -> Vec<Instruction> {
    /// The interface's `ARPHRD_` number: `SKF_AD_OFF + SKF_AD_HATYPE` (linux/filter.h).
    const HARDWARE: u32 = 0xffff_f000 + 28;
    const LOAD_WORD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const JUMP: u16 = 0x05;
    let instruction = |code, jt, jf, k| Instruction { code, jt, jf, k };
    let mut program = vec![
        instruction(LOAD_WORD, 0, 0, HARDWARE),
        instruction(JUMP_IF_EQUAL, 1, 0, libc::ARPHRD_ETHER.into()),
        instruction(JUMP_IF_EQUAL, 0, 1, libc::ARPHRD_LOOPBACK.into()),
        instruction(JUMP, 0, 0, 1),
        instruction(JUMP, 0, 0, ethernet.len() as u32),
    ];
    program.extend(ethernet);
    program.extend(raw);
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the program goes on for an interface of this kind.
    fn start(program: &[Instruction], hardware: u16) -> usize {
        let mut at = 1;
        loop {
            let now = program[at];
            at += 1 + match now.code {
                0x15 if now.k == u32::from(hardware) => usize::from(now.jt),
                0x15 => usize::from(now.jf),
                0x05 => now.k as usize,
                _ => return at,
            };
        }
    }

    #[test]
    fn each_kind_of_link_gets_its_own_program() {
        let (ethernet, raw) = ([Instruction::keep(1), Instruction::keep(2)], [Instruction::keep(3)]);
        let program = by_link(&ethernet, &raw);
        for (hardware, first) in [(1, 5), (772, 5), (0xfffe, 7), (776, 7)] {
            assert_eq!(start(&program, hardware), first, "{hardware}");
        }
        assert_eq!((program[5], program[7]), (ethernet[0], raw[0]));
    }

    #[test]
    fn what_only_ethernet_has_passes_no_bare_ip() {
        let filter = LiveFilter { text: "ether src 2:0:0:0:0:1".to_owned(), keep: 96 };
        let program = filter.program(Links::Mixed).unwrap();
        assert_eq!(program.last(), Some(&Instruction::keep(0)));
        assert!(filter.program(Links::One(LinkType::Raw)).is_err());
        let wrong = LiveFilter { text: "tcp port".to_owned(), keep: 96 };
        assert!(matches!(wrong.program(Links::Mixed), Err(CaptureError::Filter { at: 8, .. })));
    }

    #[test]
    fn nothing_passes_before_the_link_is_known() {
        let first = |text: &str| LiveFilter { text: text.to_owned(), keep: 96 }.first();
        assert_eq!(first("tcp"), [Instruction::keep(0)]);
        assert_eq!(first(" "), [Instruction::keep(96)]);
    }
}
