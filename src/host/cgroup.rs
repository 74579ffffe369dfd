//! From a process's control groups to its systemd unit and its container.
//!
//! Reads `/proc/PID/cgroup` of both layouts (cgroups(7)): one line of version 2, a line for each controller of
//! version 1, or both.

/// Where a process belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The systemd unit: `nginx.service`, `session-3.scope`.
    pub unit: Option<String>,
    pub container: Option<Container>,
}

/// A container as its control group names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub runtime: Runtime,
    /// 64 hexadecimal digits; for LXC, nspawn and the like the name itself.
    pub id: String,
    /// The pod's unique id, where a Kubernetes pod holds it.
    pub pod: Option<String>,
}

/// Whose container it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runtime {
    Docker,
    Podman,
    Containerd,
    Crio,
    Lxc,
    Nspawn,
    /// A 64-digit id below a group that is nobody's in particular (Kubernetes with cgroupfs).
    Other,
}

/// Scopes that hold a container: what stands before the 64 digits.
const SCOPES: &[(&str, Runtime)] = &[
    ("docker-", Runtime::Docker),
    ("libpod-", Runtime::Podman),
    ("cri-containerd-", Runtime::Containerd),
    ("nerdctl-", Runtime::Containerd),
    ("crio-", Runtime::Crio),
];

impl Place {
    /// Reads the text of `/proc/PID/cgroup`.
    pub fn parse(text: &str) -> Self {
        let mut paths: Vec<(u8, &str)> = text.lines().filter_map(line).collect();
        // What systemd manages says most, then version 2, then whatever else there is.
        paths.sort_by_key(|(rank, _)| *rank);
        let container = paths.iter().find_map(|(_, path)| container(path));
        let unit = paths.iter().find_map(|(_, path)| unit(path));
        Self { unit: unit.filter(|_| container.is_none()), container }
    }
}

/// The rank and path of a line `number:controllers:path`.
fn line(text: &str) -> Option<(u8, &str)> {
    let (number, rest) = text.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    let path = path.trim_end_matches(" (deleted)");
    let rank = match (number, controllers) {
        (_, "name=systemd") => 0,
        ("0", "") => 1,
        _ => 2,
    };
    Some((rank, path))
}

/// The innermost unit of a path.
fn unit(path: &str) -> Option<String> {
    let is_unit = |part: &&str| matches!(part.rsplit_once('.'), Some((_, "service" | "scope")));
    path.split('/').rev().find(is_unit).map(unescape)
}

/// The innermost container of a path.
fn container(path: &str) -> Option<Container> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let pod = parts.iter().rev().find_map(|part| pod(part));
    for (at, part) in parts.iter().enumerate().rev() {
        let above = at.checked_sub(1).and_then(|above| parts.get(above)).copied().unwrap_or_default();
        if let Some((runtime, id)) = in_scope(part).or_else(|| by_folder(part, above, pod.is_some())) {
            return Some(Container { runtime, id, pod });
        }
    }
    None
}

/// A container whose group is a scope of systemd, or named like one.
fn in_scope(part: &str) -> Option<(Runtime, String)> {
    let name = part.strip_suffix(".scope").unwrap_or(part);
    for (prefix, runtime) in SCOPES {
        if let Some(id) = name.strip_prefix(prefix).filter(|id| is_id(id)) {
            return Some((*runtime, id.to_owned()));
        }
    }
    // containerd with the systemd driver writes `slice:cri-containerd:id` where it fell back to cgroupfs.
    if let Some((_, rest)) = part.split_once(':')
        && let Some((name, id)) = rest.split_once(':')
        && is_id(id)
    {
        let runtime = if name == "crio" { Runtime::Crio } else { Runtime::Containerd };
        return Some((runtime, id.to_owned()));
    }
    let machine = part.strip_prefix("machine-")?.strip_suffix(".scope")?;
    let machine = unescape(machine);
    // libvirt's virtual machines are `machine-qemu-…` and are no containers.
    match machine.strip_prefix("lxc-") {
        Some(name) => Some((Runtime::Lxc, name.to_owned())),
        None if machine.starts_with("qemu-") => None,
        None => Some((Runtime::Nspawn, machine)),
    }
}

/// A container whose group is a folder below one of its runtime.
fn by_folder(part: &str, above: &str, in_pod: bool) -> Option<(Runtime, String)> {
    if is_id(part) {
        return match above {
            "docker" => Some((Runtime::Docker, part.to_owned())),
            "libpod_parent" | "libpod" => Some((Runtime::Podman, part.to_owned())),
            "default" | "k8s.io" | "moby" => Some((Runtime::Containerd, part.to_owned())),
            _ if in_pod => Some((Runtime::Other, part.to_owned())),
            _ => None,
        };
    }
    if let Some(id) = part.strip_prefix("libpod-").filter(|id| is_id(id)) {
        return Some((Runtime::Podman, id.to_owned()));
    }
    if matches!(above, "lxc" | "lxc.payload") {
        return Some((Runtime::Lxc, part.to_owned()));
    }
    if let Some(name) = part.strip_prefix("lxc.payload.") {
        return Some((Runtime::Lxc, name.to_owned()));
    }
    let machine = part.strip_prefix("systemd-nspawn@")?.strip_suffix(".service")?;
    Some((Runtime::Nspawn, unescape(machine)))
}

/// The id of a Kubernetes pod: `pod<uid>` or `kubepods-…-pod<uid with _>.slice`.
fn pod(part: &str) -> Option<String> {
    let part = part.split_once(':').map_or(part, |(slice, _)| slice);
    let name = part.strip_suffix(".slice").unwrap_or(part);
    let uid = match name.rsplit_once("-pod") {
        Some((group, uid)) if group.starts_with("kubepods") => uid,
        _ => name.strip_prefix("pod")?,
    };
    let is_uid = uid.len() >= 32 && uid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-' || b == b'_');
    is_uid.then(|| uid.replace('_', "-"))
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Undoes systemd's `\x2d` escapes (systemd-escape(1)).
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        out.push_str(before);
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        if let Some(byte) = byte {
            out.push(char::from(byte));
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push_str("\\x");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f0f1c2e9a7b5d4c3f0f1c2e9a7b5d4c3f0f1c2e9a7b5d4c3f0f1c2e9a7b5d4c";
    const POD: &str = "1f2a3b4c-5d6e-7f80-91a2-b3c4d5e6f708";

    fn held(path: &str) -> Option<(Runtime, String, Option<String>)> {
        let both = [format!("0::{path}\n"), format!("12:memory:{path}\n1:name=systemd:{path}\n0::/\n")];
        let [new, old] = both.map(|text| Place::parse(&text));
        assert_eq!(new, old, "{path}");
        new.container.map(|one| (one.runtime, one.id, one.pod))
    }

    #[test]
    fn knows_the_layouts_of_the_runtimes() {
        use Runtime::{Containerd, Crio, Docker, Lxc, Nspawn, Other, Podman};
        let escaped = POD.replace('-', "_");
        let table = [
            (format!("/system.slice/docker-{ID}.scope"), Docker, ID, false),
            (format!("/docker/{ID}"), Docker, ID, false),
            (format!("/docker/{ID}/init.scope"), Docker, ID, false),
            (format!("/machine.slice/libpod-{ID}.scope/container"), Podman, ID, false),
            (format!("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope"), Podman, ID, false),
            (format!("/libpod_parent/libpod-{ID}"), Podman, ID, false),
            (format!("/system.slice/nerdctl-{ID}.scope"), Containerd, ID, false),
            (format!("/default/{ID}"), Containerd, ID, false),
            (
                format!(
                    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{escaped}.slice/cri-containerd-{ID}.scope"
                ),
                Containerd,
                ID,
                true,
            ),
            (format!("/kubepods.slice/kubepods-pod{escaped}.slice/crio-{ID}.scope"), Crio, ID, true),
            (format!("/kubepods-pod{escaped}.slice:cri-containerd:{ID}"), Containerd, ID, true),
            (format!("/kubepods/besteffort/pod{POD}/{ID}"), Other, ID, true),
            ("/lxc.payload.web1/system.slice/nginx.service".to_owned(), Lxc, "web1", false),
            ("/lxc/web2/init.scope".to_owned(), Lxc, "web2", false),
            ("/machine.slice/machine-lxc\\x2dweb3.scope".to_owned(), Lxc, "web3", false),
            ("/machine.slice/machine-deb\\x2d12.scope/payload".to_owned(), Nspawn, "deb-12", false),
            ("/machine.slice/systemd-nspawn@deb.service/payload".to_owned(), Nspawn, "deb", false),
        ];
        for (path, runtime, id, in_pod) in table {
            let held = held(&path).unwrap_or_else(|| panic!("{path}: no container"));
            assert_eq!((held.0, held.1.as_str()), (runtime, id), "{path}");
            assert!(!in_pod || held.2.is_some(), "{path}");
            if let Some(pod) = held.2.filter(|pod| pod.contains('-')) {
                assert_eq!(pod, POD, "{path}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_container_is_none() {
        for path in [
            "/".to_owned(),
            "/system.slice/docker.service".to_owned(),
            format!("/system.slice/docker-{}.scope", &ID[..63]),
            format!("/build/{ID}"),
            format!("/machine.slice/libpod-conmon-{ID}.scope"),
            "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope".to_owned(),
            "/user.slice/user-1000.slice/session-3.scope".to_owned(),
            "/lxc".to_owned(),
        ] {
            assert_eq!(held(&path), None, "{path}");
        }
    }

    #[test]
    fn finds_the_innermost_unit() {
        for (text, unit) in [
            ("0::/system.slice/nginx.service\n", Some("nginx.service")),
            ("0::/system.slice/foo.service/payload/worker\n", Some("foo.service")),
            ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-vim.service\n", Some("app-vim.service")),
            ("0::/user.slice/user-1000.slice/session-3.scope\n", Some("session-3.scope")),
            ("0::/system.slice/system-getty.slice/dev\\x2dsda.service\n", Some("dev-sda.service")),
            ("4:memory:/x\n1:name=systemd:/system.slice/cron.service\n0::/\n", Some("cron.service")),
            ("0::/init.scope\n", Some("init.scope")),
            ("0::/\n", None),
            ("", None),
            ("nonsense\n0:\n:::\n", None),
            ("0::/a\\xzz.service\n", Some("a\\xzz.service")),
        ] {
            assert_eq!(Place::parse(text).unit.as_deref(), unit, "{text:?}");
        }
    }

    #[test]
    fn a_container_has_no_unit_of_ours() {
        let place = Place::parse("0::/lxc.payload.web1/system.slice/nginx.service\n");
        assert_eq!((place.unit, place.container.map(|one| one.id)), (None, Some("web1".to_owned())));
    }
}
