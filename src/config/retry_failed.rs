//! `--retry-failed`: the arguments that conflict with it, and the `--append` of the run that made the output.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::config::error::JobError;
use crate::encode::link_template::Template;
use crate::output::Destination;
use crate::settings::origin::{Setting, SettingSource};

/// The `--append` of the run that made an output, if it is remembered.
pub(crate) fn first_append(rows: &Path) -> Option<Template> {
    match Destination::look(rows) {
        Ok(Destination::File(place)) => Template::parse(&place.remembered_append()?).ok(),
        _ => None,
    }
}

/// Refuses an INPUT that is the output of an earlier run, where `-o` does not say which one is meant.
///
/// # Errors
/// It is one.
pub(crate) fn refuse_output_as_input(input: &Path, settings: &[Setting]) -> Result<(), JobError> {
    let typed = |name| settings.iter().any(|setting| setting.name == name && setting.origin == SettingSource::Flag);
    if typed("INPUT") && !typed("--output") && is_output(input) {
        return Err(JobError::RetryOfInput(input.to_owned()));
    }
    Ok(())
}

/// Whether a file begins like an output of this program, even if a spreadsheet has saved it in another form.
fn is_output(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
    head.retain(|byte| *byte != 0);
    let head = String::from_utf8_lossy(&head);
    read.is_ok() && ["offer_id", "status", "error_kind"].iter().all(|name| head.contains(name))
}
