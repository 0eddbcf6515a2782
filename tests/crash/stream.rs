//! What cannot be continued: input from a pipe, output to one.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use crate::running::Running;
use crate::support::{Place, Scene, assert_same, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_offerlinks");

/// Runs a line of shell; `"$@"` is the program with `export`, an unlimited rate and what is given.
fn shell(place: &Place<'_>, script: &str, arguments: &[&str]) -> Running {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", PROGRAM, "export", "--rate", "none"]).args(arguments);
    place.furnish(&mut command);
    Running::start(command)
}

#[test]
fn stdout_gets_the_same_bytes_and_resume_says_that_it_has_nothing_to_do() {
    let scene = Scene::new(30, Duration::ZERO);
    let place = scene.place("stdout");
    let input = scene.input();
    let ended = shell(&place, r#"exec "$@""#, &[input.to_str().unwrap(), "-o", "-", "--resume"]).end();
    ended.assert_code(3);
    ended.assert_says("--resume has nothing to");
    assert_same(&ended.stdout, &scene.golden);
    assert_eq!(place.names(), ["links.csv"]);
}

#[test]
fn stdin_is_started_over_and_what_was_interrupted_is_set_aside() {
    let scene = Scene::new(64, Duration::from_millis(10));
    let place = scene.place("stdin");
    let out = place.out();
    let arguments = ["-", "-o", out.to_str().unwrap(), "-j", "2", "--resume"];
    let with_input = || {
        let mut command = Command::new(PROGRAM);
        command.args(["export", "--rate", "none"]).args(arguments);
        place.furnish(&mut command);
        command.stdin(File::open(scene.input()).unwrap());
        Running::start(command)
    };
    let running = with_input();
    wait_until("a commit", || place.committed() > 0);
    running.kill();
    let ended = with_input().end();
    ended.assert_code(3);
    ended.assert_says("stream, which cannot be");
    ended.assert_says("links.csv.partial.old");
    assert_same(&fs::read_to_string(&out).unwrap(), &scene.golden);
    let ended = with_input().end();
    ended.assert_code(3);
    ended.assert_says("no interrupted run to resume");
    assert_same(&fs::read_to_string(&out).unwrap(), &scene.golden);
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let scene = Scene::new(3000, Duration::from_millis(1));
    let place = scene.place("head");
    let input = scene.input();
    let script = r#"{ "$@"; echo "code $?" >&2; } | head -1"#;
    let ended = shell(&place, script, &[input.to_str().unwrap(), "-o", "-", "-q"]).end();
    ended.assert_code(0);
    assert_eq!(ended.stdout.lines().count(), 1);
    // 141 is 128 and SIGPIPE.
    assert_eq!(ended.stderr.trim(), "code 141");
}

#[test]
fn a_full_device_is_an_error_and_not_a_panic() {
    let scene = Scene::new(30, Duration::ZERO);
    let place = scene.place("full");
    let input = scene.input();
    for (script, out) in [(r#"exec "$@" > /dev/full"#, "-"), (r#"exec "$@""#, "/dev/full")] {
        let ended = shell(&place, script, &[input.to_str().unwrap(), "-o", out]).end();
        ended.assert_code(1);
        ended.assert_says("No space left");
        assert!(!ended.stderr.contains("panic"), "{ended:?}");
    }
}

#[test]
fn a_closed_stdout_is_refused_and_a_closed_stderr_harms_nothing() {
    let scene = Scene::new(30, Duration::ZERO);
    let place = scene.place("closed");
    let (input, out) = (scene.input(), place.out());
    let (input, out) = (input.to_str().unwrap(), out.to_str().unwrap());
    let ended = shell(&place, r#"exec "$@" >&-"#, &[input, "-o", "-"]).end();
    assert!(matches!(ended.status.code(), Some(1 | 2)), "{ended:?}");
    ended.assert_says("stdout is closed");
    let ended = shell(&place, r#"exec "$@" 2>&-"#, &[input, "-o", out]).end();
    assert_eq!((ended.status.code(), ended.status.signal()), (Some(3), None), "{ended:?}");
    place.assert_golden();
}
