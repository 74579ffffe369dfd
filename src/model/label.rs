//! Text from outside, made printable when it is made.

use std::fmt;
use std::sync::Arc;

/// A short text that came from the network or another program (SNI, host name, comm, interface).
///
/// Built only through [`Label::new`] and [`Label::from_bytes`], which escape everything that could
/// move a cursor, change colours, reorder text or hide: control characters (C0, DEL, C1), bidi and
/// zero-width marks, variation selectors, tag characters, private use. So a label can go to a
/// terminal, a log or a sink as it is. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

impl Label {
    /// The most characters kept; the longest DNS name is 253.
    pub const MAX_CHARS: usize = 255;

    pub fn new(text: &str) -> Self {
        if text.len() <= Self::MAX_CHARS && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Self(Arc::from(text));
        }
        Self(Arc::from(printable(text)))
    }

    /// The same from bytes; what is not UTF-8 becomes U+FFFD.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        // Four bytes is the longest character, so nothing that would be kept is cut here.
        let head = bytes.get(..Self::MAX_CHARS * 4).unwrap_or(bytes);
        Self::new(&String::from_utf8_lossy(head))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(Label::MAX_CHARS * 4));
    for (index, c) in text.chars().enumerate() {
        if index == Label::MAX_CHARS {
            out.push('…');
            break;
        }
        if is_printable(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// Whether a character may reach a terminal. See Unicode TR 36 and 39 for why these may not.
const fn is_printable(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

impl Default for Label {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for Label {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_terminal_would_obey() {
        let text = "A\u{1b}]0;PWN\u{7}B\u{9b}31mC\u{202e}D\r\n\0\tE";
        let label = Label::new(text);
        assert!(label.as_str().chars().all(is_printable), "{label:?}");
        assert!(label.as_str().starts_with("A\\u{1b}]0;PWN\\u{7}B"));
    }

    #[test]
    fn keeps_plain_and_foreign_text() {
        for text in ["www.example.com", "bücher.example", "日本"] {
            assert_eq!(Label::new(text).as_str(), text);
        }
    }

    #[test]
    fn is_bounded() {
        let label = Label::new(&"x".repeat(100_000));
        assert_eq!(label.as_str().chars().count(), Label::MAX_CHARS + 1);
        assert_eq!(Label::from_bytes(&[0xff, b'a']).as_str(), "\u{fffd}a");
    }
}
