//! Rows or a checkpoint that were changed between two runs, and what is set aside.

use super::*;

type Tamper = fn(&Path);

#[test]
fn tampering_is_seen_and_set_aside_and_one_is_kept() {
    let cut = |path: &Path| OpenOptions::new().write(true).open(path).unwrap().set_len(9).unwrap();
    let edit = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[3] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let cases: [(&str, Tamper, &str); 6] = [
        ("partial", cut, "x.csv.partial is shorter than its checkpoint says"),
        ("partial", edit, "x.csv.partial does not match the checksum in its checkpoint"),
        ("partial", remove, "x.csv.partial is missing"),
        ("checkpoint", cut, "x.csv.checkpoint is not whole"),
        ("checkpoint", edit, "x.csv.checkpoint is not whole"),
        ("checkpoint", remove, "x.csv.partial has no checkpoint"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (file, tamper, expected) in cases {
        let (mut partial, _) = open(folder.path()).unwrap();
        partial.append(b"record\n").unwrap();
        commit(&mut partial, 1);
        drop(partial);
        tamper(&folder.path().join(format!("x.csv.{file}")));
        let lock = lock(folder.path());
        let found = find::<u64, String>(lock.place()).unwrap();
        assert!(matches!(&found, Found::Damaged { why } if why.ends_with(expected)), "{found:?}");
        let there = ["partial", "checkpoint"].map(|name| fs::read(folder.path().join(format!("x.csv.{name}"))).ok());
        let moved = set_aside(&lock, None).unwrap();
        assert_eq!(moved.len(), there.iter().flatten().count());
        for (name, content) in ["partial", "checkpoint"].into_iter().zip(there) {
            let aside = fs::read(folder.path().join(format!("x.csv.{name}.old"))).ok();
            // Rows that are missing leave those in place that were set aside before.
            assert!(aside == content || (name == "partial" && content.is_none()), "{name}: {expected}");
        }
        assert_eq!(find::<u64, String>(lock.place()).unwrap(), Found::Nothing);
    }
    assert_eq!(names(folder.path()).iter().filter(|name| name.contains(".old")).count(), 1, "one is kept");
}

/// What a kill or a power cut between the two renames leaves is set aside as a pair by the next run.
#[test]
fn a_kill_between_the_renames_of_setting_aside_parts_no_pair() {
    for earlier in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(format!("x.csv.{name}"));
        if earlier {
            fs::write(at("partial.old"), "older rows").unwrap();
            fs::write(at("checkpoint.old"), "older checkpoint").unwrap();
        }
        let (mut partial, _) = open(folder.path()).unwrap();
        partial.append(b"record 0\n").unwrap();
        commit(&mut partial, 1);
        drop(partial);
        let pair = ["partial", "checkpoint"].map(|name| fs::read(at(name)).unwrap());
        fs::rename(at("partial"), at("partial.old")).unwrap();

        let lock = lock(folder.path());
        let found = find::<u64, String>(lock.place()).unwrap();
        assert!(matches!(&found, Found::Damaged { why } if why.ends_with("x.csv.partial is missing")), "{found:?}");
        set_aside(&lock, None).unwrap();
        assert_eq!(["partial.old", "checkpoint.old"].map(|name| fs::read(at(name)).unwrap()), pair);
        assert_eq!(names(folder.path()), ["x.csv.checkpoint.old", "x.csv.lock", "x.csv.partial.old"]);
    }
}

#[test]
fn rows_longer_than_their_checkpoint_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (mut partial, _) = open(folder.path()).unwrap();
    partial.append(&records(1).concat()).unwrap();
    commit(&mut partial, 1);
    // Longer than all that follows: answers may be shorter the second time.
    partial.append(&[b'x'; 1000]).unwrap();
    partial.flush().unwrap();
    drop(partial);
    finish(folder.path(), &records(2));
}
