//! From a setup to an engine with its memory: flows empty, baseline and marks as they were left.

use crate::baseline::{Baseline, BaselineConfig};
use crate::cli::job::{self, Setup};
use crate::detect::{AlertBook, Judges};
use crate::engine::{Engine, Parts};
use crate::flow::FlowConfig;
use crate::marks::Marks;
use crate::model::Counting;

use super::keeper::Keeper;

/// How flows are kept: a dashboard forgets idle ones, a report of a file none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    Dashboard,
    Report,
}

/// An engine for this setup, and the keeper of what it learns.
pub(super) fn engine(setup: &Setup, memory: Memory) -> (Engine, Keeper) {
    let standard = FlowConfig::default();
    let flow = FlowConfig {
        limit: setup.max_flows,
        idle: if memory == Memory::Report { None } else { standard.idle },
        local: setup.local.clone(),
        boundary: setup.boundary.clone(),
        counting: match setup.counting {
            job::Counting::Wire => Counting::Wire,
            job::Counting::Ip => Counting::Ip,
            job::Counting::Payload => Counting::Payload,
        },
        ..standard
    };
    let (mut keeper, loaded) = Keeper::open(setup);
    let mut baseline = Baseline::new(BaselineConfig { learn_for: setup.learn_for, ..BaselineConfig::default() });
    let mut book = AlertBook::default();
    if let Some(loaded) = loaded {
        baseline.restore(loaded.baseline);
        book.restore(loaded.alerts, 1);
    }
    let marks = Marks::from_list(keeper.load_marks(setup));
    let parts = Parts { flow, inner: setup.inner, baseline, marks, book, judges: Judges::default() };
    (Engine::new(parts), keeper)
}
