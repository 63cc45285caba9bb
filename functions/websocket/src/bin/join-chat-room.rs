//! `join-chat-room`: joins the room of a chat, whose events this socket then receives.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::join_chat_room::JoinChatRoomInput;
use shared::serving::socket::{self, Frame};
use shared::sockets::connections::Connections;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(join_chat_room).await
}

shared::parts! {
    struct App {
        connections: Connections,
    }
}

async fn join_chat_room(app: &'static App, frame: Frame) -> Result<()> {
    let JoinChatRoomInput { chat_id } = frame.read()?;
    app.connections.join(&frame.sender, chat_id).await
}
