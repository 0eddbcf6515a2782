//! What a run has learned since its last commit, as it waits for the next one.
//!
//! Pure memory: offers and answers lie one after the other, as the file stores them, so that to collect and to write them
//! costs little.

use crate::history::answers::Answers;
use crate::history::stored::StoredAnswer;
use crate::offer::{Class, ErrorKind, OfferError, OfferId, RowOutcome, Source};

/// The `row` of what no row was about.
pub(super) const BEHIND_ALL: u64 = 1 << 62;

/// Facts that one transaction writes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    facts: Vec<Fact>,
    answers: Answers,
}

/// What is known of one offer.
#[derive(Debug)]
pub(crate) struct Fact {
    /// The network: its place in the job.
    pub network: usize,
    /// The offer.
    pub offer: OfferId,
    /// The line of the input.
    pub row: u64,
    /// When it was learned, in seconds since 1970.
    pub at: i64,
    /// What was learned.
    pub what: What,
}

/// What was learned of an offer.
#[derive(Debug)]
pub(crate) enum What {
    /// Its links: where they lie among the answers.
    Links(StoredAnswer),
    /// It has none, and that is for good.
    Gone(OfferError),
    /// It could not be learned.
    Unknown(OfferError),
    /// It stands no more in the list in which it stood.
    Missing {
        /// Nobody has stated that yet.
        is_news: bool,
    },
    /// Nothing: its row was made from the history.
    NotAsked,
}

/// The state of a run when it is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Input rows.
    pub offers: u64,
    /// Those with links, new or confirmed.
    pub exported: u64,
    /// Those with old links.
    pub stale: u64,
    /// Those with an error row.
    pub failed: u64,
}

impl Batch {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Forgets them all, and keeps their room.
    pub(crate) fn clear(&mut self) {
        self.facts.clear();
        self.answers.clear();
    }

    /// Memory held, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.answers.size() + self.facts.len() * size_of::<Fact>()
    }

    /// Takes in the outcome of an input row.
    pub(crate) fn add(&mut self, network: usize, offer: OfferId, (row, at): (u64, i64), outcome: RowOutcome<'_>) {
        let what = match outcome {
            RowOutcome::Good { source: Source::History, .. } => What::NotAsked,
            RowOutcome::Good { answer, source: Source::Live | Source::Cached } => {
                What::Links(self.answers.add(offer.as_str(), answer))
            }
            RowOutcome::Failed(error) | RowOutcome::Stale { error, .. } if is_gone(error.kind) => {
                What::Gone(error.clone())
            }
            RowOutcome::Failed(error) | RowOutcome::Stale { error, .. } => What::Unknown(error.clone()),
        };
        self.facts.push(Fact { network, offer, row, at, what });
    }

    /// Takes in an offer that no row was about, at this time, and whether that is news; it comes behind all others.
    pub(crate) fn missing(&mut self, network: usize, offer: OfferId, (at, is_news): (i64, bool)) {
        let row = BEHIND_ALL + self.facts.len() as u64;
        self.facts.push(Fact { network, offer, row, at, what: What::Missing { is_news } });
    }

    /// The facts, in the order of the input.
    pub(crate) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// What the answers among them lie in.
    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }
}

/// Whether the network has said of the offer itself that it has no links: a fact, and no accident.
pub(crate) fn is_gone(kind: ErrorKind) -> bool {
    // Too large is this program's own limit, and a cell that is no ID, or names no network, was never asked for.
    kind.class() == Class::Offer
        && !matches!(kind, ErrorKind::InvalidOfferId | ErrorKind::UnknownNetwork | ErrorKind::BodyTooLarge)
}
