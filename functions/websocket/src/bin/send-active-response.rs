//! `sendActiveResponse`: tells the others in a room that the sender is active.

use std::process::ExitCode;
use std::sync::Arc;

use serde::Deserialize;
use shared::Result;
use shared::database;
use shared::ids::ChatId;
use shared::push::{Event, Push};
use shared::socket::{self, Frame};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |api| Ok(Push::new(api, &database::connect().await?)), send_active_response).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    chat_id: ChatId,
}

async fn send_active_response(push: Arc<Push>, frame: Frame) -> Result<()> {
    let Input { chat_id } = frame.read()?;
    let others = push.connections.others_in_room(chat_id, &frame.sender).await?;
    push.broadcast(others, &Event::UserResponse { chat_id }).await
}
