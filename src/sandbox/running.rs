//! A sandbox that is running: its address, its account, and its thread.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::sandbox::call_log::Call;
use crate::sandbox::options::{EMAIL, Options};
use crate::sandbox::{others, server, wire};
use crate::settings;

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
    /// The address cannot be listened on, or the system refuses a thread.
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

    /// The value for `--base-url`: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The account that it accepts.
    ///
    /// # Errors
    /// The address is not a valid URL; this cannot happen for a listening address.
    pub fn account(&self) -> io::Result<settings::network::Account> {
        Ok(settings::network::Account {
            base_url: self.base_url().parse().map_err(io::Error::other)?,
            email: EMAIL.to_owned(),
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
