//! How far each lane of a run over several networks has come, as it stands in the checkpoint.
//!
//! A lane finishes its rows in their order, so a number is enough to go on behind. Counts and nothing else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::offer::RowOutcome;
use crate::offer::tally::Tally;
use crate::run::retry_failed::KeptRow;

/// The lanes in their order. The last is that of rows that name no network.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneProgress(Vec<Progress>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Progress {
    /// The network; none for the rows that name none.
    network: Option<String>,
    /// Input rows that are done.
    rows: u64,
    /// What came of them.
    counts: Tally,
}

impl LaneProgress {
    /// Nothing is done yet. Behind the lanes of `networks` there is one for rows that name no network.
    pub(crate) fn new(networks: impl Iterator<Item = String>) -> Self {
        let all = networks.map(Some).chain([None]);
        Self(all.map(|network| Progress { network, rows: 0, counts: Tally::default() }).collect())
    }

    /// Goes on where a checkpoint of the same job was. A lane that it does not know begins at its start.
    #[must_use]
    pub(crate) fn resume(mut self, checkpoint: &Value) -> Self {
        let then: Vec<Progress> = Vec::deserialize(checkpoint).unwrap_or_default();
        for progress in &mut self.0 {
            if let Some(then) = then.iter().find(|then| then.network == progress.network) {
                progress.clone_from(then);
            }
        }
        self
    }

    /// What came of each network's rows by a checkpoint, in the order of the run; the rows that name no network, last.
    pub(crate) fn tallies(checkpoint: &Value) -> Vec<(Option<String>, Tally)> {
        let then: Vec<Progress> = Vec::deserialize(checkpoint).unwrap_or_default();
        then.into_iter().map(|progress| (progress.network, progress.counts)).collect()
    }

    /// As it stands in a checkpoint.
    pub(crate) fn to_value(&self) -> Value {
        // Cannot fail: no map has other keys than text.
        serde_json::to_value(&self.0).unwrap_or_default()
    }

    /// Counts an input row with its output rows.
    pub(crate) fn add(&mut self, lane: usize, outcome: RowOutcome<'_>, rows: u64) {
        if let Some(lane) = self.0.get_mut(lane) {
            lane.rows += 1;
            lane.counts.add(outcome, rows);
        }
    }

    /// The error row of a lane counted last stands for its whole network.
    pub(crate) fn note_missing_list(&mut self, lane: usize) {
        if let Some(lane) = self.0.get_mut(lane) {
            lane.counts.note_missing_list();
        }
    }

    /// An input row of a lane keeps the old links of an earlier output.
    pub(crate) fn keep_stale(&mut self, lane: usize, rows: u64) {
        if let Some(lane) = self.0.get_mut(lane) {
            lane.rows += 1;
            lane.counts.keep_stale(rows);
        }
    }

    /// Counts a row of an earlier output.
    pub(crate) fn keep(&mut self, lane: usize, row: &KeptRow) {
        if let Some(lane) = self.0.get_mut(lane) {
            lane.rows += 1;
            lane.counts.keep(row.failed, row.begins_offer);
        }
    }

    /// Input rows of a lane that are done.
    pub(crate) fn done(&self, lane: usize) -> u64 {
        self.0.get(lane).map_or(0, |lane| lane.rows)
    }

    /// What came of a lane's rows.
    pub(crate) fn tally(&self, lane: usize) -> Tally {
        self.0.get(lane).map_or_else(Tally::default, |lane| lane.counts.clone())
    }

    /// The place of each lane in the order of their names, which does not depend on that of a config file.
    pub(crate) fn ranks(&self) -> Vec<usize> {
        let before = |progress: &Progress| {
            // Rows that name no network come last.
            let key = |progress: &Progress| (progress.network.is_none(), progress.network.clone());
            self.0.iter().filter(|other| key(other) < key(progress)).count()
        };
        self.0.iter().map(before).collect()
    }

    /// The place of the lane of rows that name no network.
    pub(crate) fn unrouted(&self) -> usize {
        self.0.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offer::{ErrorKind, OfferError};

    fn lanes(names: &[&str]) -> LaneProgress {
        LaneProgress::new(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn each_lane_goes_on_where_its_checkpoint_was_whatever_its_place() {
        let mut then = lanes(&["demo", "acme"]);
        let error = OfferError::local(ErrorKind::Outage, "down");
        then.add(0, RowOutcome::Failed(&error), 1);
        then.add(0, RowOutcome::Failed(&error), 1);
        then.add(2, RowOutcome::Failed(&error), 1);
        let value = then.to_value();
        insta::assert_snapshot!(
            value,
            @r#"[{"counts":{"errors":{"outage":2},"offers":2,"rows":2},"network":"demo","rows":2},{"counts":{"errors":{},"offers":0,"rows":0},"network":"acme","rows":0},{"counts":{"errors":{"outage":1},"offers":1,"rows":1},"network":null,"rows":1}]"#
        );
        let now = lanes(&["acme", "demo", "new"]).resume(&value);
        assert_eq!([0, 1, 2, 3].map(|lane| now.done(lane)), [0, 2, 0, 1]);
        assert_eq!(now.tally(1).errors[&ErrorKind::Outage], 2);
        assert_eq!(now.unrouted(), 3);
        assert_eq!(lanes(&["a"]).resume(&Value::Null).done(0), 0);
        assert_eq!(lanes(&["demo", "acme", "b"]).ranks(), [2, 0, 1, 3]);
    }
}
