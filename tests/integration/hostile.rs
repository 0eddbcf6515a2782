//! A server on loopback that answers with raw bytes, at its own pace, and keeps no promise of HTTP.
//!
//! For what no HTTP library will send. It never parses a request beyond its head, and never answers by itself.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be set up has to fail its test")]

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flate2::{Compress, Compression, FlushCompress};

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
    /// These bytes, so many at a time, with a pause after each part.
    Drip(Vec<u8>, usize, Duration),
    /// These bytes over and over, as long as the client takes them or so many times.
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

/// Status line, headers and body; every header is up to the caller, `Content-Length` too.
pub(crate) fn raw(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.as_ref());
    bytes
}

/// A proper answer: JSON with its true length.
pub(crate) fn json(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    promising(status, body.as_ref().len(), body)
}

/// An answer whose `Content-Length` is whatever it is told to be.
pub(crate) fn promising(status: &str, length: usize, body: impl AsRef<[u8]>) -> Vec<u8> {
    raw(status, &["Content-Type: application/json", &format!("Content-Length: {length}")], body)
}

/// The whole length is promised, half of it comes, then the connection closes.
pub(crate) fn cut_body(body: impl AsRef<[u8]>) -> Vec<Step> {
    let body = body.as_ref();
    vec![Step::Send(promising("200 OK", body.len(), &body[..body.len() / 2])), Step::Close]
}

/// A head that never ends: one header after the other.
pub(crate) fn endless_head(pause: Duration) -> Vec<Step> {
    let mut headers = String::new();
    for number in 0..100_000 {
        write!(headers, "X-Drip-{number}: drip\r\n").unwrap();
    }
    vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::Drip(headers.into_bytes(), 16, pause)]
}

/// A chunked body of white space that never ends, so that it never stops being JSON-to-be.
pub(crate) fn endless_chunks() -> Vec<Step> {
    let head = raw("200 OK", &["Content-Type: application/json", "Transfer-Encoding: chunked"], "");
    let mut chunk = b"4000\r\n".to_vec();
    chunk.extend_from_slice(&[b' '; 0x4000]);
    chunk.extend_from_slice(b"\r\n");
    vec![Step::Send(head), Step::Repeat(chunk, u64::MAX)]
}

/// So many MiB of white space behind about a thousandth of that in gzip.
pub(crate) fn gzip_bomb(mebibytes: u64) -> Vec<Step> {
    let headers = ["Content-Type: application/json", "Content-Encoding: gzip", "Connection: close"];
    let mut deflate = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(64 << 10);
    // After a full flush a block refers to nothing before it, so that the same bytes can be sent over and over.
    deflate.compress_vec(&vec![b' '; 1 << 20], &mut block, FlushCompress::Full).unwrap();
    let gzip_head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    vec![Step::Send(raw("200 OK", &headers, gzip_head)), Step::Repeat(block, mebibytes), Step::Close]
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;

    /// Machines that test are busy; a read that is to fail has its own patience.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn ask(server: &Hostile, limit: u64) -> io::Result<Vec<u8>> {
        ask_within(server, limit, PATIENCE)
    }

    fn ask_within(server: &Hostile, limit: u64, patience: Duration) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(server.address)?;
        stream.write_all(b"GET /aff/v1/offers/7/tracking_links HTTP/1.1\r\nHost: x\r\n\r\n")?;
        stream.set_read_timeout(Some(patience))?;
        let mut answer = Vec::new();
        stream.take(limit).read_to_end(&mut answer).map(|_| answer)
    }

    #[test]
    fn a_request_is_remembered_and_answered_with_the_very_bytes() {
        let server = Hostile::start(|_| vec![Step::Send(json("200 OK", "{}")), Step::Close]);
        assert!(ask(&server, u64::MAX).unwrap().ends_with(b"Content-Length: 2\r\n\r\n{}"));
        let seen = server.seen();
        assert_eq!((seen.len(), seen[0].offer(), seen[0].header("host")), (1, Some("7"), Some("x")));
    }

    #[test]
    fn a_reset_and_silence_are_what_they_say() {
        let server = Hostile::start(|seen| vec![if seen.number == 0 { Step::Reset } else { Step::Hang }]);
        assert_eq!(ask(&server, 1).unwrap_err().kind(), ErrorKind::ConnectionReset);
        let silence = ask_within(&server, 1, Duration::from_millis(200)).unwrap_err();
        assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    }

    #[test]
    fn endless_things_end_when_the_client_has_had_enough() {
        let server = Hostile::start(|seen| match seen.number {
            0 => endless_chunks(),
            _ => endless_head(Duration::ZERO),
        });
        for _ in 0..2 {
            assert_eq!(ask(&server, 1 << 20).unwrap().len(), 1 << 20);
        }
    }

    #[test]
    fn the_bomb_swells_to_its_size() {
        let server = Hostile::start(|_| gzip_bomb(3));
        let answer = ask(&server, u64::MAX).unwrap();
        assert!(answer.len() < 20_000, "{}", answer.len());
        let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let mut swollen = Vec::new();
        // The end is missing, as everything up to there has swollen already.
        GzDecoder::new(&answer[body..]).read_to_end(&mut swollen).unwrap_err();
        assert_eq!(swollen.len(), 3 << 20);
    }

    #[test]
    fn a_body_cut_short_keeps_its_promised_length() {
        let server = Hostile::start(|_| cut_body("0123456789"));
        let answer = String::from_utf8(ask(&server, u64::MAX).unwrap()).unwrap();
        assert!(answer.ends_with("Content-Length: 10\r\n\r\n01234"), "{answer}");
    }

    #[test]
    fn a_connection_is_kept_for_the_next_request_unless_it_is_closed() {
        let begin = Instant::now();
        let server = Hostile::start(|_| vec![Step::Pause(Duration::from_millis(10)), Step::Send(json("200 OK", "{}"))]);
        let mut stream = TcpStream::connect(server.base_url().trim_start_matches("http://")).unwrap();
        stream.write_all(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n").unwrap();
        let mut answers = vec![0; 2 * json("200 OK", "{}").len()];
        stream.read_exact(&mut answers).unwrap();
        let seen = server.seen();
        assert_eq!(seen.iter().map(|seen| (seen.path(), seen.connection)).collect::<Vec<_>>(), [("/1", 0), ("/2", 0)]);
        assert!(seen[1].at.duration_since(begin) >= Duration::from_millis(10));
    }

    #[test]
    fn dripping_takes_its_time() {
        let server =
            Hostile::start(|_| vec![Step::Drip(b"0123456789".to_vec(), 2, Duration::from_millis(10)), Step::Close]);
        let begin = Instant::now();
        assert_eq!(ask(&server, u64::MAX).unwrap(), b"0123456789");
        assert!(begin.elapsed() >= Duration::from_millis(40));
    }
}
