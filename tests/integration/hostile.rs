//! A server on loopback that answers with raw bytes, at its own pace, and keeps no promise of HTTP.
//!
//! For what no HTTP library will send. It never parses a request beyond its head, and never answers by itself.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be set up has to fail its test")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

mod replies;
#[cfg(test)]
mod tests;

pub(crate) use replies::{cut_body, endless_chunks, endless_head, gzip_bomb, json, promising, raw};

/// How often a connection looks whether the server has been dropped.
const LOOK: Duration = Duration::from_millis(20);

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// When the head was complete.
    pub(crate) at: Instant,
    /// Request line and headers, as sent.
    pub(crate) head: String,
    /// 0 for the first request of all.
    pub(crate) number: usize,
    /// 0 for the first connection of all.
    pub(crate) connection: usize,
}

impl Seen {
    /// Path and query.
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The offer in the path of a call for tracking links.
    pub(crate) fn offer(&self) -> Option<&str> {
        self.path().strip_prefix("/aff/v1/offers/")?.strip_suffix("/tracking_links")
    }

    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// What happens on the connection; after the last step it waits for the next request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// These bytes.
    Send(Vec<u8>),
    /// These bytes in parts of this size, with a pause after each part.
    Drip(Vec<u8>, usize, Duration),
    /// These bytes repeatedly, at most this many times.
    Repeat(Vec<u8>, u64),
    /// Silence.
    Pause(Duration),
    /// Silence until the client gives up.
    Hang,
    /// An orderly end of the connection.
    Close,
    /// A TCP reset.
    Reset,
}

type Answer = dyn Fn(&Seen) -> Vec<Step> + Send + Sync;

struct Shared {
    answer: Box<Answer>,
    seen: Mutex<Vec<Seen>>,
    stopped: AtomicBool,
}

/// A running server; stops when dropped.
pub(crate) struct Hostile {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    /// Answers every request with the steps that `answer` gives for it, each connection on a thread of its own.
    pub(crate) fn start(answer: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { answer: Box::new(answer), seen: Mutex::default(), stopped: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let accepting = Arc::clone(&shared);
        let thread = std::thread::spawn(move || accept(&listener, &accepting));
        Self { address, shared, thread: Some(thread) }
    }

    /// What `--base-url` has to be.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, in the order of arrival.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for the next connection.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; another one here would end the process instead of the test.
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut connections = Vec::new();
    for (number, stream) in listener.incoming().enumerate() {
        if shared.stopped.load(Ordering::Relaxed) {
            break;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // The client may be gone at any moment; that is its right, and the end of the connection.
        connections.push(std::thread::spawn(move || drop(converse(stream, number, &shared))));
        connections.retain(|connection| !connection.is_finished());
    }
    for connection in connections {
        let _ = connection.join();
    }
}

fn converse(stream: TcpStream, connection: usize, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LOOK))?;
    stream.set_write_timeout(Some(LOOK))?;
    let mut line = Line { stream, stopped: &shared.stopped, unread: Vec::new() };
    while let Some(head) = line.head()? {
        let seen = {
            let mut all = shared.seen.lock().unwrap();
            let seen = Seen { at: Instant::now(), head, number: all.len(), connection };
            all.push(seen.clone());
            seen
        };
        for step in (shared.answer)(&seen) {
            match step {
                Step::Send(bytes) => line.send(&bytes)?,
                Step::Drip(bytes, size, pause) => {
                    for part in bytes.chunks(size.max(1)) {
                        line.send(part)?;
                        line.pause(pause)?;
                    }
                }
                Step::Repeat(bytes, times) => (0..times).try_for_each(|_| line.send(&bytes))?,
                Step::Pause(time) => line.pause(time)?,
                Step::Hang => line.pause(Duration::MAX)?,
                Step::Close => return Ok(()),
                Step::Reset => return socket2::SockRef::from(&line.stream).set_linger(Some(Duration::ZERO)),
            }
        }
    }
    Ok(())
}

/// A connection on which nothing blocks for longer than [`LOOK`] without asking whether the server has stopped.
struct Line<'a> {
    stream: TcpStream,
    stopped: &'a AtomicBool,
    unread: Vec<u8>,
}

impl Line<'_> {
    /// The next request's head; `None` once the client has nothing more to ask.
    fn head(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.unread.split_off(end + 4);
                let head = std::mem::replace(&mut self.unread, rest);
                return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
            }
            if self.listen()? == Heard::End {
                return Ok(None);
            }
        }
    }

    /// Takes in what the client sends, for at most [`LOOK`].
    fn listen(&mut self) -> io::Result<Heard> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => Ok(Heard::End),
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                Ok(Heard::Something)
            }
            Err(error) => self.go_on(error).map(|()| Heard::Nothing),
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) => self.go_on(error)?,
            }
        }
        Ok(())
    }

    /// Waits, but no longer than the client or the server is there.
    fn pause(&mut self, time: Duration) -> io::Result<()> {
        let begin = Instant::now();
        while let Some(left) = time.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
            self.stream.set_read_timeout(Some(left.min(LOOK)))?;
            if self.listen()? == Heard::End {
                return Err(ErrorKind::ConnectionAborted.into());
            }
        }
        self.stream.set_read_timeout(Some(LOOK))
    }

    fn go_on(&self, error: io::Error) -> io::Result<()> {
        let only_time = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted);
        if only_time && !self.stopped.load(Ordering::Relaxed) { Ok(()) } else { Err(error) }
    }
}

#[derive(PartialEq, Eq)]
enum Heard {
    Something,
    Nothing,
    End,
}
