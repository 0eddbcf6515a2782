//! `list`: the offers of an account, or of several, as a CSV that `export` reads.
//!
//! The lists of several networks are read side by side, each at its own pace. One that fails holds up no other.

mod complete;
mod doubt;
mod end;
mod lister;
mod paging;
mod progress;
mod sink;

use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;

pub(crate) use self::complete::{Care, Whole};
pub(crate) use self::end::End;
pub(crate) use self::lister::Lister;
pub(crate) use self::paging::Nameless;
pub(crate) use self::progress::Board;
use self::sink::Sink;
pub(crate) use self::sink::{ListOf, to_csv};
use crate::api::Client;
use crate::budget::{Neighbours, SharedLimit};
use crate::config::{ListJob, NetworkConfig};
use crate::dispatch::Dispatcher;
use crate::error::Error;
use crate::exit::ExitCode;
use crate::input::Total;
use crate::pace::Pace;
use crate::report::event::{ListEnded, NetworkList};
use crate::report::{Event, LaneId, LanePlan, Plan, Report};
use crate::run::call_limit::CallLimit;
use crate::run::session::{self, Session};
use crate::signals::Signals;

/// A network that is listed.
struct Network<'a> {
    config: &'a NetworkConfig,
    session: Session,
    /// What the user calls it.
    name: Arc<str>,
    /// What all of them have seen of the machine.
    neighbours: Neighbours,
}

/// What came of one network.
struct Read {
    whole: Result<Whole, End>,
    calls: u64,
}

/// Lists the offers and reports it.
///
/// # Errors
/// The command failed on this machine. A failure of a network is an [`End`]; of several, the one that most needs a
/// change by the user.
pub(crate) async fn list(job: &ListJob, report: &Report) -> Result<End, Error> {
    let mut signals = Signals::listen(report.last_words()).map_err(Error::system("listen to signals"))?;
    for setting in &job.settings {
        report.emit(&Event::Setting(setting.to_string()));
    }
    for warning in &job.warnings {
        report.emit(&Event::SettingsDoubt(warning.clone()));
    }
    let are_several = job.networks.are_several();
    let neighbours = Neighbours::default();
    let (mut networks, mut clients) = (Vec::new(), Vec::new());
    for config in job.networks.iter() {
        let network = Network::open(config, &neighbours, (&clients, are_several))?;
        clients.push(network.session.client.clone());
        networks.push(network);
    }
    let sink = Sink::open(&job.output)?;
    let (now, output) = (Instant::now(), sink.name());
    report.emit(&Event::Started(Plan {
        input: if networks.len() == 1 { "the account's list" } else { "the accounts' lists" }.to_owned(),
        output: output.clone(),
        total: Total::Unknown,
        done: 0,
        lanes: networks.iter().map(|network| network.plan(now)).collect(),
        at: now,
    }));
    let board = Board::new(networks.iter().map(|network| Arc::clone(&network.name)));
    let reads = networks.iter().enumerate().map(|(lane, network)| network.read((LaneId(lane), &board), job, report));
    let reads = match board.watch(join_all(reads), &mut signals, report).await {
        Ok(reads) => reads,
        Err(signal) => return Ok(interrupted(End::Interrupted(signal), &board, output, now, report)),
    };
    let read = networks.iter().zip(&reads);
    let lists: Vec<_> = read.filter_map(|(network, read)| network.list_of(read, are_several)).collect();
    if !lists.is_empty() {
        sink.write(&lists, job.columns)?;
    }
    let each = networks.iter().zip(&reads).map(|(network, read)| network.result(read)).collect::<Vec<_>>();
    let offers = each.iter().map(|network| network.offers).sum();
    let calls = reads.iter().map(|read| read.calls).sum();
    let end = worst(reads.into_iter().filter_map(|read| read.whole.err()));
    let ended = ListEnded {
        ending: end.word(),
        code: end.exit_code(),
        networks: each,
        offers,
        calls,
        output,
        took: now.elapsed(),
    };
    report.emit(&Event::ListEnded(ended));
    Ok(end)
}

/// A signal has ended it.
fn interrupted(end: End, board: &Board, output: String, started: Instant, report: &Report) -> End {
    let calls = board.snapshot(Instant::now()).counts().calls;
    let network = NetworkList { network: Arc::from(""), offers: 0, why: Some(end.words("")) };
    let (ending, code, took) = (end.word(), end.exit_code(), started.elapsed());
    report.emit(&Event::ListEnded(ListEnded { ending, code, networks: vec![network], offers: 0, calls, output, took }));
    end
}

/// Of several ends, the one that most needs a change by the user: what may pass by itself comes last.
fn worst(ends: impl Iterator<Item = End>) -> End {
    let rank = |end: &End| match end.exit_code() {
        ExitCode::Success => 0,
        ExitCode::StoppedEarly => 1,
        _ => 2,
    };
    ends.fold(End::Complete, |worst, end| if rank(&end) > rank(&worst) { end } else { worst })
}

impl<'a> Network<'a> {
    /// `clients` are those of the networks before it.
    fn open(
        config: &'a NetworkConfig,
        neighbours: &Neighbours,
        (clients, is_one_of_several): (&[Client], bool),
    ) -> Result<Self, Error> {
        let session =
            Session::open(&config.network, &config.http, |account, http| Client::among(clients, account, http))?;
        let name = if is_one_of_several { &config.name } else { &session.host };
        Ok(Self { config, name: name.as_str().into(), neighbours: neighbours.clone(), session })
    }

    fn plan(&self, now: Instant) -> LanePlan {
        let rate = self.config.policy.rate;
        let (network, host) = (Arc::clone(&self.name), self.session.host.clone());
        LanePlan { network, host, rate, period: Pace::new(rate, now).period(), offers_per_call: 1, done: 0 }
    }

    /// Reads its list.
    async fn read(&self, (lane, board): (LaneId, &Board), job: &ListJob, report: &Report) -> Read {
        let NetworkConfig { network, policy, budget, .. } = self.config;
        let now = Instant::now();
        let mut schedule = Dispatcher::new(*policy, fastrand::u64(..), now);
        let limits = SharedLimit { rate: policy.rate, budget: budget.as_ref(), neighbours: &self.neighbours };
        let mut budget = session::join_budget((network, &self.session.host), limits, schedule.pace(), report, now);
        let mut lister = Lister {
            lane,
            board,
            client: &self.session.client,
            query: job.query.as_slice().into(),
            schedule: &mut schedule,
            calls: &CallLimit::default(),
            budget: &mut budget,
            nameless_offers: Nameless::Drop,
        };
        let care = Care { twice: false, allow_short: job.allow_short };
        let whole = lister.whole(care, report).await;
        budget.leave(&schedule.pace().still_counting(Instant::now())).await;
        if let Ok(Whole { nameless: 1.., .. }) = &whole {
            report.emit(&Event::ListLeavesOut(whole.as_ref().map_or(0, |whole| whole.nameless)));
        }
        Read { whole, calls: schedule.counts(Instant::now()).calls }
    }

    /// Its list, if it is whole; with its name where there are several.
    fn list_of<'b>(&'b self, read: &'b Read, are_several: bool) -> Option<ListOf<'b>> {
        let offers = &read.whole.as_ref().ok()?.offers;
        Some(ListOf { network: are_several.then_some(&*self.name), offers })
    }

    fn result(&self, read: &Read) -> NetworkList {
        let offers = read.whole.as_ref().map_or(0, |whole| whole.offers.len() as u64);
        let why = read.whole.as_ref().err().map(|end| end.words(&self.session.host));
        NetworkList { network: Arc::clone(&self.name), offers, why }
    }
}
