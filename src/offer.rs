//! The words of the trade: what an offer is called by, what the network answers for it, and what may go wrong.
//!
//! `Outcome` is the type in the middle of the program: rows, log lines, summary and exit code all derive from it,
//! so that they cannot disagree. This module knows nothing of HTTP, CSV or time.

use std::fmt;
use std::hash::{Hash, Hasher};

/// The ID of an offer as the network is asked for it: 1 to 20 ASCII digits, leading zeros kept.
///
/// Holds its digits inline, because there is one for every input row. Nothing but digits can be in it, so it can
/// never change the path of a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfferId {
    digits: [u8; Self::MAX_DIGITS],
    len: u8,
}

impl OfferId {
    /// The longest ID that is called; a 64-bit number has at most 20 digits.
    pub const MAX_DIGITS: usize = 20;

    /// Reads a cell of the ID column.
    ///
    /// White space (no-break spaces included) and quotes around the ID are dropped, and a fraction of zeros is too:
    /// `16.0` is what Excel and pandas make of 16.
    ///
    /// # Errors
    /// Says why the cell is not an ID.
    pub fn parse(cell: &str) -> Result<Self, InvalidOfferId> {
        let trimmed = cell.trim_matches(is_padding);
        let digits = match trimmed.split_once('.') {
            Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => {
                // In half of Europe `1.000` is a thousand. To call 1 for it would be a silent mistake.
                if zeros.len() == 3 && (1..=3).contains(&whole.len()) && whole.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(InvalidOfferId::ThousandsSeparator);
                }
                whole
            }
            _ => trimmed,
        };
        if digits.is_empty() {
            return Err(if trimmed.is_empty() { InvalidOfferId::Empty } else { InvalidOfferId::NotDigits });
        }
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidOfferId::explain(digits));
        }
        if digits.len() > Self::MAX_DIGITS {
            return Err(InvalidOfferId::TooLong { digits: digits.len() });
        }
        let mut id = Self { digits: [0; Self::MAX_DIGITS], len: 0 };
        for (slot, digit) in id.digits.iter_mut().zip(digits.bytes()) {
            *slot = digit;
            id.len += 1;
        }
        Ok(id)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.digits.get(..usize::from(self.len)).unwrap_or_default()).unwrap_or_default()
    }
}

/// What spreadsheets and people leave around an ID.
fn is_padding(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{feff}')
}

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One write of the digits is all that tells IDs apart, and is several times cheaper than one for each field.
impl Hash for OfferId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_str().as_bytes());
    }
}

impl fmt::Debug for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfferId({self})")
    }
}

/// Why a cell is not an offer ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOfferId {
    /// Nothing in the cell.
    #[error("the ID is empty")]
    Empty,
    /// `1,234` or `1 234`: may be one ID or two, so it is not guessed.
    #[error("an ID has no thousands separator: write 1234, not 1,234")]
    ThousandsSeparator,
    /// `1.6E+1`: the spreadsheet has lost digits.
    #[error("the ID is in scientific notation: format the column as text or as a whole number")]
    Scientific,
    /// Something else than digits.
    #[error("an ID is made of digits only")]
    NotDigits,
    /// More digits than any ID has.
    #[error("an ID has at most {max} digits, this has {digits}", max = OfferId::MAX_DIGITS)]
    TooLong {
        /// How many digits were found.
        digits: usize,
    },
}

impl InvalidOfferId {
    fn explain(text: &str) -> Self {
        let only = |extra: fn(char) -> bool| text.chars().all(|c| c.is_ascii_digit() || extra(c));
        let starts_as_number = text.starts_with(|c: char| c.is_ascii_digit());
        if starts_as_number && only(|c| matches!(c, ',' | '.' | ' ' | '\u{a0}' | '\u{202f}' | '\'')) {
            Self::ThousandsSeparator
        } else if starts_as_number
            && text.contains(['e', 'E'])
            && only(|c| matches!(c, 'e' | 'E' | '+' | '-' | '.' | ','))
        {
            Self::Scientific
        } else {
            Self::NotDigits
        }
    }
}

/// What became of an offer: its links, or why there are none.
pub type Outcome = Result<Answer, OfferError>;

/// The links of one offer, as received.
///
/// All texts lie in one allocation: up to 10,000 answers are remembered at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    text: Box<str>,
    /// Where each field ends in `text`: `url`, `impression_pixel`, then four for each entry.
    ends: Box<[FieldEnd]>,
}

/// The end of a field in the text of an [`Answer`], and whether the network sent the field at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FieldEnd(u32);

impl FieldEnd {
    const ABSENT: u32 = 1 << 31;

    fn offset(self) -> usize {
        (self.0 & !Self::ABSENT) as usize
    }

    fn is_absent(self) -> bool {
        self.0 & Self::ABSENT != 0
    }
}

/// One landing page of an offer; a field is `None` where the network sent none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// `Default`, `Random` or `Offer URL`.
    pub kind: Option<&'a str>,
    /// The landing page's name.
    pub name: Option<&'a str>,
    /// The tracking link of this landing page.
    pub tracking_link: Option<&'a str>,
    /// A sample of the landing page.
    pub preview_url: Option<&'a str>,
}

impl Answer {
    /// The most text an answer can hold, in bytes; the client's body limit is far below.
    pub const MAX_TEXT: usize = (FieldEnd::ABSENT - 1) as usize;

    /// The offer's own tracking link.
    pub fn url(&self) -> Option<&str> {
        self.field(0)
    }

    /// HTML of the impression pixel.
    pub fn impression_pixel(&self) -> Option<&str> {
        self.field(1)
    }

    /// The landing pages, in the network's order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        let count = self.ends.len().saturating_sub(2) / 4;
        (0..count).map(|i| Entry {
            kind: self.field(2 + 4 * i),
            name: self.field(3 + 4 * i),
            tracking_link: self.field(4 + 4 * i),
            preview_url: self.field(5 + 4 * i),
        })
    }

    /// Memory held, in bytes.
    pub fn size(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<FieldEnd>() + size_of::<Self>()
    }

    /// Appends everything in it to `out`, for [`Self::unpack`].
    pub fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&u32::try_from(self.ends.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(self.ends.iter().flat_map(|end| end.0.to_le_bytes()));
        out.extend_from_slice(self.text.as_bytes());
    }

    /// The answer that [`Self::pack`] has written; `None` for anything else.
    pub fn unpack(packed: &[u8]) -> Option<Self> {
        let (count, rest) = packed.split_first_chunk()?;
        let (ends, text) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(4)?)?;
        let ends = ends.as_chunks().0.iter().map(|end| FieldEnd(u32::from_le_bytes(*end))).collect();
        Some(Self { text: std::str::from_utf8(text).ok()?.into(), ends })
    }

    fn field(&self, index: usize) -> Option<&str> {
        let end = self.ends.get(index).filter(|end| !end.is_absent())?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends.get(before).map_or(0, |e| e.offset()));
        self.text.get(start..end.offset())
    }
}

/// Builds an [`Answer`] field by field.
#[derive(Debug, Default)]
pub struct AnswerBuilder {
    text: String,
    ends: Vec<FieldEnd>,
}

impl AnswerBuilder {
    /// Starts with the fields of the offer itself.
    pub fn new(url: Option<&str>, impression_pixel: Option<&str>) -> Self {
        let mut builder = Self::default();
        builder.push(url);
        builder.push(impression_pixel);
        builder
    }

    /// Adds a landing page.
    pub fn entry(&mut self, entry: Entry<'_>) {
        self.push(entry.kind);
        self.push(entry.name);
        self.push(entry.tracking_link);
        self.push(entry.preview_url);
    }

    /// The answer.
    pub fn build(self) -> Answer {
        Answer { text: self.text.into_boxed_str(), ends: self.ends.into_boxed_slice() }
    }

    fn push(&mut self, field: Option<&str>) {
        // The client never lets a body grow to MAX_TEXT; past it a field would be left out rather than misplaced.
        let fits = |text: &&str| self.text.len() + text.len() <= Answer::MAX_TEXT;
        let absent = if let Some(text) = field.filter(fits) {
            self.text.push_str(text);
            0
        } else {
            FieldEnd::ABSENT
        };
        self.ends.push(FieldEnd(u32::try_from(self.text.len()).unwrap_or(FieldEnd::ABSENT - 1) | absent));
    }
}

/// Why an offer has no links: one error row, and a line of the summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferError {
    /// The word in the `error_kind` column.
    pub kind: ErrorKind,
    /// The HTTP status, where there was an answer.
    pub http_status: Option<u16>,
    /// The envelope's `code`, as it came.
    pub code: Option<Box<str>>,
    /// What the network said, or what happened instead of an answer.
    pub message: Box<str>,
}

impl OfferError {
    /// An error that no HTTP answer belongs to.
    pub fn local(kind: ErrorKind, message: impl Into<Box<str>>) -> Self {
        Self { kind, http_status: None, code: None, message: message.into() }
    }
}

/// The words of the `error_kind` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The input cell is not an ID; no call was made.
    InvalidOfferId,
    /// The network knows no such offer.
    NotFound,
    /// The offer is not approved for this affiliate.
    NotApproved,
    /// The network refuses the request itself.
    BadRequest,
    /// An answer with a code that is not in the table.
    ApiError,
    /// Success, but nothing in it is a link.
    NoLink,
    /// The shared limit is used up.
    RateLimited,
    /// The server failed.
    ServerError,
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Network,
    /// An answer that is not the API's.
    InvalidResponse,
    /// An answer larger than the program is willing to read.
    BodyTooLarge,
    /// The key or the e-mail is wrong.
    Unauthorized,
    /// This machine's IP is not on the account's white list.
    IpNotAllowed,
    /// The account is locked.
    AccountLocked,
    /// The host sends us elsewhere: it is not the API.
    Redirect,
}

/// What the program does about an error kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The answer concerns this offer alone and will not change: an error row.
    Offer,
    /// The whole run waits; costs the offer no attempt.
    Throttle,
    /// May pass: tried again.
    Transient,
    /// Concerns every offer: the run stops.
    Account,
}

impl ErrorKind {
    /// Every kind, in the order of the summary.
    pub const ALL: [Self; 16] = [
        Self::InvalidOfferId,
        Self::NotFound,
        Self::NotApproved,
        Self::BadRequest,
        Self::ApiError,
        Self::NoLink,
        Self::RateLimited,
        Self::ServerError,
        Self::Timeout,
        Self::Network,
        Self::InvalidResponse,
        Self::BodyTooLarge,
        Self::Unauthorized,
        Self::IpNotAllowed,
        Self::AccountLocked,
        Self::Redirect,
    ];

    /// The word in the `error_kind` column; a promise to users.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidOfferId => "invalid_offer_id",
            Self::NotFound => "not_found",
            Self::NotApproved => "not_approved",
            Self::BadRequest => "bad_request",
            Self::ApiError => "api_error",
            Self::NoLink => "no_link",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::InvalidResponse => "invalid_response",
            Self::BodyTooLarge => "body_too_large",
            Self::Unauthorized => "unauthorized",
            Self::IpNotAllowed => "ip_not_allowed",
            Self::AccountLocked => "account_locked",
            Self::Redirect => "redirect",
        }
    }

    /// The kind that a word of the `error_kind` column names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What the program does about it.
    pub const fn class(self) -> Class {
        match self {
            Self::InvalidOfferId
            | Self::NotFound
            | Self::NotApproved
            | Self::BadRequest
            | Self::ApiError
            | Self::NoLink
            | Self::BodyTooLarge => Class::Offer,
            Self::RateLimited => Class::Throttle,
            Self::ServerError | Self::Timeout | Self::Network | Self::InvalidResponse => Class::Transient,
            Self::Unauthorized | Self::IpNotAllowed | Self::AccountLocked | Self::Redirect => Class::Account,
        }
    }

    /// What a person can do about it, in plain words.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::InvalidOfferId => "mend these cells in the input; error_message names the line",
            Self::NotFound => "the network has no such offers; remove them from the input",
            Self::NotApproved => "ask your account manager for approval",
            Self::BadRequest => "the network refuses these requests; see error_message",
            Self::ApiError => "the network's own words are in error_message",
            Self::NoLink => "the network has no link for these yet; error_message says what came instead",
            Self::RateLimited => "others use the network's limit too; run with --retry-failed later",
            Self::ServerError | Self::Timeout | Self::Network | Self::InvalidResponse => {
                "this may pass; run the same command with --retry-failed"
            }
            Self::BodyTooLarge => "raise --max-body if these offers really have that many links",
            Self::Unauthorized => "check the e-mail and the API key",
            Self::IpNotAllowed => "put this machine's public IP on the white list of your account",
            Self::AccountLocked => "ask your account manager to unlock the account",
            Self::Redirect => "check --network or --base-url",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_spreadsheets_write_it() {
        for (cell, id) in [
            ("16", "16"),
            (" 16 ", "16"),
            ("\u{a0}16\u{a0}", "16"),
            ("\"16\"", "16"),
            ("'16", "16"),
            ("16.0", "16"),
            ("16.00", "16"),
            ("16.0000", "16"),
            ("1600.000", "1600"),
            ("0016", "0016"),
            ("99999999999999999999", "99999999999999999999"),
        ] {
            assert_eq!(OfferId::parse(cell).map(|id| id.to_string()), Ok(id.to_owned()), "{cell:?}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        use InvalidOfferId::{Empty, NotDigits, Scientific, ThousandsSeparator, TooLong};
        for (cell, reason) in [
            ("", Empty),
            (" \u{a0}'", Empty),
            ("1,234", ThousandsSeparator),
            ("1 234", ThousandsSeparator),
            ("1.234", ThousandsSeparator),
            ("1.000", ThousandsSeparator),
            ("1.6E+1", Scientific),
            ("1,6E+1", Scientific),
            ("..", NotDigits),
            (".0", NotDigits),
            ("16.", ThousandsSeparator),
            ("-16", NotDigits),
            ("16/../17", NotDigits),
            ("١٦", NotDigits),
            ("123456789012345678901", TooLong { digits: 21 }),
        ] {
            assert_eq!(OfferId::parse(cell), Err(reason), "{cell:?}");
        }
    }

    #[test]
    fn an_answer_gives_back_what_was_put_in() {
        let mut builder = AnswerBuilder::new(Some("u"), None);
        let default = Entry { kind: Some("Default"), tracking_link: Some("t"), ..Entry::default() };
        let named = Entry { kind: Some("Offer URL"), name: Some(""), preview_url: Some("p"), ..Entry::default() };
        builder.entry(default);
        builder.entry(named);
        let answer = builder.build();
        assert_eq!((answer.url(), answer.impression_pixel()), (Some("u"), None));
        assert_eq!(answer.entries().collect::<Vec<_>>(), [default, named]);
    }

    #[test]
    fn every_kind_has_its_own_word() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_word(kind.as_str()), Some(kind));
        }
    }
}
