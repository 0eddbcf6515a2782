//! The embedded Offerslook network on loopback: for a first look, for rehearsals, and as the fixture of the tests.
//!
//! Same paths, authentication, order of gates and limit as the real one; deterministic offers; faults on request.
//! It is a server and nothing else: it must not know how the client, the schedule or the output work.
//!
//! - `batch`: the call for many offers, with a switch for all that is not documented
//! - `offers`, `list`: what is on offer, as pure functions
//! - `limit`, `others`: the call limit as a pure state machine, and who else uses it
//! - `gate`: the checks before an answer, in the documented order
//! - `reply`: what goes back, good or broken
//! - `wire`: connections that can be reset
//! - `server`: joins them, one call at a time

pub mod batch;
mod gate;
pub mod limit;
mod list;
pub mod offers;
pub mod others;
mod random;
mod reply;
mod server;
mod wire;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::sync::oneshot;

pub use reply::Reply;

use crate::settings;

/// The e-mail of the sandbox's affiliate.
pub const EMAIL: &str = "affiliate@sandbox.example";

/// The API key of the sandbox's affiliate; a secret to nobody.
pub const API_KEY: &str = "sandbox-key";

/// How the network behaves; the default is the documented network with no faults.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The affiliate's e-mail.
    pub email: String,
    /// The affiliate's API key.
    pub api_key: SecretString,
    /// Whether the account may call at all.
    pub account: Account,
    /// The call limit; `None` = as fast as it goes.
    pub limit: Option<limit::Rules>,
    /// How a call over the limit is refused.
    pub refusal: Refusal,
    /// How long an answer takes: chosen for each call, half of it before the call arrives, half after.
    pub latency: RangeInclusive<Duration>,
    /// Chooses the latencies.
    pub seed: u64,
    /// When the service is down.
    pub outages: Vec<Outage>,
    /// How many offers the offer list has beyond those of the sample.
    pub listed: u32,
    /// What it does with a call for many offers.
    pub batch: batch::BatchRules,
    /// Whether calls are remembered.
    pub log: Log,
    /// Answers of the test's own making.
    pub script: Option<Script>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            email: EMAIL.to_owned(),
            api_key: SecretString::from(API_KEY),
            account: Account::Open,
            limit: Some(limit::Rules::PUBLISHED),
            refusal: Refusal { form: RefusalForm::Status429, retry_after: RetryAfter::None },
            latency: Duration::ZERO..=Duration::ZERO,
            seed: 16,
            outages: Vec::new(),
            listed: 100,
            batch: batch::BatchRules::default(),
            log: Log::Off,
            script: None,
        }
    }
}

/// What the network thinks of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// All is well.
    Open,
    /// The caller's IP is not on the white list.
    IpNotAllowed,
    /// The account is locked.
    Locked,
}

/// How a call over the limit is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status and body.
    pub form: RefusalForm,
    /// The `Retry-After` header.
    pub retry_after: RetryAfter,
}

/// Status and body of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalForm {
    /// 429 with an envelope.
    Status429,
    /// 503 with an HTML page: nginx's default.
    Status503,
    /// 200, and the envelope says so.
    Envelope200,
}

/// The `Retry-After` header of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Not sent, as far as is known of the real network.
    None,
    /// Whole seconds, rounded up, until a call passes again.
    Remaining,
    /// This very text.
    Text(String),
}

/// A time in which the service is down, before any gate is reached; refused calls do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// From so long after the start of the sandbox...
    pub from: Duration,
    /// ...until then.
    pub to: Duration,
    /// How the service is down.
    pub kind: OutageKind,
}

/// How the service is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutageKind {
    /// The gateway answers 502 with an HTML page.
    ServerError,
    /// The connection is reset.
    Reset,
    /// No answer ever comes.
    Hang,
    /// A 200 with an HTML page, as from a captive portal.
    Html,
}

/// Whether calls are remembered. All of them are kept in memory, so not for benchmarks or long runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Not remembered.
    Off,
    /// Every call, until the sandbox is dropped.
    On,
}

/// A test's own say: called for each call that passes the gates; `None` leaves the answer to the sandbox.
#[derive(Clone)]
pub struct Script(Arc<Answering>);

type Answering = dyn Fn(&Asked<'_>) -> Option<Reply> + Send + Sync;

impl Script {
    /// Wraps the function; it must not block, since all calls are answered on one thread.
    pub fn new(answer: impl Fn(&Asked<'_>) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

/// A call as a [`Script`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Path and query.
    pub path: &'a str,
    /// The offer whose tracking links are asked for; `None` for every other kind of call.
    pub offer: Option<&'a str>,
    /// 1 for the first call with this path and query.
    pub nth: u32,
    /// 1 for the first call of all; only those that passed the gates are counted.
    pub overall: u64,
}

/// A call as the log remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it arrived.
    pub at: Instant,
    /// Path and query.
    pub path: String,
    /// The offer whose tracking links were asked for; `None` for every other kind of call.
    pub offer: Option<String>,
    /// The HTTP status sent; `None` = no whole answer.
    pub status: Option<u16>,
    /// Whether e-mail and key were right.
    pub authorized: bool,
}

/// A running network; stops, closing every connection, when dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    state: Arc<server::State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts listening; calls are answered from now on, on a thread of its own.
    ///
    /// # Errors
    /// The address cannot be listened on, or the system has no thread to give.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = {
            let _inside = runtime.enter();
            wire::Listener::new(tokio::net::TcpListener::from_std(listener)?)
        };
        let state = Arc::new(server::State::new(options));
        let (stop, stopped) = oneshot::channel();
        let serving = server::serve(listener, Arc::clone(&state));
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serving => (),
                    _ = stopped => (),
                }
            });
        })?;
        Ok(Self { address, state, stop: Some(stop), thread: Some(thread) })
    }

    /// What `--base-url` has to be: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The account that it lets in.
    ///
    /// # Errors
    /// The address makes no URL, which no listening address does.
    pub fn account(&self) -> io::Result<settings::network::Account> {
        Ok(settings::network::Account {
            base_url: self.base_url().parse().map_err(io::Error::other)?,
            email: self.state.options.email.clone(),
            api_key: self.state.options.api_key.clone(),
        })
    }

    /// The calls so far, in the order of arrival; empty unless [`Options::log`] is on.
    pub fn calls(&self) -> Vec<Call> {
        self.state.calls()
    }

    /// How the calls of the simulated others fared so far.
    pub fn others(&self) -> others::Tally {
        self.state.others()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by then; nothing is left to do about it.
            let _ = thread.join();
        }
    }
}
