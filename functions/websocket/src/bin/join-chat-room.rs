//! `join-chat-room`: from now on this socket receives the events of a chat's room.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::JoinChatRoomInput;
use shared::connections::Connections;
use shared::database;
use shared::socket::{self, Frame};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |_| Ok(Connections::new(&database::connect().await?)), join_chat_room).await
}

async fn join_chat_room(connections: Arc<Connections>, frame: Frame) -> Result<()> {
    let JoinChatRoomInput { chat_id } = frame.read()?;
    connections.join(&frame.sender, chat_id).await
}
