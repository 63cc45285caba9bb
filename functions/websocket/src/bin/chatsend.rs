//! `chatsend`: shows a message to the others in a room at once. Storing it is `POST /api/sendMessage`.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::{ChatsendInput, Event};
use shared::database;
use shared::push::Push;
use shared::socket::{self, Frame};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |api| Ok(Push::new(api, &database::connect().await?)), chatsend).await
}

async fn chatsend(push: Arc<Push>, frame: Frame) -> Result<()> {
    let ChatsendInput { chat_id, message } = frame.read()?;
    let others = push.connections.others_in_room(chat_id, &frame.sender).await?;
    push.broadcast(others, &Event::ChatUpdate { chat_id, message: message.into() }).await
}
