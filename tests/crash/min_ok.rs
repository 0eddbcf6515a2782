//! A run whose rows do not replace the output, killed at any instant.

use std::fs;
use std::time::Duration;

use crate::running::Running;
use crate::support::{Place, Scene, assert_same, can_trace};

const TOO_MANY: [&str; 2] = ["--min-ok", "100%"];

/// The old output, the rows of an undisturbed run beside it, and nothing else but the lock.
fn assert_withheld(place: &Place<'_>) {
    place.assert_old_output();
    assert_same(&fs::read_to_string(place.beside(".failed")).unwrap(), &place.scene.golden);
    assert_eq!(place.names(), ["links.csv", "links.csv.failed", "links.csv.lock"]);
}

#[test]
fn kills_before_any_rename_or_removal_end_in_the_same_files() {
    if !can_trace("kills of a run that exports too few") {
        return;
    }
    let scene = Scene::new(40, Duration::from_millis(2));
    for (call, most) in [("rename", 12), ("unlink", 6)] {
        for number in 1..=most {
            let place = scene.place(&format!("{call}-{number}"));
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
            let ended = Running::start(place.export_under(&strace, &[&["-j", "2"], &TOO_MANY[..]].concat())).end();
            place.assert_old_output();
            if ended.is_killed() {
                let ended = place.run(&TOO_MANY);
                ended.assert_code(3);
                ended.assert_says("fewer than --min-ok 100%");
            } else {
                ended.assert_code(3);
            }
            assert_withheld(&place);
        }
    }
}

#[test]
fn a_finished_run_that_was_killed_before_it_tidied_up_withholds_its_rows_without_a_call() {
    if !can_trace("a kill behind the rename of withheld rows") {
        return;
    }
    let scene = Scene::new(20, Duration::ZERO);
    let place = scene.place("withheld");
    let checkpoint = place.beside(".checkpoint");
    let strace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        checkpoint.to_str().unwrap(),
        "-e",
        "inject=unlink:signal=KILL",
    ];
    let ended = Running::start(place.export_under(&strace, &TOO_MANY)).end();
    assert!(ended.is_killed() && place.beside(".failed").exists() && !place.beside(".partial").exists(), "{ended:?}");
    let calls = scene.calls();
    let ended = place.run(&TOO_MANY);
    ended.assert_code(3);
    ended.assert_says("was finished by the run before");
    ended.assert_says("fewer than --min-ok 100%");
    assert_eq!(scene.calls(), calls, "nothing is asked again");
    assert_withheld(&place);
    // Fewer are enough now, and what replaces the output puts its rows in their place.
    place.run(&[]).assert_code(3);
    place.assert_golden();
}
