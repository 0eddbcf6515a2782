//! `--dry-run` with a history: the calls that it names are those of the run, and it leaves no trace.

use super::{Edited, run};
use crate::support::{Folder, Run, contents, export_in};

fn plan(run: Run) -> serde_json::Value {
    serde_json::from_str(&run.args(&["--dry-run", "--log-format", "json"]).run().expect(0).stdout).unwrap()
}

#[test]
fn a_dry_run_names_the_calls_that_max_age_and_max_calls_leave() {
    let all: Vec<String> = (1..=8).map(|id| id.to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let good: Vec<(&str, &str)> = all.iter().map(|id| (*id, "a")).collect();
    let edited = Edited::new(&good);
    // The first five are known; the history of `none` is not there yet.
    let known = Folder::new();
    run(&known, &edited, &all[..5], &[]).run().expect(0);
    let none = Folder::new();
    // Arguments, and what is expected: calls, rows from the history, rows that are left.
    let cases: [(&Folder, &[&str], [u64; 3]); 8] = [
        (&known, &[], [8, 0, 0]),
        (&known, &["--max-age", "1d"], [3, 5, 0]),
        (&known, &["--max-calls", "2"], [2, 5, 1]),
        (&known, &["--max-calls", "5"], [5, 3, 0]),
        (&known, &["--max-calls", "9"], [8, 0, 0]),
        (&known, &["--max-calls", "2", "--max-age", "1d"], [2, 5, 1]),
        (&none, &["--max-calls", "2"], [2, 0, 6]),
        (&none, &["--max-age", "1d"], [8, 0, 0]),
    ];
    for (folder, more, [calls, from_history, not_asked]) in cases {
        let planning = run(folder, &edited, &all, more);
        let before = contents(folder.root());
        let planned = plan(planning);
        assert!(contents(folder.root()) == before, "it leaves a trace: {more:?}");
        let told = [&planned["calls"], &planned["from_history"], &planned["not_asked"]];
        assert_eq!(told.map(serde_json::Value::as_u64), [calls, from_history, not_asked].map(Some), "{more:?}");
        // A run with the same history makes these calls.
        let real = Folder::new();
        if let Ok(history) = std::fs::read(folder.path("links.db")) {
            real.write("links.db", history);
        }
        let called = edited.network.calls().len();
        run(&real, &edited, &all, more).run().expect(if not_asked > 0 { 3 } else { 0 });
        assert_eq!((edited.network.calls().len() - called) as u64, calls, "{more:?}");
    }
    let text = run(&known, &edited, &all, &["--max-calls", "2", "--dry-run"]).run().expect(0).stdout;
    let told =
        ["5 rows from it, without a call", "1 row without links in it", "2, and more where", "2 at most (--max-calls)"];
    assert!(told.iter().all(|part| text.contains(part)), "{text}");
    // The input is read twice, as by the run.
    let ran = export_in(&known).args(&["--history", "links.db", "--max-calls", "2", "--dry-run"]).on(&edited.network);
    ran.piped("offer_id\n1\n").run().expect(2).says(&["--max-calls has to read the input twice"]);
}

/// As `export <(...)` is: opened again it would wait for another writer.
#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_not_waited_for_twice() {
    // Not in the run's own folder: all files there are read when it has ended.
    let (folder, elsewhere, edited) = (Folder::new(), Folder::new(), Edited::new(&[("1", "a")]));
    let pipe = elsewhere.path("ids");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run = export_in(&folder).args(&["--history", "links.db", "--max-calls", "2"]).on(&edited.network);
    let running = run.input(pipe.to_str().unwrap()).start();
    std::fs::write(pipe, "offer_id\n1\n").unwrap();
    running.wait().expect(2).says(&["--max-calls has to read the input twice, so that needs to be a file"]);
    assert!(edited.network.calls().is_empty());
}
