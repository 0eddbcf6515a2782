//! The call of the script: what a run says, and what it is answered.
//!
//! Only words and numbers; sends nothing and knows no clock.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::budget::terms::Lease;
use crate::settings::rate::Limit;

/// What runs inside Redis.
pub(crate) const SOURCE: &str = include_str!("script.lua");

/// How often a run speaks up.
pub(crate) const INTERVAL: Duration = Duration::from_millis(500);

/// A run that has said nothing for this long is taken for dead. Several intervals, so that a slow or lost answer kills
/// nobody.
pub(crate) const SILENT: Duration = Duration::from_secs(3);

/// When a dead run sent its last call, counted from its last word: a bit more than an interval.
const LAST_CALL: Duration = Duration::from_millis(1500);

/// No run is silent for as long as this while it is served, so a longer gap is the server's.
const LONGEST_GAP: Duration = Duration::from_secs(1);

/// After the server came back, or lost its memory, the runs that it served before have this long to say so.
const SETTLE: Duration = Duration::from_secs(4);

/// The key outlives its last run by this.
const KEEP: Duration = Duration::from_secs(3600);

/// What a run says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// It is there, and goes on.
    Renew,
    /// It has sent its last call.
    Leave,
    /// It only asks who is there.
    Look,
}

/// Who a run is.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// No other run has it.
    pub(crate) id: String,
    /// All runs of this machine have it. No white space.
    pub(crate) machine: String,
}

/// One call of the script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    /// Higher with every request of a run.
    pub(crate) seq: u64,
    /// Places that the run may have in use until it is answered.
    pub(crate) held: u32,
    /// The limit that the run was given.
    pub(crate) limit: Limit,
}

impl Request {
    /// The arguments, in the order of the script.
    pub(crate) fn arguments(&self, who: &Identity) -> Vec<String> {
        let verb = match self.verb {
            Verb::Renew => "renew",
            Verb::Leave => "leave",
            Verb::Look => "look",
        };
        let micros = |time: Duration| time.as_micros().to_string();
        vec![
            who.id.clone(),
            self.seq.to_string(),
            verb.to_owned(),
            who.machine.clone(),
            self.held.to_string(),
            self.limit.calls.to_string(),
            micros(self.limit.window),
            micros(LONGEST_GAP),
            micros(SILENT),
            micros(LAST_CALL),
            micros(SETTLE),
            (KEEP + 2 * self.limit.window).as_millis().to_string(),
            Lease::MARGIN.to_string(),
        ]
    }
}

/// What the script answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The server's clock, since 1970.
    pub(crate) server_time: Duration,
    /// The most places the run may have from now on.
    pub(crate) granted: u32,
    /// Its fair part, to which it is to come down, or up as far as it is granted.
    pub(crate) target: u32,
    /// Its fair share is one of this many parts of the limit.
    pub(crate) share: NonZeroU32,
    /// One slot in this many is the run's.
    pub(crate) stride: NonZeroU32,
    /// From the running of the script to the run's next slot.
    pub(crate) next_slot: Duration,
    /// The lowest limit that a run was given.
    pub(crate) limit: Limit,
    /// Runs that are there, on all machines.
    pub(crate) runs: u32,
    /// Machines that they run on.
    pub(crate) machines: u32,
    /// How long runs from before may still come back.
    pub(crate) settling: Duration,
}

impl Reply {
    /// `None` for anything that the script does not answer.
    pub(crate) fn parse(numbers: &[i64]) -> Option<Self> {
        let [1, now, granted, target, share, stride, wait, calls, window, runs, machines, settling] = *numbers else {
            return None;
        };
        let count = |number: i64| u32::try_from(number).ok();
        let micros = |number: i64| u64::try_from(number).ok().map(Duration::from_micros);
        let window = micros(window).filter(|window| !window.is_zero())?;
        Some(Self {
            server_time: micros(now)?,
            granted: count(granted)?,
            target: count(target)?,
            share: NonZeroU32::new(count(share)?)?,
            stride: NonZeroU32::new(count(stride)?)?,
            next_slot: micros(wait)?,
            limit: Limit { calls: NonZeroU32::new(count(calls)?)?, window },
            runs: count(runs)?,
            machines: count(machines)?,
            settling: micros(settling)?,
        })
    }
}
