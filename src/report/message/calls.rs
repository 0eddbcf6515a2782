//! Messages about calls: failures, waits, a network that is given up, and the end by a signal.

use std::time::Duration;

use serde_json::json;

use super::{Message, reason};
use crate::api::Request;
use crate::dispatch::{StopReason, Waiting};
use crate::offer::OfferError;
use crate::report::event::{Event, LastWait, Moment};
use crate::report::format::counted;
use crate::report::level::Level;
use crate::report::outcome;
use crate::report::plan::LaneId;
use crate::report::stats::Stats;
use crate::signals::Signal;
use crate::text;

/// A shorter wait is not logged: a busy network refuses calls for a few seconds every now and then.
const NEWS: Duration = Duration::from_secs(5);
/// The same among several networks, of which one or another always waits.
const NEWS_AMONG_MANY: Duration = Duration::from_secs(30);

/// `acme: `, where there is more than one network.
fn prefix(network: Option<&str>) -> String {
    network.map(|network| format!("{network}: ")).unwrap_or_default()
}

/// A call failed, which is a detail: most are made again.
pub(super) fn failed(network: Option<&str>, request: &Request, error: &OfferError) -> Message {
    let OfferError { kind, http_status, code, message } = error;
    let message = text::shown_start(message, 500);
    let mut fields = json!({"event": "call_failed", "offer_id": request.first_offer(), "error_kind": kind,
        "error_http_status": http_status, "error_code": code, "error_message": message});
    if request.offers() > 1 {
        fields["offers"] = request.offers().into();
    }
    if let Some(network) = network {
        fields["network"] = network.into();
    }
    Message::new(Level::Debug, format!("{}{request}: {}", prefix(network), error.words()), fields)
}

/// Calls are smaller from now on.
pub(super) fn offers_per_call(network: Option<&str>, most: usize) -> Message {
    let words = match most {
        1 => "the network takes one offer in a call: the run takes as long as with --links all".to_owned(),
        most => format!("the network takes fewer offers in a call: {most} from now on"),
    };
    let mut fields = json!({"event": "offers_per_call", "most": most});
    if let Some(network) = network {
        fields["network"] = network.into();
    }
    Message::new(Level::Info, prefix(network) + &words, fields)
}

/// The very first call failed.
pub(super) fn first_failed(network: Option<&str>, error: &OfferError) -> Message {
    let text = format!("{}the first call failed: {}", prefix(network), error.words());
    Message::plain(Level::Warning, "first_call_failed", text)
}

/// Nothing is sent for a while.
pub(super) fn waiting(network: Option<&str>, why: Waiting, wait: Duration) -> Option<Message> {
    let news = if network.is_some() { NEWS_AMONG_MANY } else { NEWS };
    let level = if wait < news { Level::Debug } else { Level::Info };
    let mut fields = json!({"event": "waiting", "seconds": wait.as_secs_f64()});
    if let Some(network) = network {
        fields["network"] = network.into();
    }
    Some(Message::new(level, format!("{}{}", prefix(network), reason(why, wait)?), fields))
}

/// A network is given up, and the others continue.
pub(super) fn lane_stopped(stats: &Stats, lane: LaneId, why: &StopReason) -> Message {
    let network = stats.label(lane);
    let words = outcome::stopped(why, stats.host(lane));
    let text = format!("{}{words}; the other networks continue", prefix(network));
    let fields = json!({"event": "network_stopped", "network": network, "ending": outcome::word_of(why)});
    Message::new(Level::Warning, text, fields)
}

/// What concerns the run as a whole.
pub(super) fn run(event: &Event) -> Option<Message> {
    Some(match event {
        // Logged even with --quiet: two runs that do not see each other may use twice the limit.
        Event::PeersHidden { host, why } => {
            Message::plain(Level::Notice, "limit_shared", format!("warning: this run, which calls {host}, {why}"))
        }
        Event::LimitShared { runs, when } => {
            let text = match when {
                Moment::AtStart => format!("{runs} runs on this machine share the limit: each takes its part"),
                Moment::Meanwhile => format!("runs on this machine that share the limit now: {runs}"),
            };
            Message::new(Level::Info, text, json!({"event": "limit_shared", "runs": runs}))
        }
        Event::Stopping { signal, waiting_for } => {
            Message::plain(Level::Info, "stopping", stopping(*signal, *waiting_for))
        }
        _ => return None,
    })
}

fn stopping(signal: Signal, waiting_for: LastWait) -> String {
    let what = match waiting_for {
        LastWait::Calls(calls) => format!("{} in flight", counted(calls as u64, "call")),
        LastWait::Disk => "the disk".to_owned(),
        LastWait::Workbook => "the workbook".to_owned(),
    };
    let again = match signal {
        Signal::Interrupt => "press Ctrl-C again to quit now",
        Signal::Terminate | Signal::HangUp => "a second signal quits now",
    };
    format!("stopped by {}: waiting for {what}; {again}", signal.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_says_what_is_waited_for_and_how_to_quit_now() {
        for (signal, waiting_for, text) in [
            (Signal::Interrupt, LastWait::Calls(3), "waiting for 3 calls in flight; press Ctrl-C again to quit now"),
            (Signal::Interrupt, LastWait::Calls(1), "waiting for 1 call in flight; press Ctrl-C again to quit now"),
            (Signal::Terminate, LastWait::Disk, "waiting for the disk; a second signal quits now"),
            (Signal::HangUp, LastWait::Workbook, "waiting for the workbook; a second signal quits now"),
        ] {
            assert_eq!(stopping(signal, waiting_for), format!("stopped by {}: {text}", signal.name()));
        }
    }

    #[test]
    fn a_wait_is_news_from_five_seconds_on_and_later_among_several_networks() {
        for (network, seconds, level) in [
            (None, 4, Level::Debug),
            (None, 5, Level::Info),
            (Some("acme"), 29, Level::Debug),
            (Some("acme"), 30, Level::Info),
        ] {
            let message = waiting(network, Waiting::Outage, Duration::from_secs(seconds)).unwrap();
            assert_eq!(message.level, level, "{seconds}");
            assert_eq!(message.text.starts_with("acme: "), network.is_some());
        }
        assert_eq!(waiting(None, Waiting::Pace, Duration::from_secs(60)), None);
    }
}
