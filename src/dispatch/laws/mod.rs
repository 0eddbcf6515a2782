//! What must hold for every run, whatever the network does: each row gets one outcome, or the run stops and says why.
//!
//! Virtual time: [`drive`] is the loop of `export` with a function for a network. It checks at every step that rows
//! leave in input order with one outcome each, that nothing deadlocks or spins, that no more calls are in flight than
//! allowed (one before the first pass), and that none leaves during a freeze.

mod account;
mod adversary;
mod bad_offers;
mod drive;
mod limiters;
mod outages;
mod reply;

use std::time::Duration;

use self::reply::Reply;
use crate::dispatch::Responder;
use crate::offer::ErrorKind;

const SECOND: Duration = Duration::from_secs(1);

fn offers(count: u64) -> Vec<u64> {
    (1..=count).collect()
}

/// How the service is down.
#[derive(Clone, Copy, Debug)]
enum Down {
    Gateway,
    Hang,
    Throttle,
    Html,
}

impl Down {
    fn reply(self) -> Reply {
        match self {
            Self::Gateway => Reply::failing(),
            Self::Hang => Reply::hanging(),
            Self::Throttle => Reply::throttled(),
            Self::Html => Reply::bad(ErrorKind::InvalidResponse, 200).by(Responder::ForeignPage),
        }
    }
}

/// How long this many offers take where nothing goes wrong.
fn calm(count: u64) -> Duration {
    Duration::from_millis(202 * count + 1000)
}
