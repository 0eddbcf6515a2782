//! What becomes of a run, given what has become of its lanes.
//!
//! Pure: one network's failure is data where another has come to its end, and the end of the run where none can.

use crate::dispatch::StopReason;
use crate::offer::{Class, ErrorKind, OfferError};
use crate::report::duration;

/// What a lane is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneEnd {
    /// It has rows to ask for.
    Open,
    /// All its rows are written, and there were some for its network.
    Complete,
    /// It had nothing to ask for.
    Empty,
    /// Its network was given up, and rows wait for what becomes of them.
    Stopped {
        /// Calls that have no answer yet.
        in_flight: usize,
    },
}

/// What the loop is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Go on.
    GoOn,
    /// Every row is written.
    Complete,
    /// Give the open rows of networks that were given up their error.
    FailStopped,
    /// No network is left to go on with, and none came to its end: the old output stays.
    Stop,
}

/// What has become of each lane, and how many there are of each kind: the loop looks after every step, and a look must not
/// cost more where there are more lanes.
#[derive(Debug)]
pub(crate) struct Ends {
    of: Vec<LaneEnd>,
    open: usize,
    complete: usize,
    /// Given up, and nothing is on its way.
    idle: usize,
    /// Given up, and calls have no answer yet.
    busy: usize,
}

impl Ends {
    /// Those of all lanes, in their order.
    pub(crate) fn of(lanes: impl Iterator<Item = LaneEnd>) -> Self {
        let (open, complete, idle, busy) = (0, 0, 0, 0);
        let mut ends = Self { of: lanes.collect(), open, complete, idle, busy };
        for end in ends.of.clone() {
            ends.count(end).into_iter().for_each(|count| *count += 1);
        }
        ends
    }

    /// Takes in what has become of a lane by now.
    pub(crate) fn change(&mut self, lane: usize, end: LaneEnd) {
        let Some(then) = self.of.get_mut(lane).filter(|then| **then != end) else { return };
        let before = std::mem::replace(then, end);
        self.count(before).into_iter().for_each(|count| *count = count.saturating_sub(1));
        self.count(end).into_iter().for_each(|count| *count += 1);
    }

    /// How many ended like this, where that matters.
    fn count(&mut self, end: LaneEnd) -> Option<&mut usize> {
        match end {
            LaneEnd::Open => Some(&mut self.open),
            LaneEnd::Complete => Some(&mut self.complete),
            LaneEnd::Stopped { in_flight: 0 } => Some(&mut self.idle),
            LaneEnd::Stopped { .. } => Some(&mut self.busy),
            LaneEnd::Empty => None,
        }
    }

    /// Decides. A network that was given up does not end a run that another one has brought to its end, so its rows may
    /// have their errors from then on. Before that they stay open: if all fail, they are asked for again by a later run.
    pub(crate) fn fate(&self) -> Fate {
        let [open, complete, idle, busy] = [self.open, self.complete, self.idle, self.busy].map(|lanes| lanes > 0);
        match () {
            () if !open && !idle && !busy => Fate::Complete,
            () if complete && idle => Fate::FailStopped,
            () if complete || open || busy => Fate::GoOn,
            () => Fate::Stop,
        }
    }
}

/// The error that open rows of a network get that was given up.
pub(crate) fn error_of(stop: &StopReason, host: &str) -> OfferError {
    match stop {
        StopReason::Refused(error) if error.kind.class() == Class::Account => error.clone(),
        StopReason::NoList(error) => error.clone(),
        // In the words of an offer that is not what is wrong with the others.
        StopReason::Refused(error) => OfferError {
            kind: ErrorKind::InvalidResponse,
            message: format!("{host} was given up: {}", error.words()).into(),
            ..error.clone()
        },
        StopReason::Unreachable { error, way_out } => {
            OfferError { message: format!("{}; {way_out}", error.message).into(), ..error.clone() }
        }
        StopReason::NothingPassed(error) => OfferError {
            kind: ErrorKind::Outage,
            message: format!("no call to {host} succeeded: {}", error.words()).into(),
            ..error.clone()
        },
        StopReason::Outage { lasted, last } => OfferError {
            kind: ErrorKind::Outage,
            message: format!("{host} was down for {} (--max-outage): {}", duration(*lasted), last.words()).into(),
            ..last.clone()
        },
        StopReason::ComeBackIn(wait) => {
            let message = format!("{host} asked to come back after {}", duration(*wait));
            OfferError::local(ErrorKind::RateLimited, message)
        }
        StopReason::OutOfTime => OfferError::local(ErrorKind::Outage, "out of time (--max-duration)"),
    }
}

/// Of the reasons of several networks the one that stands for the run: what a later run can get over by itself comes
/// first, so that it is run again.
pub(crate) fn worst<'a>(stops: impl Iterator<Item = &'a StopReason>) -> Option<StopReason> {
    let is_final = |stop: &&StopReason| matches!(stop, StopReason::Refused(_) | StopReason::Unreachable { .. });
    stops.min_by_key(is_final).cloned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_networks_failure_is_the_runs_only_where_every_network_failed() {
        use LaneEnd::{Complete, Empty, Open};
        let [idle, busy] = [0, 2].map(|in_flight| LaneEnd::Stopped { in_flight });
        let table: [(&[LaneEnd], Fate); 16] = [
            (&[], Fate::Complete),
            (&[Open], Fate::GoOn),
            (&[Complete], Fate::Complete),
            (&[Empty], Fate::Complete),
            (&[idle], Fate::Stop),
            (&[busy], Fate::GoOn),
            (&[Open, idle], Fate::GoOn),
            (&[Complete, idle], Fate::FailStopped),
            (&[Complete, busy], Fate::GoOn),
            (&[Complete, idle, Open], Fate::FailStopped),
            (&[Complete, Open], Fate::GoOn),
            (&[idle, idle], Fate::Stop),
            (&[idle, busy], Fate::GoOn),
            // A network without a row, or rows without a network, prove nothing.
            (&[idle, Empty], Fate::Stop),
            (&[Open, Empty], Fate::GoOn),
            (&[Empty, Empty, Complete], Fate::Complete),
        ];
        for (lanes, fate) in table {
            assert_eq!(Ends::of(lanes.iter().copied()).fate(), fate, "{lanes:?}");
            // The same where they have come to that one by one, each from any other end.
            for before in [Open, Complete, Empty, idle, busy] {
                let mut ends = Ends::of(lanes.iter().map(|_| before));
                lanes.iter().enumerate().for_each(|(lane, end)| ends.change(lane, *end));
                assert_eq!(ends.fate(), fate, "{lanes:?} after {before:?}");
            }
        }
    }

    #[test]
    fn a_run_that_a_later_one_can_finish_by_itself_says_so() {
        let refused = StopReason::Refused(OfferError::local(ErrorKind::Unauthorized, "no"));
        let outage = StopReason::ComeBackIn(Duration::from_secs(900));
        assert_eq!(worst([&refused, &outage].into_iter()), Some(outage));
        assert_eq!(worst([&refused, &refused].into_iter()), Some(refused));
        assert_eq!(worst(std::iter::empty()), None);
    }

    #[test]
    fn open_rows_get_the_kind_of_what_stopped_their_network_and_may_be_asked_for_again() {
        let error = |kind| OfferError::local(kind, "said");
        let table = [
            (StopReason::Refused(error(ErrorKind::Unauthorized)), ErrorKind::Unauthorized),
            (StopReason::Refused(error(ErrorKind::IpNotAllowed)), ErrorKind::IpNotAllowed),
            (StopReason::Refused(error(ErrorKind::AccountLocked)), ErrorKind::AccountLocked),
            (StopReason::Refused(error(ErrorKind::Redirect)), ErrorKind::Redirect),
            (StopReason::Refused(error(ErrorKind::NotFound)), ErrorKind::InvalidResponse),
            (StopReason::NothingPassed(error(ErrorKind::Network)), ErrorKind::Outage),
            (
                StopReason::Outage { lasted: Duration::from_secs(90), last: error(ErrorKind::ServerError) },
                ErrorKind::Outage,
            ),
            (StopReason::Unreachable { error: error(ErrorKind::Network), way_out: "x".into() }, ErrorKind::Network),
            (StopReason::ComeBackIn(Duration::from_secs(900)), ErrorKind::RateLimited),
            (StopReason::NoList(error(ErrorKind::InvalidResponse)), ErrorKind::InvalidResponse),
        ];
        for (stop, kind) in table {
            let error = error_of(&stop, "api.example");
            assert_eq!(error.kind, kind, "{stop:?}");
            assert!(kind.class() != Class::Offer && !error.message.is_empty(), "{stop:?}");
        }
    }
}
