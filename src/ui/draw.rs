//! The whole screen from the state and a snapshot. Pure: no clock, no lock, no I/O.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::snapshot::Snapshot;

use super::app::App;
use super::layout::{LEAST, Layout};
use super::paint::put;
use super::views::view;
use super::{footer, graph, header};

/// Draws a frame.
pub fn draw(app: &App, frame: &mut Frame<'_>, snapshot: &Snapshot) {
    let area = frame.area();
    screen(app, frame.buffer_mut(), area, snapshot);
}

fn screen(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    buf.set_style(area, app.options.look.theme.text);
    if area.width < LEAST.0 || area.height < LEAST.1 || app.size != (area.width, area.height) {
        too_small(app, buf, area);
        return;
    }
    let layout = Layout::of(app, snapshot);
    header::draw(app, buf, &layout, snapshot);
    graph::draw(buf, layout.graph, layout.graph_out, snapshot, &app.options);
    let view = view(app.view);
    (view.draw)(app, buf, layout.body, snapshot);
    if layout.details.height > 0 {
        (view.details)(app, buf, layout.details, snapshot);
    }
    footer::draw(app, buf, &layout, snapshot);
    if let Some(overlay) = &app.overlay {
        overlay.draw(buf, area, app, snapshot);
    }
}

fn too_small(app: &App, buf: &mut Buffer, area: Rect) {
    let theme = app.options.look.theme;
    let lines = [
        "terminal too small".to_owned(),
        format!("{}x{}, needs {}x{}", area.width, area.height, LEAST.0, LEAST.1),
        "q quit".to_owned(),
    ];
    for (line, text) in lines.iter().enumerate() {
        put(buf, area, 0, line as u16, area.width, text, theme.text);
    }
}
