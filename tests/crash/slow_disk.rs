//! A disk that is slow to commit: calls continue, and a signal, a kill or an error during a commit is harmless.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use crate::running::Running;
use crate::support::{Place, Scene, can_trace, wait_until};

const OFFERS: usize = 200;

fn scene() -> Scene {
    Scene::new(u32::try_from(OFFERS).unwrap(), Duration::from_millis(10))
}

/// Starts a run, and does something to its first sync of rows. The tracer is in the background, so that signals reach
/// the run.
fn start(place: &Place<'_>, tamper: &str) -> Running {
    let inject = format!("inject=fdatasync:{tamper}:when=1");
    let strace = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", &inject];
    Running::start(place.export_under(&strace, &["-j", "4"]))
}

/// Waits until most calls are made. By then the first commit is long due, and hangs.
fn wait_for_most_calls(scene: &Scene) {
    scene.wait_for_calls(OFFERS - 20);
}

#[test]
fn calls_go_on_while_a_commit_waits_for_the_disk() {
    if !can_trace("a slow disk") {
        return;
    }
    let scene = scene();
    let place = scene.place("slow");
    let running = start(&place, "delay_enter=3000000");
    wait_for_most_calls(&scene);
    assert_eq!(place.committed(), 0, "the first commit is under way");
    let ended = running.end();
    ended.assert_code(3);
    assert!(ended.took > Duration::from_secs(3), "the end waits for the commit: {ended:?}");
    place.assert_golden();
}

#[test]
fn a_kill_while_a_commit_waits_for_the_disk_is_continued() {
    if !can_trace("a kill on a slow disk") {
        return;
    }
    let scene = scene();
    let place = scene.place("killed");
    let running = start(&place, "delay_enter=2000000");
    wait_for_most_calls(&scene);
    running.kill();
    place.assert_old_output();
    place.resume();
}

#[test]
fn the_second_signal_does_not_wait_for_the_disk_and_the_summary_promises_no_more_than_is_safe() {
    if !can_trace("signals on a slow disk") {
        return;
    }
    let scene = scene();
    let place = scene.place("signals");
    let running = start(&place, "delay_enter=6000000");
    wait_for_most_calls(&scene);
    let sent = Instant::now();
    running.signal("INT");
    // Within a second it would count as the same signal.
    std::thread::sleep(Duration::from_millis(1100));
    running.signal("INT");
    // The tracer lets the rest of the process go only when the delay is over.
    let status = format!("/proc/{}/status", running.id());
    wait_until("the end", || fs::read_to_string(&status).is_ok_and(|status| status.contains("Z (zombie)")));
    assert!(sent.elapsed() < Duration::from_secs(3), "{:?}", sent.elapsed());
    let ended = running.end();
    assert_eq!(ended.status.signal(), Some(2), "{ended:?}");
    ended.assert_says("no offer was done");
    place.assert_old_output();
    place.resume();
}

#[test]
fn a_commit_that_fails_late_ends_the_run_and_loses_nothing() {
    if !can_trace("a late failure of the disk") {
        return;
    }
    let scene = scene();
    let place = scene.place("late");
    let ended = start(&place, "error=EIO:delay_enter=300000").end();
    ended.assert_code(1);
    ended.assert_says("cannot bring");
    ended.assert_says(".partial to disk");
    place.assert_old_output();
    place.resume();
}
