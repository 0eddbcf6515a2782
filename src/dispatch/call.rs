//! A call in flight: its request, and what the call is for.
//!
//! Values only: must not decide anything.

use std::time::{Duration, Instant};

use crate::dispatch::chance::Gaps;
use crate::dispatch::decision::Responder;
use crate::dispatch::task::{Task, TaskId};
use crate::offer::OfferError;
use crate::pace::Permit;

/// A call that may be sent.
#[derive(Debug)]
pub struct Call<R> {
    pub(super) work: Work<R>,
    pub(super) permit: Permit,
    /// It left after twice the usual gap, and which that was.
    pub(super) apart: Option<Gaps>,
}

/// What a call is for.
#[derive(Debug)]
pub(crate) enum Work<R> {
    /// One of the request's attempts.
    Attempt(Task<R>),
    /// Finds out whether the service is back; costs the request no attempt.
    Probe(Task<R>),
    /// Repeats a request that succeeded before, to learn whether others fail because the service is gone.
    Canary(Canary<R>),
}

/// The last request that succeeded.
#[derive(Clone, Debug)]
pub(crate) struct Canary<R> {
    pub(crate) id: TaskId,
    pub(crate) request: R,
}

/// A call that is back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundTrip {
    /// The task whose request it carried.
    pub(crate) id: TaskId,
    pub(crate) permit: Permit,
    /// When its answer was read.
    pub(crate) back: Instant,
    /// It left after twice the usual gap, and which that was.
    pub(crate) apart: Option<Gaps>,
    /// Who seems to have answered.
    pub(crate) responder: Responder,
    /// The size of the request may be why it failed.
    pub(crate) may_be_size: bool,
}

impl RoundTrip {
    /// Limiters refuse at once.
    const AT_ONCE: Duration = Duration::from_secs(2);

    /// Whether the server itself failed the call, and at once, as limiters do.
    pub(crate) fn is_servers(&self, error: &OfferError) -> bool {
        let at_once = self.back.saturating_duration_since(self.permit.at) < Self::AT_ONCE;
        at_once && (error.http_status.is_some() || self.responder == Responder::HungUp)
    }
}

impl<R> Call<R> {
    /// What is asked for.
    pub fn request(&self) -> &R {
        match &self.work {
            Work::Attempt(task) | Work::Probe(task) => &task.request,
            Work::Canary(canary) => &canary.request,
        }
    }

    /// Whether it repeats a request that succeeded before: its answer is nobody's.
    pub fn is_canary(&self) -> bool {
        matches!(self.work, Work::Canary(_))
    }

    /// Whether the request was sent before.
    pub fn is_retry(&self) -> bool {
        match &self.work {
            Work::Attempt(task) | Work::Probe(task) => task.attempts > 0 || task.failed_at.is_some(),
            Work::Canary(_) => true,
        }
    }

    /// Asks for something else in its place, now and in every retry. To be called before it is sent.
    pub fn set_request(&mut self, request: R) {
        match &mut self.work {
            Work::Attempt(task) | Work::Probe(task) => task.request = request,
            Work::Canary(canary) => canary.request = request,
        }
    }

    pub(crate) fn id(&self) -> TaskId {
        match &self.work {
            Work::Attempt(task) | Work::Probe(task) => task.id,
            Work::Canary(canary) => canary.id,
        }
    }
}
