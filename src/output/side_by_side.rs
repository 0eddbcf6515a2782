//! Two pieces of work on two threads, where the system gives a second one.
//!
//! Knows nothing of the work.

use std::thread::{Builder, scope};

/// Does both, and waits for both. Where no thread can be started, one after the other.
pub(crate) fn side_by_side<A, B: Send>(first: impl FnOnce() -> A, second: impl Fn() -> B + Sync) -> (A, B) {
    scope(|scope| {
        let started = Builder::new().spawn_scoped(scope, &second);
        let first = first();
        let second = started.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(&second);
        (first, second)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done_at_once() {
        let barrier = std::sync::Barrier::new(2);
        assert_eq!(side_by_side(|| (barrier.wait(), 1).1, || (barrier.wait(), 2).1), (1, 2));
    }
}
