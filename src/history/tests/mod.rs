//! The history as runs see it: facts in, last good links and changes out.

mod damage;
mod earlier;
mod files;
mod learned;
mod lists;
mod model;
mod templates;
mod together;

use std::path::PathBuf;

use super::changes::ChangedOffer;
use super::facts::{Batch, Counts};
use super::runs::{Begin, NetworkName, RunKey, RunRecord};
use super::{Database, HistoryError};
use crate::offer::{Answer, AnswerBuilder, Entry, ErrorKind, OfferError, OfferId, RowOutcome, Source};

/// What a run learns of an offer.
#[derive(Clone, Copy, Debug)]
enum Told {
    Links(&'static str),
    Error(ErrorKind),
    NotAsked,
}
use Told::{Error, Links, NotAsked};

struct File {
    folder: tempfile::TempDir,
    database: Database,
    clock: i64,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("h.db")).unwrap();
        Self { folder, database, clock: 1_000 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("h.db")
    }

    fn key(&mut self, output: &str, networks: &[&str]) -> RunKey {
        self.clock += 1_000;
        let name = |name: &&str| NetworkName {
            name: (*name).to_owned(),
            base_url: format!("https://{name}/"),
            email: "me@example.com".to_owned(),
        };
        let networks = networks.iter().map(name).collect();
        RunKey { output: output.to_owned(), job: "{}".to_owned(), started_at: self.clock, networks }
    }

    fn begin(&mut self, output: &str) -> RunRecord {
        let key = self.key(output, &["demo"]);
        self.database.begin_run(&key, Begin::Anew { left_by: None }).unwrap()
    }

    fn record(&mut self, run: &RunRecord, told: &[(&str, Told)], is_last: bool) {
        self.record_from(run, (0, told), is_last);
    }

    /// The same behind so many rows.
    fn record_from(&mut self, run: &RunRecord, (rows, told): (u64, &[(&str, Told)]), is_last: bool) {
        self.clock += 1;
        let mut batch = Batch::default();
        for (row, (offer, told)) in (rows + 1..).zip(told) {
            let (network, offer) = offer.split_once(':').map_or((0, *offer), |(n, o)| (n.parse().unwrap(), o));
            let offer = OfferId::parse(offer).unwrap();
            let at = (row, self.clock);
            match told {
                Links(links) => {
                    let answer = answer_of(offer.as_str(), links);
                    batch.add(network, offer, at, RowOutcome::Good { answer: &answer, source: Source::Live });
                }
                Error(kind) => batch.add(network, offer, at, RowOutcome::Failed(&OfferError::local(*kind, "no"))),
                NotAsked => {
                    let answer = answer("");
                    batch.add(network, offer, at, RowOutcome::Good { answer: &answer, source: Source::History });
                }
            }
        }
        let counts = Counts { offers: told.len() as u64, exported: 0, stale: 0, failed: 0 };
        self.database.write(run, &batch, is_last.then_some((counts, self.clock))).unwrap();
    }

    /// A whole run; what has changed.
    fn run(&mut self, told: &[(&str, Told)]) -> Vec<String> {
        let run = self.begin("o.csv");
        self.record(&run, told, true);
        self.changes(&run)
    }

    fn changes(&self, run: &RunRecord) -> Vec<String> {
        let mut rows = Vec::new();
        let take = |offer: &ChangedOffer| -> Result<(), HistoryError> {
            offer.rows(false, &mut rows);
            Ok(())
        };
        self.database.changes_of_run(run, take).unwrap();
        String::from_utf8(rows).unwrap().lines().map(str::to_owned).collect()
    }

    fn last_good(&self, offer: &str) -> Option<Answer> {
        let found = self.database.last_good(1, &OfferId::parse(offer).unwrap()).unwrap();
        found.map(|found| found.answer)
    }

    /// Everything in it but times.
    fn facts(&self) -> Vec<String> {
        let tables = [
            "SELECT output, finished_at IS NULL, offers FROM run",
            "SELECT offer_id, last_good_at IS NULL, version IS NULL FROM offer",
            "SELECT new.offer, new.run, new.state, new.hash, version.url, old.state, old.hash FROM offer_version AS new
                JOIN version ON version.version = new.id
                LEFT JOIN offer_version AS old ON old.id = new.previous ORDER BY new.offer, new.run",
            "SELECT offer, run, position, offer_url_name, offer_url_tracking_link
                FROM offer_version JOIN link_version ON version = id ORDER BY offer, run, position",
            "SELECT offer, run, error_kind FROM offer_error",
            "SELECT run, row, offer, version IS NULL FROM changed",
        ];
        let mut facts = Vec::new();
        for sql in tables {
            let mut statement = self.database.connection().prepare(sql).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<_> = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
                facts.push(cells.join("|"));
            }
        }
        facts
    }

    fn is_sound(&self) -> bool {
        let check: String = self.database.connection().query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
        let orphans: i64 = self
            .database
            .connection()
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
            .unwrap();
        check == "ok" && orphans == 0
    }
}

/// The same of an offer whose ID is `#`.
fn answer_of(offer: &str, links: &str) -> Answer {
    answer(&links.replace('#', offer))
}

/// `url a=1 b=2`: the offer's link, and landing pages with theirs.
fn answer(links: &str) -> Answer {
    let mut words = links.split(' ');
    let mut builder = AnswerBuilder::new(words.next(), None);
    for (name, link) in words.filter_map(|word| word.split_once('=')) {
        let (name, tracking_link) = (Some(name), Some(link));
        builder.entry(Entry { kind: Some("Offer URL"), name, tracking_link, preview_url: None });
    }
    builder.build()
}
