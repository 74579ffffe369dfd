//! A selection that is an identity, and the part of a list that is on screen.

/// Where the operator is in a list.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<Id> {
    pub selected: Option<Id>,
    /// Where it was last: its neighbour there takes over when it goes.
    place: usize,
    /// First line on screen.
    pub top: usize,
}

impl<Id> Default for Cursor<Id> {
    fn default() -> Self {
        Self { selected: None, place: 0, top: 0 }
    }
}

impl<Id: Clone + PartialEq> Cursor<Id> {
    /// Line of the selection.
    pub(crate) fn line(&self, ids: &[Id]) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        if ids.get(self.place) == Some(selected) {
            return Some(self.place);
        }
        ids.iter().position(|id| id == selected)
    }

    /// Moves by some lines; the first move selects the first line.
    pub(crate) fn step(&mut self, ids: &[Id], by: isize, page: usize) {
        let to = match self.line(ids) {
            Some(line) => line.saturating_add_signed(by),
            None if by > 1 => self.top.saturating_add_signed(by),
            None => self.top,
        };
        self.go(ids, to, page);
    }

    pub(crate) fn go(&mut self, ids: &[Id], to: usize, page: usize) {
        let to = to.min(ids.len().saturating_sub(1));
        self.selected = ids.get(to).cloned();
        self.place = to;
        self.follow(ids, page);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Finds its place in a list that has changed. `true` if the selected one is gone and its neighbour was taken.
    pub(crate) fn settle(&mut self, ids: &[Id], page: usize) -> bool {
        let line = self.line(ids);
        let lost = self.selected.is_some() && line.is_none();
        if let Some(line) = line {
            self.place = line;
        } else if lost {
            self.place = self.place.min(ids.len().saturating_sub(1));
            self.selected = ids.get(self.place).cloned();
        }
        self.follow(ids, page);
        lost
    }

    fn follow(&mut self, ids: &[Id], page: usize) {
        let page = page.max(1);
        if self.selected.is_some() {
            self.top = self.top.clamp(self.place.saturating_sub(page - 1), self.place);
        } else {
            self.top = 0;
        }
        self.top = self.top.min(ids.len().saturating_sub(page));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_follows_its_identity_when_the_order_changes() {
        let mut cursor = Cursor::default();
        cursor.step(&["a", "b", "c"], 1, 10);
        cursor.step(&["a", "b", "c"], 1, 10);
        assert_eq!(cursor.selected, Some("b"));
        assert!(!cursor.settle(&["b", "c", "a"], 10));
        assert_eq!(cursor.line(&["b", "c", "a"]), Some(0));
    }

    #[test]
    fn a_selection_that_goes_falls_to_its_neighbour_and_says_so() {
        let mut cursor = Cursor::default();
        cursor.go(&["a", "b", "c"], 1, 10);
        assert!(cursor.settle(&["a", "c"], 10));
        assert_eq!(cursor.selected, Some("c"));
        assert!(cursor.settle(&[], 10));
        assert_eq!(cursor.selected, None);
        assert!(!cursor.settle(&["z"], 10));
    }

    #[test]
    fn the_screen_follows_the_selection() {
        let ids: Vec<u32> = (0..100).collect();
        let mut cursor = Cursor::default();
        cursor.go(&ids, 50, 10);
        assert_eq!(cursor.top, 41);
        cursor.step(&ids, -5, 10);
        assert_eq!(cursor.top, 41);
        cursor.go(&ids, usize::MAX, 10);
        assert_eq!((cursor.selected, cursor.top), (Some(99), 90));
        cursor.settle(&ids[..5], 10);
        assert_eq!((cursor.selected, cursor.top), (Some(4), 0));
    }
}
