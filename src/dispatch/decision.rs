//! What the loop asks the dispatcher, and the answers.
//!
//! Values only: they are made in `select` and `complete`.

use std::time::{Duration, Instant};

use crate::dispatch::call::Call;
use crate::offer::OfferError;

/// Whether more requests may be pushed before anything else is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// More may come.
    Open,
    /// None: the input is at its end, or there is no room for more.
    Closed,
}

/// What the loop is to do.
#[derive(Debug)]
pub enum Next<R> {
    /// Send this call now.
    Send(Call<R>),
    /// Do nothing before this time, unless an answer comes first.
    Wait {
        /// When to ask again.
        until: Instant,
        /// Why, for the user.
        why: Waiting,
    },
    /// Nothing to send until an answer or a new request comes.
    Idle,
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The pace allows no call yet.
    Pace,
    /// The network has throttled the run.
    Frozen,
    /// The network refuses every call without a reason: it may be a ban that ends by itself.
    Ban,
    /// The service is gone; the next probe is due then.
    Outage,
    /// Only retries are left, and none is due.
    Retry,
    /// A refused key is confirmed by a second call.
    Confirm,
}

/// How a call ended, as far as later calls are concerned. The answer itself stays with the loop.
#[derive(Debug)]
pub enum Completion {
    /// The network answered with what was asked for.
    Success,
    /// It did not.
    Failure(Failure),
}

/// A call that failed.
#[derive(Debug)]
pub struct Failure {
    /// Its kind decides what follows; kept while the request is undecided.
    pub error: OfferError,
    /// How long the network asks to wait.
    pub retry_after: Option<Duration>,
    /// Who seems to have answered.
    pub responder: Responder,
    /// The request asks for many things at once, and its size may be why.
    pub may_be_size: bool,
}

/// Who seems to have sent an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Responder {
    /// The API, something in front of it, or nobody.
    Usual,
    /// A host or a gateway that is not the API: an HTML page.
    ForeignPage,
    /// A server that took the call and closed the connection in the place of an answer.
    HungUp,
    /// A host that sends the caller to another one.
    Elsewhere,
}

/// What the end of a call means for its request.
#[derive(Debug)]
#[must_use]
pub enum Verdict<R> {
    /// What came is the outcome of this request.
    Final(R),
    /// No outcome: the request is asked again or held back, or the call was only a canary.
    Pending,
}
