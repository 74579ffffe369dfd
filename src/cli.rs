//! From the command line and the configuration files to a plain description of what is to be done.

mod args;
mod config;
pub mod job;
mod layers;
mod page;
mod places;
mod protocols;
mod resolve;
mod said;
mod scope;
mod settings;
pub mod tables;

pub use job::Job;
pub use page::GRAMMAR;
pub use places::Places;
pub use settings::SETTINGS;

use std::ffi::OsString;
use std::time::Duration;

use clap::FromArgMatches;
use clap::error::ErrorKind;

use crate::error::Error;

/// Understands a command line, the program's name first. Reads configuration files; starts nothing.
pub fn parse(args: impl IntoIterator<Item = OsString>, places: &Places) -> Result<Job, Error> {
    let matches = page::command().try_get_matches_from(args);
    let line = matches.and_then(|matches| args::Line::from_arg_matches(&matches));
    match line {
        Ok(line) => resolve::resolve(line, places),
        Err(why) => match why.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(Job::Print(why.render().to_string())),
            _ => Err(unclear(&why)),
        },
    }
}

/// What clap says, in the form of every other error.
fn unclear(why: &clap::Error) -> Error {
    let text = why.render().to_string();
    let (mut what, mut hints) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.split_once(':') {
            Some(("error", rest)) => what.push(rest.trim().to_owned()),
            Some(("tip", rest)) => hints.push(rest.trim().to_owned()),
            _ if line.starts_with("Usage:") || line.starts_with("For more information") => break,
            _ => what.push(line.to_owned()),
        }
    }
    hints.push("egret --help".to_owned());
    Error::new(what.join(" "), "").hint(hints.join("\n       "))
}

impl job::Setup {
    /// Flows remembered, unless told otherwise.
    pub const MAX_FLOWS: usize = 131_072;
    /// How long to learn, unless told otherwise.
    pub const LEARN_FOR: Duration = Duration::from_hours(24);
}

#[cfg(test)]
mod tests;
