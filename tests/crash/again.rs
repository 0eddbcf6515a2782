//! `--retry-failed`, interrupted: it reads the very file that it replaces.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use offerlinks::sandbox::{Reply, Script};

use crate::support::{OLD, Place, Scene, assert_same, can_trace, wait_until};
use crate::syscalls::{CHANGING, export_with};

/// A network on which offers with odd numbers fail until it is repaired; then all is well, and slow.
fn scene(repaired: &Arc<AtomicBool>) -> Scene {
    let repaired = Arc::clone(repaired);
    Scene::scripted(
        240,
        Script::new(move |asked| {
            let odd = asked.offer.is_some_and(|offer| offer.len() == 4 && offer.ends_with(['1', '3', '5', '7', '9']));
            if repaired.load(Ordering::Relaxed) {
                return Some(Reply::Late(Duration::from_millis(10)));
            }
            odd.then(|| Reply::Http { status: 500, headers: Vec::new(), body: Vec::new() })
        }),
    )
}

/// Leaves an output behind in which about half of the offers have failed.
fn fail_half(place: &Place<'_>) -> String {
    place.run(&["--retries", "0"]).assert_code(3);
    let failed = fs::read_to_string(place.out()).unwrap();
    assert!(failed.matches("server_error").count() >= 100 && failed != OLD, "{failed}");
    failed
}

#[test]
fn asking_again_for_failures_is_continued_after_a_kill_and_replaces_the_output_at_the_end() {
    let repaired = Arc::new(AtomicBool::new(false));
    let scene = scene(&repaired);
    let place = scene.place("again");
    let failed = fail_half(&place);
    repaired.store(true, Ordering::Relaxed);
    let arguments = ["--retry-failed", "--resume", "-j", "1"];
    for _ in 0..2 {
        let before = place.committed();
        let running = place.start(&arguments);
        wait_until("a commit", || place.committed() > before);
        assert!(running.kill().is_killed());
        assert_same(&fs::read_to_string(place.out()).unwrap(), &failed);
    }
    place.run(&arguments).assert_code(3);
    place.assert_golden();
}

#[test]
fn asking_again_for_failures_is_known_to_be_finished_behind_the_rename() {
    if !can_trace("a kill behind the rename of --retry-failed") {
        return;
    }
    let repaired = Arc::new(AtomicBool::new(false));
    let scene = scene(&repaired);
    let place = scene.place("finished");
    fail_half(&place);
    repaired.store(true, Ordering::Relaxed);
    let unlink = CHANGING.into_iter().find(|call| call.name == "unlink of the checkpoint").unwrap();
    let ended = export_with(&place, unlink, "signal=KILL", &["--retry-failed"]);
    assert!(ended.is_killed() && !place.beside(".partial").exists(), "{ended:?}");
    let ended = place.run(&["--retry-failed", "--resume"]);
    ended.assert_code(3);
    ended.assert_says("was finished by the run before");
    place.assert_golden();
}
