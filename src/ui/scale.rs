//! The scale of bars: how long a rate is, and the ruler that says so.

use crate::snapshot::{Row, Unit};

use super::options::UiOptions;

/// From nothing to the rate of a full bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// In bits or bytes per second, whichever is shown.
    max: f64,
    is_log: bool,
    unit: Unit,
}

/// Where a logarithmic scale starts: ten bits or bytes per second, as in iftop.
const LOG_START: f64 = 10.0;
/// The shortest scale, for when nearly nothing moves.
const LEAST: f64 = 10_000.0;

impl Scale {
    /// A scale that holds `highest`, bytes per second, unless the options fix one.
    pub(super) fn of(highest: u64, options: &UiOptions) -> Self {
        let max = options.max_bandwidth.map_or_else(
            || round_up(shown(highest, options.unit)),
            |bits| if options.unit == Unit::Bits { bits as f64 } else { bits as f64 / 8.0 },
        );
        Self { max: max.max(LEAST), is_log: options.log_scale, unit: options.unit }
    }

    /// Share of a full bar, 0 to 1, for bytes per second.
    pub(super) fn share(&self, rate: u64) -> f64 {
        let rate = shown(rate, self.unit);
        let share = if self.is_log { (rate / LOG_START).ln() / (self.max / LOG_START).ln() } else { rate / self.max };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Marks of the ruler: where, as a share of its length, and what stands there.
    pub(super) fn marks(&self) -> Vec<(f64, String)> {
        if !self.is_log {
            return (0..=4).map(|n| f64::from(n) / 4.0).map(|share| (share, self.label(self.max * share))).collect();
        }
        let mut marks = vec![(0.0, self.label(LOG_START))];
        let mut at = LOG_START * 10.0;
        while at < self.max * 0.99 {
            marks.push(((at / LOG_START).ln() / (self.max / LOG_START).ln(), self.label(at)));
            at *= 10.0;
        }
        marks.push((1.0, self.label(self.max)));
        marks
    }

    fn label(&self, value: f64) -> String {
        let rate = if self.unit == Unit::Bits { value / 8.0 } else { value };
        let text = self.unit.rate(rate.round() as u64);
        // Round numbers need no decimals: `25Mb`, not `25.0Mb`.
        match text.split_once('.') {
            Some((whole, rest)) => {
                let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                let decimals = rest.trim_end_matches(unit).trim_end_matches('0');
                let dot = if decimals.is_empty() { "" } else { "." };
                format!("{whole}{dot}{decimals}{unit}")
            }
            None => text,
        }
    }
}

fn shown(rate: u64, unit: Unit) -> f64 {
    if unit == Unit::Bits { rate as f64 * 8.0 } else { rate as f64 }
}

/// The next of 1, 2, 5, 10, 20, … that is not smaller.
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.max(1.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * decade).find(|round| *round >= value).unwrap_or(value)
}

/// The rate that a row's bar shows, bytes per second.
pub(super) fn bar_rate(row: &Row, options: &UiOptions) -> u64 {
    options.bar_average.of(options.lines.rates(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bar_is_a_round_number_and_holds_the_highest() {
        let scale = Scale::of(1_550_000, &UiOptions::default());
        assert_eq!(
            scale.marks().iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
            ["0b", "5Mb", "10Mb", "15Mb", "20Mb"]
        );
        assert!((scale.share(1_250_000) - 0.5).abs() < 1e-9);
        assert!((scale.share(u64::MAX) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn above_ten_gigabits_bars_still_work() {
        let scale = Scale::of(5_000_000_000, &UiOptions::default());
        assert!((scale.share(5_000_000_000) - 0.8).abs() < 1e-9);
    }

    #[test]
    fn a_logarithmic_scale_gives_each_decade_the_same_length() {
        let options = UiOptions { log_scale: true, max_bandwidth: Some(1_000_000), ..UiOptions::default() };
        let scale = Scale::of(0, &options);
        assert_eq!(scale.marks().len(), 6);
        assert!((scale.share(125) - 0.4).abs() < 1e-9);
        assert!(scale.share(0).abs() < 1e-9);
    }

    #[test]
    fn an_idle_scale_is_not_empty() {
        assert_eq!(Scale::of(0, &UiOptions::default()).marks().len(), 5);
    }
}
