//! What works on this machine, and the exact command that fixes what does not.

mod geo;

use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::capture::interfaces::{self, Interface};
use crate::capture::{CaptureError, backends, counts};
use crate::cli::Places;
use crate::cli::job::Doctor;
use crate::error::{Error, exit};
use crate::host::connections::Sockets;
use crate::host::diag::Deaths;
use crate::host::hooks::Hooks;
use crate::marks::file::{KnownGood, Trust};
use crate::model::{Rungs, SocketKind};
use crate::report::checks::{self, Check, Status};
use crate::report::{self};
use crate::sys::offload::{Offloads, offloads};
use crate::sys::{Capabilities, Capability, process};

use super::source;

/// Looks at everything and says what it found; 1 if something does not work.
pub(super) fn run(wanted: &Doctor) -> Result<u8, Error> {
    let mut all = vec![listening(), ring(), counts(), sockets()];
    all.extend(owner_checks());
    all.extend(interface_checks(&wanted.interfaces));
    all.extend([state(&wanted.state), known_good(&wanted.known_good), terminal(), resolver()]);
    all.extend(geo::checks(&wanted.geo));
    let mut out = report::stdout();
    report::written(if wanted.json { checks::json(&mut out, &all) } else { checks::text(&mut out, &all) })?;
    let is_broken = all.iter().any(|check| check.status == Status::Broken);
    Ok(if is_broken { exit::FOUND } else { exit::FINE })
}

fn listening() -> Check {
    match backends::can_listen() {
        Ok(()) => Check::new("capture", "rights", Status::Fine, "this process may listen"),
        Err(CaptureError::NotPermitted) => {
            let found = "capturing needs the capability CAP_NET_RAW; without it the dashboard shows what TCP counts of its sockets";
            Check::new("capture", "rights", Status::Reduced, found).fix(source::grant())
        }
        Err(why) => Check::new("capture", "rights", Status::Broken, why.to_string()),
    }
}

fn sockets() -> Check {
    let about = "sockets";
    match Sockets::open().and_then(|mut sockets| sockets.list(&[SocketKind::Tcp, SocketKind::Udp], usize::MAX)) {
        Ok(list) => {
            let found =
                format!("the kernel lists its sockets, {} of TCP and UDP now; this needs no rights", list.list.len());
            Check::new("capture", about, Status::Fine, found)
        }
        Err(why) => {
            Check::new("capture", about, Status::Reduced, format!("the kernel does not list its sockets: {why}"))
        }
    }
}

fn ring() -> Check {
    match backends::can_make_a_ring() {
        Ok(()) => Check::new("capture", "ring", Status::Fine, "the kernel gives this process a ring (TPACKET_V3)"),
        Err(CaptureError::NotPermitted) => Check::new("capture", "ring", Status::Reduced, "not tried: see the rights"),
        Err(why) => {
            let found = format!("{why}; pnet is used instead, slower and less exact");
            Check::new("capture", "ring", Status::Reduced, found)
        }
    }
}

/// Whether busy flows are counted in the kernel. It changes what watching costs, not what is seen.
fn counts() -> Check {
    match counts::can_count() {
        Ok(()) => Check::new("capture", "counts", Status::Fine, "busy flows are counted in the kernel (eBPF)"),
        Err(why) => {
            let found = format!("every frame of busy flows goes through the ring: {why} (needs cap_bpf)");
            Check::new("capture", "counts", Status::Reduced, found)
        }
    }
}

/// Each way of finding owners, and what it needs.
fn owner_checks() -> Vec<Check> {
    use Capability::{Bpf, DacReadSearch, NetAdmin, NetRaw, Perfmon, SysAdmin, SysPtrace};
    let has = Capabilities::effective().unwrap_or_default();
    // What setcap writes takes the place of what was there, so that each line has all that is needed.
    let grant = || source::grant_of(&[NetRaw, NetAdmin, SysPtrace, DacReadSearch, Bpf, Perfmon, SysAdmin]);
    let check = |about: &str, needed: &[Capability], works: &str, lacks: &str| {
        let missing: Vec<&str> = needed.iter().filter(|one| !has.has(**one)).map(|one| one.name()).collect();
        if missing.is_empty() {
            return Check::new("owners", about, Status::Fine, works);
        }
        let found = format!("{lacks} (needs {})", missing.join(", "));
        Check::new("owners", about, Status::Reduced, found).fix(grant())
    };
    // The second way is tried as it would be used: without the first.
    let (first, second) = (Hooks::open(Rungs::ALL), Hooks::open(Rungs::CALLS));
    let lacks_a_right = [NetAdmin, Bpf, Perfmon].iter().any(|one| !has.has(*one));
    let hook = |about: &str, tried: &Result<(), String>, works: &str, lacks: &str| match tried {
        Ok(()) => Check::new("owners", about, Status::Fine, works),
        Err(why) => {
            let check = Check::new("owners", about, Status::Reduced, format!("{lacks} ({why})"));
            if lacks_a_right { check.fix(grant()) } else { check }
        }
    };
    let makes = "who makes a socket is told: programs that run for milliseconds are known";
    let none = "without calls, programs that run for less than a second are unknown; without births alone, pings are";
    let births = hook("births", &first.births, makes, none);
    let calls = "who connects and sends can be told in place of births";
    let calls = hook("calls", &second.calls, calls, "nothing takes the place of births");
    let closes = "who closes a socket is told, with its addresses";
    let no_closes = "connections taken from a listener and ended within a second are its program's, not its process's";
    let closes = hook("closes", &first.closes, closes, no_closes);
    let files = "sockets of other users have no owner unless they were seen to begin";
    let deaths = match Deaths::open() {
        Ok(_) => Check::new("owners", "deaths", Status::Fine, "the kernel tells of each socket's end"),
        Err(why) => {
            let found = format!("without closes, sockets that end within a second have no owner ({why})");
            Check::new("owners", "deaths", Status::Reduced, found)
        }
    };
    let elsewhere = "sockets in containers' networks are not seen";
    vec![
        check("processes", &[SysPtrace, DacReadSearch], "the open files of every process can be read", files),
        deaths,
        births,
        calls,
        closes,
        check("namespaces", &[SysAdmin, NetAdmin], "sockets in containers' networks can be looked up", elsewhere),
    ]
}

fn interface_checks(wanted: &[String]) -> Vec<Check> {
    let all = interfaces::list();
    let standard = interfaces::default_of(&all).map(|one| one.name.clone());
    let names = || all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut checks: Vec<Check> = wanted
        .iter()
        .filter(|name| *name != interfaces::ANY && all.iter().all(|one| one.name != **name))
        .map(|name| {
            let found = format!("there is no such interface; there are {}", names());
            Check::new("interface", name.clone(), Status::Broken, found)
        })
        .collect();
    if standard.is_none() {
        let found = "no interface is up that traffic could leave by";
        checks.push(Check::new("interface", "", Status::Reduced, found).fix("ip link; egret -i any"));
    }
    let looked_at = |one: &&Interface| wanted.is_empty() || wanted.contains(&one.name);
    checks.extend(all.iter().filter(looked_at).map(|one| {
        let is_needed = !wanted.is_empty() || standard.as_ref() == Some(&one.name);
        interface(one, standard.as_deref(), is_needed)
    }));
    checks
}

/// How an interface stands. One that is down matters only where somebody wants to listen on it.
fn interface(one: &Interface, standard: Option<&str>, is_needed: bool) -> Check {
    let addresses: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
    let mut parts = vec![match (one.is_up, one.has_carrier) {
        (false, _) => "down".to_owned(),
        (true, false) => "up, no carrier".to_owned(),
        (true, true) => "up".to_owned(),
    }];
    parts.push(if addresses.is_empty() { "no address".to_owned() } else { addresses.join(" ") });
    if standard == Some(one.name.as_str()) {
        parts.push("watched by default".to_owned());
    }
    let offloads = offloads(&one.name).unwrap_or_default();
    parts.extend(described(offloads));
    let is_missed = is_needed && !(one.is_up && one.has_carrier);
    let status = if offloads.lro || is_missed { Status::Reduced } else { Status::Fine };
    let check = Check::new("interface", one.name.clone(), status, parts.join("; "));
    match (offloads.lro, one.is_up) {
        (true, _) => check.fix(format!("sudo ethtool -K {} lro off", one.name)),
        (false, false) if is_missed => check.fix(format!("sudo ip link set {} up", one.name)),
        _ => check,
    }
}

/// What offloads mean for the counts.
fn described(offloads: Offloads) -> Option<String> {
    let on: Vec<&str> = [(offloads.tso, "tso"), (offloads.gso, "gso"), (offloads.gro, "gro"), (offloads.lro, "lro")]
        .into_iter()
        .filter_map(|(is_on, name)| is_on.then_some(name))
        .collect();
    match (on.is_empty(), offloads.lro) {
        (true, _) => None,
        (false, false) => Some(format!("offloads {} (segments are counted with their headers)", on.join(" "))),
        (false, true) => Some(format!("offloads {} (lro hides lengths: received bytes are too few)", on.join(" "))),
    }
}

fn state(dir: &Path) -> Check {
    let about = dir.display().to_string();
    let choose = format!("sudo install -d -m 700 -o {} {about}    (or egret --state DIR)", process::effective_user());
    match fs::metadata(dir) {
        Ok(meta) if !meta.is_dir() => Check::new("state", about, Status::Broken, "this is not a directory"),
        Ok(meta) if may_write(&meta) => {
            if meta.mode() & 0o022 == 0 {
                Check::new("state", about, Status::Fine, "what is learnt is kept here")
            } else {
                let fix = format!("chmod go-w {about}");
                Check::new("state", about, Status::Reduced, "others can write here, and so change what is usual")
                    .fix(fix)
            }
        }
        Ok(_) => Check::new("state", about, Status::Broken, "this user may not write here").fix(choose),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            let parent = dir.ancestors().skip(1).find_map(|parent| fs::metadata(parent).ok());
            if parent.is_some_and(|meta| may_write(&meta)) {
                Check::new("state", about, Status::Fine, "will be made when something is learnt")
            } else {
                Check::new("state", about, Status::Broken, "does not exist, and this user may not make it").fix(choose)
            }
        }
        Err(why) => Check::new("state", about, Status::Broken, why.to_string()).fix(choose),
    }
}

/// By owner and mode. Root may in any case.
fn may_write(meta: &fs::Metadata) -> bool {
    let user = process::effective_user();
    user == 0 || (meta.uid() == user && meta.mode() & 0o200 != 0) || meta.mode() & 0o002 != 0
}

fn known_good(path: &Path) -> Check {
    let about = path.display().to_string();
    match KnownGood::open(path, Trust { uids: Places::find().who }) {
        Ok((_, marks)) if path.exists() => {
            Check::new("known-good", about, Status::Fine, format!("read, {} marks", marks.len()))
        }
        Ok(_) => Check::new("known-good", about, Status::Fine, "no marks yet; `m` in the dashboard makes one"),
        Err(why) => Check::new("known-good", about, Status::Broken, why.to_string()).fix(why.hint()),
    }
}

fn terminal() -> Check {
    let term = std::env::var("TERM").unwrap_or_default();
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        let found = "this is not a terminal: the dashboard needs one, reports and egret -t do not";
        return Check::new("terminal", "", Status::Reduced, found);
    }
    if term.is_empty() || term == "dumb" {
        return Check::new("terminal", term, Status::Reduced, "a terminal that cannot place text: use egret -t");
    }
    let size = crossterm::terminal::size().map_or_else(|_| "size unknown".to_owned(), |(x, y)| format!("{x}×{y}"));
    let is_utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|value| value.to_ascii_lowercase().replace('-', "").contains("utf8"));
    let (status, locale) = if is_utf8 {
        (Status::Fine, "UTF-8")
    } else {
        (Status::Reduced, "the locale is not UTF-8: lines may look wrong")
    };
    let colours = match std::env::var("NO_COLOR") {
        Ok(value) if !value.is_empty() => "; NO_COLOR is set: no colours",
        _ => "",
    };
    let check = Check::new("terminal", term, status, format!("{size}; {locale}{colours}"));
    if is_utf8 { check } else { check.fix("export LC_ALL=C.UTF-8") }
}

fn resolver() -> Check {
    let text = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .map(str::trim)
        .filter(|server| !server.is_empty())
        .collect();
    if servers.is_empty() {
        return Check::new("names", "", Status::Reduced, "no resolver in /etc/resolv.conf: `n` will find no names");
    }
    let found = format!("reverse DNS is off until `n`; then {} is asked", servers.join(", "));
    Check::new("names", "", Status::Fine, found)
}
