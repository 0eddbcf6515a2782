//! kill -9 before every system call that changes a file: strace counts them and kills.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::running::{Ended, Running};
use crate::support::{Place, Scene, assert_same, can_trace, long};

/// As many cases run at once: most of their time they wait for answers.
const AT_ONCE: usize = 6;

/// A kind of system call by which files change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// As strace wants it: not every processor has each of them.
    names: &'static str,
    /// Of which files, by the ends of their names; of all, where there are none.
    files: &'static [&'static str],
}

const fn call(name: &'static str, names: &'static str) -> Call {
    Call { name, names, files: &[] }
}

/// strace counts the calls of each thread for itself: rows are written by one and checkpoints by another.
pub(crate) const CHANGING: [Call; 9] = [
    Call { name: "write of rows", names: "write", files: &["", ".partial"] },
    Call { name: "write of a checkpoint", names: "write", files: &[".checkpoint", ".checkpoint.tmp"] },
    call("fdatasync", "fdatasync"),
    call("fsync", "fsync"),
    call("rename", "?rename,?renameat,?renameat2"),
    call("unlink", "?unlink,?unlinkat"),
    Call { name: "unlink of the checkpoint", names: "?unlink,?unlinkat", files: &[".checkpoint"] },
    call("ftruncate", "ftruncate"),
    call("fchmod", "fchmod"),
];

/// Runs an export and does something to its system call of this kind and number. Only files of the output are looked
/// at: what is written to sockets and to the terminal is none of our business.
pub(crate) fn export_with(place: &Place<'_>, call: Call, tamper: &str, arguments: &[&str]) -> Ended {
    let inject = format!("inject={}:{tamper}", call.names);
    let mut strace = vec!["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
    let files: Vec<_> = call.files.iter().map(|name| place.beside(name)).collect();
    strace.extend(files.iter().flat_map(|file| ["-P", file.to_str().unwrap()]));
    Running::start(place.export_under(&strace, arguments)).end()
}

/// A case that fails ends the search.
struct StopWithMe<'a>(&'a AtomicBool);

impl Drop for StopWithMe<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Tries `case` with the numbers from 1 on until it says that there is no such call. Gives how many there were.
pub(crate) fn for_every_call(scene: &Scene, name: &str, case: impl Fn(&Place<'_>, usize) -> bool + Sync) -> usize {
    let (next, over, hits) = (AtomicUsize::new(1), AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let _others = StopWithMe(&over);
                while !over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    assert!(number < 100, "{name} has no end");
                    if case(&scene.place(&format!("{name}-{number}")), number) {
                        hits.fetch_add(1, Ordering::Relaxed);
                    } else {
                        over.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    hits.into_inner()
}

/// Kills a run before the first, the second, ... of each system call, and resumes it, until there is no such call left.
/// `prepare` makes the folder's content before the run.
fn kill_before_every_call(scene: &Scene, name: &str, prepare: &(dyn Fn(&Place<'_>) + Sync), arguments: &[&str]) {
    let mut all = 0;
    for call in CHANGING {
        let kills = for_every_call(scene, &format!("{name}-{}", call.name), |place, number| {
            prepare(place);
            // Another mode than a new file has, so that it has to be changed.
            fs::set_permissions(place.out(), fs::Permissions::from_mode(0o640)).unwrap();
            let ended = export_with(place, call, &format!("signal=KILL:when={number}"), arguments);
            place.assert_old_or_golden();
            if ended.is_killed() {
                place.resume();
            } else {
                ended.assert_code(3);
                place.assert_golden();
            }
            assert_eq!(fs::metadata(place.out()).unwrap().permissions().mode() & 0o777, 0o640);
            ended.is_killed()
        });
        println!("{name}: killed before each of {kills} calls of {}", call.name);
        all += kills;
    }
    // One commit and the finish alone make more.
    assert!(all >= 10, "only {all} system calls were hit");
}

/// Long enough for commits, short enough to be killed dozens of times.
fn scene() -> Scene {
    Scene::new(if long() { 200 } else { 64 }, Duration::from_millis(10))
}

const SLOWLY: [&str; 2] = ["-j", "2"];

#[test]
fn a_kill_before_any_system_call_of_a_run_is_continued() {
    if can_trace("kill before every system call") {
        kill_before_every_call(&scene(), "start", &|_| (), &SLOWLY);
    }
}

#[test]
fn a_kill_before_any_system_call_of_a_continued_run_is_continued() {
    if can_trace("kill before every system call of --resume") {
        let scene = scene();
        let interrupted = scene.place("interrupted");
        interrupted.interrupt(&SLOWLY);
        let arguments = [&SLOWLY[..], &["--resume"]].concat();
        kill_before_every_call(&scene, "resume", &|place| place.copy_from(&interrupted), &arguments);
    }
}

#[test]
fn a_kill_while_a_damaged_run_is_set_aside_is_continued() {
    if !can_trace("kill while setting aside") {
        return;
    }
    let scene = scene();
    let interrupted = scene.place("interrupted");
    interrupted.interrupt(&SLOWLY);
    fs::write(interrupted.beside(".checkpoint"), "{").unwrap();
    let [_, _, _, _, rename, ..] = CHANGING;
    for number in 1..=3 {
        let place = scene.place(&format!("aside-{number}"));
        place.copy_from(&interrupted);
        let ended = export_with(&place, rename, &format!("signal=KILL:when={number}"), &["--resume"]);
        assert!(ended.is_killed(), "{number}: {ended:?}");
        place.run(&["--resume"]).assert_code(3);
        assert_same(&fs::read_to_string(place.out()).unwrap(), &scene.golden);
        let kept = place.names().iter().filter(|name| name.contains(".partial.old")).count();
        assert_eq!(kept, 1, "the damaged rows are kept once: {:?}", place.names());
    }
}
