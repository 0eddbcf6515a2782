//! The whole program beside the bare loop, in one run: `cargo bench --bench end_to_end -- [OFFERS] [ROUNDS] [RATE...]`
//!
//! Both are child processes against the same in-process server, in turns, so that whatever else the machine does meets
//! both alike. Prints the ratios of the medians of wall time and CPU per offer, and fails if the outputs differ.
//! `-- serve` only serves, for other clients (`compare.sh`).

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark talks to its terminal, and may stop at anything odd"
)]

mod bare;
mod server;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use server::Server;
use wait4::Wait4;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CONCURRENCY: &str = "64";

fn main() -> Result<()> {
    // cargo adds --bench.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => {
            println!("{}", Server::start()?.base_url());
            loop {
                std::thread::park();
            }
        }
        ["bare", base, input, output] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(bare::run(base, Path::new(input), Path::new(output), CONCURRENCY.parse()?))
        }
        [] => compare(40_000, 7, &["none", "1000000/1s"]),
        [offers] => compare(offers.parse()?, 7, &["none", "1000000/1s"]),
        [offers, rounds] => compare(offers.parse()?, rounds.parse()?, &["none", "1000000/1s"]),
        [offers, rounds, ref rates @ ..] => compare(offers.parse()?, rounds.parse()?, rates),
    }
}

/// One finished client.
#[derive(Clone, Copy, Debug)]
struct Cost {
    wall: f64,
    cpu: f64,
}

/// Those that run in turns.
struct Contender {
    name: String,
    command: Command,
    output: PathBuf,
    costs: Vec<Cost>,
}

fn compare(offers: u64, rounds: usize, rates: &[&str]) -> Result<()> {
    let base = Server::start()?.base_url();
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("offers.csv");
    std::fs::write(
        &input,
        std::iter::once("offer_id\n".to_owned()).chain((1..=offers).map(|id| format!("{id}\n"))).collect::<String>(),
    )?;

    let mut contenders = vec![Contender::bare(&base, &input, folder.path())?];
    contenders.extend(rates.iter().map(|rate| Contender::product(&base, &input, folder.path(), rate)));
    for round in 0..rounds {
        for contender in &mut contenders {
            contender.run()?;
            eprint!("\rround {} of {rounds}: {:<24}", round + 1, contender.name);
        }
        for other in contenders.iter().skip(1) {
            if std::fs::read(&contenders[0].output)? != std::fs::read(&other.output)? {
                return Err(format!("{} and {} wrote different rows", contenders[0].name, other.name).into());
            }
        }
    }
    eprintln!();
    print(&contenders, offers);
    Ok(())
}

fn print(contenders: &[Contender], offers: u64) {
    println!("{offers} offers, {CONCURRENCY} at a time; medians of {} turns", contenders[0].costs.len());
    println!("{:<28}{:>10}{:>13}{:>8}{:>8}", "", "offers/s", "CPU us/offer", "wall", "CPU");
    let bare = contenders[0].medians();
    for contender in contenders {
        let Cost { wall, cpu } = contender.medians();
        println!(
            "{:<28}{:>10.0}{:>13.1}{:>7.2}x{:>7.2}x",
            contender.name,
            offers as f64 / wall,
            cpu / offers as f64 * 1e6,
            wall / bare.wall,
            cpu / bare.cpu,
        );
    }
}

impl Contender {
    fn bare(base: &str, input: &Path, folder: &Path) -> Result<Self> {
        let output = folder.join("bare.csv");
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", base]).args([input, &output]);
        Ok(Self { name: "bare loop".to_owned(), command, output, costs: Vec::new() })
    }

    fn product(base: &str, input: &Path, folder: &Path, rate: &str) -> Self {
        let output = folder.join(format!("{}.csv", rate.replace('/', "-")));
        let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
        command.arg("export").arg(input).arg("-o").arg(&output).args(["-j", CONCURRENCY, "--rate", rate]);
        command.envs([
            ("OFFERSLOOK_BASE_URL", base),
            ("OFFERSLOOK_EMAIL", "me@example.com"),
            ("OFFERSLOOK_API_KEY", "key"),
        ]);
        Self { name: format!("offerlinks --rate {rate}"), command, output, costs: Vec::new() }
    }

    fn run(&mut self) -> Result<()> {
        let started = Instant::now();
        let mut child = self.command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let ended = child.wait4()?;
        let wall = started.elapsed().as_secs_f64();
        if !ended.status.success() {
            let words = std::io::read_to_string(child.stderr.take().ok_or("no stderr")?)?;
            return Err(format!("{}: {}: {words}", self.name, ended.status).into());
        }
        let cpu = ended.rusage.utime + ended.rusage.stime;
        self.costs.push(Cost { wall, cpu: cpu.as_secs_f64() });
        Ok(())
    }

    fn medians(&self) -> Cost {
        let median = |of: fn(&Cost) -> f64| {
            let mut values: Vec<f64> = self.costs.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Cost { wall: median(|cost| cost.wall), cpu: median(|cost| cost.cpu) }
    }
}
