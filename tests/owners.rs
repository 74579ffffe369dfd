//! Owners of live conversations, on two hosts in namespaces of their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    dead_code,
    reason = "a test"
)]

#[path = "support/asker.rs"]
mod asker;
#[path = "support/netns.rs"]
mod netns;

use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use asker::{Asker, bash, copy_of_bash, end, said};
use crossbeam_channel::bounded;
use egret::capture::wall::Stopwatch;
use egret::host::diag::Diag;
use egret::host::owners::OwnerWorker;
use egret::host::processes::Processes;
use egret::model::{Confidence, Endpoint, FlowKey, Protocol, Rungs};
use netns::{ENOUGH, FAR, Lab, NEAR, Own, inside};

/// A shell that opens a connection, says so, and keeps it until its input ends.
struct Caller {
    child: Child,
    near: TcpStream,
    from: u16,
}

/// The far host listens on a port; `near` side programs connect to it.
struct Far {
    listener: TcpListener,
    port: u16,
}

impl Far {
    fn new(lab: &Lab) -> Self {
        let listener = lab.at_far(|| TcpListener::bind((FAR, 0)).unwrap());
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// Runs a shell of this path that connects here.
    fn called_by(&self, shell: &Path) -> Caller {
        let script = format!("exec 3<>/dev/tcp/{FAR}/{}; read _", self.port);
        let child = Command::new(shell).args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let (near, from) = self.listener.accept().unwrap();
        Caller { child, near, from: from.port() }
    }

    fn at(&self) -> Endpoint {
        end(FAR, self.port)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

#[test]
fn a_connection_has_the_program_that_opened_it() {
    inside("a_connection_has_the_program_that_opened_it", &Own::Network, || {
        let lab = Lab::new();
        let far = Far::new(&lab);
        let asker = Asker::new();
        let caller = far.called_by(&bash());
        let owner = asker.ask(Protocol::TCP, end(NEAR, caller.from), far.at()).unwrap();
        assert_eq!(
            (owner.pid, owner.exe.as_str(), owner.comm.as_str()),
            (caller.child.id(), bash().to_str().unwrap(), "bash")
        );
        assert_eq!((owner.uid, owner.confidence), (Some(0), Confidence::Exact));
        // A port that nobody has gives nobody, though the program talks to the same place.
        let other = if caller.from == 65_535 { 1_024 } else { caller.from + 1 };
        assert_eq!(asker.ask(Protocol::TCP, end(NEAR, other), far.at()), None);
    });
}

#[test]
fn two_programs_at_one_place_are_never_mixed_up() {
    inside("two_programs_at_one_place_are_never_mixed_up", &Own::Network, || {
        let folder = tempfile::tempdir().unwrap();
        let shells = [bash(), copy_of_bash(folder.path(), "other")];
        let lab = Lab::new();
        let far = Far::new(&lab);
        let asker = Asker::new();
        let callers: Vec<(usize, Caller)> = (0..8).map(|n| (n % 2, far.called_by(&shells[n % 2]))).collect();
        for (which, caller) in &callers {
            let owner = asker.ask(Protocol::TCP, end(NEAR, caller.from), far.at()).unwrap();
            assert_eq!((owner.pid, owner.exe.as_str()), (caller.child.id(), shells[*which].to_str().unwrap()));
        }
    });
}

#[test]
fn a_removed_executable_is_told_as_removed() {
    inside("a_removed_executable_is_told_as_removed", &Own::Network, || {
        let folder = tempfile::tempdir().unwrap();
        let shell = copy_of_bash(folder.path(), "gone");
        let lab = Lab::new();
        let far = Far::new(&lab);
        let caller = far.called_by(&shell);
        std::fs::remove_file(&shell).unwrap();
        let owner = Asker::new().ask(Protocol::TCP, end(NEAR, caller.from), far.at()).unwrap();
        assert_eq!(owner.exe.as_str(), format!("{} (deleted)", shell.display()));
    });
}

#[test]
fn what_comes_in_has_the_program_that_listens_or_took_it() {
    inside("what_comes_in_has_the_program_that_listens_or_took_it", &Own::Network, || {
        let lab = Lab::new();
        let asker = Asker::new();
        let listener = TcpListener::bind((NEAR, 0)).unwrap();
        let ours = end(NEAR, listener.local_addr().unwrap().port());
        let port = ours.port;
        let call = move || TcpStream::connect((NEAR, port)).unwrap();
        let far = lab.at_far(call);
        let theirs = end(FAR, far.local_addr().unwrap().port());
        // Nobody has taken it yet: it is the listener's.
        let owner = asker.ask(Protocol::TCP, ours, theirs).unwrap();
        assert_eq!((owner.pid, owner.confidence), (std::process::id(), Confidence::Listener));
        let (taken, _) = listener.accept().unwrap();
        let owner = asker.ask(Protocol::TCP, ours, theirs).unwrap();
        assert_eq!((owner.pid, owner.confidence), (std::process::id(), Confidence::Exact));
        // It ended: what is left is who listens, or who had it.
        drop((taken, far));
        let owner = asker.ask(Protocol::TCP, ours, theirs).unwrap();
        assert_eq!(owner.pid, std::process::id());
    });
}

#[test]
fn a_socket_of_several_processes_is_inherited() {
    inside("a_socket_of_several_processes_is_inherited", &Own::Network, || {
        let lab = Lab::new();
        let far = Far::new(&lab);
        // The shell hands its connection on to a child, and both keep it.
        let script = format!("exec 3<>/dev/tcp/{FAR}/{}; sleep 60 & echo $! >&3; read _; kill $!", far.port);
        let child = Command::new(bash()).args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let (mut near, from) = far.listener.accept().unwrap();
        near.set_read_timeout(Some(ENOUGH)).unwrap();
        assert!(near.read(&mut [0; 16]).unwrap() > 1, "the child has been started");
        let caller = Caller { child, near, from: from.port() };
        let owner = Asker::new().ask(Protocol::TCP, end(NEAR, caller.from), far.at()).unwrap();
        assert_eq!((owner.pid, owner.confidence), (caller.child.id(), Confidence::Inherited));
    });
}

#[test]
fn udp_with_and_without_a_connection() {
    inside("udp_with_and_without_a_connection", &Own::Network, || {
        let lab = Lab::new();
        let asker = Asker::new();
        let sink = lab.at_far(|| UdpSocket::bind((FAR, 0)).unwrap());
        let theirs = end(FAR, sink.local_addr().unwrap().port());
        let connected = UdpSocket::bind((NEAR, 0)).unwrap();
        connected.connect((FAR, theirs.port)).unwrap();
        let loose = UdpSocket::bind("0.0.0.0:0").unwrap();
        let both = UdpSocket::bind("[::]:0").unwrap();
        let me = std::process::id();
        for (socket, confidence) in
            [(&connected, Confidence::Exact), (&loose, Confidence::Listener), (&both, Confidence::Listener)]
        {
            let port = socket.local_addr().unwrap().port();
            let owner = asker.ask(Protocol::UDP, end(NEAR, port), theirs).unwrap();
            assert_eq!((owner.pid, owner.confidence), (me, confidence), "{socket:?}");
        }
    });
}

#[test]
fn a_connection_that_has_ended_is_still_its_programs() {
    inside("a_connection_that_has_ended_is_still_its_programs", &Own::Network, || {
        let lab = Lab::new();
        let far = Far::new(&lab);
        let asker = Asker::new();
        let caller = far.called_by(&bash());
        let (ours, pid) = (end(NEAR, caller.from), caller.child.id());
        assert_eq!(asker.ask(Protocol::TCP, ours, far.at()).unwrap().pid, pid);
        let near = caller.near.try_clone().unwrap();
        drop(caller);
        drop(near);
        let owner = asker.ask(Protocol::TCP, ours, far.at()).unwrap();
        assert_eq!((owner.pid, owner.confidence), (pid, Confidence::Exact));
    });
}

#[test]
fn many_questions_are_bounded_and_none_is_lost_silently() {
    inside("many_questions_are_bounded_and_none_is_lost_silently", &Own::Network, || {
        let _lab = Lab::new();
        let (replies, answers) = bounded(16);
        let worker = OwnerWorker::spawn(replies).unwrap();
        for port in 1..=20_000 {
            worker.ask(FlowKey::new(Protocol::TCP, end(NEAR, port), end(FAR, 1)));
        }
        let watch = Stopwatch::start();
        while worker.tally().waiting() > 0 {
            assert!(watch.elapsed() < ENOUGH, "{:?}", worker.tally());
            let _ = answers.recv_timeout(Duration::from_millis(1));
        }
        let tally = worker.tally();
        assert_eq!(tally.asked + tally.dropped, 20_000);
        assert_eq!((tally.found, tally.unknown), (0, tally.asked));
        assert_eq!(tally.walks, 0, "a socket that is not there is no reason to walk");
    });
}

/// A program that has a UDP port which others may have too.
struct Sharer(Child);

impl Sharer {
    /// Starts it and waits until the port has `count` sockets.
    fn start(program: &Path, port: u16, count: usize) -> Self {
        let words = ["-u", "-l", NEAR, &port.to_string()];
        let child = Command::new(program).args(words).stdin(Stdio::piped()).spawn().unwrap();
        let watch = Stopwatch::start();
        while on_port(port) < count {
            assert!(watch.elapsed() < ENOUGH, "{} does not listen", program.display());
        }
        Self(child)
    }
}

impl Drop for Sharer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn on_port(port: u16) -> usize {
    let mut count = 0;
    Diag::open().unwrap().list(Protocol::UDP, &mut |one| count += usize::from(one.local.port == port)).unwrap();
    count
}

#[test]
fn programs_that_share_a_udp_port_are_a_guess() {
    inside("programs_that_share_a_udp_port_are_a_guess", &Own::Network, || {
        let _lab = Lab::new();
        let folder = tempfile::tempdir().unwrap();
        let Some(nc) = ["/bin/nc.openbsd", "/usr/bin/nc"].iter().find(|path| Path::new(path).exists()) else {
            return netns::skip("programs_that_share_a_udp_port_are_a_guess", "no nc (netcat-openbsd)");
        };
        let nc = std::fs::canonicalize(nc).unwrap();
        let other = folder.path().join("other");
        std::fs::copy(&nc, &other).unwrap();
        let told = || Asker::new().ask(Protocol::UDP, end(NEAR, 5353), end(FAR, 9)).unwrap();
        let first = Sharer::start(&nc, 5353, 1);
        assert_eq!((told().pid, told().confidence), (first.0.id(), Confidence::Listener));
        // Two of one program are one sender.
        let second = Sharer::start(&nc, 5353, 2);
        assert_eq!((told().exe.as_str(), told().confidence), (nc.to_str().unwrap(), Confidence::Listener));
        drop(second);
        let _third = Sharer::start(&other, 5353, 2);
        assert_eq!(told().confidence, Confidence::Guess);
    });
}

/// Runs short programs that each send one packet over loopback, and asks for each after it has ended: whether the
/// answer was right, and no answer at all, in this order.
fn short_lives(asker: &Asker, runs: usize) -> (usize, usize) {
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sink.set_read_timeout(Some(ENOUGH)).unwrap();
    let (mut right, mut unknown) = (0, 0);
    for run in 0..runs {
        let is_udp = run % 2 == 0;
        let to = if is_udp { sink.local_addr().unwrap() } else { listener.local_addr().unwrap() };
        let script = format!("echo x >/dev/{}/127.0.0.1/{}", if is_udp { "udp" } else { "tcp" }, to.port());
        let mut child = Command::new(bash()).args(["-c", &script]).spawn().unwrap();
        let from = if is_udp {
            sink.recv_from(&mut [0; 8]).unwrap().1
        } else {
            let (mut near, from) = listener.accept().unwrap();
            near.read_to_end(&mut Vec::new()).unwrap();
            from
        };
        child.wait().unwrap();
        let protocol = if is_udp { Protocol::UDP } else { Protocol::TCP };
        let at = |at: std::net::SocketAddr| Endpoint::new(at.ip(), at.port());
        match asker.ask(protocol, at(from), at(to)) {
            None => unknown += 1,
            Some(owner) => {
                assert_eq!(owner.pid, child.id(), "never another's: {owner:?}");
                assert_eq!((owner.exe.as_str(), owner.comm.as_str()), (bash().to_str().unwrap(), "bash"));
                assert_eq!(owner.uid, Some(egret::sys::process::effective_user()));
                assert_eq!(owner.cmdline.as_str(), format!("{} -c {script}", bash().display()));
                assert_eq!(owner.parents.first().map(|parent| parent.pid), Some(std::process::id()));
                right += 1;
            }
        }
    }
    (right, unknown)
}

/// Why owners cannot all be found here, if so: loading programs into the kernel needs real rights.
fn lacks() -> Option<String> {
    Some(said(&Asker::new())).filter(|said| !said.is_empty())
}

#[test]
fn programs_that_ended_before_the_question_are_known_whichever_rung_is_missing() {
    let test = "programs_that_ended_before_the_question_are_known_whichever_rung_is_missing";
    if let Some(why) = lacks() {
        return netns::skip(test, &why);
    }
    let (right, unknown) = short_lives(&Asker::new(), 100);
    assert_eq!((right, unknown), (100, 0), "with all");
    for (name, rung) in Rungs::NAMES {
        let (right, unknown) = short_lives(&Asker::with(Rungs::ALL.without(rung)), 30);
        assert_eq!((right, unknown), (30, 0), "without {name}");
    }
}

#[test]
fn what_a_missing_rung_cannot_see_is_unknown_and_said() {
    let test = "what_a_missing_rung_cannot_see_is_unknown_and_said";
    if let Some(why) = lacks() {
        return netns::skip(test, &why);
    }
    let makers = Rungs::BIRTHS.or(Rungs::CALLS);
    let ends = Rungs::DEATHS.or(Rungs::CLOSES);
    let short = "programs that run for less than a second are unknown (turned off)";
    let ended = "sockets that end within a second have no owner (turned off)";
    for (rungs, says, right) in [
        // What waits for the last packets of TCP can still be looked up.
        (Rungs::ALL.without(ends), vec![ended], 2),
        (Rungs::ALL.without(makers).without(Rungs::CLOSES), vec![short], 0),
        (Rungs::LOOKUPS, vec![short, ended], 0),
        (Rungs::DEATHS, vec![short, "lookups are turned off"], 0),
        (Rungs::BIRTHS, vec![ended, "lookups are turned off"], 0),
    ] {
        let asker = Asker::with(rungs);
        let said = said(&asker);
        assert!(says.iter().all(|what| said.contains(what)), "{said}");
        let told = short_lives(&asker, 4);
        assert_eq!(told, (right, 4 - right), "what nobody saw is unknown: {said}");
    }
    let said = said(&Asker::with(Rungs::ALL.without(Rungs::BIRTHS)));
    assert!(said.contains("pings of programs that run for less than a second are unknown"), "{said}");
}

#[test]
fn the_container_of_a_program_that_has_ended_is_known() {
    let test = "the_container_of_a_program_that_has_ended_is_known";
    if let Some(why) = lacks() {
        return netns::skip(test, &why);
    }
    let Some(root) = cgroup_mounts().into_iter().find(|root| root.join("cgroup.controllers").exists()) else {
        return netns::skip(test, "no control groups of version 2 are mounted");
    };
    let id = "5d1f1c2e9a7b5d4c3f0f1c2e9a7b5d4c3f0f1c2e9a7b5d4c3f0f1c2e9a7b5d4c";
    let (groups, path) = Groups::make(&root, &format!("egret-ended.slice/docker-{id}.scope")).unwrap();
    let asker = Asker::new();
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = sink.local_addr().unwrap();
    let script = format!("echo $$ >{}/cgroup.procs; echo x >/dev/udp/127.0.0.1/{}", path.display(), to.port());
    let mut child = Command::new(bash()).args(["-c", &script]).spawn().unwrap();
    let (_, from) = sink.recv_from(&mut [0; 8]).unwrap();
    child.wait().unwrap();
    drop(groups);
    let at = |at: std::net::SocketAddr| Endpoint::new(at.ip(), at.port());
    let owner = asker.ask(Protocol::UDP, at(from), at(to)).unwrap();
    assert_eq!((owner.pid, owner.container.as_ref().map(ToString::to_string)), (child.id(), Some(id[..12].to_owned())));
}

#[test]
fn without_the_right_to_load_programs_that_is_said() {
    inside("without_the_right_to_load_programs_that_is_said", &Own::Network, || {
        netns::ip("link set lo up");
        let said = said(&Asker::new());
        assert!(said.contains("needs CAP_BPF, CAP_PERFMON"), "{said}");
    });
}

#[test]
fn the_compiled_programs_are_what_their_sources_compile_to() {
    let test = "the_compiled_programs_are_what_their_sources_compile_to";
    let version = Command::new("clang").arg("--version").output();
    let Ok(version) = version else { return netns::skip(test, "there is no clang") };
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if !version.contains("clang version 14.") {
        return netns::skip(test, &format!("the programs were compiled by clang 14; here is {version}"));
    }
    let folder = tempfile::tempdir().unwrap();
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/ebpf");
    let done = Command::new("sh").arg(assets.join("build.sh")).arg(folder.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for object in ["sockets.o", "counts.o"] {
        let read = |folder: &Path| std::fs::read(folder.join(object)).unwrap();
        assert!(read(folder.path()) == read(&assets), "{object} is not what its source compiles to: run build.sh");
    }
}

/// Where control groups are mounted that a process may be moved within: version 2, and systemd's own of version 1.
fn cgroup_mounts() -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let is_meant = |kind: &str, options: &str| {
        kind == "cgroup2" || kind == "cgroup" && options.split(',').any(|option| option == "name=systemd")
    };
    let place = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        is_meant(fields[2], fields[3]).then(|| PathBuf::from(fields[1]))
    };
    mounts.lines().filter_map(place).collect()
}

/// Groups made for a test, taken away with it.
struct Groups(Vec<PathBuf>);

impl Drop for Groups {
    fn drop(&mut self) {
        for made in self.0.iter().rev() {
            let watch = Stopwatch::start();
            // A group is busy until its last process has been reaped by the kernel.
            while std::fs::remove_dir(made).is_err() && watch.elapsed() < ENOUGH {}
        }
    }
}

impl Groups {
    fn make(root: &Path, below: &str) -> std::io::Result<(Self, PathBuf)> {
        let mut made = Self(Vec::new());
        let mut path = root.to_owned();
        for part in below.split('/') {
            path.push(part);
            if !path.exists() {
                std::fs::create_dir(&path)?;
                made.0.push(path.clone());
            }
        }
        Ok((made, path))
    }
}

#[test]
fn units_and_containers_are_read_from_real_groups() {
    let test = "units_and_containers_are_read_from_real_groups";
    let id = "3f0f1c2e9a7b5d4c3f0f1c2e9a7b5d4c3f0f1c2e9a7b5d4c3f0f1c2e9a7b5d4c";
    let mounts = cgroup_mounts();
    if mounts.is_empty() {
        return netns::skip(test, "no control groups are mounted");
    }
    for root in mounts {
        let pod = "1f2a3b4c_5d6e_7f80_91a2_b3c4d5e6f708";
        let dashed = pod.replace('_', "-");
        let in_test = |rest: String| format!("egret-test.slice/{rest}");
        // systemd alone, then what twelve runtimes make of it: Docker, Podman, containerd, CRI-O, Kubernetes by
        // systemd and by cgroupfs, LXC, nspawn.
        let cases = [
            (in_test("egret-test.service".to_owned()), Some("egret-test.service"), None),
            (in_test(format!("docker-{id}.scope")), None, Some(id)),
            (in_test(format!("docker/{id}")), None, Some(id)),
            (in_test(format!("libpod-{id}.scope/container")), None, Some(id)),
            (in_test(format!("user@1000.service/libpod-{id}.scope")), None, Some(id)),
            (in_test(format!("nerdctl-{id}.scope")), None, Some(id)),
            (in_test(format!("default/{id}")), None, Some(id)),
            (in_test(format!("kubepods-pod{pod}.slice/crio-{id}.scope")), None, Some(id)),
            (in_test(format!("kubepods-burstable-pod{pod}.slice/cri-containerd-{id}.scope")), None, Some(id)),
            (in_test(format!("kubepods/besteffort/pod{dashed}/{id}")), None, Some(id)),
            (in_test("lxc.payload.web1".to_owned()), None, Some("web1")),
            (in_test("machine-web2.scope".to_owned()), None, Some("web2")),
            (in_test("systemd-nspawn@web3.service".to_owned()), None, Some("web3")),
        ];
        for (below, unit, container) in cases {
            let made = Groups::make(&root, &below);
            let mut child = Command::new("sleep").arg("60").spawn().unwrap();
            let moved = made.and_then(|(groups, path)| {
                std::fs::write(path.join("cgroup.procs"), child.id().to_string()).map(|()| groups)
            });
            let process = Processes::default().read(child.id());
            child.kill().unwrap();
            child.wait().unwrap();
            let Ok(_groups) = moved else {
                return netns::skip(test, &format!("no process may be moved below {}", root.display()));
            };
            let place = process.unwrap().place;
            assert_eq!(place.unit.as_deref(), unit, "{}/{below}", root.display());
            assert_eq!(place.container.map(|one| one.id).as_deref(), container, "{}/{below}", root.display());
        }
    }
}
