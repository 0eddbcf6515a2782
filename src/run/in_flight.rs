//! The calls in flight, each in a box that the next call uses again.
//!
//! A call's future takes kilobytes, more than an allocator hands out quickly. Knows nothing of what a call is.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};

/// Futures of one kind that run side by side.
pub(crate) struct InFlight<F> {
    running: FuturesUnordered<Running<F>>,
    boxes: Vec<Pin<Box<F>>>,
}

/// A future that gives its box back.
struct Running<F>(Option<Pin<Box<F>>>);

impl<F: Future> Future for Running<F> {
    type Output = Option<(F::Output, Pin<Box<F>>)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.0 else { return Poll::Ready(None) };
        let output = std::task::ready!(future.as_mut().poll(context));
        Poll::Ready(self.0.take().map(|future| (output, future)))
    }
}

impl<F: Future> InFlight<F> {
    pub(crate) fn new() -> Self {
        Self { running: FuturesUnordered::new(), boxes: Vec::new() }
    }

    pub(crate) fn push(&mut self, future: F) {
        let boxed = match self.boxes.pop() {
            Some(mut boxed) => {
                boxed.set(future);
                boxed
            }
            None => Box::pin(future),
        };
        self.running.push(Running(Some(boxed)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Waits for the next one that ends; `None` when none is running.
    pub(crate) async fn next(&mut self) -> Option<F::Output> {
        let (output, boxed) = self.running.next().await??;
        self.boxes.push(boxed);
        Some(output)
    }

    /// One that has ended already.
    pub(crate) fn next_now(&mut self) -> Option<F::Output> {
        self.next().now_or_never()?
    }
}

impl<F> fmt::Debug for InFlight<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InFlight({})", self.running.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_future_ends_once_and_its_box_is_used_again() {
        let mut in_flight = InFlight::new();
        let later = |n: u32| async move {
            tokio::task::yield_now().await;
            n
        };
        let mut ended = Vec::new();
        for round in 0..3 {
            for n in 0..5 {
                in_flight.push(later(5 * round + n));
            }
            assert_eq!(in_flight.boxes.len(), 0, "round {round}");
            ended.extend(in_flight.next().await);
            while let Some(n) = in_flight.next_now() {
                ended.push(n);
            }
            while let Some(n) = in_flight.next().await {
                ended.push(n);
            }
            assert!(in_flight.is_empty());
            assert_eq!(in_flight.boxes.len(), 5);
        }
        ended.sort_unstable();
        assert_eq!(ended, (0..15).collect::<Vec<_>>());
    }
}
