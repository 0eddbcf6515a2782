//! Files that are no history, or one of another version.

use std::path::{Path, PathBuf};

use super::super::lookup::{ANSWER, FIND, STANDING};
use super::super::schema;
use super::{File, Links, answer};
use crate::history::runs::{Begin, RunKey};
use crate::history::{Database, HistoryError};
use crate::offer::OfferId;

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
        ("newer", "was made by a newer offerlinks (version 99 of its tables; this one knows 5)"),
        ("damaged", "is damaged ("),
        (".", "is not a file"),
        ("no/such/folder.db", "there is no such folder"),
        #[cfg(target_os = "linux")]
        ("/proc/self/folder.db", "needs write access to it and to its folder"),
    ] {
        let before = std::fs::read(at(name)).ok();
        let message = refused(&at(name));
        assert!(message.contains(why) && message.contains(name.trim_start_matches('.')), "{name}: {message}");
        assert!(!message.contains(['*', '\n']), "{name}: {message}");
        assert_eq!(std::fs::read(at(name)).ok(), before, "{name}");
    }
    assert!(matches!(Database::open_to_read(&at("none")), Err(HistoryError::Missing(_))));
    assert!(!at("none").exists());
    std::fs::write(at("empty"), "").unwrap();
    Database::open(&at("empty")).unwrap();
    Database::open_to_read(&at("empty")).unwrap();
}

/// A history of an earlier version of the tables, with these rows in it.
pub(super) fn of_version(version: i32, rows: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    let mut old = rusqlite::Connection::open(&path).unwrap();
    old.pragma_update(None, "foreign_keys", false).unwrap();
    let transaction = old.transaction().unwrap();
    schema::migrate_to(&transaction, version).unwrap();
    transaction.commit().unwrap();
    old.execute_batch(rows).unwrap();
    (folder, path)
}

/// What version 1 of this program has left of two runs: `(network, offer)` 1:7 with two versions, 1:8 gone, 1:9 never good.
pub(super) const OF_VERSION_1: &str = "
INSERT INTO network VALUES (1, 'demo', 'https://demo/', 'me@example.com');
INSERT INTO run VALUES (1, 'o.csv', '{}', 1000, 1010, NULL, 2, 3, 2, 0, 1), (2, 'o.csv', '{}', 2000, 2010, 1, 4, 3, 1, 0, 2);
INSERT INTO offer VALUES (1, 1, '7', 1001, 2001, 2001, 3), (2, 1, '8', 1002, 2002, 1002, 4), (3, 1, '9', 1003, 2003, NULL, NULL);
INSERT INTO offer_version VALUES (1, 1, 1, 1001, NULL, 'good', 11, 'u', NULL), (2, 2, 1, 1002, NULL, 'good', 12, 'w', 'p'),
    (3, 1, 2, 2001, 1, 'good', 13, 'u', NULL), (4, 2, 2, 2002, 2, 'gone', 0, NULL, NULL);
INSERT INTO link_version VALUES (1, 1, 'Offer URL', 'a', '1', NULL), (3, 2, 'Offer URL', 'b', '2', NULL),
    (3, 1, 'Offer URL', 'a', '1', NULL);
INSERT INTO offer_error VALUES (3, 2, 2003, 'timeout', NULL, NULL, 'no');
INSERT INTO changed VALUES (2, 1, 1), (2, 2, 2);
PRAGMA application_id = 0x6f66726c;
PRAGMA user_version = 1;
";

#[test]
fn a_history_of_version_1_goes_on_as_one_of_this_version() {
    let (folder, path) = of_version(1, OF_VERSION_1);
    let refused = Database::open_to_read(&path).unwrap_err();
    assert!(refused.is_usage() && refused.to_string().contains("earlier version"), "{refused}");
    let mut file = File { database: Database::open(&path).unwrap(), folder, clock: 3_000 };
    assert!(file.is_sound());
    let good = |offer: &str| file.database.last_good(1, &OfferId::parse(offer).unwrap()).unwrap();
    let seven = good("7").unwrap();
    assert_eq!((seven.at, seven.version, seven.answer), (2001, 3, answer("u a=1 b=2")));
    assert_eq!((good("8"), good("9")), (None, None));
    let views = "SELECT group_concat(offer_id || position || offer_url_name) FROM link";
    let shown: String = file.database.connection().query_row(views, [], |row| row.get(0)).unwrap();
    assert_eq!(shown, "71a,72b");
    // What is the same is no change, though its hash is of another kind; what is back is one.
    let run = file.begin("o.csv");
    assert_eq!(run.baseline.unwrap().last_version, 4);
    file.record(&run, &[("7", Links("u a=1 b=2")), ("8", Links("w"))], true);
    assert_eq!(file.changes(&run), ["8,back,,,url,,w"]);
}

/// What version 2 of this program has left of two runs over the account's list, from which offer 8 has vanished.
pub(super) const OF_VERSION_2: &str = "
INSERT INTO network VALUES (1, 'demo', 'https://demo/', 'me@example.com');
INSERT INTO run VALUES (1, 'o.csv', '{}', 1000, 1010, NULL, 3, 3, 3, 0, 0), (2, 'o.csv', '{}', 2000, 2010, 1, 4, 2, 2, 0, 0);
INSERT INTO offer_version VALUES (1, 1, 1, 1001, NULL, 'good', -6262469733394824192, 'u', NULL, '[]'),
    (2, 2, 1, 1002, NULL, 'good', -6262469733394824192, 'u', NULL, '[]'),
    (3, 3, 1, 1003, NULL, 'good', -6262469733394824192, 'u', NULL, '[]'), (4, 2, 2, 2010, 2, 'gone', 0, NULL, NULL, NULL);
INSERT INTO offer VALUES (1, 1, '7', 1001, 2001, 2001, 1, -6262469733394824192), (2, 1, '8', 1002, 1002, 1002, 4, 0), (3, 1, '9', 1003, 2003, 2003, 3, -6262469733394824192);
INSERT INTO changed VALUES (2, 2, 1, 4);
INSERT INTO listed VALUES (1, 'personal', 1, 2), (1, 'personal', 3, 2);
PRAGMA application_id = 0x6f66726c;
PRAGMA user_version = 2;
";

#[test]
fn a_history_of_version_2_knows_its_lists() {
    let (folder, path) = of_version(2, OF_VERSION_2);
    let database = Database::open(&path).unwrap();
    let listed = "SELECT count(*), count(vanished_at) FROM listed";
    let counts = database.connection().query_row(listed, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(counts, (2, 0));
    let file = File { database, folder, clock: 3_000 };
    assert!(file.is_sound() && file.last_good("7").is_some() && file.last_good("8").is_none());
}

/// What version 3 has left of a run: an offer with two links, and one without landing pages.
pub(super) const OF_VERSION_3: &str = "
INSERT INTO network VALUES (1, 'demo', 'https://demo/', 'me@example.com');
INSERT INTO run VALUES (1, 'o.csv', '{}', 1000, 1010, NULL, 2, 2, 2, 0, 0);
INSERT INTO offer_version VALUES (1, 1, 1, 1001, NULL, 'good', 1939169014282089751, 'u', NULL, '[[null,\"a\",\"1\",null],[null,\"b\",\"2\",null]]'),
    (2, 2, 1, 1002, NULL, 'good', 3127992787262683270, 'w', NULL, '[]');
INSERT INTO offer VALUES (1, 1, '7', 1001, 1001, 1001, 1, 1939169014282089751), (2, 1, '8', 1002, 1002, 1002, 2, 3127992787262683270);
INSERT INTO listed VALUES (1, 'personal', 1, 1, NULL), (1, 'personal', 2, 1, 1010);
PRAGMA application_id = 0x6f66726c;
PRAGMA user_version = 3;
";

#[test]
fn a_history_of_version_3_shows_its_links_in_views_that_other_programs_can_parse() {
    let (folder, path) = of_version(3, OF_VERSION_3);
    let file = File { database: Database::open(&path).unwrap(), folder, clock: 3_000 };
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = file.database.connection().prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let shown =
        texts("SELECT offer_id || coalesce(position || offer_url_name || offer_url_tracking_link, '-') FROM link");
    assert_eq!(shown, ["71a1", "72b2", "8-"]);
    assert_eq!(texts("SELECT version || offer_url_name FROM link_version"), ["1a", "1b"]);
    assert_eq!(texts("SELECT offer || coalesce(vanished_at, '-') FROM listed"), ["1-", "21010"]);
    for view in texts("SELECT sql FROM sqlite_schema WHERE type = 'view'") {
        assert_eq!(view.matches("JOIN ").count(), view.matches(" ON ").count(), "DuckDB needs an ON: {view}");
    }
    assert!(file.is_sound());
}

/// What version 4 has left of a run: as that of 3, and two offers whose links have something in common.
const OF_VERSION_4: &str = "
INSERT INTO network VALUES (1, 'demo', 'https://demo/', 'me@example.com');
INSERT INTO run VALUES (1, 'o.csv', '{}', 1000, 1010, NULL, 2, 2, 2, 0, 0);
INSERT INTO offer_version VALUES (1, 1, 1, 1001, NULL, 'good', 1939169014282089751, 'u', NULL, '[[null,\"a\",\"1\",null],[null,\"b\",\"2\",null]]'),
    (2, 2, 1, 1002, NULL, 'good', HASH, 'u=8', NULL, '[[\"Offer URL\",\"{url}\",\"u=8\",null]]');
INSERT INTO offer VALUES (1, 1, '7', 1001, 1001, 1001, 1, 1939169014282089751), (2, 1, '8', 1002, 1002, 1002, 2, HASH);
PRAGMA application_id = 0x6f66726c;
PRAGMA user_version = 4;
";

pub(super) fn of_version_4() -> String {
    let hash = xxhash_rust::xxh3::xxh3_64(b"=u=8\0\0[[\"Offer URL\",\"{url}\",\"u=8\",null]]").cast_signed();
    OF_VERSION_4.replace("HASH", &hash.to_string())
}

#[test]
fn a_history_of_version_4_keeps_its_rows_beside_those_that_name_a_template() {
    let (folder, path) = of_version(4, &of_version_4());
    let mut file = File { database: Database::open(&path).unwrap(), folder, clock: 3_000 };
    let same = [("8", Links("u=# {url}=u=#"))];
    assert!(file.run(&same).is_empty(), "what is the same is no change");
    assert_eq!(
        file.run(&[("8", Links("u=# a=u=#")), ("9", Links("u=# a=u=#"))]),
        [
            "8,removed,Offer URL,{url},offer_url_tracking_link,u=8,",
            "8,added,Offer URL,a,offer_url_tracking_link,,u=8",
            "9,new,,,url,,u=9"
        ]
    );
    let mut statement = file.database.connection().prepare("SELECT version || url FROM version").unwrap();
    let shown = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>().unwrap();
    assert_eq!(shown, ["1u", "2u=8", "3u=8", "4u=9"]);
    let mut statement = file
        .database
        .connection()
        .prepare("SELECT version || offer_url_name || offer_url_tracking_link FROM link_version WHERE version > 1")
        .unwrap();
    let shown = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>().unwrap();
    assert_eq!(shown, ["2{url}u=8", "3au=8", "4au=9"]);
    assert!(file.is_sound());
}

#[test]
fn a_dry_run_reads_a_history_of_an_earlier_version_and_leaves_it_as_it_is() {
    for (version, rows, known) in [
        (0, "", false),
        (1, OF_VERSION_1, false),
        (2, OF_VERSION_2, true),
        (3, OF_VERSION_3, true),
        (4, &of_version_4(), true),
    ] {
        let (_folder, path) = of_version(version, rows);
        let before = std::fs::read(&path).unwrap();
        Database::look(&path).unwrap();
        let file = Database::open_to_plan(&path).unwrap();
        let id = OfferId::parse("7").unwrap();
        assert_eq!(file.last_good(1, &id).unwrap().is_some(), known, "{version}");
        assert_eq!(file.standing(1, &id).unwrap().is_some(), known, "{version}");
        assert!(std::fs::read(&path).unwrap() == before, "{version}");
        if known {
            let damage = "UPDATE offer_version SET url = 'w' || url WHERE id = 1";
            rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
            assert!(Database::look(&path).unwrap_err().to_string().contains("is damaged (row 1"), "{version}");
        }
    }
}

#[test]
fn a_commit_that_a_kill_has_cut_off_is_undone_by_the_next_run_and_left_alone_by_a_dry_run() {
    let mut file = File::new();
    file.run(&[("7", Links("u"))]);
    let copy = |name: &str| file.folder.path().join(name);
    {
        // What a kill leaves: pages of the commit in the file, those before it in the journal.
        let mut other = rusqlite::Connection::open(file.path()).unwrap();
        other.pragma_update(None, "cache_size", 1).unwrap();
        let commit = other.transaction().unwrap();
        commit.execute("UPDATE offer_version SET url = 'half'", []).unwrap();
        commit.execute("INSERT INTO offer_error VALUES (1, 1, 9, 'x', NULL, NULL, ?1)", ["x".repeat(100_000)]).unwrap();
        commit.cache_flush().unwrap();
        std::fs::copy(file.path(), copy("killed.db")).unwrap();
        std::fs::copy(copy("h.db-journal"), copy("killed.db-journal")).unwrap();
    }
    let bytes = || [copy("killed.db"), copy("killed.db-journal")].map(|path| std::fs::read(path).unwrap());
    let before = bytes();
    Database::look(&copy("killed.db")).unwrap();
    assert_eq!(bytes(), before);
    let found = Database::open(&copy("killed.db")).unwrap().last_good(1, &OfferId::parse("7").unwrap()).unwrap();
    assert_eq!(found.map(|found| found.answer), Some(answer("u")));
}

#[test]
fn each_statement_that_is_used_for_every_offer_is_prepared_once() {
    // SQLite prepares a statement again, each time, that joins tables and comes from the cache.
    let mut file = File::new();
    let run = file.begin("o.csv");
    file.record(&run, &[("7", Links("u a=1"))], true);
    for sql in [FIND, ANSWER, STANDING] {
        for _ in 0..3 {
            let mut statement = file.database.connection().prepare_cached(sql).unwrap();
            let parameters = [&1 as &dyn rusqlite::ToSql, &"7"];
            let parameters = &parameters[..statement.parameter_count()];
            assert!(statement.exists(parameters).unwrap(), "{sql}");
            assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0, "{sql}");
        }
    }
}
