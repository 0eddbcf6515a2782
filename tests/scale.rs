//! Neither memory nor the CPU time of an offer grows with the number of offers.
//!
//! `OFFERLINKS_LONG=1 cargo test --release --test scale` takes a million; `cargo bench --bench scale -- 10000000` measures
//! all the rest.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of a test are tests")]

#[path = "../benches/server/mod.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use server::Server;
use wait4::Wait4;

/// What a run took.
struct Cost {
    /// Most memory of its own in KiB, without the program's text, which depends on how it was built.
    memory: u64,
    /// CPU time.
    cpu: Duration,
}

/// In KiB: 12 MiB were seen, of which up to half are remembered answers.
const MOST: u64 = 16 << 10;
const MARGIN: u64 = 4 << 10;

#[test]
fn more_offers_take_the_same_memory_and_as_much_time_each() {
    // Both far above what is remembered of answers, so that all there is to fill is full.
    let sizes = if std::env::var_os("OFFERLINKS_LONG").is_some() { [100_000, 1_000_000] } else { [20_000, 60_000] };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().unwrap();
    let [small, large] = sizes.map(|offers| export(&server, folder.path(), offers));
    assert_eq!(server.take_calls().1, sizes.map(u64::from).iter().sum());
    let memory = format!("{} KiB for {} offers, {} KiB for {}", small.memory, sizes[0], large.memory, sizes[1]);
    assert!(large.memory <= small.memory + MARGIN, "{memory}");
    assert!(large.memory <= MOST, "{memory}");
    let growth = large.cpu.as_secs_f64() / small.cpu.as_secs_f64() * f64::from(sizes[0]) / f64::from(sizes[1]);
    assert!(growth <= 1.5, "CPU time of an offer grew {growth:.2} times from {} to {} offers", sizes[0], sizes[1]);
    println!("{memory}; an offer's CPU time: {growth:.2} times");
}

fn export(server: &Server, folder: &Path, offers: u32) -> Cost {
    let (input, output) = (folder.join("offers.csv"), folder.join("links.csv"));
    let ids: Vec<String> = (1..=offers).map(|id| id.to_string()).collect();
    fs::write(&input, format!("offer_id\n{}\n", ids.join("\n"))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
    command.arg("export").arg(&input).arg("-o").arg(&output).args(["-q", "-j", "32", "--rate", "none"]);
    command.env("OFFERSLOOK_BASE_URL", server.base_url()).env("OFFERSLOOK_EMAIL", "me@example.com");
    let mut child = command.env("OFFERSLOOK_API_KEY", "key").stdin(Stdio::null()).spawn().unwrap();
    let mut memory = 0;
    while let Some(now) = own_memory(&child) {
        memory = memory.max(now);
        std::thread::sleep(Duration::from_millis(10));
    }
    let ended = child.wait4().unwrap();
    assert!(ended.status.success(), "{}", ended.status);
    let rows = memchr::memchr_iter(b'\n', &fs::read(&output).unwrap()).count();
    assert_eq!(rows as u64, 4 * u64::from(offers) + 1);
    Cost { memory, cpu: ended.rusage.utime + ended.rusage.stime }
}

/// In KiB; `None` for a process that has ended.
fn own_memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
