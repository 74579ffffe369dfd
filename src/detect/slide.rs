//! Sums over a sliding window, in steps.

use crate::model::Timestamp;

/// Bytes out and in of the last `N` steps, the one being filled included.
#[derive(Clone, Debug)]
pub struct Slide<const N: usize> {
    step_secs: u64,
    /// The number of the step being filled.
    latest: u64,
    steps: [(u64, u64); N],
}

impl<const N: usize> Slide<N> {
    pub const fn new(step_secs: u64) -> Self {
        Self { step_secs, latest: 0, steps: [(0, 0); N] }
    }

    /// Adds what moved up to a moment. What is older than the window is left out.
    pub fn add(&mut self, at: Timestamp, bytes_out: u64, bytes_in: u64) {
        let step = at.nanos().saturating_sub(1) / 1_000_000_000 / self.step_secs.max(1);
        if step > self.latest {
            let gone = usize::try_from(step - self.latest).unwrap_or(N).min(N);
            for past in 1..=gone as u64 {
                if let Some(slot) = self.steps.get_mut(((self.latest + past) % N as u64) as usize) {
                    *slot = (0, 0);
                }
            }
            if gone == N {
                self.steps = [(0, 0); N];
            }
            self.latest = step;
        }
        if self.latest - step < N as u64
            && let Some((out, back)) = self.steps.get_mut((step % N as u64) as usize)
        {
            *out = out.saturating_add(bytes_out);
            *back = back.saturating_add(bytes_in);
        }
    }

    pub fn sum(&self) -> (u64, u64) {
        self.steps.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_slides_out() {
        let mut slide: Slide<10> = Slide::new(60);
        for minute in 0..25u64 {
            slide.add(Timestamp::from_secs(minute * 60 + 1), 1, 2);
            let kept = (minute + 1).min(10);
            assert_eq!(slide.sum(), (kept, 2 * kept), "minute {minute}");
        }
        slide.add(Timestamp::from_secs(1_000_000), 5, 0);
        assert_eq!(slide.sum(), (5, 0));
        slide.add(Timestamp::from_secs(3), 9, 9);
        assert_eq!(slide.sum(), (5, 0));
    }
}
