//! Cuts a capture filter into words and signs, each with its place in the text.

use super::Fault;

/// One word or sign of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, number, address, range or name.
    Word(String),
    /// A word after a backslash: a name, never a keyword.
    Escaped(String),
    And,
    Or,
    Not,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Colon,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Ampersand,
    Pipe,
    Caret,
    ShiftLeft,
    ShiftRight,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    End,
}

impl Token {
    /// As the person typed it, for messages.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Word(word) | Self::Escaped(word) => word,
            Self::And => "and",
            Self::Or => "or",
            Self::Not => "not",
            Self::End => "the end",
            sign => SIGNS.iter().rfind(|(_, token)| token == sign).map_or("", |(text, _)| text),
        }
    }
}

/// The signs, the longer before those they begin with.
const SIGNS: &[(&str, Token)] = &[
    ("&&", Token::And),
    ("||", Token::Or),
    ("<<", Token::ShiftLeft),
    (">>", Token::ShiftRight),
    ("==", Token::Equal),
    ("!=", Token::NotEqual),
    ("<=", Token::LessOrEqual),
    (">=", Token::GreaterOrEqual),
    ("!", Token::Not),
    ("=", Token::Equal),
    ("<", Token::Less),
    (">", Token::Greater),
    ("(", Token::Open),
    (")", Token::Close),
    ("[", Token::OpenBracket),
    ("]", Token::CloseBracket),
    (":", Token::Colon),
    ("+", Token::Plus),
    ("-", Token::Minus),
    ("*", Token::Star),
    ("/", Token::Slash),
    ("%", Token::Percent),
    ("&", Token::Ampersand),
    ("|", Token::Pipe),
    ("^", Token::Caret),
];

/// A token and the character position of its first character.
#[derive(Clone, Debug)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// The tokens of `text`; the last one is [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<Lexeme>, Fault> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    let mut bracketed = 0_usize;
    while let Some(&first) = chars.get(at) {
        if first.is_whitespace() {
            at += 1;
            continue;
        }
        let rest = chars.get(at..).unwrap_or_default();
        let (token, length) = next(rest, bracketed > 0, at)?;
        match token {
            Token::OpenBracket => bracketed += 1,
            Token::CloseBracket => bracketed = bracketed.saturating_sub(1),
            _ => {}
        }
        found.push(Lexeme { token, at });
        at += length;
    }
    found.push(Lexeme { token: Token::End, at: chars.len() });
    Ok(found)
}

/// The token at the beginning of `rest`, and how many characters it takes.
fn next(rest: &[char], bracketed: bool, at: usize) -> Result<(Token, usize), Fault> {
    if let ['\\', name @ ..] = rest {
        let length = word_length(name, bracketed);
        if length == 0 {
            return Err(Fault::new("expected a protocol name after the backslash", at));
        }
        return Ok((Token::Escaped(name.iter().take(length).collect()), length + 1));
    }
    let length = word_length(rest, bracketed);
    if length > 0 {
        let word: String = rest.iter().take(length).collect();
        let token = match word.as_str() {
            "and" => Token::And,
            "or" => Token::Or,
            "not" => Token::Not,
            _ => Token::Word(word),
        };
        return Ok((token, length));
    }
    for (sign, token) in SIGNS {
        if sign.chars().eq(rest.iter().copied().take(sign.len())) {
            return Ok((token.clone(), sign.len()));
        }
    }
    let what: String = rest.iter().take(1).flat_map(|c| c.escape_debug()).collect();
    Err(Fault::new(format!("`{what}` has no meaning in a capture filter"), at))
}

/// How many characters from the start belong to one word.
///
/// Between brackets a colon separates offset and size, and a dash after a number subtracts; elsewhere
/// both are parts of addresses and ranges.
fn word_length(rest: &[char], bracketed: bool) -> usize {
    let begins = match rest {
        [first, ..] if first.is_ascii_alphanumeric() => true,
        [':', ':', ..] => !bracketed,
        _ => false,
    };
    if !begins {
        return 0;
    }
    let number = rest.first().is_some_and(char::is_ascii_digit);
    let belongs = |c: &char| match c {
        '.' | '_' => true,
        '-' => !(bracketed && number),
        ':' => !bracketed,
        other => other.is_ascii_alphanumeric(),
    };
    rest.iter().take_while(|c| belongs(c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        lex(text).unwrap().iter().map(|lexeme| lexeme.token.text().to_owned()).collect()
    }

    #[test]
    fn addresses_and_ranges_are_single_words() {
        let text = "net 2001:db8::/32 or ether host 0:1:2:3:4:5 || portrange 20-25";
        let expected = [
            "net",
            "2001:db8::",
            "/",
            "32",
            "or",
            "ether",
            "host",
            "0:1:2:3:4:5",
            "or",
            "portrange",
            "20-25",
            "the end",
        ];
        assert_eq!(tokens(text), expected);
    }

    #[test]
    fn brackets_change_colon_and_dash() {
        assert_eq!(tokens("ip[6-4:2]"), ["ip", "[", "6", "-", "4", ":", "2", "]", "the end"]);
        assert_eq!(tokens("tcp[tcp-syn]"), ["tcp", "[", "tcp-syn", "]", "the end"]);
    }

    #[test]
    fn a_foreign_character_is_pointed_at() {
        let fault = lex("port é").unwrap_err();
        assert_eq!(fault.at, 5);
        assert!(fault.message.contains('é'), "{}", fault.message);
    }
}
