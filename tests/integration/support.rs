//! The program under test: starts it in a folder and an environment of its own, and keeps what came of it.
//!
//! Every run is checked for what holds of all of them: it ends, with a documented exit code, without a panic, and the
//! API key is nowhere to be seen.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offerlinks::sandbox::{self, EMAIL, Log, Options, Sandbox, Script};
use tempfile::TempDir;

use crate::hostile::Hostile;

/// A key that cannot be in any text by chance.
pub(crate) const KEY: &str = "k3y-THAT-N0B0DY-MAY-SEE";

/// No test needs longer; a run that does hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// Exit codes of DESIGN.md section 5; a death by signal counts as the shell counts it.
const DOCUMENTED: [i32; 10] = [0, 1, 2, 3, 4, 5, 129, 130, 141, 143];

/// The header of the output where no column is kept.
pub(crate) const HEADER: &str = "offer_id,offer_url_type,offer_url_name,offer_url_tracking_link,\
    offer_url_preview_url,url,impression_pixel,status,error_kind,error_http_status,error_code,error_message\n";

/// Something that can be called.
pub(crate) trait Network {
    fn base_url(&self) -> String;
}

impl Network for Sandbox {
    fn base_url(&self) -> String {
        Sandbox::base_url(self)
    }
}

impl Network for Hostile {
    fn base_url(&self) -> String {
        Hostile::base_url(self)
    }
}

impl Network for &str {
    fn base_url(&self) -> String {
        (*self).to_owned()
    }
}

/// A sandbox network without a limit that remembers every call, changed as the test wants it.
pub(crate) fn network_with(change: impl FnOnce(&mut Options)) -> Sandbox {
    let mut options = Options { api_key: KEY.into(), limit: None, log: Log::On, ..Options::default() };
    change(&mut options);
    Sandbox::start(options).unwrap()
}

/// A sandbox network without a limit that remembers every call.
pub(crate) fn network() -> Sandbox {
    network_with(|_| ())
}

/// A sandbox network that lets the test answer.
pub(crate) fn scripted(
    answer: impl Fn(&sandbox::Asked<'_>) -> Option<sandbox::Reply> + Send + Sync + 'static,
) -> Sandbox {
    network_with(|options| options.script = Some(Script::new(answer)))
}

/// An answer with this status and body.
pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> sandbox::Reply {
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    sandbox::Reply::Http { status, headers, body: body.into() }
}

/// The offers that were called, in the order of arrival.
pub(crate) fn called(network: &Sandbox) -> Vec<String> {
    network.calls().into_iter().filter_map(|call| call.offer).collect()
}

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

fn command_in(folder: &Folder, arguments: &[&str]) -> Run {
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

    /// The names in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
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
        self.csv(lines.join("\n"))
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
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
        let folder = self.folder.0.path();
        command.current_dir(folder).env_clear().env("HOME", folder).env("TMPDIR", folder);
        for name in ["PATH", "SystemRoot"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running {
        let command = self.command();
        self.start_as(command)
    }

    /// Starts what a message has told the user to type.
    #[cfg(unix)]
    pub(crate) fn start_typed(self, line: &str) -> Running {
        let mut command = Command::new("sh");
        let line = format!("offerlinks() {{ exec '{}' \"$@\"; }}; {line}", env!("CARGO_BIN_EXE_offerlinks"));
        command.args(["-c", &line]);
        self.scrub(&mut command);
        self.start_as(command)
    }

    fn start_as(self, mut command: Command) -> Running {
        let started = Instant::now();
        command.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let (Some(mut pipe), Some(content)) = (child.stdin.take(), self.stdin) {
            // The program may end before it has read all; that is its right.
            std::thread::spawn(move || drop(pipe.write_all(&content)));
        }
        let stdout = Drain::of(child.stdout.take().unwrap());
        let stderr = Drain::of(child.stderr.take().unwrap());
        let output = self.output.map(PathBuf::from);
        Running { folder: self.folder, output, child, stdout, stderr, started }
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ran {
        self.start().wait()
    }
}

/// What a pipe has given so far.
struct Drain {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Drain {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let count @ 1.. = pipe.read(&mut buffer).unwrap() {
                collected.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { bytes, thread }
    }

    fn line(&self) -> String {
        until(|| self.bytes.lock().unwrap().contains(&b'\n'));
        let text = String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap();
        text.lines().next().unwrap().to_owned()
    }

    fn end(self) -> String {
        self.thread.join().unwrap();
        String::from_utf8(std::mem::take(&mut *self.bytes.lock().unwrap())).unwrap()
    }
}

/// A run that is under way.
pub(crate) struct Running {
    pub(crate) folder: Folder,
    output: Option<PathBuf>,
    child: Child,
    stdout: Drain,
    stderr: Drain,
    started: Instant,
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by its name without `SIG`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args(["-s", name, &self.id().to_string()]).status().unwrap().success());
    }

    /// The first line on stdout, as soon as it is there.
    pub(crate) fn first_line(&self) -> String {
        self.stdout.line()
    }

    /// Ends it at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ran {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.started.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("still running after {PATIENCE:?}; stderr: {}", self.stderr.end());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let ran = Ran {
            took: self.started.elapsed(),
            code: code(status),
            stdout: self.stdout.end(),
            stderr: self.stderr.end(),
            // A device such as /dev/full would be read for ever.
            output: (self.output.map(|name| self.folder.0.path().join(name)))
                .filter(|path| path.is_file())
                // A workbook is no text, and is looked at by its own reader.
                .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()),
            folder: self.folder,
        };
        ran.check();
        ran
    }
}

#[cfg(unix)]
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap()
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap()
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) folder: Folder,
    pub(crate) took: Duration,
    /// A death by signal is 128 + its number.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The content of the output file, if there is one.
    pub(crate) output: Option<String>,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.names())
    }
}

impl Ran {
    /// What holds of every run.
    fn check(&self) {
        assert!(DOCUMENTED.contains(&self.code), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        let in_header = STANDARD.encode(format!("{EMAIL}:{KEY}"));
        let hidden = |text: &[u8]| [KEY.as_bytes(), in_header.as_bytes()].iter().all(|key| !contains(text, key));
        assert!(hidden(self.stdout.as_bytes()), "the key is in stdout: {}", self.stdout);
        assert!(hidden(self.stderr.as_bytes()), "the key is in stderr: {}", self.stderr);
        for name in self.folder.names().iter().filter(|name| *name != KEY_FILE) {
            let content = fs::read(self.folder.path(name)).unwrap_or_default();
            assert!(hidden(&content), "the key is in {name}");
        }
    }

    /// Fails the test, with all that is known, unless the program ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Fails the test unless stderr holds all of these.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in: {}", self.stderr);
        }
        self
    }

    /// The records of the output, the header first.
    pub(crate) fn records(&self) -> Vec<Vec<String>> {
        records(self.output.as_deref().unwrap_or(&self.stdout))
    }

    /// Cells of the output by the names of their columns.
    pub(crate) fn cells<const N: usize>(&self, names: [&str; N]) -> Vec<[String; N]> {
        let records = self.records();
        let (header, rows) = records.split_first().unwrap();
        let places = names.map(|name| header.iter().position(|column| column == name).unwrap());
        rows.iter().map(|row| places.map(|place| row[place].clone())).collect()
    }
}

/// The one file in which the key may be.
pub(crate) const KEY_FILE: &str = "key";

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Reads a CSV text.
pub(crate) fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// A file of the folder `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    fs::read_to_string(path).unwrap()
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
