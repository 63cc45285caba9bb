//! A chat of two users.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{Browser, Reply, Stack, User};

/// A chat and its members.
pub struct Chat {
    /// Its id.
    pub id: String,
    /// The member who sends, unless a test says otherwise.
    pub ada: User,
    /// The member who reads.
    pub bob: User,
}

impl Chat {
    /// Starts a chat of two new users.
    pub async fn start(stack: &Stack) -> Self {
        let (ada, bob) = (User::sign_up(stack, "Ada Lovelace").await, User::sign_up(stack, "Bob").await);
        let id = Self::connect(&ada, &bob).await;
        Self { id, ada, bob }
    }

    /// Connects two users and returns the id of their chat.
    pub async fn connect(one: &User, other: &User) -> String {
        let body = one.browser.post("/api/createConnection", json!({ "personId": other.id })).await.expect(200);
        body["chatId"].as_str().unwrap().to_owned()
    }

    /// Returns a body for `sendMessage` from Ada.
    pub fn by_ada(&self, text: &str) -> Value {
        json!({ "chatId": self.id, "userId": self.ada.id, "message": text })
    }

    /// Returns a body for `sendMessage` from Ada that is safe to send repeatedly.
    pub fn by_ada_once(&self, text: &str, client_id: &str) -> Value {
        json!({ "chatId": self.id, "userId": self.ada.id, "message": text, "clientId": client_id })
    }

    /// Sends a message from Ada and returns it as stored.
    pub async fn say(&self, text: &str) -> Value {
        let body = self.ada.browser.post("/api/sendMessage", self.by_ada(text)).await.expect(200);
        body["data"].clone()
    }

    /// Sends `count` messages from Ada, all at once.
    pub async fn fill(&self, count: usize) {
        let texts: Vec<_> = (0..count).map(|number| format!("message {number}")).collect();
        join_all(texts.iter().map(|text| self.say(text))).await;
    }

    /// Calls `getChat` as `reader`.
    pub async fn read(&self, reader: &Browser, parameters: &[(&str, &str)]) -> Reply {
        let parameters = [&[("chatId", self.id.as_str())], parameters].concat();
        reader.query("/api/getChat", &parameters).await
    }

    /// Calls `getChat` as Bob. Returns the `seq` of each message, and whether there are more.
    pub async fn numbers(&self, parameters: &[(&str, &str)]) -> (Vec<i64>, bool) {
        let body = self.read(&self.bob.browser, parameters).await.expect(200);
        let messages = body["data"]["chats"].as_array().unwrap();
        let numbers = messages.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
        (numbers, body["hasMore"].as_bool().unwrap())
    }
}
