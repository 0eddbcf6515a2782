//! Finds a secret in a text however it is spelled there: in another case, broken by blanks, with its characters escaped
//! in one way or several, as codes, or inside of base64.
//!
//! Compares letters and digits only: a text is read with its escapes undone once, twice and three times, and each
//! reading keeps where its characters stand. Owns no secret and replaces nothing.

mod escapes;

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;

use self::escapes::{escape, quoted_printable};

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
    /// The middle of its base64 form, which does not depend on the text around the secret.
    base64: Vec<Needle>,
}

struct Needle {
    finder: memmem::Finder<'static>,
    /// The secret's own characters before its first and after its last letter.
    edges: (Vec<char>, Vec<char>),
}

impl std::fmt::Debug for Needle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Needle")
    }
}

/// A character of a reading, and its position in the text.
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

    /// Where the secret is in the text, in order and without overlaps; in bytes.
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
        // Quoted-printable by itself: its mark also comes before values in URLs.
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

/// The nearest place from `at` on where a character begins.
fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
