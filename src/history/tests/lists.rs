//! The networks' own lists: what vanishes from them is gone, once, for each output that reads them.

use super::{Error, File, Links, NotAsked, Told};
use crate::history::HistoryError;
use crate::history::listed::WholeList;
use crate::history::runs::RunRecord;
use crate::offer::{ErrorKind, OfferId};

/// The end of a run that has read this list.
fn end(file: &mut File, run: &RunRecord, list: &[&str], kind: &str) -> Vec<String> {
    let mut listed = list.iter().map(|offer| (0, OfferId::parse(offer).unwrap()));
    let list = WholeList { run, kind, at: file.clock };
    file.database.note_list(list, || Ok::<_, HistoryError>(listed.next())).unwrap();
    file.changes(run)
}

/// A run of an output over the whole list, with what it is told of each offer.
fn night(file: &mut File, output: &str, told: &[(&str, Told)], kind: Option<&str>) -> Vec<String> {
    let run = file.begin(output);
    file.record(&run, told, true);
    let list: Vec<_> = told.iter().map(|(offer, _)| *offer).collect();
    let Some(kind) = kind else { return file.changes(&run) };
    end(file, &run, &list, kind)
}

const ALL: [(&str, Told); 3] = [("1", Links("u")), ("2", Links("u")), ("3", Links("u"))];
const PERSONAL: Option<&str> = Some("personal");

#[test]
fn an_offer_that_vanishes_from_the_networks_own_list_is_gone_once() {
    let mut file = File::new();
    assert!(night(&mut file, "o.csv", &ALL[..2], PERSONAL).is_empty());
    // Known from an input, and in no list: it does not vanish from one.
    assert_eq!(night(&mut file, "o.csv", &ALL, None), ["3,new,,,url,,u"]);
    // An input that shrinks, a list of another kind, and one without any offer say nothing.
    for (told, kind) in [(&ALL[..1], None), (&ALL[..1], Some("all")), (&ALL[..0], PERSONAL)] {
        assert!(night(&mut file, "o.csv", told, kind).is_empty(), "{kind:?}");
    }
    assert_eq!(night(&mut file, "o.csv", &ALL[..1], PERSONAL), ["2,gone,,,url,u,"]);
    assert_eq!((file.last_good("2"), file.last_good("3").is_some()), (None, true));
    assert!(night(&mut file, "o.csv", &ALL[..1], PERSONAL).is_empty());
    assert_eq!(night(&mut file, "o.csv", &ALL[..2], PERSONAL), ["2,back,,,url,,u"]);
    assert!(file.is_sound());
}

#[test]
fn each_output_that_reads_a_list_says_once_what_has_left_it() {
    let mut file = File::new();
    for output in ["a.csv", "b.csv"] {
        assert!(night(&mut file, output, &ALL, PERSONAL).is_empty());
    }
    for output in ["a.csv", "b.csv"] {
        assert_eq!(night(&mut file, output, &ALL[..2], PERSONAL), ["3,gone,,,url,u,"], "{output}");
    }
    for output in ["b.csv", "a.csv", "b.csv"] {
        assert!(night(&mut file, output, &ALL[..2], PERSONAL).is_empty(), "{output}");
    }
    // An output that comes later has nothing to compare with but the last run; the next list has it again.
    assert!(night(&mut file, "c.csv", &ALL[..2], PERSONAL).is_empty());
    for output in ["a.csv", "b.csv", "c.csv"] {
        assert_eq!(night(&mut file, output, &ALL, PERSONAL), ["3,back,,,url,,u"], "{output}");
    }
    // One of them misses the nights in which it was away.
    assert_eq!(night(&mut file, "a.csv", &ALL[1..], PERSONAL), ["1,gone,,,url,u,"]);
    assert_eq!(night(&mut file, "a.csv", &ALL, PERSONAL), ["1,back,,,url,,u"]);
    assert!(night(&mut file, "b.csv", &ALL, PERSONAL).is_empty());
    assert!(file.is_sound());
}

#[test]
fn an_offer_that_an_input_finds_good_is_not_gone_and_back_every_night() {
    let mut file = File::new();
    for output in ["a.csv", "b.csv"] {
        night(&mut file, output, &ALL, PERSONAL);
    }
    let mut told = Vec::new();
    for n in 0..4 {
        for output in ["a.csv", "input.csv", "b.csv"] {
            let changes = if output == "input.csv" {
                night(&mut file, output, &[("3", Links(if n == 2 { "v" } else { "u" }))], None)
            } else {
                night(&mut file, output, &ALL[..2], PERSONAL)
            };
            told.extend(changes.into_iter().map(|change| format!("{n} {output}: {change}")));
        }
    }
    // Gone for a, which was first to miss it, and back by the answer; b has seen it good before and after. That its links
    // change concerns only who asks for it.
    assert_eq!(
        told,
        [
            "0 a.csv: 3,gone,,,url,u,",
            "0 input.csv: 3,back,,,url,,u",
            "1 a.csv: 3,back,,,url,,u",
            "2 input.csv: 3,changed,,,url,u,v",
            "3 input.csv: 3,changed,,,url,v,u",
        ]
    );
    assert!(file.last_good("3").is_some() && file.is_sound());
    // It really goes when it is said to.
    let gone = [("3", Error(ErrorKind::NotFound))];
    assert_eq!(night(&mut file, "input.csv", &gone, None), ["3,gone,,,url,u,"]);
    // Each with what the offer was when that output was written last.
    for (output, gone) in [("a.csv", "3,gone,,,url,v,"), ("b.csv", "3,gone,,,url,u,")] {
        assert_eq!(night(&mut file, output, &ALL[..2], PERSONAL), [gone], "{output}");
    }
}

#[test]
fn a_good_answer_after_the_list_was_read_is_worth_more_than_the_list() {
    let mut file = File::new();
    night(&mut file, "a.csv", &ALL, PERSONAL);
    // The run takes its time; meanwhile another one asks for what its list lacks.
    let slow = file.begin("a.csv");
    assert!(night(&mut file, "input.csv", &ALL[2..], None).is_empty());
    file.record(&slow, &ALL[..2], true);
    assert!(end(&mut file, &slow, &["1", "2"], "personal").is_empty());
    assert!(file.last_good("3").is_some());
    // The next list still lacks it.
    assert_eq!(night(&mut file, "a.csv", &ALL[..2], PERSONAL), ["3,gone,,,url,u,"]);
    // A list that was read before that one does not bring it back.
    let old = file.begin("b.csv");
    night(&mut file, "a.csv", &ALL, PERSONAL);
    night(&mut file, "a.csv", &ALL[..2], PERSONAL);
    file.record(&old, &[("1", Links("u")), ("2", Links("u")), ("3", NotAsked)], true);
    end(&mut file, &old, &["1", "2", "3"], "personal");
    assert!(file.last_good("3").is_none());
    assert!(night(&mut file, "a.csv", &ALL[..2], PERSONAL).is_empty(), "and it is not gone once more");
    // The same end twice, after a kill in between, says the same.
    let run = file.begin("a.csv");
    file.record(&run, &ALL[..1], true);
    for _ in 0..2 {
        assert_eq!(end(&mut file, &run, &["1"], "personal"), ["2,gone,,,url,u,"]);
    }
    assert!(file.is_sound());
}
