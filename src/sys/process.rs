//! What this process may do: effective capabilities (capabilities(7)) and user.

use std::io;

use super::checked;

/// The capabilities that something here needs. Numbers of linux/capability.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Capability {
    DacReadSearch = 2,
    NetAdmin = 12,
    NetRaw = 13,
    SysPtrace = 19,
    SysAdmin = 21,
    Perfmon = 38,
    Bpf = 39,
}

impl Capability {
    pub const ALL: [Self; 7] =
        [Self::NetRaw, Self::NetAdmin, Self::SysPtrace, Self::DacReadSearch, Self::Bpf, Self::Perfmon, Self::SysAdmin];

    /// As setcap(8) spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DacReadSearch => "cap_dac_read_search",
            Self::NetAdmin => "cap_net_admin",
            Self::NetRaw => "cap_net_raw",
            Self::SysPtrace => "cap_sys_ptrace",
            Self::SysAdmin => "cap_sys_admin",
            Self::Perfmon => "cap_perfmon",
            Self::Bpf => "cap_bpf",
        }
    }
}

/// The effective capabilities of a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u64);

impl Capabilities {
    /// Those of the calling thread.
    pub fn effective() -> io::Result<Self> {
        let mut header = Header { version: VERSION_3, pid: 0 };
        let mut sets = [Set::default(); 2];
        // SAFETY: version 3 writes two sets, and both pointers live until the call returns.
        let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) };
        checked(result as libc::c_int)?;
        let [low, high] = sets;
        Ok(Self(u64::from(low.effective) | u64::from(high.effective) << 32))
    }

    pub const fn has(self, capability: Capability) -> bool {
        self.0 >> capability as u8 & 1 == 1
    }
}

/// `_LINUX_CAPABILITY_VERSION_3`: 64 capabilities in two sets.
const VERSION_3: u32 = 0x2008_0522;

/// `struct __user_cap_header_struct`.
#[repr(C)]
struct Header {
    version: u32,
    pid: libc::c_int,
}

/// `struct __user_cap_data_struct`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Set {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The effective user id.
pub fn effective_user() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_proc() {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
        let mask = u64::from_str_radix(line.trim(), 16).unwrap();
        assert_eq!(Capabilities::effective().unwrap(), Capabilities(mask));
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
        assert_eq!(uid.split_whitespace().nth(1).unwrap(), effective_user().to_string());
    }

    #[test]
    fn reads_one_bit() {
        let raw_only = Capabilities(1 << 13);
        assert!(raw_only.has(Capability::NetRaw));
        assert!(Capability::ALL.into_iter().filter(|one| raw_only.has(*one)).count() == 1);
    }
}
