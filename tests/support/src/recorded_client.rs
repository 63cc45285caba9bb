//! A client of one chat whose operations are recorded.

use serde_json::{Value, json};

use crate::history::{Entry, Message, Page, Recorder, Window};
use crate::{Browser, Reply, Socket, User};

/// A client whose operations are recorded.
#[derive(Clone, Copy)]
pub struct RecordedClient<'a> {
    /// Its name in the history.
    pub name: &'a str,
    /// Its user.
    pub user: &'a User,
    /// The chat.
    pub chat: &'a str,
    /// The history.
    pub history: &'a Recorder,
    /// Returns the body of a reply, or `None` if it leaves open what happened.
    pub known: &'a dyn Fn(&Reply) -> Option<Value>,
}

impl RecordedClient<'_> {
    /// Creates a message of this client. One with a key is safe to repeat.
    pub fn message(&self, text: String, key: Option<String>) -> Message {
        Message { by: self.user.id.clone(), text, key }
    }

    /// Sends a message with `sendMessage`.
    pub async fn send(&self, message: &Message) -> Option<Entry> {
        let request = async {
            let Message { by, text, key } = message;
            let mut body = json!({ "chatId": self.chat, "userId": by, "message": text });
            if let Some(key) = key {
                body["clientId"] = key.as_str().into();
            }
            let reply = self.browser().post("/api/sendMessage", body).await;
            (self.known)(&reply).map(|body| Entry::from_message(&body["data"]))
        };
        self.history.send(self.name, message, request).await
    }

    /// Sends a message, which must have a key, over a socket. `known` returns the entry in the answer,
    /// or `None` if it leaves open what happened.
    pub async fn send_over(
        &self,
        socket: &mut Socket,
        message: &Message,
        ack_id: u64,
        known: impl Fn(Value) -> Option<Value>,
    ) -> Option<Entry> {
        let request = async {
            let Message { text, key, .. } = message;
            let frame = json!({
                "action": "sendMessage", "chatId": self.chat, "message": text, "clientId": key, "ackId": ack_id,
            });
            socket.send(frame).await;
            loop {
                let frame = socket.receive().await?;
                if frame["ackId"] == ack_id {
                    return known(frame).map(|entry| Entry::from_message(&entry));
                }
            }
        };
        self.history.send(self.name, message, request).await
    }

    /// Reads a part of the chat with `getChat`.
    pub async fn read(&self, window: Window, limit: usize) -> Option<Page> {
        let limit = limit.to_string();
        let (before, after) = match window {
            Window::Latest => (None, None),
            Window::Before(seq) => (Some(seq.to_string()), None),
            Window::After(seq) => (None, Some(seq.to_string())),
        };
        let mut parameters = vec![("chatId", self.chat), ("limit", limit.as_str())];
        parameters.extend(before.as_deref().map(|seq| ("before", seq)));
        parameters.extend(after.as_deref().map(|seq| ("after", seq)));
        let request = async {
            let reply = self.browser().query("/api/getChat", &parameters).await;
            (self.known)(&reply).map(|body| Page::from_chat(&body))
        };
        self.history.read(self.name, window, request).await
    }

    /// Reads the last message.
    pub async fn read_last(&self) -> Option<Page> {
        let request = async {
            let reply = self.browser().query("/api/lastMessage", &[("chatId", self.chat)]).await;
            (self.known)(&reply).map(|body| Page::from_last(&body))
        };
        self.history.read(self.name, Window::Latest, request).await
    }

    /// Catches up, as a device does that holds the entries up to `held`.
    pub async fn sync(&self, held: i64, limit: usize) -> Option<Page> {
        let body = json!({ "chats": { self.chat: held }, "limit": limit });
        let request = async {
            let reply = self.browser().post("/api/sync", body).await;
            (self.known)(&reply).map(|body| Page::from_sync(&body))
        };
        self.history.read(self.name, Window::After(held), request).await
    }

    /// Reads the whole chat, so that the history tells the entry at each position.
    pub async fn read_everything(&self) {
        let mut position = 0;
        loop {
            let Some(page) = self.read(Window::After(position), 1000).await else { continue };
            position = page.entries.last().map_or(position, |entry| entry.seq);
            if !page.has_more {
                return;
            }
        }
    }

    fn browser(&self) -> &Browser {
        &self.user.browser
    }
}
