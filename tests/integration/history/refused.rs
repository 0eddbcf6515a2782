//! What cannot be a history, or would overwrite one, ends the command before any call and before a file is touched.

use super::{Edited, run};
use crate::support::{Folder, called, command_in_folder, contents, export_in};

#[test]
fn what_cannot_be_a_history_ends_the_run_before_any_call() {
    let edited = Edited::new(&[("1", "a")]);
    let folder = Folder::new();
    folder.write("links.db", "offer_id\n16\n");
    run(&folder, &edited, &["1"], &[]).run().expect(2).says(&["links.db is no SQLite database", "--history"]);
    assert_eq!(std::fs::read(folder.path("links.db")).unwrap(), b"offer_id\n16\n");
    #[cfg(target_os = "linux")]
    export_in(&folder)
        .offers(&["1"])
        .args(&["--history", "/proc/self/links.db"])
        .on(&edited.network)
        .run()
        .expect(2)
        .says(&["write access"]);
    for arguments in [["--keep-last-good", ""], ["--max-age", "1d"], ["--max-calls", "5"], ["--changes", "c.csv"]] {
        let arguments: Vec<_> = arguments.into_iter().filter(|argument| !argument.is_empty()).collect();
        let run = export_in(&Folder::new()).offers(&["1"]).args(&arguments).on(&edited.network);
        run.run().expect(2).says(&[arguments[0], "needs a history"]);
    }
    assert!(called(&edited.network).is_empty());
}

#[test]
fn no_file_of_a_run_is_one_that_sqlite_makes_and_removes() {
    let edited = Edited::new(&[("1", "a")]);
    let more = |output: &str, more: &[&str], why: &[&str]| {
        let folder = Folder::new();
        run(&folder, &edited, &["1"], more).output(output).run().expect(2).says(why);
        assert!(!folder.path("links.db").exists(), "{output} {more:?}");
    };
    for ending in ["-journal", "-wal", "-shm"] {
        let name = format!("links.db{ending}");
        more("links.csv", &["--changes", &name], &["--history, for a file beside it,", &name]);
        more(&name, &[], &["-o and --history, for a file beside it,", &name]);
    }
    more("links.csv", &["--changes", "changes.xlsx"], &["changes.xlsx: --changes writes CSV; give it the ending .csv"]);
    export_in(&Folder::new())
        .offers(&["1"])
        .args(&["--history", "-"])
        .on(&edited.network)
        .run()
        .expect(2)
        .says(&["--history is an SQLite file: name one"]);
    assert!(called(&edited.network).is_empty());
}

#[test]
fn a_name_that_means_something_to_sqlite_is_a_file_like_any_other() {
    let edited = Edited::new(&[("1", "a")]);
    // Windows has no such names.
    for name in [":memory:", "file:links.db?mode=memory"].into_iter().filter(|_| cfg!(unix)) {
        let folder = Folder::new();
        let twice =
            || export_in(&folder).offers(&["1"]).args(&["--history", name, "--max-age", "1d"]).on(&edited.network);
        let before = called(&edited.network).len();
        twice().run().expect(0);
        twice().run().expect(0);
        assert_eq!(
            called(&edited.network).len(),
            before + 1,
            "{name}: the second run knows what the first has learned"
        );
        assert!(folder.path(name).is_file(), "{name}");
    }
}

#[test]
fn a_table_of_changes_does_not_overwrite_the_history() {
    let (folder, edited) = (Folder::new(), Edited::new(&[("1", "a")]));
    run(&folder, &edited, &["1"], &[]).run().expect(0);
    std::fs::rename(folder.path("links.db"), folder.path("history")).unwrap();
    let before = contents(folder.root());
    let changes = |output: &str| {
        let since = ["changes", "--history", "history", "--since", "7d", "-o", output];
        command_in_folder(&folder, &since).run()
    };
    changes("history").expect(2).says(&["--history and -o both name history"]);
    changes("./history").expect(2).says(&["both name ./history"]);
    changes("history-journal").expect(2).says(&["both name history-journal"]);
    changes("week.xlsx").expect(2).says(&["week.xlsx: changes writes CSV"]);
    for age in ["365", "7"] {
        let prune = ["history", "--prune", age, "--history", "history"];
        command_in_folder(&folder, &prune).run().expect(2).says(&["with its unit, such as 12h, 3d or 2w"]);
    }
    assert!(contents(folder.root()) == before, "all of it is as it was");
    changes("week.csv").expect(0);
}

#[test]
fn damage_in_a_link_is_told_before_any_call() {
    let (folder, edited) = (Folder::new(), Edited::new(&[("1", "campaign")]));
    run(&folder, &edited, &["1"], &[]).run().expect(0);
    let mut bytes = std::fs::read(folder.path("links.db")).unwrap();
    let at = bytes.windows(8).position(|bytes| bytes == b"campaign").unwrap();
    bytes[at] = 0xff;
    folder.write("links.db", &bytes);
    let calls = called(&edited.network).len();
    let before = contents(folder.root());
    for more in [&["--keep-last-good"][..], &["--max-age", "1d"], &["--dry-run"]] {
        run(&folder, &edited, &["1"], more).run().expect(2).says(&["links.db is damaged (row 1 of offer_version"]);
    }
    for command in [&["changes", "--since", "1d"][..], &["history", "1"]] {
        let command = [command, &["--history", "links.db"]].concat();
        command_in_folder(&folder, &command).run().expect(2).says(&["links.db is damaged"]);
    }
    assert_eq!(called(&edited.network).len(), calls);
    assert!(contents(folder.root()) == before);
}
