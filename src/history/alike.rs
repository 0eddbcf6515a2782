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
    /// What the last answer that fitted none would be of.
    next: Option<Template>,
    /// The one that fitted last.
    last: usize,
    /// The landing pages of the last answer that has its own, as they lie in its row, and its template.
    own: (usize, String),
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
        if found.is_some() {
            return found;
        }
        let fit = self.next.as_ref().map_or(Fit::No, |next| next.fit(id, texts));
        if fit == Fit::No {
            self.next = Template::of(id, texts);
            return None;
        }
        let next = self.next.take();
        next.and_then(|next| self.add(next)).map(|place| (place, fit))
    }

    /// The place of a template for landing pages of an answer that has its own, if the last one that has its own had the same.
    pub(super) fn find_own(&mut self, template: usize, links: &str, (id, texts): (&str, Texts<'_>)) -> Option<usize> {
        if (self.own.0, &*self.own.1) == (template, links) {
            return Template::of(id, texts).and_then(|template| self.add(template));
        }
        self.own.0 = template;
        self.own.1.clear();
        self.own.1.push_str(links);
        None
    }

    fn add(&mut self, template: Template) -> Option<usize> {
        let place = self.templates.len();
        (place < MOST).then(|| {
            self.templates.push(template);
            self.last = place;
            place
        })
    }

    fn find_known(&mut self, id: &str, texts: Texts<'_>) -> Option<(usize, Fit)> {
        let mut own = None;
        let last = self.templates.iter().enumerate().skip(self.last).take(1);
        let others = self.templates.iter().enumerate().filter(|(place, _)| *place != self.last);
        for (place, template) in last.chain(others) {
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
