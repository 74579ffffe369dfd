//! The bandwidth graph: out above the line, in below it, the latest second at the right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::snapshot::Snapshot;

use super::options::UiOptions;
use super::paint::put_right;
use super::theme::Glyphs;

/// Columns to the left for the highest value of each half.
const AXIS: u16 = 9;

pub(super) fn draw(buf: &mut Buffer, area: Rect, lines_out: u16, snapshot: &Snapshot, options: &UiOptions) {
    if area.height < 2 || area.width <= AXIS + 2 {
        return;
    }
    let theme = options.look.theme;
    let plot = Rect { x: area.x + AXIS, width: area.width - AXIS, ..area };
    let per_column = if options.look.glyphs == Glyphs::Unicode { 2 } else { 1 };
    let shown = usize::from(plot.width) * per_column;
    let past = snapshot.graph.get(snapshot.graph.len().saturating_sub(shown)..).unwrap_or_default();
    let out: Vec<u64> = past.iter().map(|(out, _)| *out).collect();
    let back: Vec<u64> = past.iter().map(|(_, back)| *back).collect();
    let upper = Rect { height: lines_out, ..plot };
    let lower = Rect { y: plot.y + lines_out, height: area.height - lines_out, ..plot };
    for (half, values, rises, style) in [(upper, &out, true, theme.graph_out), (lower, &back, false, theme.graph_in)] {
        let max = values.iter().copied().max().unwrap_or(0);
        columns(buf, half, values, max, rises, options.look.glyphs, style);
        let (arrow, line) = if rises {
            (options.look.glyphs.pick("▲", "^"), 0)
        } else {
            (options.look.glyphs.pick("▼", "v"), half.height - 1)
        };
        let text = format!("{} {arrow}", options.unit.rate(max));
        put_right(buf, Rect { width: AXIS, x: area.x, ..half }, 0, line, AXIS - 1, &text, theme.dim);
    }
}

/// Draws values from the right edge leftwards; `rises` from the bottom up, else from the top down.
fn columns(buf: &mut Buffer, area: Rect, values: &[u64], max: u64, rises: bool, glyphs: Glyphs, style: Style) {
    if max == 0 || area.height == 0 {
        return;
    }
    let per_column = if glyphs == Glyphs::Unicode { 2 } else { 1 };
    let levels = u64::from(area.height) * if glyphs == Glyphs::Unicode { 4 } else { 2 };
    // Something is never drawn as nothing.
    let level = |value: u64| (u128::from(value) * u128::from(levels)).div_ceil(u128::from(max)) as u64;
    let heights: Vec<u64> = values.iter().map(|value| level(*value)).collect();
    for (column, pair) in heights.rchunks(per_column).enumerate() {
        let Some(x) = (area.x + area.width).checked_sub(1 + column as u16).filter(|x| *x >= area.x) else { break };
        let (left, right) = match pair {
            [left, right] => (*left, *right),
            [only] => (0, *only),
            _ => continue,
        };
        for line in 0..area.height {
            let from_base = u64::from(if rises { area.height - 1 - line } else { line });
            let text = if glyphs == Glyphs::Unicode {
                braille(part(left, from_base, 4), part(right, from_base, 4), rises)
            } else {
                plain(part(right, from_base, 2), rises).to_owned()
            };
            if let Some(cell) = buf.cell_mut((x, area.y + line)).filter(|_| text != " ") {
                cell.set_symbol(&text).set_style(style);
            }
        }
    }
}

const fn plain(filled: u64, rises: bool) -> &'static str {
    match (filled, rises) {
        (0, _) => " ",
        (1, true) => ".",
        (1, false) => "'",
        _ => "#",
    }
}

/// How much of a height falls into the cell that is `cell` cells from the base.
const fn part(height: u64, cell: u64, per_cell: u64) -> u64 {
    let above = height.saturating_sub(cell * per_cell);
    if above > per_cell { per_cell } else { above }
}

/// A braille cell with two columns of dots, each filled from the bottom or from the top (Unicode 8.0, U+2800).
fn braille(left: u64, right: u64, rises: bool) -> String {
    // Dots of each column from the top down.
    const LEFT: [u32; 4] = [0x01, 0x02, 0x04, 0x40];
    const RIGHT: [u32; 4] = [0x08, 0x10, 0x20, 0x80];
    let dots = |dots: [u32; 4], filled: u64| {
        let filled = filled as usize;
        let lit: u32 = if rises { dots.iter().rev().take(filled).sum() } else { dots.iter().take(filled).sum() };
        lit
    };
    match dots(LEFT, left) + dots(RIGHT, right) {
        0 => " ".to_owned(),
        bits => char::from_u32(0x2800 + bits).map_or_else(|| " ".to_owned(), String::from),
    }
}

/// A line of small bars, the latest at the right, of the highest of them.
pub(super) fn spark(values: &[u32], width: usize, glyphs: Glyphs) -> String {
    let per_column = values.len().div_ceil(width.max(1)).max(1);
    let peaks: Vec<u32> = values.rchunks(per_column).map(|chunk| chunk.iter().copied().max().unwrap_or(0)).collect();
    let max = peaks.iter().copied().max().unwrap_or(0);
    let steps = glyphs.steps();
    peaks
        .iter()
        .rev()
        .map(|peak| match (*peak, max) {
            (0, _) | (_, 0) => " ",
            (peak, max) => {
                let step = (u64::from(peak) * 8).div_ceil(u64::from(max)).clamp(1, 8) as usize;
                steps.get(step - 1).copied().unwrap_or(" ")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_keeps_small_values_visible_and_nothing_blank() {
        assert_eq!(spark(&[0, 1, 500, 1_000], 4, Glyphs::Unicode), " ▁▄█");
        assert_eq!(spark(&[0, 0, 3, 9, 0, 0], 3, Glyphs::Unicode), " █ ");
        assert_eq!(spark(&[0; 20], 10, Glyphs::Ascii), " ".repeat(10));
    }

    #[test]
    fn the_two_halves_meet_at_the_line_between_them() {
        let area = Rect::new(0, 0, 1, 2);
        let mut buf = Buffer::empty(area);
        columns(&mut buf, Rect::new(0, 0, 1, 1), &[4, 2], 4, true, Glyphs::Unicode, Style::new());
        columns(&mut buf, Rect::new(0, 1, 1, 1), &[4, 2], 4, false, Glyphs::Unicode, Style::new());
        assert_eq!((buf[(0, 0)].symbol(), buf[(0, 1)].symbol()), ("⣧", "⡟"));
    }
}
