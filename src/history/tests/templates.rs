//! What many answers have in common lies in the file once, and what is read is what was written.

use super::{Error, File, Links, Told, answer_of};
use crate::history::Database;
use crate::history::facts::Batch;
use crate::offer::{ErrorKind, OfferId, RowOutcome, Source};

/// An account's answers: all alike, but for the landing pages of some.
const ALIKE: &str = "http://h/?o=#&a=5 a=http://h/?o=#&a=5&u=1 b=http://h/?o=#&a=5&u=2";
const OWN: &str = "http://h/?o=#&a=5 c=http://h/?o=#&a=5&u=3 d=other";
const OTHER: &str = "http://other/# a=http://other/#1";
/// With what could be taken for a place.
const ODD: &str = "http://h/?o=#&a={offer_id} a={url}#";
/// As many templates as there may be, none of which a version names.
const FULL: &str = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 256)
    INSERT INTO template SELECT n, 'u' || n, NULL, '[]' FROM n";

fn texts(file: &File, sql: &str) -> Vec<String> {
    let mut statement = file.database.connection().prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// What the views and the program itself say of each offer is what it was told.
fn shows(file: &File, told: &[(&str, Told)]) {
    let mut expected = Vec::new();
    for (offer, told) in told {
        let Links(links) = told else { continue };
        let answer = answer_of(offer, links);
        assert_eq!(file.last_good(offer).as_ref(), Some(&answer), "{offer}");
        let url = answer.url().unwrap();
        let entry = |entry: crate::offer::Entry<'_>| {
            format!("{offer} {url} {} {}", entry.name.unwrap(), entry.tracking_link.unwrap())
        };
        expected.extend(answer.entries().map(entry));
    }
    let links = "SELECT offer_id || ' ' || url || ' ' || offer_url_name || ' ' || offer_url_tracking_link FROM link";
    assert_eq!(texts(file, links), expected);
    let versions = "SELECT offer_id || ' ' || version.url || ' ' || offer_url_name || ' ' || offer_url_tracking_link
        FROM version JOIN link_version USING (version)";
    assert_eq!(texts(file, versions), expected);
}

#[test]
fn what_answers_have_in_common_is_written_once() {
    let told = [
        ("1", Links(ALIKE)),
        ("2", Links(ALIKE)),
        ("33", Links(OWN)),
        ("4", Links(OTHER)),
        ("9", Error(ErrorKind::NotFound)),
        ("5", Links(ODD)),
        ("6", Links(ALIKE)),
        ("7", Links(OTHER)),
        ("8", Links(OTHER)),
        ("77", Links(OTHER)),
    ];
    let mut file = File::new();
    file.run(&told);
    shows(&file, &told);
    assert_eq!(texts(&file, "SELECT url FROM template"), ["http://h/?o={offer_id}&a=5", "http://other/{offer_id}"]);
    let forms = "SELECT group_concat(offer_id || coalesce('t' || template, '') || (offer_version.url IS NOT NULL)
            || (links IS NOT NULL), ' ')
        FROM offer_version JOIN offer ON offer.id = offer";
    assert_eq!(texts(&file, forms), ["111 2t100 33t101 411 511 6t100 7t200 8t200 77t200"]);
    // The next runs find the same templates, and that nothing has changed.
    assert!(file.run(&told).is_empty());
    let more = [("20", Links(OTHER)), ("21", Links(OTHER)), ("22", Links(ALIKE)), ("23", Links(ALIKE))];
    file.run(&more);
    shows(&file, &[&told[..], &more].concat());
    assert_eq!(
        texts(&file, "SELECT (SELECT count(*) FROM template) || ' ' || max(template) FROM offer_version"),
        ["2 2"]
    );
    assert!(file.is_sound());
    drop(Database::open(&file.path()).unwrap());
}

#[test]
fn where_there_is_no_room_for_more_templates_answers_are_written_as_a_whole() {
    let ids: Vec<_> = (1..=80).map(|offer| offer.to_string()).collect();
    let told: Vec<(&str, Told)> = ids.iter().map(|id| (id.as_str(), Links(ALIKE))).collect();
    let mut file = File::new();
    file.database.connection().execute_batch(FULL).unwrap();
    file.run(&told);
    shows(&file, &told);
    assert_eq!(texts(&file, "SELECT count(*) || '/' || count(template) FROM offer_version"), ["80/0"]);
    assert_eq!(texts(&file, "SELECT count(*) || '' FROM template"), ["256"]);
    drop(Database::open(&file.path()).unwrap());
}

#[test]
fn pruning_takes_out_templates_that_no_version_names() {
    let ids: Vec<_> = (1..=8).map(|offer| offer.to_string()).collect();
    let told = |links| ids.iter().map(|id| (id.as_str(), Links(links))).collect::<Vec<_>>();
    let mut file = File::new();
    file.database.connection().execute_batch(FULL).unwrap();
    file.run(&told(ALIKE));
    assert_eq!(texts(&file, "SELECT count(template) || '' FROM offer_version"), ["0"], "there is no room");
    file.database.prune(0).unwrap();
    assert_eq!(texts(&file, "SELECT id || '' FROM template"), ["256"], "the newest one stays");
    file.run(&told(OTHER));
    file.run(&told(ALIKE));
    file.database.prune(0).unwrap();
    assert_eq!(texts(&file, "SELECT id || '' FROM template"), ["257", "258"], "older versions name one of them");
    file.database.prune(i64::MAX).unwrap();
    assert_eq!(texts(&file, "SELECT id || '' FROM template"), ["258"]);
    shows(&file, &told(ALIKE));
    drop(Database::open(&file.path()).unwrap());
}

#[test]
fn a_template_that_is_taken_out_beside_a_run_is_written_again_under_another_key() {
    const THIRD: &str = "http://third/# a=http://third/#1";
    let told = |links| ["1", "2", "3", "4"].map(|id| (id, Links(links)));
    let mut file = File::new();
    file.run(&told(ALIKE));
    file.run(&told(OTHER));
    let reader = File {
        database: Database::open_to_read(&file.path()).unwrap(),
        folder: tempfile::tempdir().unwrap(),
        clock: 0,
    };
    let read = |links| assert_eq!(reader.last_good("4"), Some(answer_of("4", links)));
    read(OTHER);
    // A run that learns answers of the same form as long as it lasts, between commits of another one.
    let run = file.begin("long.csv");
    let mut batch = Batch::default();
    let commit = |file: &mut File, batch: &mut Batch, at| {
        batch.clear();
        for (row, (id, _)) in (1..).zip(told(OTHER)) {
            let good = RowOutcome::Good { answer: &answer_of(id, OTHER), source: Source::Live };
            batch.add(0, OfferId::parse(id).unwrap(), (row, at), good);
        }
        file.database.write(&run, batch, None).unwrap();
    };
    commit(&mut file, &mut batch, 9_001);
    let mut other = Database::open_existing(&file.path()).unwrap();
    for links in [ALIKE, THIRD] {
        file.run(&told(links));
        other.prune(i64::MAX).unwrap();
        read(links);
    }
    commit(&mut file, &mut batch, 9_002);
    read(OTHER);
    assert_eq!(
        texts(&file, "SELECT DISTINCT template || '' FROM offer_version WHERE template > 0 ORDER BY 1"),
        ["3", "4"]
    );
    assert!(file.is_sound());
    drop(Database::open(&file.path()).unwrap());
}

#[test]
fn damage_in_a_template_is_found() {
    for (sql, why) in [
        ("UPDATE template SET url = replace(url, 'h', 'i')", "row 2 of offer_version"),
        ("UPDATE template SET impression_pixel = ''", "row 2 of offer_version"),
        ("UPDATE template SET links = replace(links, '&', '?')", "row 2 of offer_version"),
        ("UPDATE template SET links = CAST(x'ff' AS TEXT)", "row 1 of template"),
        ("UPDATE template SET id = 2", "row 2 of offer_version"),
        ("UPDATE offer_version SET template = NULL WHERE id = 3", "row 3 of offer_version"),
        ("UPDATE offer_version SET links = '[]' WHERE id = 3", "row 3 of offer_version"),
        ("UPDATE offer_version SET url = 'u' WHERE id = 3", "row 3 of offer_version"),
        ("UPDATE offer_version SET offer = 1 WHERE id = 3", "row 3 of offer_version"),
        ("UPDATE offer_version SET offer = 99 WHERE id = 4", "row 4 of offer_version"),
        ("UPDATE offer_version SET template = 1 WHERE state = 'gone'", "row 5 of offer_version"),
    ] {
        let mut file = File::new();
        file.run(&[("1", Links(ALIKE)), ("2", Links(ALIKE)), ("3", Links(ALIKE)), ("4", Links(OWN))]);
        file.run(&[("3", Error(ErrorKind::NotFound))]);
        drop(Database::open(&file.path()).unwrap());
        file.database.connection().execute_batch(sql).unwrap();
        let error = Database::open(&file.path()).map(drop).expect_err(sql).to_string();
        assert!(error.contains("is damaged (") && error.contains(why), "{sql}: {error}");
    }
}
