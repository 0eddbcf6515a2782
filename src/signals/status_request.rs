//! Signals that ask how far a run is: SIGUSR1, and SIGINFO (Ctrl-T) where it exists.
//!
//! Ends nothing and prints nothing; `signals` handles those that end a run.

/// Listens for such a signal.
#[derive(Debug)]
pub(crate) struct StatusRequests {
    #[cfg(unix)]
    heard: Vec<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl StatusRequests {
    /// From now on such a signal kills no command, not even one that does not handle it.
    pub(crate) fn survive() {
        // Without a handler the signal ends a command, as is the default.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGUSR1, std::sync::Arc::default());
    }

    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut heard = Vec::new();
        heard.extend(signal(SignalKind::user_defined1()).ok());
        #[cfg(any(target_os = "macos", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
        heard.extend(signal(SignalKind::info()).ok());
        Self { heard }
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let mut heard = self.heard.iter_mut().map(|signal| signal.poll_recv(context).is_ready());
            if heard.any(|ready| ready) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

#[cfg(not(unix))]
impl StatusRequests {
    /// This system has no such signal.
    pub(crate) fn survive() {}

    /// Listens to nothing.
    pub(crate) fn listen() -> Self {
        Self {}
    }

    /// Never.
    pub(crate) async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
