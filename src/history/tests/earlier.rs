//! What commands do with a history of an earlier version before an export has brought it up to date.

use super::files::{OF_VERSION_1, OF_VERSION_2, OF_VERSION_3, of_version, of_version_4};
use crate::history::changes::ChangedOffer;
use crate::history::timeline::Timeline;
use crate::history::{Database, HistoryError};

/// What `changes` and `history ID` write.
fn shown(database: &Database) -> (String, Vec<Timeline>) {
    let mut rows = Vec::new();
    let take = |offer: &ChangedOffer| -> Result<(), HistoryError> {
        offer.rows(true, &mut rows);
        Ok(())
    };
    database.changes_since(1_000, None, take).unwrap();
    let timelines = ["7", "8"].map(|offer| database.timelines(offer, Some("demo")).unwrap());
    (String::from_utf8(rows).unwrap(), timelines.concat())
}

#[test]
fn an_earlier_version_is_read_as_it_is_and_says_what_it_says_when_it_is_up_to_date() {
    for (version, rows) in [(2, OF_VERSION_2), (3, OF_VERSION_3), (4, &of_version_4())] {
        let (_folder, path) = of_version(version, rows);
        let before = std::fs::read(&path).unwrap();
        let read = shown(&Database::open_to_read(&path).unwrap());
        assert!(std::fs::read(&path).unwrap() == before, "{version}");
        assert!(read.0.contains("demo,7,new,,,url,,u") && read.1.len() == 2, "{version}: {read:?}");
        // As an export does, pruning brings it up to date.
        let mut database = Database::open_existing(&path).unwrap();
        database.prune(0).unwrap();
        assert_eq!(shown(&database), read, "{version}");
        assert_eq!(shown(&Database::open_to_read(&path).unwrap()), read, "{version}");
    }
}

#[test]
fn nobody_is_sent_to_throw_away_a_history_that_is_only_old_or_new() {
    for (version, rows, why) in
        [(0, "", "nothing in the history"), (1, OF_VERSION_1, "is of an earlier version: an export")]
    {
        let (_folder, path) = of_version(version, rows);
        let error = Database::open_to_read(&path).unwrap_err();
        let text = error.to_string();
        assert!(error.is_usage() && text.contains(why) && !text.contains("move"), "{text}");
        assert_eq!(Database::open_existing(&path).is_ok(), version == 1, "{version}");
        assert_eq!(Database::open_to_read(&path).is_ok(), version == 1, "{version}");
        rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        for error in [Database::open_to_read(&path), Database::open(&path)].map(Result::unwrap_err) {
            let text = error.to_string();
            assert!(error.is_usage() && text.contains("a newer offerlinks") && !text.contains("move"), "{text}");
        }
    }
}
