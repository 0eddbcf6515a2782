//! Decompresses bodies piece by piece: gzip, also in several members and several times, as servers really send it.
//!
//! Knows no connection. Stops at the limit, whatever a bomb would become.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

/// More layers than this are an attack, not an answer.
const LAYERS: usize = 3;

/// Why a body cannot be read.
#[derive(Debug)]
pub(crate) enum BadBody {
    /// Larger than the limit.
    TooLarge,
    /// Not what its headers say.
    Garbled(String),
}

/// Takes a body as it comes and gives it as it was meant.
pub(crate) struct Decoder {
    layer: Layer,
    /// Something has come: a body of nothing is nothing, compressed or not.
    begun: bool,
}

enum Layer {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Layer>>),
}

/// What was decompressed, up to the limit.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Decoder {
    /// A decoder for the values of `Content-Encoding`, in any case; `None` where nothing has to be done.
    ///
    /// # Errors
    /// An encoding that was not requested and is not supported.
    pub(crate) fn of<'a>(codings: impl Iterator<Item = &'a str>, most: usize) -> Result<Option<Self>, BadBody> {
        let mut layers = 0;
        for coding in codings.flat_map(|value| value.split(',')) {
            match coding.trim().to_ascii_lowercase().as_str() {
                "" | "identity" => {}
                "gzip" | "x-gzip" => layers += 1,
                other => {
                    let other: String = other.chars().take(40).collect();
                    return Err(BadBody::Garbled(format!("it is encoded as {other}, which was not asked for")));
                }
            }
        }
        match layers {
            0 => Ok(None),
            1..=LAYERS => {
                let plain = Layer::Plain(Bounded { bytes: Vec::new(), most });
                let layer = (0..layers).fold(plain, |inner, _| Layer::Gzip(Box::new(MultiGzDecoder::new(inner))));
                Ok(Some(Self { layer, begun: false }))
            }
            _ => Err(BadBody::Garbled(format!("it is compressed {layers} times"))),
        }
    }

    /// Takes in a piece.
    ///
    /// # Errors
    /// What it becomes is too large, or it is not what the headers say.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<(), BadBody> {
        self.begun |= !piece.is_empty();
        self.layer.write_all(piece).map_err(|error| bad_body(&error))
    }

    /// The bytes that are held.
    pub(crate) fn size(&self) -> usize {
        let mut layer = &self.layer;
        loop {
            layer = match layer {
                Layer::Plain(bounded) => return bounded.bytes.len(),
                Layer::Gzip(decoder) => decoder.get_ref(),
            };
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// It is not complete.
    pub(crate) fn finish(self) -> Result<Vec<u8>, BadBody> {
        let mut layer = self.layer;
        if !self.begun {
            return Ok(Vec::new());
        }
        loop {
            layer = match layer {
                Layer::Plain(bounded) => return Ok(bounded.bytes),
                Layer::Gzip(decoder) => decoder.finish().map_err(|error| bad_body(&error))?,
            };
        }
    }
}

impl Write for Layer {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bounded) => bounded.take(piece),
            Self::Gzip(decoder) => decoder.write(piece),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Bounded {
    fn take(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }
}

fn bad_body(error: &io::Error) -> BadBody {
    match error.kind() {
        io::ErrorKind::FileTooLarge => BadBody::TooLarge,
        _ => BadBody::Garbled(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(codings: &[&str], body: &[u8], piece: usize) -> Result<Vec<u8>, BadBody> {
        let mut decoder = Decoder::of(codings.iter().copied(), 1000)?.unwrap();
        for piece in body.chunks(piece) {
            decoder.take(piece)?;
        }
        decoder.finish()
    }

    #[test]
    fn every_gzip_that_servers_send_is_read_in_pieces_of_any_size() {
        let members = [gzip(b"{\"code\""), gzip(b""), gzip(b":0}")].concat();
        for (codings, body) in [
            (&["gzip"][..], gzip(b"{\"code\":0}")),
            (&["GZIP"], gzip(b"{\"code\":0}")),
            (&["x-gzip"], members.clone()),
            (&["gzip, gzip"], gzip(&members)),
            (&["gzip", " X-Gzip ,identity"], gzip(&gzip(b"{\"code\":0}"))),
            (&["gzip,gzip,gzip"], gzip(&gzip(&gzip(b"{\"code\":0}")))),
        ] {
            for piece in [1, 2, 7, 1000] {
                let read = decode(codings, &body, piece).unwrap();
                assert_eq!(read, b"{\"code\":0}", "{codings:?} in pieces of {piece}");
            }
        }
        assert_eq!(decode(&["gzip"], b"", 1).unwrap(), b"");
        assert!(Decoder::of(["identity", ""].into_iter(), 10).unwrap().is_none());
    }

    #[test]
    fn what_is_cut_garbled_or_not_understood_is_told() {
        let good = gzip(b"{\"code\":0}");
        let mut changed = good.clone();
        let last = changed.len() - 6;
        changed[last] ^= 1;
        for body in [&good[..good.len() - 1], &good[..5], b"not gzip!", &changed] {
            assert!(matches!(decode(&["gzip"], body, 3), Err(BadBody::Garbled(_))), "{body:?}");
        }
        for codings in [&["br"][..], &["gzip", "zstd"], &["gzip,gzip,gzip,gzip"]] {
            assert!(matches!(Decoder::of(codings.iter().copied(), 10), Err(BadBody::Garbled(_))), "{codings:?}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit_however_it_is_packed() {
        let zeros = vec![0; 10_000_000];
        let many = gzip(&[b'x'; 100]).repeat(11);
        for (codings, body) in
            [(&["gzip"][..], gzip(&zeros)), (&["gzip", "gzip"], gzip(&gzip(&zeros))), (&["gzip"], many)]
        {
            assert!(matches!(decode(codings, &body, 4096), Err(BadBody::TooLarge)), "{codings:?}");
        }
        assert_eq!(decode(&["gzip"], &gzip(&[b'x'; 1000]), 10).unwrap().len(), 1000);
    }
}
