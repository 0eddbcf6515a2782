//! What an offer is called by, and why a cell is not that.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::text::is_invisible;

/// The ID of an offer as it is called: 1 to 20 ASCII digits, leading zeros kept.
///
/// Holds its digits inline, because there is one for every input row. Nothing but digits can be in it, so it can
/// never change the path of a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfferId {
    digits: [u8; Self::MAX_DIGITS],
    len: u8,
}

impl OfferId {
    /// The longest ID that is called; a 64-bit number has at most 20 digits.
    pub const MAX_DIGITS: usize = 20;

    /// Reads a cell of the ID column.
    ///
    /// White space (no-break spaces included), characters that nobody sees and quotes around the ID are dropped, and a
    /// fraction of zeros is too: `16.0` is what Excel and pandas make of 16, and `="16"` is Excel's way to keep a text.
    ///
    /// # Errors
    /// Says why the cell is not an ID.
    pub fn parse(cell: &str) -> Result<Self, InvalidOfferId> {
        let padded = cell.trim_matches(is_padding);
        // `="16"` is how Excel is made to keep a text: the last quote is padding by now.
        let trimmed = padded.strip_prefix("=\"").map_or(padded, |text| text.trim_matches(is_padding));
        let digits = match trimmed.split_once('.') {
            Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => {
                // In half of Europe `1.000` is a thousand. To call 1 for it would be a silent mistake.
                if zeros.len() == 3 && (1..=3).contains(&whole.len()) && whole.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(InvalidOfferId::ThousandsSeparator);
                }
                whole
            }
            _ => trimmed,
        };
        if digits.is_empty() {
            return Err(if trimmed.is_empty() { InvalidOfferId::Empty } else { InvalidOfferId::explain(trimmed) });
        }
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidOfferId::explain(digits));
        }
        if digits.len() > Self::MAX_DIGITS {
            return Err(InvalidOfferId::TooLong { digits: digits.len() });
        }
        let mut id = Self { digits: [0; Self::MAX_DIGITS], len: 0 };
        for (slot, digit) in id.digits.iter_mut().zip(digits.bytes()) {
            *slot = digit;
            id.len += 1;
        }
        Ok(id)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.digits.get(..usize::from(self.len)).unwrap_or_default()).unwrap_or_default()
    }
}

/// What spreadsheets, web pages and people leave around an ID.
fn is_padding(c: char) -> bool {
    let is_quote = matches!(c, '"' | '\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}');
    c.is_whitespace() || is_quote || is_invisible(c)
}

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One write of the digits is all that distinguishes IDs, and is several times cheaper than one for each field.
impl Hash for OfferId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.digits.get(..usize::from(self.len)).unwrap_or_default());
    }
}

impl fmt::Debug for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfferId({self})")
    }
}

/// Why a cell is not an offer ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOfferId {
    /// Nothing in the cell.
    #[error("the ID is empty")]
    Empty,
    /// `1,234` or `1 234`: may be one ID or two, so it is not guessed.
    #[error("an ID has no thousands separator: write 1234, not 1,234")]
    ThousandsSeparator,
    /// `1.6E+1`: the spreadsheet has lost digits.
    #[error("the ID is in scientific notation: format the column as text or as a whole number")]
    Scientific,
    /// `16.5`, `0.3`, `16.`: a number with a fraction.
    #[error("this is not a whole number, as an ID is")]
    NotWhole,
    /// `16 17`, `16,17`, `16;17`: to ask for one of them would lose the other.
    #[error("there are several numbers in this cell: write one ID on each line")]
    Several,
    /// The row has more cells than the header, and the ID column is not the first: it may have moved.
    #[error(
        "the row has more cells than the header, so its ID may stand in another column: put quotes around the cell \
         that holds a delimiter"
    )]
    Shifted,
    /// A cell of a workbook that is formatted as a date: what it shows is not what it holds.
    #[error("the cell is formatted as a date: format it as a number")]
    Date,
    /// `Total` stands before the number: it sums up the rows above.
    #[error("the row is a total, so its number is no ID: remove the row, or, if it is an offer, give it another name")]
    Total,
    /// Something else than digits.
    #[error("an ID is made of digits only")]
    NotDigits,
    /// More digits than any ID has.
    #[error("an ID has at most {max} digits, this has {digits}", max = OfferId::MAX_DIGITS)]
    TooLong {
        /// How many digits were found.
        digits: usize,
    },
}

impl InvalidOfferId {
    fn explain(text: &str) -> Self {
        let only = |extra: fn(char) -> bool| text.chars().all(|c| c.is_ascii_digit() || extra(c));
        let starts_as_number = text.starts_with(|c: char| c.is_ascii_digit());
        if starts_as_number && only(is_separator) && is_grouped(text) {
            Self::ThousandsSeparator
        } else if is_fraction(text) {
            Self::NotWhole
        } else if starts_as_number
            && text.contains(['e', 'E'])
            && only(|c| matches!(c, 'e' | 'E' | '+' | '-' | '.' | ','))
        {
            Self::Scientific
        } else if is_several(text) {
            Self::Several
        } else {
            Self::NotDigits
        }
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | '.' | ' ' | '\u{a0}' | '\u{202f}' | '\'' | '\u{2019}')
}

/// Digits in groups as thousands are written: `1,234`, `1 234 567`, and Indian `12,34,567`.
fn is_grouped(text: &str) -> bool {
    let mut groups = text.split(is_separator);
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()));
    let rest: Vec<usize> = groups.map(str::len).collect();
    first && rest.last() == Some(&3) && rest.iter().all(|len| (2..=3).contains(len))
}

/// `16.5`, `.3`, `16.`: digits around one point.
fn is_fraction(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, rest)| {
        !(whole.is_empty() && rest.is_empty()) && whole.bytes().chain(rest.bytes()).all(|byte| byte.is_ascii_digit())
    })
}

/// Two numbers or more with something between them that lists are written with.
fn is_several(text: &str) -> bool {
    let between = |c: char| c.is_whitespace() || is_invisible(c) || matches!(c, ',' | ';' | '|' | '/' | '&' | '+');
    let parts: Vec<&str> = text.split(between).filter(|part| !part.is_empty()).collect();
    parts.len() > 1 && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_spreadsheets_write_it() {
        for (cell, id) in [
            ("16", "16"),
            (" 16 ", "16"),
            ("\u{a0}16\u{a0}", "16"),
            ("\"16\"", "16"),
            ("'16", "16"),
            ("16.0", "16"),
            ("16.00", "16"),
            ("=\"16\"", "16"),
            (" =\" 16\" ", "16"),
            ("=\"16.0\"", "16"),
            ("\u{200b}16", "16"),
            ("16\u{200e}", "16"),
            ("\u{2060}16\u{ad}", "16"),
            ("\u{202d}16\u{202c}", "16"),
            ("\u{feff} \u{202f}16", "16"),
            ("0016", "0016"),
            ("99999999999999999999", "99999999999999999999"),
        ] {
            assert_eq!(OfferId::parse(cell).map(|id| id.to_string()), Ok(id.to_owned()), "{cell:?}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        use InvalidOfferId::{Empty, NotDigits, NotWhole, Scientific, Several, ThousandsSeparator, TooLong};
        for (cell, reason) in [
            ("", Empty),
            (" \u{a0}'", Empty),
            ("1,234", ThousandsSeparator),
            ("1 234", ThousandsSeparator),
            ("1.234", ThousandsSeparator),
            ("1.000", ThousandsSeparator),
            ("1.6E+1", Scientific),
            ("1,6E+1", Scientific),
            ("..", NotDigits),
            ("12,34,567", ThousandsSeparator),
            ("1\u{202f}234\u{202f}567", ThousandsSeparator),
            ("16.", NotWhole),
            ("16.5", NotWhole),
            ("0.3", NotWhole),
            (".0", NotWhole),
            ("1.2345", NotWhole),
            ("16 17", Several),
            ("16,17", Several),
            ("16, 17, 18", Several),
            ("16\u{2028}17", Several),
            ("16;17", Several),
            ("16/17", Several),
            ("1,2345", Several),
            ("-16", NotDigits),
            ("+16", NotDigits),
            ("#16", NotDigits),
            ("16-17", NotDigits),
            ("16 (paused)", NotDigits),
            ("=16", NotDigits),
            ("16\u{200b}17", Several),
            ("\u{ff11}\u{ff16}", NotDigits),
            ("16/../17", NotDigits),
            ("١٦", NotDigits),
            ("123456789012345678901", TooLong { digits: 21 }),
        ] {
            assert_eq!(OfferId::parse(cell), Err(reason), "{cell:?}");
        }
    }
}
