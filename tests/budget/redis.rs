//! A redis-server of the test's own: its port, its folder, its process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The clock that TIME goes by, moved by the seconds in a file.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
int gettimeofday(struct timeval *now, void *zone) {
    long moved = 0;
    const char *name = getenv("CLOCK_FILE");
    FILE *file = name ? fopen(name, "r") : NULL;
    int done = syscall(SYS_gettimeofday, now, zone);
    if (file) { if (fscanf(file, "%ld", &moved) != 1) moved = 0; fclose(file); }
    now->tv_sec += moved;
    return done;
}
"#;

/// It is killed when it is dropped.
pub(crate) struct Redis {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
    clock: Option<PathBuf>,
}

impl Redis {
    /// `None`, said by name, where there is no redis-server.
    pub(crate) fn start(ip: Ipv4Addr) -> Option<Self> {
        Self::start_with(ip, None)
    }

    /// One whose clock can be set. (libfaketime and the allocator of Debian's redis-server do not get on.)
    pub(crate) fn with_clock(ip: Ipv4Addr) -> Option<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
        std::fs::write(&source, CLOCK).unwrap();
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        if !compiled.is_ok_and(|status| status.success()) {
            println!("skipped: no C compiler for a clock that can be set");
            return None;
        }
        Self::start_with(ip, Some(library))
    }

    fn start_with(ip: Ipv4Addr, clock: Option<PathBuf>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap().port();
        let address = SocketAddr::from((ip, port));
        if let Err(error) = Command::new("redis-server").arg("--version").output() {
            println!("skipped: no redis-server ({error})");
            return None;
        }
        std::fs::write(folder.path().join("clock"), "+0").unwrap();
        let child = spawn(address, &folder, clock.as_ref());
        let redis = Self { child, address, folder, clock };
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
        self.child = spawn(self.address, &self.folder, self.clock.as_ref());
        self.wait();
    }

    /// Stops it, or lets it continue.
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

fn spawn(address: SocketAddr, folder: &TempDir, clock: Option<&PathBuf>) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--bind", &address.ip().to_string(), "--port", &address.port().to_string()]);
    command.args(["--save", "", "--appendonly", "no", "--protected-mode", "no", "--dir"]).arg(folder.path());
    if let Some(library) = clock {
        command.env("LD_PRELOAD", library).env("CLOCK_FILE", folder.path().join("clock"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
