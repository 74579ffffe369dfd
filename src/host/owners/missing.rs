//! What cannot be seen for want of a rung, in words.

use crate::host::hooks::{Hooks, OFF};

/// What cannot be seen for want of a rung that no other makes up for.
pub(super) fn of<D>(hooks: &Hooks, has_lookups: bool, deaths: &Result<D, String>) -> Vec<String> {
    let mut missing = Vec::new();
    let needs = |why: &str| {
        if why == OFF { why.to_owned() } else { format!("needs CAP_BPF, CAP_PERFMON: {why}") }
    };
    if !has_lookups {
        missing.push("sockets that are open have no owner yet (lookups are turned off)".to_owned());
    }
    match (deaths, &hooks.closes) {
        (Err(deaths), Err(closes)) => {
            let why = if deaths == OFF && closes == OFF {
                OFF.to_owned()
            } else {
                format!("deaths: {deaths}; closes: {}", needs(closes))
            };
            missing.push(format!("sockets that end within a second have no owner ({why})"));
        }
        (Ok(_), Err(closes)) => {
            let what =
                "connections taken from a listener and ended within a second are its program's, not its process's";
            missing.push(format!("{what} ({})", needs(closes)));
        }
        _ => {}
    }
    match (&hooks.births, &hooks.calls) {
        (Err(births), Err(_)) => {
            missing.push(format!("programs that run for less than a second are unknown ({})", needs(births)));
        }
        (Err(births), Ok(())) => {
            let what = "pings of programs that run for less than a second are unknown";
            missing.push(format!("{what} ({})", needs(births)));
        }
        (Ok(()), _) => {}
    }
    missing
}
