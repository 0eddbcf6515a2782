//! What the answers of many offers have in common: the same texts, but for the offer's ID in its link and pixel, and the link
//! itself in those of its landing pages. It lies in the file once, and each version names it. Pure.
//!
//! In the file the ID's place reads `{offer_id}`, and that of the offer's link `{url}`. So an answer with a brace in it has no
//! template: what is put in must be all that has one.

use memchr::memmem;

/// The place of the offer's ID.
const ID: &str = "{offer_id}";
/// The place of the offer's own link.
pub(super) const URL: &str = "{url}";

/// Larger ones would be held in memory for too little.
const LARGEST: usize = 16 << 10;

/// A text with places in it where another one is put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    places: Vec<usize>,
}

/// An answer's own link and pixel, and its landing pages as JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts<'a> {
    pub url: &'a str,
    pub impression_pixel: Option<&'a str>,
    pub links: &'a str,
}

/// What the answers of many offers have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    url: Pattern,
    impression_pixel: Option<Pattern>,
    links: Pattern,
}

/// How an answer fits a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// As a whole.
    Whole,
    /// But for its landing pages.
    Own,
    /// Not at all.
    No,
}

impl Pattern {
    /// The places of `what` in a text.
    fn of(text: &str, what: &str) -> Self {
        let mut pattern = Self::default();
        let mut from = 0;
        for at in memmem::find_iter(text.as_bytes(), what.as_bytes()) {
            pattern.text.push_str(text.get(from..at).unwrap_or_default());
            pattern.places.push(pattern.text.len());
            from = at + what.len();
        }
        pattern.text.push_str(text.get(from..).unwrap_or_default());
        pattern
    }

    /// The first place of an ID that is not a part of something longer.
    fn of_id(text: &str, id: &str) -> Self {
        let is_part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        let is_whole = |at: &usize| {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            !is_part(before) && !is_part(bytes.get(at + id.len()))
        };
        let Some(at) = memmem::find_iter(bytes, id.as_bytes()).find(is_whole) else {
            return Self { text: text.to_owned(), places: Vec::new() };
        };
        let (before, after) = text.split_at_checked(at).unwrap_or_default();
        Self { text: [before, after.get(id.len()..).unwrap_or_default()].concat(), places: vec![at] }
    }

    /// Whether a text is this with `what` put in.
    fn fits(&self, text: &str, what: &str) -> bool {
        if text.len() != self.text.len() + self.places.len() * what.len() {
            return false;
        }
        let mut rest = text.as_bytes();
        for part in self.parts() {
            let Some(behind) = rest.strip_prefix(part.text.as_bytes()) else { return false };
            rest = behind;
            if part.is_before_place {
                let Some(behind) = rest.strip_prefix(what.as_bytes()) else { return false };
                rest = behind;
            }
        }
        true
    }

    /// Appends the text with `what` put in.
    pub(super) fn fill(&self, what: &str, out: &mut String) {
        for part in self.parts() {
            out.push_str(part.text);
            if part.is_before_place {
                out.push_str(what);
            }
        }
    }

    fn filled(&self, what: &str) -> String {
        let mut text = String::with_capacity(self.text.len() + self.places.len() * what.len());
        self.fill(what, &mut text);
        text
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let mut from = 0;
        let ends = self.places.iter().map(|place| (*place, true));
        ends.chain([(self.text.len(), false)]).map(move |(end, is_before_place)| {
            let text = self.text.get(from..end).unwrap_or_default();
            from = end;
            Part { text, is_before_place }
        })
    }
}

struct Part<'p> {
    text: &'p str,
    is_before_place: bool,
}

impl Template {
    /// The one that an answer would be of; `None` if its link has not its ID in it.
    pub(super) fn of(id: &str, texts: Texts<'_>) -> Option<Self> {
        let Texts { url, impression_pixel, links } = texts;
        if url.len() + impression_pixel.map_or(0, str::len) + links.len() > LARGEST {
            return None;
        }
        let own = Pattern::of_id(url, id);
        (!own.places.is_empty()).then(|| Self {
            url: own,
            impression_pixel: impression_pixel.map(|pixel| Pattern::of_id(pixel, id)),
            links: Pattern::of(links, url),
        })
    }

    /// As it lies in the file: the link, the pixel and the landing pages.
    pub(super) fn read(url: &str, impression_pixel: Option<&str>, links: &str) -> Self {
        let impression_pixel = impression_pixel.map(|pixel| Pattern::of(pixel, ID));
        Self { url: Pattern::of(url, ID), impression_pixel, links: Pattern::of(links, URL) }
    }

    /// The same, to be written.
    pub(super) fn texts(&self) -> (String, Option<String>, String) {
        let pixel = self.impression_pixel.as_ref().map(|pixel| pixel.filled(ID));
        (self.url.filled(ID), pixel, self.links.filled(URL))
    }

    /// How an answer fits.
    pub(super) fn fit(&self, id: &str, Texts { url, impression_pixel, links }: Texts<'_>) -> Fit {
        let is_own = match (&self.impression_pixel, impression_pixel) {
            (Some(pattern), Some(pixel)) => pattern.fits(pixel, id),
            (None, None) => true,
            _ => false,
        };
        match is_own && self.url.fits(url, id) {
            false => Fit::No,
            true if self.links.fits(links, url) => Fit::Whole,
            true => Fit::Own,
        }
    }

    /// The offer's own link.
    pub(super) fn url(&self, id: &str) -> String {
        self.url.filled(id)
    }

    /// Its pixel.
    pub(super) fn impression_pixel(&self, id: &str) -> Option<String> {
        self.impression_pixel.as_ref().map(|pixel| pixel.filled(id))
    }

    /// Appends all of it, as [`stored::write()`](super::stored::write) does: the landing pages are those of a row, or else its own.
    pub(super) fn push_whole(&self, id: &str, links_of_row: Option<&str>, out: &mut String) {
        let start = out.len() + 1;
        out.push('=');
        self.url.fill(id, out);
        let end = out.len();
        out.push('\0');
        if let Some(pixel) = &self.impression_pixel {
            out.push('=');
            pixel.fill(id, out);
        }
        out.push('\0');
        let url = out.get(start..end).unwrap_or_default().to_owned();
        self.push_links(&url, links_of_row, out);
    }

    /// Appends its landing pages: those of a row, or else the template's.
    pub(super) fn push_links(&self, url: &str, of_row: Option<&str>, out: &mut String) {
        match of_row {
            Some(links) => push_with_url(links, url, out),
            None => self.links.fill(url, out),
        }
    }
}

/// Appends the landing pages of a row that names a template.
fn push_with_url(links: &str, url: &str, out: &mut String) {
    let mut rest = links;
    while let Some((before, behind)) = memchr::memchr(b'{', rest.as_bytes()).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(before);
        // A row with anything else between braces is damaged, and will not have the hash that it should.
        let (put, behind) = behind.strip_prefix(URL).map_or((behind, ""), |behind| (url, behind));
        out.push_str(put);
        rest = behind;
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn texts<'a>(url: &'a str, impression_pixel: Option<&'a str>, links: &'a str) -> Texts<'a> {
        Texts { url, impression_pixel, links }
    }

    #[test]
    fn an_answer_is_what_its_template_makes_of_it() {
        for (id, answer, [url, pixel, links]) in [
            (
                "19",
                texts(
                    "http://h/?o=19&a=5",
                    Some("<i src='http://h/i?o=19'>"),
                    r#"[[null,"a","http://h/?o=19&a=5&u=1",null]]"#,
                ),
                ["http://h/?o={offer_id}&a=5", "<i src='http://h/i?o={offer_id}'>", r#"[[null,"a","{url}&u=1",null]]"#],
            ),
            // A part of something longer is no ID; of two the first one is.
            ("1", texts("http://h1/1x/11/1/1", None, "[]"), ["http://h1/1x/11/{offer_id}/1", "-", "[]"]),
            // A link that goes on with a digit, and one that is there twice.
            (
                "7",
                texts("u=7", Some("é7é"), r#"[["u=7","u=78","7","u=6"]]"#),
                ["u={offer_id}", "é{offer_id}é", r#"[["{url}","{url}8","7","u=6"]]"#],
            ),
            ("7", texts("7", Some(""), "7777"), ["{offer_id}", "", "{url}{url}{url}{url}"]),
        ] {
            let template = Template::of(id, answer).unwrap();
            let (u, p, l) = template.texts();
            assert_eq!([&*u, p.as_deref().unwrap_or("-"), &*l], [url, pixel, links]);
            assert_eq!(Template::read(&u, p.as_deref(), &l), template);
            assert_eq!(template.fit(id, answer), Fit::Whole);
            assert_eq!(
                (&*template.url(id), template.impression_pixel(id).as_deref()),
                (answer.url, answer.impression_pixel)
            );
            for of_row in [None, Some(links)] {
                let mut back = String::new();
                template.push_links(answer.url, of_row, &mut back);
                assert_eq!(back, answer.links);
            }
        }
    }

    #[test]
    fn an_answer_with_another_text_does_not_fit() {
        let template = Template::of("7", texts("u=7&a", Some("p=7"), r#"["u=7&a1"]"#)).unwrap();
        for (id, answer, fit) in [
            ("8", texts("u=8&a", Some("p=8"), r#"["u=8&a1"]"#), Fit::Whole),
            ("123", texts("u=123&a", Some("p=123"), r#"["u=123&a1"]"#), Fit::Whole),
            ("8", texts("u=8&a", Some("p=8"), r#"["u=8&a2"]"#), Fit::Own),
            ("8", texts("u=8&a", Some("p=8"), r#"["u=7&a1"]"#), Fit::Own),
            ("8", texts("u=8&a", Some("p=8"), ""), Fit::Own),
            ("8", texts("u=8&b", Some("p=8"), r#"["u=8&a1"]"#), Fit::No),
            ("8", texts("u=7&a", Some("p=8"), r#"["u=7&a1"]"#), Fit::No),
            ("8", texts("u=8&a", Some("p=7"), r#"["u=8&a1"]"#), Fit::No),
            ("8", texts("u=8&a", None, r#"["u=8&a1"]"#), Fit::No),
            ("8", texts("u=8&", Some("p=8"), r#"["u=8&a1"]"#), Fit::No),
        ] {
            assert_eq!(template.fit(id, answer), fit, "{answer:?}");
        }
        assert_eq!(Template::of("7", texts("u", Some("7"), "[]")), None, "without the ID in it");
        assert_eq!(Template::of("7", texts("7", None, &"x".repeat(LARGEST))), None);
    }
}
