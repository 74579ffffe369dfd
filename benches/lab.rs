//! What `compare.sh` measures with: a load generator, and gauges of other processes.
//!
//! ```text
//! lab send IF --flows N --size BYTES [--rate PPS] [--count N] [--seconds S]   one JSON line about what was sent
//! lab cpu [PID]...         nanoseconds of processor used by these processes and by ksoftirqd
//! lab ready PID SECONDS    waits until the process listens on a packet socket
//! lab losses PID           packets and drops of its packet sockets (PACKET_STATISTICS; reading resets them)
//! ```
//!
//! Frames go through the qdisc, so that packet sockets of the sending side see them too.

#![allow(
    unsafe_code,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measuring tool: it prints, reads the clock and talks to the kernel"
)]

#[path = "lab/gauge.rs"]
mod gauge;
#[path = "lab/ring.rs"]
mod ring;
#[path = "lab/send.rs"]
mod send;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["send", rest @ ..] => send::Load::parse(rest).and_then(|load| send::send(&load)),
        ["cpu", pids @ ..] => gauge::processor(pids).map(|nanos| println!("{nanos}")),
        ["ready", pid, seconds] => gauge::wait_until_listening(pid, seconds),
        ["losses", pid] => gauge::losses(pid).map(|(packets, drops)| println!("{packets} {drops}")),
        _ => Err("usage: lab send IF … | lab cpu [PID]… | lab ready PID SECONDS | lab losses PID".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("lab: {why}");
            ExitCode::FAILURE
        }
    }
}
