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
    chat: Chat,
}

/// A chat of Ada with somebody else.
struct Chat {
    friend: Person,
    id: String,
}

impl Events {
    /// Signs up Ada and Bob, and starts their chat.
    pub(crate) async fn new(stack: Stack, origin: String) -> Result<Self, Failure> {
        let ada = Person::sign_up(&stack, "Ada Lovelace").await?;
        let chat = Chat::start(&stack, &ada).await?;
        Ok(Self { stack, origin, ada, chat })
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
        if name != "connect" && sample.contains(CONNECTION) {
            return self.fill_frame(name, sample).await;
        }
        let event = self.fill_chat(sample, &self.chat);
        match name {
            // Ends the session, or renews its token.
            "logout" | "refresh" => Ok(signed_in(&event, &Person::sign_up(&self.stack, "Carol").await?)),
            "create-connection" => {
                let carol = Person::sign_up(&self.stack, "Carol").await?;
                Ok(signed_in(&event.replace(&self.chat.friend.id, &carol.id), &self.ada))
            }
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
            _ => Ok(signed_in(&event, &self.ada)),
        }
    }

    fn fill_chat(&self, sample: &str, Chat { friend, id }: &Chat) -> String {
        sample
            .replace(ADA, &self.ada.id)
            .replace(BOB, &friend.id)
            .replace(CHAT, id)
            .replace(PHOTO, &self.ada.photo)
            .replace(ORIGIN, &self.origin)
    }

    /// Opens a connection of Ada as API Gateway would, lets it join the room of a chat, and returns a
    /// frame from it.
    ///
    /// There is no socket, so a push to the connection fails and may remove its record. Therefore, each
    /// event has a chat of its own.
    async fn fill_frame(&self, name: &str, sample: &str) -> Result<String, Failure> {
        let read = |name: &str| {
            let path = samples().join(name);
            fs::read_to_string(&path).map_err(|source| Failure::File { path, source })
        };
        let (chat, connection) = (Chat::start(&self.stack, &self.ada).await?, new_connection());
        let handshake = self.fill_chat(&read("connect.json")?, &chat);
        self.stack.invoke("Connect", &self.handshake(&handshake, &connection).await?).await?;
        if name != "join-chat-room" {
            let join = self.fill_chat(&read("join-chat-room.json")?, &chat).replace(CONNECTION, &connection);
            self.stack.invoke("JoinChatRoom", &join).await?;
        }
        Ok(self.fill_chat(sample, &chat).replace(CONNECTION, &connection))
    }

    /// Completes the event of a handshake of Ada.
    async fn handshake(&self, event: &str, connection: &str) -> Result<String, Failure> {
        let ticket = self.stack.send(Method::POST, "/api/socketTicket", &self.ada.cookies(), Value::Null).await?.body;
        Ok(event.replace("TICKET", &text(&ticket, "/ticket")?).replace(CONNECTION, connection))
    }
}

impl Chat {
    /// Starts a chat of Ada with a new person, who has sent messages.
    async fn start(stack: &Stack, ada: &Person) -> Result<Self, Failure> {
        let friend = Person::sign_up(stack, "Bob").await?;
        let body = json!({ "personId": friend.id });
        let connected = stack.send(Method::POST, "/api/createConnection", &ada.cookies(), body).await?.body;
        let id = text(&connected, "/chatId")?;
        for number in 1..=MESSAGES {
            let body = json!({ "chatId": id, "userId": friend.id, "message": format!("Message {number}") });
            stack.send(Method::POST, "/api/sendMessage", &friend.cookies(), body).await?;
        }
        Ok(Self { friend, id })
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
