//! The compiled filter: classic BPF as the kernel takes it, and the machine that runs it on frames of files.

use super::layers::{PACKET_TYPE, TAG, TAG_PRESENT};
use crate::model::{Frame, Heading};
use crate::sys::Instruction;

/// A filter for `SO_ATTACH_FILTER`: at most [`Program::LONGEST`] instructions, all jumps forward and inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(pub Vec<Instruction>);

/// Operation codes (linux/bpf_common.h).
pub(super) mod op {
    pub(in super::super) const LD: u16 = 0x00;
    pub(in super::super) const LDX: u16 = 0x01;
    pub(in super::super) const ST: u16 = 0x02;
    pub(in super::super) const ALU: u16 = 0x04;
    pub(in super::super) const JMP: u16 = 0x05;
    pub(in super::super) const RET: u16 = 0x06;
    pub(in super::super) const TAX: u16 = 0x07;
    pub(in super::super) const WORD: u16 = 0x00;
    pub(in super::super) const HALF: u16 = 0x08;
    pub(in super::super) const BYTE: u16 = 0x10;
    pub(in super::super) const IMM: u16 = 0x00;
    pub(in super::super) const ABS: u16 = 0x20;
    pub(in super::super) const IND: u16 = 0x40;
    pub(in super::super) const MEM: u16 = 0x60;
    pub(in super::super) const LEN: u16 = 0x80;
    pub(in super::super) const MSH: u16 = 0xa0;
    pub(in super::super) const ADD: u16 = 0x00;
    pub(in super::super) const SUB: u16 = 0x10;
    pub(in super::super) const MUL: u16 = 0x20;
    pub(in super::super) const DIV: u16 = 0x30;
    pub(in super::super) const OR: u16 = 0x40;
    pub(in super::super) const AND: u16 = 0x50;
    pub(in super::super) const LSH: u16 = 0x60;
    pub(in super::super) const RSH: u16 = 0x70;
    pub(in super::super) const NEG: u16 = 0x80;
    pub(in super::super) const MOD: u16 = 0x90;
    pub(in super::super) const XOR: u16 = 0xa0;
    pub(in super::super) const JA: u16 = 0x00;
    pub(in super::super) const JEQ: u16 = 0x10;
    pub(in super::super) const JGT: u16 = 0x20;
    pub(in super::super) const JGE: u16 = 0x30;
    pub(in super::super) const JSET: u16 = 0x40;
    /// The operand is X, not K.
    pub(in super::super) const X: u16 = 0x08;
}

impl Program {
    /// `BPF_MAXINSNS` of the kernel.
    pub const LONGEST: usize = 4096;

    /// Whether the filter takes a frame.
    pub fn matches(&self, frame: &Frame<'_>) -> bool {
        self.run(frame) > 0
    }

    /// How many bytes of the frame to keep: 0 if the filter does not take it.
    ///
    /// As in the kernel, a load past the end of the captured bytes and a division by zero refuse the frame.
    pub fn run(&self, frame: &Frame<'_>) -> u32 {
        let mut machine = Machine { frame, a: 0, x: 0, memory: [0; 16] };
        let mut at = 0_usize;
        while let Some(instruction) = self.0.get(at) {
            match machine.step(*instruction) {
                Some(Next::Skip(count)) => at += 1 + count,
                Some(Next::Return(length)) => return length,
                None => return 0,
            }
        }
        0
    }
}

enum Next {
    Skip(usize),
    Return(u32),
}

/// The registers of one run.
struct Machine<'a> {
    frame: &'a Frame<'a>,
    a: u32,
    x: u32,
    memory: [u32; 16],
}

impl Machine<'_> {
    /// Runs one instruction; [`None`] refuses the frame.
    fn step(&mut self, now: Instruction) -> Option<Next> {
        let operand = if now.code & op::X != 0 { self.x } else { now.k };
        match now.code & 0x07 {
            op::LD => self.a = self.load(now)?,
            op::LDX => self.x = self.load(now)?,
            op::ST => *self.memory.get_mut(now.k as usize)? = self.a,
            op::ALU => self.a = compute(now.code & 0xf0, self.a, operand)?,
            op::JMP => return self.jump(now, operand),
            op::RET => return Some(Next::Return(now.k)),
            _ => self.x = self.a,
        }
        Some(Next::Skip(0))
    }

    fn jump(&self, now: Instruction, operand: u32) -> Option<Next> {
        let holds = match now.code & 0xf0 {
            op::JEQ => self.a == operand,
            op::JGT => self.a > operand,
            op::JGE => self.a >= operand,
            op::JSET => self.a & operand != 0,
            op::JA => return Some(Next::Skip(now.k as usize)),
            _ => return None,
        };
        Some(Next::Skip(usize::from(if holds { now.jt } else { now.jf })))
    }

    fn load(&self, now: Instruction) -> Option<u32> {
        let size = now.code & 0x18;
        match now.code & 0xe0 {
            op::IMM => Some(now.k),
            op::ABS => self.known(now.k).or_else(|| self.bytes(now.k, size)),
            op::IND => self.bytes(self.x.wrapping_add(now.k), size),
            op::MEM => self.memory.get(now.k as usize).copied(),
            op::LEN => Some(self.frame.wire_len),
            op::MSH => Some((self.bytes(now.k, op::BYTE)? & 0x0f) * 4),
            _ => None,
        }
    }

    /// What the kernel knows about the frame and its bytes do not say.
    fn known(&self, at: u32) -> Option<u32> {
        match at {
            PACKET_TYPE => Some(match self.frame.heading {
                Heading::Host => 0,
                Heading::Broadcast => 1,
                Heading::Multicast => 2,
                Heading::OtherHost => 3,
                Heading::Outgoing => 4,
                // Neither in nor out: no filter asks for this number.
                Heading::Unknown => u32::MAX,
            }),
            TAG => Some(self.frame.vlan.map_or(0, |tag| u32::from(tag.tci))),
            TAG_PRESENT => Some(u32::from(self.frame.vlan.is_some())),
            _ => None,
        }
    }

    fn bytes(&self, at: u32, size: u16) -> Option<u32> {
        let rest = self.frame.data.get(usize::try_from(at).ok()?..)?;
        match size {
            op::BYTE => rest.first().map(|byte| u32::from(*byte)),
            op::HALF => rest.first_chunk().map(|bytes| u32::from(u16::from_be_bytes(*bytes))),
            _ => rest.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)),
        }
    }
}

fn compute(operation: u16, a: u32, operand: u32) -> Option<u32> {
    Some(match operation {
        op::ADD => a.wrapping_add(operand),
        op::SUB => a.wrapping_sub(operand),
        op::MUL => a.wrapping_mul(operand),
        op::DIV => a.checked_div(operand)?,
        op::MOD => a.checked_rem(operand)?,
        op::OR => a | operand,
        op::AND => a & operand,
        op::XOR => a ^ operand,
        op::LSH => a.checked_shl(operand).unwrap_or(0),
        op::RSH => a.checked_shr(operand).unwrap_or(0),
        op::NEG => a.wrapping_neg(),
        _ => return None,
    })
}
