//! The filter language: which rows to look at, in words that the field table gives.
//!
//! ```text
//! expr := or ; or := and (('or'|'||') and)* ; and := not (('and'|'&&'|SPACE) not)*
//! not  := ('!'|'not') not | '(' expr ')' | term
//! term := field op value | field ':' value | /regex/ | "quoted" | word | bareword | sort:FIELD[-asc|-desc]
//! op   := = == != < <= > >= ~ !~      value := number[unit] | span | address | cidr | a..b | a,b,c | text | /regex/
//! ```
//!
//! A bareword is looked for in every field that is text. Letters match without regard to case. A value that is not
//! known is neither equal to, nor above, nor below anything. All matching takes linear time.

mod nearest;
mod node;
mod operand;
mod parse;
mod quantity;

pub mod words;

pub use nearest::nearest;
pub use quantity::span as seconds;
pub use words::{ALIASES, WORDS, Word};

use std::fmt;

use crate::model::Timestamp;
use crate::snapshot::{Field, Row};

use node::Node;

/// A filter that was understood.
#[derive(Clone, Debug)]
pub struct Filter {
    text: String,
    node: Node,
    sort: Option<Sort>,
}

/// The order that a filter asks for with `sort:FIELD`.
#[derive(Clone, Copy)]
pub struct Sort {
    pub field: &'static Field,
    pub descending: bool,
}

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    pub message: String,
    /// The character, counted from 0, at which it is wrong.
    pub at: usize,
}

impl Filter {
    /// The most characters a filter may have.
    pub const MAX_CHARS: usize = 4_096;

    /// Reads a filter. Nothing, or only blanks, matches every row.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let (node, sort) = parse::parse(text)?;
        Ok(Self { text: text.trim().to_owned(), node, sort })
    }

    /// Whether the row passes, `now` being the data time that ages are counted from.
    pub fn matches_at(&self, row: &Row, now: Timestamp) -> bool {
        self.node.holds(row, now)
    }

    /// The same with ages counted from the last packet of the row.
    pub fn matches(&self, row: &Row) -> bool {
        self.matches_at(row, row.last)
    }

    /// The filter as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub const fn sort(&self) -> Option<Sort> {
        self.sort
    }

    /// Whether it passes every row.
    pub const fn is_everything(&self) -> bool {
        matches!(self.node, Node::All)
    }
}

/// A regular expression as filters have them: without regard to case, bounded in size, linear in time.
pub fn pattern(text: &str) -> Result<regex::Regex, FilterError> {
    operand::regex(text, 0)
}

impl Default for Filter {
    fn default() -> Self {
        Self { text: String::new(), node: Node::All, sort: None }
    }
}

impl fmt::Debug for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field.id, if self.descending { "descending" } else { "ascending" })
    }
}

impl FilterError {
    pub(crate) fn new(message: impl Into<String>, at: usize) -> Self {
        Self { message: message.into(), at }
    }

    /// The filter with a caret under the place, on two lines.
    pub fn pointing(&self, text: &str) -> String {
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("{plain}\n{}^", " ".repeat(self.at.min(plain.chars().count())))
    }
}

#[cfg(test)]
mod tests;
