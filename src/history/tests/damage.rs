//! Damage that SQLite itself does not see is found when the file is opened, and nothing else is taken for it.

use std::path::Path;

use super::{Error, File, Links};
use crate::history::Database;
use crate::offer::ErrorKind;

/// Two versions of an offer, one that is gone, one that never had links.
fn history() -> File {
    let mut file = File::new();
    file.run(&[
        ("1234567", Links("https://h.example/first a=1")),
        ("8", Links("v")),
        ("9", Error(ErrorKind::NotFound)),
    ]);
    file.run(&[("1234567", Links("https://h.example/second a=2 b=3")), ("8", Error(ErrorKind::NotFound))]);
    file
}

/// What is said of the file, which is one that this test has changed.
fn refused(path: &Path, what: &str) -> String {
    let error = Database::open(path).map(drop).expect_err(what);
    assert!(error.is_usage() && error.to_string().contains("is damaged ("), "{what}: {error}");
    let looked = Database::look(path).expect_err(what);
    assert_eq!(looked.to_string(), error.to_string());
    error.to_string()
}

#[test]
fn what_is_not_what_was_written_is_found_before_the_first_call() {
    for (sql, why) in [
        ("UPDATE offer_version SET url = replace(url, 'second', 'sfcond')", "row 3 of offer_version"),
        ("UPDATE offer_version SET impression_pixel = '' WHERE id = 1", "row 1 of offer_version"),
        ("UPDATE offer_version SET links = replace(links, ']]', ']') WHERE id = 3", "row 3 of offer_version"),
        ("UPDATE offer_version SET links = CAST(links AS BLOB) WHERE id = 2", "row 2 of offer_version"),
        ("UPDATE offer_version SET url = CAST(x'68ff' AS TEXT) WHERE id = 2", "row 2 of offer_version"),
        ("UPDATE offer_version SET state = 'gone' WHERE id = 1", "row 1 of offer_version"),
        ("UPDATE offer_version SET hash = 5 WHERE state = 'gone'", "row 4 of offer_version"),
        // What is lost, not changed: an offer that fails would be written without its last good links.
        ("DELETE FROM offer_version WHERE id > 3", "the newest version of 1 of 2 offers is lost"),
        ("DELETE FROM offer_version", "of 2 of 2 offers"),
        ("UPDATE offer SET version = 2 WHERE offer_id = '8'", "of 1 of 2 offers"),
        ("UPDATE offer SET version = 1 << 40 WHERE offer_id = '8'", "of 1 of 2 offers"),
        ("UPDATE offer SET version = 3 WHERE offer_id = '9'", "row 3 of offer is not"),
        ("UPDATE offer SET version = 3, hash = 5, last_good_at = 1 WHERE offer_id = '9'", "of 1 of 3 offers"),
        ("UPDATE offer SET version = NULL WHERE offer_id = '8'", "row 2 of offer is not"),
        ("UPDATE offer SET hash = hash + 1 WHERE offer_id = '1234567'", "of 1 of 2 offers"),
        ("UPDATE offer SET hash = 7 WHERE offer_id = '8'", "of 1 of 2 offers"),
        ("UPDATE offer SET last_good_at = NULL WHERE offer_id = '1234567'", "row 1 of offer is not"),
        ("UPDATE offer SET last_good_at = 'x' WHERE offer_id = '8'", "last_good_at"),
        ("UPDATE offer SET last_asked_at = x'00' WHERE offer_id = '9'", "last_asked_at"),
        ("UPDATE offer_version SET offer = 99 WHERE id = 1", "row 1 of offer_version"),
        ("UPDATE offer SET network = 5 WHERE offer_id = '9'", "network 5 is missing"),
        ("UPDATE network SET name = CAST(x'ff' AS TEXT)", "utf-8"),
        ("UPDATE offer SET offer_id = CAST(x'ff' AS TEXT) WHERE id = 2", "utf-8"),
    ] {
        let file = history();
        file.database.connection().execute(sql, []).unwrap();
        let message = refused(&file.path(), sql);
        assert!(message.contains(why), "{sql}: {message}");
    }
}

#[test]
fn an_offer_that_the_index_would_not_find_is_damage() {
    let file = history();
    let bytes = std::fs::read(file.path()).unwrap();
    let id = b"1234567";
    let places: Vec<usize> = (0..bytes.len() - id.len()).filter(|at| bytes[*at..].starts_with(id)).collect();
    assert!(places.len() >= 2, "in the table and in its index");
    for at in places {
        let mut damaged = bytes.clone();
        damaged[at] = b'2';
        let path = file.folder.path().join("damaged.db");
        std::fs::write(&path, damaged).unwrap();
        refused(&path, &format!("byte {at}"));
    }
}

#[test]
fn a_history_that_was_pruned_undone_and_written_by_two_runs_is_sound() {
    let mut file = history();
    let (first, second) = (file.begin("a.csv"), file.begin("b.csv"));
    // Each finds the offer changed, and the first one once more as it was.
    file.record(&first, &[("1234567", Links("w")), ("1", Links("new"))], false);
    file.record(&second, &[("1234567", Links("x a=1"))], true);
    file.record(&first, &[("1234567", Links("https://h.example/second a=2 b=3")), ("8", Links("v"))], true);
    file.database.prune(i64::MAX).unwrap();
    let path = file.path();
    Database::look(&path).unwrap();
    Database::open(&path).unwrap();
}

/// Changes what the file says of a table.
fn rewrite(path: &Path, table: &str, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.pragma_update(None, "writable_schema", true).unwrap();
    connection.execute("UPDATE sqlite_schema SET sql = ?1 WHERE name = ?2", [sql, table]).unwrap();
}

#[test]
fn a_wrong_letter_in_what_the_file_says_of_its_tables_is_found() {
    let file = history();
    let tables = "SELECT name, sql FROM sqlite_schema WHERE type = 'table'";
    let mut tables = file.database.connection().prepare(tables).unwrap();
    let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let tables: Vec<(String, String)> = tables.collect::<Result<_, _>>().unwrap();
    let mut count = 0;
    for (table, sql) in &tables {
        let mut last = ["", ""];
        for word in sql.split(|c: char| !c.is_ascii_alphabetic() && c != '_').filter(|word| !word.is_empty()) {
            let at = word.as_ptr().addr() - sql.as_ptr().addr();
            // Nothing looks at what a column refers to.
            let is_seen = !last.contains(&"REFERENCES") && word != "REFERENCES";
            last = [last[1], word];
            if !is_seen {
                continue;
            }
            let mut changed = sql.clone().into_bytes();
            changed[at + word.len() / 2] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            let path = file.folder.path().join("damaged.db");
            std::fs::copy(file.path(), &path).unwrap();
            rewrite(&path, table, &changed);
            refused(&path, &changed);
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

#[test]
fn what_users_add_to_their_file_is_no_damage() {
    let mut file = history();
    let more = "ALTER TABLE offer ADD COLUMN note TEXT;
        ALTER TABLE offer_error ADD COLUMN note TEXT;
        CREATE UNIQUE INDEX mine ON offer_version (since, id);
        CREATE TABLE notes (offer INTEGER UNIQUE, text TEXT);
        CREATE VIEW my_links AS SELECT offer_id, url FROM link;
        CREATE TRIGGER noted AFTER INSERT ON offer_version BEGIN INSERT OR IGNORE INTO notes VALUES (new.offer, 'new'); END;
        DROP VIEW gone";
    file.database.connection().execute_batch(more).unwrap();
    Database::look(&file.path()).unwrap();
    file.database = Database::open(&file.path()).unwrap();
    assert_eq!(file.run(&[("1", Links("u")), ("2", Links("v")), ("8", Error(ErrorKind::Timeout))]).len(), 2);
}
