//! What the source and the table could not see, as what was new in each interval.

use crate::flow::Unseen;
use crate::model::{InterfaceInfo, Losses, Tally};

/// Counts that go on, and what they were when the last interval closed.
#[derive(Debug, Default)]
pub(super) struct Blind {
    pub(super) losses: Losses,
    before: Losses,
    questions_before: u64,
}

impl Blind {
    /// What has come since the last call.
    pub(super) fn take(&mut self, tally: &Tally, interfaces: &[InterfaceInfo]) -> Unseen {
        let silent = interfaces.iter().filter(|one| one.is_named && !one.is_up).map(|one| one.name.clone());
        let unseen = Unseen {
            ring: self.losses.ring.saturating_sub(self.before.ring),
            freezes: self.losses.freezes.saturating_sub(self.before.freezes),
            ours: tally.questions_left_out.saturating_sub(self.questions_before),
            silent: silent.collect(),
        };
        (self.before, self.questions_before) = (self.losses, tally.questions_left_out);
        unseen
    }
}
