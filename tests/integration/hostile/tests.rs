//! The server does what the steps say.

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
