//! Processes as `/proc` shows them (proc(5)): who they are, and which of them hold a socket open.
//!
//! A process is named by its number and its start, because numbers are used again. What ends while it
//! is being read gives nothing rather than a mixture.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cgroup::Place;
use crate::model::Label;

/// One process, or what is remembered of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// When it started, in clock ticks since the system did; 0 where it ended before that could be read.
    pub start: u64,
    /// Path of the executable; a removed one ends in ` (deleted)`.
    pub exe: Label,
    pub comm: Label,
    pub place: Place,
}

/// What a walk through all processes found.
#[derive(Debug, Default)]
pub struct Walk {
    /// For each inode that was found, the processes that have it open.
    pub holders: HashMap<u32, Vec<Arc<Process>>>,
    /// Processes whose open files may not be read.
    pub closed: u64,
}

/// The processes below a folder laid out like `/proc`.
#[derive(Clone, Debug)]
pub struct Processes {
    root: PathBuf,
}

impl Default for Processes {
    fn default() -> Self {
        Self { root: "/proc".into() }
    }
}

impl Processes {
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Reads who a process is; `None` when it has ended, or ended and was replaced meanwhile.
    pub fn read(&self, pid: u32) -> Option<Process> {
        let folder = self.root.join(pid.to_string());
        let start = start(&folder)?;
        // A kernel thread has no executable, and another user's may not be read.
        let exe = fs::read_link(folder.join("exe")).map(|path| label(&path)).unwrap_or_default();
        let comm = fs::read(folder.join("comm")).ok()?;
        let place = Place::parse(&fs::read_to_string(folder.join("cgroup")).unwrap_or_default());
        let is_same = self.start(pid) == Some(start);
        let comm = Label::from_bytes(comm.trim_ascii_end());
        is_same.then_some(Process { pid, start, exe, comm, place })
    }

    /// Where a process belongs that started then; `None` when it has ended.
    pub fn place(&self, pid: u32, start: u64) -> Option<Place> {
        let groups = fs::read_to_string(self.root.join(pid.to_string()).join("cgroup")).ok()?;
        (self.start(pid) == Some(start)).then(|| Place::parse(&groups))
    }

    /// When the process of this number started.
    pub fn start(&self, pid: u32) -> Option<u64> {
        start(&self.root.join(pid.to_string()))
    }

    /// Looks through the open files of every process for sockets of these inodes.
    pub fn walk(&self, wanted: &HashSet<u32>) -> io::Result<Walk> {
        let mut walk = Walk::default();
        for entry in fs::read_dir(&self.root)?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            self.look_into(pid, wanted, &mut walk);
        }
        Ok(walk)
    }

    fn look_into(&self, pid: u32, wanted: &HashSet<u32>, walk: &mut Walk) {
        let folder = self.root.join(pid.to_string()).join("fd");
        let files = match fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) => {
                walk.closed += u64::from(error.kind() == io::ErrorKind::PermissionDenied);
                return;
            }
        };
        let mut process: Option<Arc<Process>> = None;
        for file in files.flatten() {
            let path = file.path();
            let Some(inode) = socket_inode(&path).filter(|inode| wanted.contains(inode)) else { continue };
            if process.is_none() {
                process = self.read(pid).map(Arc::new);
            }
            // Still open after the process was read: so it is this process that holds it.
            let Some(process) = process.as_ref().filter(|_| socket_inode(&path) == Some(inode)) else { return };
            let holders = walk.holders.entry(inode).or_default();
            if !holders.contains(process) {
                holders.push(Arc::clone(process));
            }
        }
    }
}

/// Field 22 of `/proc/PID/stat`. The name in field 2 may hold anything, parentheses too.
fn start(folder: &Path) -> Option<u64> {
    let stat = fs::read(folder.join("stat")).ok()?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The number in `socket:[4711]`.
fn socket_inode(link: &Path) -> Option<u32> {
    let target = fs::read_link(link).ok()?;
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn label(path: &Path) -> Label {
    use std::os::unix::ffi::OsStrExt;
    Label::from_bytes(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;

    use super::*;

    fn lay(root: &Path, pid: u32, comm: &str, start: u64, sockets: &[u32]) {
        let folder = root.join(pid.to_string());
        fs::create_dir_all(folder.join("fd")).unwrap();
        let zeros = "0 ".repeat(18);
        fs::write(folder.join("stat"), format!("{pid} ({comm}) S {zeros}{start} 0 0\n")).unwrap();
        fs::write(folder.join("comm"), format!("{comm}\n")).unwrap();
        fs::write(folder.join("cgroup"), "0::/system.slice/a.service\n").unwrap();
        symlink(format!("/bin/{pid}"), folder.join("exe")).unwrap();
        for (at, inode) in sockets.iter().enumerate() {
            symlink(format!("socket:[{inode}]"), folder.join("fd").join(at.to_string())).unwrap();
        }
        symlink("/dev/null", folder.join("fd/99")).unwrap();
    }

    #[test]
    fn finds_every_holder_of_a_socket() {
        let root = tempfile::tempdir().unwrap();
        lay(root.path(), 10, "one) R (x", 500, &[7, 8]);
        lay(root.path(), 11, "two", 600, &[8, 8, 9]);
        fs::create_dir(root.path().join("sys")).unwrap();
        let processes = Processes::below(root.path());
        let walk = processes.walk(&HashSet::from([7, 8, 55])).unwrap();
        let mut eight: Vec<u32> = walk.holders[&8].iter().map(|one| one.pid).collect();
        eight.sort_unstable();
        assert_eq!((eight, walk.holders[&7].len(), walk.holders.len()), (vec![10, 11], 1, 2));
        let one = processes.read(10).unwrap();
        assert_eq!((one.start, one.comm.as_str(), one.exe.as_str()), (500, "one) R (x", "/bin/10"));
        assert_eq!(one.place.unit.as_deref(), Some("a.service"));
        assert_eq!(processes.read(12), None);
    }

    #[test]
    fn finds_itself() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&listener.as_fd()));
        let inode = socket_inode(Path::new(&link)).unwrap();
        let walk = Processes::default().walk(&HashSet::from([inode])).unwrap();
        let holders = &walk.holders[&inode];
        assert_eq!(holders.iter().map(|one| one.pid).collect::<Vec<_>>(), [std::process::id()]);
        assert_eq!(holders[0].exe.as_str(), std::env::current_exe().unwrap().to_str().unwrap());
    }
}
