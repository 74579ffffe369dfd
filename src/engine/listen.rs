//! The side doors: what the dashboard asks for, and what the host workers found out.

use std::sync::Arc;

use crate::marks::Change;
use crate::model::{Answer, Command, Label, Mark, Question};

use super::Engine;

/// What whoever runs the engine must do about a command: the engine itself opens nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// The engine has done it all.
    Done,
    /// The marks changed: write them down, with a line for the journal.
    MarksChanged(Vec<Change>),
    /// Read the known-good file again.
    ReloadMarks,
    /// Give the source this capture filter.
    Filter(String),
    /// List the sockets, or no more.
    ListConnections(bool),
    /// It could not be done, and why.
    Refused(Label),
}

impl Engine {
    /// Does what a reader asks for. The next snapshot shows it.
    pub fn command(&mut self, command: Command) -> Reaction {
        self.has_closed = true;
        match command {
            Command::Mark { scope, lasting, reason, by } => {
                match self.marks.add(scope, lasting, reason, by, self.now) {
                    Ok(changes) => self.remark(changes),
                    Err(error) => Reaction::Refused(Label::new(&error.to_string())),
                }
            }
            Command::Undo => match self.marks.undo() {
                Some(change) => self.remark(vec![change]),
                None => Reaction::Refused(Label::new("there is no mark to undo")),
            },
            Command::Unmark(id) => match self.marks.remove(&id) {
                Some(change) => self.remark(vec![change]),
                None => Reaction::Refused(Label::new("there is no such mark")),
            },
            Command::ReloadMarks => Reaction::ReloadMarks,
            Command::Acknowledge(id) => done(self.book.acknowledge(id)),
            Command::Snooze(id, lasting) => done(self.book.snooze(id, self.now.plus(lasting))),
            Command::ResetTotals => {
                self.peaks.reset(self.table.totals());
                Reaction::Done
            }
            Command::ResolveNames(is_wanted) => {
                self.asks.names = is_wanted;
                if is_wanted {
                    self.ask_about_all();
                }
                Reaction::Done
            }
            Command::ListConnections(is_wanted) => Reaction::ListConnections(is_wanted),
            Command::CaptureFilter(text) => Reaction::Filter(text),
        }
    }

    fn remark(&mut self, changes: Vec<Change>) -> Reaction {
        self.book.remark(self.now, &self.marks);
        Reaction::MarksChanged(changes)
    }

    /// Puts the marks of a file in place of those at hand, as after it changed on disk.
    pub fn replace_marks(&mut self, list: Vec<Mark>) {
        self.marks.replace(list);
        self.book.remark(self.now, &self.marks);
        self.has_closed = true;
    }

    /// Asks for the names of every address that is shown without one.
    fn ask_about_all(&mut self) {
        let rows = self.table.rows();
        let nameless = rows.iter().filter(|row| row.name.is_none()).filter_map(|row| row.remote);
        self.questions.extend(nameless.map(|remote| Question::Name(remote.ip)));
    }

    /// Takes in what a host worker found out.
    pub fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Name(ip, Some(name)) => self.table.hear_name(ip, &name),
            Answer::Owner(key, owner) => self.table.hear_owner(&key, owner.map(Arc::new)),
            Answer::Name(_, None) => {}
        }
    }
}

fn done(is_done: bool) -> Reaction {
    if is_done { Reaction::Done } else { Reaction::Refused(Label::new("there is no such alert")) }
}
