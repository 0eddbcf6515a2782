//! Makes the workbook from the finished rows, on a thread of its own: it takes long, signals come meanwhile, and the
//! library panics where a disk is full.

use tokio::sync::oneshot;

use crate::cell::Look;
use crate::config::Job;
use crate::encode::xlsx::{self, Content, RenderError, Rendered};
use crate::error::Failure;
use crate::offer::tally::Summary;
use crate::output::{Place, Target};
use crate::panic_guard;
use crate::report::{Level, Report};
use crate::signals::{Signal, Signals};

/// Makes the workbook, if one is wanted. Gives the signal that kept it from being done.
///
/// # Errors
/// The old workbook is untouched, and the rows are whole.
pub(crate) async fn render(
    job: &Job,
    (summary, looks): (&Summary, &[Look]),
    signals: &mut Signals,
    report: &Report,
) -> Result<Option<Signal>, Failure> {
    let Some(workbook) = &job.workbook else { return Ok(None) };
    let Target::File(place) = Target::of(workbook)? else { return Ok(None) };
    let tell = |signal: Signal| {
        report.say(Level::Info, &signal.waiting_for("the workbook"));
        Signals::TO_THE_END
    };
    let content = Content { csv: job.output.clone(), looks: looks.to_vec(), summary: summary.lines() };
    let rendered = match signals.until_second(on_a_thread(content, &place), tell).await {
        Ok(rendered) => rendered?,
        Err(signal) => return Ok(Some(signal)),
    };
    report.say(Level::Info, &format!("the workbook's rows are in {} too", job.output.display()));
    if rendered.cut_cells > 0 {
        let message = format!(
            "{} cells were too long for a workbook and hold only their start; {} has them whole",
            rendered.cut_cells,
            job.output.display()
        );
        report.say(Level::Warning, &message);
    }
    Ok(None)
}

async fn on_a_thread(content: Content, place: &Place) -> Result<Rendered, Failure> {
    let (tell, told) = oneshot::channel();
    let (csv, to) = (content.csv.clone(), place.clone());
    let started = panic_guard::start("workbook", move || xlsx::render(&content, &to), |done| drop(tell.send(done)));
    started.map_err(Failure::system("start a thread for the workbook"))?;
    match told.await {
        Ok(Ok(rendered)) => Ok(rendered?),
        why => {
            xlsx::discard(place);
            let why = why.ok().and_then(Result::err).unwrap_or_default();
            Err(RenderError::Stopped { workbook: place.out().to_owned(), csv, why }.into())
        }
    }
}
