//! Rows that name another network than the one that all rows are called at.
//!
//! `--network NAME` calls every row there, whatever its columns say. Offer IDs mean something else at each network, so the
//! user has to know. Looks at rows and changes none.

use crate::config::{Job, NETWORK_COLUMN};
use crate::input::{Input, Row};
use crate::report::Event;

/// Looks for the first such row.
#[derive(Debug)]
pub(crate) struct Misdirected {
    /// The cell that may name a network.
    cell: usize,
    /// The networks of the config file that are not called.
    left_out: Vec<String>,
    called: String,
    found: Option<Event>,
}

impl Misdirected {
    /// `None` where there is nothing to look for.
    pub(crate) fn new(job: &Job, input: &Input) -> Option<Self> {
        let left_out = job.networks.left_out().to_vec();
        if left_out.is_empty() || input.network_index().is_some() {
            return None;
        }
        let cell = input.cell_index(NETWORK_COLUMN)?;
        Some(Self { cell, left_out, called: job.networks.first().name.clone(), found: None })
    }

    /// Looks at a row. Once one is found, no other is looked for.
    pub(crate) fn look(&mut self, row: &Row) {
        let cell = row.cells.get(self.cell).trim();
        // Most rows name the network that is called.
        if self.left_out.is_empty() || cell.is_empty() || cell.eq_ignore_ascii_case(&self.called) {
            return;
        }
        if let Some(named) = self.left_out.iter().find(|name| name.eq_ignore_ascii_case(cell)).cloned() {
            self.found = Some(Event::OtherNetwork { line: row.line, named, called: self.called.clone() });
            self.left_out.clear();
        }
    }

    /// What was found, once.
    pub(crate) fn take(&mut self) -> Option<Event> {
        self.found.take()
    }
}
