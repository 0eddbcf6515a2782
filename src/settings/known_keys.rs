//! The keys of all networks of a job, in the spellings in which a text may hold them.
//!
//! Each network hides its own key thoroughly; this hides the keys of the other networks in its messages. One value is
//! shared by all.

use std::fmt;
use std::sync::Arc;

use memchr::memmem::Finder;

/// The keys. Cheap to clone.
#[derive(Clone, Default)]
pub struct KnownKeys(Arc<[Finder<'static>]>);

impl KnownKeys {
    /// The spellings, the longest first: a short one may be part of a longer one.
    pub fn of(spellings: impl Iterator<Item = String>) -> Self {
        let mut spellings: Vec<String> = spellings.collect();
        spellings.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        Self(spellings.iter().map(|spelling| Finder::new(spelling).into_owned()).collect())
    }

    /// The text with `hidden` in place of each key.
    pub fn hide(&self, text: String, hidden: &str) -> String {
        self.0.iter().fold(text, |text, finder| match finder.find(text.as_bytes()) {
            Some(_) => text.replace(&*String::from_utf8_lossy(finder.needle()), hidden),
            None => text,
        })
    }
}

impl fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownKeys({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_hidden_and_none_is_in_a_debug_text() {
        let keys = KnownKeys::of(["k3y-one", "k3y-one-and-more", "k3y-two"].map(str::to_owned).into_iter());
        assert_eq!(keys.hide("a k3y-two b k3y-one-and-more c k3y-one".to_owned(), "[x]"), "a [x] b [x] c [x]");
        assert_eq!(keys.hide("nothing".to_owned(), "[x]"), "nothing");
        assert_eq!(format!("{keys:?}"), "KnownKeys(3)");
    }
}
