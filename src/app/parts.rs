//! From a setup to an engine with its memory: flows empty, baseline, names and marks as they were left.

use crate::baseline::{Baseline, BaselineConfig};
use crate::cli::job::{self, Geo, Setup, Source};
use crate::detect::{AlertBook, Judges};
use crate::engine::{Engine, Parts};
use crate::error::Error;
use crate::flow::FlowConfig;
use crate::geo::Networks;
use crate::geo::find::find;
use crate::host::hosts::Hosts;
use crate::marks::Marks;
use crate::model::Counting;

use super::keeper::Keeper;

/// How flows are kept: a dashboard forgets idle ones, a report of a file none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    Dashboard,
    Report,
}

/// The databases that the setup names; each must be sound. Those in the usual places are looked for later.
pub(super) fn networks(setup: &Setup) -> Result<Networks, Error> {
    match &setup.geo {
        Geo::Named(files) => Networks::open(files),
        Geo::Found(_) => Ok(Networks::default()),
    }
}

/// An engine for this setup, and the keeper of what it learns.
pub(super) fn engine(setup: &Setup, memory: Memory, networks: Networks) -> (Engine, Keeper) {
    let standard = FlowConfig::default();
    let flow = FlowConfig {
        limit: setup.max_flows,
        idle: if memory == Memory::Report { None } else { standard.idle },
        local: setup.local.clone(),
        recognise: setup.recognise,
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
    let mut names = Vec::new();
    if let Some(loaded) = loaded {
        baseline.restore(loaded.baseline);
        book.restore(loaded.alerts, 1);
        names = loaded.names;
    }
    let marks = Marks::from_list(keeper.load_marks(setup));
    let parts = Parts { flow, inner: setup.inner, baseline, marks, book, judges: Judges::default() };
    let mut engine = Engine::new(parts);
    engine.know_networks(match &setup.geo {
        Geo::Found(places) => find(places),
        Geo::Named(_) => networks,
    });
    engine.names().restore(names);
    if matches!(setup.source, Source::Live { .. }) {
        engine.names().know_at_hand(Hosts::read().names());
    }
    (engine, keeper)
}
