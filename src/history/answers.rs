//! Answers that wait to be written, one behind the other as the file stores them: whole, or as what differs from a template.
//! Pure memory.

use std::borrow::Cow;

use crate::history::alike::Alike;
use crate::history::stored::{self, Form, StoredAnswer};
use crate::history::template::{Fit, Template, Texts};
use crate::offer::Answer;

/// Answers that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    text: String,
    alike: Alike,
    /// The answer at hand.
    whole: String,
}

impl Answers {
    /// Forgets them all, and keeps their room.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.alike.make_room();
    }

    /// Memory held, in bytes.
    pub(super) fn size(&self) -> usize {
        self.text.len()
    }

    /// Their bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// What the templates are that answers name, by their places.
    pub(super) fn templates(&self) -> &[Template] {
        self.alike.templates()
    }

    /// Takes in the answer for an offer.
    pub(super) fn add(&mut self, id: &str, answer: &Answer) -> StoredAnswer {
        let Self { text, alike, whole } = self;
        whole.clear();
        let (stored, is_plain) = stored::write(answer, whole);
        let start = text.len();
        let of = answer.url().filter(|_| is_plain).and_then(|url| {
            let texts = Texts { url, impression_pixel: answer.impression_pixel(), links: stored.links(whole) };
            match alike.find(id, texts)? {
                (template, Fit::Own) => {
                    stored::push_links(answer, Some(url), text);
                    let own = text.get(start..).unwrap_or_default();
                    let whole = alike.find_own(template, own, (id, texts));
                    if whole.is_some() {
                        text.truncate(start);
                    }
                    whole.or(Some(template))
                }
                (template, _) => Some(template),
            }
        });
        let form = of.map_or(stored.form, |template| Form::Of { template });
        if of.is_none() {
            text.push_str(whole);
        }
        StoredAnswer { start, end: text.len(), form, hash: stored.hash }
    }

    /// What is to be written to the row of an answer for an offer, where `keys` are those of the templates in the file: a
    /// template without one cannot be named.
    pub(super) fn columns(&self, stored: StoredAnswer, id: &str, keys: &[Option<i64>]) -> Columns<'_> {
        let own = || self.text.get(stored.start..stored.end).filter(|links| !links.is_empty());
        match stored.form {
            Form::Whole { .. } => {
                let [url, impression_pixel] = stored.own(&self.text).map(|text| text.map(Cow::Borrowed));
                let links = Cow::Borrowed(stored.links(&self.text));
                Columns { url, impression_pixel, links: Some(links), template: None }
            }
            Form::Of { template } => match (keys.get(template).copied().flatten(), self.templates().get(template)) {
                (Some(key), _) => {
                    Columns { template: Some(key), links: own().map(Cow::Borrowed), ..Columns::default() }
                }
                (None, Some(template)) => {
                    let (url, mut links) = (template.url(id), String::new());
                    template.push_links(&url, own(), &mut links);
                    let impression_pixel = template.impression_pixel(id).map(Cow::Owned);
                    Columns { url: Some(url.into()), impression_pixel, links: Some(links.into()), template: None }
                }
                (None, None) => Columns::default(),
            },
        }
    }
}

/// The columns of a version's row.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    pub url: Option<Cow<'a, str>>,
    pub impression_pixel: Option<Cow<'a, str>>,
    pub links: Option<Cow<'a, str>>,
    pub template: Option<i64>,
}
