//! `changes` and `history`: what is read from the history, for people.

use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::{ChangesArgs, HistoryArgs};
use crate::config::distinct_paths::refuse_same;
use crate::config::history::files_of_history;
use crate::config::{JobError, endings};
use crate::error::Error;
use crate::history::changes::{ChangedOffer, header};
use crate::history::diff::Change;
use crate::history::timeline::{Event, Timeline};
use crate::history::{Database, HistoryError};
use crate::offer::OfferId;
use crate::output::{Action, Destination, OutputError, replace_streamed};
use crate::report::format::counted;
use crate::text::shown_start;

/// Writes what has changed since a time.
///
/// # Errors
/// The history cannot be read, or the output not be written.
pub(crate) fn changes(arguments: &ChangesArgs) -> Result<(), Error> {
    refuse_output(arguments)?;
    write_changes(arguments).map_err(of_damage)
}

/// Refuses an output that would overwrite the history, or that other programs would take for something else than a CSV.
fn refuse_output(ChangesArgs { history, output, .. }: &ChangesArgs) -> Result<(), JobError> {
    if endings::is_no_csv(output) {
        return Err(JobError::CsvEnding { writer: "changes", path: output.clone() });
    }
    let files: Vec<_> = files_of_history(history).into_iter().chain([("-o", output.clone())]).collect();
    refuse_same(&files)
}

/// No call was made, so a damaged file is one that cannot be used at all.
fn of_damage(error: Error) -> Error {
    match error {
        Error::History(error) => error.if_damaged().into(),
        other => other,
    }
}

fn write_changes(arguments: &ChangesArgs) -> Result<(), Error> {
    let ChangesArgs { history, since, network, output } = arguments;
    let file = Database::open_to_read(history)?;
    let networks = file.networks()?;
    check_network(history, network.as_deref(), networks.iter())?;
    let with_network = network.is_none() && networks.len() > 1;
    let write = |out: &mut dyn Write| -> Result<(), Error> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::BrokenPipe => Error::Output(OutputError::ClosedPipe),
            _ => Error::Output(OutputError::io(Action::Write, output)(error)),
        };
        let mut rows = header(with_network);
        out.write_all(&rows).map_err(failed)?;
        let take = |offer: &ChangedOffer| {
            rows.clear();
            offer.rows(with_network, &mut rows);
            out.write_all(&rows).map_err(failed)
        };
        file.changes_since(since.as_second(), network.as_deref(), take)?;
        out.flush().map_err(failed)
    };
    match Destination::of(output)? {
        Destination::File(place) => {
            place.check_folder()?;
            replace_streamed(&place, write)
        }
        Destination::Stdout => write(&mut io::BufWriter::new(io::stdout().lock())),
        Destination::Device(path) => {
            let device = std::fs::OpenOptions::new().write(true).open(&path);
            write(&mut io::BufWriter::new(device.map_err(OutputError::io(Action::Open, &path))?))
        }
    }
}

/// Prunes the history, or returns the text about an offer.
///
/// # Errors
/// The history cannot be used, or does not know the offer.
pub(crate) fn history(arguments: &HistoryArgs) -> Result<String, Error> {
    look(arguments).map_err(of_damage)
}

fn look(arguments: &HistoryArgs) -> Result<String, Error> {
    let HistoryArgs { offer_id, history, network, prune } = arguments;
    let mut text = String::new();
    if let Some(age) = prune {
        let mut file = Database::open_existing(history)?;
        let before = Timestamp::now().as_second().saturating_sub_unsigned(age.as_secs());
        let pruned = file.prune(before)?;
        let [versions, failures] =
            [(pruned.versions, "old version"), (pruned.failures, "failure")].map(|(n, noun)| counted(n as u64, noun));
        text += &format!("forgot {versions} and {failures}\n");
    }
    let Some(offer_id) = offer_id else { return Ok(text) };
    let file = Database::open_to_read(history)?;
    check_network(history, network.as_deref(), file.networks()?.iter())?;
    let id = OfferId::parse(offer_id)
        .map_err(|why| HistoryError::Unknown(format!("{}: {why}", shown_start(offer_id, 40))))?;
    let timelines = file.timelines(id.as_str(), network.as_deref())?;
    if timelines.is_empty() {
        return Err(HistoryError::Unknown(format!("the history {} knows no offer {id}", history.display())).into());
    }
    for timeline in &timelines {
        text += &shown(id.as_str(), timeline);
    }
    Ok(text)
}

fn check_network<'n>(
    file: &Path,
    wanted: Option<&str>,
    mut known: impl Iterator<Item = &'n String> + Clone,
) -> Result<(), HistoryError> {
    let Some(wanted) = wanted.filter(|wanted| !known.clone().any(|name| name == wanted)) else { return Ok(()) };
    let names = known.by_ref().map(String::as_str).collect::<Vec<_>>().join(", ");
    let names = if names.is_empty() { "none" } else { &names };
    let message =
        format!("the history {} knows no network {}: it has {names}", file.display(), shown_start(wanted, 60));
    Err(HistoryError::Unknown(message))
}

fn shown(offer_id: &str, timeline: &Timeline) -> String {
    let last_good = timeline.last_good_at.map_or_else(|| "never".to_owned(), at);
    let mut text = format!(
        "offer {offer_id} at {}: first asked for {}, last {}; last good {last_good}\n",
        timeline.network,
        at(timeline.first_seen_at),
        at(timeline.last_asked_at),
    );
    for (time, event) in &timeline.events {
        let what = match event {
            Event::Failed(words) => format!("failed   {words}"),
            Event::Changed(change) => words(change),
        };
        text += &format!("  {}  {what}\n", at(*time));
    }
    text
}

fn words(change: &Change) -> String {
    let Change { kind, entry: [kind_of_entry, name], field, before, after } = change;
    let show = |text: &str| shown_start(text, 500).into_owned();
    let entry =
        [kind_of_entry.as_str(), name].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    let of = if entry.is_empty() { (*field).to_owned() } else { format!("{field} of {}", show(&entry)) };
    let values = match (before.is_empty(), after.is_empty()) {
        (true, _) => show(after),
        (false, true) => show(before),
        (false, false) => format!("{} -> {}", show(before), show(after)),
    };
    format!("{:<8} {of}: {values}", kind.as_str())
}

/// A local time.
fn at(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
