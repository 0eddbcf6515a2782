//! A redis-server of the test's own: its port, its folder, its process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// It is killed when it is dropped.
pub(crate) struct Redis {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
    faketime: Option<PathBuf>,
}

impl Redis {
    /// `None`, said by name, where there is no redis-server.
    pub(crate) fn start(ip: Ipv4Addr) -> Option<Self> {
        Self::start_with(ip, None)
    }

    /// One whose clock can be set.
    pub(crate) fn with_clock(ip: Ipv4Addr) -> Option<Self> {
        let found = std::env::var_os("FAKETIME_LIB").map(PathBuf::from).or_else(|| {
            let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
            let files = folders.iter().map(|folder| PathBuf::from(folder).join("faketime/libfaketimeMT.so.1"));
            files.into_iter().find(|file| file.is_file())
        });
        if found.is_none() {
            println!("skipped: no libfaketime (Debian: faketime), or name it with FAKETIME_LIB");
        }
        Self::start_with(ip, Some(found?))
    }

    fn start_with(ip: Ipv4Addr, faketime: Option<PathBuf>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap().port();
        let address = SocketAddr::from((ip, port));
        if let Err(error) = Command::new("redis-server").arg("--version").output() {
            println!("skipped: no redis-server ({error})");
            return None;
        }
        std::fs::write(folder.path().join("clock"), "+0").unwrap();
        let child = spawn(address, &folder, faketime.as_ref());
        let redis = Self { child, address, folder, faketime };
        redis.wait();
        Some(redis)
    }

    /// The budget of a run.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again at the same address, without its memory.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.address, &self.folder, self.faketime.as_ref());
        self.wait();
    }

    /// Stops it, or lets it go on.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Sets its clock by so much.
    pub(crate) fn set_clock(&self, by: &str) {
        std::fs::write(self.folder.path().join("clock"), by).unwrap();
    }

    /// Asks it something, in its own words.
    pub(crate) fn ask(&self, words: &[&str]) -> String {
        let (host, port) = (self.address.ip().to_string(), self.address.port().to_string());
        let asked = Command::new("redis-cli").args(["-h", &host, "-p", &port]).args(words).output().unwrap();
        String::from_utf8(asked.stdout).unwrap()
    }

    fn wait(&self) {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "redis-server does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(address: SocketAddr, folder: &TempDir, faketime: Option<&PathBuf>) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--bind", &address.ip().to_string(), "--port", &address.port().to_string()]);
    command.args(["--save", "", "--appendonly", "no", "--protected-mode", "no", "--dir"]).arg(folder.path());
    if let Some(library) = faketime {
        command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", folder.path().join("clock"));
        command.env("FAKETIME_NO_CACHE", "1").env("DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DONT_RESET", "1");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
