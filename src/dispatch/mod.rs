//! Which request leaves next, and what its answer means.
//!
//! Pure state machines: time is passed in; they never sleep, send or write, and must not know what a request asks for.
//! [`Dispatcher`] joins them.

mod admission;
mod breaker;
mod call;
mod chance;
mod complete;
mod crowding;
mod decision;
mod dispatcher;
mod gateway;
mod health;
mod judgement;
#[cfg(test)]
mod laws;
mod meaning;
mod patience;
mod policy;
mod queues;
mod refused;
mod retry;
mod select;
mod stats;
mod stop;
mod task;

pub use self::call::Call;
pub use self::decision::{Completion, Failure, Next, Responder, Supply, Verdict, Waiting};
pub use self::dispatcher::Dispatcher;
pub use self::policy::Policy;
pub use self::stats::Counts;
pub use self::stop::StopReason;
