//! Whether the links that `--retry-failed` is to add would be of the same kind as those that are there.
//!
//! Part of [`PreviousRows`]: goes by what is remembered of the first run, and by what its links show. Changes nothing.

use crate::config::Job;
use crate::encode::link_template::{Template, has_query};
use crate::run::retry_failed::PreviousRows;

impl PreviousRows {
    /// Why this run's `--append` cannot be that of the first run: then links of both kinds would stand in one file.
    /// What is remembered of the first run counts, and more than that what stands in its links.
    pub(crate) fn other_append(&self, job: &Job) -> Option<String> {
        let (path, template) = (self.previous.path().display(), &job.append.template);
        let link = self.good.iter().flat_map(|(_, links)| links).next();
        if let Some(first) = job.append.first_run.as_ref().filter(|first| *first != template) {
            let shows = if first.is_empty() { !self.has(template) } else { self.has(first) };
            if link.is_none() || shows {
                let first = if first.is_empty() { "no --append".to_owned() } else { format!("--append '{first}'") };
                return Some(format!(
                    "the first run used {first}, and links of both kinds would stand in {path}: leave --append out here, \
                     as it is remembered, or run the export again without --retry-failed"
                ));
            }
        }
        let link = link?;
        if !template.is_empty() && !self.has(template) {
            return Some(format!(
                "the first run did not use --append '{template}', as {path} has the link {link}: give that of the first \
                 run, or --append '' where it had none, or run the export again without --retry-failed"
            ));
        }
        if template.is_empty() && !job.append.is_typed && job.append.first_run.is_none() {
            let has_macro = |link: &&String| link.split_once('{').is_some_and(|(_, after)| after.contains('}'));
            let link = self.good.iter().flat_map(|(_, links)| links).find(has_macro)?;
            return Some(format!(
                "the first run seems to have used --append, as {path} has the link {link}: give the same --append here, \
                 or --append '' if the network itself sends that"
            ));
        }
        None
    }

    /// Whether any of the good links has what the template adds.
    fn has(&self, template: &Template) -> bool {
        let cells: Vec<_> = template.columns().map(|name| self.cell_index(name)).collect();
        let mut query = String::new();
        self.good.iter().any(|(kept, links)| {
            let cell =
                |n: usize| cells.get(n).copied().flatten().and_then(|cell| kept.get(cell)).map_or("", String::as_str);
            query.clear();
            template.expand(cell, &mut query);
            links.iter().any(|link| has_query(link, &query))
        })
    }
}
