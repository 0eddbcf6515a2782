//! What hosts do in a simulated world, and what goes wrong in it.

use std::time::Duration;

use crate::settings::rate::Limit;

pub(super) const MS: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// For plans: nobody is on the machine besides.
pub(super) const MACHINES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

/// A host with as much to do as it may.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) machine: &'static str,
    pub(super) starts: Duration,
    pub(super) ends: Option<End>,
    /// One way to the network's server, and from it.
    pub(super) latency: (Duration, Duration),
    /// One way to Redis, and from it.
    pub(super) redis: (Duration, Duration),
    pub(super) limit: Limit,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// `kill -9`
    Killed(Duration),
    /// It is done, and says so.
    Leaves(Duration),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// Redis is killed, and started again without its memory.
    Down(Duration, Duration),
    /// Redis is stopped; what was sent to it meanwhile is run when it goes on.
    Stopped(Duration, Duration),
    /// Redis loses its memory and goes on.
    Flushed(Duration),
    /// Its clock is set by this many seconds.
    ClockSet(Duration, i64),
    /// Redis answers this much later.
    Slow(Duration, Duration, Duration),
    /// The network's server reads nothing.
    Stall(Duration, Duration),
}

impl Plan {
    pub(super) fn of(machine: usize) -> Self {
        Self {
            machine: MACHINES[machine],
            starts: Duration::ZERO,
            ends: None,
            latency: (10 * MS, 150 * MS),
            redis: (MS / 2, 3 * MS),
            limit: Limit::PUBLISHED,
        }
    }
}
