//! Reads the documented success straight into an answer, without a tree of JSON in between.
//!
//! Silent about every other body: what is not exactly the documented shape is for `body`, `classify` and `links` to
//! understand. What it does say is what they say, whatever it has read before; a property test holds the two together.

mod mark;
mod parse;
mod pattern;
mod scan;

use self::mark::Mark;
use self::pattern::Pattern;
use crate::api::link::is_link;
use crate::offer::Answer;

/// A body for which speed is no question, in bytes.
const MAX_BODY: usize = 16 << 20;
/// Room that is kept for the values of an answer.
const USUAL_VALUES: usize = 256;

/// Reads the answers of one network, which differ in their values only.
#[derive(Debug, Default)]
pub struct Reader {
    pattern: Pattern,
    /// The values of the body at hand.
    marks: Vec<Mark>,
}

impl Reader {
    /// The answer in the body of a successful call, where it is the documented one and has a link.
    pub fn read(&mut self, body: &str) -> Option<Answer> {
        if body.len() > MAX_BODY {
            return None;
        }
        let answer = self.read_marks(body);
        self.marks.clear();
        self.marks.shrink_to(USUAL_VALUES);
        answer
    }

    fn read_marks(&mut self, body: &str) -> Option<Answer> {
        if self.pattern.find(body.as_bytes(), &mut self.marks).is_some() {
            let answer = with_link(body, &self.marks)?;
            self.pattern.expect(body.as_bytes(), &self.marks);
            return Some(answer);
        }
        self.marks.clear();
        parse::parse(body.as_bytes(), &mut self.marks)?;
        let is_documented_order = is_in_order(&self.marks);
        if !is_documented_order {
            self.marks.sort_by_key(|mark| mark.place);
            // Of equal keys the last one counts, which is for the tree to say.
            is_in_order(&self.marks).then_some(())?;
        }
        let answer = with_link(body, &self.marks)?;
        if is_documented_order {
            self.pattern.learn(body.as_bytes(), &self.marks);
        }
        Some(answer)
    }
}

/// Whether the values stand in documented order, each once.
fn is_in_order(marks: &[Mark]) -> bool {
    marks.is_sorted_by(|one, next| one.place < next.place)
}

fn with_link(body: &str, marks: &[Mark]) -> Option<Answer> {
    let answer = mark::answer(body, marks)?;
    let has_link = answer.url().is_some_and(is_link) || answer.entries().any(|e| e.tracking_link.is_some_and(is_link));
    has_link.then_some(answer)
}

#[cfg(test)]
mod tests;
