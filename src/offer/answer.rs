//! The network's answer for an offer. Owns its layout in memory; must not know of the JSON that it came in.

/// The links of one offer, as received.
///
/// All texts share one allocation: up to 10,000 answers are remembered at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    text: Box<str>,
    /// Where each field ends in `text`: `url`, `impression_pixel`, then four for each entry.
    ends: Box<[FieldEnd]>,
}

/// The end of a field in the text of an [`Answer`], and whether the network sent the field at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FieldEnd(u32);

impl FieldEnd {
    const ABSENT: u32 = 1 << 31;

    fn offset(self) -> usize {
        (self.0 & !Self::ABSENT) as usize
    }

    fn is_absent(self) -> bool {
        self.0 & Self::ABSENT != 0
    }
}

/// One landing page of an offer; a field is `None` where the network sent none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// `Default`, `Random` or `Offer URL`.
    pub kind: Option<&'a str>,
    /// The landing page's name.
    pub name: Option<&'a str>,
    /// The tracking link of this landing page.
    pub tracking_link: Option<&'a str>,
    /// A sample of the landing page.
    pub preview_url: Option<&'a str>,
}

impl Answer {
    /// The most text an answer can hold, in bytes; the client's body limit is far below.
    pub const MAX_TEXT: usize = (FieldEnd::ABSENT - 1) as usize;

    /// The offer's own tracking link.
    pub fn url(&self) -> Option<&str> {
        self.field(0)
    }

    /// HTML of the impression pixel.
    pub fn impression_pixel(&self) -> Option<&str> {
        self.field(1)
    }

    /// The landing pages, in the network's order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        let count = self.ends.len().saturating_sub(2) / 4;
        (0..count).map(|i| Entry {
            kind: self.field(2 + 4 * i),
            name: self.field(3 + 4 * i),
            tracking_link: self.field(4 + 4 * i),
            preview_url: self.field(5 + 4 * i),
        })
    }

    /// The offer's own link and pixel alone, without landing pages.
    #[must_use]
    pub fn into_own_link(self) -> Self {
        AnswerBuilder::with_room((self.url(), self.impression_pixel()), 0, 0).build()
    }

    /// Everything in it that the network wrote, one field after the other with nothing between.
    pub(crate) fn all_text(&self) -> &str {
        &self.text
    }

    /// The same of the landing pages alone.
    pub(crate) fn entries_text(&self) -> &str {
        let own = self.ends.get(1).map_or(0, |end| end.offset());
        self.text.get(own..).unwrap_or_default()
    }

    /// Everything in it that the network wrote, field by field.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter_map(|index| self.field(index))
    }

    /// Memory held, in bytes.
    pub fn size(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<FieldEnd>() + size_of::<Self>()
    }

    /// The size of all its rows, in bytes, where each also has `more` bytes of the input: each row repeats what the
    /// entries share.
    pub fn size_of_rows(&self, more: usize) -> usize {
        let shared = self.url().map_or(0, str::len) + self.impression_pixel().map_or(0, str::len) + more;
        self.text.len().saturating_add(shared.saturating_mul(self.entries().len()))
    }

    /// Appends everything in it to `out`, for [`Self::unpack`].
    pub fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&u32::try_from(self.ends.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.ends.iter().for_each(|end| out.extend_from_slice(&end.0.to_le_bytes()));
        out.extend_from_slice(self.text.as_bytes());
    }

    /// Reads what [`Self::pack`] has written; `None` for anything else.
    pub fn unpack(packed: &[u8]) -> Option<Self> {
        let (count, rest) = packed.split_first_chunk()?;
        let (ends, text) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(4)?)?;
        let ends = ends.as_chunks().0.iter().map(|end| FieldEnd(u32::from_le_bytes(*end))).collect();
        Some(Self { text: std::str::from_utf8(text).ok()?.into(), ends })
    }

    fn field(&self, index: usize) -> Option<&str> {
        let end = self.ends.get(index).filter(|end| !end.is_absent())?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends.get(before).map_or(0, |e| e.offset()));
        self.text.get(start..end.offset())
    }
}

/// Builds an [`Answer`] field by field.
#[derive(Debug, Default)]
pub struct AnswerBuilder {
    text: String,
    ends: Vec<FieldEnd>,
}

impl AnswerBuilder {
    /// Starts with the fields of the offer itself.
    pub fn new(url: Option<&str>, impression_pixel: Option<&str>) -> Self {
        Self::with_room((url, impression_pixel), 0, 0)
    }

    /// Starts with the fields of the offer itself, and with room for `entries` landing pages with `bytes` bytes of text in
    /// all, so that adding them never reallocates.
    pub fn with_room((url, impression_pixel): (Option<&str>, Option<&str>), entries: usize, text: usize) -> Self {
        let own = url.map_or(0, str::len) + impression_pixel.map_or(0, str::len);
        let mut builder = Self { text: String::with_capacity(own + text), ends: Vec::with_capacity(2 + 4 * entries) };
        builder.push(url);
        builder.push(impression_pixel);
        builder
    }

    /// Starts empty, with room for this many bytes of text in so many fields that will be pushed one by one:
    /// `url`, `impression_pixel`, then the four of each landing page.
    pub(crate) fn with_capacity(text: usize, fields: usize) -> Self {
        Self { text: String::with_capacity(text), ends: Vec::with_capacity(fields) }
    }

    /// Adds fields that the network has not sent, until there are this many.
    pub(crate) fn leave_out_until(&mut self, fields: usize) {
        while self.ends.len() < fields {
            self.push(None);
        }
    }

    /// Adds a landing page.
    pub fn entry(&mut self, entry: Entry<'_>) {
        self.push(entry.kind);
        self.push(entry.name);
        self.push(entry.tracking_link);
        self.push(entry.preview_url);
    }

    /// The answer.
    pub fn build(self) -> Answer {
        Answer { text: self.text.into_boxed_str(), ends: self.ends.into_boxed_slice() }
    }

    /// Adds a field that `write` appends to the text; `None` where it cannot.
    pub(crate) fn push_with(&mut self, write: impl FnOnce(&mut String) -> Option<()>) -> Option<()> {
        write(&mut self.text)?;
        self.ends.push(FieldEnd(u32::try_from(self.text.len()).ok().filter(|end| end & FieldEnd::ABSENT == 0)?));
        Some(())
    }

    /// Adds a field.
    pub(crate) fn push(&mut self, field: Option<&str>) {
        // The client never lets a body grow to MAX_TEXT; past it a field would be left out rather than misplaced.
        let fits = |text: &&str| self.text.len() + text.len() <= Answer::MAX_TEXT;
        let absent = if let Some(text) = field.filter(fits) {
            self.text.push_str(text);
            0
        } else {
            FieldEnd::ABSENT
        };
        self.ends.push(FieldEnd(u32::try_from(self.text.len()).unwrap_or(FieldEnd::ABSENT - 1) | absent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_gives_back_what_was_put_in() {
        let mut builder = AnswerBuilder::new(Some("u"), None);
        let default = Entry { kind: Some("Default"), tracking_link: Some("t"), ..Entry::default() };
        let named = Entry { kind: Some("Offer URL"), name: Some(""), preview_url: Some("p"), ..Entry::default() };
        builder.entry(default);
        builder.entry(named);
        let answer = builder.build();
        assert_eq!((answer.url(), answer.impression_pixel()), (Some("u"), None));
        assert_eq!(answer.entries().collect::<Vec<_>>(), [default, named]);
    }
}
