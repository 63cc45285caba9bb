//! The mail catcher: an SMTP server that keeps all mail, prints each subject, and lists the mail at
//! `/_local/mail`.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use mail_parser::MessageParser;
use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The number of mails that are kept. Older mails are dropped.
const MAX_MAILS: usize = 1000;

/// The maximum length of a line from a client, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// A caught mail.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    to: String,
    subject: String,
    text: String,
    received_at: String,
}

/// The caught mails, newest first. Clones share the same mailbox.
#[derive(Clone, Default)]
pub(crate) struct Mailbox(Arc<Mutex<VecDeque<Mail>>>);

impl Mailbox {
    /// Returns the mails to an address, or all mails.
    fn mails(&self, to: Option<&str>) -> Vec<Mail> {
        let mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().filter(|mail| to.is_none_or(|to| mail.to.eq_ignore_ascii_case(to))).cloned().collect()
    }

    fn add(&self, mail: Mail) {
        println!("mail to {}: {}", mail.to, mail.subject);
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mails.push_front(mail);
        mails.truncate(MAX_MAILS);
    }
}

/// Returns the route `/_local/mail`, which lists all mails, or with `?to=` those to one address.
pub(crate) fn routes(mailbox: Mailbox) -> Router {
    Router::new().route("/_local/mail", get(list)).with_state(mailbox)
}

#[derive(Deserialize)]
struct Filter {
    to: Option<String>,
}

async fn list(State(mailbox): State<Mailbox>, Query(filter): Query<Filter>) -> Json<Vec<Mail>> {
    Json(mailbox.mails(filter.to.as_deref()))
}

/// Serves SMTP on `listener` for as long as it is polled.
pub(crate) async fn serve(listener: TcpListener, mailbox: Mailbox) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, peer)) = listener.accept() => {
                let mailbox = mailbox.clone();
                // A client that disconnects early needs no handling.
                sessions.spawn(async move { drop(converse(stream, peer.ip(), mailbox).await) });
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, peer: IpAddr, mailbox: Mailbox) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut session = SessionBuilder::new("localhost")
        .enable_auth(AuthMechanism::Plain)
        .enable_auth(AuthMechanism::Login)
        .insecure_enable_plaintext_auth()
        .build(peer, Catcher { mailbox, to: Vec::new(), data: Vec::new() });
    stream.write_all(&session.greeting().buffer()?).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut stream).take(MAX_LINE).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let response = session.process(&line);
        if response.action != Action::NoReply {
            stream.write_all(&response.buffer()?).await?;
        }
        if response.action == Action::Close {
            return Ok(());
        }
    }
}

struct Catcher {
    mailbox: Mailbox,
    to: Vec<String>,
    data: Vec<u8>,
}

impl Handler for Catcher {
    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, to: &[String]) -> Response {
        self.to = to.to_vec();
        self.data.clear();
        response::OK
    }

    fn data(&mut self, part: &[u8]) -> io::Result<()> {
        self.data.extend_from_slice(part);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let Some(message) = MessageParser::default().parse(&self.data) else { return response::INTERNAL_ERROR };
        let subject = message.subject().unwrap_or_default().to_owned();
        let text = message.body_text(0).unwrap_or_default().into_owned();
        let received_at = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        for to in &self.to {
            let (subject, text, received_at) = (subject.clone(), text.clone(), received_at.clone());
            self.mailbox.add(Mail { to: to.clone(), subject, text, received_at });
        }
        response::OK
    }

    fn auth_plain(&mut self, _authorization: &str, _name: &str, _password: &str) -> Response {
        response::AUTH_OK
    }

    fn auth_login(&mut self, _name: &str, _password: &str) -> Response {
        response::AUTH_OK
    }
}
