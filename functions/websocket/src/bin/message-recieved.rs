//! `messageRecieved`: tells the others in a room that a message arrived.

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
    socket::serve(async |api| Ok(Push::new(api, &database::connect().await?)), message_recieved).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    chat_id: ChatId,
    message: MessageText,
}

async fn message_recieved(push: Arc<Push>, frame: Frame) -> Result<()> {
    let Input { chat_id, message } = frame.read()?;
    let others = push.connections.others_in_room(chat_id, &frame.sender).await?;
    push.broadcast(others, &Event::MessageSent { chat_id, message: message.into() }).await
}
