//! What runs leave, and what differs between them.

use super::{Error, File, Links, NotAsked, Told, answer};
use crate::history::changes::{ChangeCounts, ChangedOffer};
use crate::history::facts::{Batch, Counts};
use crate::history::runs::{Begin, RunKey};
use crate::history::timeline::Event;
use crate::history::{Database, HistoryError};
use crate::offer::{ErrorKind, OfferId, RowOutcome, Source};

#[test]
fn changes_are_what_differs_from_the_last_finished_run_and_nothing_else() {
    let mut file = File::new();
    let first = [("1", Links("u a=1")), ("2", Links("u a=1")), ("3", Links("u")), ("4", Error(ErrorKind::NotFound))];
    assert!(file.run(&first).is_empty(), "there is nothing to compare with");
    assert!(file.run(&first).is_empty());
    // A failure that may pass is no change, and so is one that was there before.
    let told =
        [("1", Error(ErrorKind::Timeout)), ("2", Error(ErrorKind::ServerError)), ("4", Error(ErrorKind::NotFound))];
    assert!(file.run(&told).is_empty());
    // In the order of the input.
    let told = [("3", Error(ErrorKind::NotApproved)), ("2", Links("u a=2")), ("5", Links("v")), ("1", Links("u a=1"))];
    assert_eq!(
        file.run(&told),
        ["3,gone,,,url,u,", "2,changed,Offer URL,a,offer_url_tracking_link,1,2", "5,new,,,url,,v"]
    );
    assert_eq!((file.last_good("3"), file.last_good("2")), (None, Some(answer("u a=2"))));
    assert_eq!(file.run(&[("3", Links("u")), ("4", Links("w"))]), ["3,back,,,url,,u", "4,new,,,url,,w"]);
    assert!(file.is_sound());
}

#[test]
fn an_interrupted_run_is_no_baseline_and_its_facts_are_counted_once() {
    let mut file = File::new();
    file.run(&[("1", Links("u")), ("2", Links("u"))]);
    // Killed after its facts, given up with --restart: what it saw is new to the next one, too.
    let given_up = file.begin("o.csv");
    file.record(&given_up, &[("1", Links("v"))], false);
    let key = file.key("o.csv", &["demo"]);
    let run = file.database.begin_run(&key, Begin::Over).unwrap();
    assert_ne!(run.id, given_up.id);
    file.record(&run, &[("1", Links("v")), ("2", NotAsked)], true);
    assert_eq!(file.changes(&run), ["1,changed,,,url,u,v"]);
    // The same where the next run does not even ask.
    let killed = file.begin("o.csv");
    file.record(&killed, &[("2", Links("w"))], false);
    let key = file.key("o.csv", &["demo"]);
    let run = file.database.begin_run(&key, Begin::Over).unwrap();
    file.record(&run, &[("2", NotAsked)], true);
    assert_eq!(file.changes(&run), ["2,changed,,,url,u,w"]);
}

#[test]
fn a_run_that_was_killed_between_history_and_checkpoint_leaves_what_an_undisturbed_one_does() {
    let told = [
        ("1", Links("u a=1 b=2")),
        ("2", Error(ErrorKind::Timeout)),
        ("3", Links("x")),
        ("4", Error(ErrorKind::NoLink)),
    ];
    let next = [("1", Links("u a=9")), ("2", Links("y")), ("3", Error(ErrorKind::NotFound)), ("4", Links("z"))];
    let mut undisturbed = File::new();
    undisturbed.run(&told);
    undisturbed.run(&next);
    let mut killed = File::new();
    for told in [told, next] {
        // Before the first checkpoint: started anew.
        let run = killed.begin("o.csv");
        killed.record(&run, &told[..2], false);
        let run = killed.begin("o.csv");
        killed.record(&run, &told[..3], false);
        // Behind it: resumed, with another answer at first than at last.
        let other = [("1", Links("other")), ("2", Error(ErrorKind::NoLink)), ("3", Error(ErrorKind::NotFound))];
        killed.record(&run, &other, false);
        let key = RunKey { started_at: run.started_at, ..killed.key("o.csv", &["demo"]) };
        assert_eq!(killed.database.begin_run(&key, Begin::Resumed).unwrap(), run);
        killed.record(&run, &told, true);
    }
    assert_eq!(killed.facts(), undisturbed.facts());
    assert!(killed.is_sound());
}

#[test]
fn two_runs_and_two_networks_share_one_file() {
    let mut file = File::new();
    let both = file.key("a.csv", &["demo", "acme"]);
    let one = file.key("b.csv", &["acme"]);
    let mut other = Database::open(&file.path()).unwrap();
    let first = file.database.begin_run(&both, Begin::Anew { left_by: None }).unwrap();
    let second = other.begin_run(&one, Begin::Anew { left_by: None }).unwrap();
    assert_eq!(first.networks[1], second.networks[0]);
    file.record(&first, &[("0:7", Links("demo")), ("1:7", Links("acme"))], false);
    let mut batch = Batch::default();
    let seen = answer("acme");
    let good = RowOutcome::Good { answer: &seen, source: Source::Live };
    batch.add(0, OfferId::parse("7").unwrap(), (1, 5_000), good);
    other.write(&second, &batch, Some((Counts { offers: 1, exported: 1, stale: 0, failed: 0 }, 5_000))).unwrap();
    file.record(&first, &[("0:7", Links("demo"))], true);
    assert_eq!(file.last_good("7"), Some(answer("demo")));
    let timelines = file.database.timelines("7", None).unwrap();
    assert_eq!(timelines.iter().map(|timeline| &*timeline.network).collect::<Vec<_>>(), ["acme", "demo"]);
    assert!(timelines.iter().all(|timeline| matches!(&timeline.events[..], [(_, Event::Changed(_))])));
    assert!(file.is_sound());
}

#[test]
fn changes_since_any_time_and_what_pruning_leaves_of_them() {
    let mut file = File::new();
    file.run(&[("1", Links("u")), ("2", Links("u"))]);
    let then = file.clock;
    file.run(&[("1", Links("v")), ("2", Links("u")), ("3", Error(ErrorKind::Timeout))]);
    file.run(&[("1", Links("w")), ("2", Error(ErrorKind::NotFound)), ("3", Links("n"))]);
    let since = |file: &File, since, network| {
        let (mut rows, mut counts) = (Vec::new(), ChangeCounts::default());
        let take = |offer: &ChangedOffer| -> Result<(), HistoryError> {
            offer.rows(true, &mut rows);
            counts.add(offer);
            Ok(())
        };
        file.database.changes_since(since, network, take).unwrap();
        (String::from_utf8(rows).unwrap(), counts)
    };
    let expected = "demo,1,changed,,,url,u,w\ndemo,2,gone,,,url,u,\ndemo,3,new,,,url,,n\n";
    let counts = ChangeCounts { new: 1, changed: 1, gone: 1, back: 0 };
    assert_eq!(since(&file, then, None), (expected.to_owned(), counts));
    assert_eq!(since(&file, then, Some("acme")).0, "");
    assert_eq!(since(&file, file.clock, None).0, "");
    let pruned = file.database.prune(file.clock).unwrap();
    assert_eq!((pruned.versions, pruned.failures), (3, 1));
    assert_eq!((file.last_good("1"), file.last_good("2")), (Some(answer("w")), None));
    assert_eq!(since(&file, file.clock, None).0, "");
    assert!(file.is_sound() && file.database.prune(file.clock).unwrap().versions == 0);
    assert_eq!(file.run(&[("1", Links("x"))]), ["1,changed,,,url,w,x"], "the baseline is still there");
}

#[test]
fn of_two_runs_at_once_each_reports_what_it_has_not_seen() {
    let mut file = File::new();
    let whole = |file: &mut File, output: &str, told: &[(&str, Told)]| {
        let run = file.begin(output);
        file.record(&run, told, true);
        file.changes(&run)
    };
    let [u, v] = [[("1", Links("u")), ("2", Links("u"))], [("1", Links("v")), ("2", Links("v"))]];
    assert!(whole(&mut file, "a.csv", &u).is_empty());
    assert!(whole(&mut file, "b.csv", &u).is_empty());
    // Offer 1 changes after b has asked for it, offer 2 before; a is quicker and finds both changed.
    let b = file.begin("b.csv");
    file.record(&b, &u[..1], false);
    let [one, two] = ["1,changed,,,url,u,v", "2,changed,,,url,u,v"];
    assert_eq!(whole(&mut file, "a.csv", &v), [one, two]);
    file.record(&b, &v[1..], true);
    assert_eq!(file.changes(&b), [two]);
    assert_eq!(whole(&mut file, "b.csv", &v), [one], "what b has not seen is new to the next one, once");
    assert!(whole(&mut file, "b.csv", &v).is_empty());
    assert!(whole(&mut file, "a.csv", &v).is_empty());
    assert!(file.is_sound());
}

#[test]
fn two_first_runs_at_once_leave_each_its_own_baseline() {
    let mut file = File::new();
    let [a, b] = ["a.csv", "b.csv"].map(|output| file.begin(output));
    file.record(&a, &[("1", Links("u")), ("2", Links("u"))], false);
    file.record(&b, &[("1", Links("v")), ("2", Links("u"))], true);
    file.record(&a, &[], true);
    let next = |file: &mut File, output: &str, told: &[(&str, Told)]| {
        let run = file.begin(output);
        file.record(&run, told, true);
        file.changes(&run)
    };
    let told = [("1", Links("v")), ("2", Links("u"))];
    assert!(next(&mut file, "b.csv", &told).is_empty());
    assert_eq!(next(&mut file, "a.csv", &told), ["1,changed,,,url,u,v"]);
}

#[test]
fn of_an_offer_that_is_learned_twice_in_one_commit_the_last_counts() {
    for first in [Links("v"), Error(ErrorKind::NotFound), Error(ErrorKind::Timeout)] {
        let mut file = File::new();
        assert!(file.run(&[("7", Links("u")), ("8", Links("u"))]).is_empty());
        // However the rows of the file are gone through, one of these is where a search for offer 7 begins.
        for earlier in 1..5 {
            let told: Vec<_> = std::iter::repeat_n(("7", first), earlier).chain([("7", Links("u"))]).collect();
            assert_eq!(file.run(&told), [""; 0], "{earlier} times {first:?} before");
        }
        assert_eq!(file.last_good("7"), Some(answer("u")));
        let failures = file.database.connection().query_row("SELECT count(*) FROM offer_error", [], |row| row.get(0));
        assert_eq!(failures, Ok(0), "it has its answer");
        assert!(file.is_sound());
    }
}
