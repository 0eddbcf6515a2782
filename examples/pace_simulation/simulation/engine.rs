//! The loop of an export in virtual time: the real [`Dispatcher`] against a network that others call too.
//!
//! Nothing here decides anything about the pace. The same network gives the same run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use offerlinks::dispatch::{Call, Completion, Dispatcher, Failure, Next, Policy, Responder, Supply, Verdict};
use offerlinks::offer::{ErrorKind, OfferError};
use offerlinks::settings::rate::Rate;

/// What the export meets. Times count from the start of the run.
pub(crate) trait Network {
    /// One of our calls arrives.
    fn ours(&mut self, now: Duration) -> Reply;
    /// When the next call of somebody else arrives.
    fn next_theirs(&self) -> Option<Duration>;
    /// It arrives.
    fn theirs(&mut self, now: Duration);
    /// How long a call or an answer is on its way.
    fn way(&mut self) -> Duration;
    /// How late a timer is.
    fn late(&mut self) -> Duration;
}

/// What becomes of a call.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// `None` if it passes.
    pub(crate) refused: Option<Refusal>,
    /// From its arrival until the answer leaves.
    pub(crate) takes: Duration,
}

/// A call that does not pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) looks: Looks,
    pub(crate) retry_after: Option<Duration>,
}

/// What a refusal looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// 429 or 503.
    Throttle,
    /// A bare 403.
    Forbidden,
    /// A page with status 500.
    Broken,
    /// The connection is closed.
    Closed,
    /// A page with any other status.
    Page,
}

impl Looks {
    fn error(self) -> OfferError {
        let (kind, status) = match self {
            Self::Throttle => (ErrorKind::RateLimited, Some(503)),
            Self::Forbidden => (ErrorKind::InvalidResponse, Some(403)),
            Self::Broken => (ErrorKind::ServerError, Some(500)),
            Self::Closed => (ErrorKind::Network, None),
            Self::Page => (ErrorKind::InvalidResponse, Some(404)),
        };
        OfferError { kind, http_status: status, code: None, message: "no".into() }
    }
}

/// An export of `offers` offers, cut off after `within`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Export {
    pub(crate) rate: &'static str,
    pub(crate) offers: u64,
    pub(crate) within: Duration,
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    /// When calls of ours passed at the server.
    pub(crate) passes: Vec<Duration>,
    pub(crate) refusals: Vec<Duration>,
    /// Offers with links, and with error rows.
    pub(crate) exported: u64,
    pub(crate) errors: u64,
    /// When the last offer was finished, or the time was over.
    pub(crate) took: Duration,
    /// Why the run stopped early.
    pub(crate) stopped: Option<String>,
}

enum Event {
    Arrives(Call<u64>),
    IsAnswered(Call<u64>, Option<Refusal>),
}

/// Runs it.
pub(crate) fn export(export: Export, network: &mut impl Network) -> Story {
    let t0 = Instant::now();
    let policy = Policy {
        rate: export.rate.parse().unwrap_or(Rate::Unlimited),
        concurrency: 16,
        retries: 4,
        max_outage: 900 * SECOND,
        max_duration: None,
    };
    let mut run = Run {
        t0,
        now: Duration::ZERO,
        dispatcher: Dispatcher::new(policy, export.seed, t0),
        left: 1..=export.offers,
        events: BTreeMap::new(),
        story: Story::default(),
    };
    while run.now < export.within && run.story.exported + run.story.errors < export.offers {
        if let Err(stop) = run.step(network) {
            run.story.stopped = Some(stop);
            break;
        }
        run.story.took = run.now.min(export.within);
    }
    run.story
}

const SECOND: Duration = Duration::from_secs(1);

struct Run {
    t0: Instant,
    now: Duration,
    dispatcher: Dispatcher<u64>,
    left: std::ops::RangeInclusive<u64>,
    events: BTreeMap<(Duration, u64), Event>,
    story: Story,
}

impl Run {
    /// Sends what may leave, then goes on to whatever happens next.
    fn step(&mut self, network: &mut impl Network) -> Result<(), String> {
        let wake = self.send(network)?;
        self.take_resolved();
        let event = self.events.first_key_value().map(|(key, _)| key.0);
        let theirs = network.next_theirs();
        let next = [wake, event, theirs].into_iter().flatten().min().ok_or("nothing happens any more")?;
        self.now = self.now.max(next);
        if theirs == Some(next) {
            network.theirs(self.now);
        } else if event == Some(next) {
            self.happens(network)?;
        }
        Ok(())
    }

    fn send(&mut self, network: &mut impl Network) -> Result<Option<Duration>, String> {
        loop {
            while self.dispatcher.wants_requests()
                && let Some(offer) = self.left.next()
            {
                self.dispatcher.push(offer);
            }
            let supply = if self.left.is_empty() { Supply::Closed } else { Supply::Open };
            match self.dispatcher.next(self.t0 + self.now, supply).map_err(|stop| format!("{stop:?}"))? {
                Next::Send(call) => {
                    let key = (self.now + network.way(), self.dispatcher.counts(self.t0 + self.now).calls);
                    self.events.insert(key, Event::Arrives(call));
                }
                Next::Wait { until, .. } => return Ok(Some(until - self.t0 + network.late())),
                Next::Idle => return Ok(None),
            }
        }
    }

    fn happens(&mut self, network: &mut impl Network) -> Result<(), String> {
        match self.events.pop_first() {
            Some((key, Event::Arrives(call))) => {
                let reply = network.ours(self.now);
                let log = if reply.refused.is_none() { &mut self.story.passes } else { &mut self.story.refusals };
                log.push(self.now);
                let back = self.now + reply.takes + network.way();
                self.events.insert((back, key.1), Event::IsAnswered(call, reply.refused));
            }
            Some((_, Event::IsAnswered(call, refused))) => {
                let completion = refused.map_or(Completion::Success, |refusal| {
                    let responder =
                        if refusal.looks == Looks::Closed { Responder::HungUp } else { Responder::ForeignPage };
                    let Refusal { looks, retry_after } = refusal;
                    Completion::Failure(Failure { error: looks.error(), retry_after, responder, may_be_size: false })
                });
                let passed = matches!(completion, Completion::Success);
                let verdict = self.dispatcher.complete(call, completion, self.t0 + self.now);
                if let Verdict::Final(_) = verdict.map_err(|stop| format!("{stop:?}"))? {
                    *if passed { &mut self.story.exported } else { &mut self.story.errors } += 1;
                }
                self.take_resolved();
            }
            None => {}
        }
        Ok(())
    }

    fn take_resolved(&mut self) {
        self.story.errors += self.dispatcher.take_resolved().count() as u64;
    }
}
