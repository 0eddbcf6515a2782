//! Which page of the offer list comes next, and which of a page's offers are new.
//!
//! Pure: pages are passed in as they come. Trusts the network's counts only where they are plausible, and always ends.

use std::collections::HashSet;

use crate::api::offers::{Listed, Page};
use crate::commands::list::doubt::{Doubt, Endless};

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask for this page.
    Next(u32),
    /// There are no more.
    Done,
}

/// What becomes of offers without an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nameless {
    /// They are listed like the others.
    Keep,
    /// They are only counted.
    Drop,
}

/// What the network says about the length of its list.
#[derive(Debug, Default)]
struct Claimed {
    offers: Option<u64>,
    pages: Option<u64>,
    /// The count of offers before and after it changed.
    changed: Option<(u64, u64)>,
}

/// The way through the pages.
#[derive(Debug)]
pub(crate) struct Paging {
    page: u32,
    seen: HashSet<String>,
    previous: Vec<Option<String>>,
    /// Consecutive pages with nothing new.
    stale: u32,
    /// Offers received, including repeated ones.
    received: u64,
    /// Offers without an ID.
    nameless: u64,
    claimed: Claimed,
    /// The last page was empty.
    ended_empty: bool,
    nameless_offers: Nameless,
}

impl Paging {
    /// At least a million offers; far more than any network has.
    const MOST_PAGES: u32 = 100_000;
    /// While offers are removed, one page may hold nothing new; not two.
    const MOST_STALE: u32 = 2;

    /// Before the first page.
    pub(crate) fn new(nameless_offers: Nameless) -> Self {
        Self {
            page: 1,
            seen: HashSet::new(),
            previous: Vec::new(),
            stale: 0,
            received: 0,
            nameless: 0,
            claimed: Claimed::default(),
            ended_empty: false,
            nameless_offers,
        }
    }

    /// The page that is wanted.
    pub(crate) fn page(&self) -> u32 {
        self.page
    }

    /// Different offers so far.
    pub(crate) fn offers(&self) -> u64 {
        self.seen.len() as u64
    }

    /// The network's own count, where it is plausible.
    pub(crate) fn total(&self) -> Option<u64> {
        self.claimed.offers.filter(|total| *total >= self.offers())
    }

    /// Offers that were left out: without an ID they cannot be exported.
    pub(crate) fn nameless(&self) -> u64 {
        self.nameless
    }

    /// Why the list may be incomplete, though its end was reached. Counts that cannot be true are ignored: some networks
    /// count something else.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        let came = self.offers() + self.nameless;
        if let Some((from, to)) = self.claimed.changed {
            return Some(Doubt::Changed { from, to });
        }
        if let Some(said) = self.claimed.offers.filter(|said| *said > came) {
            return Some(Doubt::Offers { said, came });
        }
        let counted = self.claimed.offers == Some(came);
        let said = self.claimed.pages.filter(|said| self.ended_empty && !counted && *said >= u64::from(self.page));
        said.map(|said| Doubt::Pages { said, came: self.page })
    }

    /// Whether the list came on one page that matches the network's count: nothing can have moved between pages.
    pub(crate) fn is_vouched(&self) -> bool {
        self.page == 1 && self.claimed.offers == Some(self.offers() + self.nameless)
    }

    /// Takes in the page that was wanted: its new offers, and what to do next.
    ///
    /// # Errors
    /// The list does not end.
    pub(crate) fn take(&mut self, page: Page) -> Result<(Vec<Listed>, Step), Endless> {
        let Page { offers, total_pages, total_rows } = page;
        self.count_again(total_rows, offers.len() as u64);
        self.claimed.pages = total_pages.or(self.claimed.pages);
        if offers.is_empty() {
            self.ended_empty = true;
            return Ok((offers, Step::Done));
        }
        let page = self.page;
        let ids: Vec<_> = offers.iter().map(|offer| offer.id.clone()).collect();
        if ids == self.previous {
            return Err(Endless::SamePage { page });
        }
        self.previous = ids;
        self.received += offers.len() as u64;
        let new: Vec<Listed> = offers.into_iter().filter(|offer| self.is_new(offer)).collect();
        self.stale = if new.is_empty() { self.stale + 1 } else { 0 };
        if self.is_last(total_pages) {
            return Ok((new, Step::Done));
        }
        if self.stale >= Self::MOST_STALE {
            return Err(Endless::NothingNew { page });
        }
        if page >= Self::MOST_PAGES {
            return Err(Endless::TooLong { page });
        }
        self.page += 1;
        Ok((new, Step::Next(self.page)))
    }

    /// Takes in the network's count of offers, from a page with `more` offers.
    fn count_again(&mut self, total: Option<u64>, more: u64) {
        let believed = |total: &u64, received| *total >= received;
        let before = self.claimed.offers.filter(|total| believed(total, self.received));
        let now = total.filter(|total| believed(total, self.received + more));
        if let (Some(from), Some(to)) = (before, now)
            && from != to
        {
            self.claimed.changed.get_or_insert((from, to));
        }
        self.claimed.offers = total.or(self.claimed.offers);
    }

    fn is_new(&mut self, offer: &Listed) -> bool {
        let id = offer.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        self.nameless += u64::from(id.is_none());
        id.map_or(self.nameless_offers == Nameless::Keep, |id| self.seen.insert(id.to_owned()))
    }

    /// Whether this is the last page by the network's counts, if they match what came. Without counts only an empty page
    /// ends the list: a short page may only mean that the network's pages are shorter than requested.
    fn is_last(&self, total_pages: Option<u64>) -> bool {
        let pages_done = total_pages.map(|pages| u64::from(self.page) >= pages);
        // Fewer than have come is no number of offers.
        let rows_done = self.claimed.offers.filter(|total| *total >= self.received).map(|total| self.received == total);
        match (pages_done, rows_done) {
            (Some(true) | None, Some(rows_done)) => rows_done,
            (Some(true), None) => total_pages == Some(u64::from(self.page)) && self.claimed.offers.is_none(),
            (Some(false), _) | (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests;
