//! The runs of this machine that call the same server, and so have to share its limit.
//!
//! Every run holds a place as long as it lives; the system frees it however the run ends. No times are shared, so there
//! are no clocks to agree on, and nothing has to be written while calls are made.

use std::io;
use std::time::{Duration, Instant};

use url::Url;

use crate::budget::files::{self, Files};
use crate::budget::neighbours::Neighbours;
pub(crate) use crate::budget::parts::Count;
use crate::budget::parts::Peer;
use crate::budget::server;
#[cfg(target_os = "linux")]
use crate::budget::sockets::Sockets;

/// The runs that call the same server, as this one sees them.
#[derive(Debug)]
pub(crate) struct Peers {
    place: Place,
    /// What this run's networks have seen of the machine.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "files are looked at one by one"))]
    neighbours: Neighbours,
    count: Count,
    next_count: Instant,
}

/// By what a run is known to others.
#[derive(Debug)]
enum Place {
    #[cfg(target_os = "linux")]
    Sockets(Sockets),
    Files(Files),
}

/// Why other runs are not seen, or not all of them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Blind {
    /// There are sockets on this system, but not for this run.
    #[error(
        "sees only those runs on this machine that have no Unix sockets either ({why}); where systemd starts it, add \
         AF_UNIX to RestrictAddressFamilies="
    )]
    #[cfg(target_os = "linux")]
    ToSockets {
        /// What the system says.
        why: io::Error,
    },
    /// There is no way to see any.
    #[error("cannot see other runs on this machine ({why}), so it does not share the limit with them")]
    Wholly {
        /// What the system says.
        why: io::Error,
    },
}

impl Peers {
    /// How often the runs are counted. Who comes in waits longer than that, so that the others have slowed down.
    pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

    /// Takes a place among the runs that call the server at this address; also returns what cannot be seen.
    pub(crate) fn join(address: &Url, neighbours: &Neighbours, now: Instant) -> (Option<Self>, Option<Blind>) {
        let server = server::name(address);
        let (place, blind) = take_place(&server);
        let count = Count::of(&[]);
        let peers = place.map(|place| {
            let mut peers = Self { place, neighbours: neighbours.clone(), count, next_count: now };
            peers.recount_by(Look::Anew, now);
            peers
        });
        (peers, blind)
    }

    /// How many runs there were when they were last counted.
    pub(crate) fn count(&self) -> Count {
        self.count
    }

    /// When to count again.
    pub(crate) fn next_count(&self) -> Instant {
        self.next_count
    }

    /// Counts the runs. Tells whether there is a change.
    pub(crate) fn recount(&mut self, now: Instant) -> bool {
        self.recount_by(Look::Shared, now)
    }

    fn recount_by(&mut self, look: Look, now: Instant) -> bool {
        self.next_count = now + Self::INTERVAL;
        // Who cannot be counted for a moment is still there.
        let Ok((at, peers)) = self.peers(look, now) else { return false };
        // Those who have looked together look together the next time.
        self.next_count = at + Self::INTERVAL;
        let count = Count::of(&peers);
        std::mem::replace(&mut self.count, count) != count
    }

    /// The other runs, and when they were there.
    #[cfg_attr(not(target_os = "linux"), allow(unused_variables, reason = "files are looked at one by one"))]
    fn peers(&mut self, look: Look, now: Instant) -> io::Result<(Instant, Vec<Peer>)> {
        match &mut self.place {
            #[cfg(target_os = "linux")]
            Place::Sockets(sockets) => {
                let table = match look {
                    Look::Shared => self.neighbours.look(now),
                    Look::Anew => self.neighbours.look_anew(now),
                };
                let (at, table) = table.ok().unzip();
                Ok((at.unwrap_or(now), sockets.peers(table.as_deref())?))
            }
            Place::Files(files) => Ok((now, files.peers())),
        }
    }
}

/// How new what is seen has to be.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "files are looked at one by one"))]
enum Look {
    /// As new as what another network of this run has just seen.
    Shared,
    /// Not older than the question.
    Anew,
}

#[cfg(target_os = "linux")]
fn take_place(server: &str) -> (Option<Place>, Option<Blind>) {
    match Sockets::join(server) {
        Ok(sockets) => (Some(Place::Sockets(sockets)), None),
        Err(why) => match Files::join(&files::folder(), server) {
            Ok(files) => (Some(Place::Files(files)), Some(Blind::ToSockets { why })),
            Err(_) => (None, Some(Blind::Wholly { why })),
        },
    }
}

#[cfg(not(target_os = "linux"))]
fn take_place(server: &str) -> (Option<Place>, Option<Blind>) {
    match Files::join(&files::folder(), server) {
        Ok(files) => (Some(Place::Files(files)), None),
        Err(why) => (None, Some(Blind::Wholly { why })),
    }
}
