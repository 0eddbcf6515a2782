//! Hears somebody ask how far a run is: SIGUSR1, and SIGINFO (Ctrl-T) where there is one.
//!
//! Ends nothing and answers nothing; signals that end a run are the business of `signals`.

/// Hears the question.
#[derive(Debug)]
pub(crate) struct StatusRequests {
    #[cfg(unix)]
    heard: Vec<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl StatusRequests {
    /// From now on the question kills no command, not even one that has no answer.
    pub(crate) fn survive() {
        // Without a handler a command dies of it, as it did before.
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

    /// The next question.
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
    /// Nobody can ask here.
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
