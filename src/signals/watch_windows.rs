//! The thread that receives the events of a Windows console, and ends the program if it does not end by itself.
//!
//! Ctrl-C and Ctrl-Break are events like any other. After a closed console, a logoff or a shutdown Windows ends the process
//! within about five seconds, whatever it does; see [`Signal::grace`].

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep_until;

use super::Signal;
use super::last_words::{self, LastWords};
use super::patience::Patience;

/// Windows does not say whether a thread is blocked or only waiting for a processor, so every deadline is extended by
/// this.
const BUSY: Duration = Duration::from_secs(1);

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Watch {
    patience: Arc<Mutex<Patience>>,
    wake: Arc<Notify>,
}

impl Watch {
    /// Starts to listen; each event that is not a repetition of the one before goes to `heard`.
    pub(super) fn start(heard: UnboundedSender<Signal>, last_words: LastWords) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let events = Events::listen()?;
        let (patience, wake) = (Arc::<Mutex<Patience>>::default(), Arc::<Notify>::default());
        let watcher = Watcher {
            events,
            heard,
            last_words,
            patience: Arc::clone(&patience),
            wake: Arc::clone(&wake),
            first: None,
        };
        // Never joined: it watches until the process ends.
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(watcher.run()))?;
        Ok(Self { patience, wake })
    }

    /// See [`Patience::allow`].
    pub(super) fn allow(&self, time: Duration) {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner).allow(Instant::now(), time);
        self.wake.notify_one();
    }
}

/// Everything a console can send.
struct Events {
    c: CtrlC,
    r#break: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Events {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            c: ctrl_c()?,
            r#break: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.c.recv() => Signal::Interrupt,
            Some(()) = self.r#break.recv() => Signal::Interrupt,
            Some(()) = self.close.recv() => Signal::HangUp,
            Some(()) = self.logoff.recv() => Signal::Terminate,
            Some(()) = self.shutdown.recv() => Signal::Terminate,
            else => std::future::pending().await,
        }
    }
}

struct Watcher {
    events: Events,
    heard: UnboundedSender<Signal>,
    last_words: LastWords,
    patience: Arc<Mutex<Patience>>,
    wake: Arc<Notify>,
    first: Option<Signal>,
}

impl Watcher {
    async fn run(mut self) {
        loop {
            let deadline = self.patience().deadline();
            tokio::select! {
                biased;
                signal = self.events.next() => {
                    if self.patience().signal(Instant::now()) {
                        self.first.get_or_insert(signal);
                        let _ = self.heard.send(signal);
                    }
                }
                () = self.wake.notified() => {}
                () = reached(deadline) => self.end(),
            }
        }
    }

    fn patience(&self) -> MutexGuard<'_, Patience> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&mut self) {
        let Some(signal) = self.first else { return };
        let last_words = std::mem::replace(&mut self.last_words, Box::new(|_| ()));
        last_words::say(last_words, signal);
        // The main thread is blocked, and cannot return it.
        std::process::exit(signal.exit_code().code().into());
    }
}

async fn reached(deadline: Option<Instant>) {
    match deadline.and_then(|deadline| deadline.checked_add(BUSY)) {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
