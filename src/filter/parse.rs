//! From text to a tree of tests, by recursive descent; each error says at which character.

use crate::snapshot::{FIELDS, Field, Kind, field};

use super::node::Node;
use super::operand::{Op, Raw, addresses, containing, regex, test};
use super::quantity::is_unit;
use super::words::{ALIASES, WORDS};
use super::{Filter, FilterError, Sort, nearest};

/// How deep brackets and negations may be nested.
const DEEPEST: usize = 64;

pub(super) fn parse(text: &str) -> Result<(Node, Option<Sort>), FilterError> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > Filter::MAX_CHARS {
        let message = format!("the filter is longer than {} characters", Filter::MAX_CHARS);
        return Err(FilterError::new(message, Filter::MAX_CHARS));
    }
    let mut parser = Parser { chars, at: 0, depth: 0, sort: None };
    parser.skip_blanks();
    if parser.is_done() {
        return Ok((Node::All, None));
    }
    let node = parser.or()?;
    if !parser.is_done() {
        return Err(parser.error("this bracket closes nothing"));
    }
    Ok((node, parser.sort))
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    sort: Option<Sort>,
}

type Parsed = Result<Node, FilterError>;

impl Parser {
    fn or(&mut self) -> Parsed {
        let mut any = vec![self.and()?];
        while self.eat_word("or") || self.eat("||") {
            any.push(self.and()?);
        }
        Ok(if any.len() == 1 { any.swap_remove(0) } else { Node::Or(any) })
    }

    fn and(&mut self) -> Parsed {
        let mut all = vec![self.not()?];
        loop {
            self.skip_blanks();
            let joined = self.eat_word("and") || self.eat("&&");
            if !joined && (self.is_done() || self.looking_at(")") || self.looking_at("||") || self.word_is("or")) {
                break;
            }
            all.push(self.not()?);
        }
        all.retain(|node| !matches!(node, Node::All));
        Ok(match all.len() {
            0 => Node::All,
            1 => all.swap_remove(0),
            _ => Node::And(all),
        })
    }

    fn not(&mut self) -> Parsed {
        self.skip_blanks();
        let start = self.at;
        if self.eat("!") || self.eat_word("not") {
            let node = self.deeper(Self::not)?;
            if matches!(node, Node::All) {
                return Err(FilterError::new("an order cannot be turned into its opposite with not", start));
            }
            return Ok(Node::Not(Box::new(node)));
        }
        self.term()
    }

    fn deeper(&mut self, inner: fn(&mut Self) -> Parsed) -> Parsed {
        if self.depth == DEEPEST {
            return Err(self.error(&format!("nested more than {DEEPEST} deep")));
        }
        self.depth += 1;
        let node = inner(self);
        self.depth -= 1;
        node
    }

    fn term(&mut self) -> Parsed {
        self.skip_blanks();
        let start = self.at;
        if self.is_done() {
            return Err(self.error("something to look for is missing here"));
        }
        if self.eat("(") {
            let node = self.deeper(Self::or)?;
            self.skip_blanks();
            return if self.eat(")") { Ok(node) } else { Err(FilterError::new("this bracket is not closed", start)) };
        }
        if let Some(word) = ["and", "or"].into_iter().find(|word| self.word_is(word)) {
            return Err(self.error(&format!("something to look for is missing before `{word}`")));
        }
        if let Some((name, op)) = self.name_and_op() {
            return self.field_term(&name, op, start);
        }
        match self.value(None)? {
            Raw::Regex(pattern) => Ok(Node::Anywhere(regex(&pattern, start + 1)?)),
            Raw::Quoted(text) => Ok(Node::Anywhere(containing(&text, start)?)),
            Raw::Word(text) if text.starts_with(['=', '<', '>', '~', ':']) => {
                Err(FilterError::new("the name of a field is missing before this", start))
            }
            Raw::Word(text) => match (WORDS.iter().find(|word| word.id == text), addresses(&text)) {
                (Some(word), _) => Ok(Node::Word(word)),
                (None, Some(addresses)) => Ok(Node::EitherEnd(addresses)),
                (None, None) => Ok(Node::Anywhere(containing(&text, start)?)),
            },
        }
    }

    /// `name op`, if that is what comes next; the parser then stands behind it.
    fn name_and_op(&mut self) -> Option<(String, Op)> {
        let start = self.at;
        let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name: String = self.chars.iter().skip(start).take_while(|c| is_name(c)).collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        self.at += name.len();
        // `fe80::1` is an address and `and:` would be one field too many.
        if self.eat(":") {
            let rest: String = self.chars.iter().skip(start).take_while(|c| !c.is_whitespace() && **c != ')').collect();
            if addresses(&rest).is_none() {
                return Some((name.to_ascii_lowercase(), Op::Has));
            }
            self.at = start;
            return None;
        }
        self.skip_blanks();
        for (sign, op) in SIGNS {
            if self.eat(sign) {
                return Some((name.to_ascii_lowercase(), *op));
            }
        }
        self.at = start;
        None
    }

    fn field_term(&mut self, name: &str, op: Op, start: usize) -> Parsed {
        if name == "sort" && matches!(op, Op::Has | Op::Equal) {
            return self.sort_term(start);
        }
        let field = named(name, start)?;
        self.skip_blanks();
        let at = self.at;
        if self.is_done() || self.looking_at(")") {
            return Err(self.error(&format!("`{name}` is compared with nothing")));
        }
        let value = self.value(Some(field.kind))?;
        test(field, op, &value, at)
    }

    fn sort_term(&mut self, start: usize) -> Parsed {
        let at = self.at;
        let value = self.value(None)?;
        let (name, descending) = match value.text().rsplit_once('-') {
            Some((name, "desc")) => (name, true),
            Some((name, "asc")) => (name, false),
            _ => (value.text(), true),
        };
        let field = named(name, at)?;
        if self.sort.replace(Sort { field, descending }).is_some() {
            return Err(FilterError::new("there can be one order only", start));
        }
        Ok(Node::All)
    }

    /// A value: a pattern between slashes, text between quotes, or everything up to a blank or a bracket.
    fn value(&mut self, kind: Option<Kind>) -> Result<Raw, FilterError> {
        let start = self.at;
        if self.looking_at("/")
            && let Some(pattern) = self.pattern()
        {
            return Ok(Raw::Regex(pattern));
        }
        if self.eat("\"") {
            let text: String = self.chars.iter().skip(self.at).take_while(|c| **c != '"').collect();
            self.at += text.chars().count();
            return if self.eat("\"") {
                Ok(Raw::Quoted(text))
            } else {
                Err(FilterError::new("this quote is not closed", start))
            };
        }
        let mut text = self.bare();
        if text.is_empty() {
            return Err(FilterError::new("something to look for is missing here", start));
        }
        if let Some(kind) = kind
            && text.chars().all(|c| c.is_ascii_digit() || c == '.')
        {
            let before = self.at;
            self.skip_blanks();
            let unit = self.bare();
            if is_unit(kind, &unit) && !unit.is_empty() {
                text.push_str(&unit);
            } else {
                self.at = before;
            }
        }
        Ok(Raw::Word(text))
    }

    fn bare(&mut self) -> String {
        let mut text = String::new();
        while let Some(&c) = self.chars.get(self.at) {
            if c.is_whitespace() || matches!(c, '(' | ')' | '"') || self.looking_at("&&") || self.looking_at("||") {
                break;
            }
            text.push(c);
            self.at += 1;
        }
        text
    }

    /// `/pattern/` with a blank, a bracket or the end behind it, so that `/usr/bin/curl` stays a path.
    fn pattern(&mut self) -> Option<String> {
        let mut pattern = String::new();
        let mut rest = self.chars.iter().enumerate().skip(self.at + 1);
        while let Some((place, &c)) = rest.next() {
            match c {
                '/' => {
                    let ends =
                        self.chars.get(place + 1).is_none_or(|c| c.is_whitespace() || matches!(c, ')' | '&' | '|'));
                    self.at = if ends { place + 1 } else { self.at };
                    return ends.then_some(pattern);
                }
                '\\' => match rest.next() {
                    Some((_, '/')) => pattern.push('/'),
                    Some((_, &escaped)) => pattern.extend(['\\', escaped]),
                    None => return None,
                },
                c => pattern.push(c),
            }
        }
        None
    }

    fn skip_blanks(&mut self) {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn is_done(&self) -> bool {
        self.at >= self.chars.len()
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(n, c)| self.chars.get(self.at + n) == Some(&c))
    }

    fn eat(&mut self, text: &str) -> bool {
        let is = self.looking_at(text);
        self.at += if is { text.chars().count() } else { 0 };
        is
    }

    /// Whether the next word, in either case, is this one.
    fn word_is(&self, word: &str) -> bool {
        let same = word
            .chars()
            .enumerate()
            .all(|(n, c)| self.chars.get(self.at + n).is_some_and(|found| found.eq_ignore_ascii_case(&c)));
        same && self.chars.get(self.at + word.len()).is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')' | '!'))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is = self.word_is(word);
        self.at += if is { word.len() } else { 0 };
        is
    }

    fn error(&self, message: &str) -> FilterError {
        FilterError::new(message, self.at.min(self.chars.len()))
    }
}

/// The longer ones first.
const SIGNS: &[(&str, Op)] = &[
    ("==", Op::Equal),
    ("!=", Op::Unequal),
    ("<=", Op::AtMost),
    (">=", Op::AtLeast),
    ("!~", Op::Unlike),
    ("=", Op::Equal),
    ("<", Op::Below),
    (">", Op::Above),
    ("~", Op::Like),
];

/// The field of that name, or which one was meant.
fn named(name: &str, at: usize) -> Result<&'static Field, FilterError> {
    let id = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, id)| id);
    field(id).ok_or_else(|| {
        let known = FIELDS.iter().map(|field| field.id).chain(ALIASES.iter().map(|(alias, _)| *alias));
        let hint = match nearest(name, known) {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None => "; to look for the text, put it in quotes".to_owned(),
        };
        FilterError::new(format!("there is no field `{name}`{hint}"), at)
    })
}
