//! Tests of `answer_file`.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

fn file(folder: &Path, remembered: usize) -> AnswerFile {
    AnswerFile::for_lanes(folder, 1, remembered).pop().unwrap()
}

/// Bytes that no other string of this test has.
fn text(number: usize, len: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().cycle().take(len).collect()
}

proptest! {
    #[test]
    fn every_string_that_still_counts_comes_out_as_it_was_put_in(
        lens in prop::collection::vec(0_usize..900, 1..300), lanes in 1_usize..4,
    ) {
        const REMEMBERED: usize = 16 << 10;
        let folder = tempfile::tempdir().unwrap();
        let mut files = AnswerFile::for_lanes(folder.path(), lanes, REMEMBERED);
        let mut kept: Vec<VecDeque<(Stored, Vec<u8>)>> = (0..lanes).map(|_| VecDeque::new()).collect();
        for (number, len) in lens.into_iter().enumerate() {
            let (file, kept) = (&mut files[number % lanes], &mut kept[number % lanes]);
            let text = text(number, len);
            kept.push_back((file.put(&text).unwrap(), text));
            while kept.iter().map(|(stored, _)| file.room(stored)).sum::<usize>() > REMEMBERED {
                file.remove(kept.pop_front().unwrap().0);
            }
        }
        for (file, kept) in files.iter_mut().zip(&kept) {
            for (stored, text) in kept {
                prop_assert_eq!(file.get(stored), Some(text.clone()));
            }
        }
        // Windows takes the name away with the file.
        if cfg!(unix) {
            prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        }
    }
}

#[test]
fn what_is_overwritten_is_lost_and_said_to_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = file(folder.path(), 4000);
    let first = file.put(&text(0, 500)).unwrap();
    let mut newer = Vec::new();
    while !file.is_fading(&first) {
        assert!(file.get(&first).is_some());
        newer.push(file.put(&text(newer.len() + 1, 500)).unwrap());
    }
    assert_eq!(newer.len(), 8, "half of the room was used by then");
    for number in 9..17 {
        newer.push(file.put(&text(number, 500)).unwrap());
    }
    assert_eq!(file.get(&first), None);
    for (number, stored) in newer.iter().enumerate().skip(1) {
        assert_eq!(file.get(stored), Some(text(number + 1, 500)), "{number}");
    }
}

#[test]
fn a_string_that_is_too_long_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = file(folder.path(), 4000);
    assert!(file.put(&text(1, 2001)).is_none());
    let stored = file.put(&text(1, 2000)).unwrap();
    assert_eq!(file.get(&stored), Some(text(1, 2000)));
}

#[test]
fn a_folder_that_takes_no_file_costs_answers_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = file(&folder.path().join("missing"), 1 << 20);
    let stored: Vec<_> = (0..200).filter_map(|number| file.put(&text(number, 900))).collect();
    assert!(!stored.is_empty() && stored.len() < 200, "{}", stored.len());
    assert!(stored.iter().all(|stored| file.get(stored).is_none()));
    assert!(file.put(b"x").is_none());
}

#[test]
fn strings_that_fill_the_ring_to_its_last_byte_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = AnswerFile::for_lanes(folder.path(), 2, 512);
    let mut other = files.pop().unwrap();
    let mut file = files.pop().unwrap();
    let neighbour = other.put(&text(99, 200)).unwrap();
    let mut stored: Vec<_> = (0..10).map(|number| file.put(&text(number, 100)).unwrap()).collect();
    // The last 24 bytes of 1,024, too few for a block; what follows stands at the beginning again.
    stored.push(file.put(&text(10, 24)).unwrap());
    stored.push(file.put(&text(11, 200)).unwrap());
    stored.push(file.put(&text(12, 100)).unwrap());
    for (number, len) in [(9, 100), (10, 24), (11, 200), (12, 100)] {
        assert_eq!(file.get(&stored[number]), Some(text(number, len)), "{number}");
    }
    assert_eq!(other.get(&neighbour), Some(text(99, 200)), "another lane's part");
}
