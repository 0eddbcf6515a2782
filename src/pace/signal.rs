//! What the dispatcher says about an answer, as far as the pace is concerned.
//!
//! Values only: must not decide anything.

use std::time::Duration;

/// What an answer says about the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Any answer or failure that is not a throttle.
    Passed,
    /// No answer came in time, and none will: the call may have arrived, or arrive yet, or never.
    Lost,
    /// The network asks for a slower pace.
    Throttled {
        /// How long the network asks to wait, from now.
        retry_after: Option<Duration>,
    },
    /// A refusal that looks like a limiter's or a ban, but does not say so: a bare 403, a closed connection, a 500.
    Suspected {
        /// How long to wait at least, from now.
        silence: Option<Duration>,
    },
    /// A refusal of an offer that was refused before, and may be refused for itself: no reason for a cooldown.
    Unclear {
        /// Whether it may show a limiter that keeps calls apart.
        trial: Trial,
    },
    /// A throttle that says nothing about the pace, such as that of an offer which alone is always refused.
    Ignored,
}

/// When a refusal begins a trial: of a longer gap between calls, or of fewer of them at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// At once: the limiter says that it is one.
    AtOnce,
    /// Where there are signs of it, such as few calls that pass between refusals: it may be a ban, or a service that fails now and
    /// then.
    OnSigns,
    /// It may be the offer's own.
    Never,
}

impl Signal {
    /// Whether the network says how long to wait.
    pub(crate) fn asks_for_silence(self) -> bool {
        let (Self::Throttled { retry_after: asked } | Self::Suspected { silence: asked }) = self else { return false };
        asked.is_some_and(|asked| !asked.is_zero())
    }
}
