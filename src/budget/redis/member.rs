//! One run among those that share a budget: when it renews its lease, and what it may use, with Redis and without.
//!
//! Pure: the time is passed in, and so is what came of its requests. Sends nothing.
//!
//! A run holds places of the window. It takes more only when an answer grants them, and every request says what it may
//! have in use. So the places of all runs never add up to more than the limit, and lost answers, late answers and
//! requests that Redis runs long after they were given up change nothing about that.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::places::{Places, Slots};
use super::script::{INTERVAL, Reply, Request, SILENT, Verb};
use crate::budget::terms::{Lease, Terms};
use crate::settings::rate::Limit;

/// After so long without an answer the last one is out of date.
const LEASE: Duration = Duration::from_secs(4);

/// Between attempts while Redis is away; up to half of it is left to chance, so that hosts do not come back in step.
const RETRY: Duration = Duration::from_secs(1);

/// What there is to say about the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The first answer, or other runs have come or gone.
    Shared(Company),
    /// Redis knows nobody yet, so runs that it has forgotten get time to come back.
    Waiting,
    /// Redis has lost its memory, or was away for everyone: nobody gets more until all had time to come back.
    Settling,
    /// Another run was given a lower limit.
    Lower(Limit),
    /// No answer.
    Away {
        /// What happened.
        why: String,
        /// The run goes on at one of this many parts of the limit.
        parts: NonZeroU32,
    },
    /// It answers again.
    Back(Company),
}

/// Who shares the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Company {
    pub(crate) runs: u32,
    pub(crate) machines: u32,
}

/// A run's part in a shared budget.
#[derive(Debug)]
pub(crate) struct Member {
    limit: Limit,
    /// The runs on this machine divide the limit into this many parts at least, as far as they see each other.
    parts: NonZeroU32,
    places: Places,
    known: Option<Known>,
    contact: Contact,
    requests: Requests,
    lease_ends: Instant,
    /// What was said last of who is there.
    said: Option<Company>,
    random: fastrand::Rng,
}

/// Requests to Redis, one at a time.
#[derive(Debug)]
struct Requests {
    /// When the request left that has no answer yet.
    pending: Option<Instant>,
    /// The number of the last request.
    seq: u64,
    /// When the next one may leave.
    next: Instant,
}

/// What Redis said last.
#[derive(Clone, Copy, Debug)]
struct Known {
    limit: Limit,
    stride: NonZeroU32,
    /// This run's fair share is one part of this many. Unknown while others may still come back.
    share: Option<NonZeroU32>,
    is_settling: bool,
    slots: Slots,
}

/// Whether Redis answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contact {
    /// Nothing has come of the first request yet.
    Joining,
    Here,
    /// A request failed; the next may not.
    Doubtful,
    Away {
        since: Instant,
    },
}

impl Member {
    /// Asks for its first lease at once, and holds nothing until then.
    pub(crate) fn new(limit: Limit, seed: u64, now: Instant) -> Self {
        Self {
            limit,
            parts: NonZeroU32::MIN,
            places: Places::none(now),
            known: None,
            contact: Contact::Joining,
            requests: Requests { pending: None, seq: 0, next: now },
            lease_ends: now + LEASE,
            said: None,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// The runs of this machine that see each other divide the limit into this many parts.
    pub(crate) fn set_parts(&mut self, parts: NonZeroU32) {
        self.parts = parts;
    }

    /// Whether Redis is away.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self.contact, Contact::Away { .. })
    }

    /// When to look at this again, whatever happens.
    pub(crate) fn next(&self) -> Option<Instant> {
        let request = self.requests.pending.is_none().then_some(self.requests.next);
        let lease = (!self.is_away()).then_some(self.lease_ends);
        [request, lease].into_iter().flatten().min()
    }

    /// The request that is due, if one is. `counting` is the number of calls that may still count at the server.
    pub(crate) fn request(&mut self, counting: u32, now: Instant) -> Option<Request> {
        if self.requests.pending.is_some() || now < self.requests.next {
            return None;
        }
        self.requests.pending = Some(now);
        Some(self.say(Verb::Renew, self.allowed(now).max(counting)))
    }

    /// The last request of a run that sends no more calls; `None` where nobody waits for it.
    pub(crate) fn leave(&mut self, counting: u32) -> Option<Request> {
        let is_known = self.known.is_some() && !self.is_away();
        is_known.then(|| self.say(Verb::Leave, counting))
    }

    fn say(&mut self, verb: Verb, held: u32) -> Request {
        self.requests.seq += 1;
        Request { verb, seq: self.requests.seq, held, limit: self.limit }
    }

    /// What came of the request.
    pub(crate) fn answered(&mut self, answer: Result<Reply, String>, now: Instant) -> Option<Notice> {
        let sent = self.requests.pending.take()?;
        match answer {
            Ok(reply) => self.renewed(&reply, sent, now),
            Err(why) => self.failed(why, now),
        }
    }

    /// Whether nothing has been heard for too long by now.
    pub(crate) fn overdue(&mut self, now: Instant) -> Option<Notice> {
        (!self.is_away() && now >= self.lease_ends).then(|| self.lose("it does not answer".to_owned(), now))
    }

    fn renewed(&mut self, reply: &Reply, sent: Instant, now: Instant) -> Option<Notice> {
        if let Terms::Part(parts) = self.terms(now) {
            self.places = Places::fixed(self.calls_of(parts), now);
        }
        self.places.set(reply.granted, reply.target, reply.limit.window, now);
        self.lease_ends = sent + LEASE;
        self.requests.next = now.max(sent + INTERVAL);
        let company = Company { runs: reply.runs, machines: reply.machines };
        let is_settling = !reply.settling.is_zero();
        let before = self.known;
        let mut slots = before.map(|before| before.slots).unwrap_or_default();
        slots.note(reply.next_slot, sent, now);
        let share = if is_settling { before.and_then(|before| before.share) } else { Some(reply.share) };
        self.known = Some(Known { limit: reply.limit, stride: reply.stride, share, is_settling, slots });
        let contact = std::mem::replace(&mut self.contact, Contact::Here);
        if matches!(contact, Contact::Away { .. }) {
            self.said = Some(company);
            return Some(Notice::Back(company));
        }
        if reply.limit != self.limit && before.is_none_or(|before| before.limit != reply.limit) {
            return Some(Notice::Lower(reply.limit));
        }
        // Who is there is not known before all had time to come back.
        match before {
            None if is_settling => Some(Notice::Waiting),
            Some(before) if is_settling => (!before.is_settling).then_some(Notice::Settling),
            _ => (self.said.replace(company) != Some(company)).then_some(Notice::Shared(company)),
        }
    }

    fn failed(&mut self, why: String, now: Instant) -> Option<Notice> {
        let is_lost = now >= self.lease_ends || self.contact != Contact::Here;
        self.requests.next = if is_lost { now + RETRY.mul_f64(0.5 + self.random.f64() / 2.0) } else { now };
        if self.is_away() {
            return None;
        }
        if is_lost {
            return Some(self.lose(why, now));
        }
        self.contact = Contact::Doubtful;
        None
    }

    fn lose(&mut self, why: String, now: Instant) -> Notice {
        self.contact = Contact::Away { since: now };
        Notice::Away { why, parts: self.fallback() }
    }

    /// Without Redis: the last known share; half where none is known, and at most half. Runs on this machine divide it.
    fn fallback(&self) -> NonZeroU32 {
        let share = self.known.and_then(|known| known.share).unwrap_or(NonZeroU32::MIN);
        share.max(self.parts.saturating_mul(NonZeroU32::MIN.saturating_add(1)))
    }

    /// What the run may use now.
    pub(crate) fn terms(&self, now: Instant) -> Terms {
        let limit = self.known.map_or(self.limit, |known| known.limit);
        let places = self.places.at(now);
        if let Contact::Away { since } = self.contact {
            let fallback = self.fallback();
            // Others may still hold what this run had not got yet. By then they have come down to their own shares.
            let until = since + LEASE + SILENT + limit.window;
            let is_early = self.known.is_some_and(|known| known.share.is_some()) && now < until;
            if !is_early || places >= self.calls_of(fallback) {
                return Terms::Part(fallback);
            }
        }
        let stride = self.known.map_or(NonZeroU32::MIN, |known| known.stride);
        // Runs on this machine that do not use Redis have their part too.
        let most = if self.parts.get() > 1 { self.calls_of(self.parts) } else { u32::MAX };
        let slot = self.known.and_then(|known| known.slots.next()).filter(|_| stride >= self.parts);
        Terms::Lease(Lease { places: places.min(most), limit, stride: stride.max(self.parts), slot })
    }

    /// The most places that may be in use until the next answer.
    fn allowed(&self, now: Instant) -> u32 {
        match self.terms(now) {
            Terms::Part(parts) => self.calls_of(parts),
            Terms::Lease(_) => self.places.at(now),
        }
    }

    fn calls_of(&self, parts: NonZeroU32) -> u32 {
        let limit = self.known.map_or(self.limit, |known| known.limit);
        (limit.calls.get() / parts).max(1)
    }
}
