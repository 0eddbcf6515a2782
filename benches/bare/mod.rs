//! What everyone writes first, and what the program is measured against: read, fetch, parse, write, and nothing else.
//!
//! No limit, no retry, no order beyond `buffered`, no checkpoint, one known shape of answer. Must stay free of anything
//! from the library, so that the two sides share no work.

mod answer;

use std::path::Path;

use answer::Answer;
use futures::{StreamExt, TryStreamExt, stream};

/// The header of the output.
const HEADER: [&str; 12] = [
    "offer_id",
    "offer_url_type",
    "offer_url_name",
    "offer_url_tracking_link",
    "offer_url_preview_url",
    "url",
    "impression_pixel",
    "status",
    "error_kind",
    "error_http_status",
    "error_code",
    "error_message",
];

/// The whole loop, with so many calls at a time.
///
/// # Errors
/// Whatever goes wrong first.
pub(super) async fn run(
    base: &str,
    input: &Path,
    output: &Path,
    concurrency: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The system's certificates would be read for nothing: the server speaks plain HTTP.
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let mut reader = csv::Reader::from_path(input)?;
    let mut writer = csv::Writer::from_path(output)?;
    writer.write_record(HEADER)?;
    let ids = reader.records().map(|record| record.map(|record| record.get(0).unwrap_or_default().to_owned()));
    let calls = stream::iter(ids).map(|id| {
        let client = &client;
        async move {
            let id = id?;
            let url = format!("{base}/aff/v1/offers/{id}/tracking_links");
            let response =
                client.get(url).basic_auth("me@example.com", Some("key")).send().await?.error_for_status()?;
            let answer: Answer = serde_json::from_slice(&response.bytes().await?)?;
            Ok::<_, Box<dyn std::error::Error>>((id, answer))
        }
    });
    let mut answers = calls.buffered(concurrency);
    while let Some((id, answer)) = answers.try_next().await? {
        answer::write(&id, &answer.data.tracking_link, &mut writer)?;
    }
    writer.flush()?;
    Ok(())
}
