//! What all cases share: an input, a network that serves it, the bytes of an undisturbed run, and folders to run in.
//!
//! Judges nothing but what holds for every case: the final bytes, and what may be left beside them.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use offerlinks::sandbox::{self, Log, Options, Sandbox, Script};
use tempfile::TempDir;

use crate::running::{Ended, Running};
use crate::signals_heard::command as hearing;

/// The content of the output before a run; it must stay until the run's end.
pub(crate) const OLD: &str = "the old output\n";

/// Longer than anything here may take: something hangs.
pub(crate) const TOO_LONG: Duration = Duration::from_secs(120);

/// Whether the long form is wanted.
pub(crate) fn long() -> bool {
    std::env::var_os("OFFERLINKS_LONG").is_some()
}

/// Random numbers of a printed seed.
pub(crate) fn random() -> fastrand::Rng {
    let given = std::env::var("OFFERLINKS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("OFFERLINKS_SEED={seed} repeats this");
    fastrand::Rng::with_seed(seed)
}

/// Says that a case is not run here.
pub(crate) fn skip(case: &str, why: &str) {
    println!("skipped: {case}: {why}");
}

/// An input, the network that it is about, and what a run has to make of it.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) network: Sandbox,
    pub(crate) golden: String,
    /// What the undisturbed run has said at its end.
    said: Vec<String>,
}

impl Scene {
    /// So many offers, of which one is not there and one is not approved, and a cell that is no ID; every answer takes
    /// `latency`.
    pub(crate) fn new(offers: u32, latency: Duration) -> Self {
        Self::with(offers, Options { latency: latency..=latency, ..Options::default() })
    }

    /// Every call is answered as the script says.
    pub(crate) fn scripted(offers: u32, script: Script) -> Self {
        Self::with(offers, Options { script: Some(script), ..Options::default() })
    }

    fn with(offers: u32, options: Options) -> Self {
        Self::within(tempfile::tempdir().unwrap(), offers, options)
    }

    /// On a disk in memory, where there is one, so that how slow this machine's disk is at the moment tells nothing.
    pub(crate) fn in_memory(offers: u32, latency: Duration) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Self::within(folder, offers, Options { latency: latency..=latency, ..Options::default() })
    }

    fn within(folder: TempDir, offers: u32, options: Options) -> Self {
        fs::write(folder.path().join("offers.csv"), input(offers)).unwrap();
        let network = |options| Sandbox::start(Options { limit: None, ..options }).unwrap();
        let undisturbed = network(Options::default());
        let scene = Self { folder, network: undisturbed, golden: String::new(), said: Vec::new() };
        let place = scene.place("undisturbed");
        let ended = place.run(&[]);
        ended.assert_code(3);
        let said = counts(&ended.stderr);
        assert!(said.len() > 3, "{said:?}");
        let golden = fs::read_to_string(place.out()).unwrap();
        assert!(golden.lines().count() > offers as usize, "{golden}");
        Self { network: network(Options { log: Log::On, ..options }), golden, said, ..scene }
    }

    pub(crate) fn input(&self) -> PathBuf {
        self.folder.path().join("offers.csv")
    }

    /// A new folder with the old output in it.
    pub(crate) fn place(&self, name: &str) -> Place<'_> {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("links.csv"), OLD).unwrap();
        Place { scene: self, folder }
    }

    /// How many calls for links have arrived, and for how many offers.
    pub(crate) fn calls(&self) -> (usize, usize) {
        let calls = self.network.calls();
        let offers: HashSet<_> = calls.iter().filter_map(|call| call.offer.as_deref()).collect();
        (calls.len(), offers.len())
    }

    /// Waits until this many calls have arrived in all.
    pub(crate) fn wait_for_calls(&self, calls: usize) {
        wait_until("calls arrive", || self.network.calls().len() >= calls);
    }
}

/// The counts in the last words of a run, without its time and its output's name.
fn counts(stderr: &str) -> Vec<String> {
    let lines = stderr.lines().skip_while(|line| !line.contains("exported ")).take_while(|line| !line.contains("call"));
    let without_names = |line: &str| {
        let (what, rest) = line.split_once(" to ").unwrap_or((line, ""));
        let rows = rest.rsplit_once(": ").map_or("", |(_, rows)| rows.split(" in ").next().unwrap_or_default());
        let what = what.split_once("exported ").map_or(what, |(_, what)| what);
        format!("{what} {rows}")
    };
    // Names are those of this run's failures only, and the file's own.
    lines.filter(|line| !line.starts_with("    they are: ")).map(without_names).collect()
}

/// Offers with few links each; 20 is not approved, 21 is not there.
pub(crate) fn input(offers: u32) -> String {
    let mut text = "offer_id,campaign\n20,not approved\nabc,no ID\n".to_owned();
    for offer in 1..offers {
        writeln!(text, "{},\"campaign {offer}\"", if offer == offers / 2 { 21 } else { 1000 + offer }).unwrap();
    }
    text
}

/// A folder to run in.
pub(crate) struct Place<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) folder: PathBuf,
}

impl Place<'_> {
    pub(crate) fn out(&self) -> PathBuf {
        self.folder.join("links.csv")
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.folder.join(format!("links.csv{suffix}"))
    }

    /// `export` from the scene's input to this place, at no limit, under another program if one is given.
    pub(crate) fn export_under(&self, wrapper: &[&str], arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_offerlinks");
        let mut command = match wrapper {
            [] => hearing(program),
            [first, rest @ ..] => {
                let mut command = hearing(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.arg("export").arg(self.scene.input()).arg("-o").arg(self.out());
        self.furnish(&mut command);
        if !arguments.contains(&"--rate") {
            command.args(["--rate", "none"]);
        }
        command.args(arguments);
        command
    }

    /// Nothing of the caller's environment but the way to programs; an account; and no terminal.
    pub(crate) fn furnish(&self, command: &mut Command) {
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("OFFERSLOOK_BASE_URL", self.scene.network.base_url());
        command.env("OFFERSLOOK_EMAIL", sandbox::EMAIL).env("OFFERSLOOK_API_KEY", sandbox::API_KEY);
        command.env("HOME", &self.folder).env("TMPDIR", self.scene.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.export_under(&[], arguments))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = fs::read_dir(&self.folder).unwrap().map(name).collect();
        names.sort();
        names
    }

    /// Whether the output has its name.
    fn is_over(&self) -> bool {
        fs::read_to_string(self.out()).is_ok_and(|text| text != OLD)
    }

    /// How many offers the last commit covers.
    pub(crate) fn committed(&self) -> u64 {
        let Ok(text) = fs::read_to_string(self.beside(".checkpoint")) else { return 0 };
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["checkpoint"]["run"]["offers"].as_u64().unwrap()
    }

    pub(crate) fn assert_old_output(&self) {
        assert_eq!(fs::read_to_string(self.out()).unwrap(), OLD);
    }

    /// The output is either not touched yet or whole.
    pub(crate) fn assert_old_or_golden(&self) {
        let out = fs::read_to_string(self.out()).unwrap();
        assert!(out == OLD || out == self.scene.golden, "neither the old output nor the new one: {out}");
    }

    /// The bytes of an undisturbed run, and nothing beside them but the lock.
    pub(crate) fn assert_golden(&self) {
        assert_same(&fs::read_to_string(self.out()).unwrap(), &self.scene.golden);
        assert_eq!(self.names(), ["links.csv", "links.csv.lock"]);
    }

    /// Goes on to the end and compares.
    pub(crate) fn resume(&self) -> Ended {
        let ended = self.run(&["--resume"]);
        ended.assert_code(3);
        self.assert_golden();
        if !ended.stderr.contains("was finished by the run before") {
            assert_eq!(counts(&ended.stderr), self.scene.said, "the summary is of all runs together");
        }
        ended
    }

    /// Leaves a run behind that was killed after its first commit.
    pub(crate) fn interrupt(&self, arguments: &[&str]) {
        // On a busy machine a run may be over before its first commit is seen.
        for _ in 0..10 {
            let running = self.start(arguments);
            wait_until("a commit", || self.committed() > 0 || self.is_over());
            running.kill();
            if self.beside(".partial").exists() {
                return;
            }
            fs::write(self.out(), OLD).unwrap();
        }
        panic!("every run was over before it was killed");
    }

    /// A copy of everything in `from`.
    pub(crate) fn copy_from(&self, from: &Place<'_>) {
        for name in from.names() {
            fs::copy(from.folder.join(&name), self.folder.join(&name)).unwrap();
        }
    }
}

/// Says where two long texts differ instead of printing both.
pub(crate) fn assert_same(is: &str, wanted: &str) {
    let same = is.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
    let line = is.get(..same).map_or(0, |text| text.lines().count());
    assert!(is == wanted, "{} bytes instead of {}, different from byte {same}, line {line}", is.len(), wanted.len());
}

pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < TOO_LONG, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether strace is there and may trace.
pub(crate) fn can_trace(case: &str) -> bool {
    let tried = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).output();
    let why = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => format!("no strace: {error}"),
    };
    skip(case, &why);
    false
}

/// Every file in a folder with its content.
pub(crate) fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut all: Vec<_> =
        entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect();
    all.sort();
    all
}
