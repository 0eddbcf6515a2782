//! `--append QUERY`: parameters that are added to every tracking link.
//!
//! Owns the template language and where in a link its text goes. It never changes another byte of a link, and knows
//! nothing of rows or files: the caller hands in the cells.

mod doubts;

use std::fmt;

pub use self::doubts::Doubt;
use self::doubts::names;

/// A parsed `--append` value: literal text and `{row.COLUMN}` places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Safe to stand in a URL's query.
    Literal(String),
    /// The cell of this input column, percent-encoded.
    Column(String),
}

/// A part of a template, for those who only look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that is the same in every link.
    Literal(&'a str),
    /// The cell of this input column.
    Column(&'a str),
}

/// What is wrong with an `--append` value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// `{row.campaign` without an end.
    #[error("--append: `{{row.{rest}` has no closing brace: write {{row.COLUMN}}")]
    Unclosed {
        /// What follows the opening.
        rest: String,
    },
    /// `{row.}`.
    #[error("--append: `{{row.}}` names no column: write {{row.COLUMN}}")]
    NoColumn,
}

impl Template {
    /// Reads a template such as `aff_sub1={clickid}&source_id={row.campaign}`.
    ///
    /// A `?` or `&` at its start, and a `&` at its end, are dropped: joining is [`add_query`]'s work.
    ///
    /// # Errors
    /// Says which `{row.` place cannot be read.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let mut rest = text.trim().trim_start_matches(['?', '&']).trim_end_matches('&');
        let mut pieces = Vec::new();
        while let Some((literal, place)) = rest.split_once("{row.") {
            let (column, after) = place.split_once('}').ok_or_else(|| BadTemplate::Unclosed { rest: place.into() })?;
            if column.trim().is_empty() {
                return Err(BadTemplate::NoColumn);
            }
            push_literal(&mut pieces, literal);
            pieces.push(Piece::Column(column.to_owned()));
            rest = after;
        }
        push_literal(&mut pieces, rest);
        Ok(Self { pieces })
    }

    /// The input columns it names, one for each place, in the template's order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Column(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// Literal text and column names, in the template's order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => Part::Literal(text),
            Piece::Column(name) => Part::Column(name),
        })
    }

    /// The template as one would write it, with the names that `column` gives for those that were typed.
    pub fn text(&self, column: impl Fn(&str) -> String) -> String {
        let part = |part: Part<'_>| match part {
            Part::Literal(text) => text.to_owned(),
            Part::Column(name) => format!("{{row.{}}}", column(name)),
        };
        self.parts().map(part).collect()
    }

    /// Whether it adds nothing.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What it says that can hardly be meant. `columns` are those of the input.
    pub fn doubts(&self, columns: &[String]) -> Vec<Doubt> {
        doubts::of(&self.to_string(), columns)
    }

    /// The first of its parameters that `link` has already.
    pub fn clash(&self, link: &str) -> Option<String> {
        let (_, query) = link.split('#').next()?.split_once('?')?;
        let text = self.to_string();
        names(&text).find(|name| names(query).any(|other| other == *name)).map(str::to_owned)
    }

    /// Appends this row's query to `query`; `cell` gives the text for the n-th of [`Template::columns`].
    pub fn expand<'c>(&self, cell: impl Fn(usize) -> &'c str, query: &mut String) {
        let mut places = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => query.push_str(text),
                Piece::Column(_) => {
                    encode(cell(places), is_unreserved, query);
                    places += 1;
                }
            }
        }
    }
}

/// As it may be typed again: it reads back as the same.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Literal(text) => f.write_str(text),
            Piece::Column(name) => write!(f, "{{row.{name}}}"),
        })
    }
}

/// Whether a link has the parameters of `query` where [`add_query`] would have put them.
pub fn has_query(link: &str, query: &str) -> bool {
    let before = link.split('#').next().unwrap_or_default();
    before.strip_suffix(query).is_some_and(|link| link.ends_with(['?', '&']))
}

/// Appends `link` to `out` with `query` added to its parameters, before a `#fragment`.
///
/// Anything but an http(s) URL is copied as it is, and so is every link where `query` is empty.
pub fn add_query(link: &str, query: &str, out: &mut String) {
    if query.is_empty() || !is_http(link) {
        out.push_str(link);
        return;
    }
    let (before, fragment) = link.split_at(link.find('#').unwrap_or(link.len()));
    out.push_str(before);
    if !before.contains('?') {
        out.push('?');
    } else if !before.ends_with(['?', '&']) {
        out.push('&');
    }
    out.push_str(query);
    out.push_str(fragment);
}

/// Whether it is a link that takes a query.
pub fn is_http(link: &str) -> bool {
    let starts = |scheme: &str| link.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("http://") || starts("https://")
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str) {
    if text.is_empty() {
        return;
    }
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        encode(before, is_literal, &mut literal);
        let is_escape = after.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        literal.push_str(if is_escape { "%" } else { "%25" });
        rest = after;
    }
    encode(rest, is_literal, &mut literal);
    pieces.push(Piece::Literal(literal));
}

fn encode(text: &str, keep: fn(u8) -> bool, out: &mut String) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
    for byte in text.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// Characters that need no encoding anywhere in a URL (RFC 3986, 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What the user may write in a query: its own syntax, and the braces and brackets of macros. No `#`: it would start
/// a fragment.
fn is_literal(byte: u8) -> bool {
    is_unreserved(byte) || b"&={}[]:/?@!$()*+,;".contains(&byte)
}

#[cfg(test)]
mod tests;
