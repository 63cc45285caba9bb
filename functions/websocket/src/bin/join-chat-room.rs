//! `join-chat-room`: joins the room of a chat, whose events this socket then receives.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::join_chat_room::JoinChatRoomInput;
use shared::contract::events::ack::Answer;
use shared::serving::socket::{self, Frame};
use shared::sockets::connections::Connections;
use shared::sockets::presence::Presences;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(join_chat_room).await
}

shared::parts! {
    struct App {
        connections: Connections,
        presences: Presences,
    }
}

async fn join_chat_room(app: &'static App, frame: Frame) -> Result<Answer> {
    let JoinChatRoomInput { chat_id } = frame.read()?;
    // Its presence is read after it is watched, so that no change is missed in between.
    match app.connections.join(&frame.sender, chat_id).await? {
        Some(watched) => Ok(Answer::Joined { presence: app.presences.of(watched).await? }),
        None => Ok(().into()),
    }
}
