//! Putting text into cells, cut to the room there is.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

/// Columns that a text takes on screen.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { Span::raw(text).width() }
}

/// The text, with its end replaced by `…` if it is wider than `room`.
pub(super) fn clip(text: &str, room: usize) -> Cow<'_, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut taken = 0;
    for c in text.chars() {
        let wide = width(c.encode_utf8(&mut [0; 4]));
        if taken + wide + 1 > room {
            break;
        }
        taken += wide;
        kept.push(c);
    }
    if room > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// Writes a text from `x` on, into at most `room` columns of an area's line. Gives the column after it.
pub(super) fn put(buf: &mut Buffer, area: Rect, x: u16, line: u16, room: u16, text: &str, style: Style) -> u16 {
    if line >= area.height || x >= area.width {
        return x;
    }
    let room = room.min(area.width - x);
    let (end, _) = buf.set_stringn(area.x + x, area.y + line, clip(text, room.into()), room.into(), style);
    end.saturating_sub(area.x)
}

/// The same, ending at the right edge of `room`.
pub(super) fn put_right(buf: &mut Buffer, area: Rect, x: u16, line: u16, room: u16, text: &str, style: Style) {
    let wide = width(text).min(room.into()) as u16;
    put(buf, area, x + (room - wide), line, wide, text, style);
}

/// A cell of a table, `(x, room)` wide: numbers end at its right edge, texts begin at its left.
pub(super) fn cell(
    buf: &mut Buffer,
    area: Rect,
    (x, room): (u16, u16),
    line: u16,
    is_number: bool,
    text: &str,
    style: Style,
) {
    if is_number {
        put_right(buf, area, x, line, room, text, style);
    } else {
        put(buf, area, x, line, room, text, style);
    }
}

/// Gives a style to a stretch of a line, over what stands there.
pub(super) fn tint(buf: &mut Buffer, area: Rect, x: u16, line: u16, room: u16, style: Style) {
    if line < area.height && x < area.width {
        buf.set_style(Rect::new(area.x + x, area.y + line, room.min(area.width - x), 1), style);
    }
}

/// Breaks a text at blanks into lines of at most `room` columns; longer words are cut.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(clip(word, room).into_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_not_by_characters() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abcde…");
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("abc", 0), "");
    }

    #[test]
    fn text_is_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 4), ["unb…"]);
        assert!(wrap("  ", 4).is_empty());
    }
}
