//! What differs between two states of an offer. Pure.
//!
//! An empty text and none are the same here, as in a CSV: the row would say that nothing became nothing.

use crate::offer::{Answer, Entry};

/// A state of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It never had links.
    Never,
    /// It has these.
    Good(Answer),
    /// It had some, and has none any more.
    Gone,
}

/// What has happened to an offer or to one of its links: the word in the column `change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The offer has links for the first time.
    New,
    /// It has none any more.
    Gone,
    /// It has links again.
    Back,
    /// A landing page was added.
    Added,
    /// A landing page was removed.
    Removed,
    /// A value has changed.
    Changed,
}

impl Kind {
    /// The word; a promise to users.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Back => "back",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// One difference. Texts are empty where there is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What has happened.
    pub kind: Kind,
    /// The landing page's type and name; empty for the offer itself.
    pub entry: [String; 2],
    /// The column that `before` and `after` are from.
    pub field: &'static str,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
}

/// The differences, those of the offer first, then those of its landing pages in their order.
pub(crate) fn diff(before: &State, after: &State) -> Vec<Change> {
    let of_offer = |kind, before: Option<&Answer>, after: Option<&Answer>| {
        let url = |answer: Option<&Answer>| answer.and_then(Answer::url).unwrap_or_default().to_owned();
        let (before, after) = (url(before), url(after));
        vec![Change { kind, entry: [String::new(), String::new()], field: "url", before, after }]
    };
    match (before, after) {
        (State::Never, State::Good(after)) => of_offer(Kind::New, None, Some(after)),
        (State::Good(before), State::Gone) => of_offer(Kind::Gone, Some(before), None),
        (State::Gone, State::Good(after)) => of_offer(Kind::Back, None, Some(after)),
        (State::Good(before), State::Good(after)) => between(before, after),
        (State::Never | State::Gone, State::Never | State::Gone) | (State::Good(_), State::Never) => Vec::new(),
    }
}

fn between(before: &Answer, after: &Answer) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut compare = |entry: [String; 2], field, before: Option<&str>, after: Option<&str>| {
        let [before, after] = [before, after].map(Option::unwrap_or_default);
        if before != after {
            let [before, after] = [before, after].map(str::to_owned);
            changes.push(Change { kind: Kind::Changed, entry, field, before, after });
        }
    };
    compare(Default::default(), "url", before.url(), after.url());
    compare(Default::default(), "impression_pixel", before.impression_pixel(), after.impression_pixel());
    let mut left: Vec<Option<Entry<'_>>> = before.entries().map(as_shown).map(Some).collect();
    // Equal ones first, so that none of them is taken for an earlier state of another.
    let is_new = |entry: &Entry<'_>| take(&mut left, |old| old == entry).is_none();
    let new: Vec<_> = after.entries().map(as_shown).filter(is_new).collect();
    let mut added = Vec::new();
    for entry in new {
        match take(&mut left, |old| (old.kind, old.name) == (entry.kind, entry.name)) {
            Some(old) => {
                compare(names(&entry), "offer_url_tracking_link", old.tracking_link, entry.tracking_link);
                compare(names(&entry), "offer_url_preview_url", old.preview_url, entry.preview_url);
            }
            None => added.push(entry),
        }
    }
    let whole = |kind, entry: &Entry<'_>| {
        let link = entry.tracking_link.unwrap_or_default().to_owned();
        let (before, after) = if kind == Kind::Removed { (link, String::new()) } else { (String::new(), link) };
        Change { kind, entry: names(entry), field: "offer_url_tracking_link", before, after }
    };
    changes.extend(left.iter().flatten().map(|entry| whole(Kind::Removed, entry)));
    changes.extend(added.iter().map(|entry| whole(Kind::Added, entry)));
    changes
}

/// Takes the first landing page that fits.
fn take<'a>(left: &mut [Option<Entry<'a>>], fits: impl Fn(&Entry<'_>) -> bool) -> Option<Entry<'a>> {
    left.iter_mut().find(|entry| entry.as_ref().is_some_and(&fits))?.take()
}

/// Without texts that are empty.
fn as_shown(Entry { kind, name, tracking_link, preview_url }: Entry<'_>) -> Entry<'_> {
    let [kind, name, tracking_link, preview_url] =
        [kind, name, tracking_link, preview_url].map(|text| text.filter(|text| !text.is_empty()));
    Entry { kind, name, tracking_link, preview_url }
}

fn names(entry: &Entry<'_>) -> [String; 2] {
    [entry.kind, entry.name].map(|text| text.unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offer::AnswerBuilder;

    fn answer(url: &str, entries: &[(&str, &str, &str)]) -> Answer {
        let mut builder = AnswerBuilder::new(Some(url), None);
        for (kind, name, link) in entries {
            let name = Some(*name).filter(|name| !name.is_empty());
            builder.entry(Entry { kind: Some(kind), name, tracking_link: Some(link), preview_url: None });
        }
        builder.build()
    }

    fn shown(before: &State, after: &State) -> Vec<String> {
        let show = |c: Change| format!("{} {:?} {} {} -> {}", c.kind.as_str(), c.entry, c.field, c.before, c.after);
        diff(before, after).into_iter().map(show).collect()
    }

    #[test]
    fn an_empty_text_is_none() {
        let of = |empty: Option<&str>| {
            let mut builder = AnswerBuilder::new(Some("u"), empty);
            builder.entry(Entry { kind: Some("Default"), name: empty, tracking_link: Some("d"), preview_url: empty });
            State::Good(builder.build())
        };
        assert_eq!(shown(&of(None), &of(Some(""))), [""; 0]);
        assert_eq!(shown(&of(Some("")), &of(Some("x"))).len(), 3, "pixel, and the landing page under another name");
    }

    #[test]
    fn each_difference_is_one_row() {
        let good = |url: &str, entries: &[(&str, &str, &str)]| State::Good(answer(url, entries));
        let one = [("Default", "", "d"), ("Offer URL", "a", "1"), ("Offer URL", "a", "2")];
        let cases: [(State, State, &[&str]); 9] = [
            (State::Never, good("u", &one), &[r#"new ["", ""] url  -> u"#]),
            (good("u", &one), State::Gone, &[r#"gone ["", ""] url u -> "#]),
            (State::Gone, good("v", &one), &[r#"back ["", ""] url  -> v"#]),
            (good("u", &one), good("u", &one), &[]),
            (State::Never, State::Gone, &[]),
            (State::Gone, State::Gone, &[]),
            (
                good("u", &one),
                good("v", &[("Default", "", "d"), ("Offer URL", "a", "2"), ("Offer URL", "b", "3")]),
                &[
                    r#"changed ["", ""] url u -> v"#,
                    r#"removed ["Offer URL", "a"] offer_url_tracking_link 1 -> "#,
                    r#"added ["Offer URL", "b"] offer_url_tracking_link  -> 3"#,
                ],
            ),
            (
                good("u", &one),
                good("u", &[("Default", "", "e"), ("Offer URL", "a", "1"), ("Offer URL", "a", "2")]),
                &[r#"changed ["Default", ""] offer_url_tracking_link d -> e"#],
            ),
            // Another order is no change.
            (good("u", &one), good("u", &[one[2], one[1], one[0]]), &[]),
        ];
        for (before, after, expected) in cases {
            assert_eq!(shown(&before, &after), expected);
        }
    }
}
