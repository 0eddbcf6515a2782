//! How much a cell looks like an offer ID.
//!
//! Pure, one cell at a time. Must not know of rows or columns.

use crate::offer::{InvalidOfferId, OfferId};
use crate::text::is_invisible;

/// What a cell looks like, most like an ID first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// An ID.
    Id,
    /// An ID with additions: `#16`, `16 (paused)`, `offer: 16`, `1.6E+1`. Headers never look like that.
    Marked,
    /// Begins with a number: `24 Shoes`.
    Numbered,
    /// Holds a digit somewhere: `Q4`, `1,50`, `2026-11-27`.
    Digits,
    /// Holds text without a digit.
    Word,
    /// Nothing but blanks.
    Blank,
}

impl Look {
    /// Looks at a cell.
    pub(super) fn of(cell: &str) -> Self {
        match OfferId::parse(cell) {
            Ok(_) => Self::Id,
            Err(InvalidOfferId::Empty) => Self::Blank,
            Err(InvalidOfferId::Scientific | InvalidOfferId::TooLong { .. }) => Self::Marked,
            Err(_) => Self::of_text(clean(cell)),
        }
    }

    fn of_text(text: &str) -> Self {
        if !text.contains(char::is_numeric) {
            return Self::Word;
        }
        if is_marked(text) {
            return Self::Marked;
        }
        let rest = text.trim_start_matches(char::is_numeric);
        let is_numbered = rest.len() < text.len() && rest.starts_with(|c: char| c.is_whitespace() || c.is_alphabetic());
        if is_numbered && rest.contains(char::is_alphabetic) { Self::Numbered } else { Self::Digits }
    }
}

fn clean(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

fn is_marked(text: &str) -> bool {
    let is_id = |text: &str| OfferId::parse(text).is_ok();
    // Digits of other scripts are meant as an ID.
    if text.chars().all(|c| c.is_numeric() && !c.is_ascii_digit()) {
        return true;
    }
    // `# 2026` is a comment.
    let bare = text.strip_prefix(['#', '+', '№', '=']);
    if bare.is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()) && is_id(text)) {
        return true;
    }
    if let Some((label, id)) = text.split_once([':', '=', '#'])
        && !label.trim().is_empty()
        && !label.contains(char::is_numeric)
        && is_id(id)
    {
        return true;
    }
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let (id, note) = text.split_at(text.len() - digits.len());
    let spaced = clean(note);
    is_id(id)
        && (spaced.starts_with(['(', '[', '#']) || (spaced.len() < note.len() && spaced.starts_with(['-', '–', '—'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_classified_by_its_look() {
        use Look::{Blank, Digits, Id, Marked, Numbered, Word};
        for (cell, look) in [
            ("16", Id),
            ("\u{200b}16", Id),
            ("=\"16\"", Id),
            ("16.0", Id),
            ("", Blank),
            (" \u{a0}\u{200b}", Blank),
            ("#16", Marked),
            ("+16", Marked),
            ("16 (paused)", Marked),
            ("16(paused)", Marked),
            ("16 - Shoes", Marked),
            ("offer:16", Marked),
            ("offer_id: 16", Marked),
            ("id=16", Marked),
            ("1.6E+1", Marked),
            ("123456789012345678901", Marked),
            ("\u{ff11}\u{ff16}", Marked),
            ("24 Shoes", Numbered),
            ("3Tage", Numbered),
            ("# 2026", Digits),
            ("16-17", Digits),
            ("1,50", Digits),
            ("2026-11-27", Digits),
            ("Q4", Digits),
            ("16.5", Digits),
            ("$16", Digits),
            ("10:30", Digits),
            ("1,234", Digits),
            ("Offer", Word),
            ("-", Word),
        ] {
            assert_eq!(Look::of(cell), look, "{cell:?}");
        }
    }
}
