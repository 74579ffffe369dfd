//! What works here and what does not: the report of `egret doctor`.

use std::io::{self, Write};

use serde::Serialize;

use super::json;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The part: `capture`, `interface`, `state`, `known-good`, `terminal`, `offload`.
    pub part: &'static str,
    /// Which of them, where there are several.
    pub about: String,
    pub status: Status,
    /// What was found, in a sentence.
    pub found: String,
    /// The exact command that helps; empty where nothing needs it.
    pub fix: String,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Fine,
    /// Works with less.
    Reduced,
    Broken,
}

impl Status {
    const fn id(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Reduced => "less",
            Self::Broken => "no",
        }
    }
}

impl Check {
    pub fn new(part: &'static str, about: impl Into<String>, status: Status, found: impl Into<String>) -> Self {
        Self { kind: "check", part, about: about.into(), status, found: found.into(), fix: String::new() }
    }

    #[must_use]
    pub fn fix(mut self, command: impl Into<String>) -> Self {
        self.fix = command.into();
        self
    }
}

/// One JSON object a line.
pub fn json(out: &mut dyn Write, checks: &[Check]) -> io::Result<()> {
    for check in checks {
        json::line(out, check)?;
    }
    out.flush()
}

/// Lines for people; what helps stands under what it helps.
pub fn text(out: &mut dyn Write, checks: &[Check]) -> io::Result<()> {
    for check in checks {
        let what = format!("{} {}", check.part, check.about);
        writeln!(out, "{:<4} {:<24} {}", check.status.id(), what.trim_end(), check.found)?;
        if !check.fix.is_empty() {
            writeln!(out, "     try: {}", check.fix)?;
        }
    }
    out.flush()
}
