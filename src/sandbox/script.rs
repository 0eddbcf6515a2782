//! Answers that a test defines.

use std::fmt;
use std::sync::Arc;

use crate::sandbox::reply::Reply;

/// A test's own answers: called for each call that passes the gates; `None` leaves the answer to the sandbox.
#[derive(Clone)]
pub struct Script(Arc<Answering>);

type Answering = dyn Fn(&Asked<'_>) -> Option<Reply> + Send + Sync;

impl Script {
    /// Wraps the function; it must not block, since all calls are answered on one thread.
    pub fn new(answer: impl Fn(&Asked<'_>) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    /// Its answer to a call.
    pub(super) fn answer(&self, asked: &Asked<'_>) -> Option<Reply> {
        (self.0)(asked)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

/// A call as a [`Script`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Path and query.
    pub path: &'a str,
    /// The offer of a call for tracking links; `None` for every other kind of call.
    pub offer: Option<&'a str>,
    /// 1 for the first call with this path and query.
    pub nth: u32,
    /// 1 for the first call of all; only those that passed the gates are counted.
    pub overall: u64,
}
