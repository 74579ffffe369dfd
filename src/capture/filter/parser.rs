//! Parses a capture filter: how primitives combine, and what the qualifiers before a value are.
//!
//! The grammar is that of pcap-filter(7). `and` and `or` bind equally and to the left; `not` binds tighter;
//! a value without qualifiers takes those of the primitive before it.

mod arith;
mod qualifier;
mod value;

use super::Fault;
use super::lexer::{Lexeme, Token, lex};
use super::syntax::{Expr, Primitive, Relation};
use super::words;
use qualifier::Head;

/// Parentheses and `not`s inside each other; deeper texts are refused before the stack can run out.
const DEEPEST: usize = 64;
/// Changes between `and` and `or`, and operators of byte expressions: each makes the tree deeper.
const MOST_STEPS: usize = 500;

/// Reads a filter; [`None`] is the empty filter, which takes everything.
pub(super) fn parse(text: &str) -> Result<Option<Expr>, Fault> {
    let mut parser = Parser { lexemes: lex(text)?, next: 0, head: None, depth: 0, steps: 0 };
    if parser.peek() == &Token::End {
        return Ok(None);
    }
    let expr = parser.expr()?;
    match parser.peek() {
        Token::End => Ok(Some(expr)),
        Token::Close => Err(parser.fault("this `)` closes nothing")),
        other => {
            let message = format!("expected `and`, `or` or the end of the filter, not `{}`", other.text());
            Err(parser.fault(message))
        }
    }
}

struct Parser {
    lexemes: Vec<Lexeme>,
    next: usize,
    /// The qualifiers that a bare value takes.
    head: Option<Head>,
    depth: usize,
    steps: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, steps: usize) -> &Token {
        self.lexemes.get(self.next + steps).map_or(&Token::End, |lexeme| &lexeme.token)
    }

    /// The place of the next token.
    fn at(&self) -> usize {
        self.lexemes.get(self.next).or(self.lexemes.last()).map_or(0, |lexeme| lexeme.at)
    }

    /// Takes the next token if it is this one.
    fn accept(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == wanted;
        if found {
            self.next += 1;
        }
        found
    }

    /// Takes the next token if it is this word.
    fn accept_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(word) if word == wanted);
        if found {
            self.next += 1;
        }
        found
    }

    /// A fault at the next token.
    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(message, self.at())
    }

    fn expected(&self, what: &str) -> Fault {
        self.fault(format!("expected {what}, not `{}`", self.peek().text()).replace("`the end`", "the end"))
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault(format!("more than {DEEPEST} parentheses inside each other")));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Counts what makes the tree deeper without parentheses.
    fn deepen(&mut self) -> Result<(), Fault> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(self.fault("the filter is too long: too many operators and changes between `and` and `or`"));
        }
        Ok(())
    }

    fn expr(&mut self) -> Result<Expr, Fault> {
        let left = self.term()?;
        self.row(left, Self::term)
    }

    /// What follows `left`: any number of `and X`, `or X`.
    fn row(&mut self, left: Expr, part: impl Fn(&mut Self) -> Result<Expr, Fault>) -> Result<Expr, Fault> {
        let mut whole = left;
        loop {
            let all = match self.peek() {
                Token::And => true,
                Token::Or => false,
                _ => return Ok(whole),
            };
            self.next += 1;
            let right = part(self)?;
            match (&mut whole, all) {
                (Expr::All(parts), true) | (Expr::Any(parts), false) => parts.push(right),
                _ => {
                    self.deepen()?;
                    let parts = vec![whole, right];
                    whole = if all { Expr::All(parts) } else { Expr::Any(parts) };
                }
            }
        }
    }

    fn term(&mut self) -> Result<Expr, Fault> {
        if self.accept(&Token::Not) {
            return self.nested(|parser| Ok(Expr::Not(Box::new(parser.term()?))));
        }
        if self.starts_relation() {
            let at = self.at();
            self.head = None;
            return Ok(Expr::Primitive(self.relation()?, at));
        }
        if self.peek() == &Token::Open {
            let opened = self.at();
            self.next += 1;
            let inner = self.nested(Self::expr)?;
            if self.accept(&Token::Close) {
                return Ok(inner);
            }
            return Err(match self.peek() {
                Token::End => Fault::new("this `(` is never closed", opened),
                _ => self.expected("`and`, `or` or `)`"),
            });
        }
        self.primitive()
    }

    fn primitive(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        let word = match self.peek() {
            Token::Word(word) => word.clone(),
            Token::Escaped(_) => return self.bare_value(),
            _ => return Err(self.expected("a primitive such as `host 10.0.0.1`, `port 443` or `tcp`")),
        };
        if let Some(why) = words::refusal(&word) {
            return Err(self.fault(format!("`{word}` is not supported: {why}")));
        }
        if !words::is_keyword(&word) {
            return self.bare_value();
        }
        if word == "inbound" {
            self.next += 1;
            self.head = None;
            return Ok(Expr::Not(Box::new(Expr::Primitive(Primitive::Outbound, at))));
        }
        if let Some(primitive) = self.standalone(&word)? {
            self.head = None;
            return Ok(Expr::Primitive(primitive, at));
        }
        self.qualified(at)
    }

    /// A value without qualifiers: takes those of the last primitive.
    fn bare_value(&mut self) -> Result<Expr, Fault> {
        let word = self.peek().text().to_owned();
        match self.head {
            Some(head) => self.value(head),
            None if word.parse::<std::net::IpAddr>().is_ok() => {
                Err(self.fault(format!("expected a qualifier before the address: `host {word}`")))
            }
            None if words::number(&word).is_some() => {
                Err(self.fault(format!("expected a qualifier before the number: `port {word}`")))
            }
            None => Err(self.fault(format!(
                "`{word}` is not a word of the filter language; expected `host`, `net`, `port`, `src`, `dst`, `tcp`, …"
            ))),
        }
    }

    /// Primitives that begin with a word of their own.
    fn standalone(&mut self, word: &str) -> Result<Option<Primitive>, Fault> {
        let primitive = match word {
            "less" => return self.length_limit(Relation::LessOrEqual).map(Some),
            "greater" => return self.length_limit(Relation::GreaterOrEqual).map(Some),
            "vlan" | "mpls" | "pppoes" => return self.tagged(word).map(Some),
            "broadcast" => Primitive::EtherBroadcast,
            "multicast" => Primitive::EtherMulticast,
            "outbound" => Primitive::Outbound,
            "pppoed" => Primitive::PppoeDiscovery,
            _ => return Ok(None),
        };
        self.next += 1;
        Ok(Some(primitive))
    }

    /// `vlan`, `mpls` and `pppoes`, each with a number or without.
    fn tagged(&mut self, word: &str) -> Result<Primitive, Fault> {
        self.next += 1;
        let most = match word {
            "vlan" => 0x0fff,
            "mpls" => 0x000f_ffff,
            _ => 0xffff,
        };
        let id = match self.peek() {
            Token::Word(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
                let id = words::number(digits).filter(|id| *id <= most);
                Some(id.ok_or_else(|| self.expected(&format!("a {word} number from 0 to {most}")))?)
            }
            _ => None,
        };
        if id.is_some() {
            self.next += 1;
        }
        Ok(match word {
            "vlan" => Primitive::Vlan(id),
            "mpls" => Primitive::Mpls(id),
            _ => Primitive::PppoeSession(id),
        })
    }
}
