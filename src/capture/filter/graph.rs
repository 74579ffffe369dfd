//! Turns a condition into a graph of tests, and takes away the tests whose outcome is known.
//!
//! Every edge leads to a later block, so one pass from the front knows, at each block, what has been
//! found true on every way there.

use super::condition::{Compare, Condition, Test, Value};

/// A place in the program, filled in when the code before it is there.
pub(super) type Label = usize;

/// A step of the program with one way in.
#[derive(Clone, Debug)]
pub(super) enum Block {
    Test {
        test: Test,
        yes: Label,
        no: Label,
    },
    /// Adds to the shift, then goes on.
    Shift {
        by: u32,
        next: Label,
    },
    Goto(Label),
    Return(bool),
}

/// A program as blocks in an order in which every label is later than its users.
pub(super) struct Graph {
    pub(super) blocks: Vec<Block>,
    /// The block of each label.
    places: Vec<usize>,
}

impl Graph {
    pub(super) fn build(condition: &Condition) -> Self {
        let mut graph = Self { blocks: Vec::new(), places: Vec::new() };
        let (accept, reject) = (graph.label(), graph.label());
        graph.emit(condition, accept, reject);
        for (label, verdict) in [(accept, true), (reject, false)] {
            graph.place(label);
            graph.blocks.push(Block::Return(verdict));
        }
        graph
    }

    pub(super) fn block_of(&self, label: Label) -> usize {
        self.places.get(label).copied().unwrap_or(usize::MAX)
    }

    fn label(&mut self) -> Label {
        self.places.push(usize::MAX);
        self.places.len() - 1
    }

    /// Puts a label at the next block.
    fn place(&mut self, label: Label) {
        let here = self.blocks.len();
        if let Some(place) = self.places.get_mut(label) {
            *place = here;
        }
    }

    fn emit(&mut self, condition: &Condition, yes: Label, no: Label) {
        match condition {
            Condition::Always(verdict) => self.blocks.push(Block::Goto(if *verdict { yes } else { no })),
            Condition::Not(inner) => self.emit(inner, no, yes),
            Condition::Shift(by) => self.blocks.push(Block::Shift { by: *by, next: yes }),
            Condition::Test(test) => self.blocks.push(Block::Test { test: test.clone(), yes, no }),
            Condition::All(parts) => self.row(parts, yes, no, true),
            Condition::Any(parts) => self.row(parts, yes, no, false),
        }
    }

    /// Parts one after the other: all must hold, or any.
    fn row(&mut self, parts: &[Condition], yes: Label, no: Label, all: bool) {
        let Some((last, first)) = parts.split_last() else {
            self.blocks.push(Block::Goto(if all { yes } else { no }));
            return;
        };
        for part in first {
            let next = self.label();
            let (yes, no) = if all { (next, no) } else { (yes, next) };
            self.emit(part, yes, no);
            self.place(next);
        }
        self.emit(last, yes, no);
    }

    /// Leads every edge past the tests that it decides, and says which blocks are still reached.
    pub(super) fn simplify(&mut self) -> Vec<bool> {
        let mut entries: Vec<Option<Known>> = vec![None; self.blocks.len()];
        if let Some(first) = entries.first_mut() {
            *first = Some(Known::default());
        }
        for index in 0..self.blocks.len() {
            let Some(known) = entries.get(index).cloned().flatten() else { continue };
            let Some(block) = self.blocks.get(index).cloned() else { continue };
            let next = match block {
                Block::Test { test, yes, no } => {
                    let yes = self.thread(yes, known.with(&test, true), &mut entries);
                    let no = self.thread(no, known.with(&test, false), &mut entries);
                    Block::Test { test, yes, no }
                }
                Block::Shift { by, next } => Block::Shift { by, next: self.thread(next, known, &mut entries) },
                Block::Goto(next) => Block::Goto(self.thread(next, known, &mut entries)),
                Block::Return(verdict) => Block::Return(verdict),
            };
            if let Some(place) = self.blocks.get_mut(index) {
                *place = next;
            }
        }
        entries.iter().map(Option::is_some).collect()
    }

    /// Whether any way leads to taking the frame.
    pub(super) fn accepts(&self, live: &[bool]) -> bool {
        self.blocks.iter().zip(live).any(|(block, live)| *live && matches!(block, Block::Return(true)))
    }

    /// Follows an edge as far as what is known decides, and leaves there what is known.
    fn thread(&self, from: Label, known: Known, entries: &mut [Option<Known>]) -> Label {
        let mut label = from;
        loop {
            label = match self.blocks.get(self.block_of(label)) {
                Some(Block::Goto(next)) => *next,
                Some(Block::Test { test, yes, no }) => match known.decide(test) {
                    Some(true) => *yes,
                    Some(false) => *no,
                    None => break,
                },
                _ => break,
            };
        }
        if let Some(entry) = entries.get_mut(self.block_of(label)) {
            match entry {
                Some(shared) => shared.keep_common(&known),
                None => *entry = Some(known),
            }
        }
        label
    }
}

/// Tests whose outcome is known at a point, the latest last.
#[derive(Clone, Debug, Default)]
struct Known(Vec<(Test, bool)>);

impl Known {
    /// Enough for what one primitive asks of the next; keeps the work linear in the length of the filter.
    const MOST: usize = 32;

    fn with(&self, test: &Test, outcome: bool) -> Self {
        let mut more = self.clone();
        if test.left.is_fixed() && test.right.is_fixed() {
            if more.0.len() == Self::MOST {
                // What a value is says more than what it is not.
                let least = more.0.iter().position(|(fact, outcome)| !(*outcome && fact.compare == Compare::Equal));
                more.0.remove(least.unwrap_or(0));
            }
            more.0.push((test.clone(), outcome));
        }
        more
    }

    fn keep_common(&mut self, other: &Self) {
        self.0.retain(|fact| other.0.contains(fact));
    }

    /// The outcome of a test, if what is known decides it.
    fn decide(&self, test: &Test) -> Option<bool> {
        if let (Value::Const(left), Value::Const(right)) = (&test.left, &test.right) {
            return Some(test.compare.holds(*left, *right));
        }
        self.0.iter().rev().find_map(|(fact, outcome)| {
            if fact == test {
                return Some(*outcome);
            }
            // An equality that holds gives the value, and so the outcome of every test of it.
            match (fact.left == test.left, fact.compare, outcome, &fact.right, &test.right) {
                (true, Compare::Equal, true, Value::Const(value), Value::Const(right)) => {
                    Some(test.compare.holds(*value, *right))
                }
                _ => None,
            }
        })
    }
}
