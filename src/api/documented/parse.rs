//! Finds the values of a documented answer by its grammar, whatever stands between them.
//!
//! Takes every order of keys and all white space, and gives up on everything that is not documented.

use crate::api::documented::mark::{Mark, Place, Value};
use crate::api::documented::scan::{Text, after_space, text};

/// More entries than any offer has. Far more values than that are refused by the tree.
pub(super) const MAX_ENTRIES: usize = 10_000;

/// Adds the values of a body to `marks`, in its own order; `None` where it is not a documented answer. Of the code, the
/// message and the links there is one each; whether another key comes twice is for the caller to see.
pub(super) fn parse(body: &[u8], marks: &mut Vec<Mark>) -> Option<()> {
    let mut parser = Parser { body, rest: body, marks };
    parser.skip_space();
    parser.envelope()?;
    parser.skip_space();
    parser.rest.is_empty().then_some(())
}

/// What is left of a body. Every method takes what it finds, or gives up on the whole body.
struct Parser<'t, 'm> {
    body: &'t [u8],
    rest: &'t [u8],
    marks: &'m mut Vec<Mark>,
}

impl Parser<'_, '_> {
    fn envelope(&mut self) -> Option<()> {
        let (mut code, mut message, mut data) = (None, None, None);
        self.list(b'{', b'}', |parser| {
            if parser.key(b"\"code\"") {
                parser.take(b'0')?;
                // Not 0.5 and no 00: only what ends a value can come now.
                matches!(parser.rest, [b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t', ..]).then_some(())?;
                parser.mark(Place::CODE, Value::NoText, 0);
                once(&mut code)
            } else if parser.key(b"\"message\"") {
                parser.text(Place::MESSAGE)?;
                once(&mut message)
            } else if parser.key(b"\"data\"") {
                parser.data()?;
                once(&mut data)
            } else {
                None
            }
        })?;
        code.and(message).and(data)
    }

    fn data(&mut self) -> Option<()> {
        let mut link = None;
        self.list(b'{', b'}', |parser| {
            if !parser.key(b"\"tracking_link\"") {
                return None;
            }
            parser.tracking_link()?;
            once(&mut link)
        })?;
        link
    }

    fn tracking_link(&mut self) -> Option<()> {
        self.list(b'{', b'}', |parser| {
            if parser.key(b"\"url\"") {
                parser.field(Place::URL)
            } else if parser.key(b"\"impression_pixel\"") {
                parser.field(Place::PIXEL)
            } else if parser.key(b"\"offer_url\"") {
                parser.mark(Place::LIST, Value::NoText, 0);
                parser.entries()
            } else {
                None
            }
        })
    }

    fn entries(&mut self) -> Option<()> {
        let mut count = 0;
        self.list(b'[', b']', |parser| {
            let entry = if count < MAX_ENTRIES { count } else { return None };
            count += 1;
            parser.entry(entry)
        })
    }

    /// Has at least one field.
    fn entry(&mut self, entry: usize) -> Option<()> {
        let first = self.marks.len();
        self.list(b'{', b'}', |parser| {
            let field = if parser.key(b"\"type\"") {
                0
            } else if parser.key(b"\"name\"") {
                1
            } else if parser.key(b"\"tracking_link\"") {
                2
            } else if parser.key(b"\"preview_url\"") {
                3
            } else {
                return None;
            };
            parser.field(Place::of_entry(entry, field))
        })?;
        let fields = self.marks.get(first..)?;
        fields.iter().any(|mark| mark.value != Value::NoText).then_some(())
    }

    /// The items between brackets, separated by commas. `item` takes one item, or a key and its value.
    #[inline]
    fn list(&mut self, open: u8, close: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(open)?;
        self.skip_space();
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            self.skip_space();
            if self.take(close).is_some() {
                return Some(());
            }
            self.take(b',')?;
            self.skip_space();
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        if *first != byte {
            return None;
        }
        self.rest = rest;
        Some(())
    }

    /// Whether this key, which is `name` with its quotes, comes next; then its value does now.
    #[inline]
    fn key<const N: usize>(&mut self, name: &[u8; N]) -> bool {
        let Some((start, rest)) = self.rest.split_first_chunk() else { return false };
        if start != name {
            return false;
        }
        let rest = after_space(rest);
        let Some((b':', rest)) = rest.split_first() else { return false };
        self.rest = after_space(rest);
        true
    }

    /// A text, or `null`.
    #[inline]
    fn field(&mut self, place: Place) -> Option<()> {
        if let [b'n', b'u', b'l', b'l', rest @ ..] = self.rest {
            self.rest = rest;
            self.mark(place, Value::NoText, 0);
            return Some(());
        }
        self.text(place)
    }

    fn text(&mut self, place: Place) -> Option<()> {
        self.take(b'"')?;
        let Text { len, value } = text(self.rest)?;
        self.mark(place, value, len);
        self.rest = self.rest.get(len + 1..)?;
        Some(())
    }

    /// The next bytes of the body are this value.
    fn mark(&mut self, place: Place, value: Value, len: usize) {
        let start = self.body.len() - self.rest.len();
        self.marks.push(Mark { place, value, start, end: start + len });
    }

    #[inline]
    fn skip_space(&mut self) {
        self.rest = after_space(self.rest);
    }
}

/// What may come only once: of equal keys the last one counts, which is for the tree to say.
fn once(place: &mut Option<()>) -> Option<()> {
    place.replace(()).is_none().then_some(())
}
