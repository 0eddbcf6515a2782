//! Traces of an interrupted run that were cut, edited or exchanged, and inputs that have changed meanwhile.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::path::Path;
use std::time::Duration;

use crate::running::Running;
use crate::support::{Place, Scene, assert_same, can_trace, contents};

fn scene() -> Scene {
    Scene::new(64, Duration::from_millis(8))
}

fn cut(path: &Path, bytes: u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len().saturating_sub(bytes)).unwrap();
}

fn append(path: &Path, bytes: &[u8]) {
    let mut all = fs::read(path).unwrap();
    all.extend_from_slice(bytes);
    fs::write(path, all).unwrap();
}

/// Flips a bit of the byte at `part` of 1000.
fn edit(path: &Path, part: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() * part / 1000;
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// A checkpoint that is sound in itself, but of another version.
fn another_version(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let body = text.strip_prefix("{\"checkpoint\":").unwrap().rsplit_once(",\"crc32\"").unwrap().0;
    let body = body.replacen("\"format\":", "\"format\":9", 1);
    let crc = crc32fast::hash(body.as_bytes());
    fs::write(path, format!("{{\"checkpoint\":{body},\"crc32\":\"{crc:08x}\"}}\n")).unwrap();
}

/// The rows behind the last commit may be anything: the next rows are written over them.
fn committed_rows(place: &Place<'_>) -> u64 {
    let text = fs::read_to_string(place.beside(".checkpoint")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["checkpoint"]["output_bytes"].as_u64().unwrap()
}

/// Starts over, keeps what was there under other names, and says which.
fn assert_set_aside(place: &Place<'_>, arguments: &[&str], why: &str) {
    let before = contents(&place.folder);
    // Whether or not it was asked to resume, and also with --quiet.
    let flag = if why.len().is_multiple_of(2) { "--resume" } else { "-q" };
    let ended = place.run(&[arguments, &[flag]].concat());
    ended.assert_code(3);
    ended.assert_says(why);
    ended.assert_says("starting over");
    ended.assert_says("set aside");
    let after = contents(&place.folder);
    let is_of_a_run = |name: &str| name.ends_with(".partial") || name.ends_with(".checkpoint");
    for (name, content) in before.iter().filter(|(name, _)| is_of_a_run(name)) {
        let kept = after.iter().find(|(_, kept)| kept == content);
        let (kept, _) = kept.unwrap_or_else(|| panic!("{name} was overwritten: {:?}", place.names()));
        assert!(kept == name || kept.starts_with(&format!("{name}.old")), "{name} is now {kept}");
        ended.assert_says(kept);
    }
}

type Tamper = fn(&Place<'_>);
type Change = fn(&Path);

#[test]
fn tampered_rows_and_checkpoints_are_set_aside_and_the_run_starts_over() {
    let cases: [(&str, Tamper, &str); 10] = [
        (
            "shorter rows",
            |p| cut(&p.beside(".partial"), 1 + fs::metadata(p.beside(".partial")).unwrap().len() - committed_rows(p)),
            "is shorter than",
        ),
        ("empty rows", |p| fs::write(p.beside(".partial"), "").unwrap(), "is shorter than"),
        ("edited rows", |p| edit(&p.beside(".partial"), 500), "does not match the checksum"),
        ("edited header", |p| edit(&p.beside(".partial"), 0), "does not match the checksum"),
        ("missing rows", |p| fs::remove_file(p.beside(".partial")).unwrap(), "is missing"),
        ("cut checkpoint", |p| cut(&p.beside(".checkpoint"), 7), "is not whole"),
        ("empty checkpoint", |p| fs::write(p.beside(".checkpoint"), "").unwrap(), "is not whole"),
        ("edited checkpoint", |p| edit(&p.beside(".checkpoint"), 300), "checksum"),
        ("another version", |p| another_version(&p.beside(".checkpoint")), "another version"),
        ("missing checkpoint", |p| fs::remove_file(p.beside(".checkpoint")).unwrap(), "has no checkpoint"),
    ];
    let scene = scene();
    let interrupted = scene.place("interrupted");
    interrupted.interrupt(&["-j", "2"]);
    for (name, tamper, why) in cases {
        let place = scene.place(name);
        place.copy_from(&interrupted);
        tamper(&place);
        println!("{name}");
        assert_set_aside(&place, &[], why);
        assert_same(&fs::read_to_string(place.out()).unwrap(), &scene.golden);
    }
}

#[test]
fn rows_longer_than_their_checkpoint_are_cut() {
    let scene = scene();
    let place = scene.place("longer");
    place.interrupt(&["-j", "2"]);
    append(&place.beside(".partial"), &vec![b'x'; 200_000]);
    place.resume();
}

#[test]
fn one_run_that_was_set_aside_is_kept() {
    let scene = scene();
    let place = scene.place("twice");
    for _ in 0..2 {
        fs::write(place.out(), crate::support::OLD).unwrap();
        place.interrupt(&["-j", "2", "--restart"]);
        edit(&place.beside(".partial"), 500);
        assert_set_aside(&place, &[], "does not match the checksum");
    }
    let aside: Vec<_> = place.names().into_iter().filter(|name| name.contains(".old")).collect();
    assert_eq!(aside, ["links.csv.checkpoint.old", "links.csv.partial.old"]);
}

#[test]
fn an_input_that_has_changed_is_seen_even_if_size_and_time_are_the_same() {
    let cases: [(&str, Change); 4] = [
        ("a digit", |input| {
            let text = fs::read_to_string(input).unwrap();
            fs::write(input, text.replacen("campaign 7", "campaign 8", 1)).unwrap();
        }),
        ("the header", |input| {
            let text = fs::read_to_string(input).unwrap();
            fs::write(input, text.replacen("offer_id", "Offer_id", 1)).unwrap();
        }),
        ("a line more", |input| append(input, b"1999,more\n")),
        ("a line less", |input| cut(input, 20)),
    ];
    for (name, change) in cases {
        println!("{name}");
        let scene = scene();
        let place = scene.place("changed");
        place.interrupt(&["-j", "2"]);
        let modified = fs::metadata(scene.input()).unwrap().modified().unwrap();
        change(&scene.input());
        let file = OpenOptions::new().write(true).open(scene.input()).unwrap();
        file.set_times(FileTimes::new().set_modified(modified)).unwrap();
        drop::<File>(file);
        assert_set_aside(&place, &[], "the input has changed");
        let undisturbed = scene.place("anew");
        undisturbed.run(&[]).assert_code(3);
        assert_same(&fs::read_to_string(place.out()).unwrap(), &fs::read_to_string(undisturbed.out()).unwrap());
    }
}

#[test]
fn a_run_with_other_columns_flags_or_account_is_another_job() {
    let scene = scene();
    let interrupted = scene.place("interrupted");
    interrupted.interrupt(&["-j", "2"]);
    for (number, arguments) in [
        &["--keep", "none"][..],
        &["--append", "aff_sub1=x"],
        &["--excel"],
        &["--format", "jsonl"],
        &["--email", "someone@else.example"],
    ]
    .into_iter()
    .enumerate()
    {
        let place = scene.place(&format!("other-{number}"));
        place.copy_from(&interrupted);
        let before = contents(&place.folder);
        let ended = place.run(&[arguments, &["--resume"]].concat());
        ended.assert_says("another job");
        ended.assert_says("set aside");
        if arguments[0] == "--email" {
            // The network refuses this account, so there is no new output; the old one and all rows are kept.
            ended.assert_code(4);
            place.assert_old_output();
        } else {
            ended.assert_code(3);
            let anew = scene.place(&format!("anew-{number}"));
            anew.run(arguments).assert_code(3);
            let new = fs::read_to_string(place.out()).unwrap();
            assert_same(&new, &fs::read_to_string(anew.out()).unwrap());
            assert_ne!(new, scene.golden);
        }
        let rows = before.iter().find(|(name, _)| name.ends_with(".partial")).unwrap();
        assert_eq!(fs::read(place.beside(".partial.old")).unwrap(), rows.1);
    }
}

#[test]
fn pace_and_look_may_change_from_run_to_run() {
    let scene = scene();
    let interrupted = scene.place("interrupted");
    interrupted.interrupt(&["-j", "2"]);
    let ended = interrupted.run(&["--resume", "-j", "5", "--rate", "500/s", "--retries", "1", "--timeout", "7s", "-v"]);
    ended.assert_code(3);
    interrupted.assert_golden();
    assert!(!ended.stderr.contains("set aside"), "{}", ended.stderr);
}

#[test]
fn the_same_command_resumes_and_restart_starts_over_and_sets_aside() {
    let scene = scene();
    let interrupted = scene.place("interrupted");
    interrupted.interrupt(&["-j", "2"]);
    let done = interrupted.committed();

    let place = scene.place("again");
    place.copy_from(&interrupted);
    let before = scene.network.calls().len();
    let ended = place.run(&["-j", "2"]);
    ended.assert_code(3);
    ended.assert_says(&format!("resuming an interrupted run of this job: {done} offer"));
    place.assert_golden();
    let calls = scene.network.calls().len() - before;
    assert!(calls + usize::try_from(done).unwrap() <= 66, "{calls} calls after {done} offers");

    let place = scene.place("over");
    place.copy_from(&interrupted);
    let rows = fs::read(place.beside(".partial")).unwrap();
    let ended = place.run(&["--restart"]);
    ended.assert_code(3);
    ended.assert_says("starting over (--restart)");
    assert_same(&fs::read_to_string(place.out()).unwrap(), &scene.golden);
    assert_eq!(fs::read(place.beside(".partial.old")).unwrap(), rows);
}

/// Ctrl-C, then another column, then a change of mind: whatever the moment of the kill, no pair is parted.
#[test]
fn a_kill_at_any_call_of_setting_aside_loses_neither_rows_nor_checkpoint() {
    if !can_trace("kills while a run is set aside") {
        return;
    }
    let scene = scene();
    let interrupted = scene.place("interrupted");
    interrupted.interrupt(&["-j", "2"]);
    let pair = [".partial", ".checkpoint"].map(|name| fs::read(interrupted.beside(name)).unwrap());
    for number in 1.. {
        let place = scene.place(&format!("kill-{number}"));
        place.copy_from(&interrupted);
        for name in [".partial.old", ".checkpoint.old"] {
            fs::write(place.beside(name), "of a run before").unwrap();
        }
        let inject = format!("inject=rename:signal=KILL:when={number}");
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
        let killed = Running::start(place.export_under(&strace, &["--keep", "none"])).end().is_killed();
        if number > 3 || !killed {
            break;
        }
        place.run(&["--keep", "none"]).assert_code(3);
        let aside = [".partial.old", ".checkpoint.old"].map(|name| fs::read(place.beside(name)).unwrap());
        assert!(aside == pair, "kill {number}: {:?}", place.names());
    }
}
