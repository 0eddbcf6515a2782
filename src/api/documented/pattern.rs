//! What stands between the values of one network's answers, which is the same again and again: keys, brackets and white
//! space, compared as a whole instead of read.
//!
//! A pattern is made of pieces of bodies that were read by their grammar, each from one value to the next. Joined in any
//! way in which one begins where the one before has ended, they make a documented answer again: all are learned from bodies
//! in documented order, so that no key can come twice and none can be missing. A property test holds that.

use crate::api::documented::mark::{Mark, Place, Value};
use crate::api::documented::parse::MAX_ENTRIES;
use crate::api::documented::scan::{Text, text};

/// More than can follow a value where answers are printed alike: each field, as it is and after one that is `null`.
const MOST_STEPS: usize = 12;
/// Longer pieces are not kept: white space without end.
const LONGEST: usize = 512;
/// Of longer bodies nothing is expected to come again.
const LONGEST_BODY: usize = 16 << 10;

/// The answers of a network so far.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    /// What has followed a value of each kind; what comes before the message follows the code.
    steps: [Vec<Step>; Place::KINDS],
    /// The last body whose values did not stand where those of the one before did, and where they stand.
    last: Vec<u8>,
    marks: Vec<Mark>,
}

/// From the end of one value to the beginning of the next, with the quotes of both; or to the end of the body.
#[derive(Debug)]
struct Step {
    text: Vec<u8>,
    to: Option<Next>,
}

/// The value that a step leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Next {
    kind: usize,
    /// How many entries further it is.
    entries: usize,
}

/// What a known text leads to.
enum Found {
    Value(Mark),
    End,
}

impl Pattern {
    /// Adds the values of a body to `marks`, if everything between them is known.
    pub(super) fn find(&self, body: &[u8], marks: &mut Vec<Mark>) -> Option<()> {
        let (mut at, mut place) = (0, Place::CODE);
        loop {
            let rest = body.get(at..)?;
            let mark = match self.same_as_last(rest, (at, place), marks) {
                Some(mark) => mark,
                None => match self.known(rest, (at, place))? {
                    Found::Value(mark) => mark,
                    Found::End => return Some(()),
                },
            };
            (at, place) = (mark.end, mark.place);
            marks.push(mark);
        }
    }

    /// The next value, if it is the one of the last body, after the same text.
    fn same_as_last(&self, rest: &[u8], (at, place): (usize, Place), marks: &[Mark]) -> Option<Mark> {
        let (from, here) = match marks.len().checked_sub(1) {
            Some(before) => self.marks.get(before).map(|mark| (mark.end, mark.place))?,
            None => (0, Place::CODE),
        };
        let next = self.marks.get(marks.len()).filter(|_| here == place)?;
        // With the quote at its end.
        let is_same = rest.starts_with(self.last.get(from..=next.end)?);
        is_same.then(|| Mark { start: next.start - from + at, end: next.end - from + at, ..*next })
    }

    /// The next value, or the end, after a text that is known.
    fn known(&self, rest: &[u8], (at, place): (usize, Place)) -> Option<Found> {
        let step = self.steps.get(place.kind())?.iter().find(|step| rest.starts_with(&step.text))?;
        let rest = rest.get(step.text.len()..)?;
        let Some(next) = step.to else { return rest.is_empty().then_some(Found::End) };
        let place = place.next(next.kind, next.entries).filter(|to| to.entry().is_none_or(|e| e < MAX_ENTRIES))?;
        let Text { len, value } = text(rest)?;
        let start = at + step.text.len();
        Some(Found::Value(Mark { place, value, start, end: start + len }))
    }

    /// Expects the values that were found in a body to come again.
    pub(super) fn expect(&mut self, body: &[u8], marks: &[Mark]) {
        if self.marks == marks {
            // Those that are the same are at the same place, and the others will not be the same the next time.
            return;
        }
        self.last.clear();
        self.marks.clear();
        if body.len() <= LONGEST_BODY {
            self.last.extend_from_slice(body);
            self.marks.extend_from_slice(marks);
        }
    }

    /// Learns from a body whose values, with its code, stand in documented order.
    pub(super) fn learn(&mut self, body: &[u8], marks: &[Mark]) {
        let (mut at, mut place) = (0, Place::CODE);
        // What is no text stands within a step.
        let texts = marks.iter().filter(|mark| mark.value != Value::NoText);
        for next in texts.map(Some).chain([None]) {
            let end = next.map_or(body.len(), |mark| mark.start);
            let to = next.map(|mark| Next { kind: mark.place.kind(), entries: entries_between(place, mark.place) });
            if let (Some(text), Some(steps)) = (body.get(at..end), self.steps.get_mut(place.kind()))
                && text.len() <= LONGEST
            {
                let is_known = steps.iter().any(|step| step.to == to && step.text == text);
                if !is_known {
                    steps.truncate(MOST_STEPS - 1);
                    steps.insert(0, Step { text: text.to_vec(), to });
                }
            }
            if let Some(mark) = next {
                (at, place) = (mark.end, mark.place);
            }
        }
    }
}

/// How many entries begin on the way from one value to another.
fn entries_between(from: Place, to: Place) -> usize {
    let number = |place: Place| place.entry().map_or(0, |entry| entry + 1);
    number(to).saturating_sub(number(from))
}
