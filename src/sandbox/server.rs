//! Joins gates, limit, offers and faults: one call in, one ending out.
//!
//! The only place of the sandbox that knows the time; no lock is ever held across a wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::Response;

use crate::sandbox::call_log::{Call, Log};
use crate::sandbox::gate::{self, Gates, Target};
use crate::sandbox::limit::{Limiter, Verdict};
use crate::sandbox::offers::{self, Kind};
use crate::sandbox::options::{EMAIL, Options, OutageKind};
use crate::sandbox::others::Tally;
use crate::sandbox::random::Random;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::reply::{Ending, Whole, pause};
use crate::sandbox::script::Asked;
use crate::sandbox::wire::{Fuse, Listener};

/// Chooses the latencies, the same in every run.
const LATENCY_SEED: u64 = 16;

/// What all calls share.
#[derive(Debug)]
pub(crate) struct State {
    pub(super) options: Options,
    gates: Gates,
    start: Instant,
    limiter: Option<Mutex<Limiter>>,
    latency: Mutex<Random>,
    counts: Mutex<Counts>,
    calls: Mutex<Vec<Call>>,
}

/// How often each path was requested; only counted where it is needed.
#[derive(Debug, Default)]
struct Counts {
    overall: u64,
    by_path: HashMap<String, u32>,
}

impl Counts {
    fn count(&mut self, path: &str) -> (u32, u64) {
        self.overall += 1;
        let nth = self.by_path.entry(path.to_owned()).or_default();
        *nth = nth.saturating_add(1);
        (*nth, self.overall)
    }
}

impl State {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            gates: Gates::new(EMAIL, &options.api_key, options.account),
            start: Instant::now(),
            limiter: options.limit.map(|rules| Mutex::new(Limiter::new(rules))),
            latency: Mutex::new(Random::new(LATENCY_SEED)),
            counts: Mutex::default(),
            calls: Mutex::default(),
            options,
        }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    pub(crate) fn others(&self) -> Tally {
        self.limiter.as_ref().map(|limiter| lock(limiter).others()).unwrap_or_default()
    }

    /// Decides how the call that arrives at this moment ends, and remembers it.
    fn arrive(&self, request: &Request) -> Ending {
        let at = Instant::now();
        let ending = self.decide(request, at.saturating_duration_since(self.start));
        if self.options.log == Log::On {
            let path = path_and_query(request);
            lock(&self.calls).push(Call {
                at,
                path: path.to_owned(),
                offer: gate::offer_asked_for(request.uri().path()).map(str::to_owned),
                status: ending.status(),
                authorized: self.gates.key(request.headers().get(header::AUTHORIZATION)).is_ok(),
            });
        }
        ending
    }

    fn decide(&self, request: &Request, now: Duration) -> Ending {
        let outage = self.options.outages.iter().find(|outage| (outage.from..outage.to).contains(&now));
        if let Some(outage) = outage {
            return match outage.kind {
                OutageKind::ServerError => Whole::html(StatusCode::BAD_GATEWAY, "502 Bad Gateway").into(),
                OutageKind::Html => Whole::html(StatusCode::OK, "Welcome to the free Wi-Fi").into(),
                OutageKind::Reset => Ending::Reset,
                OutageKind::Hang => Ending::Hang,
            };
        }
        let parts = gate::Request {
            authorization: request.headers().get(header::AUTHORIZATION),
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query(),
        };
        // All calls are decided on one thread, one after the other, so the limiter never sees time run backwards.
        let frequency = || match &self.limiter {
            Some(limiter) => lock(limiter).arrive(now),
            None => Verdict::Pass,
        };
        match self.gates.pass(parts, frequency) {
            Ok(target) => self.answer(path_and_query(request), &target),
            Err(stop) => stop.answer(self.options.limit.map_or(Refusal::PUBLISHED, |rules| rules.refusal)).into(),
        }
    }

    fn answer(&self, path: &str, target: &Target) -> Ending {
        let flaky = matches!(target, Target::Links(id) if offers::kind(*id) == Kind::Flaky);
        if self.options.script.is_none() && !flaky {
            return self.own(target, 0);
        }
        let (nth, overall) = lock(&self.counts).count(path);
        let offer = path.split('?').next().and_then(gate::offer_asked_for);
        let asked = Asked { path, offer, nth, overall };
        let reply = self.options.script.as_ref().and_then(|script| script.answer(&asked));
        Ending::scripted(reply, self.own(target, nth))
    }

    /// The sandbox's own answer to the `nth` call for this.
    fn own(&self, target: &Target, nth: u32) -> Ending {
        match target {
            Target::Links(id) if self.options.batch.knows(*id) => links(*id, offers::kind(*id), nth).into(),
            Target::Links(id) => links(*id, Kind::NotFound, nth).into(),
            Target::Batch(ids) => self.options.batch.answer(ids),
            Target::List(query) => Whole::json(query.body(self.options.listed)).into(),
        }
    }

    /// Half of the time that this call takes.
    fn half_latency(&self) -> Duration {
        let (shortest, longest) = (*self.options.latency.start(), *self.options.latency.end());
        if longest.is_zero() {
            return Duration::ZERO;
        }
        let spread = longest.saturating_sub(shortest);
        shortest.saturating_add(spread.mul_f64(lock(&self.latency).unit())) / 2
    }
}

fn links(id: u128, kind: Kind, nth: u32) -> Whole {
    match (kind, offers::body(id)) {
        (Kind::Flaky, _) if nth <= 2 => Whole::error(StatusCode::INTERNAL_SERVER_ERROR, 51, "Internal error"),
        (Kind::NotFound, _) => Whole::error(StatusCode::NOT_FOUND, 31, "Offer not found"),
        (_, Some(body)) => Whole::json(body),
        (_, None) => Whole::error(StatusCode::FORBIDDEN, 11, "This offer is not approved, you need to apply for it"),
    }
}

/// Answers calls until the future is dropped.
pub(crate) async fn serve(listener: Listener, state: Arc<State>) {
    let app = Router::new().fallback(call).with_state(state);
    // It never ends on its own, and has no errors to report: those of a connection end that connection.
    let _ = axum::serve(listener, app.into_make_service_with_connect_info::<Fuse>()).await;
}

async fn call(Shared(state): Shared<Arc<State>>, ConnectInfo(fuse): ConnectInfo<Fuse>, request: Request) -> Response {
    let half = state.half_latency();
    pause(half).await;
    let ending = state.arrive(&request);
    pause(half).await;
    ending.into_response(&fuse).await
}

fn path_and_query(request: &Request) -> &str {
    request.uri().path_and_query().map_or("/", |path| path.as_str())
}

/// No code panics while it holds one of these locks, and their content is always consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
