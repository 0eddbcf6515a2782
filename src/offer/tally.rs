//! What came of the offers of a run, in numbers.
//!
//! Derived from outcomes alone and kept in the checkpoint, so that a run that was continued ten times reports the same
//! as one that was not.

use std::collections::BTreeMap;

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
}

impl Tally {
    /// Takes in an offer and the number of rows it gave.
    pub fn add(&mut self, outcome: RowOutcome<'_>, rows: u64) {
        self.offers += 1;
        self.rows += rows;
        if let RowOutcome::Failed(error) = outcome {
            *self.errors.entry(error.kind).or_default() += 1;
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

    /// Takes in the counts of another part of the run.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.offers += other.offers;
        self.rows += other.rows;
        for (kind, n) in &other.errors {
            *self.errors.entry(*kind).or_default() += n;
        }
    }

    /// Input rows with an error row.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Input rows with links.
    pub fn succeeded(&self) -> u64 {
        self.offers.saturating_sub(self.failed())
    }

    /// The counts with their names, for people.
    pub fn lines(&self) -> Vec<(String, String)> {
        let mut lines = vec![
            ("offers".to_owned(), self.offers.to_string()),
            ("exported".to_owned(), self.succeeded().to_string()),
            ("failed".to_owned(), self.failed().to_string()),
            ("rows".to_owned(), self.rows.to_string()),
        ];
        lines.extend(self.errors.iter().map(|(kind, n)| (kind.as_str().to_owned(), n.to_string())));
        lines
    }

    /// The exit code of a run that is complete.
    pub fn exit_code(&self) -> ExitCode {
        if self.failed() == 0 { ExitCode::Success } else { ExitCode::SomeFailed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offer::{AnswerBuilder, OfferError};

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
