//! The fatal error: what, why, what to try, and the exit code. Printed once, by `main`.

use std::fmt;

/// Why egret cannot start or go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What could not be done: `cannot open eth0`.
    pub what: String,
    /// Why: `operation not permitted`.
    pub why: String,
    /// The command or change that would help; empty where there is none.
    pub hint: String,
    pub exit: u8,
}

/// Exit codes: fine, found something, error.
pub mod exit {
    pub const FINE: u8 = 0;
    pub const FOUND: u8 = 1;
    pub const ERROR: u8 = 2;
}

impl Error {
    pub fn new(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { what: what.into(), why: why.to_string(), hint: String::new(), exit: exit::ERROR }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "egret: {}", self.what)?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        if !self.hint.is_empty() {
            write!(f, "\n  try: {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The first line of the innermost reason of an error: of what the kernel refused, the reason without its whole account.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string().lines().next().unwrap_or_default().to_owned()
}
