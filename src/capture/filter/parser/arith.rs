//! Parses byte expressions: `tcp[tcpflags] & tcp-syn != 0`, `len > 100`.

use super::super::Fault;
use super::super::lexer::Token;
use super::super::syntax::{Arith, Math, Primitive, Relation, Size};
use super::super::words::{self, Layer};
use super::Parser;

/// Operators, the loosest row first. As in C, except that comparisons bind loosest of all.
const ROWS: &[&[(Token, Math)]] = &[
    &[(Token::Pipe, Math::Or)],
    &[(Token::Caret, Math::Xor)],
    &[(Token::Ampersand, Math::And)],
    &[(Token::ShiftLeft, Math::ShiftLeft), (Token::ShiftRight, Math::ShiftRight)],
    &[(Token::Plus, Math::Add), (Token::Minus, Math::Subtract)],
    &[(Token::Star, Math::Multiply), (Token::Slash, Math::Divide), (Token::Percent, Math::Modulo)],
];

const RELATIONS: &[(Token, Relation)] = &[
    (Token::Equal, Relation::Equal),
    (Token::NotEqual, Relation::NotEqual),
    (Token::Less, Relation::Less),
    (Token::LessOrEqual, Relation::LessOrEqual),
    (Token::Greater, Relation::Greater),
    (Token::GreaterOrEqual, Relation::GreaterOrEqual),
];

fn relation(token: &Token) -> Option<Relation> {
    RELATIONS.iter().find(|(sign, _)| sign == token).map(|(_, relation)| *relation)
}

/// Whether a token can only follow a number.
fn is_operator(token: &Token) -> bool {
    relation(token).is_some() || ROWS.iter().any(|row| row.iter().any(|(sign, _)| sign == token))
}

impl Parser {
    /// Whether what comes is a comparison of numbers and not a primitive or a group of them.
    pub(super) fn starts_relation(&self) -> bool {
        match self.peek() {
            Token::Minus => true,
            Token::Open => self.after_group().is_some_and(is_operator),
            Token::Word(word) if word == "len" || word == "length" => true,
            Token::Word(word) if words::protocol(word).is_some() => self.ahead(1) == &Token::OpenBracket,
            Token::Word(word) if words::number(word).is_some() || words::named_number(word).is_some() => {
                is_operator(self.ahead(1))
            }
            _ => false,
        }
    }

    /// The token after the parenthesis that closes the one coming now.
    fn after_group(&self) -> Option<&Token> {
        let mut open = 0_usize;
        for (steps, lexeme) in self.lexemes.iter().skip(self.next).enumerate() {
            match lexeme.token {
                Token::Open => open += 1,
                Token::Close if open == 1 => return Some(self.ahead(steps + 1)),
                Token::Close => open = open.saturating_sub(1),
                _ => {}
            }
        }
        None
    }

    pub(super) fn relation(&mut self) -> Result<Primitive, Fault> {
        let left = self.sum(0)?;
        let Some(relation) = relation(self.peek()) else {
            return Err(self.expected("a comparison (`=`, `!=`, `<`, `<=`, `>`, `>=`)"));
        };
        self.next += 1;
        let right = self.sum(0)?;
        Ok(Primitive::Relation(left, relation, right))
    }

    /// `less N`, `greater N`: both include N.
    pub(super) fn length_limit(&mut self, relation: Relation) -> Result<Primitive, Fault> {
        self.next += 1;
        let limit = self.plain_number("a number of bytes")?;
        Ok(Primitive::Relation(Arith::Length, relation, Arith::Number(limit)))
    }

    pub(super) fn plain_number(&mut self, what: &str) -> Result<u32, Fault> {
        let found = match self.peek() {
            Token::Word(word) => words::number(word),
            _ => None,
        };
        let number = found.ok_or_else(|| self.expected(what))?;
        self.next += 1;
        Ok(number)
    }

    /// Operators of one row of [`ROWS`], from the left.
    fn sum(&mut self, row: usize) -> Result<Arith, Fault> {
        let Some(operators) = ROWS.get(row) else { return self.operand() };
        let mut left = self.sum(row + 1)?;
        while let Some((_, math)) = operators.iter().find(|(sign, _)| sign == self.peek()) {
            let sign_at = self.at();
            self.deepen()?;
            self.next += 1;
            let right = self.sum(row + 1)?;
            left = combine(*math, left, right).map_err(|message| Fault::new(message, sign_at))?;
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Arith, Fault> {
        match self.peek().clone() {
            Token::Minus => {
                self.next += 1;
                let inner = self.nested(Self::operand)?;
                Ok(match inner {
                    Arith::Number(number) => Arith::Number(number.wrapping_neg()),
                    other => Arith::Negate(Box::new(other)),
                })
            }
            Token::Open => {
                self.next += 1;
                let inner = self.nested(|parser| parser.sum(0))?;
                if self.accept(&Token::Close) { Ok(inner) } else { Err(self.expected("an operator or `)`")) }
            }
            Token::Word(word) => self.word_operand(&word),
            _ => Err(self.expected("a number, `len` or bytes such as `ip[2:2]`")),
        }
    }

    fn word_operand(&mut self, word: &str) -> Result<Arith, Fault> {
        if let Some(number) = words::number(word).or_else(|| words::named_number(word)) {
            self.next += 1;
            return Ok(Arith::Number(number));
        }
        if word == "len" || word == "length" {
            self.next += 1;
            return Ok(Arith::Length);
        }
        let Some(of) = words::protocol(word) else {
            let hint = if word.contains('-') { " (put spaces around a minus sign)" } else { "" };
            return Err(self.expected(&format!("a number, `len` or bytes such as `ip[2:2]`{hint}")));
        };
        let at = self.at();
        self.next += 1;
        if matches!(of.layer, Layer::Ether(number) if number <= 1500) {
            return Err(Fault::new(format!("the bytes of `{word}` cannot be addressed; use `ether[…]`"), at));
        }
        if !self.accept(&Token::OpenBracket) {
            return Err(self.expected(&format!("`[` after `{word}`")));
        }
        let index = self.nested(|parser| parser.sum(0))?;
        let size = if self.accept(&Token::Colon) { self.size()? } else { Size::Byte };
        if !self.accept(&Token::CloseBracket) {
            return Err(self.expected("`]`, `:` or an operator"));
        }
        Ok(Arith::Bytes { of, index: Box::new(index), size })
    }

    fn size(&mut self) -> Result<Size, Fault> {
        let at = self.at();
        match self.plain_number("a size of 1, 2 or 4 bytes")? {
            1 => Ok(Size::Byte),
            2 => Ok(Size::Half),
            4 => Ok(Size::Word),
            other => Err(Fault::new(format!("expected a size of 1, 2 or 4 bytes, not {other}"), at)),
        }
    }
}

/// Joins two numbers, computing what is known already.
fn combine(math: Math, left: Arith, right: Arith) -> Result<Arith, &'static str> {
    match (math, &right) {
        (Math::Divide | Math::Modulo, Arith::Number(0)) => return Err("division by zero"),
        (Math::ShiftLeft | Math::ShiftRight, Arith::Number(32..)) => return Err("numbers have 32 bits: shift by less"),
        _ => {}
    }
    match (&left, &right) {
        (Arith::Number(a), Arith::Number(b)) => Ok(Arith::Number(math.apply(*a, *b).unwrap_or(0))),
        _ => Ok(Arith::Binary(math, Box::new(left), Box::new(right))),
    }
}
