//! Reads the documented success straight into an answer, without a tree of JSON in between.
//!
//! Silent about every other body: what is not exactly the documented shape is for `body`, `classify` and `links` to
//! understand. What it does say is what they say; a property test holds the two together.

mod scan;

use self::scan::{after_space, plain_length};
use crate::api::link::is_link;
use crate::offer::{Answer, AnswerBuilder};

/// More entries than any offer has. Far more values than that are refused by the tree.
const MAX_ENTRIES: usize = 10_000;
/// A body for which speed is no question, in bytes.
const MAX_BODY: usize = 16 << 20;

/// The answer in the body of a successful call, where it is the documented one and has a link.
pub fn read(body: &str) -> Option<Answer> {
    if body.len() > MAX_BODY {
        return None;
    }
    let mut reader = Reader { body, rest: body.as_bytes() };
    reader.skip_space();
    let answer = reader.envelope()?;
    reader.skip_space();
    let has_link = answer.url().is_some_and(is_link) || answer.entries().any(|e| e.tracking_link.is_some_and(is_link));
    (has_link && reader.rest.is_empty()).then_some(answer)
}

/// What is left of a body. Every method takes what it finds, or gives up on the whole body.
struct Reader<'t> {
    body: &'t str,
    rest: &'t [u8],
}

/// A string of JSON, without its quotes.
#[derive(Clone, Copy)]
struct Text<'t> {
    raw: &'t str,
    has_escapes: bool,
}

/// A field of an answer; `None` where it is absent.
type Field<'t> = Option<Text<'t>>;

impl<'t> Reader<'t> {
    fn envelope(&mut self) -> Option<Answer> {
        let (mut code, mut message, mut data) = (None, None, None);
        self.list(b'{', b'}', |reader| {
            if reader.key(b"\"code\"") {
                reader.take(b'0')?;
                // Not 0.5 and no 00: only what ends a value can come now.
                matches!(reader.rest, [b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t', ..]).then_some(())?;
                once(&mut code, ())
            } else if reader.key(b"\"message\"") {
                once(&mut message, reader.text()?)
            } else if reader.key(b"\"data\"") {
                once(&mut data, reader.data()?)
            } else {
                None
            }
        })?;
        // What a success says in words does not matter, but it has to be a sound text.
        let message = message?;
        if message.has_escapes {
            message.unescape(&mut String::new())?;
        }
        code.and(data)
    }

    fn data(&mut self) -> Option<Answer> {
        let mut answer = None;
        self.list(b'{', b'}', |reader| {
            if reader.key(b"\"tracking_link\"") { once(&mut answer, reader.tracking_link()?) } else { None }
        })?;
        answer
    }

    fn tracking_link(&mut self) -> Option<Answer> {
        let (mut url, mut pixel, mut entries) = (None, None, None);
        // Enough for all its texts.
        let room = self.rest.len();
        self.list(b'{', b'}', |reader| {
            // The offer's own fields come before those of its entries, in an answer too.
            if entries.is_some() {
                None
            } else if reader.key(b"\"url\"") {
                once_or_null(&mut url, reader.field()?)
            } else if reader.key(b"\"impression_pixel\"") {
                once_or_null(&mut pixel, reader.field()?)
            } else if reader.key(b"\"offer_url\"") {
                let builder = entries.insert(begin([url, pixel], room)?);
                reader.entries(builder)
            } else {
                None
            }
        })?;
        let entries = match entries {
            Some(entries) => entries,
            None => begin([url, pixel], room)?,
        };
        Some(entries.build())
    }

    fn entries(&mut self, builder: &mut AnswerBuilder) -> Option<()> {
        let mut count = 0;
        self.list(b'[', b']', |reader| {
            count += 1;
            let fields = if count <= MAX_ENTRIES { reader.entry()? } else { return None };
            fields.into_iter().try_for_each(|field| write(field, builder))
        })
    }

    /// Its fields in the order of an answer; at least one of them.
    fn entry(&mut self) -> Option<[Field<'t>; 4]> {
        let [mut kind, mut name, mut tracking_link, mut preview_url] = [None; 4];
        self.list(b'{', b'}', |reader| {
            let field = if reader.key(b"\"type\"") {
                &mut kind
            } else if reader.key(b"\"name\"") {
                &mut name
            } else if reader.key(b"\"tracking_link\"") {
                &mut tracking_link
            } else if reader.key(b"\"preview_url\"") {
                &mut preview_url
            } else {
                return None;
            };
            once_or_null(field, reader.field()?)
        })?;
        let fields = [kind, name, tracking_link, preview_url];
        fields.iter().any(Option::is_some).then_some(fields)
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
    fn field(&mut self) -> Option<Field<'t>> {
        if let [b'n', b'u', b'l', b'l', rest @ ..] = self.rest {
            self.rest = rest;
            return Some(None);
        }
        self.text().map(Some)
    }

    fn text(&mut self) -> Option<Text<'t>> {
        self.take(b'"')?;
        let (mut end, mut has_escapes) = (0, false);
        loop {
            end += plain_length(self.rest.get(end..)?);
            match self.rest.get(end)? {
                b'"' => break,
                b'\\' => {
                    has_escapes = true;
                    // The second sign may be a quote; what it is is looked at when the text is written.
                    end += 2;
                }
                // A control character, which JSON does not have in a text.
                _ => return None,
            }
        }
        let start = self.body.len() - self.rest.len();
        let raw = self.body.get(start..start + end)?;
        self.rest = self.rest.get(end + 1..)?;
        Some(Text { raw, has_escapes })
    }

    #[inline]
    fn skip_space(&mut self) {
        self.rest = after_space(self.rest);
    }
}

impl Text<'_> {
    fn unescape(self, text: &mut String) -> Option<()> {
        let mut rest = self.raw;
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
}

/// An answer that begins with these fields and has room for so many bytes of text.
fn begin(own: [Field<'_>; 2], room: usize) -> Option<AnswerBuilder> {
    let mut builder = AnswerBuilder::with_capacity(room);
    own.into_iter().try_for_each(|field| write(field, &mut builder))?;
    Some(builder)
}

/// Adds a field, without its escapes, to an answer.
fn write(field: Field<'_>, builder: &mut AnswerBuilder) -> Option<()> {
    match field {
        Some(text) if text.has_escapes => builder.push_with(|out| text.unescape(out)),
        field => {
            builder.push(field.map(|text| text.raw));
            Some(())
        }
    }
}

/// Puts in what may come only once: of equal keys the last one counts, which is for the tree to say.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// The same for a field that may be `null`, which is as good as absent.
fn once_or_null<'t>(place: &mut Field<'t>, field: Field<'t>) -> Option<()> {
    if place.is_some() {
        return None;
    }
    *place = field;
    Some(())
}

#[cfg(test)]
mod tests;
