//! Hosts that see a network and a Redis, and not each other.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use offerlinks::sandbox::limit::Rules;
use offerlinks::sandbox::{API_KEY, EMAIL, Log, Options, Sandbox};
use tempfile::TempDir;

static SITES: AtomicU8 = AtomicU8::new(0);

/// A network, and network namespaces that reach it.
pub(crate) struct Site {
    number: u8,
    pub(crate) network: Sandbox,
    pub(crate) started: Instant,
    pub(crate) hosts: Vec<Host>,
}

/// A host with one run on it.
pub(crate) struct Host {
    namespace: String,
    folder: TempDir,
    child: Option<Child>,
}

impl Site {
    /// `None`, said by name, where this machine has no such things.
    pub(crate) fn new(hosts: usize) -> Option<Self> {
        let number = SITES.fetch_add(1, Ordering::Relaxed);
        let ip = address(number, 254);
        if !ip_does(&format!("addr add {ip}/32 dev lo")) {
            println!("skipped: no network namespaces here (they need root and iproute2)");
            return None;
        }
        let network = Sandbox::start(Options {
            listen: SocketAddr::from((ip, 0)),
            limit: Some(Rules::PUBLISHED),
            latency: Duration::from_millis(20)..=Duration::from_millis(300),
            log: Log::On,
            ..Options::default()
        });
        let mut site = Self { number, network: network.unwrap(), started: Instant::now(), hosts: Vec::new() };
        for n in 0..u8::try_from(hosts).unwrap() {
            site.hosts.push(Host::new(number, n)?);
        }
        Some(site)
    }

    /// Where the network and the Redis of this site are.
    pub(crate) fn ip(&self) -> Ipv4Addr {
        address(self.number, 254)
    }

    /// Starts a run on a host.
    pub(crate) fn run(&mut self, host: usize, budget: &str, arguments: &[&str]) {
        let base_url = self.network.base_url();
        self.hosts[host].run(host, &base_url, budget, arguments);
    }

    pub(crate) fn sleep_until(&self, seconds: u64) {
        std::thread::sleep(Duration::from_secs(seconds).saturating_sub(self.started.elapsed()));
    }

    /// When the calls of each host arrived, in seconds from the start.
    pub(crate) fn arrivals(&self) -> Vec<(f64, usize)> {
        let calls = self.network.calls().into_iter();
        let call = |call: offerlinks::sandbox::Call| {
            let host = call.offer?.parse::<usize>().ok()? / 1_000_000;
            Some((call.at.duration_since(self.started).as_secs_f64(), host - 1))
        };
        let mut arrivals: Vec<_> = calls.filter_map(call).collect();
        arrivals.sort_by(|one, other| one.0.total_cmp(&other.0));
        arrivals
    }

    /// Calls that the network refused.
    pub(crate) fn refused(&self) -> usize {
        self.network.calls().iter().filter(|call| call.status == Some(429)).count()
    }

    pub(crate) fn said(&self) -> String {
        let host = |(n, host): (usize, &Host)| format!("host {n}:\n{}", host.said());
        self.hosts.iter().enumerate().map(host).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.hosts.clear();
        ip_does(&format!("addr del {}/32 dev lo", self.ip()));
    }
}

impl Host {
    fn new(site: u8, n: u8) -> Option<Self> {
        let namespace = format!("ol{}s{site}h{n}", std::process::id());
        let (near, far) = (address(site, 4 * n + 1), address(site, 4 * n + 2));
        let link = format!("o{}x{site}x{n}", std::process::id() % 10_000);
        let done = ip_does(&format!("netns add {namespace}"))
            && ip_does(&format!("link add {link} type veth peer name eth0 netns {namespace}"))
            && ip_does(&format!("addr add {near}/30 dev {link}"))
            && ip_does(&format!("link set {link} up"))
            && ip_does(&format!("-n {namespace} addr add {far}/30 dev eth0"))
            && ip_does(&format!("-n {namespace} link set eth0 up"))
            && ip_does(&format!("-n {namespace} route add default via {near}"));
        if !done {
            println!("skipped: network namespaces cannot be connected here");
        }
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let host = Self { namespace, folder, child: None };
        done.then_some(host)
    }

    fn run(&mut self, number: usize, base_url: &str, budget: &str, arguments: &[&str]) {
        let first = (number + 1) * 1_000_000;
        let ids: Vec<String> = (first..first + 20_000).map(|id| id.to_string()).collect();
        fs::write(self.folder.path().join("offers.csv"), format!("offer_id\n{}\n", ids.join("\n"))).unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace, env!("CARGO_BIN_EXE_offerlinks"), "export", "offers.csv"]);
        command.args(["-o", "links.csv", "--allow-http", "--restart", "--report", "report.json"]).args(arguments);
        command.current_dir(self.folder.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("OFFERSLOOK_BASE_URL", base_url).env("OFFERSLOOK_EMAIL", EMAIL).env("OFFERSLOOK_API_KEY", API_KEY);
        command.env("OFFERSLOOK_BUDGET", budget);
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
        ip_does(&format!("netns del {}", self.namespace));
    }
}

/// No two test processes at the same time have the same, but by chance.
fn address(site: u8, last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, u8::try_from(64 + std::process::id() % 128).unwrap(), site, last)
}

fn ip_does(words: &str) -> bool {
    let done = Command::new("ip").args(words.split(' ')).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}
