//! The order of writes, syncs and renames as the system sees it: what no kill can show, only a power cut.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use crate::running::Running;
use crate::support::{Scene, can_trace};

/// A system call on a file, by the end of the file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    call: String,
    file: String,
    /// Of a write: how many bytes, or, for a checkpoint, of how many bytes of rows it speaks.
    bytes: u64,
}

const BEGINS: &str = "begins ";

/// Reads what `strace -f -y` says of the calls that matter. A sync is two steps, since rows may be written meanwhile.
fn steps(trace: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut unfinished = BTreeMap::new();
    for line in trace.lines().filter(|line| !line.contains("ENOENT") && !line.contains("+++")) {
        let (process, line) = line.trim_start().split_once(' ').unwrap();
        let line = line.trim_start();
        assert!(!line.contains("= -1"), "{line}");
        if line.starts_with("<...") {
            let mut step: Step = unfinished.remove(process).unwrap();
            complete(&mut step, line);
            steps.push(step);
            continue;
        }
        let Some(mut step) = begin(line) else { continue };
        if step.call.ends_with("sync") {
            steps.push(Step { call: format!("{BEGINS}{}", step.call), ..step.clone() });
        }
        if line.ends_with("<unfinished ...>") {
            unfinished.insert(process, step);
        } else {
            complete(&mut step, line);
            steps.push(step);
        }
    }
    steps
}

/// What is known of a call when it begins.
fn begin(line: &str) -> Option<Step> {
    let (call, arguments) = line.split_once('(')?;
    let name = if call.starts_with("rename") {
        // The new name shows what the rename is for.
        arguments.rsplit('"').nth(1)?
    } else if call.starts_with("unlink") {
        arguments.split('"').nth(1)?
    } else {
        arguments.split('<').nth(1)?.split('>').next()?
    };
    let file = name.rsplit('/').next()?.trim_start_matches("links.csv").to_owned();
    let counted = arguments.split(r#"\"output_bytes\":"#).nth(1).and_then(|rest| rest.split(',').next()?.parse().ok());
    let call = call.trim_end_matches("at").trim_end_matches("64").to_owned();
    Some(Step { call, file, bytes: counted.unwrap_or(0) })
}

/// What is known when it ends.
fn complete(step: &mut Step, line: &str) {
    if step.call == "write" && step.file == ".partial" {
        step.bytes = line.rsplit("= ").next().and_then(|bytes| bytes.parse().ok()).unwrap();
    }
}

/// What is wrong with the order of steps, if anything.
fn judge(steps: &[Step]) -> Result<usize, String> {
    // Bytes of rows that were written, that are being synced, that are on disk, and that the new checkpoint counts.
    let (mut written, mut syncing, mut synced, mut counted) = (0, 0, 0, 0);
    // Renames since the folder was brought to disk.
    let mut renamed = BTreeSet::new();
    let mut is_checkpoint_synced = true;
    let mut commits = 0;
    for step in steps {
        match (step.call.as_str(), step.file.as_str()) {
            ("write", ".partial") => written += step.bytes,
            ("write", ".checkpoint.tmp") => (counted, is_checkpoint_synced) = (step.bytes, false),
            ("begins fdatasync", ".partial") => syncing = written,
            ("fdatasync", ".partial") => synced = syncing,
            ("fsync", ".checkpoint.tmp") => is_checkpoint_synced = true,
            ("fdatasync" | "fsync", "traced") => renamed.clear(),
            ("rename", ".checkpoint") => {
                if counted > synced {
                    return Err("a checkpoint gets its name before its rows are on disk".to_owned());
                }
                // The very first one says "nothing yet", which is true of anything.
                if !is_checkpoint_synced && commits > 0 {
                    return Err("a checkpoint gets its name before it is on disk".to_owned());
                }
                renamed.insert("checkpoint");
                commits += 1;
            }
            ("rename", "") => {
                if !renamed.is_empty() {
                    return Err("the output gets its name before the last checkpoint surely has its own".to_owned());
                }
                if written > synced {
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
    if counted == 0 || counted != written {
        return Err(format!("{written} bytes of rows were written, and the last checkpoint counts {counted}"));
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
    let strace = ["strace", "-f", "-y", "-qq", "-s", "4096", "-o", file.to_str().unwrap(), "-e", calls];
    Running::start(place.export_under(&strace, &["-j", "2"])).end().assert_code(3);
    place.assert_golden();
    let steps = steps(&fs::read_to_string(file).unwrap());
    let judged = judge(&steps);
    assert!(matches!(judged, Ok(commits) if commits >= 3), "{judged:?}: {steps:#?}");

    // Wrong orders, made of the right one: each has to be seen.
    let find = |call: &str, file: &str| steps.iter().rposition(|s| s.call == call && s.file == file).unwrap();
    let step = |call: &str, file: &str| Step { call: call.to_owned(), file: file.to_owned(), bytes: 0 };
    let without = |at: usize| [&steps[..at], &steps[at + 1..]].concat();
    // The first, since the last may find all rows on disk already.
    let sync_rows = steps.iter().position(|s| s.call == "fdatasync" && s.file == ".partial").unwrap();
    let names = |step: &&Step| step.call == "rename" && step.file == ".checkpoint";
    let name_checkpoint = sync_rows + steps.iter().skip(sync_rows).take_while(|step| !names(step)).count();
    let name_output = find("rename", "");
    let sync_folder = find("fsync", "traced");
    for (mutant, what) in [
        (without(sync_rows), "rows not synced"),
        (without(find("fsync", ".checkpoint.tmp")), "checkpoint not synced"),
        (without(sync_folder), "folder not synced"),
        (
            {
                let mut steps = without(sync_rows);
                steps.insert(name_checkpoint, step("fdatasync", ".partial"));
                steps
            },
            "checkpoint before rows",
        ),
        (
            {
                let mut steps = without(name_output);
                steps.insert(sync_rows, step("rename", ""));
                steps
            },
            "output before rows",
        ),
        (
            {
                let at = find("unlink", ".checkpoint");
                let mut steps = without(at);
                steps.insert(sync_folder, step("unlink", ".checkpoint"));
                steps
            },
            "checkpoint gone before the output's name is safe",
        ),
    ] {
        assert!(judge(&mutant).is_err(), "{what} was not seen");
    }
}
