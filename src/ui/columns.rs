//! Which columns fit, and what stands in them.

use crate::model::Measure;
use crate::snapshot::{Field, Row, field};

use super::options::{Average, Lines, UiOptions};
use super::order::Sort;
use super::words;

/// A column of the Talkers table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Verdict and remote end; takes what is left over.
    Destination,
    Source,
    Application,
    Owner,
    Rate(Average),
    /// Incoming 10 s average, beside the outgoing ones.
    RateIn,
    Total,
    TotalIn,
    Spark,
    Score,
    Reason,
    /// A field that was picked, by its id.
    Field(&'static str),
}

/// A column with its place on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub what: What,
    pub x: u16,
    pub width: u16,
}

/// Columns in the order they stand; the number is the order in which they are given room, lowest first.
const STANDING: &[(What, u8)] = &[
    (What::Destination, 0),
    (What::Source, 12),
    (What::Application, 8),
    (What::Owner, 5),
    (What::Rate(Average::S2), 7),
    (What::Rate(Average::S10), 1),
    (What::Rate(Average::S40), 6),
    (What::RateIn, 10),
    (What::Total, 3),
    (What::TotalIn, 11),
    (What::Spark, 9),
    (What::Score, 2),
    (What::Reason, 4),
];

/// What decides which columns there are, besides the options. Contents do not, save that owners take no room
/// where nobody looks for them and no row has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub width: u16,
    pub has_owners: bool,
    /// The reasons stand in the details beside the table.
    pub has_details: bool,
}

/// Columns that fit.
pub(super) fn fit(room: Room, options: &UiOptions) -> Vec<Column> {
    let width = room.width;
    // Beside the details, which say why, the name of the remote end matters most.
    let share = if room.has_details { 36 } else { 22 };
    let part = |percent: u32| (u32::from(width) * percent / 100) as u16;
    // From 80 columns on it is never too narrow for an address of IPv4 and its port.
    let least = part(share).max(part(27).min(ADDRESS)).clamp(14, 36);
    let mut left = width.saturating_sub(MARGIN + least);
    let mut wanted: Vec<(usize, What, u8)> = STANDING
        .iter()
        .enumerate()
        .filter(|(_, (what, _))| is_wanted(*what, options, room))
        .map(|(at, (what, rank))| (at, *what, *rank))
        .collect();
    // What was picked by hand comes before what is there by default, save the score and its reason.
    let picked = options.columns.iter().enumerate().map(|(at, id)| (STANDING.len() - 2, What::Field(id), 4 + at as u8));
    wanted.extend(picked.filter(|(_, what, _)| is_wanted(*what, options, room)));
    wanted.sort_by_key(|(_, what, rank)| (*rank, !matches!(what, What::Field(_))));
    let mut taken: Vec<(usize, What, u16)> = Vec::new();
    for (at, what, _) in wanted {
        let needs = if what == What::Destination { 0 } else { width_of(what, width) + 1 };
        if needs <= left {
            left -= needs;
            taken.push((at, what, needs.saturating_sub(1)));
        }
    }
    taken.sort_by_key(|(at, _, _)| *at);
    place(&taken, least, left)
}

/// Columns for the cursor, the verdict and a gap.
pub(super) const MARGIN: u16 = 3;

fn place(taken: &[(usize, What, u16)], least: u16, left: u16) -> Vec<Column> {
    // Long names need about 44 columns; the reason, which is a sentence, takes the rest.
    let has_reason = taken.iter().any(|(_, what, _)| *what == What::Reason);
    let for_destination = if has_reason { left.min(44_u16.saturating_sub(least).min(left / 2 + 6)) } else { left };
    let mut x = MARGIN;
    let mut columns = Vec::with_capacity(taken.len());
    for (_, what, width) in taken {
        let width = match what {
            What::Destination => least + for_destination,
            What::Reason => width + (left - for_destination),
            _ => *width,
        };
        columns.push(Column { what: *what, x, width });
        x += width + 1;
    }
    columns
}

fn is_wanted(what: What, options: &UiOptions, room: Room) -> bool {
    match what {
        What::Owner => room.has_owners,
        What::Reason => !room.has_details,
        What::Source => options.show_source && options.show_destination,
        What::Total => options.totals,
        What::TotalIn => options.totals && options.lines == Lines::Sent,
        What::RateIn => options.lines == Lines::Sent,
        What::Field(id) => field(id).is_some(),
        _ => true,
    }
}

/// Columns of `255.255.255.255:65535`.
const ADDRESS: u16 = 21;

/// Below so many columns, numbers stand close together.
const NARROW: u16 = 100;

/// Columns wanted, on a screen of `screen` columns.
fn width_of(what: What, screen: u16) -> u16 {
    match what {
        What::Destination => 0,
        What::Source => 21,
        What::Application => 8,
        What::Owner if screen >= 140 => 22,
        What::Owner if screen >= NARROW => 14,
        What::Owner => 11,
        // No number is wider than six columns.
        What::Rate(_) | What::RateIn | What::Total | What::TotalIn if screen < NARROW => 6,
        What::Rate(_) | What::RateIn | What::Total | What::TotalIn => 7,
        What::Spark if screen >= 140 => 20,
        What::Spark => 10,
        What::Score => 5,
        What::Reason => (u32::from(screen) * 18 / 100).clamp(16, 32) as u16,
        What::Field(id) => field(id).map_or(0, |field| field.width),
    }
}

impl What {
    pub(super) fn head(self, options: &UiOptions) -> String {
        let received = options.lines == Lines::Received;
        match self {
            Self::Destination => if options.show_destination { "DESTINATION" } else { "SOURCE" }.to_owned(),
            Self::Source => "SOURCE".to_owned(),
            Self::Application => "APP".to_owned(),
            Self::Owner => "OWNER".to_owned(),
            Self::Rate(Average::S2) if received => "IN 2s".to_owned(),
            Self::Rate(Average::S2) if options.lines == Lines::Sent => "OUT 2s".to_owned(),
            Self::Rate(average) => average.id().to_owned(),
            Self::RateIn => "IN 10s".to_owned(),
            Self::Total if received => "IN".to_owned(),
            Self::Total if options.lines == Lines::Sent => "OUT".to_owned(),
            Self::Total => "TOTAL".to_owned(),
            Self::TotalIn => "IN".to_owned(),
            Self::Spark => "OUT 40s".to_owned(),
            Self::Score => "SCORE".to_owned(),
            Self::Reason => "REASON".to_owned(),
            Self::Field(id) => field(id).map_or("", |field| field.head).to_owned(),
        }
    }

    /// Whether it is a number, which stands to the right.
    pub(super) fn is_number(self) -> bool {
        match self {
            Self::Rate(_) | Self::RateIn | Self::Total | Self::TotalIn | Self::Score => true,
            Self::Field(id) => field(id).is_some_and(|field| field.kind.is_number()),
            _ => false,
        }
    }

    /// What a click on its head sorts by; `None` where nothing is sorted by it.
    pub(super) fn sort(self) -> Option<Sort> {
        Some(match self {
            Self::Destination => Sort::Destination,
            Self::Source => Sort::Source,
            Self::Rate(average) => Sort::Average(average),
            Self::Score | Self::Reason => Sort::Attention,
            Self::Application => Sort::named("app")?,
            Self::Owner => Sort::named("owner")?,
            Self::Total => Sort::named("out")?,
            Self::TotalIn => Sort::named("in")?,
            Self::RateIn | Self::Spark => return None,
            Self::Field(id) => Sort::named(id)?,
        })
    }

    const fn is_count(self) -> bool {
        matches!(self, Self::Rate(_) | Self::RateIn | Self::Total | Self::TotalIn)
    }

    /// What stands in it for a row. Texts that depend on the room they have are drawn by their own code.
    pub(super) fn text(self, row: &Row, options: &UiOptions) -> String {
        if row.measure == Measure::Nothing && self.is_count() {
            return UNKNOWN.to_owned();
        }
        match self {
            Self::Source => words::source(row, options),
            Self::Application => row.application.id().to_owned(),
            Self::Rate(average) => rate(average.of(options.lines.rates(row)), options),
            Self::RateIn => rate(row.rates_in.s10, options),
            Self::Total => crate::snapshot::format::bytes(options.lines.total(row)),
            Self::TotalIn => crate::snapshot::format::bytes(row.received()),
            Self::Score if row.score == 0 => String::new(),
            Self::Score => row.score.to_string(),
            Self::Field(id) => field(id).map_or_else(String::new, |field| of_field(field, row, options)),
            Self::Destination | Self::Owner | Self::Spark | Self::Reason => String::new(),
        }
    }
}

/// What stands where nobody counts: a dash is for none.
pub(super) const UNKNOWN: &str = "?";

/// A rate in the unit that is shown; a dash for none, so that the eye finds what moves.
pub(super) fn rate(rate: u64, options: &UiOptions) -> String {
    if rate == 0 { "-".to_owned() } else { options.unit.rate(rate) }
}

fn of_field(field: &Field, row: &Row, options: &UiOptions) -> String {
    options.unit.value(&(field.get)(row))
}

/// Why a row is lit, in as many words as there is room for.
pub(super) fn reason(row: &Row, width: usize) -> String {
    let Some(worst) = row.reason() else {
        return if row.mark.is_some() { "known-good".to_owned() } else { String::new() };
    };
    if worst.why.chars().count() <= width {
        return worst.why.clone();
    }
    let more = row.findings.iter().filter(|finding| finding.detector != worst.detector).count();
    if more == 0 { worst.detector.to_owned() } else { format!("{} +{more}", worst.detector) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(width: u16, options: &UiOptions, has_owners: bool) -> Vec<Column> {
        super::fit(Room { width, has_owners, has_details: false }, options)
    }

    #[test]
    fn columns_never_overlap_nor_leave_the_screen_and_drop_in_their_order() {
        let options = UiOptions::default();
        let mut before = 0;
        for width in 40..300 {
            let columns = fit(width, &options, true);
            let mut end = 0;
            for column in &columns {
                assert!(column.x >= end && column.width > 0, "{width}: {column:?}");
                end = column.x + column.width;
            }
            assert!(end <= width, "{width}: {end}");
            assert!(columns.len() + 1 >= before, "{width}: more than one column went");
            before = columns.len();
        }
    }

    #[test]
    fn the_smallest_screen_has_what_matters_most() {
        let kinds: Vec<What> = fit(40, &UiOptions::default(), false).iter().map(|column| column.what).collect();
        assert_eq!(kinds, [What::Destination, What::Rate(Average::S10), What::Total, What::Score]);
    }

    #[test]
    fn eighty_columns_show_all_averages_the_total_and_why() {
        let kinds: Vec<What> = fit(80, &UiOptions::default(), false).iter().map(|column| column.what).collect();
        let rates = [What::Rate(Average::S2), What::Rate(Average::S10), What::Rate(Average::S40)];
        assert!(rates.iter().all(|rate| kinds.contains(rate)));
        assert!(kinds.contains(&What::Total) && kinds.contains(&What::Score) && kinds.contains(&What::Reason));
    }

    #[test]
    fn eighty_columns_show_who_sent_it_and_a_whole_address() {
        let columns = fit(80, &UiOptions::default(), true);
        let kinds: Vec<What> = columns.iter().map(|column| column.what).collect();
        assert!(kinds.contains(&What::Owner) && kinds.contains(&What::Reason), "{kinds:?}");
        assert!(columns[0].what == What::Destination && columns[0].width >= ADDRESS, "{columns:?}");
    }

    #[test]
    fn picked_columns_are_given_room() {
        let options = UiOptions { columns: vec!["proto", "ratio"], ..UiOptions::default() };
        let kinds: Vec<What> = fit(100, &options, false).iter().map(|column| column.what).collect();
        assert!(kinds.contains(&What::Field("proto")) && kinds.contains(&What::Field("ratio")), "{kinds:?}");
    }
}
