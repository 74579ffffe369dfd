//! File systems without a place in the tree (fsopen(2), fsmount(2)): to reach one that is hidden from us.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::checked;

/// `FSOPEN_CLOEXEC`, `FSCONFIG_CMD_CREATE`, `FSMOUNT_CLOEXEC` (linux/mount.h).
const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;

/// The root of the control groups of version 2, mounted nowhere. Needs `CAP_SYS_ADMIN` and Linux 5.2.
pub fn cgroup2() -> io::Result<OwnedFd> {
    detached(c"cgroup2")
}

fn detached(kind: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: the name is ended by a zero and lives until the call returns.
    let context = unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), FSOPEN_CLOEXEC) };
    let context = owned(context)?;
    let nothing = std::ptr::null::<libc::c_char>();
    // SAFETY: this command takes neither a key nor a value.
    let created =
        unsafe { libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_CMD_CREATE, nothing, nothing, 0) };
    checked(created as libc::c_int)?;
    // SAFETY: no pointers are passed.
    owned(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, 0) })
}

fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    let fd = checked(result as libc::c_int)?;
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Capabilities, Capability};

    #[test]
    fn needs_the_right_to_mount() {
        let may = Capabilities::effective().unwrap().has(Capability::SysAdmin);
        match cgroup2() {
            Ok(root) => assert!(may && root.as_raw_fd() >= 0),
            // In a namespace of users all rights are held, but none over the system's own groups.
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}"),
        }
    }
}
