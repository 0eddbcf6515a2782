//! The loop of `export` in virtual time, against a network that is a function. Checks what holds for every run.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use super::reply::{LATENCY, Reply};
use crate::dispatch::{Call, Completion, Dispatcher, Failure, Next, Policy, StopReason, Supply, Verdict};
use crate::offer::{ErrorKind, OfferId, Outcome};
use crate::reorder::buffer::{Admitted, ReorderBuffer};
use crate::settings::rate::Rate;

/// A call as the network sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) offer: u64,
    /// 1 for the offer's first call.
    pub(crate) nth: u32,
    /// When it arrives, from the start of the run.
    pub(crate) at: Duration,
}

/// A call that left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) offer: u64,
    pub(crate) left: Duration,
    pub(crate) back: Duration,
    /// Whether the breaker was open.
    pub(crate) probe: bool,
    pub(crate) passed: bool,
}

/// What became of a run.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// `None` if every row was written.
    pub(crate) stop: Option<StopReason>,
    pub(crate) took: Duration,
    /// Calls that the run counts as refused for the limit.
    pub(crate) throttled: u64,
    /// And as retries.
    pub(crate) retries: u64,
    pub(crate) sent: Vec<Sent>,
    /// The rows in the order in which they were written.
    pub(crate) written: Vec<(u64, Option<ErrorKind>)>,
}

impl Story {
    pub(crate) fn errors(&self) -> Vec<(u64, ErrorKind)> {
        self.written.iter().filter_map(|(offer, kind)| kind.map(|kind| (*offer, kind))).collect()
    }

    pub(crate) fn calls_for(&self, offer: u64) -> usize {
        self.sent.iter().filter(|sent| sent.offer == offer).count()
    }

    /// Ended with every row written.
    pub(crate) fn complete(&self) -> &Self {
        assert_eq!(self.stop, None, "after {:?} and {} calls", self.took, self.sent.len());
        self
    }
}

pub(crate) fn policy() -> Policy {
    Policy {
        rate: "50/10s".parse::<Rate>().unwrap(),
        concurrency: 16,
        retries: 4,
        max_outage: Duration::from_secs(900),
        max_duration: None,
    }
}

/// Runs `offers` through a network.
pub(crate) fn run(offers: &[u64], policy: Policy, network: impl FnMut(Asked) -> Reply) -> Story {
    run_prepared(offers, policy, network, 7, |_| {})
}

/// The same with other delays.
pub(crate) fn run_seeded(offers: &[u64], policy: Policy, seed: u64, network: impl FnMut(Asked) -> Reply) -> Story {
    run_prepared(offers, policy, network, seed, |_| {})
}

/// The same as `--retry-failed` does it.
pub(crate) fn run_again(offers: &[u64], policy: Policy, network: impl FnMut(Asked) -> Reply) -> Story {
    run_prepared(offers, policy, network, 7, Dispatcher::expect_failures)
}

/// The same as a run that goes on with another.
pub(crate) fn run_resumed(offers: &[u64], policy: Policy, network: impl FnMut(Asked) -> Reply) -> Story {
    run_prepared(offers, policy, network, 7, Dispatcher::trust_host)
}

fn run_prepared(
    offers: &[u64],
    policy: Policy,
    network: impl FnMut(Asked) -> Reply,
    seed: u64,
    prepare: impl FnOnce(&mut Dispatcher<OfferId>),
) -> Story {
    let start = Instant::now();
    let mut schedule = Dispatcher::new(policy, seed, start);
    prepare(&mut schedule);
    let mut drive = Drive {
        start,
        now: start,
        offers,
        next_row: 0,
        schedule,
        window: ReorderBuffer::new(),
        policy,
        network,
        open: HashSet::new(),
        in_flight: HashMap::new(),
        due: BTreeSet::new(),
        asked: HashMap::new(),
        story: Story::default(),
    };
    let stop = drive.run();
    drive.story.stop = stop;
    drive.story.took = drive.now - start;
    let counts = drive.schedule.counts(drive.now);
    (drive.story.throttled, drive.story.retries) = (counts.throttled, counts.retries);
    let expected: Vec<u64> = drive.story.written.iter().map(|(offer, _)| *offer).collect();
    assert!(offers.starts_with(&expected), "rows leave in input order");
    assert!(drive.story.stop.is_some() || expected.len() == offers.len(), "no row is lost");
    drive.story
}

struct Drive<'a, N> {
    start: Instant,
    now: Instant,
    offers: &'a [u64],
    next_row: usize,
    schedule: Dispatcher<OfferId>,
    window: ReorderBuffer<u64>,
    policy: Policy,
    network: N,
    /// Asked for, without an outcome.
    open: HashSet<OfferId>,
    in_flight: HashMap<usize, (Call<OfferId>, Reply)>,
    due: BTreeSet<(Instant, usize)>,
    asked: HashMap<u64, u32>,
    story: Story,
}

impl<N: FnMut(Asked) -> Reply> Drive<'_, N> {
    /// The same steps as in `export`.
    fn run(&mut self) -> Option<StopReason> {
        for _ in 0..2_000_000 {
            self.read();
            let sent = self.send();
            let wrote = self.write();
            if self.next_row == self.offers.len() && self.window.is_empty() {
                return None;
            }
            let until = match sent {
                Ok(until) => until,
                Err(stop) => return Some(stop),
            };
            if wrote {
                continue;
            }
            let answer = self.due.first().map(|(at, _)| *at);
            let wake = [until, self.schedule.ends_at(), answer].into_iter().flatten().min();
            let wake = wake.expect("nothing in flight, nothing to wait for, and rows left: a deadlock");
            assert!(wake > self.now || answer == Some(wake), "waits for the past: a busy loop");
            self.now = wake;
            if answer == Some(wake)
                && let Err(stop) = self.answer()
            {
                return Some(stop);
            }
        }
        panic!("no end after {:?}", self.now - self.start);
    }

    fn read(&mut self) {
        while let Some(offer) = self.offers.get(self.next_row).filter(|_| self.window.has_room()) {
            self.next_row += 1;
            let id = OfferId::parse(&offer.to_string()).unwrap();
            if self.window.admit(*offer, 8, id) == Admitted::Asks {
                assert!(self.open.insert(id), "asked for twice at a time: {offer}");
                self.schedule.push(id);
            }
        }
    }

    fn send(&mut self) -> Result<Option<Instant>, StopReason> {
        let more = self.window.has_room() && self.next_row < self.offers.len();
        let supply = if more { Supply::Open } else { Supply::Closed };
        let until = loop {
            match self.schedule.next(self.now, supply)? {
                Next::Send(call) => self.depart(call),
                Next::Wait { until, .. } => {
                    assert!(until > self.now, "waits for the past");
                    break Some(until);
                }
                Next::Idle => break None,
            }
        };
        self.take_resolved();
        Ok(until)
    }

    fn depart(&mut self, call: Call<OfferId>) {
        let offer: u64 = call.request().as_str().parse().unwrap();
        let left = self.now - self.start;
        let nth = self.asked.entry(offer).and_modify(|n| *n += 1).or_insert(1);
        let reply = (self.network)(Asked { offer, nth: *nth, at: left + LATENCY / 2 });
        let back = self.now + LATENCY / 2 + reply.after;
        let number = self.story.sent.len();
        let probe = self.schedule.breaker.is_open();
        let passed = reply.outcome.is_ok();
        self.story.sent.push(Sent { offer, left, back: back - self.start, probe, passed });
        self.due.insert((back, number));
        self.in_flight.insert(number, (call, reply));
        assert_eq!(self.in_flight.len(), self.schedule.in_flight());
        let most = if self.schedule.admission.is_open() && !probe { self.policy.concurrency } else { 1 };
        assert!(self.in_flight.len() <= most, "{} calls in flight", self.in_flight.len());
        assert!(self.now >= self.schedule.health.frozen_until, "a call while frozen");
    }

    fn answer(&mut self) -> Result<(), StopReason> {
        let (_, number) = self.due.pop_first().unwrap();
        let (call, Reply { outcome, retry_after, responder, may_be_size, .. }) =
            self.in_flight.remove(&number).unwrap();
        let completion = outcome.as_ref().map_or_else(
            |error| Completion::Failure(Failure { error: error.clone(), retry_after, responder, may_be_size }),
            |_| Completion::Success,
        );
        let completed = self.schedule.complete(call, completion, self.now);
        self.take_resolved();
        if let Verdict::Final(offer) = completed? {
            self.finish(offer, outcome);
        }
        Ok(())
    }

    fn take_resolved(&mut self) {
        for (offer, error) in self.schedule.take_resolved().collect::<Vec<_>>() {
            self.finish(offer, Err(error));
        }
    }

    fn finish(&mut self, offer: OfferId, outcome: Outcome) {
        assert!(self.open.remove(&offer), "a second outcome for {offer}");
        self.window.finish(offer, outcome);
    }

    fn write(&mut self) -> bool {
        let before = self.story.written.len();
        while let Some((offer, slot)) = self.window.pop() {
            let slot = slot.unwrap();
            let outcome = slot.outcome().unwrap();
            self.story.written.push((offer, outcome.as_ref().err().map(|error| error.kind)));
        }
        self.story.written.len() > before
    }
}
