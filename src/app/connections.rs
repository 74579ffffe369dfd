//! `egret connections`: the sockets there are now.

use crate::cli::job::Connections;
use crate::error::{Error, exit};
use crate::host::connections::{MOST, Sockets};
use crate::report::{self, connections, select};

/// Lists them once.
pub(super) fn run(wanted: &Connections) -> Result<u8, Error> {
    let cannot = |error| Error::new("cannot list the sockets", error).hint("egret doctor");
    let all = Sockets::open().and_then(|mut sockets| sockets.list(&wanted.kinds, MOST)).map_err(cannot)?;
    let rows = select::sockets(&all, &wanted.filter, wanted.sort, |socket| {
        wanted.which.takes(socket.is_listening()) && wanted.v6.is_none_or(|v6| v6 == socket.is_v6)
    });
    let mut out = report::stdout();
    report::written(if wanted.json {
        connections::json(&mut out, &all, &rows)
    } else {
        connections::text(&mut out, &all, &rows, wanted.info)
    })?;
    Ok(exit::FINE)
}
