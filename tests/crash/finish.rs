//! The end of a run: whose mode the output has, where a link leads, and what a kill in the middle of it means.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::Duration;

use crate::running::Running;
use crate::support::{Place, Scene, can_trace};

const SOON: Duration = Duration::ZERO;

#[test]
fn the_old_outputs_mode_is_kept_also_when_a_kill_came_between() {
    let scene = Scene::new(64, Duration::from_millis(10));
    for mode in [0o600, 0o640, 0o444] {
        let place = scene.place(&format!("mode-{mode:o}"));
        fs::set_permissions(place.out(), fs::Permissions::from_mode(mode)).unwrap();
        place.interrupt(&["-j", "2"]);
        place.resume();
        assert_eq!(fs::metadata(place.out()).unwrap().mode() & 0o777, mode);
    }
}

#[test]
fn an_output_that_is_a_link_stays_one_and_its_file_is_replaced() {
    let scene = Scene::new(64, Duration::from_millis(10));
    let (place, real) = (scene.place("link"), scene.place("real"));
    fs::remove_file(place.out()).unwrap();
    symlink("../real/links.csv", place.out()).unwrap();
    let running = place.start(&["-j", "2"]);
    crate::support::wait_until("a commit", || real.committed() > 0);
    running.kill();
    real.assert_old_output();
    place.run(&["--resume"]).assert_code(3);
    real.assert_golden();
    assert_eq!(place.names(), ["links.csv"]);
    assert!(place.out().is_symlink());
}

#[test]
fn an_output_folder_that_is_missing_is_not_made() {
    let scene = Scene::new(5, SOON);
    let place = scene.place("missing");
    fs::remove_dir_all(&place.folder).unwrap();
    let ended = place.run(&[]);
    ended.assert_code(2);
    assert!(!place.folder.exists(), "{ended:?}");
}

/// Kills a run when the output has its name already and the checkpoint is still there.
fn kill_before_the_last_step(place: &Place<'_>) {
    let checkpoint = place.beside(".checkpoint");
    let path = checkpoint.to_str().unwrap();
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e", "inject=unlink:signal=KILL"];
    let ended = Running::start(place.export_under(&strace, &[])).end();
    assert!(ended.is_killed(), "{ended:?}");
    assert!(checkpoint.exists() && !place.beside(".partial").exists(), "{:?}", place.names());
}

#[test]
fn a_run_killed_after_the_rename_counts_as_finished() {
    if !can_trace("a kill behind the rename") {
        return;
    }
    let scene = Scene::new(20, SOON);
    let place = scene.place("finished");
    kill_before_the_last_step(&place);
    let calls = scene.calls();
    let plan = place.run(&["--resume", "--dry-run"]).stdout;
    assert!(plan.contains("nothing is left") && plan.contains(": 0 rows to do, after 21 that are done"), "{plan}");
    place.resume().assert_says("was finished by the run before");
    assert_eq!(scene.calls(), calls, "nothing is asked again");
    // And then there is nothing to resume.
    place.resume().assert_says("no interrupted run to resume");
}

#[test]
fn a_finished_run_of_another_job_is_no_reason_to_do_nothing() {
    if !can_trace("a kill behind the rename of another job") {
        return;
    }
    let scene = Scene::new(20, SOON);
    let place = scene.place("other-job");
    kill_before_the_last_step(&place);
    fs::write(scene.input(), "offer_id\n1001\n").unwrap();
    let plan = place.run(&["--resume", "--dry-run"]).stdout;
    assert!(plan.contains("the run before is finished: starting") && plan.contains(": 1 row\n"), "{plan}");
    place.run(&["--resume"]).assert_code(0);
    let out = fs::read_to_string(place.out()).unwrap();
    assert!(out.lines().skip(1).all(|line| line.starts_with("1001,")), "{out}");
    assert_eq!(place.names(), ["links.csv", "links.csv.lock"]);

    let place = scene.place("other-columns");
    kill_before_the_last_step(&place);
    place.run(&["--resume", "--append", "aff_sub1=x"]).assert_code(0);
    assert!(fs::read_to_string(place.out()).unwrap().contains("aff_sub1=x"));
}
