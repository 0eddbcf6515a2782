//! Finds the links in a successful answer's `data`, in every shape that a PHP server gives it.
//!
//! Accepts what is documented and its PHP twins: a list for an object and the other way round, an object with numeric
//! keys for a list with gaps, an object that groups things under words, one thing instead of a list of one and the other
//! way round, a number for a string, `null` or `false` for nothing.
//! Nothing that was received is dropped once there is a link; without one, the words for what came instead.

mod no_link;

use std::borrow::Cow;

use self::no_link::what_came;
use crate::api::json::Json;
use crate::api::link::is_link;
use crate::offer::{Answer, AnswerBuilder, Entry};

/// The links in `data`.
///
/// # Errors
/// Where nothing in it is a link: what came instead.
pub fn find(data: Option<&Json<'_>>) -> Result<Answer, String> {
    let mut found = Found::default();
    if let Some(data) = data {
        found.take_offer(data, Texts::Links);
    }
    if found.has_link() { Ok(found.into_answer()) } else { Err(what_came(data)) }
}

/// The fields by which an offer is known, and those by which an entry is; an object without them holds such things.
const OFFER: &[&str] = &["url", "impression_pixel", "offer_url", "tracking_link"];
const ENTRY: &[&str] = &["type", "name", "tracking_link", "preview_url"];

/// What only offers and entries have.
const LINKS: &[&str] = &["offer_url", "tracking_link"];

/// Bytes of an entry's text that are repeated beside each of its links: no answer may become many times its own size.
const REPEATED: usize = 512;

/// What a field says; `None` where it is absent.
type Field<'j> = Option<Cow<'j, str>>;

#[derive(Default)]
struct Found<'j> {
    url: Field<'j>,
    impression_pixel: Field<'j>,
    entries: Vec<Fields<'j>>,
}

/// An entry before it is copied into the answer.
#[derive(Clone, Default)]
struct Fields<'j> {
    kind: Field<'j>,
    name: Field<'j>,
    tracking_link: Field<'j>,
    preview_url: Field<'j>,
}

impl Fields<'_> {
    fn as_entry(&self) -> Entry<'_> {
        Entry {
            kind: self.kind.as_deref(),
            name: self.name.as_deref(),
            tracking_link: self.tracking_link.as_deref(),
            preview_url: self.preview_url.as_deref(),
        }
    }

    /// Bytes of text.
    fn len(&self) -> usize {
        let Entry { kind, name, tracking_link, preview_url } = self.as_entry();
        [kind, name, tracking_link, preview_url].into_iter().flatten().map(str::len).sum()
    }
}

/// What a text is that has no field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Texts {
    /// A link.
    Links,
    /// Anything: under an unknown word it may as well be a picture.
    Unknown,
}

impl<'j> Found<'j> {
    /// Takes `data` or `tracking_link`; the recursion is bounded by the JSON's limited depth. `texts` says
    /// what a text without a field's name is.
    fn take_offer(&mut self, json: &'j Json<'j>, texts: Texts) {
        match json {
            _ if is_list(json) => each(json, |item| self.take_offer(item, texts)),
            Json::Object(pairs) if !has_any(pairs, OFFER) => {
                // Beside an offer's links, a URL under another key is something else.
                let is_rich = |value: &&Json<'_>| mentions(value, LINKS);
                let any_rich = values(pairs).any(|value| is_rich(&value));
                let taken = values(pairs).filter(|value| !any_rich || is_rich(value));
                taken.for_each(|value| self.take_offer(value, Texts::Unknown));
            }
            Json::Object(_) => {
                if let Some(url) = json.get("url") {
                    each_text(url, &mut |text| self.take_url(Some(text)));
                }
                if let Some(pixel) = json.get("impression_pixel") {
                    each_text(pixel, &mut |text| self.take_pixel(Some(text)));
                }
                if let Some(entries) = json.get("offer_url") {
                    self.take_entries(entries);
                }
                if let Some(tracking_link) = json.get("tracking_link") {
                    self.take_offer(tracking_link, Texts::Links);
                }
            }
            scalar if texts == Texts::Links => self.take_url(scalar.as_text()),
            _ => {}
        }
    }

    /// An answer has one `url`; a second one, in a list of offers, is kept as an entry.
    fn take_url(&mut self, url: Field<'j>) {
        if self.url.is_none() {
            self.url = url;
        } else if url.is_some() && url != self.url {
            self.entries.push(Fields { tracking_link: url, ..Fields::default() });
        }
    }

    /// Pixels are HTML, so that two are as good in one field, one after the other.
    fn take_pixel(&mut self, pixel: Field<'j>) {
        match (&mut self.impression_pixel, pixel) {
            (Some(first), Some(next)) if *first != next => first.to_mut().push_str(&next),
            (first @ None, next) => *first = next,
            _ => {}
        }
    }

    fn take_entries(&mut self, json: &'j Json<'j>) {
        match json {
            _ if is_list(json) => each(json, |item| match item {
                // An entry without fields, as PHP writes it.
                item if [Json::List(vec![]), Json::Object(vec![])].contains(item) => {
                    self.entries.push(Fields::default());
                }
                item => self.take_entries(item),
            }),
            Json::Object(pairs) if !has_any(pairs, ENTRY) || holds_entries(json, pairs) => {
                let any_rich = values(pairs).any(|value| mentions(value, ENTRY));
                let is_link = |value: &Json<'_>| value.as_text().is_some_and(|text| is_link(&text));
                let is_item = |value: &&Json<'_>| match value {
                    Json::Object(_) => !any_rich || mentions(value, ENTRY),
                    value => matches!(value, Json::List(_)) || is_link(value),
                };
                let mut items = values(pairs).filter(is_item).peekable();
                if items.peek().is_none() {
                    self.entries.push(Fields::default());
                }
                items.for_each(|item| self.take_entries(item));
            }
            Json::Object(_) => self.take_entry(json),
            other if other.is_absent() => {}
            other => self.entries.push(Fields { tracking_link: other.as_text(), ..Fields::default() }),
        }
    }

    /// One entry for each of its links.
    fn take_entry(&mut self, json: &'j Json<'j>) {
        let field = |name| json.get(name).and_then(text);
        let (kind, name, preview_url) = (field("type"), field("name"), field("preview_url"));
        let mut entry = Fields { kind, name, preview_url, tracking_link: None };
        let repeated = if entry.len() > REPEATED { Fields::default() } else { entry.clone() };
        let mut further = Vec::new();
        if let Some(links) = json.get("tracking_link") {
            each_text(links, &mut |link| match entry.tracking_link {
                None => entry.tracking_link = Some(link),
                Some(_) => further.push(link),
            });
        }
        self.entries.push(entry);
        let further = further.into_iter().map(|link| Fields { tracking_link: Some(link), ..repeated.clone() });
        self.entries.extend(further);
    }

    fn has_link(&self) -> bool {
        let links = self.entries.iter().filter_map(|entry| entry.tracking_link.as_deref());
        self.url.as_deref().into_iter().chain(links).any(is_link)
    }

    fn into_answer(self) -> Answer {
        let own = (self.url.as_deref(), self.impression_pixel.as_deref());
        let text = self.entries.iter().map(Fields::len).sum();
        let mut answer = AnswerBuilder::with_room(own, self.entries.len(), text);
        for entry in &self.entries {
            answer.entry(entry.as_entry());
        }
        answer.build()
    }
}

/// The pairs of an object whose keys are all numbers: a PHP list with gaps.
fn numbered<'j>(json: &'j Json<'j>) -> Option<&'j [(Cow<'j, str>, Json<'j>)]> {
    let Json::Object(pairs) = json else { return None };
    let is_index = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
    (!pairs.is_empty() && pairs.iter().all(|(key, _)| is_index(key))).then_some(pairs)
}

/// A list, or what PHP makes of one.
pub(crate) fn is_list(json: &Json<'_>) -> bool {
    matches!(json, Json::List(_)) || matches!(json, Json::Object(pairs) if pairs.is_empty()) || numbered(json).is_some()
}

/// Hands over each item of a list.
pub(crate) fn each<'j>(json: &'j Json<'j>, mut take: impl FnMut(&'j Json<'j>)) {
    if let Json::List(items) = json {
        for item in items {
            take(item);
        }
    } else if let Some(pairs) = numbered(json) {
        for (_, item) in pairs {
            take(item);
        }
    }
}

fn values<'j>(pairs: &'j [(Cow<'j, str>, Json<'j>)]) -> impl Iterator<Item = &'j Json<'j>> {
    pairs.iter().map(|(_, value)| value)
}

/// Whether an object has one of these fields.
fn has_any(pairs: &[(Cow<'_, str>, Json<'_>)], fields: &[&str]) -> bool {
    pairs.iter().any(|(key, _)| fields.contains(&&**key))
}

/// Whether one of these fields is anywhere in it.
fn mentions(json: &Json<'_>, fields: &[&str]) -> bool {
    match json {
        Json::List(items) => items.iter().any(|item| mentions(item, fields)),
        Json::Object(pairs) => has_any(pairs, fields) || values(pairs).any(|value| mentions(value, fields)),
        _ => false,
    }
}

/// Whether what looks like an entry has no link of its own, but entries in it.
fn holds_entries(json: &Json<'_>, pairs: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    let own = json.get("tracking_link").filter(|link| !link.is_hollow());
    own.is_none() && values(pairs).any(|value| mentions(value, LINKS))
}

/// Hands over each text in a field, whatever it is wrapped in; beside a link in an object the rest only describes it.
fn each_text<'j>(json: &'j Json<'j>, take: &mut dyn FnMut(Cow<'j, str>)) {
    match json {
        _ if is_list(json) => each(json, |item| each_text(item, take)),
        Json::Object(pairs) => {
            let mut texts = Vec::new();
            values(pairs).for_each(|value| each_text(value, &mut |text| texts.push(text)));
            let has_link = texts.iter().any(|text| is_link(text));
            texts.into_iter().filter(|text| !has_link || is_link(text)).for_each(take);
        }
        scalar => scalar.as_text().into_iter().for_each(take),
    }
}

/// The one text in a field; several as JSON.
fn text<'j>(json: &'j Json<'j>) -> Field<'j> {
    let (mut first, mut count) = (None, 0_usize);
    each_text(json, &mut |text| {
        first.get_or_insert(text);
        count += 1;
    });
    if count > 1 { json.as_text() } else { first }
}

#[cfg(test)]
mod tests;
