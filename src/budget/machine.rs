//! The runs of this machine that call the same server, and so have to share its limit.
//!
//! Every run holds a place as long as it lives; the system frees it however the run ends. No times are shared, so there
//! are no clocks to agree on, and nothing has to be written while calls are made.

use std::io;
use std::time::{Duration, Instant};

use url::Url;

use crate::budget::files::{self, Files};
pub(crate) use crate::budget::parts::Count;
use crate::budget::parts::Peer;
use crate::budget::server;
#[cfg(target_os = "linux")]
use crate::budget::sockets::Sockets;

/// The runs that call the same server, as this one sees them.
#[derive(Debug)]
pub(crate) struct Peers {
    place: Place,
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

    /// Takes a place among the runs that call the server at this address; tells also what cannot be seen.
    pub(crate) fn join(address: &Url, now: Instant) -> (Option<Self>, Option<Blind>) {
        let server = server::name(address);
        let (place, blind) = take_place(&server);
        let count = Count::of(&[]);
        let peers = place.map(|place| {
            let mut peers = Self { place, count, next_count: now };
            peers.recount(now);
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
        self.next_count = now + Self::INTERVAL;
        // Who cannot be counted for a moment is still there.
        let Ok(peers) = self.peers() else { return false };
        let count = Count::of(&peers);
        std::mem::replace(&mut self.count, count) != count
    }

    fn peers(&mut self) -> io::Result<Vec<Peer>> {
        match &mut self.place {
            #[cfg(target_os = "linux")]
            Place::Sockets(sockets) => sockets.peers(),
            Place::Files(files) => Ok(files.peers()),
        }
    }
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
