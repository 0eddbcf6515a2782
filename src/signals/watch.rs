//! The thread that receives signals, and ends the program if it does not end by itself: the main thread may be blocked
//! by a terminal, a pipe or a disk, and would then not react.
//!
//! Ending it here is as safe as any kill.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::{Signal, die_of};
use crate::signals::last_words::{self, LastWords};
use crate::signals::patience::Patience;

/// Extra time in total for a program that is waiting for a processor and is not blocked.
const BUSY: Duration = Duration::from_secs(4);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Watch {
    patience: Arc<Mutex<Patience>>,
    wake: UnixStream,
}

impl Watch {
    /// Starts to listen for these signals; each that is not a repetition of the one before goes to `heard`.
    pub(super) fn start(signals: &[Signal], heard: UnboundedSender<Signal>, last_words: LastWords) -> io::Result<Self> {
        let (inbox, wake) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let mut came = Vec::new();
        for &signal in signals {
            let flag = Arc::new(AtomicBool::new(false));
            // In this order, so that the woken thread sees the flag.
            signal_hook::flag::register(signal.number(), Arc::clone(&flag))?;
            signal_hook::low_level::pipe::register(signal.number(), wake.try_clone()?)?;
            came.push((signal, flag));
        }
        let patience = Arc::<Mutex<Patience>>::default();
        let watcher = Watcher { inbox, came, heard, last_words, patience: Arc::clone(&patience) };
        // Never joined: it watches until the process ends.
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || watcher.run())?;
        Ok(Self { patience, wake })
    }

    /// See [`Patience::allow`].
    pub(super) fn allow(&self, time: Duration) {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner).allow(Instant::now(), time);
        // A full pipe has woken it already.
        let _ = (&self.wake).write(&[0]);
    }
}

struct Watcher {
    inbox: UnixStream,
    came: Vec<(Signal, Arc<AtomicBool>)>,
    heard: UnboundedSender<Signal>,
    last_words: LastWords,
    patience: Arc<Mutex<Patience>>,
}

impl Watcher {
    fn run(mut self) {
        let mut first = None;
        let mut busy_until = None;
        loop {
            let now = Instant::now();
            for (signal, came) in &self.came {
                if came.swap(false, Relaxed) && self.patience().signal(now) {
                    first.get_or_insert(*signal);
                    let _ = self.heard.send(*signal);
                }
            }
            let deadline = self.patience().deadline();
            let wait = match (deadline.map(|deadline| deadline.saturating_duration_since(now)), first) {
                (Some(Duration::ZERO), Some(signal)) => {
                    if now >= *busy_until.get_or_insert(now + BUSY) || !main_is_busy() {
                        self.end(signal);
                    }
                    Some(LOOK_AGAIN)
                }
                (wait, _) => wait.filter(|wait| !wait.is_zero()),
            };
            // If no timeout can be set, only signals wake it.
            let _ = self.inbox.set_read_timeout(wait);
            let _ = self.inbox.read(&mut [0; 64]);
        }
    }

    fn patience(&self) -> std::sync::MutexGuard<'_, Patience> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&mut self, signal: Signal) {
        let last_words = std::mem::replace(&mut self.last_words, Box::new(|_| ()));
        last_words::say(last_words, signal);
        die_of(signal);
    }
}

/// Whether the main thread is running, or ready to run. Known on Linux; elsewhere assumed not.
fn main_is_busy() -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{}/stat", std::process::id()));
    // The name in parentheses may contain anything.
    stat.is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('R')))
}
