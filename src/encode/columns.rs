//! The output's own columns: a promise to users, and names that kept input columns must not take.

/// In their order; the kept input columns stand right after the first.
pub const COLUMNS: [&str; 12] = [
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
