//! Processes as `/proc` shows them (proc(5)): who they are, and which of them hold a socket open.
//!
//! A process is named by its number and its start, because numbers are used again. What ends while it
//! is being read gives nothing rather than a mixture.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cgroup::Place;
use super::traits;
use crate::model::owner::PARENTS;
use crate::model::{Label, Parent, Traits};

/// One process, or what is remembered of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// When it started, in clock ticks since the system did; 0 where it ended before that could be read.
    pub start: u64,
    /// Path of the executable; a removed one ends in ` (deleted)`.
    pub exe: Label,
    pub comm: Label,
    pub place: Place,
    /// The words it was started with, with spaces between; empty where they may not be read.
    pub cmdline: Label,
    /// Its ancestors, the nearest first.
    pub parents: Arc<[Parent]>,
    pub traits: Traits,
}

/// What there is to know of a process besides its names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub place: Place,
    pub cmdline: Label,
    pub parents: Arc<[Parent]>,
    pub traits: Traits,
}

/// A process that has a socket open, and at which number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub process: Arc<Process>,
    pub file: u32,
    /// A shell or interpreter, and the socket is its input or output.
    pub is_shell: bool,
}

/// What a walk through all processes found.
#[derive(Debug, Default)]
pub struct Walk {
    /// For each inode that was found, the processes that have it open.
    pub holders: HashMap<u32, Vec<Holding>>,
    /// Where every other socket was seen, as many as there is room for.
    pub seen: HashMap<u32, Seen>,
    /// Processes whose open files may not be read.
    pub closed: u64,
}

/// Where a walk saw a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub pid: u32,
    pub file: u32,
    /// More than one process has it.
    pub is_shared: bool,
}

/// Sockets that a walk remembers the places of.
const SEEN: usize = 256 * 1024;

/// Open files of one process that are looked through for a single socket.
const FILES: usize = 4_096;

impl Walk {
    fn see(&mut self, inode: u32, pid: u32, file: &fs::DirEntry) {
        if self.seen.len() >= SEEN && !self.seen.contains_key(&inode) {
            return;
        }
        let Some(file) = number(file) else { return };
        let seen = self.seen.entry(inode).or_insert(Seen { pid, file, is_shared: false });
        seen.is_shared |= seen.pid != pid;
    }
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
        let stat = Stat::of(&folder)?;
        // A kernel thread has no executable, and another user's may not be read.
        let exe = fs::read_link(folder.join("exe")).map(|path| label(&path)).unwrap_or_default();
        let comm = comm(&folder)?;
        let About { place, cmdline, parents, traits } = self.about(pid, stat.start, exe.as_str())?;
        Some(Process { pid, start: stat.start, exe, comm, place, cmdline, parents, traits })
    }

    /// All but the names of a process that started then and runs `exe`; `None` when it has ended.
    pub fn about(&self, pid: u32, start: u64, exe: &str) -> Option<About> {
        let folder = self.root.join(pid.to_string());
        let stat = Stat::of(&folder).filter(|stat| stat.start == start)?;
        let place = Place::parse(&fs::read_to_string(folder.join("cgroup")).unwrap_or_default());
        let (cmdline, parents) = (self.cmdline(pid), self.ancestors(stat.parent));
        let traits = traits::of(exe, &self.root_of(pid));
        (self.start(pid) == Some(start)).then_some(About { place, cmdline, parents, traits })
    }

    /// Where a process that started then belongs; `None` when it has ended.
    pub fn place(&self, pid: u32, start: u64) -> Option<Place> {
        let text = fs::read_to_string(self.root.join(pid.to_string()).join("cgroup")).ok()?;
        (self.start(pid) == Some(start)).then(|| Place::parse(&text))
    }

    /// The words a process was started with.
    pub fn cmdline(&self, pid: u32) -> Label {
        // More than this is not shown.
        let mut bytes = vec![0; 4 * Label::MAX_CHARS];
        let file = fs::File::open(self.root.join(pid.to_string()).join("cmdline"));
        let len = file.and_then(|mut file| file.read(&mut bytes)).unwrap_or(0);
        words(bytes.get(..len).unwrap_or_default())
    }

    /// A process and its ancestors, the nearest first.
    pub fn ancestors(&self, nearest: u32) -> Arc<[Parent]> {
        let mut found = Vec::new();
        let mut next = nearest;
        while next != 0 && found.len() < PARENTS {
            let folder = self.root.join(next.to_string());
            let (Some(stat), Some(comm)) = (Stat::of(&folder), comm(&folder)) else { break };
            let exe = fs::read_link(folder.join("exe")).map(|path| label(&path)).unwrap_or_default();
            found.push(Parent { pid: next, comm, exe });
            next = stat.parent;
        }
        found.into()
    }

    /// The executable of a process as it is now; `None` where it may not be read.
    pub fn exe(&self, pid: u32) -> Option<Label> {
        fs::read_link(self.root.join(pid.to_string()).join("exe")).ok().map(|path| label(&path))
    }

    /// Whether a process has a socket open: at which number, or `Ok(None)` if it has not. `file` is where it was last
    /// seen. Processes with very many files are not looked through: then the answer is an error, as where that is
    /// not allowed.
    pub fn holds(&self, pid: u32, inode: u32, file: Option<u32>) -> io::Result<Option<u32>> {
        let folder = self.root.join(pid.to_string()).join("fd");
        let is_it = |file: u32| socket_inode(&folder.join(file.to_string())) == Some(inode);
        if let Some(file) = file.filter(|file| is_it(*file)) {
            return Ok(Some(file));
        }
        for (at, entry) in fs::read_dir(&folder)?.flatten().enumerate() {
            if at == FILES {
                return Err(io::Error::other("too many open files"));
            }
            if let Some(file) = number(&entry).filter(|file| is_it(*file)) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// Whether a process is a shell or interpreter that has this socket as its input or output.
    pub fn is_shell_on(&self, pid: u32, exe: &str, inode: u32) -> bool {
        let folder = self.root.join(pid.to_string()).join("fd");
        traits::is_shell(exe) && ["0", "1"].iter().any(|file| socket_inode(&folder.join(file)) == Some(inode))
    }

    /// Whether processes of other users are hidden from us: `hidepid` of proc(5).
    pub fn are_hidden(&self) -> bool {
        let mounts = fs::read_to_string(self.root.join("self/mounts")).unwrap_or_default();
        let is_hiding = |line: &str| {
            let mut fields = line.split(' ').skip(1);
            let (at, kind, options) = (fields.next(), fields.next(), fields.next().unwrap_or_default());
            let value = options.split(',').find_map(|option| option.strip_prefix("hidepid=")).unwrap_or("0");
            at.map(Path::new) == Some(&*self.root) && kind == Some("proc") && !matches!(value, "0" | "off")
        };
        mounts.lines().any(is_hiding)
    }

    /// What a process takes for `/`.
    pub fn root_of(&self, pid: u32) -> PathBuf {
        self.root.join(pid.to_string()).join("root")
    }

    /// When the process of this number started.
    pub fn start(&self, pid: u32) -> Option<u64> {
        Stat::of(&self.root.join(pid.to_string())).map(|stat| stat.start)
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
            let Some(inode) = socket_inode(&path) else { continue };
            if !wanted.contains(&inode) {
                walk.see(inode, pid, &file);
                continue;
            }
            if process.is_none() {
                process = self.read(pid).map(Arc::new);
            }
            // Still open after the process was read: so it is this process that holds it.
            let Some(process) = process.as_ref().filter(|_| socket_inode(&path) == Some(inode)) else { return };
            let Some(file) = number(&file) else { continue };
            let is_shell = file < 2 && traits::is_shell(process.exe.as_str());
            let holders = walk.holders.entry(inode).or_default();
            match holders.iter_mut().find(|one| one.process.pid == pid) {
                Some(known) => known.is_shell |= is_shell,
                None => holders.push(Holding { process: Arc::clone(process), file, is_shell }),
            }
        }
    }
}

/// What is read of `/proc/PID/stat`.
struct Stat {
    parent: u32,
    /// In clock ticks since the system started.
    start: u64,
}

impl Stat {
    /// Fields 4 and 22. The name in field 2 may hold anything, parentheses too.
    fn of(folder: &Path) -> Option<Self> {
        // The kernel writes it at once, and it is never longer than this.
        let mut bytes = [0; 1_024];
        let len = fs::File::open(folder.join("stat")).ok()?.read(&mut bytes).ok()?;
        let stat = bytes.get(..len)?;
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        Some(Self { parent: fields.nth(1)?.parse().ok()?, start: fields.nth(17)?.parse().ok()? })
    }
}

/// Words that each end with a zero, with spaces between.
pub(super) fn words(bytes: &[u8]) -> Label {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let words: Vec<u8> = bytes.iter().take(end).map(|byte| if *byte == 0 { b' ' } else { *byte }).collect();
    Label::from_bytes(&words)
}

/// The kernel's name of a process.
fn comm(folder: &Path) -> Option<Label> {
    fs::read(folder.join("comm")).ok().map(|comm| Label::from_bytes(comm.trim_ascii_end()))
}

/// The number that an open file has.
fn number(file: &fs::DirEntry) -> Option<u32> {
    file.file_name().to_str()?.parse().ok()
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
        let zeros = "0 ".repeat(17);
        fs::write(folder.join("stat"), format!("{pid} ({comm}) S 1 {zeros}{start} 0 0\n")).unwrap();
        fs::write(folder.join("comm"), format!("{comm}\n")).unwrap();
        fs::write(folder.join("cmdline"), "one\0-v\0").unwrap();
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
        let mut eight: Vec<u32> = walk.holders[&8].iter().map(|one| one.process.pid).collect();
        eight.sort_unstable();
        assert_eq!((eight, walk.holders[&7].len(), walk.holders.len()), (vec![10, 11], 1, 2));
        // What nobody asked about is remembered by its place.
        assert_eq!(walk.seen, HashMap::from([(9, Seen { pid: 11, file: 2, is_shared: false })]));
        let all = processes.walk(&HashSet::new()).unwrap().seen;
        assert!(all[&8].is_shared && !all[&7].is_shared);
        let one = processes.read(10).unwrap();
        assert_eq!((one.start, one.comm.as_str(), one.exe.as_str()), (500, "one) R (x", "/bin/10"));
        assert_eq!(one.place.unit.as_deref(), Some("a.service"));
        assert_eq!((one.cmdline.as_str(), one.traits.ids()), ("one -v", vec![]));
        // Number 1 is not there: it ended while the chain was read.
        assert_eq!(one.parents.len(), 0);
        assert_eq!(processes.read(12), None);
        assert_eq!(processes.holds(10, 8, None).unwrap(), Some(1));
        assert_eq!(processes.holds(10, 9, Some(1)).unwrap(), None);
        assert!(processes.holds(13, 9, None).is_err());
    }

    #[test]
    fn finds_itself() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&listener.as_fd()));
        let inode = socket_inode(Path::new(&link)).unwrap();
        let walk = Processes::default().walk(&HashSet::from([inode])).unwrap();
        let holders = &walk.holders[&inode];
        assert_eq!(holders.iter().map(|one| one.process.pid).collect::<Vec<_>>(), [std::process::id()]);
        assert_eq!(holders[0].process.exe.as_str(), std::env::current_exe().unwrap().to_str().unwrap());
    }
}
