//! In which order rows stand, and how that order keeps still.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::model::Value;
use crate::snapshot::{Field, Kind, Row, RowId, field};

use super::options::{Average, Lines, UiOptions};
use super::words;

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Lit rows first, by score; then by the 10 s average; then by total.
    #[default]
    Attention,
    /// One of the averages of the direction that is shown.
    Average(Average),
    Source,
    Destination,
    /// A field, by its id.
    Field(&'static str),
}

impl Sort {
    /// The sort of that name: `score`, iftop's `2s`, `10s`, `40s`, `source`, `destination`, or the id of a field.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "score" | "attention" => Self::Attention,
            "2s" => Self::Average(Average::S2),
            "10s" => Self::Average(Average::S10),
            "40s" => Self::Average(Average::S40),
            "source" => Self::Source,
            "destination" => Self::Destination,
            id => Self::Field(field(id)?.id),
        })
    }

    /// A field, and whether the order has to be turned round: as they are, numbers start with the largest and
    /// words with the first in the alphabet.
    pub fn by(field: &'static Field, descending: bool) -> (Self, bool) {
        let starts_large = field.kind.is_number() || field.kind == Kind::Flag;
        (Self::named(field.id).unwrap_or(Self::Field(field.id)), descending != starts_large)
    }

    /// How the screen names it.
    pub(crate) fn title(self, lines: Lines) -> String {
        match self {
            Self::Attention => format!("score, {} 10s, total", direction(lines)),
            Self::Average(average) => format!("{} {}", direction(lines), average.id()),
            Self::Source => "source".to_owned(),
            Self::Destination => "destination".to_owned(),
            Self::Field(id) => field(id).map_or_else(|| id.to_owned(), |field| field.head.to_lowercase()),
        }
    }

    fn rank(self, row: &Row, options: &UiOptions) -> Rank {
        let lines = options.lines;
        let rate = |average: Average| average.of(lines.rates(row)) as f64;
        let total = lines.total(row) as f64;
        match self {
            Self::Attention => Rank::Size { first: f64::from(row.score), rate: rate(Average::S10), last: total },
            Self::Average(average) => Rank::Size { first: 0.0, rate: rate(average), last: total },
            Self::Source => Rank::Name(words::source(row, options), rate(Average::S10)),
            Self::Destination => Rank::Name(words::destination(row, options), rate(Average::S10)),
            Self::Field(id) => field(id).map_or(Rank::Value(Value::None), |field| Rank::of_field(field, row)),
        }
    }
}

const fn direction(lines: Lines) -> &'static str {
    match lines {
        Lines::Sent => "out",
        Lines::Received => "in",
        Lines::Both | Lines::TwoLine => "both ways",
    }
}

/// What two rows are compared by.
#[derive(Clone, Debug)]
enum Rank {
    /// Larger comes first. Only `rate` wobbles from second to second.
    Size { first: f64, rate: f64, last: f64 },
    /// In alphabetical order, then the larger rate.
    Name(String, f64),
    /// Larger, later, or first in the alphabet.
    Value(Value),
}

impl Rank {
    fn of_field(field: &Field, row: &Row) -> Self {
        match (field.get)(row) {
            Value::Rate(n) => Self::Size { first: 0.0, rate: n as f64, last: 0.0 },
            value => Self::Value(value),
        }
    }

    /// The rate of before, unless it has really changed: by more than a tenth. Rows whose rates wobble keep their places.
    fn steady(self, before: Option<&Self>) -> Self {
        match (self, before) {
            (Self::Size { first, rate, last }, Some(Self::Size { rate: was, .. }))
                if rate > 0.0 && (rate - was).abs() <= was / 10.0 =>
            {
                Self::Size { first, rate: *was, last }
            }
            (rank, _) => rank,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Size { first, rate, last }, Self::Size { first: first2, rate: rate2, last: last2 }) => {
                first2.total_cmp(first).then(rate2.total_cmp(rate)).then(last2.total_cmp(last))
            }
            (Self::Name(a, x), Self::Name(b, y)) => a.cmp(b).then(y.total_cmp(x)),
            (Self::Value(a), Self::Value(b)) => match (a.number(), b.number()) {
                (None, None) if a.is_none() == b.is_none() => a.order(b),
                _ => b.order(a),
            },
            _ => Ordering::Equal,
        }
    }
}

/// The order of the rows on screen, remembered from one snapshot to the next.
#[derive(Debug, Default)]
pub(crate) struct Order {
    ranks: HashMap<RowId, Rank>,
    places: HashMap<RowId, usize>,
}

/// How much of the present order is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// None of it.
    Free,
    /// Rows keep their places; new ones come last. While the cursor moves.
    Places,
}

impl Order {
    /// Sorts `rows`, and remembers how they stand.
    pub(crate) fn sort<T>(&mut self, rows: &mut Vec<(Row, T)>, options: &UiOptions, hold: Hold) {
        let mut ranked: Vec<(Rank, usize, (Row, T))> = std::mem::take(rows)
            .into_iter()
            .map(|(row, with)| {
                let rank = options.sort.rank(&row, options).steady(self.ranks.get(&row.id));
                let place = self.places.get(&row.id).copied().unwrap_or(usize::MAX);
                (rank, place, (row, with))
            })
            .collect();
        ranked.sort_by(|(rank, place, (row, _)), (rank2, place2, (row2, _))| {
            let by_rank = if options.reverse { rank2.order(rank) } else { rank.order(rank2) };
            let by_place = place.cmp(place2);
            let sorted = match hold {
                Hold::Free => by_rank.then(by_place),
                Hold::Places => by_place.then(by_rank),
            };
            sorted.then_with(|| row.id.cmp(&row2.id))
        });
        self.places = ranked.iter().enumerate().map(|(at, (_, _, (row, _)))| (row.id.clone(), at)).collect();
        self.ranks = ranked.iter().map(|(rank, _, (row, _))| (row.id.clone(), rank.clone())).collect();
        rows.extend(ranked.into_iter().map(|(_, _, row)| row));
    }

    /// Forgets what was: the next sort starts afresh.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Rates;
    use std::net::IpAddr;

    fn row(last: u8, rate: u64, score: u8) -> (Row, ()) {
        let rates = Rates { s2: rate, s10: rate, s40: rate };
        let id = RowId::Host(IpAddr::from([192, 0, 2, last]));
        (Row { id, rates_out: rates, score, ..Row::default() }, ())
    }

    fn order_of(order: &mut Order, rows: &[(Row, ())], hold: Hold) -> Vec<u64> {
        let mut rows = rows.to_vec();
        order.sort(&mut rows, &UiOptions::default(), hold);
        rows.iter().map(|(row, ())| row.rates_out.s10).collect()
    }

    #[test]
    fn lit_rows_come_first_then_the_fast_ones() {
        let mut order = Order::default();
        assert_eq!(order_of(&mut order, &[row(1, 10, 0), row(2, 500, 0), row(3, 5, 60)], Hold::Free), [5, 500, 10]);
    }

    #[test]
    fn rates_that_wobble_move_nothing_and_a_real_change_does() {
        let mut order = Order::default();
        order_of(&mut order, &[row(1, 100, 0), row(2, 98, 0)], Hold::Free);
        assert_eq!(order_of(&mut order, &[row(1, 97, 0), row(2, 103, 0)], Hold::Free), [97, 103]);
        assert_eq!(order_of(&mut order, &[row(1, 97, 0), row(2, 150, 0)], Hold::Free), [150, 97]);
    }

    #[test]
    fn held_rows_stay_and_new_ones_come_last() {
        let mut order = Order::default();
        order_of(&mut order, &[row(1, 100, 0), row(2, 50, 0)], Hold::Free);
        let now = [row(1, 1, 0), row(2, 900, 0), row(3, 5_000, 90)];
        assert_eq!(order_of(&mut order, &now, Hold::Places), [1, 900, 5_000]);
        assert_eq!(order_of(&mut order, &now, Hold::Free), [5_000, 900, 1]);
    }

    #[test]
    fn iftop_and_field_names_are_sorts() {
        assert_eq!(Sort::named("40s"), Some(Sort::Average(Average::S40)));
        assert_eq!(Sort::named("out"), Some(Sort::Field("out")));
        assert_eq!(Sort::named("nonsense"), None);
    }
}
