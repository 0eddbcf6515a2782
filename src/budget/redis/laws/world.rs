//! Hosts, a network's server and a Redis in virtual time. The hosts use the real pace and the real decisions.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::super::member::{Member, Notice};
use super::super::script::{Identity, Reply, Request};
use super::plan::{End, Fault, MS, Plan, SECOND};
use super::server::Server;
use crate::pace::{Pace, Permit, Signal};
use crate::settings::rate::Rate;

/// The client's patience with one request.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug)]
enum Event {
    Wake,
    Executes(Request, u64),
    Replies(u64, Option<Reply>, &'static str),
    Answers(Permit, Signal),
}

#[derive(Debug)]
struct Host {
    plan: Plan,
    who: Identity,
    member: Member,
    pace: Pace,
    asked: u64,
    said: Vec<(Duration, Notice)>,
    wakes: Instant,
    is_over: bool,
}

/// What the tests look at.
#[derive(Debug)]
struct Seen {
    /// When calls reached the network's server, and from which host.
    arrivals: Vec<(Duration, usize)>,
    /// What each host said, and when.
    said: Vec<Vec<(Duration, Notice)>>,
}

#[derive(Debug)]
pub(super) struct World {
    t0: Instant,
    server: Server,
    faults: Vec<Fault>,
    hosts: Vec<Option<Host>>,
    plans: Vec<Plan>,
    events: BinaryHeap<Reverse<(Instant, u64, usize)>>,
    bodies: Vec<Option<Event>>,
    random: fastrand::Rng,
    seen: Seen,
    forgot: usize,
}

impl World {
    pub(super) fn run(plans: &[Plan], faults: &[Fault], lasts: Duration, seed: u64) -> Self {
        let mut world = Self {
            t0: Instant::now() + 1000 * SECOND,
            server: Server::new(),
            faults: faults.to_vec(),
            hosts: plans.iter().map(|_| None).collect(),
            plans: plans.to_vec(),
            events: BinaryHeap::new(),
            bodies: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
            seen: Seen { arrivals: Vec::new(), said: plans.iter().map(|_| Vec::new()).collect() },
            forgot: 0,
        };
        for (n, plan) in plans.iter().enumerate() {
            world.push(world.t0 + plan.starts, n, Event::Wake);
        }
        while let Some(Reverse((now, number, host))) = world.events.pop() {
            if now > world.t0 + lasts {
                break;
            }
            let event = world.bodies[usize::try_from(number).unwrap()].take().unwrap();
            world.happens(event, host, now);
        }
        world.seen.arrivals.sort_unstable();
        world
    }

    fn push(&mut self, at: Instant, host: usize, event: Event) {
        self.bodies.push(Some(event));
        self.events.push(Reverse((at, self.bodies.len() as u64 - 1, host)));
    }

    fn between(&mut self, (low, high): (Duration, Duration)) -> Duration {
        low + high.saturating_sub(low).mul_f64(self.random.f64())
    }

    fn happens(&mut self, event: Event, n: usize, now: Instant) {
        let at = now - self.t0;
        if let Event::Executes(request, asked) = event {
            return self.executes(request, asked, n, now);
        }
        if self.hosts[n].is_none() {
            let plan = self.plans[n].clone();
            let seed = self.random.u64(..);
            self.hosts[n] = Some(Host {
                who: Identity { id: format!("host{n}"), machine: plan.machine.to_owned() },
                member: Member::new(plan.limit, seed, now),
                pace: Pace::new(Rate::Limited(plan.limit), now),
                plan,
                asked: 0,
                said: Vec::new(),
                wakes: now,
                is_over: false,
            });
        }
        let Some(mut host) = self.hosts[n].take() else { return };
        match event {
            Event::Replies(asked, reply, why) if asked == host.asked && !host.is_over => {
                let notice = host.member.answered(reply.ok_or_else(|| why.to_owned()), now);
                host.said.extend(notice.map(|notice| (at, notice)));
            }
            Event::Answers(permit, signal) => host.pace.answered(permit, now, signal),
            _ => {}
        }
        match host.plan.ends {
            Some(End::Killed(ends)) if at >= ends => host.is_over = true,
            Some(End::Leaves(ends)) if at >= ends && !host.is_over => {
                host.is_over = true;
                let counting = host.pace.counting(now);
                if let Some(request) = host.member.leave(counting) {
                    self.push(now + host.plan.redis.0, n, Event::Executes(request, 0));
                }
            }
            _ => {}
        }
        if !host.is_over {
            self.turn(&mut host, n, now);
        }
        self.seen.said[n].clone_from(&host.said);
        self.hosts[n] = Some(host);
    }

    /// One turn of a run's loop.
    fn turn(&mut self, host: &mut Host, n: usize, now: Instant) {
        let at = now - self.t0;
        let notice = host.member.overdue(now);
        host.said.extend(notice.map(|notice| (at, notice)));
        let counting = host.pace.counting(now);
        if let Some(request) = host.member.request(counting, now) {
            host.asked += 1;
            let way = self.between(host.plan.redis);
            self.push(now + way, n, Event::Executes(request, host.asked));
            self.push(now + PATIENCE, n, Event::Replies(host.asked, None, "timed out"));
        }
        host.pace.set_terms(host.member.terms(now), now);
        let wake = loop {
            match host.pace.poll(now) {
                Ok(()) => {
                    let permit = host.pace.send(now);
                    let there = self.between(host.plan.latency);
                    let back = self.between(host.plan.latency);
                    let mut arrives = at + there;
                    for fault in &self.faults {
                        if let Fault::Stall(from, to) = *fault
                            && (from..to).contains(&arrives)
                        {
                            arrives = to;
                        }
                    }
                    self.seen.arrivals.push((arrives, n));
                    let answered = self.t0 + arrives + back;
                    let (answered, signal) = if answered > now + 60 * SECOND {
                        (now + 60 * SECOND, Signal::Lost)
                    } else {
                        (answered, Signal::Passed)
                    };
                    self.push(answered, n, Event::Answers(permit, signal));
                }
                Err(wait) => break wait.until,
            }
        };
        let wake = host.member.next().map_or(wake, |next| next.min(wake)).max(now + Duration::from_micros(100));
        if host.wakes <= now || wake < host.wakes {
            host.wakes = wake;
            self.push(wake, n, Event::Wake);
        }
    }

    fn executes(&mut self, request: Request, asked: u64, n: usize, now: Instant) {
        let at = now - self.t0;
        let Some(host) = &self.hosts[n] else { return };
        let (who, redis) = (host.who.clone(), host.plan.redis);
        let mut time = 1_800_000_000 + i64::try_from(at.as_secs()).unwrap();
        let mut slow = Duration::ZERO;
        let mut forgotten = 0;
        for fault in self.faults.clone() {
            match fault {
                Fault::Down(from, to) if (from..to).contains(&at) => {
                    return self.push(now, n, Event::Replies(asked, None, "connection refused"));
                }
                Fault::Down(_, to) if at >= to => forgotten += 1,
                Fault::Stopped(from, to) if (from..to).contains(&at) => {
                    let soon = self.random.u32(0..50) * MS;
                    return self.push(self.t0 + to + soon, n, Event::Executes(request, asked));
                }
                Fault::Flushed(from) if at >= from => forgotten += 1,
                Fault::ClockSet(from, seconds) if at >= from => time += seconds,
                Fault::Slow(from, to, by) if (from..to).contains(&at) => slow = by,
                _ => {}
            }
        }
        if forgotten > self.forgot {
            self.forgot = forgotten;
            self.server.forget();
        }
        let time = Duration::new(u64::try_from(time).unwrap(), at.subsec_nanos());
        let reply = self.server.run(&who, request, time);
        let back = self.between(redis) + slow;
        self.push(now + back, n, Event::Replies(asked, reply, "out of date"));
    }

    /// The most arrivals in any window.
    pub(super) fn most(&self, window: Duration) -> usize {
        let mut first = 0;
        let ends = self.seen.arrivals.iter().enumerate().map(|(last, (arrival, _))| {
            while self.seen.arrivals[first].0 + window <= *arrival {
                first += 1;
            }
            last + 1 - first
        });
        ends.max().unwrap_or(0)
    }

    /// Calls of a host, or of all, that arrived in this time.
    pub(super) fn calls(&self, host: Option<usize>, from: Duration, to: Duration) -> usize {
        let is_one = |(at, n): &&(Duration, usize)| (from..to).contains(at) && host.is_none_or(|host| host == *n);
        self.seen.arrivals.iter().filter(is_one).count()
    }

    /// The longest time without an arrival, of a host.
    pub(super) fn longest_pause(&self, host: usize, from: Duration, to: Duration) -> Duration {
        let own = self.seen.arrivals.iter().filter(|(at, n)| *n == host && (from..to).contains(at)).map(|(at, _)| *at);
        let times: Vec<Duration> = std::iter::once(from).chain(own).chain(std::iter::once(to)).collect();
        times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or_default()
    }

    pub(super) fn said(&self, host: usize) -> &[(Duration, Notice)] {
        &self.seen.said[host]
    }

    pub(super) fn records(&self) -> usize {
        self.server.records()
    }
}
