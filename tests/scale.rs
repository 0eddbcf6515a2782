//! Memory does not grow with the number of offers. `cargo bench --bench scale -- 1000000 10000000` measures all the rest.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of a test are tests")]

#[path = "../benches/server/mod.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use server::Server;

/// Far above what is remembered of answers, so that all there is to fill is full.
const SMALL: u64 = 20_000;
const LARGE: u64 = 60_000;
/// In KiB.
const MOST: u64 = 32 << 10;
const MARGIN: u64 = 4 << 10;

#[test]
fn three_times_the_offers_take_the_same_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().unwrap();
    let [small, large] = [SMALL, LARGE].map(|offers| peak_memory(&server, folder.path(), offers));
    assert!(server.first_call().is_some());
    assert!(large <= small + MARGIN, "{small} KiB for {SMALL} offers, {large} KiB for {LARGE}");
    assert!(large <= MOST, "{large} KiB");
}

fn peak_memory(server: &Server, folder: &Path, offers: u64) -> u64 {
    let (input, output) = (folder.join("offers.csv"), folder.join("links.csv"));
    let ids: Vec<String> = (1..=offers).map(|id| id.to_string()).collect();
    fs::write(&input, format!("offer_id\n{}\n", ids.join("\n"))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
    command.arg("export").arg(&input).arg("-o").arg(&output).args(["-q", "-j", "32", "--rate", "none"]);
    command.env("OFFERSLOOK_BASE_URL", server.base_url()).env("OFFERSLOOK_EMAIL", "me@example.com");
    let mut child = command.env("OFFERSLOOK_API_KEY", "key").stdin(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = line.trim().trim_end_matches(" kB").parse().unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "{status}");
    assert_eq!(memchr::memchr_iter(b'\n', &fs::read(&output).unwrap()).count() as u64, 4 * offers + 1);
    peak
}
