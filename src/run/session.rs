//! What every command needs that calls a network: the account, or a sandbox of its own, the client, and its part of the
//! limit.
//!
//! Opens it and sends nothing.

use std::time::Instant;

use tokio::time::sleep_until;

use crate::api::{Client, ClientError, Fault, Reply, is_foreign_page};
use crate::budget::{Participant, Remark, SharedLimit};
use crate::config::Network;
use crate::dispatch::Responder;
use crate::error::Error;
use crate::pace::Pace;
use crate::report::Report;
use crate::report::event::{Event, Moment};
use crate::sandbox::{self, Sandbox};
use crate::settings::network::{Account, Http};

/// A network that can be called.
#[derive(Debug)]
pub(crate) struct Session {
    /// Whose account, and where.
    pub account: Account,
    /// The host as the user knows it, without scheme and path.
    pub host: String,
    /// Calls it.
    pub client: Client,
    /// Serves as long as it is kept.
    _sandbox: Option<Sandbox>,
}

impl Session {
    /// Starts the sandbox where that is the network; `connect` is how the client is made.
    ///
    /// # Errors
    /// Settings that cannot work, or a sandbox that cannot be started.
    pub(crate) fn open(
        network: &Network,
        http: &Http,
        connect: impl FnOnce(&Account, &Http) -> Result<Client, ClientError>,
    ) -> Result<Self, Error> {
        let (account, sandbox) = match network {
            Network::Real(account) => (account.clone(), None),
            Network::NotGiven(missing) => return Err(Error::NoAccount(missing.clone())),
            Network::Sandbox => {
                let sandbox = Sandbox::start(sandbox::Options::default());
                let sandbox = sandbox.map_err(Error::system("start the sandbox network"))?;
                let account = sandbox.account().map_err(Error::system("reach the sandbox network"))?;
                (account, Some(sandbox))
            }
        };
        let client = connect(&account, http)?;
        Ok(Self { host: account.host(), account, client, _sandbox: sandbox })
    }
}

/// Who seems to have sent an answer that is no success.
pub(crate) fn responder<T>(reply: &Reply<T>) -> Responder {
    match (reply.fault, &reply.outcome) {
        (Some(Fault::Closed), _) => Responder::HungUp,
        _ if reply.leads_elsewhere => Responder::Elsewhere,
        (_, Err(error)) if is_foreign_page(reply.form, error) => Responder::ForeignPage,
        _ => Responder::Usual,
    }
}

/// Joins those who share the limit, where there is one to share, and keeps calls back until they have made room.
pub(crate) fn join_budget(
    (network, host): (&Network, &str),
    limits: SharedLimit<'_>,
    pace: &mut Pace,
    report: &Report,
    now: Instant,
) -> Participant {
    let (Network::Real(account), Some(limit)) = (network, limits.rate.limit()) else {
        return Participant::alone();
    };
    let others = (limits.budget, limits.neighbours);
    let (mut participant, begin, remarks) = Participant::join((&account.base_url, host), limit, others, now);
    emit(remarks, report);
    pace.hold_until(begin);
    if let Some(left) = participant.take_inherited() {
        pace.inherit(&left, now);
    }
    share(&mut participant, pace, report, now);
    participant
}

/// Takes this run's part of the limit, when it has changed.
pub(crate) fn share(participant: &mut Participant, pace: &mut Pace, report: &Report, now: Instant) {
    let (terms, remarks) = participant.update(|| pace.counting(now), now);
    if let Some(terms) = terms {
        pace.set_terms(terms, now);
    }
    emit(remarks, report);
}

/// A call is about to leave: notes that for the run after this one.
pub(crate) fn sending(participant: &mut Participant, pace: &mut Pace, now: Instant) {
    participant.sending(|| pace.still_counting(now));
}

/// Waits until the budget has something to do.
pub(crate) async fn budget_moves(budget: &mut Participant) {
    let next = budget.next_update();
    tokio::select! {
        () = budget.changed() => {}
        () = sleep_until(next.unwrap_or_else(Instant::now).into()), if next.is_some() => {}
    }
}

fn emit(remarks: Vec<Remark>, report: &Report) {
    for remark in remarks {
        report.emit(&match remark {
            Remark::Blind { host, blind } => Event::PeersHidden { host, why: blind.to_string() },
            Remark::Machine(runs) => Event::LimitShared { runs, when: Moment::AtStart },
            Remark::MachineNow(runs) => Event::LimitShared { runs, when: Moment::Meanwhile },
            Remark::Shared(said) => Event::Budget(said),
        });
    }
}
