//! The signals that end a run, and dying of them as the shell and systemd expect.
//!
//! Knows nothing of runs: tells which signal came.

use std::io;

use crate::exit::ExitCode;

/// A signal that ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill`, systemd and a shutdown send.
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Signal {
    /// What the user knows it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        }
    }

    /// What the user is told while the run ends in good order.
    pub fn waiting_for(self, what: &str) -> String {
        format!("{}: waiting for {what}; once more ends at once", self.name())
    }

    /// The exit code that stands for dying of it.
    pub const fn exit_code(self) -> ExitCode {
        match self {
            Self::Interrupt => ExitCode::Interrupted,
            Self::Terminate => ExitCode::Terminated,
            Self::HangUp => ExitCode::HungUp,
        }
    }
}

/// Listens for signals from its creation on.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    listening: Vec<(Signal, tokio::signal::unix::Signal)>,
}

#[cfg(unix)]
impl Signals {
    /// Starts to listen. A signal that the parent has told us to ignore (`nohup`, `&` in a script) stays ignored.
    ///
    /// # Errors
    /// The system refuses.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut listening = Vec::new();
        for (name, kind) in [
            (Signal::Interrupt, SignalKind::interrupt()),
            (Signal::Terminate, SignalKind::terminate()),
            (Signal::HangUp, SignalKind::hangup()),
        ] {
            if !is_ignored(kind.as_raw_value()) {
                listening.push((name, signal(kind)?));
            }
        }
        // A file-size limit (ulimit -f) is to be an error of the write, not our death.
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default())?;
        Ok(Self { listening })
    }

    /// The next signal.
    pub async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            for (name, signal) in &mut self.listening {
                if signal.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*name);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

impl Signals {
    /// Does the work to its end, unless a second signal comes; `first` is called at the first.
    ///
    /// # Errors
    /// The second signal.
    pub async fn until_second<T>(
        &mut self,
        work: impl Future<Output = T>,
        first: impl FnOnce(Signal),
    ) -> Result<T, Signal> {
        let mut work = std::pin::pin!(work);
        let signal = tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            signal = self.next() => signal,
        };
        first(signal);
        tokio::select! {
            biased;
            done = &mut work => Ok(done),
            signal = self.next() => Err(signal),
        }
    }
}

/// Whether the process was started with a signal ignored. Linux tells; elsewhere it is assumed not.
#[cfg(unix)]
fn is_ignored(signal: std::ffi::c_int) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

#[cfg(not(unix))]
impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    /// Never here.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next signal.
    pub async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}

/// Dies of the signal, so that whoever started the program sees it killed and not merely failed.
/// Returns where that is not possible.
#[cfg(unix)]
pub fn die_of(signal: Signal) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let number = match signal {
        Signal::Interrupt => SIGINT,
        Signal::Terminate => SIGTERM,
        Signal::HangUp => SIGHUP,
    };
    // If even this fails, the exit code still tells.
    drop(signal_hook::low_level::emulate_default_handler(number));
}

/// Elsewhere the exit code has to do.
#[cfg(not(unix))]
pub fn die_of(_: Signal) {}

/// Dies as programs do whose reader has gone away: quietly.
#[cfg(unix)]
pub fn die_of_closed_pipe() {
    drop(signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE));
}

/// Elsewhere the exit code has to do.
#[cfg(not(unix))]
pub fn die_of_closed_pipe() {}
