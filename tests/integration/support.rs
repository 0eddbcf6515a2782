//! The program under test in a folder and an environment of its own, and a network for it to call.

mod network;
mod ran;
mod running;
mod tls;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use offerlinks::sandbox::EMAIL;
use serde_json::Value;
use tempfile::TempDir;

use crate::signals_heard::command as hearing;

pub(crate) use self::network::{Network, called, http, network, network_with, reply, scripted};
pub(crate) use self::ran::{KEY_FILE, Ran, records};
pub(crate) use self::running::Running;
pub(crate) use self::tls::{TLS, serve_tls};

/// A key that cannot be in any text by chance.
pub(crate) const KEY: &str = "k3y-THAT-N0B0DY-MAY-SEE";

/// No test needs longer; a run that does hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// The header of the output where no column is kept.
pub(crate) const HEADER: &str = "offer_id,offer_url_type,offer_url_name,offer_url_tracking_link,\
    offer_url_preview_url,url,impression_pixel,status,error_kind,error_http_status,error_code,error_message\n";

/// An `export` that is not yet started: of `offers.csv` to `links.csv`, as fast as it goes.
pub(crate) fn export() -> Run {
    export_in(&Folder::new())
}

/// The same in a folder that something else is using.
pub(crate) fn export_in(folder: &Folder) -> Run {
    command_in(folder, &["export"]).args(&["--rate", "none"])
}

/// Any command.
pub(crate) fn command(arguments: &[&str]) -> Run {
    command_in(&Folder::new(), arguments)
}

/// Any command in a folder that something else is using.
pub(crate) fn command_in_folder(folder: &Folder, arguments: &[&str]) -> Run {
    command_in(folder, arguments)
}

/// Any command in a folder that something else is using.
pub(crate) fn command_in(folder: &Folder, arguments: &[&str]) -> Run {
    let run = Run {
        folder: folder.clone(),
        input: None,
        output: None,
        arguments: Vec::new(),
        environment: Vec::new(),
        stdin: None,
    };
    run.args(arguments)
}

/// A temporary folder, gone with its last user.
#[derive(Clone)]
pub(crate) struct Folder(Arc<TempDir>);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(Arc::new(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    /// The names in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.names())
    }
}

/// A run that is not yet started.
pub(crate) struct Run {
    folder: Folder,
    input: Option<OsString>,
    output: Option<OsString>,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    stdin: Option<Vec<u8>>,
}

impl Run {
    /// The input is a file with these IDs.
    pub(crate) fn offers(self, ids: &[impl AsRef<str>]) -> Self {
        let lines: Vec<&str> = ["offer_id"].into_iter().chain(ids.iter().map(AsRef::as_ref)).collect();
        self.csv(lines.join("\n") + "\n")
    }

    /// The input is a file with this content.
    pub(crate) fn csv(mut self, content: impl AsRef<[u8]>) -> Self {
        self.folder.write("offers.csv", content);
        self.input = Some("offers.csv".into());
        self.output.get_or_insert_with(|| "links.csv".into());
        self
    }

    /// The input is the file of this name.
    pub(crate) fn input(mut self, name: &str) -> Self {
        self.input = Some(name.into());
        self.output.get_or_insert_with(|| "links.csv".into());
        self
    }

    /// The input comes through a pipe.
    pub(crate) fn piped(mut self, content: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(content.as_ref().to_owned());
        self.input("-")
    }

    /// The output is the file of this name; `-` is stdout.
    pub(crate) fn output(mut self, name: impl Into<OsString>) -> Self {
        self.output = Some(name.into());
        self
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(OsString::from));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Calls go there, with the account that is let in.
    pub(crate) fn on(self, network: &impl Network) -> Self {
        self.env("OFFERSLOOK_BASE_URL", network.base_url()).account()
    }

    /// With the program's own default rate, or one that the test adds.
    pub(crate) fn without_rate(mut self) -> Self {
        let rate = self.arguments.iter().position(|argument| argument == "--rate").unwrap();
        self.arguments.drain(rate..rate + 2);
        self
    }

    /// E-mail and key of the account that is let in.
    pub(crate) fn account(self) -> Self {
        self.env("OFFERSLOOK_EMAIL", EMAIL).env("OFFERSLOOK_API_KEY", KEY)
    }

    fn command(&self) -> Command {
        let mut command = hearing(env!("CARGO_BIN_EXE_offerlinks"));
        command.args(&self.arguments);
        if let Some(output) = &self.output {
            command.arg("-o").arg(output);
        }
        command.args(&self.input);
        self.scrub(&mut command);
        command
    }

    /// Nothing of the machine's own settings reaches the program, and nothing of it stays on the machine.
    fn scrub(&self, command: &mut Command) {
        let folder = self.folder.root();
        command.current_dir(folder).env_clear().env("HOME", folder);
        command.envs(["TMPDIR", "TMP", "TEMP"].map(|name| (name, folder)));
        for name in ["PATH", "SystemRoot"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running {
        let command = self.command();
        Running::start(command, self.stdin, self.folder, self.output)
    }

    /// Starts the command that a message gives.
    #[cfg(unix)]
    pub(crate) fn start_typed(self, line: &str) -> Running {
        let mut command = Command::new("sh");
        let line = format!("offerlinks() {{ exec '{}' \"$@\"; }}; {line}", env!("CARGO_BIN_EXE_offerlinks"));
        command.args(["-c", &line]);
        self.scrub(&mut command);
        Running::start(command, self.stdin, self.folder, self.output)
    }

    /// Starts the command that a message gives.
    #[cfg(windows)]
    pub(crate) fn start_typed(self, line: &str) -> Running {
        use std::os::windows::process::CommandExt;
        let program = Path::new(env!("CARGO_BIN_EXE_offerlinks"));
        let mut command = Command::new("cmd");
        // As typed: Rust would quote it again.
        command.raw_arg(format!("/D /S /C \"{line}\""));
        self.scrub(&mut command);
        command.env("PATH", program.parent().unwrap());
        Running::start(command, self.stdin, self.folder, self.output)
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ran {
        self.start().wait()
    }
}

/// A folder with this text as `offers.csv`.
pub(crate) fn folder_with(offers: &str) -> Folder {
    let folder = Folder::new();
    folder.write("offers.csv", offers);
    folder
}

/// Names and contents of everything in a folder.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().display().to_string(), fs::read(&path).unwrap_or_default())).collect()
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A JSON log: an object in each line.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Where this repository is checked out.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the folder `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> String {
    fs::read_to_string(repository().join("tests/fixtures").join(name)).unwrap()
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}
