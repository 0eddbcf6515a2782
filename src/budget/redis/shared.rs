//! A run's part in a budget on a server: the decisions and the connection, joined.

use std::fmt;
use std::num::NonZeroU32;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::address::Address;
use super::identity;
use super::link::{Answer, Link};
use super::member::{Company, Member, Notice};
use super::script::{Request, Verb};
use crate::budget::terms::Terms;
use crate::settings::rate::Limit;

/// A run that is done waits no longer for its goodbye to be taken.
const GOODBYE: Duration = Duration::from_millis(300);

/// The same for one that only asks.
const LOOK: Duration = Duration::from_secs(7);

/// What a run does with a budget that it shares.
#[derive(Debug)]
pub(crate) struct Shared {
    address: String,
    member: Member,
    link: Link,
    answer: Option<Answer>,
    outages: Outages,
}

/// How often the budget was away, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outages {
    pub(crate) times: u64,
    pub(crate) lasted: Duration,
    since: Option<Instant>,
}

/// Something to say, with the address of the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    address: String,
    limit: Limit,
    notice: Notice,
}

/// What `check` wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) address: String,
    pub(crate) company: Company,
    /// The server's clock when it answered, since 1970.
    pub(crate) server_time: Duration,
    pub(crate) took: Duration,
}

impl Shared {
    /// Joins the runs that call `server`. Sends nothing yet.
    pub(crate) fn join(address: &Address, server: &str, limit: Limit, now: Instant) -> Self {
        Self {
            address: address.to_string(),
            member: Member::new(limit, fastrand::u64(..), now),
            link: Link::new(address, key(server), identity::of_run()),
            answer: None,
            outages: Outages::default(),
        }
    }

    /// Takes in what came, and asks for what is due. `counting` is the number of calls that may still count at the
    /// network's server, `parts` how the runs on this machine divide the limit.
    pub(crate) fn update(&mut self, counting: u32, parts: NonZeroU32, limit: Limit, now: Instant) -> Vec<Said> {
        self.member.set_parts(parts);
        let answer = self.answer.take().or_else(|| self.link.take_answer());
        let came = answer.and_then(|answer| self.member.answered(answer, now));
        let notices: Vec<Notice> = came.into_iter().chain(self.member.overdue(now)).collect();
        if let Some(request) = self.member.request(counting, now) {
            self.link.send(request);
        }
        for notice in &notices {
            self.outages.note(notice, now);
        }
        let said = |notice| Said { address: self.address.clone(), limit, notice };
        notices.into_iter().map(said).collect()
    }

    /// What the run may use now.
    pub(crate) fn terms(&self, now: Instant) -> Terms {
        self.member.terms(now)
    }

    /// When to update, whatever happens.
    pub(crate) fn next_update(&self) -> Option<Instant> {
        self.member.next()
    }

    /// Whether there is an answer to take in.
    pub(crate) fn poll_answered(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.answer.is_none() {
            self.answer = Some(ready!(self.link.poll_answer(context)));
        }
        Poll::Ready(())
    }

    /// How often it was away so far.
    pub(crate) fn outages(&self, now: Instant) -> Outages {
        self.outages.until(now)
    }

    /// Gives back what the run holds: for the others, it is as if its last call had just been sent.
    pub(crate) async fn leave(mut self, counting: u32) {
        if let Some(request) = self.member.leave(counting) {
            self.link.send(request);
            // Whoever does not hear of it will notice within seconds.
            let _ = tokio::time::timeout(GOODBYE, self.link.close()).await;
        }
    }
}

/// Asks who shares the budget, without taking part.
///
/// # Errors
/// Why there is no answer, in words for people.
pub(crate) async fn look(address: &Address, server: &str, limit: Limit) -> Result<Look, String> {
    let mut link = Link::new(address, key(server), identity::of_run());
    link.send(Request { verb: Verb::Look, seq: 0, held: 0, limit });
    let first = tokio::time::timeout(LOOK, link.answer()).await;
    first.unwrap_or_else(|_| Err("no answer".to_owned()))?;
    // The second one need not connect, so that its time is the way there and back.
    let asked = Instant::now();
    link.send(Request { verb: Verb::Look, seq: 0, held: 0, limit });
    let answer = tokio::time::timeout(LOOK, link.answer()).await;
    let reply = answer.unwrap_or_else(|_| Err("no answer".to_owned()))?;
    let company = Company { runs: reply.runs, machines: reply.machines };
    Ok(Look { address: address.to_string(), company, server_time: reply.server_time, took: asked.elapsed() })
}

/// One for each network. The number is that of what it holds.
fn key(server: &str) -> String {
    format!("offerlinks:budget:1:{server}")
}

impl Outages {
    /// Whether it is away now.
    pub(crate) fn is_open(self) -> bool {
        self.since.is_some()
    }

    /// Both together: lanes wait side by side.
    pub(crate) fn and(self, other: Self) -> Self {
        let since = self.since.or(other.since);
        Self { times: self.times + other.times, lasted: self.lasted.max(other.lasted), since }
    }

    fn note(&mut self, notice: &Notice, now: Instant) {
        match notice {
            Notice::Away { .. } => {
                self.times += 1;
                self.since = Some(now);
            }
            Notice::Back(_) => *self = Self { since: None, ..self.until(now) },
            _ => {}
        }
    }

    fn until(self, now: Instant) -> Self {
        let open = self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        Self { lasted: self.lasted + open, since: self.since.map(|_| now), ..self }
    }
}

impl Said {
    /// Whether even the quiet want to hear of it: the limit is not shared as it should be.
    pub(crate) fn is_grave(&self) -> bool {
        matches!(self.notice, Notice::Away { .. } | Notice::Lower(_))
    }
}

impl Said {
    /// For programs; a promise.
    pub(crate) const fn state(&self) -> &'static str {
        match self.notice {
            Notice::Shared(_) => "shared",
            Notice::Waiting | Notice::Settling => "settling",
            Notice::Lower(_) => "lower_rate",
            Notice::Away { .. } => "away",
            Notice::Back(_) => "back",
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, limit, notice } = self;
        match notice {
            Notice::Shared(company) => write!(f, "the limit is shared through {address}: {company}"),
            Notice::Waiting => {
                write!(f, "{address} knows no run yet: waiting a few seconds for those it may have forgotten")
            }
            Notice::Settling => write!(
                f,
                "{address} has lost what it knew (a restart, FLUSHALL, eviction) or stood still: every run keeps what it \
                 has for a few seconds"
            ),
            Notice::Lower(lower) => write!(
                f,
                "warning: another run that shares {address} was given --rate {lower}; this one, with {limit}, keeps to \
                 that too"
            ),
            Notice::Away { why, parts } => write!(
                f,
                "warning: the budget {address} is away ({why}); going on at 1/{parts} of the limit until it is back"
            ),
            Notice::Back(company) => write!(f, "the budget {address} is back: {company}"),
        }
    }
}

impl fmt::Display for Company {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = if self.runs == 1 { "run" } else { "runs" };
        let hosts = if self.machines == 1 { "host" } else { "hosts" };
        write!(f, "{} {runs} on {} {hosts}", self.runs, self.machines)
    }
}
