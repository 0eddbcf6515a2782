//! How a call over the limit is refused.

/// How a call over the limit is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status and body.
    pub form: RefusalForm,
    /// The `Retry-After` header.
    pub retry_after: RetryAfter,
}

impl Refusal {
    /// 429 without `Retry-After`, as far as is known of the real network.
    pub const PUBLISHED: Self = Self { form: RefusalForm::Status429, retry_after: RetryAfter::None };
}

/// Status and body of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalForm {
    /// 429 with an envelope.
    Status429,
    /// 503 with an HTML page: nginx's default.
    Status503,
    /// 200, and the envelope says so.
    Envelope200,
}

/// The `Retry-After` header of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Not sent, as far as is known of the real network.
    None,
    /// Whole seconds, rounded up, until a call passes again.
    Remaining,
    /// Exactly this text.
    Text(&'static str),
}
