//! A program on a pseudo-terminal, and what a terminal would show of it.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Receiver;
use egret::capture::wall::Stopwatch;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

/// How long anything may take. Generous: the machine may be busy.
const LONGEST: Duration = Duration::from_secs(20);

pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    /// Kept open so that the terminal outlives the program, as a shell keeps it.
    slave: Option<Box<dyn SlavePty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    writer: Option<Box<dyn Write + Send>>,
    output: Receiver<Vec<u8>>,
    is_watched: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// Settings of the terminal before the program ran.
    pub before: String,
}

fn size(columns: u16, lines: u16) -> PtySize {
    PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn not_zero(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Pty {
    pub fn start(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(80, 24)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        command.env("RUST_BACKTRACE", "0");
        for (name, value) in environment {
            command.env(name, value);
        }
        let before = format!("{:?}", pair.master.get_termios().unwrap());
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = crossbeam_channel::bounded(1_024);
        let is_watched = Arc::new(AtomicBool::new(true));
        let watched = Arc::clone(&is_watched);
        let watcher = std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if !watched.load(Ordering::SeqCst) || send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            writer: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            slave: Some(pair.slave),
            child,
            output,
            is_watched,
            watcher: Some(watcher),
            parser: vt100::Parser::new(not_zero(24), not_zero(80), 0),
            raw: Vec::new(),
            before,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Takes in what the program has written; waits a little for it.
    fn take(&mut self) {
        if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(10)) {
            self.parser.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    pub fn wait_until(&mut self, mut is_so: impl FnMut(&Self) -> bool) {
        let clock = Stopwatch::start();
        while !is_so(self) {
            self.take();
            assert!(clock.elapsed() < LONGEST, "not in time; on screen:\n{}", self.text());
        }
    }

    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(|pty| pty.text().contains(text));
    }

    /// The exit code, once all output has come.
    pub fn wait_for_end(&mut self) -> u32 {
        let clock = Stopwatch::start();
        loop {
            self.take();
            if let Some(status) = self.child.try_wait().unwrap() {
                while !self.output.is_empty() {
                    self.take();
                }
                self.take();
                return status.exit_code();
            }
            assert!(clock.elapsed() < LONGEST, "it does not end; on screen:\n{}", self.text());
        }
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub fn text(&self) -> String {
        self.screen().contents()
    }

    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub fn settings(&self) -> String {
        format!("{:?}", self.master.as_ref().unwrap().get_termios().unwrap())
    }

    pub fn write(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
    }

    pub fn resize(&mut self, columns: u16, lines: u16) {
        self.parser.screen_mut().set_size(not_zero(lines), not_zero(columns));
        self.master.as_ref().unwrap().resize(size(columns, lines)).unwrap();
    }

    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub fn wait_until_stopped(&mut self) {
        let pid = self.pid();
        self.wait_until(|_| state(pid) == Some('T'));
    }

    /// The window is closed. `key` is one that makes the program write, so that its watcher wakes and lets go too.
    pub fn hang_up(&mut self, key: &[u8]) {
        self.is_watched.store(false, Ordering::SeqCst);
        self.write(key);
        self.watcher.take().unwrap().join().unwrap();
        self.writer = None;
        self.slave = None;
        self.master = None;
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// State of a process: `R`, `S`, `T`, `Z`; none once it is gone (proc(5)).
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// Waits until a process is gone, or only waits for its parent to ask how it ended.
pub fn wait_until_gone(pid: u32) {
    let clock = Stopwatch::start();
    let (_keep, nothing) = crossbeam_channel::bounded::<()>(0);
    while !matches!(state(pid), None | Some('Z')) {
        let _ = nothing.recv_timeout(Duration::from_millis(10));
        assert!(clock.elapsed() < LONGEST, "it is still there");
    }
}
