//! What an answer's body is: the API's envelope, other JSON, an HTML page, text, or nothing.
//!
//! Reads only the shape; what it means together with the HTTP status is decided in `classify`.

use std::borrow::Cow;

use crate::api::json::Json;
use crate::text;

/// How much of a body that is not understood is shown, in characters.
const EXCERPT: usize = 200;
/// How far into a page its kind and title are looked for, in bytes.
const PAGE_HEAD: usize = 16 << 10;

/// A body, as far as it is understood.
#[derive(Debug)]
pub enum Body<'a> {
    /// JSON, with or without the API's envelope.
    Json(Json<'a>),
    /// Neither: a gateway, a captive portal, a wrong host.
    Html {
        /// The page's title.
        title: Option<String>,
    },
    /// Looks like JSON, but breaks.
    Broken {
        /// The text.
        text: &'a str,
        /// Where and why it breaks.
        why: String,
    },
    /// Any other text.
    Text(&'a str),
    /// Nothing, or white space.
    Empty,
}

/// The form of an answer, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON, sound or broken.
    Json,
    /// An HTML page: a gateway, a captive portal, a wrong host.
    Html,
    /// Any other text.
    Text,
    /// Nothing.
    Empty,
}

impl<'a> Body<'a> {
    /// Reads a body; byte-order marks and white space around it do not matter.
    pub fn read(text: &'a str) -> Self {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
        if text.is_empty() {
            return Self::Empty;
        }
        match Json::parse(text) {
            Ok(json) => Self::Json(json),
            Err(error) if text.starts_with(['{', '[', '"']) => Self::Broken { text, why: error.to_string() },
            Err(_) if is_page(text) => Self::Html { title: page_title(text) },
            Err(_) => Self::Text(text),
        }
    }

    /// Its form alone.
    pub fn form(&self) -> Form {
        match self {
            Self::Json(_) | Self::Broken { .. } => Form::Json,
            Self::Html { .. } => Form::Html,
            Self::Text(_) => Form::Text,
            Self::Empty => Form::Empty,
        }
    }

    /// The API's envelope, where this is one: an object with a `code`, a `message` or `data`.
    pub fn envelope(&self) -> Option<Envelope<'_>> {
        let Self::Json(json) = self else { return None };
        let (code, message, data) = (json.get("code"), json.get("message"), json.get("data"));
        (code.is_some() || message.is_some() || data.is_some()).then(|| Envelope {
            code: Code::read(code.filter(|_| !is_rpc_status(json))),
            message: message.and_then(Json::as_text).filter(|text| !text.trim().is_empty()),
            data,
            has_more: json.fields().any(|name| !["code", "message", "data"].contains(&name)),
        })
    }

    /// What a body without an envelope says to a person: a page's title, or the beginning of anything else.
    pub fn plain_words(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Html { title } => title.as_deref().map(Cow::Borrowed),
            Self::Text(text) => Some(beginning(text, EXCERPT).into()),
            Self::Json(json) => Some(excerpt(&json.to_string()).into()),
            Self::Broken { .. } | Self::Empty => None,
        }
    }

    /// What it is, in words, for an error message.
    pub fn describe(&self) -> Cow<'static, str> {
        match self {
            Self::Json(json) => format!("JSON without an envelope: {}", excerpt(&json.to_string())).into(),
            Self::Html { title: None } => "an HTML page, probably a gateway or a captive portal".into(),
            Self::Html { title: Some(title) } => {
                format!("an HTML page ({title}), probably a gateway or a captive portal").into()
            }
            Self::Broken { text, why } => format!("JSON that breaks ({why}): {}", excerpt(text)).into(),
            Self::Text(text) => format!("text that is not JSON: {}", excerpt(text)).into(),
            Self::Empty => "an empty body".into(),
        }
    }
}

/// The API's envelope.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// What `code` says.
    pub code: Code<'a>,
    /// `message`, word for word; JSON where it is not a string, `None` where it is missing or blank.
    pub message: Option<Cow<'a, str>>,
    /// `data`, if the field is there.
    pub data: Option<&'a Json<'a>>,
    /// Whether there are other fields too.
    pub has_more: bool,
}

/// The envelope's `code`.
#[derive(Debug, PartialEq, Eq)]
pub enum Code<'a> {
    /// Missing, or one of PHP's ways to say nothing.
    Absent,
    /// 0: success.
    Zero(Cow<'a, str>),
    /// A whole number other than 0, and how it was written.
    Number(i64, Cow<'a, str>),
    /// Anything else.
    Other(Cow<'a, str>),
}

impl<'a> Code<'a> {
    fn read(json: Option<&'a Json<'a>>) -> Self {
        let Some(text) = json.and_then(Json::as_text).filter(|text| !text.trim().is_empty()) else {
            return Self::Absent;
        };
        match text.trim().parse() {
            Ok(0) => Self::Zero(text),
            Ok(number) => Self::Number(number, text),
            // 31.0 is no code that anyone has seen, but 0.0 would be success and must not be an error.
            Err(_) if text.trim().parse() == Ok(0.0_f64) => Self::Zero(text),
            Err(_) => Self::Other(text),
        }
    }

    /// The code as it came; `None` where there was none.
    pub fn as_received(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Zero(text) | Self::Number(_, text) | Self::Other(text) => Some(text),
        }
    }

    /// Neither success nor missing.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Number(..) | Self::Other(_))
    }
}

/// The beginning of a text on one line, for an error message.
pub fn excerpt(text: &str) -> String {
    let mut short = text::one_line(text, EXCERPT).into_owned();
    if text.chars().nth(EXCERPT).is_some() {
        short.push('…');
    }
    short
}

/// The longest start of a text that fits into `most` bytes.
pub fn beginning(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// Whether an object is a `google.rpc.Status`, whose codes are not the API's: gRPC gateways and Google's endpoints list
/// `details`, older ones say everything twice.
fn is_rpc_status(json: &Json<'_>) -> bool {
    let says_twice = json.get("error").is_some_and(|error| json.get("message") == Some(error));
    json.get("data").is_none() && (says_twice || matches!(json.get("details"), Some(Json::List(_))))
}

/// Whether a text is an HTML page.
fn is_page(text: &str) -> bool {
    let head = beginning(text, PAGE_HEAD).to_ascii_lowercase();
    head.starts_with('<') && ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| head.contains(tag))
}

/// The title of an HTML page, on one line.
fn page_title(page: &str) -> Option<String> {
    let head = beginning(page, PAGE_HEAD);
    // ASCII letters only, so that places in it are places in `head`.
    let lower = head.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let words: Vec<&str> = head.get(start..end)?.split_whitespace().collect();
    (!words.is_empty()).then(|| excerpt(&words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<String> {
        let body = Body::read(text);
        let code = body.envelope()?.code;
        Some(format!("{code:?}"))
    }

    #[test]
    fn a_code_may_be_a_number_or_a_digit_string() {
        for (json, expected) in [
            (r#"{"code":0}"#, r#"Zero("0")"#),
            (r#"{"code":"0"}"#, r#"Zero("0")"#),
            (r#"{"code":" 00 "}"#, r#"Zero(" 00 ")"#),
            (r#"{"code":0.0}"#, r#"Zero("0.0")"#),
            (r#"{"code":31}"#, r#"Number(31, "31")"#),
            (r#"{"code":"031"}"#, r#"Number(31, "031")"#),
            (r#"{"code":"E31"}"#, r#"Other("E31")"#),
            (r#"{"code":31.5}"#, r#"Other("31.5")"#),
            (r#"{"code":99999999999999999999}"#, r#"Other("99999999999999999999")"#),
            (r#"{"code":true}"#, r#"Other("true")"#),
            (r#"{"code":[31]}"#, r#"Other("[31]")"#),
            (r#"{"code":null}"#, "Absent"),
            (r#"{"code":false}"#, "Absent"),
            (r#"{"code":""}"#, "Absent"),
            (r#"{"data":[]}"#, "Absent"),
        ] {
            assert_eq!(code(json).as_deref(), Some(expected), "{json}");
        }
        assert_eq!(code("[]"), None);
        assert_eq!(code(r#"{"status":"ok"}"#), None);
    }

    #[test]
    fn a_message_that_is_no_string_keeps_its_json() {
        for (json, message) in [
            (r#"{"message":"Too \"many\""}"#, Some("Too \"many\"")),
            (r#"{"message":{"a":[1]}}"#, Some(r#"{"a":[1]}"#)),
            (r#"{"message":5}"#, Some("5")),
            (r#"{"message":null}"#, None),
            (r#"{"message":" "}"#, None),
            (r#"{"code":1}"#, None),
        ] {
            assert_eq!(Body::read(json).envelope().unwrap().message.as_deref(), message, "{json}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_white_space_do_not_matter() {
        assert!(Body::read("\u{feff} \r\n{\"code\":0}\n\0").envelope().is_some());
    }

    #[test]
    fn anything_that_is_not_the_api_is_named() {
        let long = "x".repeat(300);
        let described: Vec<_> = [
            "",
            "<!DOCTYPE html><title>\n Sign  in </title>",
            "<html><body>hi",
            "<br />\n<b>Warning</b>: x",
            "{\"code\":0,",
            "Bad\tGateway",
            &long,
        ]
        .iter()
        .map(|text| Body::read(text).describe().into_owned())
        .collect();
        insta::assert_snapshot!(described.join("\n"), @r#"
an empty body
an HTML page (Sign in), probably a gateway or a captive portal
an HTML page, probably a gateway or a captive portal
text that is not JSON: <br /> <b>Warning</b>: x
JSON that breaks (EOF while parsing a value at line 1 column 10): {"code":0,
text that is not JSON: Bad Gateway
text that is not JSON: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
"#);
    }
}
