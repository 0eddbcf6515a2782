//! The answer to the client: complete, or less.
//!
//! Knows the envelope and HTTP; knows nothing of offers, gates or limits.

use std::borrow::Cow;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::stream;

use crate::sandbox::wire::Fuse;

/// How a call ends that a script answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Exactly these bytes.
    Http {
        /// The status; 500 instead of one that HTTP does not have.
        status: u16,
        /// Name and value; those that HTTP does not allow are left out.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The sandbox's own answer, delayed by this time.
    Late(Duration),
    /// The sandbox's own answer, cut off in the middle of its body.
    CutBody,
    /// A TCP reset before any byte.
    Reset,
    /// Nothing at all, until the client gives up.
    Hang,
}

/// An answer of the sandbox's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) body: Cow<'static, str>,
    pub(crate) retry_after: Option<String>,
}

impl Whole {
    /// A success with this body.
    pub(crate) fn json(body: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::OK, kind: "application/json; charset=UTF-8", body: body.into(), retry_after: None }
    }

    /// An error in both of the ways in which the API exposes one.
    pub(crate) fn error(status: StatusCode, code: u32, message: &str) -> Self {
        let body = serde_json::json!({ "code": code, "message": message, "data": [] }).to_string();
        Self { status, ..Self::json(body) }
    }

    /// A page that is not the API's.
    pub(crate) fn html(status: StatusCode, title: &str) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<h1>{title}</h1>\r\n</body>\r\n</html>\r\n"
        );
        Self { status, kind: "text/html", ..Self::json(body) }
    }

    fn into_response(self) -> Response {
        let body = match self.body {
            Cow::Borrowed(body) => Bytes::from_static(body.as_bytes()),
            Cow::Owned(body) => Bytes::from(body),
        };
        let mut response = response(self.status, Body::from(body));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if let Some(value) = self.retry_after.and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}

/// How a call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an answer of the sandbox's own, delayed by this time.
    Answered(Whole, Duration),
    /// With half of it.
    Cut(Whole),
    /// With what a script says.
    Scripted(StatusCode, Vec<(String, String)>, Vec<u8>),
    /// With a reset.
    Reset,
    /// Not at all.
    Hang,
}

impl Ending {
    /// What a script's reply makes of the sandbox's own answer.
    pub(crate) fn scripted(reply: Option<Reply>, own: Self) -> Self {
        match (reply, own) {
            (Some(Reply::Http { status, headers, body }), _) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Self::Scripted(status, headers, body)
            }
            (Some(Reply::Reset), _) => Self::Reset,
            (Some(Reply::Hang), _) => Self::Hang,
            (Some(Reply::Late(delay)), Self::Answered(whole, _)) => Self::Answered(whole, delay),
            (Some(Reply::CutBody), Self::Answered(whole, _)) => Self::Cut(whole),
            (None | Some(Reply::Late(_) | Reply::CutBody), own) => own,
        }
    }

    /// The status of a whole answer.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answered(whole, _) => Some(whole.status.as_u16()),
            Self::Scripted(status, ..) => Some(status.as_u16()),
            Self::Cut(_) | Self::Reset | Self::Hang => None,
        }
    }

    /// Ends the call like this.
    pub(crate) async fn into_response(self, fuse: &Fuse) -> Response {
        match self {
            Self::Answered(whole, delay) => {
                pause(delay).await;
                whole.into_response()
            }
            Self::Scripted(status, headers, body) => {
                let mut response = response(status, Body::from(body));
                for (name, value) in headers {
                    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                        response.headers_mut().append(name, value);
                    }
                }
                response
            }
            Self::Cut(whole) => cut(&whole),
            Self::Reset => {
                fuse.blow();
                Response::default()
            }
            Self::Hang => std::future::pending().await,
        }
    }
}

impl From<Whole> for Ending {
    fn from(whole: Whole) -> Self {
        Self::Answered(whole, Duration::ZERO)
    }
}

/// Waits, but costs no timer where there is nothing to wait for.
pub(crate) async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn response(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// The full length is promised, half of it comes, and then the connection closes.
fn cut(whole: &Whole) -> Response {
    let length = whole.body.len();
    let half: Bytes = whole.body.bytes().take(length / 2).collect();
    let body = stream::unfold(Some(half), async |half| {
        if half.is_none() {
            // Sends the first half before hyper notices that the rest is missing; otherwise nothing would arrive.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        half.map(|half| (Ok::<_, Infallible>(half), None))
    });
    let mut response = response(whole.status, Body::from_stream(body));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(whole.kind));
    response
}
