//! Finds a secret in a text however it is spelled there: in another case, broken by blanks, with its characters escaped
//! in one way or several, as codes, or inside of base64.
//!
//! Compares letters and digits only: a text is read with its escapes undone once, twice and three times, and each
//! reading keeps where its characters stand. Owns no secret and replaces nothing.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;

/// Fewer letters and digits than this are in every text by chance.
const SHORTEST: usize = 6;
/// How often escapes may be escaped again.
const LAYERS: usize = 3;
/// A text is read in pieces of this size, in bytes, so that a large body needs no memory to speak of.
const PIECE: usize = 64 << 10;
/// What is looked for may lie across the end of a piece: this is more than the longest spelling of any key.
const OVERLAP: usize = 8 << 10;
/// Behind this many bytes nothing is looked for: an error quotes the beginning of a body.
const READ: usize = 1 << 20;

/// What is looked for, as [`fold`] leaves it.
#[derive(Debug)]
pub(crate) struct Needles {
    /// The secret, or the codes of its characters.
    plain: Vec<Needle>,
    /// What base64 has in its middle, whatever stands around the secret.
    base64: Vec<Needle>,
}

struct Needle {
    finder: memmem::Finder<'static>,
    /// What stands before and behind the first and the last letter, in the secret's own characters.
    edges: (Vec<char>, Vec<char>),
}

impl std::fmt::Debug for Needle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Needle")
    }
}

/// A character of a reading, and where it stands in the text.
#[derive(Clone, Copy)]
struct Sign {
    c: char,
    from: u32,
    to: u32,
}

impl Needles {
    /// Everything by which `secret` can be known, itself and as the password of `email`.
    pub(crate) fn of(email: &str, secret: &str) -> Self {
        let codes = |code: fn(u8) -> String| secret.bytes().map(code).collect::<String>();
        let hex = codes(|byte| format!("{byte:02x}"));
        let plain = [secret.to_owned(), hex.clone(), codes(|byte| byte.to_string()), codes(|byte| format!("{byte:o}"))];
        let mut inner: Vec<String> = vec![secret.to_owned(), hex.to_uppercase(), hex];
        // Base64 of what has base64 in it, as a log of headers has.
        inner.extend(
            [secret.to_owned(), format!(":{secret}"), format!("{email}:{secret}")]
                .map(|text| STANDARD_NO_PAD.encode(text)),
        );
        let base64 = inner.iter().flat_map(|text| (0..3).map(|place| middle_of_base64(text, place)));
        Self {
            plain: plain.iter().filter_map(|text| Needle::new(text)).collect(),
            base64: base64.filter_map(|text| Needle::new(&text)).collect(),
        }
    }

    /// Where the secret stands in the text, in order and without overlaps; in bytes.
    pub(crate) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut start = 0;
        while start < text.len().min(READ) {
            let end = ceil(text, start + PIECE + OVERLAP);
            let piece = text.get(start..end).unwrap_or_default();
            self.find_in(piece, &mut |range: Range<usize>| found.push(range.start + start..range.end + start));
            start = ceil(text, start + PIECE);
        }
        found.sort_by_key(|range| range.start);
        found.dedup_by(|next, last| {
            let overlaps = next.start <= last.end;
            if overlaps {
                last.end = last.end.max(next.end);
            }
            overlaps
        });
        found
    }

    fn find_in(&self, piece: &str, found: &mut impl FnMut(Range<usize>)) {
        let raw: Vec<Sign> = signs(piece).collect();
        self.find_among(&raw, found);
        // Quoted-printable for itself: its mark stands before values in URLs too.
        if let Some(read) = undo(&raw, quoted_printable) {
            self.find_among(&read, found);
        }
        let mut reading = raw;
        for _ in 0..LAYERS {
            let Some(read) = undo(&reading, escape) else { break };
            self.find_among(&read, found);
            reading = read;
        }
    }

    fn find_among(&self, signs: &[Sign], found: &mut impl FnMut(Range<usize>)) {
        let (letters, places) = fold(signs);
        for needle in &self.plain {
            for at in needle.finder.find_iter(&letters) {
                found(range(signs, needle.place(signs, &places, at)));
            }
        }
        for needle in &self.base64 {
            for at in needle.finder.find_iter(&letters) {
                found(range(signs, whole_word(signs, needle.place(signs, &places, at))));
            }
        }
    }
}

impl Needle {
    fn new(text: &str) -> Option<Self> {
        let signs: Vec<Sign> = signs(text).collect();
        let (letters, places) = fold(&signs);
        if letters.len() < SHORTEST {
            return None;
        }
        let at = |place: Option<&u32>| place.map_or(0, |place| *place as usize);
        let chars = |signs: &[Sign]| signs.iter().map(|sign| sign.c).collect();
        let before = chars(signs.get(..at(places.first())).unwrap_or_default());
        let behind = chars(signs.get(at(places.last()) + 1..).unwrap_or_default());
        Some(Self { finder: memmem::Finder::new(&letters).into_owned(), edges: (before, behind) })
    }

    /// The first and the last sign of a find at `at` among the letters, with the signs around it that are the secret's.
    fn place(&self, signs: &[Sign], places: &[u32], at: usize) -> (usize, usize) {
        let place = |at: usize| places.get(at).map_or(0, |place| *place as usize);
        let (first, last) = (place(at), place(at + self.finder.needle().len() - 1));
        let (before, behind) = around(signs, first, last);
        let own = |(sign, c): &(&Sign, &char)| sign.c == **c;
        let before = before.iter().rev().zip(self.edges.0.iter().rev()).take_while(own).count();
        let behind = behind.iter().zip(&self.edges.1).take_while(own).count();
        (first - before, last + behind)
    }
}

/// The signs before and behind those from the first to the last.
fn around(signs: &[Sign], first: usize, last: usize) -> (&[Sign], &[Sign]) {
    (signs.get(..first).unwrap_or_default(), signs.get(last + 1..).unwrap_or_default())
}

/// The first and the last sign of the piece of base64 that these are a part of.
fn whole_word(signs: &[Sign], (first, last): (usize, usize)) -> (usize, usize) {
    let is_part = |sign: &&Sign| sign.c.is_ascii_alphanumeric() || "+/-_=".contains(sign.c);
    let (before, behind) = around(signs, first, last);
    let before = before.iter().rev().take_while(is_part).count();
    (first - before, last + behind.iter().take_while(is_part).count())
}

/// Where signs stand in the text.
fn range(signs: &[Sign], (first, last): (usize, usize)) -> Range<usize> {
    let (from, to) = (signs.get(first).map_or(0, |sign| sign.from), signs.get(last).map_or(0, |sign| sign.to));
    from as usize..to as usize
}

/// What base64 makes of a text that begins `place` bytes after a multiple of three, without the characters that depend
/// on what stands around it.
fn middle_of_base64(text: &str, place: usize) -> String {
    let padded = ["\0\0".get(..place).unwrap_or_default(), text].concat();
    let encoded = STANDARD_NO_PAD.encode(&padded);
    let first = (place * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded.get(first..last).unwrap_or_default().to_owned()
}

/// The characters of a text as they stand there.
fn signs(text: &str) -> impl Iterator<Item = Sign> + '_ {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    text.char_indices().map(move |(at, c)| Sign { c, from: place(at), to: place(at + c.len_utf8()) })
}

/// Letters and digits alone, in lower case and of usual width, and the sign that each byte of them belongs to.
fn fold(signs: &[Sign]) -> (Vec<u8>, Vec<u32>) {
    let mut letters = Vec::with_capacity(signs.len());
    let mut places = Vec::with_capacity(signs.len());
    for (sign, place) in signs.iter().zip(0..) {
        let c = match sign.c {
            wide @ '\u{ff01}'..='\u{ff5e}' => char::from_u32(wide as u32 - 0xfee0).unwrap_or(wide),
            c => c,
        };
        if c.is_ascii_alphanumeric() {
            letters.push(c.to_ascii_lowercase() as u8);
            places.push(place);
        } else if c.is_alphanumeric() {
            for lower in c.to_lowercase() {
                letters.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
            }
            places.resize(letters.len(), place);
        }
    }
    (letters, places)
}

/// A reading with one layer of escapes undone; `None` where there are none.
fn undo(signs: &[Sign], read: fn(&[Sign]) -> Option<(char, usize)>) -> Option<Vec<Sign>> {
    let mut undone = Vec::with_capacity(signs.len());
    let mut rest = signs;
    while let Some((sign, more)) = rest.split_first() {
        let escaped = read(rest).and_then(|(c, n)| Some((c, rest.get(n.checked_sub(1)?)?, rest.get(n..)?)));
        let (c, to, behind) = escaped.map_or((sign.c, sign.to, more), |(c, last, behind)| (c, last.to, behind));
        undone.push(Sign { c, from: sign.from, to });
        rest = behind;
    }
    (undone.len() < signs.len()).then_some(undone)
}

/// `=6B`, and the `=` at the end of a line.
fn quoted_printable(signs: &[Sign]) -> Option<(char, usize)> {
    match signs {
        [Sign { c: '=', .. }, Sign { c: '\r' | '\n', .. }, ..] => Some(('\n', 2)),
        [Sign { c: '=', .. }, rest @ ..] => code(rest, 16, 2..=2).map(|(c, length)| (c, 1 + length)),
        _ => None,
    }
}

/// The escape that the signs begin with: what it means, and how many signs it has. In URLs, HTML, JSON and similar texts.
fn escape(signs: &[Sign]) -> Option<(char, usize)> {
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

/// The nearest place from `at` on where a character begins.
fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k3y-THAT-N0B0DY-MAY-SEE";
    const EMAIL: &str = "me@a.example";

    fn hidden(text: &str) -> String {
        let mut hidden = text.to_owned();
        for range in Needles::of(EMAIL, KEY).find(text).into_iter().rev() {
            hidden.replace_range(range, "*");
        }
        hidden
    }

    fn each(text: &str, spell: impl Fn(u32) -> String) -> String {
        text.chars().map(|c| spell(c as u32)).collect()
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let basic = base64(&format!("{EMAIL}:{KEY}"));
        let hex = |between: &str| KEY.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(between);
        let url = |text: &str| each(text, |c| format!("%{c:02x}"));
        for (what, spelled) in [
            ("plain", KEY.to_owned()),
            ("lower case", KEY.to_lowercase()),
            ("upper case", KEY.to_uppercase()),
            ("blanks", each(KEY, |c| format!("{} ", char::from_u32(c).unwrap()))),
            ("a line break", KEY.replacen("N0B0", "N0\r\nB0", 1)),
            ("zero-width", KEY.replacen("N0B0", "N0\u{200b}B0", 1)),
            ("soft hyphen", KEY.replacen("N0B0", "N0\u{ad}B0", 1)),
            ("UTF-16", each(KEY, |c| format!("{}\0", char::from_u32(c).unwrap()))),
            ("wide", each(KEY, |c| char::from_u32(c + 0xfee0).unwrap().to_string())),
            ("HTML numbers", each(KEY, |c| format!("&#{c};"))),
            ("HTML numbers in hex", each(KEY, |c| format!("&#x{c:X};"))),
            ("HTML numbers without an end", each(KEY, |c| format!("&#{c:07}"))),
            ("HTML twice", each(KEY, |c| format!("&amp;#{c};"))),
            ("HTML names", KEY.replace('-', "&hyphen;")),
            ("URL", url(KEY)),
            ("URL twice", url(&url(KEY))),
            ("URL three times", url(&url(&url(KEY)))),
            ("URL of HTML", url(&each(KEY, |c| format!("&#{c};")))),
            ("JSON", each(KEY, |c| format!("\\u{c:04x}"))),
            ("JSON twice", each(KEY, |c| format!("\\\\u{c:04X}"))),
            ("JavaScript", each(KEY, |c| format!("\\u{{{c:x}}}"))),
            ("C", each(KEY, |c| format!("\\x{c:02x}"))),
            ("octal", each(KEY, |c| format!("\\{c:03o}"))),
            ("%u", each(KEY, |c| format!("%u{c:04x}"))),
            ("U+", each(KEY, |c| format!("U+{c:04X} "))),
            ("quoted-printable", each(KEY, |c| format!("={c:02X}"))),
            ("hex", hex("")),
            ("hex with blanks", hex(" ")),
            ("hex with colons", hex(":")),
            ("hex of C", format!("0x{}", hex(", 0x"))),
            ("numbers", KEY.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")),
            ("base64 of the key", base64(KEY)),
            ("base64 of :key", base64(&format!(":{KEY}"))),
            ("base64 of a JSON", base64(&format!("{{\"k\":\"{KEY}\"}}"))),
            ("Basic", basic.clone()),
            ("Basic in lower case", basic.to_lowercase()),
            ("base64 of Basic", base64(&format!("Basic {basic}"))),
            ("base64 of Authorization", base64(&format!("Authorization: Basic {basic}\r\n"))),
            ("base64 of base64 of the key", base64(&base64(KEY))),
            ("base64 of hex", base64(&hex(""))),
            ("base64, broken", base64(KEY).replacen("TLV", "TL\nV", 1)),
            ("base64 in a URL", url(&basic)),
        ] {
            for (before, behind) in [("<", ">"), ("no: \"", "\" is it, not abc"), ("ü ", " ü")] {
                let found = hidden(&format!("{before}{spelled}{behind}"));
                let rest = found.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
                // A mark before or behind the first code may stay: it reveals nothing.
                let rest = rest.map(|rest| rest.trim_matches([' ', '\0', '0', 'x']));
                assert_eq!(rest, Some("*"), "{what}: {found}");
            }
        }
    }

    #[test]
    fn signs_at_the_ends_of_a_secret_are_its_own() {
        let needles = Needles::of(EMAIL, "\"=secret99=)");
        for (text, range) in
            [("a \"=secret99=) b", 2..14), ("a SECRET99=) b", 2..12), ("a %22%3Dsecret99%3D%29 b", 2..22)]
        {
            assert_eq!(needles.find(text), std::slice::from_ref(&range), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_found() {
        for text in
            ["", "key", "k3y-THAT-N0B0DY-MAY-SE", "aHR0cHM6Ly9leGFtcGxlLmNvbS8", "https://a.example/?k3y=THAT&N0=1"]
        {
            assert_eq!(hidden(text), text);
        }
        assert!(Needles::of("a@b", "-----------").find("a ----------- b").is_empty(), "left to the exact forms");
    }

    #[test]
    fn a_secret_across_pieces_is_found_and_the_end_of_a_large_body_is_not_read() {
        for at in [PIECE - 10, PIECE + OVERLAP - 5, 2 * PIECE - 1] {
            let text = format!("{}{KEY}{}", "ä".repeat(at / 2), "x".repeat(100_000));
            assert_eq!(Needles::of(EMAIL, KEY).find(&text), vec![at / 2 * 2..at / 2 * 2 + KEY.len()]);
        }
        assert!(hidden(&format!("{}{KEY}", " ".repeat(READ + PIECE + OVERLAP))).ends_with(KEY));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([&%\\\\=0xu+#;{}]|[a-f0-9]|\\PC){0,60}") {
            let ranges = Needles::of(EMAIL, KEY).find(&text);
            assert!(ranges.iter().all(|range| text.get(range.clone()).is_some()));
        }
    }
}
