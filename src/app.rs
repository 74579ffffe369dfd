//! Wiring only: what is started, in which order, and who is told when it ends.

mod admin;
mod connections;
mod dashboard;
mod doctor;
mod drops;
mod headless;
mod keeper;
mod options;
mod parts;
mod runner;
mod signals;
mod source;

use std::process::ExitCode;

use crate::cli::{self, Job, Places};
use crate::error::{Error, exit};
use crate::report;

/// Runs the program with the arguments of this process.
pub fn run() -> ExitCode {
    crate::sys::memory::return_large_blocks();
    match cli::parse(std::env::args_os(), &Places::find()).and_then(execute) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&error);
            ExitCode::from(error.exit)
        }
    }
}

/// The one place where an error is printed.
#[expect(clippy::print_stderr, reason = "errors go to standard error")]
fn complain(error: &Error) {
    eprintln!("{error}");
}

fn execute(job: Job) -> Result<u8, Error> {
    match job {
        Job::Print(text) => report::written(report::text(&mut report::stdout(), &text)).map(|()| exit::FINE),
        Job::Dashboard(setup, display) => dashboard::run(&setup, &display),
        Job::Text(setup, display, mode) => headless::text(&setup, &display, mode),
        Job::Flows(setup, flows) => headless::flows(&setup, &flows),
        Job::Detect(setup, detect) => headless::detect(&setup, &detect),
        Job::Connections(wanted) => connections::run(&wanted),
        Job::Doctor(wanted) => doctor::run(&wanted),
        Job::KnownGood(path, action) => admin::known_good(&path, action),
        Job::Baseline(path, action) => admin::baseline(&path, action),
    }
}
