//! The events, and what their placeholders stand for.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::person::{Person, new_email, prove_address, send_code};
use crate::stack::{Stack, text};

/// The placeholders of all events.
const ADA: &str = "65a1b2c3d4e5f60718293a4b";
const BOB: &str = "65a1b2c3d4e5f60718293a4c";
const CHAT: &str = "65a1b2c3d4e5f60718293a4d";
const CONNECTION: &str = "L0SM9cOFvHcCIhw=";
const CODE: &str = "123456";
const EMAIL: &str = "ada@example.com";
const ORIGIN: &str = "https://app.example.com";
const PHOTO: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The number of messages in the chat. The events name the `seq` of the last ones.
const MESSAGES: usize = 42;

/// The sample events, filled.
pub(crate) struct Events {
    stack: Stack,
    origin: String,
    ada: Person,
    bob: Person,
    chat: String,
}

impl Events {
    /// Signs up Ada and Bob, and starts their chat.
    pub(crate) async fn new(stack: Stack, origin: String) -> Result<Self, Failure> {
        let (ada, bob) = (Person::sign_up(&stack, "Ada Lovelace").await?, Person::sign_up(&stack, "Bob").await?);
        let body = json!({ "personId": bob.id });
        let connected = stack.send(Method::POST, "/api/createConnection", &ada.cookies(), body).await?.body;
        let chat = text(&connected, "/chatId")?;
        for number in 1..=MESSAGES {
            let body = json!({ "chatId": chat, "userId": bob.id, "message": format!("Message {number}") });
            stack.send(Method::POST, "/api/sendMessage", &bob.cookies(), body).await?;
        }
        Ok(Self { stack, origin, ada, bob, chat })
    }

    /// Writes each event of the workspace to a folder, and returns their number.
    pub(crate) async fn write(&self, folder: &Path) -> Result<usize, Failure> {
        let file_error = |path: &Path| {
            let path = path.to_owned();
            move |source| Failure::File { path, source }
        };
        fs::create_dir_all(folder).map_err(file_error(folder))?;
        let samples = samples();
        let mut count = 0;
        for entry in fs::read_dir(&samples).map_err(file_error(&samples))?.flatten() {
            let (path, target) = (entry.path(), folder.join(entry.file_name()));
            let sample = fs::read_to_string(&path).map_err(file_error(&path))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let filled = self.fill(&name, &sample).await?;
            let mut event = serde_json::from_str(&filled).map_err(|source| Failure::Json { path, source })?;
            measure(&mut event);
            fs::write(&target, format!("{event:#}\n")).map_err(file_error(&target))?;
            count += 1;
        }
        Ok(count)
    }

    /// Replaces the placeholders of an event.
    async fn fill(&self, name: &str, sample: &str) -> Result<String, Failure> {
        let event = sample
            .replace(ADA, &self.ada.id)
            .replace(BOB, &self.bob.id)
            .replace(CHAT, &self.chat)
            .replace(PHOTO, &self.ada.photo)
            .replace(ORIGIN, &self.origin);
        match name {
            // Ends the session, or may renew its token.
            "logout" | "refresh" => Ok(signed_in(&event, &Person::sign_up(&self.stack, "Carol").await?)),
            "send-otp" => Ok(event.replace(EMAIL, &new_email("sample"))),
            "verify-otp" | "delete-otp" => {
                let email = new_email("sample");
                let code = send_code(&self.stack, &email).await?;
                Ok(event.replace(EMAIL, &email).replace(CODE, &code))
            }
            "upload-details" => {
                let email = new_email("sample");
                let token = prove_address(&self.stack, &email).await?;
                Ok(event.replace(EMAIL, &email).replace("SIGNUP_TOKEN", &token))
            }
            "connect" => self.handshake(&event, &new_connection()).await,
            _ if event.contains(CONNECTION) => {
                let connection = new_connection();
                self.connect(&connection, name != "join-chat-room").await?;
                Ok(event.replace(CONNECTION, &connection))
            }
            _ => Ok(signed_in(&event, &self.ada)),
        }
    }

    /// Opens a connection of Ada as API Gateway would, and lets it join the room of the chat. There is
    /// no socket, so what is pushed to it is lost. Each event has its own, since a failed push may
    /// remove its record.
    async fn connect(&self, connection: &str, joins: bool) -> Result<(), Failure> {
        let read = |name: &str| {
            let path = samples().join(name);
            fs::read_to_string(&path).map_err(|source| Failure::File { path, source })
        };
        let handshake = read("connect.json")?.replace(ADA, &self.ada.id).replace(ORIGIN, &self.origin);
        self.stack.invoke("Connect", &self.handshake(&handshake, connection).await?).await?;
        if joins {
            let join = read("join-chat-room.json")?.replace(CHAT, &self.chat).replace(CONNECTION, connection);
            self.stack.invoke("JoinChatRoom", &join).await?;
        }
        Ok(())
    }

    /// Completes the event of a handshake of Ada.
    async fn handshake(&self, event: &str, connection: &str) -> Result<String, Failure> {
        let ticket = self.stack.send(Method::POST, "/api/socketTicket", &self.ada.cookies(), Value::Null).await?.body;
        Ok(event.replace("TICKET", &text(&ticket, "/ticket")?).replace(CONNECTION, connection))
    }
}

/// Returns the folder of the sample events.
fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

/// Replaces the tokens of an event by those of a person.
fn signed_in(event: &str, person: &Person) -> String {
    event.replace("ACCESS_TOKEN", &person.access).replace("REFRESH_TOKEN", &person.refresh)
}

/// Returns the id of a new connection, in the form of API Gateway's.
fn new_connection() -> String {
    format!("{:015x}=", rand::random::<u64>() >> 4)
}

/// Corrects the length of the body.
fn measure(event: &mut Value) {
    let length = event["body"].as_str().map(str::len);
    if let (Some(length), Some(header)) = (length, event.pointer_mut("/headers/content-length")) {
        *header = length.to_string().into();
    }
}
