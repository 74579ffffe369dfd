//! Somebody who asks for owners and waits for the answer, and programs to ask about.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use egret::host::owners::OwnerWorker;
use egret::model::{Answer, Endpoint, FlowKey, Owner, Protocol, Rungs};

/// Longer than any answer takes.
const ENOUGH: Duration = Duration::from_secs(20);

pub(crate) struct Asker {
    pub(crate) worker: OwnerWorker,
    answers: Receiver<Answer>,
}

impl Asker {
    pub(crate) fn new() -> Self {
        Self::with(Rungs::ALL)
    }

    pub(crate) fn with(rungs: Rungs) -> Self {
        let (replies, answers) = bounded(4096);
        Self { worker: OwnerWorker::spawn_with(replies, rungs).unwrap(), answers }
    }

    pub(crate) fn ask(&self, protocol: Protocol, ours: Endpoint, theirs: Endpoint) -> Option<Owner> {
        let key = FlowKey::new(protocol, ours, theirs);
        self.worker.ask(key);
        match self.answers.recv_timeout(ENOUGH).unwrap() {
            Answer::Owner(about, owner) if about == key => owner,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn end(ip: &str, port: u16) -> Endpoint {
    Endpoint::new(ip.parse().unwrap(), port)
}

pub(crate) fn bash() -> PathBuf {
    std::fs::canonicalize("/bin/bash").unwrap()
}

/// A shell under another name.
pub(crate) fn copy_of_bash(folder: &Path, name: &str) -> PathBuf {
    let copy = folder.join(name);
    std::fs::copy(bash(), &copy).unwrap();
    copy
}

/// All that the worker says it cannot see.
pub(crate) fn said(asker: &Asker) -> String {
    asker.worker.health().iter().map(|one| one.what.to_string()).collect::<Vec<_>>().join("; ")
}
