//! Reads the body of an answer: in pieces, within its time and its memory, and decompressed.
//!
//! Knows nothing of what the bytes mean.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;
use tokio::sync::Semaphore;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use crate::api::decode::{BadBody, Decoder};
use crate::api::route::{Route, Stage};
use crate::api::transport_error::Fault;

/// The memory that large bodies may take together, in bytes, whatever `--concurrency` and `--max-body` are.
const LARGE_BODIES: usize = 32 << 20;
/// Larger bodies count as large.
const ORDINARY_BODY: usize = 256 << 10;

/// How much room bodies have.
pub(super) struct Room {
    /// The largest body that is read, in bytes.
    most: usize,
    /// As many large bodies may be read at once, of all networks together; the others wait after their first part.
    large: Arc<Semaphore>,
}

impl Room {
    /// For bodies of at most `most` bytes; all large ones share the memory of another network's.
    pub(super) fn beside(other: Option<&Self>, most: usize) -> Self {
        let large = other.map_or_else(
            || Arc::new(Semaphore::new((LARGE_BODIES / most.max(1)).max(1))),
            |other| Arc::clone(&other.large),
        );
        Self { most, large }
    }
}

/// An answer whose body is to be read.
pub(super) struct Incoming<'a> {
    pub(super) response: &'a mut Response,
    pub(super) route: &'a Route,
    pub(super) room: &'a Room,
    /// When the call was sent.
    pub(super) sent: Instant,
}

/// Why a body is not whole.
enum Broken {
    Read(Fault, String),
    Decoded(BadBody),
}

impl Incoming<'_> {
    /// What could be read of the body, and why not all.
    pub(super) async fn read(mut self) -> (Bytes, Option<(Fault, String)>) {
        let mut decoder = match self.decoder() {
            Ok(decoder) => decoder,
            Err(bad) => return (Bytes::new(), Some(self.explain(bad))),
        };
        let (body, broken) = self.read_pieces(decoder.as_mut()).await;
        let whole = match (decoder, broken) {
            (_, Some(Broken::Read(fault, words))) => return (body, Some((fault, words))),
            (_, Some(Broken::Decoded(bad))) => return (body, Some(self.explain(bad))),
            (None, None) => return (body, None),
            (Some(decoder), None) => decoder.finish(),
        };
        whole.map_or_else(|bad| (Bytes::new(), Some(self.explain(bad))), |whole| (whole.into(), None))
    }

    /// What decompresses the body, if it is compressed.
    fn decoder(&self) -> Result<Option<Decoder>, BadBody> {
        let headers = self.response.headers();
        if !headers.contains_key(CONTENT_ENCODING) {
            return Ok(None);
        }
        let codings = headers.get_all(CONTENT_ENCODING).iter();
        let codings: Vec<_> = codings.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Decoder::of(codings.iter().map(|coding| &**coding), self.room.most)
    }

    fn explain(&self, bad: BadBody) -> (Fault, String) {
        let Route { host, .. } = self.route;
        match bad {
            BadBody::TooLarge => (Fault::TooLarge, self.route.too_large(self.room.most)),
            BadBody::Garbled(why) => (Fault::Garbled, format!("the answer of {host} cannot be decompressed: {why}")),
        }
    }

    /// The pieces of a body, put together or handed to the decoder.
    async fn read_pieces(&mut self, mut decoder: Option<&mut Decoder>) -> (Bytes, Option<Broken>) {
        let (route, room) = (self.route, self.room);
        let mut compressed = 0;
        // Most answers come in one piece, which is then handed on as it is.
        let mut whole = Bytes::new();
        let mut pieces = BytesMut::new();
        let mut place = None;
        let broken = loop {
            let held = whole.len() + pieces.len() + decoder.as_ref().map_or(0, |decoder| decoder.size()) + compressed;
            if place.is_none() && held > ORDINARY_BODY {
                place = timeout(left(route, self.sent), room.large.acquire()).await.ok();
            }
            let Ok(piece) = self.next_piece().await else {
                let (fault, words) = route.timed_out(Stage::Body);
                break Some(Broken::Read(fault, words));
            };
            match piece {
                Ok(Some(piece)) if whole.len() + pieces.len() + compressed + piece.len() > room.most => {
                    break Some(Broken::Decoded(BadBody::TooLarge));
                }
                Ok(Some(piece)) if decoder.is_some() => {
                    compressed += piece.len();
                    if let Some(Err(bad)) = decoder.as_mut().map(|decoder| decoder.take(&piece)) {
                        break Some(Broken::Decoded(bad));
                    }
                }
                Ok(Some(piece)) if whole.is_empty() && pieces.is_empty() => whole = piece,
                Ok(Some(piece)) => {
                    pieces.extend_from_slice(&std::mem::take(&mut whole));
                    pieces.extend_from_slice(&piece);
                }
                Ok(None) => break None,
                Err(error) => {
                    let (fault, words) = route.explain(&error, Stage::Body);
                    break Some(Broken::Read(fault, words));
                }
            }
        };
        (if pieces.is_empty() { whole } else { pieces.freeze() }, broken)
    }

    /// The next piece. Most are there with the head, and need neither a timer nor a look at the clock.
    async fn next_piece(&mut self) -> Result<reqwest::Result<Option<Bytes>>, Elapsed> {
        let mut piece = pin!(self.response.chunk());
        match poll_fn(|context| Poll::Ready(piece.as_mut().poll(context))).await {
            Poll::Ready(piece) => Ok(piece),
            Poll::Pending => timeout(left(self.route, self.sent), piece).await,
        }
    }
}

/// How long the next piece may take.
fn left(route: &Route, sent: Instant) -> Duration {
    route.timeout.saturating_sub(sent.elapsed()).min(route.read_timeout)
}
