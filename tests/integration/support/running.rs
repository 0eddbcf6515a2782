//! A run that is under way: what it has said so far, signals to it, and its end.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Folder, PATIENCE, Ran, until};

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
    /// Starts the command, with this on its stdin.
    pub(crate) fn start(
        mut command: Command,
        stdin: Option<Vec<u8>>,
        folder: Folder,
        output: Option<OsString>,
    ) -> Self {
        let started = Instant::now();
        command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let (Some(mut pipe), Some(content)) = (child.stdin.take(), stdin) {
            // The program may end before it has read all; that is its right.
            std::thread::spawn(move || drop(pipe.write_all(&content)));
        }
        let stdout = Drain::of(child.stdout.take().unwrap());
        let stderr = Drain::of(child.stderr.take().unwrap());
        Self { folder, output: output.map(PathBuf::from), child, stdout, stderr, started }
    }

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
            // A device such as /dev/full would never end.
            output: (self.output.map(|name| self.folder.root().join(name)))
                .filter(|path| path.is_file())
                .and_then(|path| String::from_utf8(fs::read(path).unwrap()).ok()),
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
