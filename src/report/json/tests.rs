//! Tests of `json`.

use super::*;
use crate::report::changes::ChangeSummary;
use crate::report::event::Event;
use crate::report::example;
use crate::report::outcome::COMPLETE;
use crate::report::snapshot::LaneState;

fn document(networks: &[&str], first: LaneState, ending: &'static str) -> serde_json::Value {
    let (mut stats, mut last) = example::run(networks);
    for lane in &mut last.lanes {
        lane.state = LaneState::Complete;
    }
    last.lanes[0].state = first;
    stats.on(&Event::CallsOver { last, failed: Vec::new() });
    let end = End { code: ExitCode::SomeFailed, ending, why: None };
    serde_json::from_str(&Document::new(&stats, end).json().unwrap()).unwrap()
}

#[test]
fn each_network_has_its_own_end_unless_the_run_ended_first() {
    for (networks, first, ending, expected) in [
        (&["acme", "demo"][..], example::refused(), "complete", [("refused", 4), ("complete", 3)].as_slice()),
        (&["acme", "demo"], LaneState::Calling, "interrupted", &[("interrupted", 3), ("complete", 3)]),
        // Its end is that of the run, whatever its lane says: --min-ok is judged behind it.
        (&["demo"], LaneState::Complete, "below_min_ok", &[("below_min_ok", 3)]),
    ] {
        let document = document(networks, first, ending);
        let ends = document["networks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|network| (network["ending"].as_str().unwrap(), network["exit"]["code"].as_u64().unwrap()));
        assert_eq!(ends.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn changes_are_counted_where_an_earlier_run_is_known() {
    let (mut stats, _) = example::run(&["demo"]);
    let json = |stats: &_| -> serde_json::Value {
        let end = End { code: ExitCode::Success, ending: COMPLETE, why: None };
        serde_json::from_str(&Document::new(stats, end).json().unwrap()).unwrap()
    };
    assert!(json(&stats).get("changes").is_none());
    let changes =
        ChangeSummary { new: 12, changed: 3, gone: 1, back: 0, since: "2026-11-26T02:15:00Z".parse().unwrap() };
    stats.on(&Event::ChangesFound(changes));
    let expected = serde_json::json!({"new": 12, "changed": 3, "gone": 1, "back": 0, "since": "2026-11-26T02:15:00Z"});
    assert_eq!(json(&stats)["changes"], expected);
}

#[test]
fn what_belongs_to_one_network_is_null_for_the_whole_of_several() {
    let several = document(&["acme", "demo"], LaneState::Complete, COMPLETE);
    assert!(several["host"].is_null() && several["limit"].is_null());
    assert_eq!(several["offers"]["done"], 150);
    assert_eq!(several["networks"][1]["limit"]["rate"], "50/10s");
    let one = document(&["demo"], LaneState::Complete, COMPLETE);
    assert_eq!((&one["host"], &one["limit"]), (&one["networks"][0]["host"], &one["networks"][0]["limit"]));
    assert_eq!(one["schema"], 2);
}
