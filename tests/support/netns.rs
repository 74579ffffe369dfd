//! A laboratory for live capture: a process of its own in new namespaces, and two hosts on one cable inside it.
//!
//! Works for ordinary users too, where the system lets them make user namespaces.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::thread::{self, JoinHandle};

use egret::capture::wall::Stopwatch;
use egret::capture::{Capture, interfaces};
use egret::engine::Engine;
use egret::model::{Event, InterfaceCounters, Timestamp};
use egret::sys::namespace;

use std::time::Duration;

pub(crate) const NEAR: &str = "10.77.0.1";
pub(crate) const FAR: &str = "10.77.0.2";
/// Longer than anything here takes; a test that reaches it has failed.
pub(crate) const ENOUGH: Duration = Duration::from_secs(20);

const MARK: &str = "EGRET_TEST_IN_NAMESPACE";

/// What a test gets a namespace of its own of.
pub(crate) enum Own {
    /// Users and network: it may capture.
    Network,
    /// Network alone: real root's, with every user there is.
    #[allow(dead_code, reason = "only some of the tests need several users")]
    NetworkAlone,
    /// Users alone: it has no rights over the network it sees.
    Users,
}

/// Runs `body` in a copy of this test process with namespaces of its own; `test` is the name of the test.
pub(crate) fn inside(test: &str, own: &Own, body: impl FnOnce()) {
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    let flags = match own {
        Own::Network => "-Urn",
        Own::NetworkAlone => "-n",
        Own::Users => "-Ur",
    };
    for needed in [Command::new("unshare").args([flags, "true"]), Command::new("ip").arg("-V")] {
        if let Some(why) = refused(needed) {
            return skip(test, &why);
        }
    }
    let this = std::env::current_exe().unwrap();
    let done = Command::new("unshare")
        .args([flags, "--"])
        .arg(this)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    println!("{out}");
    assert!(done.status.success(), "{test} failed in its namespace:\n{out}\n{err}");
    assert!(out.contains("1 passed"), "{test} did not run in its namespace:\n{out}");
}

fn refused(command: &mut Command) -> Option<String> {
    match command.output() {
        Ok(done) if done.status.success() => None,
        Ok(done) => Some(format!("{command:?} was refused: {}", String::from_utf8_lossy(&done.stderr).trim())),
        Err(error) => Some(format!("{command:?} cannot run: {error}")),
    }
}

/// Says loudly that a test did not run, and fails where that may not be.
pub(crate) fn skip(test: &str, why: &str) {
    println!("SKIPPED {test}: {why}");
    eprintln!("SKIPPED {test}: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} may not be skipped in CI: {why}");
}

/// Runs `ip` in the calling thread's namespace.
pub(crate) fn ip(words: &str) {
    if let Some(why) = refused(Command::new("ip").args(words.split_whitespace())) {
        panic!("{why}");
    }
}

/// Waits until an interface sends what it is given: the kernel sets its queue going some time after its carrier.
pub(crate) fn until_ready(interface: &str) {
    let watch = Stopwatch::start();
    let told = || Command::new("ip").args(["link", "show", interface]).output().unwrap().stdout;
    while !String::from_utf8(told()).unwrap().contains(" state UP ") {
        assert!(watch.elapsed() < ENOUGH, "{interface} does not come up");
    }
}

/// This process's network namespace is the near host; a second one is the far host; `near0` and `far0` join them.
pub(crate) struct Lab {
    far: File,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let far = thread::spawn(|| {
            namespace::new_network().unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        let lab = Self { far: far.join().unwrap() };
        ip("link set lo up");
        lab.at_far(|| ip("link set lo up"));
        lab.join();
        lab
    }

    /// Lays the cable. Link-local addresses are left out: their announcements would come at moments of their own.
    pub(crate) fn join(&self) {
        ip("link add near0 type veth peer name far0");
        ip("link set near0 addrgenmode none");
        ip(&format!("link set far0 netns /proc/{}/fd/{}", std::process::id(), self.far.as_raw_fd()));
        ip(&format!("addr add {NEAR}/24 dev near0"));
        ip("link set near0 up");
        self.at_far(|| {
            ip("link set far0 addrgenmode none");
            ip(&format!("addr add {FAR}/24 dev far0"));
            ip("link set far0 up");
            until_ready("far0");
        });
        until_ready("near0");
    }

    /// Starts something on the far host.
    pub(crate) fn start_far<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let namespace = self.far.try_clone().unwrap();
        thread::spawn(move || {
            namespace::enter_network(namespace.as_fd()).unwrap();
            work()
        })
    }

    /// Does something on the far host.
    pub(crate) fn at_far<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        self.start_far(work).join().unwrap()
    }
}

/// Sends whole link-layer frames by an interface of the calling thread's namespace.
pub(crate) fn send_frames(interface: &str, frames: &[Vec<u8>]) {
    use pnet::datalink::{self, Channel, Config};
    let interface = datalink::interfaces().into_iter().find(|one| one.name == interface).unwrap();
    let config = Config { write_buffer_size: 1 << 16, promiscuous: false, ..Config::default() };
    let Channel::Ethernet(mut sender, _) = datalink::channel(&interface, config).unwrap() else {
        panic!("no Ethernet channel")
    };
    for frame in frames {
        sender.send_to(frame, None).unwrap().unwrap();
    }
}

pub(crate) fn counters(interface: &str) -> InterfaceCounters {
    interfaces::counters()[interface]
}

/// Hands an event of a ring to an engine; nothing but frames may come, and what is said of time and interfaces.
#[allow(dead_code, reason = "not every test here has an engine")]
pub(crate) fn feed(engine: &mut Engine, event: &Event<'_>) {
    match event {
        Event::Frames(frames) => engine.take(Event::Frames(frames)),
        Event::Quiet(at) => engine.take(Event::Quiet(*at)),
        Event::Interface(at, info) => engine.take(Event::Interface(*at, info.clone())),
        Event::Sockets(..) | Event::Counted(..) => panic!("a ring gives frames"),
    }
}

/// Reads until `done` says so, handing every event to it.
pub(crate) fn read_until(capture: &mut dyn Capture, mut done: impl FnMut(&Event<'_>) -> bool) {
    let watch = Stopwatch::start();
    let mut finished = false;
    while !finished {
        assert!(watch.elapsed() < ENOUGH, "what was waited for did not come");
        capture.read(Duration::from_millis(20), &mut |event| finished |= done(&event)).unwrap();
    }
}

/// Reads all that was sent before now.
pub(crate) fn read_all(capture: &mut dyn Capture, mut each: impl FnMut(&Event<'_>)) {
    let now = egret::capture::wall::now();
    read_until(capture, |event| {
        each(event);
        matches!(event, Event::Quiet(at) if *at >= now)
    });
}

/// A moment that all of `from` is before.
pub(crate) fn is_recent(at: Timestamp) -> bool {
    egret::capture::wall::now().since(at) < ENOUGH
}
