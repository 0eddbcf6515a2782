//! The way to the network, before anything has come back over it: what fails there and cannot pass by itself ends the
//! run after a call or two, instead of the attempts and the patience that an outage gets.
//!
//! Counts faults and words the way out. Sends nothing.

use std::sync::atomic::{AtomicU8, AtomicU16, Ordering::Relaxed};

use crate::api::transport_error::Fault;

/// How a host and a proxy were named, for the user to look there; and what has come over the way so far.
#[derive(Debug, Default)]
pub(crate) struct Way {
    /// Such as `OFFERSLOOK_NETWORK (demoo)`.
    pub(crate) host_named_by: String,
    /// Such as `HTTPS_PROXY`, where there is a proxy.
    pub(crate) proxy_named_by: Option<String>,
    /// 0 before anything has come back, then 1.
    proven: AtomicU8,
    /// Faults that cannot pass, in a row.
    lasting: AtomicU8,
    /// How often the proxy was asked for its status since something came back, and what it said last; 0 is nothing.
    asked: AtomicU8,
    said: AtomicU16,
}

/// How often a proxy is asked why it opens no tunnel: enough for what ends a run, and no second flood of calls.
const MOST_ASKED: u8 = 3;

impl Way {
    pub(crate) fn new(host_named_by: String, proxy_named_by: Option<String>) -> Self {
        Self { host_named_by, proxy_named_by, ..Self::default() }
    }

    /// Something has come back from the host: from now on a fault may be a hiccup.
    pub(crate) fn passed(&self) {
        self.proven.store(1, Relaxed);
        self.lasting.store(0, Relaxed);
        self.asked.store(0, Relaxed);
    }

    /// Whether to ask the proxy why it opens no tunnel; counts it.
    pub(crate) fn may_ask(&self) -> bool {
        self.asked.fetch_update(Relaxed, Relaxed, |asked| (asked < MOST_ASKED).then_some(asked + 1)).is_ok()
    }

    /// What the proxy has said last, after taking in what it says now.
    pub(crate) fn proxy_says(&self, now: Option<u16>) -> Option<u16> {
        if let Some(now) = now {
            self.said.store(now, Relaxed);
        }
        Some(self.said.load(Relaxed)).filter(|&said| said != 0)
    }

    /// Takes in a call without an answer.
    pub(crate) fn failed(&self, fault: Fault) {
        if fault.is_lasting() {
            self.lasting.store(self.lasting.load(Relaxed).saturating_add(1), Relaxed);
        }
    }

    /// What to do, if such a fault ends the run by now.
    ///
    /// One look-up is enough, since the name servers themselves say that there is no such name. A log-in that is
    /// refused again and again locks accounts, so it ends a run that is under way too.
    pub(crate) fn closed(&self, fault: Fault) -> Option<String> {
        let most = if fault == Fault::UnknownHost { 1 } else { 2 };
        let is_closed = fault.is_lasting()
            && self.lasting.load(Relaxed) >= most
            && (fault == Fault::ProxyLogin || self.proven.load(Relaxed) == 0);
        is_closed.then(|| self.way_out(fault))
    }

    /// What to do about a fault.
    pub(crate) fn way_out(&self, fault: Fault) -> String {
        let Self { host_named_by, proxy_named_by, .. } = self;
        match (fault, proxy_named_by) {
            (Fault::UnknownHost, Some(proxy)) => format!("check {proxy} for a typing error"),
            (Fault::UnknownHost, None) => format!("check {host_named_by} for a typing error"),
            (Fault::ProxyLogin, proxy) => {
                let proxy = proxy.as_deref().unwrap_or("the proxy's settings");
                format!("check {proxy}: http://USER:PASSWORD@HOST:PORT, with %40 for an @ in the password")
            }
            (Fault::Proxy | Fault::ProxyRefusal, Some(proxy)) => {
                format!("check {proxy}, or ask who runs the proxy to let this host pass")
            }
            (Fault::Certificate, _) => "the key was not sent".to_owned(),
            (_, Some(proxy)) => format!("check {host_named_by} and {proxy}"),
            (_, None) => format!("check {host_named_by}, and what stands between"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_pass_ends_a_run_at_its_start_and_a_refused_log_in_always() {
        use Fault::{
            AnswerTimeout, Certificate, Connect, Dns, NotHttp, ProxyLogin, ProxyRefusal, TlsMismatch, UnknownHost,
        };
        for (faults, answers_before, closed) in [
            (&[UnknownHost][..], 0, true),
            (&[UnknownHost], 1, false),
            (&[Dns, Dns, Dns], 0, false),
            (&[Connect, AnswerTimeout, Connect], 0, false),
            (&[Certificate], 0, false),
            (&[Certificate, Certificate], 0, true),
            (&[Certificate, Certificate], 1, false),
            (&[NotHttp, NotHttp], 0, true),
            (&[TlsMismatch, Connect, TlsMismatch], 0, true),
            (&[ProxyRefusal], 0, false),
            (&[ProxyRefusal, ProxyRefusal], 0, true),
            (&[ProxyRefusal, ProxyRefusal], 1, false),
            (&[ProxyLogin], 0, false),
            (&[ProxyLogin, ProxyLogin], 0, true),
            (&[ProxyLogin, ProxyLogin], 1, true),
        ] {
            let way = Way::new("--network demoo".to_owned(), None);
            (0..answers_before).for_each(|_| way.passed());
            for fault in faults {
                way.failed(*fault);
            }
            assert_eq!(way.closed(faults[faults.len() - 1]).is_some(), closed, "{faults:?} {answers_before}");
        }
    }

    #[test]
    fn the_way_out_names_the_setting() {
        let direct = Way::new("OFFERSLOOK_NETWORK (demoo)".to_owned(), None);
        assert_eq!(direct.way_out(Fault::UnknownHost), "check OFFERSLOOK_NETWORK (demoo) for a typing error");
        let proxied = Way::new("--network demo".to_owned(), Some("HTTPS_PROXY".to_owned()));
        assert_eq!(proxied.way_out(Fault::UnknownHost), "check HTTPS_PROXY for a typing error");
        assert!(proxied.way_out(Fault::ProxyLogin).starts_with("check HTTPS_PROXY: "));
    }
}
