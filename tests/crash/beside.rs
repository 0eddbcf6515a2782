//! What others do to the files beside an output: links, pipes, other users, and hands that cannot keep still.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::running::{Ended, Running};
use crate::support::{OLD, Place, Scene, can_trace, skip, wait_until};

type Tamper = fn(&Place<'_>);

/// A run that takes some seconds, to which something is done after its first commit.
fn tampered(place: &Place<'_>, tamper: Tamper) -> Ended {
    let running = place.start(&["-j", "1"]);
    wait_until("a commit", || place.committed() > 0);
    tamper(place);
    running.end()
}

/// As editors save: a copy gets the name.
fn save_again(path: &Path) {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    fs::rename(copy, path).unwrap();
}

fn edit(path: &Path, at: usize) {
    use std::os::unix::fs::FileExt;
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(b"XXXX", at as u64).unwrap();
}

#[test]
fn files_that_are_changed_during_a_run_never_become_the_output() {
    let cases: [(&str, Tamper, &str); 8] = [
        ("lock removed", |p| fs::remove_file(p.beside(".lock")).unwrap(), "links.csv.lock was removed or replaced"),
        ("lock replaced", |p| save_again(&p.beside(".lock")), "links.csv.lock was removed or replaced"),
        ("rows emptied", |p| drop(fs::File::create(p.beside(".partial")).unwrap()), "links.csv.partial was"),
        ("rows saved again", |p| save_again(&p.beside(".partial")), "links.csv.partial was removed or replaced"),
        ("rows removed", |p| fs::remove_file(p.beside(".partial")).unwrap(), "links.csv.partial was removed"),
        ("rows edited at their start", |p| edit(&p.beside(".partial"), 300), "links.csv.partial was edited"),
        ("checkpoint edited", |p| edit(&p.beside(".checkpoint"), 60), "links.csv.checkpoint was replaced or edited"),
        (
            "another job after the lock was removed",
            |p| {
                fs::remove_file(p.beside(".lock")).unwrap();
                let other = p.folder.join("other.csv");
                fs::write(&other, "offer_id\n1001\n").unwrap();
                let mut other = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
                let mut other = {
                    other.args(["export", "other.csv", "-o", "links.csv", "--rate", "none"]);
                    other
                };
                p.furnish(&mut other);
                assert!(other.current_dir(&p.folder).status().unwrap().success());
                // Its output is now the old one.
                fs::write(p.out(), OLD).unwrap();
            },
            "links.csv.lock was removed or replaced",
        ),
    ];
    let scene = Scene::new(150, Duration::from_millis(10));
    for (case, tamper, why) in cases {
        println!("{case}");
        let place = scene.place(&case.replace(' ', "-"));
        let ended = tampered(&place, tamper);
        ended.assert_code(1);
        ended.assert_says(why);
        place.assert_old_output();
    }
    // Nothing is lost by that, since it is written again.
    let place = scene.place("checkpoint-removed");
    tampered(&place, |p| fs::remove_file(p.beside(".checkpoint")).unwrap()).assert_code(3);
    place.assert_golden();
}

#[test]
fn no_link_is_followed_and_nothing_behind_it_changes() {
    const MINE: &str = "mine";
    let scene = Scene::new(60, Duration::from_millis(5));
    for (suffix, arguments, code) in [
        (".lock", &[][..], 1),
        (".checkpoint", &["--resume"], 3),
        (".checkpoint", &[], 3),
        (".partial", &["--resume"], 3),
        (".checkpoint.tmp", &[], 3),
    ] {
        let place = scene.place(&format!("link{suffix}{}", arguments.len()));
        let victim = place.folder.join("victim");
        fs::write(&victim, MINE).unwrap();
        symlink(&victim, place.beside(suffix)).unwrap();
        let ended = place.run(arguments);
        assert_eq!(ended.status.code(), Some(code), "{suffix} {ended:?}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), MINE, "{suffix}");
        if code == 1 {
            ended.assert_says("remove it");
            place.assert_old_output();
        } else {
            assert_eq!(fs::read_to_string(place.out()).unwrap(), scene.golden);
        }
    }
    let place = scene.place("during");
    let running = place.start(&["-j", "1"]);
    let victim = place.folder.join("victim");
    fs::write(&victim, MINE).unwrap();
    while !place.beside(".checkpoint").exists() {
        std::thread::yield_now();
    }
    let _ = symlink(&victim, place.beside(".checkpoint.tmp"));
    running.end().assert_code(3);
    assert_eq!(fs::read_to_string(&victim).unwrap(), MINE);
}

#[test]
fn a_users_own_file_called_like_the_lock_stays_as_it_is() {
    let scene = Scene::new(5, Duration::ZERO);
    let place = scene.place("own");
    fs::write(place.beside(".lock"), "my own notes\n").unwrap();
    place.run(&[]).assert_code(3);
    assert_eq!(fs::read_to_string(place.beside(".lock")).unwrap(), "my own notes\n");
}

#[test]
fn no_pipe_is_waited_for() {
    let scene = Scene::new(20, Duration::ZERO);
    for (suffix, code) in [(".lock", 1), (".checkpoint", 3), (".partial", 3), (".checkpoint.tmp", 3)] {
        for arguments in [&[][..], &["--resume"], &["--dry-run"]] {
            let place = scene.place(&format!("pipe{suffix}{arguments:?}"));
            assert!(Command::new("mkfifo").arg(place.beside(suffix)).status().unwrap().success());
            let ended = place.run(arguments);
            let code = if arguments == ["--dry-run"] { 0 } else { code };
            assert_eq!(ended.status.code(), Some(code), "{suffix} {arguments:?} {ended:?}");
            assert!(ended.took < Duration::from_secs(20), "{suffix} {arguments:?} {ended:?}");
        }
    }
}

const USER: u32 = 1001;
const ANOTHER: u32 = 1002;

/// Whether this is root, who can be anybody.
fn can_be_others(case: &str) -> bool {
    let works = Command::new("setpriv").args(["--reuid=1001", "--regid=1001", "--clear-groups", "true"]).output();
    let works = works.is_ok_and(|output| output.status.success());
    if !works {
        skip(case, "only root can be another user here");
    }
    works
}

fn run_as(user: u32, place: &Place<'_>, arguments: &[&str]) -> Ended {
    let (user, group) = (format!("--reuid={user}"), format!("--regid={user}"));
    Running::start(place.export_under(&["setpriv", &user, &group, "--clear-groups"], arguments)).end()
}

/// A folder of this user, and a way to it for everybody.
fn give(place: &Place<'_>, user: u32, mode: u32) {
    fs::set_permissions(place.folder.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&place.folder, fs::Permissions::from_mode(mode)).unwrap();
    for path in [&place.folder, &place.out()] {
        chown(path, Some(user), Some(user)).unwrap();
    }
}

#[test]
fn a_run_of_root_keeps_no_user_out_and_takes_nothing_from_them() {
    if !can_be_others("a run of root beside a user's") {
        return;
    }
    let scene = Scene::new(10, Duration::ZERO);
    for (mode, kept) in [(0o600, 0o600), (0o640, 0o640), (0o6777, 0o777)] {
        let place = scene.place(&format!("root-{mode:o}"));
        give(&place, USER, 0o755);
        fs::set_permissions(place.out(), fs::Permissions::from_mode(mode)).unwrap();
        for root in [true, false, true] {
            let ended = if root { place.run(&[]) } else { run_as(USER, &place, &[]) };
            ended.assert_code(3);
            let out = fs::metadata(place.out()).unwrap();
            assert_eq!((out.uid(), out.gid(), out.mode() & 0o7777), (USER, USER, kept));
            place.assert_golden();
        }
    }
    // What an old version has left.
    let place = scene.place("old-lock");
    give(&place, USER, 0o755);
    fs::write(place.beside(".lock"), "process 1 since 2026-01-01 00:00:00Z\n").unwrap();
    fs::set_permissions(place.beside(".lock"), fs::Permissions::from_mode(0o644)).unwrap();
    run_as(USER, &place, &[]).assert_code(3);
    place.assert_golden();
    let place = scene.place("closed-lock");
    give(&place, USER, 0o755);
    fs::write(place.beside(".lock"), "").unwrap();
    fs::set_permissions(place.beside(".lock"), fs::Permissions::from_mode(0o600)).unwrap();
    let ended = run_as(USER, &place, &[]);
    ended.assert_code(1);
    ended.assert_says("links.csv.lock: Permission denied (os error 13); another user has made it: remove it");
}

#[test]
fn who_may_not_write_there_cannot_hold_up_a_run() {
    if !can_be_others("a stranger's hand on the lock") {
        return;
    }
    let scene = Scene::new(10, Duration::ZERO);
    let place = scene.place("strangers");
    give(&place, USER, 0o755);
    run_as(USER, &place, &[]).assert_code(3);
    let lock = place.beside(".lock");
    let stranger = Command::new("setpriv")
        .args([&format!("--reuid={ANOTHER}"), "--clear-groups", "flock", "-s"])
        .arg(&lock)
        .args(["sleep", "30"])
        .spawn();
    std::thread::sleep(Duration::from_millis(300));
    run_as(USER, &place, &[]).assert_code(3);
    let mut stranger = stranger.unwrap();
    let _ = stranger.kill();
    stranger.wait().unwrap();
}

#[test]
fn a_folder_that_cannot_be_synced_at_the_end_is_reported() {
    if !can_trace("a folder that cannot be synced") {
        return;
    }
    let scene = Scene::new(5, Duration::ZERO);
    let place = scene.place("unsure");
    // In the thread of the disk: that of the checkpoint, that of the folder, and that of the folder for the output's name.
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=3"];
    let ended = Running::start(place.export_under(&strace, &[])).end();
    ended.assert_code(1);
    ended.assert_says("links.csv is new and whole, but its folder cannot be brought to disk");
    assert_eq!(fs::read_to_string(place.out()).unwrap(), scene.golden);
    place.resume();
}

#[test]
fn an_input_that_is_cut_during_a_run_is_named_with_the_way_on() {
    let scene = Scene::new(300, Duration::from_millis(10));
    let place = scene.place("cut-input");
    let running = place.start(&["-j", "1"]);
    wait_until("a commit", || place.committed() > 0);
    let text = fs::read(scene.input()).unwrap();
    fs::write(scene.input(), "offer_id\n").unwrap();
    let ended = running.end();
    ended.assert_code(1);
    ended.assert_says("offers.csv");
    ended.assert_says("became shorter");
    place.assert_old_output();
    fs::write(scene.input(), text).unwrap();
    place.resume();
}

/// Checkpoints made by hand that are sound in themselves, but count half a row.
#[test]
fn a_checkpoint_that_ends_within_a_row_is_not_resumed() {
    let scene = Scene::new(64, Duration::from_millis(8));
    let interrupted = scene.place("interrupted");
    interrupted.interrupt(&["-j", "2"]);
    for cut in [1, 40] {
        let place = scene.place(&format!("half-{cut}"));
        place.copy_from(&interrupted);
        let text = fs::read_to_string(place.beside(".checkpoint")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut body = json["checkpoint"].clone();
        let rows = fs::read(place.beside(".partial")).unwrap();
        let bytes = usize::try_from(body["output_bytes"].as_u64().unwrap()).unwrap() - cut;
        let crc = crc32fast::hash(&rows[bytes.saturating_sub(64 << 10)..bytes]);
        body["output_bytes"] = bytes.into();
        body["tail_crc32"] = crc.into();
        body["output_crc32"] = crc32fast::hash(&rows[..bytes]).into();
        let body = body.to_string();
        let crc = crc32fast::hash(body.as_bytes());
        fs::write(place.beside(".checkpoint"), format!("{{\"checkpoint\":{body},\"crc32\":\"{crc:08x}\"}}\n")).unwrap();
        let ended = place.run(&["--resume"]);
        ended.assert_says("ends in the middle of a row");
        assert_eq!(fs::read_to_string(place.out()).unwrap(), scene.golden);
    }
}
