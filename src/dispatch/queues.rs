//! The tasks that are not in flight: each in one queue, by what has to happen before it leaves it.
//!
//! Knows the order within a queue. Which queue is served next is decided in `select`.

use std::collections::VecDeque;
use std::time::Instant;

use crate::dispatch::retry::RetryQueue;
use crate::dispatch::task::{Task, TaskId};
use crate::offer::OfferError;

/// Where the next request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Requeued,
    Retry,
    New,
    Canary,
}

/// A task with the error that becomes its outcome unless it succeeds after all.
pub(crate) type Held<R> = (Task<R>, OfferError);

/// Every task that is not in flight.
#[derive(Debug)]
pub(crate) struct Queues<R> {
    /// Never sent.
    pub(crate) new: VecDeque<Task<R>>,
    /// Put back by a throttle: first again as soon as that can teach something.
    pub(crate) requeued: VecDeque<Task<R>>,
    /// Wait for their backoff.
    pub(crate) retries: RetryQueue<Task<R>>,
    /// Out of attempts, but nothing shows that the service was up meanwhile.
    pub(crate) undecided: Vec<Held<R>>,
    /// Refused for themselves and out of attempts; they wait for one more success of another.
    pub(crate) judged: Vec<Held<R>>,
    /// The API says something about the account: held until it is clear whether every request gets that.
    pub(crate) suspects: Vec<Held<R>>,
    /// Failed for good.
    resolved: Vec<(R, OfferError)>,
    pushed: u64,
}

impl<R> Queues<R> {
    pub(crate) fn new() -> Self {
        let (new, requeued, retries) = (VecDeque::new(), VecDeque::new(), RetryQueue::new());
        let (undecided, judged, suspects, resolved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { new, requeued, retries, undecided, judged, suspects, resolved, pushed: 0 }
    }

    /// Takes in a request that was never sent.
    pub(crate) fn push(&mut self, request: R) {
        self.pushed += 1;
        self.new.push_back(Task::new(TaskId(self.pushed), request));
    }

    /// The same before all others.
    pub(crate) fn push_first(&mut self, request: R) {
        self.pushed += 1;
        self.new.push_front(Task::new(TaskId(self.pushed), request));
    }

    /// The task that [`Self::pop`] would give.
    pub(crate) fn peek(&self, source: Source) -> Option<&Task<R>> {
        match source {
            Source::Requeued => self.requeued.front(),
            Source::Retry => self.retries.peek(),
            Source::New => self.new.front(),
            Source::Canary => None,
        }
    }

    /// Takes the first task of a queue, due or not.
    pub(crate) fn pop(&mut self, source: Source) -> Option<Task<R>> {
        match source {
            Source::Requeued => self.requeued.pop_front(),
            Source::Retry => self.retries.pop(),
            Source::New => self.new.pop_front(),
            Source::Canary => None,
        }
    }

    /// How many tasks wait for what only the success of another can show.
    pub(crate) fn held(&self) -> usize {
        self.undecided.len() + self.judged.len() + self.suspects.len()
    }

    /// Makes an error the outcome of a request.
    pub(crate) fn resolve(&mut self, task: Task<R>, error: OfferError) {
        self.resolved.push((task.request, error));
    }

    /// Makes their errors the outcomes of all undecided tasks.
    pub(crate) fn resolve_undecided(&mut self) {
        self.resolved.extend(self.undecided.drain(..).map(|(task, error)| (task.request, error)));
    }

    /// A call sent at `sent_at` shows that the service was up after these failed: they are tried again.
    pub(crate) fn release_undecided(&mut self, sent_at: Instant, now: Instant) {
        for (task, _) in self.undecided.extract_if(.., |(task, _)| task.failed_before(sent_at)) {
            self.retries.push(task, now);
        }
    }

    /// Tries all undecided tasks again.
    pub(crate) fn retry_undecided(&mut self, now: Instant) {
        self.undecided.drain(..).for_each(|(task, _)| self.retries.push(task, now));
    }

    /// A call sent at `sent_at` succeeded, so these were refused while others succeeded before and after.
    pub(crate) fn resolve_judged(&mut self, sent_at: Instant) {
        let judged = self.judged.extract_if(.., |(task, _)| task.failed_before(sent_at));
        self.resolved.extend(judged.map(|(task, error)| (task.request, error)));
    }

    /// The requests that have failed for good since the last time.
    pub(crate) fn take_resolved(&mut self) -> impl Iterator<Item = (R, OfferError)> + '_ {
        self.resolved.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::offer::ErrorKind;

    fn error() -> OfferError {
        OfferError::local(ErrorKind::Timeout, "no answer")
    }

    fn task(request: &'static str, failed_at: Option<Instant>) -> Task<&'static str> {
        Task { failed_at, ..Task::new(TaskId(0), request) }
    }

    #[test]
    fn each_queue_gives_its_oldest_first_and_ids_differ() {
        let (mut queues, now) = (Queues::new(), Instant::now());
        queues.push("new 2");
        queues.push_first("new 1");
        queues.requeued.push_back(task("requeued", None));
        queues.retries.push(task("later", None), now + Duration::from_secs(2));
        queues.retries.push(task("sooner", None), now + Duration::from_secs(1));
        assert_ne!(queues.new[0].id, queues.new[1].id);
        for (source, expected) in [
            (Source::New, Some("new 1")),
            (Source::New, Some("new 2")),
            (Source::New, None),
            (Source::Requeued, Some("requeued")),
            (Source::Retry, Some("sooner")),
            (Source::Retry, Some("later")),
            (Source::Canary, None),
        ] {
            assert_eq!(queues.peek(source).map(|task| task.request), expected);
            assert_eq!(queues.pop(source).map(|task| task.request), expected);
        }
    }

    #[test]
    fn only_what_failed_before_the_successful_call_was_sent_is_released_or_resolved() {
        let (mut queues, start) = (Queues::new(), Instant::now());
        let sent_at = start + Duration::from_secs(5);
        for (request, failed_at) in [("before", start), ("after", sent_at + Duration::from_secs(1))] {
            queues.undecided.push((task(request, Some(failed_at)), error()));
            queues.judged.push((task(request, Some(failed_at)), error()));
        }
        queues.suspects.push((task("suspect", None), error()));
        assert_eq!(queues.held(), 5);
        queues.release_undecided(sent_at, sent_at);
        queues.resolve_judged(sent_at);
        assert_eq!(queues.retries.pop().map(|task| task.request), Some("before"));
        assert_eq!(queues.take_resolved().map(|(request, _)| request).collect::<Vec<_>>(), ["before"]);
        assert_eq!(queues.held(), 3);
        queues.resolve_undecided();
        assert_eq!(queues.take_resolved().map(|(request, _)| request).collect::<Vec<_>>(), ["after"]);
        assert!(queues.take_resolved().next().is_none());
    }
}
