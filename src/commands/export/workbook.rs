//! Makes the workbook from the finished rows, on its own thread: it takes long, signals may arrive, and the library
//! panics when the disk is full.

use tokio::sync::oneshot;

use crate::cell::CellFormat;
use crate::config::Job;
use crate::encode::Schema;
use crate::encode::xlsx::{self, Content, RenderError, Rendered};
use crate::error::Error;
use crate::offer::tally::Tally;
use crate::output::{Destination, OutputPath};
use crate::panic_guard;
use crate::report::event::LastWait;
use crate::report::{Event, Report};
use crate::signals::{Signal, Signals};

/// What is known of the rows: their own columns, and how the kept ones look.
pub(crate) type Kept<'a> = (&'a Schema, &'a [CellFormat]);

/// Makes the workbook, if one is wanted. Returns the signal that interrupted it, if any.
///
/// # Errors
/// The old workbook is untouched, and the rows are whole.
pub(crate) async fn render(
    job: &Job,
    (summary, (schema, looks)): (&Tally, Kept<'_>),
    signals: &mut Signals,
    report: &Report,
) -> Result<Option<Signal>, Error> {
    let Some(workbook) = job.workbook() else { return Ok(None) };
    let Destination::File(place) = Destination::of(workbook)? else { return Ok(None) };
    let tell = |signal: Signal| {
        report.emit(&Event::Stopping { signal, waiting_for: LastWait::Workbook });
        Signals::TO_THE_END
    };
    let csv = job.rows_file();
    let changes = job.history.as_ref().and_then(|history| history.changes.clone()).filter(|file| file.is_file());
    let cut_in = changes.clone();
    let content = Content { csv, schema: schema.clone(), looks: looks.to_vec(), summary: summary.lines(), changes };
    let rendered = match signals.until_second(on_a_thread(content, &place), tell).await {
        Ok(rendered) => rendered?,
        Err(signal) => return Ok(Some(signal)),
    };
    let Rendered { cut_cells, cut_changes, rows: _ } = rendered;
    let mut cut_cells = vec![(job.rows_file(), cut_cells)];
    cut_cells.extend(cut_in.map(|file| (file, cut_changes)));
    report.emit(&Event::WorkbookWritten { rows_in: job.rows_file(), cut_cells });
    Ok(None)
}

async fn on_a_thread(content: Content, place: &OutputPath) -> Result<Rendered, Error> {
    let (tell, told) = oneshot::channel();
    let (csv, to) = (content.csv.clone(), place.clone());
    let started = panic_guard::start("workbook", move || xlsx::render(&content, &to), |done| drop(tell.send(done)));
    started.map_err(Error::system("start a thread for the workbook"))?;
    match told.await {
        Ok(Ok(rendered)) => Ok(rendered?),
        why => {
            xlsx::discard(place);
            let why = why.ok().and_then(Result::err).unwrap_or_default();
            Err(RenderError::Stopped { workbook: place.out().to_owned(), csv, why }.into())
        }
    }
}
