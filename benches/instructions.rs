//! Instructions an offer, of the whole program beside the bare loop and of each stage: `cargo bench --bench instructions`
//!
//! Both are child processes under valgrind's callgrind, for 1,000 and for 4,000 offers; the difference leaves out what a
//! run costs once. The count does not depend on what else the machine does, and hardly on the machine, as the bare loop
//! runs through the same libraries. Fails where the ratio has grown by more than 3 % over [`STORED`]. Needs valgrind.

#![expect(clippy::print_stdout, reason = "a benchmark talks to its terminal")]

mod bare;
mod order;
mod server;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use server::Server;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Instructions an offer beside the bare loop's, as they were measured last. To be set again by whoever changes them. The
/// second is that of a build without optimization, which CI has anyway.
const STORED: f64 = if cfg!(debug_assertions) { 1.017 } else { 0.625 };

/// How much more is no accident any more: two runs differ by less than 1 %. Without optimization the libraries are a larger
/// part of the whole.
const TOLERANCE: f64 = if cfg!(debug_assertions) { 1.02 } else { 1.03 };

/// How often it is counted before it counts as grown: on a machine with much else to do the calls come in other groups.
const TRIES: u32 = 3;

const SIZES: [u64; 2] = if cfg!(debug_assertions) { [500, 1500] } else { [1000, 4000] };

/// What the functions of a stage have in their names; the earliest name in a function's decides.
const STAGES: &[(&str, &[&str])] = &[
    ("reading rows (`input`, `text`)", &["offerlinks::input", "offerlinks::text", "offerlinks::offer::id", "csv_core"]),
    ("schedule (`dispatch`, `pace`, `budget`)", &["offerlinks::dispatch", "offerlinks::pace", "offerlinks::budget"]),
    (
        "answer to links (`api::documented`, `api::link`, `offer`)",
        &["offerlinks::api::documented", "offerlinks::api::link", "offerlinks::offer", "from_utf8"],
    ),
    ("call, key guard (`api`)", &["offerlinks::api", "memchr"]),
    ("order and memory of answers (`reorder`)", &["offerlinks::reorder", "hashbrown"]),
    ("rows (`encode`)", &["offerlinks::encode"]),
    ("to disk (`output`)", &["offerlinks::output", "crc32fast"]),
    ("loop (`run`, `report`)", &["offerlinks", "futures_util", "futures_core"]),
    ("reqwest and its layers", &["reqwest", "tower", "tower_http", "tower_service"]),
    ("URLs within it", &["url::", "idna::", "percent_encoding"]),
    ("hyper-util: pool and client", &["hyper_util", "hash_one", "sip::Hasher", "sip13"]),
    ("hyper: HTTP", &["hyper::", "httparse", "http::", "want::", "http_body", "itoa"]),
    ("tokio", &["tokio", "mio::", "parking_lot"]),
    ("buffers (`bytes`)", &["bytes::"]),
    (
        "malloc and free",
        &[
            "mi_",
            "malloc",
            "_int_",
            "free",
            "realloc",
            "calloc",
            "unlink_chunk",
            "rust_alloc",
            "rust_dealloc",
            "sysmalloc",
        ],
    ),
    ("memcpy and the like", &["memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"]),
];

fn main() -> Result<()> {
    // cargo adds --bench.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [name, base, input, output] = &arguments[..]
        && name == "bare"
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(bare::run(base, Path::new(input), Path::new(output), 64));
    }
    let server = Server::start()?;
    let folder = tempfile::tempdir()?;
    let place = Place { base: server.base_url(), folder: folder.path().to_owned() };
    if let [name, program] = &arguments[..]
        && name == "order"
    {
        let counts = place.count(SIZES[1], "--demangle=no", |input, output| export(program, input, output))?;
        print!("{}", order::script(&counts, Path::new(program))?);
        return Ok(());
    }
    let mut ratio = f64::INFINITY;
    for _ in 0..TRIES {
        ratio = ratio.min(compare(&place)?);
        if ratio <= STORED * TOLERANCE {
            break;
        }
    }
    println!("\n{ratio:.3} of the bare loop; stored is {STORED:.3}");
    if ratio > STORED * TOLERANCE {
        return Err(format!(
            "the whole has grown by more than {:.0} %; the table says where",
            100.0 * TOLERANCE - 100.0
        )
        .into());
    }
    if ratio < STORED / TOLERANCE {
        println!("that is clearly less: store it in benches/instructions.rs, and the table in docs/speed.md");
    }
    Ok(())
}

/// Counts both once, prints the table, and returns their ratio.
fn compare(place: &Place) -> Result<f64> {
    let ours = place.measure(|input, output| export(env!("CARGO_BIN_EXE_offerlinks"), input, output))?;
    let this = std::env::current_exe()?.to_string_lossy().into_owned();
    let theirs =
        place.measure(|input, output| vec![this.clone(), "bare".to_owned(), place.base.clone(), input, output])?;

    let (whole, bare) = (sum(&ours), sum(&theirs));
    println!("| stage | offerlinks | bare loop |\n|---|---:|---:|");
    let stages = STAGES.iter().map(|(name, _)| *name).chain([OTHER]);
    for stage in stages {
        println!("| {stage} | {:.0} | {:.0} |", of_stage(&ours, stage), of_stage(&theirs, stage));
    }
    println!("| **whole** | **{whole:.0}** | **{bare:.0}** |");
    Ok(whole / bare)
}

const OTHER: &str = "all else";

fn export(program: &str, input: String, output: String) -> Vec<String> {
    let mut command = vec![program.to_owned(), "export".to_owned(), input, "-o".to_owned(), output];
    command.extend(["-q", "-j", "64", "--rate", "none"].map(str::to_owned));
    command
}

/// Instructions an offer, by function.
type Costs = BTreeMap<String, f64>;

fn sum(costs: &Costs) -> f64 {
    costs.values().sum()
}

fn of_stage(costs: &Costs, stage: &str) -> f64 {
    costs.iter().filter(|(function, _)| stage_of(function) == stage).map(|(_, cost)| cost).sum()
}

/// The stage whose name comes first in a function's; of two at the same place the first in the list.
fn stage_of(function: &str) -> &'static str {
    let places = STAGES.iter().filter_map(|(stage, names)| {
        let place = names.iter().filter_map(|name| function.find(name)).min()?;
        Some((place, *stage))
    });
    places.min_by_key(|(place, _)| *place).map_or(OTHER, |(_, stage)| stage)
}

/// What the runs share.
struct Place {
    base: String,
    folder: PathBuf,
}

impl Place {
    /// Counts a program, for both sizes; `command` is given the input and the output.
    fn measure(&self, command: impl Fn(String, String) -> Vec<String>) -> Result<Costs> {
        let [few, many] = SIZES.map(|size| self.count(size, "--demangle=yes", &command));
        let (few, many) = (by_function(&few?), by_function(&many?));
        let between = (SIZES[1] - SIZES[0]) as f64;
        let difference = |(function, cost): (&String, &f64)| {
            (function.clone(), (cost - few.get(function).copied().unwrap_or_default()) / between)
        };
        Ok(many.iter().map(difference).collect())
    }

    /// What callgrind writes for that many offers.
    fn count(&self, size: u64, names: &str, command: impl Fn(String, String) -> Vec<String>) -> Result<String> {
        let path = |name: &str| self.folder.join(name).to_string_lossy().into_owned();
        let (input, output, counts) = (path("offers.csv"), path("links.csv"), path("callgrind.out"));
        let offers = (1..=size).map(|id| format!("{id}\n"));
        fs::write(&input, std::iter::once("offer_id\n".to_owned()).chain(offers).collect::<String>())?;
        let ended = Command::new("valgrind")
            .args(["--tool=callgrind", names, &format!("--callgrind-out-file={counts}")])
            .args(command(input, output.clone()))
            .env("OFFERSLOOK_BASE_URL", &self.base)
            .env("OFFERSLOOK_EMAIL", "me@example.com")
            .env("OFFERSLOOK_API_KEY", "some-secret-key")
            .output()
            .map_err(|error| format!("valgrind cannot be started ({error}); install it"))?;
        if !ended.status.success() {
            return Err(format!("{}: {}", ended.status, String::from_utf8_lossy(&ended.stderr)).into());
        }
        fs::remove_file(output)?;
        Ok(fs::read_to_string(counts)?)
    }
}

/// What each function itself took, without what it called. The format is callgrind's, in which a name is written out
/// once and later only numbered, and the line after `calls=` is the cost of the callee.
fn by_function(counts: &str) -> Costs {
    let (mut names, mut costs) = (BTreeMap::new(), Costs::new());
    let (mut function, mut is_callee) = (String::new(), false);
    for line in counts.lines() {
        if let Some(named) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
            let (number, name) = named.split_once(' ').unwrap_or((named, ""));
            if !name.is_empty() {
                names.insert(number.to_owned(), name.to_owned());
            }
            if line.starts_with("fn=") {
                function = names.get(number).cloned().unwrap_or_default();
            }
        } else if line.starts_with("calls=") {
            is_callee = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '*')) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<f64>().ok()).unwrap_or_default();
            if !std::mem::take(&mut is_callee) {
                *costs.entry(function.clone()).or_default() += cost;
            }
        }
    }
    costs
}
