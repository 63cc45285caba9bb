//! `messageRecieved`: tells the others in a room that a message arrived.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::{Event, MessageRecievedInput};
use shared::database;
use shared::push::Push;
use shared::socket::{self, Frame};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |api| Ok(Push::new(api, &database::connect().await?)), message_recieved).await
}

async fn message_recieved(push: Arc<Push>, frame: Frame) -> Result<()> {
    let MessageRecievedInput { chat_id, message } = frame.read()?;
    let others = push.connections.others_in_room(chat_id, &frame.sender).await?;
    push.broadcast(others, &Event::MessageSent { chat_id, message: message.into() }).await
}
