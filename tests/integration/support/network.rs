//! A network to call: the sandbox, with its faults chosen by the test.

use offerlinks::sandbox::{self, Log, Options, Sandbox, Script};

use super::KEY;
use crate::hostile::Hostile;

/// Something that can be called.
pub(crate) trait Network {
    fn base_url(&self) -> String;
}

impl Network for Sandbox {
    fn base_url(&self) -> String {
        Sandbox::base_url(self)
    }
}

impl Network for Hostile {
    fn base_url(&self) -> String {
        Hostile::base_url(self)
    }
}

impl Network for &str {
    fn base_url(&self) -> String {
        (*self).to_owned()
    }
}

/// A sandbox network without a limit that remembers every call, changed as the test wants it.
pub(crate) fn network_with(change: impl FnOnce(&mut Options)) -> Sandbox {
    let mut options = Options { api_key: KEY.into(), limit: None, log: Log::On, ..Options::default() };
    change(&mut options);
    Sandbox::start(options).unwrap()
}

/// A sandbox network without a limit that remembers every call.
pub(crate) fn network() -> Sandbox {
    network_with(|_| ())
}

/// A sandbox network that lets the test answer.
pub(crate) fn scripted(
    answer: impl Fn(&sandbox::Asked<'_>) -> Option<sandbox::Reply> + Send + Sync + 'static,
) -> Sandbox {
    network_with(|options| options.script = Some(Script::new(answer)))
}

/// An answer with this status and body.
pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> sandbox::Reply {
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    sandbox::Reply::Http { status, headers, body: body.into() }
}

/// The offers that were called, in the order of arrival.
pub(crate) fn called(network: &Sandbox) -> Vec<String> {
    network.calls().into_iter().filter_map(|call| call.offer).collect()
}

/// An answer with these headers and this body, from a script.
#[expect(clippy::unnecessary_wraps, reason = "scripts answer with an Option")]
pub(crate) fn http(status: u16, headers: &[(&str, &str)], body: &str) -> Option<sandbox::Reply> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Some(sandbox::Reply::Http { status, headers, body: body.as_bytes().to_vec() })
}
