//! The cells of a row that go into the output or into links.
//!
//! Owns their storage, which is compact: thousands of rows wait at the same time. Must not know their names.

use crate::cell::CellKind;

/// The kept cells of a row, in input order, then those that only links need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    text: Box<str>,
    /// Where each cell ends in `text`.
    ends: Box<[usize]>,
    kept: usize,
    /// The kind of each kept cell; empty if all are text.
    kinds: Box<[CellKind]>,
}

impl Cells {
    /// Takes the cells of a row, of which the first `kept` are for the output. Allocates nothing when there are none.
    pub(crate) fn new<T: AsRef<str>>(cells: impl ExactSizeIterator<Item = T>, kept: usize) -> Self {
        if cells.len() == 0 {
            return Self::default();
        }
        let mut text = String::new();
        let mut ends = Vec::with_capacity(cells.len());
        for cell in cells {
            text.push_str(cell.as_ref());
            ends.push(text.len());
        }
        Self { text: text.into_boxed_str(), ends: ends.into_boxed_slice(), kept, kinds: Box::default() }
    }

    /// The same cells, with the kind of each kept one.
    #[must_use]
    pub(crate) fn with_kinds(mut self, kinds: impl Iterator<Item = CellKind> + Clone) -> Self {
        if kinds.clone().any(|kind| kind != CellKind::Text) {
            self.kinds = kinds.collect();
        }
        self
    }

    /// A cell by the index that [`cell_index`](crate::input::Input::cell_index) gives; empty where the row was too short.
    pub(crate) fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|&end| self.text.get(start..end)).unwrap_or_default()
    }

    /// The number of cells, including those for links.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cells that go into the output, in the order of [`kept_columns`](crate::input::Input::kept_columns).
    #[cfg(test)]
    pub(crate) fn kept(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.kept).map(|index| self.get(index))
    }

    /// The same cells, each with its kind.
    pub(crate) fn kept_with_kinds(&self) -> impl ExactSizeIterator<Item = (&str, CellKind)> {
        (0..self.kept).map(|index| (self.get(index), self.kinds.get(index).copied().unwrap_or_default()))
    }

    /// Memory held outside of this value, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends) + size_of_val(&*self.kinds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_as_they_went_in() {
        let cells = Cells::new(["a", "", "ü,"].into_iter(), 2);
        assert_eq!(cells.kept().collect::<Vec<_>>(), ["a", ""]);
        assert_eq!([cells.get(0), cells.get(1), cells.get(2), cells.get(3)], ["a", "", "ü,", ""]);
        assert_eq!(Cells::new(std::iter::empty::<&str>(), 0), Cells::default());
    }
}
