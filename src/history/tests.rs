//! The history as runs see it: facts in, last good links and changes out.

use std::path::{Path, PathBuf};

use super::changes::{ChangeCounts, ChangedOffer};
use super::facts::{Batch, Counts};
use super::runs::{Begin, NetworkName, RunKey, RunRecord};
use super::timeline::Event;
use super::{Database, HistoryError};
use crate::offer::{Answer, AnswerBuilder, Entry, ErrorKind, OfferError, OfferId, RowOutcome, Source};

/// What a run learns of an offer.
#[derive(Clone, Copy)]
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
        self.clock += 1;
        let mut batch = Batch::default();
        for (row, (offer, told)) in (1_u64..).zip(told) {
            let (network, offer) = offer.split_once(':').map_or((0, *offer), |(n, o)| (n.parse().unwrap(), o));
            let offer = OfferId::parse(offer).unwrap();
            let at = (row, self.clock);
            match told {
                Links(links) => {
                    let answer = answer(links);
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
            "SELECT new.offer, new.run, new.state, new.hash, new.url, old.state, old.hash FROM offer_version AS new
                LEFT JOIN offer_version AS old ON old.id = new.previous ORDER BY new.offer, new.run",
            "SELECT offer, run, position, offer_url_name, offer_url_tracking_link FROM link_version
                JOIN offer_version ON offer_version.id = version ORDER BY offer, run, position",
            "SELECT offer, run, error_kind FROM offer_error",
            "SELECT run, row, offer FROM changed",
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

#[test]
fn changes_are_what_differs_from_the_last_finished_run_and_nothing_else() {
    let mut file = File::new();
    let first = [("1", Links("u a=1")), ("2", Links("u a=1")), ("3", Links("u")), ("4", Error(ErrorKind::NotFound))];
    assert!(file.run(&first).is_empty(), "there is nothing to compare with");
    assert!(file.run(&first).is_empty());
    // A failure that may pass is no change, and so is one that was there before.
    let told =
        [("1", Error(ErrorKind::Timeout)), ("2", Error(ErrorKind::ServerError)), ("4", Error(ErrorKind::NotFound))];
    assert!(file.run(&told).is_empty());
    // In the order of the input.
    let told = [("3", Error(ErrorKind::NotApproved)), ("2", Links("u a=2")), ("5", Links("v")), ("1", Links("u a=1"))];
    assert_eq!(
        file.run(&told),
        ["3,gone,,,url,u,", "2,changed,Offer URL,a,offer_url_tracking_link,1,2", "5,new,,,url,,v"]
    );
    assert_eq!((file.last_good("3"), file.last_good("2")), (None, Some(answer("u a=2"))));
    assert_eq!(file.run(&[("3", Links("u")), ("4", Links("w"))]), ["3,back,,,url,,u", "4,new,,,url,,w"]);
    assert!(file.is_sound());
}

#[test]
fn an_interrupted_run_is_no_baseline_and_its_facts_are_counted_once() {
    let mut file = File::new();
    file.run(&[("1", Links("u")), ("2", Links("u"))]);
    // Killed after its facts, given up with --restart: what it saw is new to the next one, too.
    let given_up = file.begin("o.csv");
    file.record(&given_up, &[("1", Links("v"))], false);
    let key = file.key("o.csv", &["demo"]);
    let run = file.database.begin_run(&key, Begin::Over).unwrap();
    assert_ne!(run.id, given_up.id);
    file.record(&run, &[("1", Links("v")), ("2", NotAsked)], true);
    assert_eq!(file.changes(&run), ["1,changed,,,url,u,v"]);
    // The same where the next run does not even ask.
    let killed = file.begin("o.csv");
    file.record(&killed, &[("2", Links("w"))], false);
    let key = file.key("o.csv", &["demo"]);
    let run = file.database.begin_run(&key, Begin::Over).unwrap();
    file.record(&run, &[("2", NotAsked)], true);
    assert_eq!(file.changes(&run), ["2,changed,,,url,u,w"]);
}

#[test]
fn a_run_that_was_killed_between_history_and_checkpoint_leaves_what_an_undisturbed_one_does() {
    let told = [
        ("1", Links("u a=1 b=2")),
        ("2", Error(ErrorKind::Timeout)),
        ("3", Links("x")),
        ("4", Error(ErrorKind::NoLink)),
    ];
    let next = [("1", Links("u a=9")), ("2", Links("y")), ("3", Error(ErrorKind::NotFound)), ("4", Links("z"))];
    let mut undisturbed = File::new();
    undisturbed.run(&told);
    undisturbed.run(&next);
    let mut killed = File::new();
    for told in [told, next] {
        // Before the first checkpoint: started anew.
        let run = killed.begin("o.csv");
        killed.record(&run, &told[..2], false);
        let run = killed.begin("o.csv");
        killed.record(&run, &told[..3], false);
        // Behind it: resumed, with another answer at first than at last.
        let other = [("1", Links("other")), ("2", Error(ErrorKind::NoLink)), ("3", Error(ErrorKind::NotFound))];
        killed.record(&run, &other, false);
        let key = RunKey { started_at: run.started_at, ..killed.key("o.csv", &["demo"]) };
        assert_eq!(killed.database.begin_run(&key, Begin::Resumed).unwrap(), run);
        killed.record(&run, &told, true);
    }
    assert_eq!(killed.facts(), undisturbed.facts());
    assert!(killed.is_sound());
}

#[test]
fn two_runs_and_two_networks_share_one_file() {
    let mut file = File::new();
    let both = file.key("a.csv", &["demo", "acme"]);
    let one = file.key("b.csv", &["acme"]);
    let mut other = Database::open(&file.path()).unwrap();
    let first = file.database.begin_run(&both, Begin::Anew { left_by: None }).unwrap();
    let second = other.begin_run(&one, Begin::Anew { left_by: None }).unwrap();
    assert_eq!(first.networks[1], second.networks[0]);
    file.record(&first, &[("0:7", Links("demo")), ("1:7", Links("acme"))], false);
    let mut batch = Batch::default();
    let seen = answer("acme");
    let good = RowOutcome::Good { answer: &seen, source: Source::Live };
    batch.add(0, OfferId::parse("7").unwrap(), (1, 5_000), good);
    other.write(&second, &batch, Some((Counts { offers: 1, exported: 1, stale: 0, failed: 0 }, 5_000))).unwrap();
    file.record(&first, &[("0:7", Links("demo"))], true);
    assert_eq!(file.last_good("7"), Some(answer("demo")));
    let timelines = file.database.timelines("7", None).unwrap();
    assert_eq!(timelines.iter().map(|timeline| &*timeline.network).collect::<Vec<_>>(), ["acme", "demo"]);
    assert!(timelines.iter().all(|timeline| matches!(&timeline.events[..], [(_, Event::Changed(_))])));
    assert!(file.is_sound());
}

#[test]
fn changes_since_any_time_and_what_pruning_leaves_of_them() {
    let mut file = File::new();
    file.run(&[("1", Links("u")), ("2", Links("u"))]);
    let then = file.clock;
    file.run(&[("1", Links("v")), ("2", Links("u")), ("3", Error(ErrorKind::Timeout))]);
    file.run(&[("1", Links("w")), ("2", Error(ErrorKind::NotFound)), ("3", Links("n"))]);
    let since = |file: &File, since, network| {
        let (mut rows, mut counts) = (Vec::new(), ChangeCounts::default());
        let take = |offer: &ChangedOffer| -> Result<(), HistoryError> {
            offer.rows(true, &mut rows);
            counts.add(offer);
            Ok(())
        };
        file.database.changes_since(since, network, take).unwrap();
        (String::from_utf8(rows).unwrap(), counts)
    };
    let expected = "demo,1,changed,,,url,u,w\ndemo,2,gone,,,url,u,\ndemo,3,new,,,url,,n\n";
    let counts = ChangeCounts { new: 1, changed: 1, gone: 1, back: 0 };
    assert_eq!(since(&file, then, None), (expected.to_owned(), counts));
    assert_eq!(since(&file, then, Some("acme")).0, "");
    assert_eq!(since(&file, file.clock, None).0, "");
    let pruned = file.database.prune(file.clock).unwrap();
    assert_eq!((pruned.versions, pruned.failures), (3, 1));
    assert_eq!((file.last_good("1"), file.last_good("2")), (Some(answer("w")), None));
    assert_eq!(since(&file, file.clock, None).0, "");
    assert!(file.is_sound() && file.database.prune(file.clock).unwrap().versions == 0);
    assert_eq!(file.run(&[("1", Links("x"))]), ["1,changed,,,url,w,x"], "the baseline is still there");
}

fn refused(path: &Path) -> String {
    let error = Database::open(path).unwrap_err();
    assert!(error.is_usage(), "{error:?}");
    error.to_string()
}

#[test]
fn what_is_damaged_foreign_or_newer_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let make = |name: &str, sql: &str| {
        let connection = rusqlite::Connection::open(at(name)).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    std::fs::write(at("byte"), "x").unwrap();
    std::fs::write(at("text"), "offer_id\n16\n17\n18\n19\n").unwrap();
    make("foreign", "CREATE TABLE bookmarks (url)");
    make("versioned", "PRAGMA application_id = 77; CREATE TABLE t (x)");
    drop(Database::open(&at("newer")).unwrap());
    make("newer", "PRAGMA user_version = 99");
    {
        let mut file = Database::open(&at("damaged")).unwrap();
        let key = RunKey { output: "o".into(), job: String::new(), started_at: 1, networks: Vec::new() };
        file.begin_run(&key, Begin::Anew { left_by: None }).unwrap();
    }
    let mut bytes = std::fs::read(at("damaged")).unwrap();
    bytes[4096 * 2..].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5a);
    std::fs::write(at("damaged"), bytes).unwrap();
    for (name, why) in [
        ("byte", "is no SQLite database"),
        ("text", "is no SQLite database"),
        ("foreign", "is the database of another program"),
        ("versioned", "is the database of another program"),
        ("newer", "was made by a newer offerlinks (version 99 of its tables; this one knows 1)"),
        ("damaged", "is damaged ("),
        (".", "is not a file"),
        ("no/such/folder.db", "there is no such folder"),
    ] {
        let before = std::fs::read(at(name)).ok();
        let message = refused(&at(name));
        assert!(message.contains(why) && message.contains(name.trim_start_matches('.')), "{name}: {message}");
        assert_eq!(std::fs::read(at(name)).ok(), before, "{name}");
    }
    assert!(matches!(Database::open_to_read(&at("none")), Err(HistoryError::Missing(_))));
    assert!(!at("none").exists());
    std::fs::write(at("empty"), "").unwrap();
    Database::open(&at("empty")).unwrap();
    Database::open_to_read(&at("empty")).unwrap();
}
