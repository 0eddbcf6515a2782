//! The documented answer in structs, and its rows by `csv::Writer`: the bare loop's two pieces of work on data.

use std::io;

use serde::Deserialize;

/// The documented answer, as far as it is used.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Answer {
    /// The links.
    pub(super) data: Data,
}

/// `data`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Data {
    /// `tracking_link`
    pub(super) tracking_link: Links,
}

/// `tracking_link`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Links {
    url: String,
    impression_pixel: String,
    offer_url: Vec<Entry>,
}

#[derive(Clone, Debug, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    tracking_link: String,
    preview_url: Option<String>,
}

/// Writes one offer's rows.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(id: &str, links: &Links, out: &mut csv::Writer<impl io::Write>) -> csv::Result<()> {
    for entry in &links.offer_url {
        out.write_record([
            id,
            &entry.kind,
            entry.name.as_deref().unwrap_or_default(),
            &entry.tracking_link,
            entry.preview_url.as_deref().unwrap_or_default(),
            &links.url,
            &links.impression_pixel,
            "ok",
            "",
            "",
            "",
            "",
        ])?;
    }
    Ok(())
}
