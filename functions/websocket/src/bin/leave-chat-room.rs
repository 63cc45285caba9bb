//! `leave-chat-room`: leaves the room of a chat.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::leave_chat_room::LeaveChatRoomInput;
use shared::serving::socket::{self, Frame};
use shared::sockets::connections::Connections;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(leave_chat_room).await
}

shared::parts! {
    struct App {
        connections: Connections,
    }
}

async fn leave_chat_room(app: &'static App, frame: Frame) -> Result<()> {
    let LeaveChatRoomInput { chat_id } = frame.read()?;
    app.connections.leave(&frame.sender, chat_id).await
}
