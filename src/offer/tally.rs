//! What came of the offers of a run, in numbers.
//!
//! Derived from outcomes alone and kept in the checkpoint, so that a run that was continued ten times reports the same
//! as one that was not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exit::ExitCode;
use crate::offer::{ErrorKind, RowOutcome};

/// Counts of input rows by what came of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Input rows that have their answer.
    pub offers: u64,
    /// Rows written, without the header.
    pub rows: u64,
    /// Input rows with an error row, by kind.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// Input rows with old links, because there were no new ones.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stale: u64,
    /// When the oldest of those were confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_good_at: Option<Timestamp>,
    /// Input rows with an error row that stand for a network whose list of offers could not be read (`--all-offers`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing_lists: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Tally {
    /// Takes in an offer and the number of rows it gave.
    pub fn add(&mut self, outcome: RowOutcome<'_>, rows: u64) {
        self.offers += 1;
        self.rows += rows;
        match outcome {
            RowOutcome::Good { .. } => {}
            RowOutcome::Failed(error) => *self.errors.entry(error.kind).or_default() += 1,
            RowOutcome::Stale { last_good_at, .. } => self.add_stale(Some(last_good_at)),
        }
    }

    /// Takes in an output row of an earlier run, which may be one of several of its offer.
    pub fn keep(&mut self, failed: Option<ErrorKind>, begins_offer: bool) {
        self.offers += u64::from(begins_offer);
        self.rows += 1;
        if let Some(kind) = failed {
            *self.errors.entry(kind).or_default() += 1;
        }
    }

    /// Takes in an input row with old links.
    fn add_stale(&mut self, last_good_at: Option<Timestamp>) {
        self.stale += 1;
        self.oldest_good_at = self.oldest_good_at.into_iter().chain(last_good_at).min();
    }

    /// Takes in an input row that keeps the old links of an earlier output.
    pub(crate) fn keep_stale(&mut self, rows: u64) {
        self.offers += 1;
        self.rows += rows;
        self.add_stale(None);
    }

    /// The error row taken in last stands for a whole network.
    pub(crate) fn note_missing_list(&mut self) {
        self.missing_lists += 1;
    }

    /// About how many offers there are to export in all, over so many networks: one whose list could not be read has about
    /// as many as the others.
    pub(crate) fn expected_offers(&self, networks: u64) -> u64 {
        let known = self.offers.saturating_sub(self.missing_lists);
        match networks.saturating_sub(self.missing_lists) {
            0 => self.offers,
            read => known + (known * self.missing_lists).div_ceil(read),
        }
    }

    /// Takes in the counts of another part of the run.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.offers += other.offers;
        self.rows += other.rows;
        for (kind, n) in &other.errors {
            *self.errors.entry(*kind).or_default() += n;
        }
        self.stale += other.stale;
        self.oldest_good_at = self.oldest_good_at.into_iter().chain(other.oldest_good_at).min();
        self.missing_lists += other.missing_lists;
    }

    /// Input rows with an error row.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Input rows with links that are new, or confirmed recently enough.
    pub fn succeeded(&self) -> u64 {
        self.offers.saturating_sub(self.failed() + self.stale)
    }

    /// The counts with their names, for people.
    pub fn lines(&self) -> Vec<(String, String)> {
        let mut lines = vec![
            ("offers".to_owned(), self.offers.to_string()),
            ("exported".to_owned(), self.succeeded().to_string()),
            ("failed".to_owned(), self.failed().to_string()),
            ("rows".to_owned(), self.rows.to_string()),
        ];
        if self.stale > 0 {
            lines.push(("stale".to_owned(), self.stale.to_string()));
        }
        lines.extend(self.errors.iter().map(|(kind, n)| (kind.as_str().to_owned(), n.to_string())));
        lines
    }

    /// The exit code of a run that is complete.
    pub fn exit_code(&self) -> ExitCode {
        if self.failed() == 0 && self.stale == 0 { ExitCode::Success } else { ExitCode::SomeFailed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offer::{AnswerBuilder, OfferError};

    #[test]
    fn a_network_whose_list_is_missing_has_about_as_many_offers_as_the_others() {
        for (offers, missing_lists, networks, expected) in [
            (100, 0, 1, 100),
            (101, 1, 2, 200),
            (91, 1, 10, 100),
            (9, 2, 9, 9),
            (1, 1, 1, 1),
            (11, 1, 4, 14),
            (0, 0, 0, 0),
        ] {
            let tally = Tally { offers, missing_lists, ..Tally::default() };
            assert_eq!(tally.expected_offers(networks), expected, "{offers} {missing_lists} {networks}");
        }
    }

    #[test]
    fn survives_a_checkpoint_and_decides_the_exit_code() {
        let mut summary = Tally::default();
        summary.add(RowOutcome::live(&Ok(AnswerBuilder::new(Some("http://x"), None).build())), 4);
        assert_eq!(summary.exit_code(), ExitCode::Success);
        summary.add(RowOutcome::Failed(&OfferError::local(ErrorKind::NotFound, "")), 1);
        assert_eq!(summary.exit_code(), ExitCode::SomeFailed);
        let json = serde_json::to_string(&summary).unwrap();
        assert_eq!(json, r#"{"offers":2,"rows":5,"errors":{"not_found":1}}"#);
        assert_eq!(serde_json::from_str::<Tally>(&json).unwrap(), summary);
    }
}
