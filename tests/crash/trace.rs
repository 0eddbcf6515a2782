//! The order of writes, syncs and renames as the system sees it: what no kill can show, only a power cut.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use crate::running::Running;
use crate::support::{Scene, can_trace};

/// A system call on a file, by the end of the file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    call: String,
    file: String,
}

/// Reads what `strace -y` says of the calls that matter.
fn steps(trace: &str) -> Vec<Step> {
    let parse = |line: &str| {
        let (_, line) = line.trim_start().split_once(' ')?;
        let (call, arguments) = line.trim_start().split_once('(')?;
        assert!(!line.contains("= -1"), "{line}");
        let name = if call.starts_with("rename") {
            // The new name tells what the rename is for.
            arguments.rsplit('"').nth(1)?
        } else if call.starts_with("unlink") {
            arguments.split('"').nth(1)?
        } else {
            arguments.split('<').nth(1)?.split('>').next()?
        };
        let file = name.rsplit('/').next()?.trim_start_matches("links.csv");
        Some(Step { call: call.trim_end_matches("at").trim_end_matches("64").to_owned(), file: file.to_owned() })
    };
    trace.lines().filter(|line| !line.contains("ENOENT") && !line.contains("+++")).filter_map(parse).collect()
}

/// What is wrong with the order of steps, if anything.
fn judge(steps: &[Step]) -> Result<usize, String> {
    // Files written to since they were last brought to disk, and renames since the folder was.
    let (mut dirty, mut renamed) = (BTreeSet::new(), BTreeSet::new());
    let mut commits = 0;
    for step in steps {
        match (step.call.as_str(), step.file.as_str()) {
            ("write" | "ftruncate", file) => drop(dirty.insert(file)),
            ("fdatasync" | "fsync", "traced") => renamed.clear(),
            ("fdatasync" | "fsync", file) => drop(dirty.remove(file)),
            ("rename", ".checkpoint") => {
                if dirty.contains(".partial") {
                    return Err("a checkpoint gets its name before its rows are on disk".to_owned());
                }
                // The very first one says "nothing yet", which is true of anything.
                if dirty.remove(".checkpoint.tmp") && commits > 0 {
                    return Err("a checkpoint gets its name before it is on disk".to_owned());
                }
                renamed.insert("checkpoint");
                commits += 1;
            }
            ("rename", "") => {
                if !renamed.is_empty() {
                    return Err("the output gets its name before the last checkpoint surely has its own".to_owned());
                }
                if dirty.contains(".partial") {
                    return Err("the output gets its name before its rows are on disk".to_owned());
                }
                renamed.insert("output");
            }
            ("unlink", ".checkpoint") if renamed.contains("output") => {
                return Err("the checkpoint goes before the output surely has its name".to_owned());
            }
            _ => {}
        }
    }
    if renamed.is_empty() { Ok(commits) } else { Err(format!("never brought to disk: {renamed:?}")) }
}

#[test]
fn rows_are_on_disk_before_their_checkpoint_and_the_output_before_its_checkpoint_goes() {
    if !can_trace("order of syncs") {
        return;
    }
    let scene = Scene::new(100, Duration::from_millis(10));
    let place = scene.place("traced");
    let file = scene.input().with_file_name("trace");
    let calls = "trace=write,fdatasync,fsync,rename,renameat,renameat2,unlink,unlinkat,ftruncate";
    let strace = ["strace", "-f", "-y", "-qq", "-s", "0", "-o", file.to_str().unwrap(), "-e", calls];
    Running::start(place.export_under(&strace, &["-j", "2"])).end().assert_code(3);
    place.assert_golden();
    let steps = steps(&fs::read_to_string(file).unwrap());
    let judged = judge(&steps);
    assert!(matches!(judged, Ok(commits) if commits >= 3), "{judged:?}: {steps:#?}");

    // Wrong orders, made of the right one: each has to be seen.
    let find = |call: &str, file: &str| steps.iter().rposition(|s| s.call == call && s.file == file).unwrap();
    let without = |at: usize| [&steps[..at], &steps[at + 1..]].concat();
    let sync_rows = find("fdatasync", ".partial");
    let name_output = find("rename", "");
    let sync_folder = find("fsync", "traced");
    for (mutant, what) in [
        (without(sync_rows), "rows not synced"),
        (without(find("fsync", ".checkpoint.tmp")), "checkpoint not synced"),
        (without(sync_folder), "folder not synced"),
        (
            {
                let mut steps = without(find("rename", ".checkpoint"));
                steps.insert(sync_rows, Step { call: "rename".to_owned(), file: ".checkpoint".to_owned() });
                steps
            },
            "checkpoint before rows",
        ),
        (
            {
                let mut steps = without(name_output);
                steps.insert(sync_rows, Step { call: "rename".to_owned(), file: String::new() });
                steps
            },
            "output before rows",
        ),
        (
            {
                let at = find("unlink", ".checkpoint");
                let mut steps = without(at);
                steps.insert(sync_folder, Step { call: "unlink".to_owned(), file: ".checkpoint".to_owned() });
                steps
            },
            "checkpoint gone before the output's name is safe",
        ),
    ] {
        assert!(judge(&mutant).is_err(), "{what} was not seen");
    }
}
