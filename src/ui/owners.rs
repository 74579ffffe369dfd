//! The state of the Owners view: flows sifted as in Talkers, and added up as a tree of owner, destination and flow.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::model::{Label, Owner};
use crate::snapshot::group::UNKNOWN;
use crate::snapshot::{Row, RowId, Snapshot, group_by};

use super::app::App;
use super::cursor::Cursor;
use super::order::{Hold, Order};
use super::paint::width;
use super::screen::Seen;
use super::theme::Glyphs;

/// What flows of one owner have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OwnersBy {
    /// Executable, user, and unit or container.
    #[default]
    Process,
    Unit,
    Container,
    User,
}

impl OwnersBy {
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Unit => "unit",
            Self::Container => "container",
            Self::User => "user",
        }
    }

    /// The next one in the cycle.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Process => Self::Unit,
            Self::Unit => Self::Container,
            Self::Container => Self::User,
            Self::User => Self::Process,
        }
    }

    fn id_of(self, row: &Row) -> RowId {
        let Some(owner) = &row.owner else { return unknown() };
        RowId::Owner(match self {
            Self::Process => owner.key(),
            Self::Unit => owner.unit.clone().unwrap_or_else(|| Label::new("no unit")),
            Self::Container => owner.container.clone().unwrap_or_else(|| Label::new("no container")),
            Self::User => owner.uid.map_or_else(unknown_label, |uid| Label::new(&format!("uid {uid}"))),
        })
    }
}

fn unknown_label() -> Label {
    Label::new(UNKNOWN)
}

fn unknown() -> RowId {
    RowId::Owner(unknown_label())
}

/// Names go together whatever address they have at the moment.
fn destination(row: &Row) -> RowId {
    match (&row.name, row.remote) {
        (Some(name), _) => RowId::Domain(name.text.clone()),
        (None, Some(remote)) => RowId::Host(remote.ip),
        (None, None) => RowId::Other,
    }
}

/// What a line is, for as long as it lasts: the way to it from the root.
pub(crate) type Node = Vec<RowId>;

/// One line of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// 0 owner, 1 destination, 2 flow.
    pub level: usize,
    pub row: Row,
    pub is_open: bool,
}

/// What the Owners view remembers.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    pub cursor: Cursor<Node>,
    pub by: OwnersBy,
    pub open: HashSet<Node>,
    pub details: bool,
    pub nodes: Vec<Node>,
    pub branches: Vec<Branch>,
    /// The flows without an owner, and all: how many, and their bytes out as they are counted.
    pub unknown: (u64, u64),
    pub all: (u64, u64),
    order: Order,
}

/// Rows and lines that may be unfolded at once: beyond it the oldest ones are folded up.
const OPEN: usize = 1_024;

impl Owners {
    pub(crate) fn selected(&self) -> Option<&Branch> {
        self.branches.get(self.cursor.line(&self.nodes)?)
    }

    /// The row that the screen explains: the selected one, else the one that is lit most.
    pub(crate) fn explained(&self) -> Option<&Row> {
        let lit = || self.branches.iter().map(|branch| &branch.row).filter(|row| row.score > 0);
        self.selected().map(|branch| &branch.row).or_else(|| lit().max_by_key(|row| row.score))
    }

    fn push(&mut self, node: Node, row: &Row) -> bool {
        let is_open = self.open.contains(&node);
        self.branches.push(Branch { level: node.len() - 1, row: row.clone(), is_open });
        self.nodes.push(node);
        is_open
    }
}

/// Makes the tree anew.
pub(super) fn relist(app: &mut App, snapshot: &Snapshot) {
    let hold = if app.tick < app.talkers.held_until { Hold::Places } else { Hold::Free };
    let App { owners, talkers, options, .. } = app;
    let sift = |row: &Row| talkers.screen.sift(row, options, snapshot.at) == Seen::Shown;
    let shown: Vec<(usize, &Row)> = snapshot.rows.iter().enumerate().filter(|(_, row)| sift(row)).collect();
    let sum = |rows: &mut dyn Iterator<Item = &Row>| {
        rows.fold((0, 0_u64), |(flows, bytes), row| (flows + row.flows, bytes.saturating_add(row.out())))
    };
    owners.all = sum(&mut shown.iter().map(|(_, row)| *row));
    owners.unknown = sum(&mut shown.iter().map(|(_, row)| *row).filter(|row| row.owner.is_none()));
    let by = owners.by;
    let mut groups = group_by(shown, |row| by.id_of(row));
    // What nobody is known for is told even where it is nothing.
    if groups.iter().all(|(row, _)| row.id != unknown()) {
        groups.push((Row { id: unknown(), ..Row::default() }, Vec::new()));
    }
    owners.order.sort(&mut groups, options, hold);
    owners.nodes.clear();
    owners.branches.clear();
    for (row, members) in &groups {
        let node = vec![row.id.clone()];
        if owners.push(node.clone(), row) {
            let flows = members.iter().filter_map(|at| snapshot.rows.get(*at).map(|row| (*at, row)));
            unfold(owners, &node, flows, snapshot);
        }
    }
}

/// The destinations of an owner, the largest first, and the flows of those that are open.
fn unfold<'a>(owners: &mut Owners, owner: &Node, flows: impl Iterator<Item = (usize, &'a Row)>, snapshot: &Snapshot) {
    let mut places = group_by(flows, destination);
    places.sort_by(|(a, _), (b, _)| (b.score, b.out()).cmp(&(a.score, a.out())).then_with(|| a.id.cmp(&b.id)));
    for (place, members) in places {
        let node: Node = [owner.as_slice(), std::slice::from_ref(&place.id)].concat();
        if !owners.push(node.clone(), &place) {
            continue;
        }
        let mut flows: Vec<&Row> = members.iter().filter_map(|at| snapshot.rows.get(*at)).collect();
        flows.sort_by(|a, b| b.out().cmp(&a.out()).then_with(|| a.id.cmp(&b.id)));
        for flow in flows {
            owners.push([node.as_slice(), std::slice::from_ref(&flow.id)].concat(), flow);
        }
    }
}

/// Unfolds the selected line, folds it up again, or folds up what it is in.
pub(super) fn fold(app: &mut App, is_open: bool) {
    let Some(node) = app.owners.cursor.selected.clone() else {
        app.say("select a row first: j, k or the arrows");
        return;
    };
    let owners = &mut app.owners;
    if is_open {
        if owners.open.len() >= OPEN {
            owners.open.clear();
        }
        if node.len() < 3 {
            owners.open.insert(node);
        }
    } else if !owners.open.remove(&node) && node.len() > 1 {
        let above: Node = node.iter().take(node.len() - 1).cloned().collect();
        owners.open.remove(&above);
        owners.cursor.selected = Some(above);
    }
}

/// Opens or closes the selected line; on a flow, the details.
pub(super) fn enter(app: &mut App) {
    match app.owners.selected().map(|branch| (branch.level, branch.is_open)) {
        Some((2, _)) => app.owners.details = !app.owners.details,
        Some((_, is_open)) => fold(app, !is_open),
        None => fold(app, true),
    }
}

/// What an owner is called on its line.
pub(super) fn title(row: &Row, by: OwnersBy) -> String {
    let id = match &row.id {
        RowId::Owner(id) => id.as_str(),
        _ => "",
    };
    match (&row.owner, by) {
        (Some(owner), OwnersBy::Process) => program(owner),
        _ => id.to_owned(),
    }
}

/// A program in a column: its name, and where it belongs if there is room for all of that. Sessions come and go, and
/// say nothing.
pub(super) fn brief(owner: &Owner, room: u16, glyphs: Glyphs) -> Cow<'_, str> {
    let comm = owner.comm.as_str();
    let name = if comm.is_empty() { owner.program().rsplit('/').next().unwrap_or_default() } else { comm };
    let unit = owner.unit.as_ref().and_then(|unit| unit.as_str().strip_suffix(".service"));
    let place = owner.container.as_ref().map(Label::as_str).or(unit).filter(|place| *place != name);
    match place {
        Some(place) if width(name) + 1 + width(place) <= room.into() => {
            Cow::Owned(format!("{name}{}{place}", glyphs.pick("·", "/")))
        }
        _ => Cow::Borrowed(name),
    }
}

/// A program in few words: its name, what is odd about it, where it belongs and whose it is.
pub(super) fn program(owner: &Owner) -> String {
    let name = owner.program().rsplit('/').next().unwrap_or_default();
    let place = owner.container.as_ref().or(owner.unit.as_ref());
    let place = place.map_or_else(String::new, |place| format!(" {place}"));
    let user = owner.uid.map_or_else(String::new, |uid| format!(" uid {uid}"));
    let odd = if owner.traits.is_empty() { String::new() } else { format!(" [{}]", owner.traits.ids().join(" ")) };
    format!("{name}{odd}{place}{user}")
}
