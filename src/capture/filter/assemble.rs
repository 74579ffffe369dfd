//! Writes a graph of tests as classic BPF: registers, memory, and jumps that reach far enough.

use super::condition::{Base, Compare, Place, Test, Value};
use super::graph::{Block, Graph};
use super::program::{Program, op};
use super::syntax::{Math, Size};
use crate::sys::Instruction;

/// The memory word that holds the shift; those before it hold intermediate results.
const SHIFT: u32 = 15;

/// The instructions of a graph of which `live` blocks are reached.
///
/// [`None`] if the program would be longer than the kernel takes or need more memory than it has.
pub(super) fn assemble(graph: &Graph, live: &[bool], snap_length: u32) -> Option<Program> {
    let mut writer = Writer::new(graph, live);
    if uses_shift(graph, live) {
        writer.plain(op::LD | op::IMM, 0);
        writer.plain(op::ST, SHIFT);
    }
    for (index, block) in graph.blocks.iter().enumerate() {
        if live.get(index) == Some(&true) {
            writer.block(index, block, snap_length)?;
        }
    }
    let program = link(&writer.code, &writer.starts)?;
    Some(Program(program))
}

fn uses_shift(graph: &Graph, live: &[bool]) -> bool {
    graph.blocks.iter().zip(live).any(|(block, live)| {
        *live
            && match block {
                Block::Shift { .. } => true,
                Block::Test { test, .. } => !test.left.is_fixed() || !test.right.is_fixed(),
                Block::Goto(_) | Block::Return(_) => false,
            }
    })
}

/// An instruction whose jumps still lead to blocks.
enum Code {
    Plain(Instruction),
    Branch { code: u16, k: u32, yes: usize, no: usize },
    Goto(usize),
}

/// What the registers hold, where that is known on every way there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Registers {
    a: Option<Value>,
    /// X is the length of the IPv4 header that begins at this byte.
    x: Option<u32>,
}

struct Writer<'g> {
    graph: &'g Graph,
    live: &'g [bool],
    code: Vec<Code>,
    /// The first instruction of each block.
    starts: Vec<usize>,
    /// What is known at the beginning of each block.
    entries: Vec<Option<Registers>>,
    now: Registers,
}

impl<'g> Writer<'g> {
    fn new(graph: &'g Graph, live: &'g [bool]) -> Self {
        let blocks = graph.blocks.len();
        Self {
            graph,
            live,
            code: Vec::new(),
            starts: vec![usize::MAX; blocks],
            entries: vec![None; blocks],
            now: Registers::default(),
        }
    }

    fn plain(&mut self, code: u16, k: u32) {
        self.code.push(Code::Plain(Instruction { code, jt: 0, jf: 0, k }));
    }

    fn block(&mut self, index: usize, block: &Block, snap_length: u32) -> Option<()> {
        if let Some(start) = self.starts.get_mut(index) {
            *start = self.code.len();
        }
        self.now = self.entries.get_mut(index).and_then(Option::take).unwrap_or_default();
        match block {
            Block::Return(verdict) => self.plain(op::RET, if *verdict { snap_length } else { 0 }),
            Block::Goto(next) => self.goto(index, self.graph.block_of(*next)),
            Block::Shift { by, next } => {
                self.plain(op::LD | op::MEM, SHIFT);
                self.plain(op::ALU | op::ADD, *by);
                self.plain(op::ST, SHIFT);
                self.now.a = None;
                self.goto(index, self.graph.block_of(*next));
            }
            Block::Test { test, yes, no } => {
                let (yes, no) = (self.graph.block_of(*yes), self.graph.block_of(*no));
                let (code, k) = self.test(test)?;
                self.code.push(Code::Branch { code, k, yes, no });
                self.reach(yes);
                self.reach(no);
            }
        }
        Some(())
    }

    fn goto(&mut self, index: usize, next: usize) {
        self.reach(next);
        let skipped = self.live.get(index + 1..next).unwrap_or_default();
        if skipped.contains(&true) {
            self.code.push(Code::Goto(next));
        }
    }

    /// Notes what the registers hold on the way to a block.
    fn reach(&mut self, block: usize) {
        let Some(entry) = self.entries.get_mut(block) else { return };
        match entry {
            None => *entry = Some(self.now.clone()),
            Some(shared) => {
                if shared.a != self.now.a {
                    shared.a = None;
                }
                if shared.x != self.now.x {
                    shared.x = None;
                }
            }
        }
    }

    /// Puts the left side into A, and the right one into X if it is not a constant.
    fn test(&mut self, test: &Test) -> Option<(u16, u32)> {
        let compare = match test.compare {
            Compare::Equal => op::JEQ,
            Compare::Greater => op::JGT,
            Compare::GreaterOrEqual => op::JGE,
            Compare::Bits => op::JSET,
        };
        if let Value::Const(k) = test.right {
            self.value(&test.left, 0)?;
            return Some((op::JMP | compare, k));
        }
        self.both(&test.left, &test.right, 0)?;
        Some((op::JMP | compare | op::X, 0))
    }

    /// `left` in A and `right` in X.
    fn both(&mut self, left: &Value, right: &Value, spare: u32) -> Option<()> {
        self.value(right, spare)?;
        self.save(spare)?;
        self.value(left, spare + 1)?;
        self.plain(op::LDX | op::MEM, spare);
        self.now.x = None;
        Some(())
    }

    /// Keeps A in a memory word.
    fn save(&mut self, spare: u32) -> Option<()> {
        if spare >= SHIFT {
            return None;
        }
        self.plain(op::ST, spare);
        Some(())
    }

    /// Puts a value into A, using memory from `spare` on.
    fn value(&mut self, value: &Value, spare: u32) -> Option<()> {
        if self.now.a.as_ref() == Some(value) {
            return Some(());
        }
        match value {
            Value::Const(k) => self.plain(op::LD | op::IMM, *k),
            Value::Length => self.plain(op::LD | op::LEN, 0),
            Value::Load(place) => self.load(*place),
            Value::LoadAt(place, index) => self.load_at(*place, index, spare)?,
            Value::Negate(inner) => {
                self.value(inner, spare)?;
                self.plain(op::ALU | op::NEG, 0);
            }
            Value::Binary(math, left, right) => {
                let code = op::ALU | math_code(*math);
                if let Value::Const(k) = **right {
                    self.value(left, spare)?;
                    self.plain(code, k);
                } else {
                    self.both(left, right, spare)?;
                    self.plain(code | op::X, 0);
                }
            }
        }
        self.now.a = value.is_fixed().then(|| value.clone());
        Some(())
    }

    fn load(&mut self, place: Place) {
        let size = size_code(place.size);
        match place.base {
            Base::Frame => self.plain(op::LD | size | op::ABS, place.at),
            Base::Shifted => {
                self.plain(op::LDX | op::MEM, SHIFT);
                self.now.x = None;
                self.plain(op::LD | size | op::IND, place.at);
            }
            Base::AfterIp4(header) => {
                self.header_length(header);
                self.plain(op::LD | size | op::IND, place.at);
            }
            Base::AfterIp4Shifted(header) => {
                self.shifted_header(header);
                self.plain(op::TAX, 0);
                self.plain(op::LD | size | op::IND, place.at);
            }
        }
    }

    /// X becomes the length of the IPv4 header.
    fn header_length(&mut self, header: u32) {
        if self.now.x != Some(header) {
            self.plain(op::LDX | op::BYTE | op::MSH, header);
            self.now.x = Some(header);
        }
    }

    /// A becomes the shift plus the length of the IPv4 header that begins there.
    fn shifted_header(&mut self, header: u32) {
        self.plain(op::LDX | op::MEM, SHIFT);
        self.now.x = None;
        self.plain(op::LD | op::BYTE | op::IND, header);
        self.plain(op::ALU | op::AND, 0x0f);
        self.plain(op::ALU | op::LSH, 2);
        self.plain(op::ALU | op::ADD | op::X, 0);
    }

    /// A load at a computed distance from its place.
    fn load_at(&mut self, place: Place, index: &Value, spare: u32) -> Option<()> {
        self.value(index, spare)?;
        match place.base {
            Base::Frame => {}
            Base::Shifted => {
                self.plain(op::LDX | op::MEM, SHIFT);
                self.plain(op::ALU | op::ADD | op::X, 0);
            }
            Base::AfterIp4(header) => {
                self.header_length(header);
                self.plain(op::ALU | op::ADD | op::X, 0);
            }
            Base::AfterIp4Shifted(header) => {
                self.save(spare)?;
                self.shifted_header(header);
                self.plain(op::LDX | op::MEM, spare);
                self.plain(op::ALU | op::ADD | op::X, 0);
            }
        }
        self.plain(op::TAX, 0);
        self.now.x = None;
        self.plain(op::LD | size_code(place.size) | op::IND, place.at);
        Some(())
    }
}

fn size_code(size: Size) -> u16 {
    match size {
        Size::Byte => op::BYTE,
        Size::Half => op::HALF,
        Size::Word => op::WORD,
    }
}

fn math_code(math: Math) -> u16 {
    match math {
        Math::Add => op::ADD,
        Math::Subtract => op::SUB,
        Math::Multiply => op::MUL,
        Math::Divide => op::DIV,
        Math::Modulo => op::MOD,
        Math::And => op::AND,
        Math::Or => op::OR,
        Math::Xor => op::XOR,
        Math::ShiftLeft => op::LSH,
        Math::ShiftRight => op::RSH,
    }
}

/// Which sides of a branch lead further than a conditional jump reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Far {
    yes: bool,
    no: bool,
}

/// Replaces blocks by distances. A conditional jump reaches 255 instructions; a side that must go further
/// gets an unconditional jump after the branch, which makes other branches longer, until none is too short.
fn link(code: &[Code], starts: &[usize]) -> Option<Vec<Instruction>> {
    let mut far = vec![Far::default(); code.len()];
    loop {
        let offsets = offsets(&far);
        let mut grown = false;
        for (index, item) in code.iter().enumerate() {
            let (Code::Branch { yes, no, .. }, Some(far)) = (item, far.get_mut(index)) else { continue };
            let next = offsets.get(index)? + 1;
            let too_far = |block: usize| {
                let target = offsets.get(*starts.get(block)?)?;
                Some(target.checked_sub(next)? > usize::from(u8::MAX))
            };
            let needed = Far { yes: far.yes || too_far(*yes)?, no: far.no || too_far(*no)? };
            grown |= needed != *far;
            *far = needed;
        }
        if !grown {
            return write(code, &far, &offsets, starts);
        }
    }
}

/// Where each instruction will be, and the end.
fn offsets(far: &[Far]) -> Vec<usize> {
    let mut at = 0;
    let mut offsets = Vec::with_capacity(far.len() + 1);
    for far in far {
        offsets.push(at);
        at += 1 + usize::from(far.yes) + usize::from(far.no);
    }
    offsets.push(at);
    offsets
}

fn write(code: &[Code], far: &[Far], offsets: &[usize], starts: &[usize]) -> Option<Vec<Instruction>> {
    let mut written = Vec::new();
    let distance = |block: usize, next: usize| {
        let target = *offsets.get(*starts.get(block)?)?;
        u32::try_from(target.checked_sub(next)?).ok()
    };
    for (item, far) in code.iter().zip(far) {
        let next = written.len() + 1;
        let jump = |k| Instruction { code: op::JMP | op::JA, jt: 0, jf: 0, k };
        match item {
            Code::Plain(instruction) => written.push(*instruction),
            Code::Goto(block) => written.push(jump(distance(*block, next)?)),
            Code::Branch { code, k, yes, no } => {
                let jt = if far.yes { 0 } else { u8::try_from(distance(*yes, next)?).ok()? };
                let after_yes = u8::from(far.yes);
                let jf = if far.no { after_yes } else { u8::try_from(distance(*no, next)?).ok()? };
                written.push(Instruction { code: *code, jt, jf, k: *k });
                for block in [far.yes.then_some(*yes), far.no.then_some(*no)].into_iter().flatten() {
                    written.push(jump(distance(block, written.len() + 1)?));
                }
            }
        }
    }
    (written.len() <= Program::LONGEST).then_some(written)
}
