//! The signals that end a run, and dying of them as the shell and systemd expect.
//!
//! Knows nothing of runs: reports which signal came, and makes sure that the program ends.

mod last_words;
mod patience;
pub(crate) mod status_request;
#[cfg(unix)]
mod watch;
#[cfg(windows)]
#[path = "watch_windows.rs"]
mod watch;

use std::io;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::exit::ExitCode;

/// A signal that ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C, and Ctrl-Break on Windows.
    Interrupt,
    /// What `kill`, systemd and a shutdown send; on Windows a logoff or a shutdown.
    Terminate,
    /// The terminal is gone; on Windows its window was closed.
    HangUp,
}

impl Signal {
    /// Its name for the user.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "Ctrl-C",
            Self::Terminate if cfg!(windows) => "a logoff or shutdown",
            Self::Terminate => "SIGTERM",
            Self::HangUp if cfg!(windows) => "the closed console",
            Self::HangUp => "SIGHUP",
        }
    }

    /// How long work may continue after it. Windows ends a process about five seconds after its console is closed or
    /// the session ends: half of that is for calls in flight, the rest for the last commit.
    pub(crate) const fn grace(self) -> Duration {
        match self {
            Self::Terminate | Self::HangUp if cfg!(windows) => Duration::from_secs(2),
            _ => Duration::MAX,
        }
    }

    #[cfg(unix)]
    const fn number(self) -> std::ffi::c_int {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::HangUp => SIGHUP,
        }
    }

    /// The exit code of a process that it ends.
    pub(crate) const fn exit_code(self) -> ExitCode {
        match self {
            Self::Interrupt => ExitCode::Interrupted,
            Self::Terminate => ExitCode::Terminated,
            Self::HangUp => ExitCode::HungUp,
        }
    }
}

/// Listens for signals, and ends the program within a second if it does not respond.
#[derive(Debug)]
pub(crate) struct Signals {
    heard: UnboundedReceiver<Signal>,
    watch: watch::Watch,
}

impl Signals {
    /// Starts to listen. A signal that was ignored when the program started (`nohup`, `&` in a script) stays ignored.
    ///
    /// From the first signal on the program has less than a second to answer by [`Self::allow`] or to end; then it dies
    /// of that signal, and `last_words` gets the reason. Signals within a second count as one.
    ///
    /// # Errors
    /// The system refuses.
    #[cfg(unix)]
    pub(crate) fn listen(last_words: impl Fn(&str) + Send + 'static) -> io::Result<Self> {
        let all = [Signal::Interrupt, Signal::Terminate, Signal::HangUp];
        let wanted: Vec<_> = all.into_iter().filter(|signal| !is_ignored(signal.number())).collect();
        let (tell, heard) = unbounded_channel();
        let watch = watch::Watch::start(&wanted, tell, Box::new(last_words))?;
        // A file-size limit (ulimit -f) should be a write error, not our death.
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default())?;
        Ok(Self { heard, watch })
    }

    /// Starts to listen to the console. From the first event on the program has a little less than two seconds to answer
    /// by [`Self::allow`] or to end; then it is ended, and `last_words` gets the reason. Events within a second count as one.
    ///
    /// # Errors
    /// The system refuses.
    #[cfg(windows)]
    pub(crate) fn listen(last_words: impl Fn(&str) + Send + 'static) -> io::Result<Self> {
        let (tell, heard) = unbounded_channel();
        Ok(Self { heard, watch: watch::Watch::start(tell, Box::new(last_words))? })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        match self.heard.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    /// Acknowledges the signal: the work that is left may take this long, unless a second signal comes.
    pub(crate) fn allow(&self, time: Duration) {
        self.watch.allow(time);
    }
}

impl Signals {
    /// How long work that is nearly done may continue after a signal.
    pub(crate) const TO_THE_END: Duration = Duration::from_secs(10);
    /// The time that is left after the second signal.
    pub(crate) const AT_ONCE: Duration = Duration::from_millis(500);

    /// Finishes the work, unless a second signal comes or it takes too long after the first; `first` is called at the
    /// first signal and returns that time limit. Work that takes only an instant is finished even after the second.
    ///
    /// # Errors
    /// The signal that interrupted it.
    pub(crate) async fn until_second<T>(
        &mut self,
        work: impl Future<Output = T>,
        first: impl FnOnce(Signal) -> Duration,
    ) -> Result<T, Signal> {
        let mut work = std::pin::pin!(work);
        let signal = tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            signal = self.next() => signal,
        };
        let time = first(signal).min(signal.grace());
        // A little longer, so that the program can print how it ended.
        self.allow(time + Duration::from_secs(2));
        self.within(work, time).await.ok_or(signal)
    }

    /// Does the work for at most this long, and only for an instant more once a signal comes.
    pub(crate) async fn within<T>(&mut self, work: impl Future<Output = T>, time: Duration) -> Option<T> {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            _ = self.next() => {}
            () = tokio::time::sleep(time) => return None,
        }
        tokio::time::timeout(Self::AT_ONCE, work).await.ok()
    }
}

/// Whether the process was started with a signal ignored. Linux says so; elsewhere it is assumed not.
#[cfg(unix)]
fn is_ignored(signal: std::ffi::c_int) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

/// Ends the process by the signal, so that the parent sees it killed rather than failed. Returns where that is
/// impossible.
#[cfg(unix)]
pub(crate) fn die_of(signal: Signal) {
    // If this fails too, the exit code still shows it.
    drop(signal_hook::low_level::emulate_default_handler(signal.number()));
}

/// Elsewhere the exit code must suffice.
#[cfg(not(unix))]
pub(crate) fn die_of(_: Signal) {}

/// Ends quietly, as programs do when the reader of a pipe is gone.
#[cfg(unix)]
pub(crate) fn die_of_closed_pipe() {
    drop(signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE));
}

/// Elsewhere the exit code must suffice.
#[cfg(not(unix))]
pub(crate) fn die_of_closed_pipe() {}
