//! A program that runs, and what is left of it when it has ended.
//!
//! Knows nothing of exports.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::support::TOO_LONG;

/// A program that runs.
pub(crate) struct Running {
    child: Child,
    begin: Instant,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, begin: Instant::now() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.end()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.id())]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let stdout = self.child.stdout.take().map(read_all);
        let stderr = self.child.stderr.take().map(read_all);
        while !self.is_over() {
            if self.begin.elapsed() > TOO_LONG {
                self.child.kill().unwrap();
                panic!("hangs; stderr: {}", stderr.map(|thread| thread.join().unwrap()).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let text = |thread: Option<std::thread::JoinHandle<String>>| thread.map(|thread| thread.join().unwrap());
        Ended {
            status: self.child.wait().unwrap(),
            took: self.begin.elapsed(),
            stdout: text(stdout).unwrap_or_default(),
            stderr: text(stderr).unwrap_or_default(),
        }
    }
}

fn read_all(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A program that has ended, and its last words.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) took: Duration,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_says(&self, words: &str) {
        assert!(self.stderr.contains(words), "nothing says {words:?}: {}", self.stderr);
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }
}
