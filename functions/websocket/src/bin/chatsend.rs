//! `chatsend`: shows a message to the others in a room at once. Storing it is `POST /api/sendMessage`.

use std::process::ExitCode;
use std::sync::Arc;

use serde::Deserialize;
use shared::Result;
use shared::database;
use shared::ids::ChatId;
use shared::push::{Event, Push};
use shared::socket::{self, Frame};
use shared::text::MessageText;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |api| Ok(Push::new(api, &database::connect().await?)), chatsend).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    chat_id: ChatId,
    message: MessageText,
}

async fn chatsend(push: Arc<Push>, frame: Frame) -> Result<()> {
    let Input { chat_id, message } = frame.read()?;
    let others = push.connections.others_in_room(chat_id, &frame.sender).await?;
    push.broadcast(others, &Event::ChatUpdate { chat_id, message: message.into() }).await
}
