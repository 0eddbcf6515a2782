//! The cost of size: `cargo bench --bench scale -- [OFFERS...]`, such as `10000 100000 1000000 10000000`
//!
//! For every size: the time until the first call, time and memory of a whole run, and the time until the first call of
//! a run that was killed near its end and goes on. Needs Linux for the memory.

#![expect(clippy::print_stdout, reason = "a benchmark talks to its terminal")]

mod server;

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use server::Server;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(5);

fn main() -> Result<()> {
    // cargo adds --bench.
    let sizes = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let mut sizes = sizes.map(|size| size.parse()).collect::<std::result::Result<Vec<u64>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000];
    }
    println!("| offers | first call | whole run | offers/s | peak memory | first call of --resume |");
    println!("|---:|---:|---:|---:|---:|---:|");
    let server = Server::start()?;
    for size in sizes {
        let folder = tempfile::tempdir()?;
        let (input, output) = (folder.path().join("offers.csv"), folder.path().join("links.csv"));
        write_offers(&input, size)?;
        let whole = run(&server, [&input, &output], false, |_| false)?;
        fs::remove_file(&output)?;
        // Near the end, but not between the last two commits.
        let end = size - (size / 20).max(25_000.min(size / 2));
        let killed = run(&server, [&input, &output], false, |offers| offers >= end)?.was_killed;
        let resumed = run(&server, [&input, &output], true, |_| false)?;
        if killed && resumed.calls > size / 2 {
            return Err("the run did not go on but started over".into());
        }
        let resumed = resumed.first_call.filter(|_| killed);
        let resumed = resumed.map_or_else(|| "too short".to_owned(), |first| format!("{} ms", first.as_millis()));
        println!(
            "| {size} | {} ms | {:.1} s | {:.0} | {:.1} MiB | {resumed} |",
            whole.first_call.ok_or("no call was made")?.as_millis(),
            whole.wall.as_secs_f64(),
            size as f64 / whole.wall.as_secs_f64(),
            whole.memory as f64 / 1024.0,
        );
    }
    Ok(())
}

fn write_offers(path: &Path, size: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "offer_id")?;
    for offer in 1..=size {
        writeln!(file, "{offer}")?;
    }
    Ok(file.into_inner()?.sync_all()?)
}

/// What a run took.
struct Cost {
    /// `None` where nothing was left to ask for.
    first_call: Option<Duration>,
    calls: u64,
    was_killed: bool,
    wall: Duration,
    /// In KiB.
    memory: u64,
}

/// Runs the program until it ends, or is killed because of how many offers its checkpoint has.
fn run(server: &Server, [input, output]: [&PathBuf; 2], resume: bool, kill_at: impl Fn(u64) -> bool) -> Result<Cost> {
    server.take_calls();
    let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
    command.arg("export").arg(input).arg("-o").arg(output).args(["-q", "-j", "64", "--rate", "none"]);
    command.args(resume.then_some("--resume")).env("OFFERSLOOK_BASE_URL", server.base_url());
    command.envs([("OFFERSLOOK_EMAIL", "me@example.com"), ("OFFERSLOOK_API_KEY", "key")]);
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let mut memory = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        memory = peak(&child).unwrap_or(memory);
        if done(output).is_some_and(&kill_at) {
            child.kill()?;
        }
        std::thread::sleep(LOOK);
    };
    let wall = started.elapsed();
    if status.code().is_some_and(|code| code != 0) {
        return Err(format!("the run ended with {status}").into());
    }
    let (first_call, calls) = server.take_calls();
    let first_call = first_call.map(|first| first.duration_since(started));
    Ok(Cost { first_call, calls, was_killed: status.code().is_none(), wall, memory })
}

/// Peak memory of a process in KiB.
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// How many offers the checkpoint says are done.
fn done(output: &Path) -> Option<u64> {
    let mut name = output.as_os_str().to_owned();
    name.push(".checkpoint");
    let text = fs::read_to_string(PathBuf::from(name)).ok()?;
    let rest = text.split("\"offers\":").nth(1)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
