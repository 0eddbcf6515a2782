//! Disks that are full or read-only, and limits on the size of files, made by the system itself.
//!
//! Mounts live in a namespace of their own that ends with its shell, so that nothing is ever left mounted.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::running::{Ended, Running};
use crate::support::{OLD, Place, Scene, assert_same, skip};

/// Runs a shell script as root of its own little world. In it, `mnt` is where something can be mounted, `out` the
/// output there, `run` the export to it; what it copies to `kept` outlives it.
fn in_own_world(place: &Place<'_>, script: &str) -> Ended {
    const RUN: &str = r#"run() { "$PROGRAM" export "$INPUT" -o "$out" --rate none -j 2 "$@"; echo "code $?"; }"#;
    let mut command = Command::new("unshare");
    let script = format!("set -u\n{RUN}\n{script}");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
    place.furnish(&mut command);
    let (mnt, kept) = (place.folder.join("mnt"), place.folder.join("kept"));
    fs::create_dir(&mnt).unwrap();
    fs::create_dir(&kept).unwrap();
    command.env("PROGRAM", env!("CARGO_BIN_EXE_offerlinks")).env("INPUT", place.scene.input());
    command.env("out", mnt.join("links.csv")).env("mnt", &mnt).env("kept", &kept).env("OLD", OLD.trim_end());
    Running::start(command).end()
}

fn can_mount(scene: &Scene, case: &str) -> bool {
    let tried = in_own_world(&scene.place("mount"), r#"mount -t tmpfs -o size=64k none "$mnt""#);
    if !tried.status.success() {
        skip(case, tried.stderr.trim());
    }
    tried.status.success()
}

fn kept(place: &Place<'_>, name: &str) -> String {
    fs::read_to_string(place.folder.join("kept").join(name)).unwrap()
}

#[test]
fn a_full_disk_keeps_the_old_output_and_room_lets_the_run_go_on() {
    const SCRIPT: &str = r#"
        mount -t tmpfs -o size=$SIZE none "$mnt"
        echo "$OLD" > "$out"
        run
        cp "$out" "$kept/first"
        run --resume
        cp "$out" "$kept/second"
        mount -o remount,size=10m "$mnt"
        run --resume
        cp "$out" "$kept/third"
        ls "$mnt" > "$kept/names"
    "#;
    let scene = Scene::new(500, Duration::from_millis(1));
    if !can_mount(&scene, "a full disk") {
        return;
    }
    assert!(scene.golden.len() > 80 << 10, "{} bytes would fit", scene.golden.len());
    for size in ["8k", "20k", "64k", "80k"] {
        let place = scene.place(&format!("full-{size}"));
        let ended = in_own_world(&place, &SCRIPT.replace("$SIZE", size));
        assert_eq!(ended.stdout, "code 1\ncode 1\ncode 3\n", "{size}: {ended:?}");
        ended.assert_says("No space left on device");
        ended.assert_says("make room on this disk, then run again with --resume");
        ended.assert_says("links.csv.");
        assert_eq!((kept(&place, "first"), kept(&place, "second")), (OLD.to_owned(), OLD.to_owned()));
        assert_same(&kept(&place, "third"), &scene.golden);
        assert_eq!(kept(&place, "names"), "links.csv\nlinks.csv.lock\n", "{size}: {ended:?}");
        assert!(!ended.stderr.contains("panic"), "{ended:?}");
    }
}

#[test]
fn a_read_only_disk_is_named_and_an_interrupted_run_on_it_is_kept() {
    const SCRIPT: &str = r#"
        mount -t tmpfs none "$mnt"
        echo "$OLD" > "$out"
        "$PROGRAM" export "$INPUT" -o "$out" --rate none -j 2 & run=$!
        until grep -q '"byte"' "$out.checkpoint" 2> /dev/null; do sleep 0.01; done
        kill -9 $run; wait $run
        mount -o remount,ro "$mnt"
        run
        run --resume
        cp "$out" "$kept/first"
        mount -o remount,rw "$mnt"
        run --resume
        cp "$out" "$kept/second"
        ls "$mnt" > "$kept/names"
    "#;
    let scene = Scene::new(100, Duration::from_millis(8));
    if !can_mount(&scene, "a read-only disk") {
        return;
    }
    let place = scene.place("read-only");
    let ended = in_own_world(&place, SCRIPT);
    assert_eq!(ended.stdout, "code 1\ncode 1\ncode 3\n", "{ended:?}");
    ended.assert_says("Read-only file system");
    ended.assert_says(place.folder.join("mnt").to_str().unwrap());
    assert_eq!(kept(&place, "first"), OLD);
    assert_same(&kept(&place, "second"), &scene.golden);
    assert_eq!(kept(&place, "names"), "links.csv\nlinks.csv.lock\n");
    assert!(!ended.stderr.contains("no interrupted run"), "the last run went on: {ended:?}");
}

/// Root may write everywhere, so the program is run without that privilege.
#[test]
fn a_folder_without_permission_to_write_is_named() {
    use std::os::unix::fs::PermissionsExt;
    const WITHOUT: &[&str] = &["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"];
    let scene = Scene::new(10, Duration::ZERO);
    let place = scene.place("forbidden");
    let closed = |mode| fs::set_permissions(&place.folder, fs::Permissions::from_mode(mode)).unwrap();
    closed(0o555);
    let probe = place.folder.join("probe");
    let is_root = fs::write(&probe, "").is_ok();
    if is_root {
        fs::remove_file(&probe).unwrap();
        let tried = Command::new("setpriv").args(&WITHOUT[1..]).args(["touch", probe.to_str().unwrap()]).output();
        if tried.is_err() || probe.exists() || !tried.unwrap().stderr.ends_with(b"Permission denied\n") {
            closed(0o755);
            return skip(
                "a folder without permission",
                "root is not stopped by permissions, and setpriv does not help",
            );
        }
    }
    let ended = Running::start(place.export_under(if is_root { WITHOUT } else { &[] }, &[])).end();
    let calls = scene.calls();
    closed(0o755);
    ended.assert_code(1);
    ended.assert_says(&format!("cannot write into the folder {}", place.folder.display()));
    assert_eq!(calls, (0, 0), "no call is sent");
    assert_eq!(place.names(), ["links.csv"]);
    place.assert_old_output();
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_not_a_death() {
    let scene = Scene::new(300, Duration::from_millis(1));
    let place = scene.place("ulimit");
    let limited = ["sh", "-c", r#"ulimit -f 8; exec "$@""#, "sh"];
    for arguments in [&["-j", "2"][..], &["-j", "2", "--resume"]] {
        let ended = Running::start(place.export_under(&limited, arguments)).end();
        ended.assert_code(1);
        ended.assert_says("File too large");
        ended.assert_says("ulimit -f");
        ended.assert_says("links.csv.partial");
        place.assert_old_output();
    }
    place.resume();
}
