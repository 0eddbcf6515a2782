//! Makes the workbook from the finished rows, on a thread of its own: it takes long, signals come meanwhile, and the
//! library panics where a disk is full.

use std::panic;
use std::path::Path;

use tokio::sync::mpsc::unbounded_channel;

use crate::failure::Failure;
use crate::job::Job;
use crate::output::xlsx::{self, RenderError, Rendered};
use crate::output::{Place, Target};
use crate::report::{Level, Report};
use crate::signals::{Signal, Signals};
use crate::summary::Summary;

/// The thread's name, by which its panics are known.
const THREAD: &str = "workbook";

/// Makes the workbook, if one is wanted. Gives the signal that kept it from being done.
///
/// # Errors
/// The old workbook is untouched, and the rows are whole.
pub(super) async fn render(
    job: &Job,
    summary: &Summary,
    signals: &mut Signals,
    report: &Report,
) -> Result<Option<Signal>, Failure> {
    let Some(workbook) = &job.workbook else { return Ok(None) };
    let Target::File(place) = Target::of(workbook)? else { return Ok(None) };
    let tell = |signal: Signal| {
        report.say(Level::Info, &signal.waiting_for("the workbook"));
        Signals::TO_THE_END
    };
    let rendered = match signals.until_second(on_a_thread(&job.output, &place, summary.lines()), tell).await {
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

async fn on_a_thread(csv: &Path, place: &Place, lines: Vec<(String, String)>) -> Result<Rendered, Failure> {
    let (tell, mut told) = unbounded_channel();
    let panicked = tell.clone();
    let before = panic::take_hook();
    // A panic would end the program without a word to the user. Its thread has nothing to give back that the end of the
    // program does not, so it stops for good in the hook, before that.
    panic::set_hook(Box::new(move |why| {
        if std::thread::current().name() != Some(THREAD) {
            return before(why);
        }
        let _ = panicked.send(Err(why.payload_as_str().unwrap_or("the library failed").to_owned()));
        loop {
            std::thread::park();
        }
    }));
    let (from, to) = (csv.to_owned(), place.clone());
    let work = move || drop(tell.send(Ok(xlsx::render(&from, &to, &lines))));
    let started = std::thread::Builder::new().name(THREAD.to_owned()).spawn(work);
    started.map_err(Failure::system("start a thread for the workbook"))?;
    match told.recv().await {
        Some(Ok(rendered)) => Ok(rendered?),
        why => {
            xlsx::discard(place);
            let why = why.and_then(Result::err).unwrap_or_default();
            Err(RenderError::Stopped { workbook: place.out().to_owned(), csv: csv.to_owned(), why }.into())
        }
    }
}
