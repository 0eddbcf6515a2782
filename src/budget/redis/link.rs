//! The connection to Redis: one request at a time, in a task of its own, so that nothing else waits for it.
//!
//! Every step has its time-out. A connection that let one pass is dropped, and with it what may still come.

use std::task::{Context, Poll};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, Script, ServerErrorKind, cmd};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::address::Address;
use super::script::{Identity, Reply, Request, SOURCE};
use crate::text;

/// The longest a request may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The same for a new connection, which has several ways to go: TCP, TLS, login, the script.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(4);

/// Where requests go and answers come from.
#[derive(Debug)]
pub(crate) struct Link {
    requests: Option<mpsc::Sender<Request>>,
    answers: mpsc::Receiver<Answer>,
    task: JoinHandle<()>,
}

/// An answer, or why there is none, in words for people.
pub(crate) type Answer = Result<Reply, String>;

impl Link {
    /// Connects when the first request comes.
    pub(crate) fn new(address: &Address, key: String, who: Identity) -> Self {
        let (requests, mut waiting) = mpsc::channel::<Request>(1);
        let (done, answers) = mpsc::channel(1);
        let mut line = Line::new(address, key, who);
        let task = tokio::spawn(async move {
            while let Some(request) = waiting.recv().await {
                let answer = line.ask(request).await;
                if done.send(answer).await.is_err() {
                    return;
                }
            }
        });
        Self { requests: Some(requests), answers, task }
    }

    /// Hands over a request. The one before it has to be answered.
    pub(crate) fn send(&self, request: Request) {
        // Full or closed: then this request has no answer either, and the run goes on without.
        if let Some(requests) = &self.requests {
            let _ = requests.try_send(request);
        }
    }

    /// Waits until all requests are done with, and takes no more.
    pub(crate) async fn close(&mut self) {
        self.requests = None;
        while self.answers.recv().await.is_some() {}
    }

    /// The next answer. May be dropped while it waits.
    pub(crate) async fn answer(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// Whether the next answer is there.
    pub(crate) fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Answer> {
        match self.answers.poll_recv(context) {
            Poll::Ready(Some(answer)) => Poll::Ready(answer),
            _ => Poll::Pending,
        }
    }

    /// An answer that is there already.
    pub(crate) fn take_answer(&mut self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The connection, while there is one.
struct Line {
    client: Result<Client, String>,
    connection: Option<MultiplexedConnection>,
    script: Script,
    key: String,
    who: Identity,
}

impl Line {
    fn new(address: &Address, key: String, who: Identity) -> Self {
        let client = Client::open(address.connection()).map_err(|error| words(&error));
        Self { client, connection: None, script: Script::new(SOURCE), key, who }
    }

    async fn ask(&mut self, request: Request) -> Answer {
        // Out of its place until an answer has come, so that no late answer is taken for the next one's.
        let answer = match self.connection.take() {
            Some(connection) => self.ask_on(connection, request, PATIENCE).await,
            None => self.connect(request).await,
        };
        let (connection, answer) = answer?;
        self.connection = Some(connection);
        answer
    }

    async fn connect(&self, request: Request) -> Result<(MultiplexedConnection, Answer), String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        // The library's own time-outs are shorter than what is waited for here.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let connection = match timeout(PATIENCE_TO_CONNECT, connecting).await {
            Ok(connected) => connected.map_err(|error| words(&error))?,
            Err(_) => return Err(format!("no connection within {} s", PATIENCE_TO_CONNECT.as_secs())),
        };
        self.ask_on(connection, request, PATIENCE).await
    }

    async fn ask_on(
        &self,
        mut connection: MultiplexedConnection,
        request: Request,
        patience: Duration,
    ) -> Result<(MultiplexedConnection, Answer), String> {
        let asking = async {
            let known = self.command("EVALSHA", self.script.get_hash(), request);
            match known.query_async::<Vec<i64>>(&mut connection).await {
                // A restart has lost the script; this brings it back.
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    self.command("EVAL", SOURCE, request).query_async(&mut connection).await
                }
                answer => answer,
            }
        };
        match timeout(patience, asking).await {
            Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
            Ok(Err(error)) => Err(words(&error)),
            Ok(Ok(numbers)) => {
                let reply = Reply::parse(&numbers).ok_or_else(|| "it answers what the script does not".to_owned());
                Ok((connection, reply))
            }
        }
    }

    fn command(&self, name: &str, script: &str, request: Request) -> Cmd {
        let mut command = cmd(name);
        command.arg(script).arg(1).arg(&self.key).arg(request.arguments(&self.who));
        command
    }
}

/// What is wrong, in words for people.
fn words(error: &RedisError) -> String {
    let hint = match error.kind() {
        ErrorKind::AuthenticationFailed => "; look at user and password in the URL",
        ErrorKind::Server(ServerErrorKind::ReadOnly) => "; this is a replica: name the primary",
        ErrorKind::Server(ServerErrorKind::Moved) => "; this is a node of a cluster: name a standalone server",
        ErrorKind::Server(ServerErrorKind::NoPerm) => "; let this user run EVAL and EVALSHA",
        ErrorKind::Extension if error.code() == Some("OOM") => "; its memory is full",
        ErrorKind::Extension if error.code() == Some("NOAUTH") => "; it wants a password: redis://:PASSWORD@HOST/",
        // What Redis 7 says to a long command of somebody who has not logged in.
        _ if error.to_string().contains("unauthenticated") => "; it wants a password: redis://:PASSWORD@HOST/",
        _ => "",
    };
    let words = match error.detail() {
        _ if error.is_connection_refusal() => "connection refused".to_owned(),
        _ => error.to_string(),
    };
    format!("{}{hint}", text::shown_start(&words, 200))
}
