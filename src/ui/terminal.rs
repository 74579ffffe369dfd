//! The terminal: taken over, and given back as it was, whatever happens.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};
use parking_lot::Mutex;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::snapshot::Snapshot;
use crate::sys::Wake;

use super::app::App;
use super::draw::draw;

/// Whether the terminal is ours at present. One process has one terminal, and the panic hook has to find it.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// The terminal tells what the mouse does, and is to be told to stop before it is given back.
static MOUSE: AtomicBool = AtomicBool::new(false);
/// A thread has panicked while the terminal was ours.
static BROKEN: AtomicBool = AtomicBool::new(false);
/// Held while a frame is written, so that none is written over what a panicking thread has to say.
static WRITING: Mutex<()> = Mutex::new(());
/// How long a panicking thread waits for a frame to be finished. It may be its own that never will.
const FRAME: Duration = Duration::from_millis(200);

/// The terminal while it is ours. Dropping it gives it back.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    hook: Option<Hook>,
}

type Hook = Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Sync + Send>;

impl Screen {
    /// Takes it. A thread that panics gives it back and wakes whoever draws.
    pub(super) fn take(wake: Wake) -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::other("standard output is not one"));
        }
        if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            return Err(io::Error::other("TERM is dumb, which has no screen"));
        }
        enter()?;
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout())));
        let terminal = terminal.inspect_err(|_| leave())?;
        let before: Hook = Arc::from(panic::take_hook());
        let then = Arc::clone(&before);
        panic::set_hook(Box::new(move |info| {
            let frame = WRITING.try_lock_for(FRAME);
            BROKEN.store(TAKEN.load(Ordering::SeqCst), Ordering::SeqCst);
            leave();
            drop(frame);
            then(info);
            wake.wake();
        }));
        Ok(Self { terminal, hook: Some(before) })
    }

    /// Whether a thread has panicked. The terminal has been given back then.
    pub(super) fn is_broken() -> bool {
        BROKEN.load(Ordering::SeqCst)
    }

    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    pub(super) fn draw(&mut self, app: &App, snapshot: &Snapshot) -> io::Result<()> {
        let _frame = WRITING.lock();
        if !TAKEN.load(Ordering::SeqCst) {
            return Ok(());
        }
        // One update, so that no terminal shows half a frame (DEC private mode 2026; others ignore it).
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| draw(app, frame, snapshot))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Has the terminal tell what the mouse does, or leaves the mouse to it.
    pub(super) fn mouse(&mut self, is_wanted: bool) -> io::Result<()> {
        MOUSE.store(is_wanted, Ordering::SeqCst);
        let out = self.terminal.backend_mut();
        if is_wanted { execute!(out, EnableMouseCapture) } else { execute!(out, DisableMouseCapture) }
    }

    /// Forgets what is on the screen: the next frame is drawn whole.
    pub(super) fn repaint(&mut self) -> io::Result<()> {
        // Not `clear`, which asks the terminal where its cursor is and waits two seconds for an answer.
        let (width, height) = self.size()?;
        self.terminal.resize(Rect::new(0, 0, width, height))
    }

    /// Takes it again, in whatever state it is by now.
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        leave();
        enter()?;
        self.repaint()
    }

    /// Puts text on the clipboard of the operator's own terminal, over SSH too (OSC 52).
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal back and leaves the last screen on it as plain text.
    pub(super) fn leave_behind(mut self, app: &App, snapshot: &Snapshot) -> io::Result<()> {
        let text = text_of(self.terminal.draw(|frame| draw(app, frame, snapshot))?.buffer);
        leave();
        let mut out = io::stdout();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
        if let (Some(before), false) = (self.hook.take(), std::thread::panicking()) {
            let _ = panic::take_hook();
            panic::set_hook(Box::new(move |info| before(info)));
        }
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste).inspect_err(|_| leave())?;
    if MOUSE.load(Ordering::SeqCst) { execute!(io::stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// Gives the terminal back as it was, for a while or for good; once. There is nobody to tell if a terminal that is gone refuses.
pub(super) fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        if MOUSE.load(Ordering::SeqCst) {
            let _ = execute!(io::stdout(), DisableMouseCapture);
        }
        let _ = execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// What is on a screen as lines of text.
pub(crate) fn text_of(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let line: String = (area.left()..area.right())
            .filter_map(|x| buffer.cell((x, y)))
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
