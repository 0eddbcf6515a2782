//! Where the values of a documented answer stand in its body, and the answer that they make.
//!
//! Knows nothing of how they are found.

use crate::api::documented::scan::plain_length;
use crate::offer::{Answer, AnswerBuilder};

/// A value in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) place: Place,
    pub(super) value: Value,
    /// Where it begins and ends in the body: a text without its quotes.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text that stands for itself.
    Plain,
    /// A text with escapes.
    Escaped,
    /// The code of a success, the list of entries, or `null`, which is as good as absent.
    NoText,
}

/// Which value: by its place in the documented order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(usize);

impl Place {
    pub(super) const CODE: Self = Self(0);
    pub(super) const MESSAGE: Self = Self(1);
    pub(super) const URL: Self = Self(2);
    pub(super) const PIXEL: Self = Self(3);
    pub(super) const LIST: Self = Self(4);
    /// The first field of the first entry. All have four.
    const ENTRIES: usize = 5;
    /// How many kinds of values there are: those of the fields of all entries are the same.
    pub(super) const KINDS: usize = Self::ENTRIES + 4;

    /// A field of an entry: `type`, `name`, `tracking_link` or `preview_url`, counted from 0 as entries are.
    pub(super) fn of_entry(entry: usize, field: usize) -> Self {
        Self(Self::ENTRIES + 4 * entry + field)
    }

    /// The entry that it belongs to, if any.
    pub(super) fn entry(self) -> Option<usize> {
        Some(self.0.checked_sub(Self::ENTRIES)? / 4)
    }

    /// Which of [`Self::KINDS`] it is.
    pub(super) fn kind(self) -> usize {
        self.0.checked_sub(Self::ENTRIES).map_or(self.0, |field| Self::ENTRIES + field % 4)
    }

    /// The place of a kind that follows on this one: in the same entry, or in the `entries`-th after it.
    pub(super) fn next(self, kind: usize, entries: usize) -> Option<Self> {
        let Some(field) = kind.checked_sub(Self::ENTRIES) else { return Some(Self(kind)) };
        let entry = match self.entry() {
            Some(entry) => entry + entries,
            None => entries.checked_sub(1)?,
        };
        Some(Self::of_entry(entry, field))
    }

    /// Where it stands among the fields of an answer, if it is one.
    fn field(self) -> Option<usize> {
        match self {
            Self::URL => Some(0),
            Self::PIXEL => Some(1),
            _ => Some(2 + self.0.checked_sub(Self::ENTRIES)?),
        }
    }
}

/// The answer of marks in documented order; `None` where a text is no sound one, or one is too many.
pub(super) fn answer(body: &str, marks: &[Mark]) -> Option<Answer> {
    let fields = marks.last()?.place.entry().map_or(2, |last| 2 + 4 * (last + 1));
    let of_answer = marks.iter().filter(|mark| mark.place.field().is_some());
    let room = of_answer.map(|mark| mark.end - mark.start).sum();
    let mut builder = AnswerBuilder::with_capacity(room, fields);
    for mark in marks {
        let text = body.get(mark.start..mark.end)?;
        match (mark.place.field(), mark.value) {
            // What a success says in words does not matter, but it has to be a sound text.
            (None, Value::Escaped) => unescape(text, &mut String::new())?,
            (None, _) | (_, Value::NoText) => {}
            (Some(field), Value::Plain) => {
                builder.leave_out_until(field);
                builder.push(Some(text));
            }
            (Some(field), Value::Escaped) => {
                builder.leave_out_until(field);
                builder.push_with(|out| unescape(text, out))?;
            }
        }
    }
    builder.leave_out_until(fields);
    Some(builder.build())
}

/// Adds what a text of JSON means.
fn unescape(raw: &str, text: &mut String) -> Option<()> {
    let mut rest = raw;
    loop {
        // Neither quotes nor control characters are in it.
        let (plain, escape) = rest.split_at_checked(plain_length(rest.as_bytes()))?;
        text.push_str(plain);
        if escape.is_empty() {
            return Some(());
        }
        let mut signs = escape.chars();
        signs.next();
        text.push(match signs.next()? {
            c @ ('/' | '"' | '\\') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (digits, after) = signs.as_str().split_at_checked(4)?;
                signs = after.chars();
                let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                // Halves of a character have no text of their own.
                u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).and_then(char::from_u32)?
            }
            _ => return None,
        });
        rest = signs.as_str();
    }
}
