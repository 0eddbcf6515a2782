//! What one escape means, in the spellings of URLs, HTML, JSON, shells and mail.

use super::Sign;

/// `=6B`, and the `=` at the end of a line.
pub(super) fn quoted_printable(signs: &[Sign]) -> Option<(char, usize)> {
    match signs {
        [Sign { c: '=', .. }, Sign { c: '\r' | '\n', .. }, ..] => Some(('\n', 2)),
        [Sign { c: '=', .. }, rest @ ..] => code(rest, 16, 2..=2).map(|(c, length)| (c, 1 + length)),
        _ => None,
    }
}

/// The escape that the signs begin with: what it means, and how many signs it has. In URLs, HTML, JSON and similar texts.
pub(super) fn escape(signs: &[Sign]) -> Option<(char, usize)> {
    let at = |n: usize| signs.get(n).map(|sign| sign.c);
    let behind = |n: usize| signs.get(n..).unwrap_or_default();
    let after = |n: usize, read: Option<(char, usize)>| read.map(|(c, length)| (c, n + length));
    match (at(0)?, at(1)?) {
        ('\\', 'u' | 'U') if at(2) == Some('{') => {
            let (c, length) = after(3, code(behind(3), 16, 1..=6))?;
            Some((c, length + usize::from(at(length) == Some('}'))))
        }
        ('%', 'u' | 'U') | ('\\', 'u') => after(2, code(behind(2), 16, 4..=4)),
        ('%', _) => after(1, code(behind(1), 16, 2..=2)),
        ('&', '#') => {
            let (mark, radix) = if matches!(at(2), Some('x' | 'X')) { (3, 16) } else { (2, 10) };
            let (c, length) = after(mark, code(behind(mark), radix, 1..=8))?;
            Some((c, length + usize::from(at(length) == Some(';'))))
        }
        ('&', _) => entity(signs),
        ('0', 'x' | 'X') | ('\\', 'x') => after(2, code(behind(2), 16, 2..=2)),
        ('\\', 'U') => after(2, code(behind(2), 16, 8..=8)),
        ('\\', '0'..='7') => after(1, code(behind(1), 8, 1..=3)),
        ('\\', 'n' | 'r' | 't' | 'b' | 'f') => Some((' ', 2)),
        ('\\', c) => Some((c, 2)),
        ('U' | 'u', '+') => after(2, code(behind(2), 16, 4..=6)),
        _ => None,
    }
}

/// A character by its number, which may be shorter than `most` digits.
fn code(signs: &[Sign], radix: u32, digits: std::ops::RangeInclusive<usize>) -> Option<(char, usize)> {
    let most = signs.get(..signs.len().min(*digits.end())).unwrap_or_default();
    let length = most.iter().take_while(|sign| sign.c.is_digit(radix)).count();
    let number = |number: u32, sign: &Sign| number.checked_mul(radix)?.checked_add(sign.c.to_digit(radix)?);
    let read = most.get(..length)?.iter().try_fold(0, number)?;
    (length >= *digits.start()).then_some((char::from_u32(read)?, length))
}

/// Names that HTML has for characters, which keys have too.
fn entity(signs: &[Sign]) -> Option<(char, usize)> {
    const NAMES: [(&str, char); 26] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&apos;", '\''),
        ("&sol;", '/'),
        ("&plus;", '+'),
        ("&equals;", '='),
        ("&colon;", ':'),
        ("&period;", '.'),
        ("&hyphen;", '-'),
        ("&dash;", '-'),
        ("&lowbar;", '_'),
        ("&num;", '#'),
        ("&percnt;", '%'),
        ("&excl;", '!'),
        ("&ast;", '*'),
        ("&comma;", ','),
        ("&semi;", ';'),
        ("&quest;", '?'),
        ("&commat;", '@'),
        ("&dollar;", '$'),
        ("&grave;", '`'),
        ("&Tab;", ' '),
        ("&NewLine;", ' '),
        ("&nbsp;", ' '),
    ];
    let is = |name: &str| name.chars().zip(signs).filter(|(c, sign)| *c == sign.c).count() == name.len();
    NAMES.into_iter().find(|(name, _)| is(name)).map(|(name, c)| (c, name.len()))
}
