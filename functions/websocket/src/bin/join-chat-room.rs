//! `join-chat-room`: from now on this socket receives the events of a chat's room.

use std::process::ExitCode;
use std::sync::Arc;

use serde::Deserialize;
use shared::Result;
use shared::connections::Connections;
use shared::database;
use shared::ids::ChatId;
use shared::socket::{self, Frame};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |_| Ok(Connections::new(&database::connect().await?)), join_chat_room).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    chat_id: ChatId,
}

async fn join_chat_room(connections: Arc<Connections>, frame: Frame) -> Result<()> {
    let Input { chat_id } = frame.read()?;
    connections.join(&frame.sender, chat_id).await
}
