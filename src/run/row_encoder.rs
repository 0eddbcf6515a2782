//! One input row and its outcome to the bytes of its output rows.
//!
//! Owns `--append` and what looks wrong with it. Writes nothing.

use crate::cell::{CellKind, TypedCell};
use crate::config::Job;
use crate::encode::link_template::{Template, is_http};
use crate::encode::{Encoder, InputRow, KeptCell};
use crate::input::Row;
use crate::offer::{Answer, ErrorKind, OfferError, RowOutcome};
use crate::report::{Event, Report};
use crate::run::rows::Rows;

/// The most text that one offer's rows may have, in bytes: a thousand times what thousands of entries have.
const MAX_ROWS_OF_OFFER: usize = 64 << 20;

/// More bytes than any `--append` has, without the cells that it names.
const LONGEST_TEMPLATE: usize = 8 << 10;

/// Encodes the rows of a run.
#[derive(Debug)]
pub(crate) struct RowEncoder {
    encoder: Box<dyn Encoder>,
    template: Template,
    /// The cells that the template names.
    cells: Vec<usize>,
    /// Whether a workbook is made of the rows, which has to distinguish texts from numbers.
    makes_workbook: bool,
    query: String,
    clash: Clash,
}

/// Whether links have a parameter already that `--append` adds.
#[derive(Debug)]
enum Clash {
    NotSeen,
    ToReport(Event),
    Reported,
}

impl RowEncoder {
    pub(crate) fn new(job: &Job, rows: &Rows) -> Self {
        Self {
            encoder: rows.encoder(),
            template: job.append.template.clone(),
            cells: rows.cells.clone(),
            makes_workbook: job.workbook().is_some(),
            query: String::new(),
            clash: Clash::NotSeen,
        }
    }

    /// The bytes before the first row.
    pub(crate) fn header(&self) -> &[u8] {
        self.encoder.header()
    }

    /// What is added to links.
    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Why an answer is not written that would take gigabytes: each entry repeats what the offer's entries share.
    pub(crate) fn too_large(&self, row: &Row, answer: &Answer) -> Option<OfferError> {
        // The query cannot be longer than this, and is worked out only where that matters.
        if answer.size_of_rows(4 * row.cells.size() + LONGEST_TEMPLATE) <= MAX_ROWS_OF_OFFER {
            return None;
        }
        let query = self.expand(row).len();
        let size = answer.size_of_rows(row.cells.size() + query);
        (size > MAX_ROWS_OF_OFFER).then(|| {
            let (entries, size) = (answer.entries().len(), size >> 20);
            let message = format!("its {entries} links would be {size} MiB of rows, which is no answer for an offer");
            OfferError::local(ErrorKind::BodyTooLarge, message)
        })
    }

    /// Appends the rows of an input row to `out` and says how many there are.
    pub(crate) fn encode(&mut self, (row, network): (&Row, &str), outcome: RowOutcome<'_>, out: &mut Vec<u8>) -> u64 {
        let mut query = std::mem::take(&mut self.query);
        query.clear();
        self.template.expand(|n| self.cell(row, n), &mut query);
        if let (Clash::NotSeen, Some(answer), false) = (&self.clash, outcome.answer(), self.template.is_empty()) {
            self.look_for_clash(row.id_cell(), answer);
        }
        let mut kept = row.cells.kept_with_kinds().map(|(text, kind)| {
            let looks_typed = self.makes_workbook && kind == CellKind::Text && TypedCell::parse(text).is_some();
            KeptCell { text, is_quoted: looks_typed }
        });
        let input = InputRow { offer_id: row.id_cell(), network, kept: &mut kept, query: &query };
        let written = self.encoder.encode(input, outcome, out);
        self.query = query;
        written
    }

    fn expand(&self, row: &Row) -> String {
        let mut query = String::new();
        self.template.expand(|n| self.cell(row, n), &mut query);
        query
    }

    fn cell<'r>(&self, row: &'r Row, n: usize) -> &'r str {
        self.cells.get(n).map_or("", |cell| row.cells.get(*cell))
    }

    fn look_for_clash(&mut self, offer_id: &str, answer: &Answer) {
        let links = answer.entries().filter_map(|entry| entry.tracking_link);
        let mut links = answer.url().into_iter().chain(links).filter(|link| is_http(link));
        if let Some(name) = links.find_map(|link| self.template.clash(link)) {
            self.clash = Clash::ToReport(Event::AppendClash { parameter: name, offer_id: offer_id.to_owned() });
        }
    }

    /// Reports once what is wrong with the rows written so far.
    pub(crate) fn report_clash(&mut self, report: &Report) {
        if let Clash::ToReport(clash) = &self.clash {
            report.emit(clash);
            self.clash = Clash::Reported;
        }
    }
}
