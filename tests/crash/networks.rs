//! Kills of a run over several networks: whatever the moment, the run that goes on ends with the bytes of an undisturbed
//! one, in the input's order.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use offerlinks::sandbox::{self, Log, Options, Sandbox};
use tempfile::TempDir;

use crate::running::{Ended, Running};
use crate::signals_heard::command as hearing;
use crate::support::{OLD, assert_same, long, random, wait_until};

const NAMES: [&str; 3] = ["north", "south", "west"];

/// Three networks, a config file that names them, and an input that is sorted by network and has rows that name none.
struct Scene {
    folder: TempDir,
    networks: Vec<Sandbox>,
}

impl Scene {
    fn new(each: u32) -> Self {
        let latency = Duration::from_millis(5);
        let options = || Options { limit: None, latency: latency..=latency, log: Log::On, ..Options::default() };
        let networks: Vec<_> = NAMES.iter().map(|_| Sandbox::start(options()).unwrap()).collect();
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let mut input = "offer_id,network,campaign\n20,south,not approved\n".to_owned();
        for name in NAMES {
            for offer in 1..each {
                writeln!(input, "{},{name},\"campaign {offer}\"", 1000 + offer).unwrap();
            }
            writeln!(input, "7,nowhere,\nabc,{name},no ID").unwrap();
        }
        fs::write(folder.path().join("offers.csv"), input).unwrap();
        let scene = Self { folder, networks };
        scene.configure(0);
        scene
    }

    /// Writes the config file, with another network first each time: their order is no part of the job.
    fn configure(&self, first: usize) {
        let mut config = format!("email = \"{}\"\nrate = \"none\"\n", sandbox::EMAIL);
        for (name, network) in NAMES.iter().zip(&self.networks).cycle().skip(first % NAMES.len()).take(NAMES.len()) {
            writeln!(config, "[networks.{name}]\nbase_url = \"{}\"\napi_key_env = \"KEY\"", network.base_url())
                .unwrap();
        }
        fs::write(self.folder.path().join("config.toml"), config).unwrap();
    }

    fn out(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder.join("links.csv")
    }

    fn start(&self, name: &str, arguments: &[&str]) -> Running {
        let mut command: Command = hearing(env!("CARGO_BIN_EXE_offerlinks"));
        command.arg("export").arg(self.folder.path().join("offers.csv")).arg("-o").arg(self.out(name));
        command.arg("--config").arg(self.folder.path().join("config.toml")).args(arguments);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("KEY", sandbox::API_KEY).env("HOME", self.folder.path()).env("TMPDIR", self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::start(command)
    }

    fn run(&self, name: &str, arguments: &[&str]) -> Ended {
        self.start(name, arguments).end()
    }

    fn names(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join(name)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn calls(&self) -> usize {
        self.networks.iter().map(|network| network.calls().len()).sum()
    }
}

#[test]
fn kills_of_a_run_over_networks_cost_little_and_never_show_in_its_output() {
    let (each, kills) = if long() { (4000, 60) } else { (400, 6) };
    let scene = Scene::new(each);
    scene.run("undisturbed", &["-j", "4"]).assert_code(3);
    let golden = fs::read_to_string(scene.out("undisturbed")).unwrap();
    let undisturbed = scene.calls();
    let out = scene.out("killed");
    fs::write(&out, OLD).unwrap();
    let mut random = random();
    for kill in 1..=kills {
        scene.configure(kill);
        let flag: &[&str] = if kill % 2 == 0 { &["--resume"] } else { &[] };
        let running = scene.start("killed", &[&["-j", "4"], flag].concat());
        std::thread::sleep(Duration::from_millis(random.u64(10..500)));
        running.kill();
        let text = fs::read_to_string(&out).unwrap();
        assert!(text == OLD || text == golden, "kill {kill}: neither the old output nor the new one");
        if text == golden {
            println!("over at kill {kill} of {kills}");
            break;
        }
    }
    scene.configure(2);
    let ended = scene.run("killed", &["-j", "4", "--resume"]);
    ended.assert_code(3);
    assert_same(&fs::read_to_string(&out).unwrap(), &golden);
    assert_eq!(scene.names("killed"), ["links.csv", "links.csv.lock"]);
    let calls = scene.calls() - undisturbed;
    println!("{calls} calls with {kills} kills, {undisturbed} without");
}

/// A folder where the merged rows go makes a run fail after its last commit: all rows are in the log, none in the output.
#[test]
fn a_run_whose_rows_are_all_in_the_log_is_finished_without_a_call() {
    let scene = Scene::new(100);
    scene.run("undisturbed", &[]).assert_code(3);
    let golden = fs::read_to_string(scene.out("undisturbed")).unwrap();
    let out = scene.out("full");
    let running = scene.start("full", &["-j", "1"]);
    wait_until("the log", || out.with_file_name("links.csv.networks").exists());
    let in_the_way = out.with_file_name("links.csv.partial");
    fs::create_dir(&in_the_way).unwrap();
    running.end().assert_code(1);
    let before = scene.calls();
    fs::remove_dir(&in_the_way).unwrap();
    scene.run("full", &[]).assert_code(3);
    assert_same(&fs::read_to_string(&out).unwrap(), &golden);
    assert_eq!(scene.calls(), before, "nobody is asked twice");
    assert_eq!(scene.names("full"), ["links.csv", "links.csv.lock"]);
}
