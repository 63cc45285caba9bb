//! Two people who were connected.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::browser::{Browser, Reply};
use super::people::User;
use super::stack::Stack;

/// A chat and its members.
pub(crate) struct Chat {
    pub(crate) id: String,
    pub(crate) ada: User,
    pub(crate) bob: User,
}

impl Chat {
    /// A new chat of two new people.
    pub(crate) async fn start(stack: &Stack) -> Self {
        let (ada, bob) = (User::sign_up(stack, "Ada Lovelace").await, User::sign_up(stack, "Bob").await);
        let id = Self::connect(&ada, &bob).await;
        Self { id, ada, bob }
    }

    /// Connects two people; returns the id of their chat.
    pub(crate) async fn connect(one: &User, other: &User) -> String {
        let body = one.browser.post("/api/createConnection", json!({ "personId": other.id })).await.expect(200);
        body["chatId"].as_str().unwrap().to_owned()
    }

    /// What `sendMessage` takes from Ada.
    pub(crate) fn by_ada(&self, text: &str) -> Value {
        json!({ "chatId": self.id, "userId": self.ada.id, "message": text })
    }

    /// The same, as something that can be repeated.
    pub(crate) fn by_ada_once(&self, text: &str, client_id: &str) -> Value {
        json!({ "chatId": self.id, "userId": self.ada.id, "message": text, "clientId": client_id })
    }

    /// Sends a message from Ada; returns it as stored.
    pub(crate) async fn say(&self, text: &str) -> Value {
        let body = self.ada.browser.post("/api/sendMessage", self.by_ada(text)).await.expect(200);
        body["data"].clone()
    }

    /// Sends so many messages from Ada, all at once.
    pub(crate) async fn fill(&self, count: usize) {
        let texts: Vec<_> = (0..count).map(|number| format!("message {number}")).collect();
        join_all(texts.iter().map(|text| self.say(text))).await;
    }

    /// `getChat` as `reader`.
    pub(crate) async fn read(&self, reader: &Browser, parameters: &[(&str, &str)]) -> Reply {
        let parameters = [&[("chatId", self.id.as_str())], parameters].concat();
        reader.query("/api/getChat", &parameters).await
    }

    /// The numbers of the messages that `getChat` gives to Bob, and whether there are more.
    pub(crate) async fn numbers(&self, parameters: &[(&str, &str)]) -> (Vec<i64>, bool) {
        let body = self.read(&self.bob.browser, parameters).await.expect(200);
        let messages = body["data"]["chats"].as_array().unwrap();
        let numbers = messages.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
        (numbers, body["hasMore"].as_bool().unwrap())
    }
}
