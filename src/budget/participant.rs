//! A run's part in all the budgets it shares: with the other runs on its machine, and with other hosts.
//!
//! Both stand side by side: in a budget of several hosts every run is registered by itself, and the part of a machine is
//! divided between its runs. A run on the same machine that knows nothing of the other hosts has its part all the same.

use std::num::NonZeroU32;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use url::Url;

use super::files;
use super::inheritance::StillCounting;
use super::ledger::Ledger;
use super::machine::{Blind, Peers};
use super::neighbours::Neighbours;
use super::redis::address::Address;
use super::redis::shared::{Outages, Said, Shared};
use super::server;
use super::terms::Terms;
use crate::settings::rate::{Limit, Rate};

/// The limit, and who else keeps to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedLimit<'a> {
    /// The network's limit.
    pub(crate) rate: Rate,
    /// Shares it with other hosts.
    pub(crate) budget: Option<&'a Address>,
    /// Sees the other runs of this machine.
    pub(crate) neighbours: &'a Neighbours,
}

/// What this run may use of the limit, and who else uses it.
#[derive(Debug, Default)]
pub(crate) struct Participant {
    limit: Option<Limit>,
    machine: Option<Peers>,
    shared: Option<Shared>,
    terms: Option<Terms>,
    /// What this run leaves behind if it is killed.
    ledger: Option<Ledger>,
    /// What runs have left behind that were killed, until it is taken.
    inherited: StillCounting,
    /// Of a budget that it has left.
    outages: Option<Outages>,
    leaving: Option<JoinHandle<()>>,
}

/// Something to say about the budgets.
#[derive(Debug)]
pub(crate) enum Remark {
    /// Other runs on this machine are not seen.
    Blind {
        /// What is called.
        host: String,
        /// Why.
        blind: Blind,
    },
    /// Runs on this machine, at the start.
    Machine(NonZeroU32),
    /// The same, later.
    MachineNow(NonZeroU32),
    /// The budget of several hosts.
    Shared(Said),
}

impl Participant {
    /// Nobody to share with.
    pub(crate) fn alone() -> Self {
        Self::default()
    }

    /// Joins those who call the same API under this limit. Tells what has to be said, and before when no call may leave:
    /// until then the others have slowed down.
    pub(crate) fn join(
        (api, host): (&Url, &str),
        limit: Limit,
        (budget, neighbours): (Option<&Address>, &Neighbours),
        now: Instant,
    ) -> (Self, Instant, Vec<Remark>) {
        let (machine, blind) = Peers::join(api, neighbours, now);
        let mut remarks: Vec<_> =
            blind.map(|blind| Remark::Blind { host: host.to_owned(), blind }).into_iter().collect();
        let shared = budget.map(|address| Shared::join(address, &server::name(api), limit, now));
        let others = machine.as_ref().map(Peers::count).filter(|count| count.runs.get() > 1);
        remarks.extend(others.map(|count| Remark::Machine(count.runs)));
        let hold = others.map_or(Duration::ZERO, |_| Peers::INTERVAL * 3 / 2);
        // Where hosts share a limit, Redis keeps the places of a killed run until its calls have left the window.
        let (ledger, inherited) = match shared {
            None => Ledger::open(&files::folder(), &server::name(api), limit),
            Some(_) => (None, StillCounting::default()),
        };
        (Self { limit: Some(limit), machine, shared, ledger, inherited, ..Self::alone() }, now + hold, remarks)
    }

    /// Looks who is there by now. Gives the terms for the pace, if they have changed. `counting` is the number of calls
    /// that may still count at the API's server.
    pub(crate) fn update(&mut self, counting: impl FnOnce() -> u32, now: Instant) -> (Option<Terms>, Vec<Remark>) {
        let mut remarks = Vec::new();
        if let Some(peers) = self.machine.as_mut().filter(|peers| peers.next_count() <= now)
            && peers.recount(now)
        {
            remarks.push(Remark::MachineNow(peers.count().runs));
        }
        let parts = self.machine.as_ref().map_or(NonZeroU32::MIN, |peers| peers.count().parts);
        let terms = match (&mut self.shared, self.limit) {
            (Some(shared), Some(limit)) => {
                remarks.extend(shared.update(counting(), parts, limit, now).into_iter().map(Remark::Shared));
                shared.terms(now)
            }
            _ => Terms::Part(parts),
        };
        let before = self.terms.replace(terms);
        (Some(terms).filter(|_| before != Some(terms)), remarks)
    }

    /// The calls of killed runs that may still count at the server, once.
    pub(crate) fn take_inherited(&mut self) -> Option<StillCounting> {
        Some(std::mem::take(&mut self.inherited)).filter(|inherited| !inherited.is_empty())
    }

    /// A call is about to leave, and `counting` says what counts with it.
    pub(crate) fn sending(&mut self, counting: impl FnOnce() -> StillCounting) {
        if let Some(ledger) = &mut self.ledger {
            ledger.sending(counting);
        }
    }

    /// When to update, whatever happens.
    pub(crate) fn next_update(&self) -> Option<Instant> {
        let machine = self.machine.as_ref().map(Peers::next_count);
        let shared = self.shared.as_ref().and_then(Shared::next_update);
        [machine, shared].into_iter().flatten().min()
    }

    /// Waits until there is something to update for. May be dropped while it waits.
    pub(crate) async fn changed(&mut self) {
        std::future::poll_fn(|context| self.poll_changed(context)).await;
    }

    /// The same, for who waits for several.
    pub(crate) fn poll_changed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.shared.as_mut().map_or(Poll::Pending, |shared| shared.poll_answered(context))
    }

    /// Whether other hosts have a part too.
    pub(crate) fn shares_with_hosts(&self) -> bool {
        self.shared.is_some()
    }

    /// How often the budget of several hosts was away; `None` where there is none.
    pub(crate) fn outages(&self, now: Instant) -> Option<Outages> {
        self.shared.as_ref().map(|shared| shared.outages(now)).or(self.outages)
    }

    /// No more calls will be sent: gives its part back, on the side. `counting` is what still counts at the server.
    pub(crate) fn let_go(&mut self, counting: &StillCounting) {
        self.machine = None;
        self.ledger.take_if(|ledger| ledger.close(counting));
        if let Some(shared) = self.shared.take() {
            self.outages = Some(shared.outages(Instant::now()));
            self.leaving = Some(tokio::spawn(shared.leave(counting.calls())));
        }
    }

    /// The same, and waits until that is done with: a fraction of a second at most.
    pub(crate) async fn leave(&mut self, counting: &StillCounting) {
        self.let_go(counting);
        if let Some(leaving) = self.leaving.take() {
            // It cannot fail.
            let _ = leaving.await;
        }
    }
}
