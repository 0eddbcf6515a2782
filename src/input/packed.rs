//! A row as bytes, for rows that wait on disk until their network is ready for them.
//!
//! Owns that format. It never outlives the process, so it may change at any time. Must not open anything.

use crate::cell::CellKind;
use crate::input::cells::Cells;
use crate::input::fingerprint::ResumePosition;
use crate::input::row::{BadId, Row};
use crate::offer::{InvalidOfferId, OfferId};

/// Why a cell is not an ID, as one byte.
const REASONS: [InvalidOfferId; 9] = [
    InvalidOfferId::Empty,
    InvalidOfferId::ThousandsSeparator,
    InvalidOfferId::Scientific,
    InvalidOfferId::NotWhole,
    InvalidOfferId::Several,
    InvalidOfferId::Shifted,
    InvalidOfferId::Date,
    InvalidOfferId::Total,
    InvalidOfferId::NotDigits,
];
/// Before an ID.
const IS_ID: u8 = u8::MAX;
const TOO_LONG: u8 = u8::MAX - 1;

const KINDS: [CellKind; 4] = [CellKind::Text, CellKind::Number, CellKind::Truth, CellKind::Moment];

/// Writes values one after the other.
#[derive(Debug)]
pub(crate) struct Packer<'a>(pub(crate) &'a mut Vec<u8>);

/// Reads them in the same order; `None` where they are missing.
#[derive(Debug)]
pub(crate) struct Unpacker<'a>(pub(crate) &'a [u8]);

impl Packer<'_> {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

impl<'a> Unpacker<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

impl Row {
    /// Appends the row without its position in the input.
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        let mut packer = Packer(out);
        packer.number(self.line);
        match &self.offer {
            Ok(offer) => {
                packer.byte(IS_ID);
                packer.bytes(offer.as_str().as_bytes());
            }
            Err(BadId { text, reason }) => {
                let known = REASONS.iter().position(|known| known == reason);
                packer.byte(known.and_then(|at| u8::try_from(at).ok()).unwrap_or(TOO_LONG));
                if let InvalidOfferId::TooLong { digits } = reason {
                    packer.number(*digits as u64);
                }
                packer.bytes(text.as_bytes());
            }
        }
        packer.number(self.cells.len() as u64);
        packer.number(self.cells.kept_with_kinds().len() as u64);
        (0..self.cells.len()).for_each(|cell| packer.bytes(self.cells.get(cell).as_bytes()));
        for (_, kind) in self.cells.kept_with_kinds() {
            let kind = KINDS.iter().position(|known| *known == kind);
            packer.byte(kind.and_then(|at| u8::try_from(at).ok()).unwrap_or_default());
        }
    }

    /// Reads a packed row; `None` for other bytes.
    pub(crate) fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let line = from.number()?;
        let offer = match from.byte()? {
            IS_ID => Ok(OfferId::parse(from.text()?).ok()?),
            TOO_LONG => {
                let reason = InvalidOfferId::TooLong { digits: usize::try_from(from.number()?).ok()? };
                Err(BadId { text: from.text()?.into(), reason })
            }
            known => Err(BadId { reason: *REASONS.get(usize::from(known))?, text: from.text()?.into() }),
        };
        let (cells, kept) = (usize::try_from(from.number()?).ok()?, usize::try_from(from.number()?).ok()?);
        let cells = (0..cells).map(|_| from.text()).collect::<Option<Vec<_>>>()?;
        let kinds = (0..kept).map(|_| KINDS.get(usize::from(from.byte()?)).copied()).collect::<Option<Vec<_>>>()?;
        let cells = Cells::new(cells.into_iter(), kept).with_kinds(kinds.into_iter());
        Some(Self { line, offer, cells, next: ResumePosition::default() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason() -> impl Strategy<Value = InvalidOfferId> {
        let too_long = (21_usize..1000).prop_map(|digits| InvalidOfferId::TooLong { digits });
        prop_oneof![prop::sample::select(REASONS.to_vec()), too_long]
    }

    fn offer() -> impl Strategy<Value = Result<OfferId, BadId>> {
        let good = "[0-9]{1,20}".prop_map(|id| Ok(OfferId::parse(&id).unwrap()));
        let bad = (any::<String>(), reason()).prop_map(|(text, reason)| Err(BadId { text: text.into(), reason }));
        prop_oneof![good, bad]
    }

    proptest! {
        #[test]
        fn a_row_comes_back_as_it_was(
            line: u64,
            offer in offer(),
            cells in prop::collection::vec((any::<String>(), prop::sample::select(KINDS.to_vec())), 0..6),
            only_for_links in 0_usize..3,
        ) {
            let kept = cells.len().saturating_sub(only_for_links);
            let kinds = cells.iter().map(|(_, kind)| *kind).take(kept);
            let texts: Vec<_> = cells.iter().map(|(text, _)| text).collect();
            let row = Row {
                line,
                offer,
                cells: Cells::new(texts.into_iter(), kept).with_kinds(kinds),
                next: ResumePosition::default(),
            };
            let mut bytes = Vec::new();
            row.pack(&mut bytes);
            prop_assert_eq!(Row::unpack(&mut Unpacker(&bytes)), Some(row));
            for end in 0..bytes.len() {
                prop_assert_eq!(Row::unpack(&mut Unpacker(&bytes[..end])), None);
            }
        }
    }
}
