//! System calls that fail: every write, sync and rename in turn, once or from then on.

use std::time::Duration;

use crate::support::{Place, Scene, can_trace, long};
use crate::syscalls::{CHANGING, Call, export_with, for_every_call};

/// Name for strace and what the system says.
const ERRORS: [(&str, &str); 3] =
    [("ENOSPC", "No space left"), ("EIO", "Input/output error"), ("EDQUOT", "quota exceeded")];

/// Tells whether the call failed; then the run has to fail, and going on has to mend everything.
fn fail(place: &Place<'_>, call: Call, tamper: &str, words: &str) -> bool {
    let ended = export_with(place, call, tamper, &["-j", "2"]);
    place.assert_old_or_golden();
    if ended.status.code() == Some(3) {
        place.assert_golden();
        return false;
    }
    ended.assert_code(1);
    // A folder is brought to disk by its own name.
    ended.assert_says(place.folder.to_str().unwrap());
    let said = ended.stderr.to_lowercase();
    assert!(said.contains(&words.to_lowercase()) && !said.contains("panic"), "{ended:?}");
    let untouched = std::fs::read_to_string(place.out()).unwrap() == crate::support::OLD;
    assert!(untouched || !said.contains("old output is as it was"), "that is not true: {ended:?}");
    place.resume();
    true
}

#[test]
fn a_call_that_fails_ends_the_run_with_the_old_output_and_a_way_to_go_on() {
    if !can_trace("calls that fail") {
        return;
    }
    let scene = Scene::new(if long() { 200 } else { 64 }, Duration::from_millis(8));
    // Truncation is of the lock's text, and a file system without modes is none to fail on.
    for call in CHANGING.into_iter().filter(|call| !matches!(call.name, "ftruncate" | "fchmod")) {
        for (errno, words) in ERRORS {
            // Once, as a passing fault, and from then on, as a full disk.
            for (when, from_then_on) in [("once", ""), ("on", "+")] {
                let typical = matches!((errno, when), ("ENOSPC", "on") | ("EIO", "once"));
                if !long() && !typical && (errno, when, call.name) != ("EDQUOT", "on", "write of rows") {
                    continue;
                }
                let name = format!("{}-{errno}-{when}", call.name);
                let tamper = |number| format!("error={errno}:when={number}{from_then_on}");
                let failed = for_every_call(&scene, &name, |place, number| fail(place, call, &tamper(number), words));
                println!("{name}: each of {failed} calls failed");
                // The checkpoint goes only once.
                assert!(failed >= if call.name.starts_with("unlink of") { 1 } else { 2 }, "{name}");
            }
        }
    }
}
