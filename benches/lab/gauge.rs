//! Gauges of other processes: processor time, readiness, and the losses of their packet sockets.

use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// Nanoseconds on a processor, over all threads of a process (`/proc/PID/task/*/schedstat`).
fn of_process(pid: &str) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    tasks.filter_map(nanos).sum()
}

/// The same for some processes and for the kernel's threads that receive packets.
pub(crate) fn processor(pids: &[&str]) -> Result<u64, String> {
    let mut sum: u64 = pids.iter().map(|pid| of_process(pid)).sum();
    let entries = fs::read_dir("/proc").map_err(|why| format!("cannot read /proc: {why}"))?;
    for entry in entries.flatten() {
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if name.starts_with("ksoftirqd/") {
            sum += of_process(&entry.file_name().to_string_lossy());
        }
    }
    Ok(sum)
}

pub(crate) fn own_processor() -> Result<u64, String> {
    match of_process("self") {
        0 => Err("the kernel gives no /proc/self/task/*/schedstat".to_owned()),
        nanos => Ok(nanos),
    }
}

/// The descriptors of a process that are packet sockets, as our own.
fn packet_sockets(pid: &str) -> Result<Vec<OwnedFd>, String> {
    let number: libc::pid_t = pid.parse().map_err(|why| format!("not a process number: {pid}: {why}"))?;
    // SAFETY: no pointers are passed.
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, number, 0) };
    let pidfd = owned(pidfd).ok_or_else(|| format!("there is no process {pid}"))?;
    let links = fs::read_dir(format!("/proc/{pid}/fd")).map_err(|why| format!("cannot look into {pid}: {why}"))?;
    let mut found = Vec::new();
    for link in links.flatten() {
        let is_socket = fs::read_link(link.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
        let Some(number) = link.file_name().to_str().and_then(|name| name.parse::<libc::c_int>().ok()) else {
            continue;
        };
        if !is_socket {
            continue;
        }
        // SAFETY: no pointers are passed.
        let copy = unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), number, 0) };
        let domain = |fd: &OwnedFd| get::<libc::c_int>(fd, libc::SOL_SOCKET, libc::SO_DOMAIN);
        found.extend(owned(copy).filter(|fd| domain(fd) == Some(libc::AF_PACKET)));
    }
    Ok(found)
}

fn owned(fd: libc::c_long) -> Option<OwnedFd> {
    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: the kernel just gave this descriptor to us alone.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn get<T: Default>(socket: &OwnedFd, level: libc::c_int, option: libc::c_int) -> Option<T> {
    let mut value = T::default();
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, the size of `value`, which holds plain numbers.
    let result =
        unsafe { libc::getsockopt(socket.as_raw_fd(), level, option, (&raw mut value).cast(), &raw mut length) };
    (result == 0).then_some(value)
}

/// Packets and drops of all packet sockets of a process since somebody last asked.
pub(crate) fn losses(pid: &str) -> Result<(u64, u64), String> {
    let sockets = packet_sockets(pid)?;
    if sockets.is_empty() {
        return Err(format!("process {pid} has no packet socket"));
    }
    let (mut packets, mut drops) = (0, 0);
    for socket in &sockets {
        // `tpacket_stats`, and a third number for version 3.
        let [seen, lost, _] = get::<[u32; 3]>(socket, libc::SOL_PACKET, libc::PACKET_STATISTICS).unwrap_or_default();
        packets += u64::from(seen);
        drops += u64::from(lost);
    }
    Ok((packets, drops))
}

/// Waits until a process has a packet socket that is bound to a protocol.
pub(crate) fn wait_until_listening(pid: &str, seconds: &str) -> Result<(), String> {
    let seconds: u64 = seconds.parse().map_err(|why| format!("not a number of seconds: {seconds}: {why}"))?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) {
        if packet_sockets(pid)?.iter().any(is_listening) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("process {pid} did not listen within {seconds} s"))
}

fn is_listening(socket: &OwnedFd) -> bool {
    // SAFETY: all zeros is a valid `sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, the size of `address`.
    let result = unsafe { libc::getsockname(socket.as_raw_fd(), (&raw mut address).cast(), &raw mut length) };
    result == 0 && address.sll_protocol != 0
}
