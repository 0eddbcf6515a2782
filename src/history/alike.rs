//! Finds the templates of answers as they come. Pure memory, and little of it.
//!
//! Texts become a template when they come twice with none between that fits no template: an account's links have the same
//! form. Those of an account that has another form for each offer would fill the file with templates that nothing else is of.

use crate::history::template::{Fit, Template, Texts};

/// As many are compared with each answer that fits none of them.
const MOST: usize = 16;

/// The templates of the answers so far.
#[derive(Debug, Default)]
pub(super) struct Alike {
    templates: Vec<Template>,
    /// What the last answer that did not fit as a whole would be of.
    next: Option<Template>,
    /// The one that fitted last.
    last: usize,
}

impl Alike {
    /// The templates, by their places.
    pub(super) fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// Makes room where there is none; only while nothing names a template.
    pub(super) fn make_room(&mut self) {
        if self.templates.len() == MOST {
            self.templates.clear();
        }
    }

    /// The place of the template that an answer is of, and whether its landing pages are, too.
    pub(super) fn find(&mut self, id: &str, texts: Texts<'_>) -> Option<(usize, Fit)> {
        let found = self.find_known(id, texts);
        if let Some((_, Fit::Whole)) = found {
            return found;
        }
        let fit = self.next.as_ref().map_or(Fit::No, |next| next.fit(id, texts));
        let is_news = fit == Fit::Whole || (fit == Fit::Own && found.is_none());
        if let Some(template) = self.next.take_if(|_| is_news && self.templates.len() < MOST) {
            self.last = self.templates.len();
            self.templates.push(template);
            Some((self.last, fit))
        } else {
            self.next = Template::of(id, texts);
            found
        }
    }

    fn find_known(&mut self, id: &str, texts: Texts<'_>) -> Option<(usize, Fit)> {
        let mut own = None;
        let first = self.templates.get(self.last).map(|template| (self.last, template));
        for (place, template) in first.into_iter().chain(self.templates.iter().enumerate()) {
            match template.fit(id, texts) {
                Fit::Whole => {
                    self.last = place;
                    return Some((place, Fit::Whole));
                }
                Fit::Own => own = own.or(Some((place, Fit::Own))),
                Fit::No => {}
            }
        }
        own
    }
}
