//! What is odd about a program, by the path of its executable and what its input and output are.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::model::Traits;

/// How `/proc/PID/exe` shows a file that is gone.
const GONE: &str = " (deleted)";
const MEMFD: &str = "/memfd:";
/// Where everybody may write (file-hierarchy(7)).
const WRITABLE: [&str; 3] = ["/tmp/", "/var/tmp/", "/dev/shm/"];
/// Programs that do what they are told line by line; versions behind the name do not matter (`python3.12`).
const SHELLS: [&str; 20] = [
    "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "busybox", "python", "perl", "ruby",
    "php", "node", "lua", "tclsh", "expect", "pwsh",
];

/// The traits of an executable. `root` is what the process takes for `/`: a container has files of its own.
pub(super) fn of(exe: &str, root: &Path) -> Traits {
    if exe.starts_with(MEMFD) {
        return Traits::MEMFD;
    }
    let mut traits = Traits::default();
    let path = exe.strip_suffix(GONE).unwrap_or(exe);
    let Some(inside) = path.strip_prefix('/') else { return traits };
    if path.len() < exe.len() {
        traits = traits.with(if is_there(&root.join(inside), path) { Traits::REPLACED } else { Traits::DELETED });
    }
    if WRITABLE.iter().any(|folder| path.starts_with(folder)) || is_open_to_all(&root.join(inside)) {
        traits = traits.with(Traits::WRITABLE);
    }
    traits
}

/// Whether a file has that name now: as the process sees it, else, where we may not look, as we do.
fn is_there(as_it_sees: &Path, as_we_see: &str) -> bool {
    match fs::symlink_metadata(as_it_sees) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(_) => fs::symlink_metadata(as_we_see).is_ok(),
    }
}

/// Whether everybody may put files into the folder that a file is in.
fn is_open_to_all(file: &Path) -> bool {
    file.parent()
        .and_then(|folder| fs::metadata(folder).ok())
        .is_some_and(|meta| meta.permissions().mode() & 0o002 != 0)
}

/// Whether a program is a shell or an interpreter.
pub(super) fn is_shell(exe: &str) -> bool {
    let name = exe.strip_suffix(GONE).unwrap_or(exe).rsplit('/').next().unwrap_or_default();
    SHELLS
        .iter()
        .any(|shell| name.strip_prefix(shell).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_gone_replaced_or_in_the_open() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["usr/bin", "opt/drop"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs::set_permissions(root.path().join("opt/drop"), fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(root.path().join("usr/bin/new"), "").unwrap();
        for (exe, ids) in [
            ("/usr/bin/curl", &[][..]),
            ("/usr/bin/gone (deleted)", &["deleted"]),
            ("/usr/bin/new (deleted)", &["replaced"]),
            ("/tmp/x", &["writable-dir"]),
            ("/dev/shm/.x (deleted)", &["deleted", "writable-dir"]),
            ("/opt/drop/x", &["writable-dir"]),
            ("/tmpfiles/x", &[]),
            ("/memfd:a (deleted)", &["memfd"]),
            ("…/deep/x", &[]),
            ("", &[]),
        ] {
            assert_eq!(of(exe, root.path()).ids(), ids, "{exe}");
        }
    }

    #[test]
    fn shells_and_interpreters_of_any_version() {
        for exe in ["/bin/sh", "/usr/bin/python3.12", "/usr/bin/bash (deleted)", "/opt/php8"] {
            assert!(is_shell(exe), "{exe}");
        }
        for exe in ["/usr/sbin/sshd", "/usr/bin/shred", "/usr/bin/pythonic", "/usr/bin/curl", ""] {
            assert!(!is_shell(exe), "{exe}");
        }
    }
}
