//! `api_key_command`: runs a program that prints the API key, such as a password manager.
//!
//! Uses no shell. The program's output is the key and is never shown; nothing in its errors that may be a key is shown.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::pasted::hide_what_may_be_a_key;
use crate::text;

/// Long enough to type a passphrase.
pub(super) const TIME_OUT: Duration = Duration::from_secs(60);
/// How much of each stream is read, in bytes.
const MOST: u64 = 64 << 10;
/// How much of an error is shown, in characters.
const SHOWN: usize = 300;
/// How often a program that has closed its output is checked for its end.
const POLL: Duration = Duration::from_millis(10);

/// Why a command gives no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// It cannot be started.
    #[error("api_key_command: cannot start {program:?}: {source}")]
    Start {
        /// The program, or a word in its place.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It takes too long.
    #[error("api_key_command: {program:?} was stopped, as it printed no key within {} s{said}", time_out.as_secs_f32())]
    TimeOut {
        /// The program.
        program: String,
        /// The time limit.
        time_out: Duration,
        /// The beginning of its errors.
        said: String,
    },
    /// It fails.
    #[error("api_key_command: {program:?} failed ({status}){said}")]
    Failed {
        /// The program.
        program: String,
        /// How.
        status: ExitStatus,
        /// The beginning of its errors.
        said: String,
    },
    /// It prints something else than a key.
    #[error("api_key_command: {program:?} printed no text that can be a key: {why}{said}")]
    NoKey {
        /// The program.
        program: String,
        /// What came.
        why: &'static str,
        /// The beginning of its errors.
        said: String,
    },
}

/// The output of a program, read by a thread: a grandchild may keep the pipe open indefinitely.
struct Printed(Receiver<Vec<u8>>);

impl Printed {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let (sender, receiver) = mpsc::channel();
        if let Some(stream) = stream {
            // Never joined. If no thread can be started, the output counts as empty.
            let read = move || {
                let mut printed = Vec::new();
                // Output before an error still counts.
                let _ = stream.take(MOST + 1).read_to_end(&mut printed);
                let _ = sender.send(printed);
            };
            let _ = std::thread::Builder::new().name("api_key_command".to_owned()).spawn(read);
        }
        Self(receiver)
    }

    /// Everything, if the stream ends until then.
    fn until(&self, deadline: Instant) -> Option<Vec<u8>> {
        self.0.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
    }
}

/// Runs the program with its arguments and reads the key that it prints.
///
/// # Errors
/// Names the program, but not its arguments, and nothing of what it printed.
pub(super) fn run(words: &[String], time_out: Duration) -> Result<SecretString, CommandError> {
    let deadline = Instant::now() + time_out;
    let (program, arguments) = words.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    let name = hide_what_may_be_a_key(program);
    // Its stdin must not be ours, which may be the input.
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| CommandError::Start { program: name.clone(), source })?;
    let (stdout, stderr) = (Printed::of(child.stdout.take()), Printed::of(child.stderr.take()));
    let printed = stdout.until(deadline);
    let Some(status) = wait(&mut child, deadline) else {
        // It may have ended just now; then there is nothing to kill.
        let _ = child.kill();
        let _ = child.wait();
        let said = said(&stderr, printed.as_deref().unwrap_or_default());
        return Err(CommandError::TimeOut { program: name, time_out, said });
    };
    let printed = printed.unwrap_or_default();
    if !status.success() {
        return Err(CommandError::Failed { program: name, status, said: said(&stderr, &printed) });
    }
    let why = match String::from_utf8(printed) {
        Ok(text) if text.trim().is_empty() => "nothing",
        Ok(text) if text.len() as u64 > MOST => "far more than a key",
        Ok(text) => return Ok(SecretString::from(text)),
        Err(_) => "it is not UTF-8",
    };
    Err(CommandError::NoKey { program: name, why, said: said(&stderr, b"") })
}

/// How the program ended, if it does until then.
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(POLL),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// What the program said of its failure, without what it printed and without what may be a key.
fn said(stderr: &Printed, printed: &[u8]) -> String {
    const PATIENCE: Duration = Duration::from_millis(200);
    let said = stderr.until(Instant::now() + PATIENCE).unwrap_or_default();
    let said = text::decode(&said).into_owned();
    let secret = SecretString::from(text::decode(printed).into_owned());
    // Single letters are no secret, and hiding them would leave nothing.
    let words = secret.expose_secret().split_whitespace().filter(|word| word.len() > 3);
    let said = words.fold(said, |said, word| said.replace(word, "[hidden]"));
    let said = text::one_line(hide_what_may_be_a_key(said.trim()).trim(), SHOWN).into_owned();
    if said.is_empty() { said } else { format!("; it said: {said}") }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        let key = run(&words, Duration::from_secs(20));
        key.map(|key| key.expose_secret().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_key_is_what_the_program_prints() {
        assert_eq!(shell("echo k3y; echo noise >&2").as_deref(), Ok("k3y\n"));
        // A key that waits for no input of ours.
        assert_eq!(shell("cat; echo k3y").as_deref(), Ok("k3y\n"));
    }

    #[test]
    fn what_a_failing_program_says_is_shown_without_the_key() {
        for (script, shown) in [
            ("echo s3cr3t-k3y-0815; echo bad: s3cr3t-k3y-0815 >&2; exit 3", Some("bad: [hidden]")),
            ("echo 'token 9f86d081884c7d659a2f is wrong' >&2; exit 3", Some("token [hidden] is wrong")),
            ("echo sJ3kd92kdjf8s7dfkj3 >&2; exit 1", Some("[hidden]")),
            ("echo 'gpg: decryption failed: No secret key' >&2; exit 2", Some("gpg: decryption failed: No secret key")),
            ("echo plainkey; exit 1", None),
        ] {
            let error = shell(script).unwrap_err();
            assert!(error.contains("\"sh\" failed (exit status: "), "{error}");
            assert!(shown.is_none_or(|shown| error.ends_with(&format!("; it said: {shown}"))), "{error}");
            for secret in ["s3cr3t", "9f86d0", "sJ3kd", "plainkey", "-c"] {
                assert!(!error.contains(secret), "{error}");
            }
        }
    }

    #[test]
    fn a_program_that_prints_no_key_is_named() {
        for (words, part) in [
            (["/no/such/program", "s3cr3t"], "cannot start \"/no/such/program\""),
            (["true", ""], "nothing"),
            (["printf", r"\377"], "not UTF-8"),
            (["head", "-c100000"], "nothing"),
        ] {
            let error = run(&words.map(str::to_owned), Duration::from_secs(20)).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("s3cr3t"), "{error}");
        }
        let endless = ["yes", "s3cr3t"].map(str::to_owned);
        let error = run(&endless, Duration::from_secs(20)).unwrap_err().to_string();
        assert!(!error.contains("s3cr3t"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_stopped_even_if_another_holds_its_output() {
        for script in ["sleep 600", "sleep 600 & exit 0", "echo s3cr3t-k3y; exec sleep 600"] {
            let started = Instant::now();
            let words = ["sh", "-c", script].map(str::to_owned);
            let ended = run(&words, Duration::from_millis(300)).unwrap_err().to_string();
            assert!(started.elapsed() < Duration::from_secs(60), "{script}");
            assert!(!ended.contains("s3cr3t"), "{ended}");
        }
    }
}
