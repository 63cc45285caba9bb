//! `sendActiveResponse`: tells the others in a room that the sender is active.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::{Event, SendActiveResponseInput};
use shared::database;
use shared::push::Push;
use shared::socket::{self, Frame};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |api| Ok(Push::new(api, &database::connect().await?)), send_active_response).await
}

async fn send_active_response(push: Arc<Push>, frame: Frame) -> Result<()> {
    let SendActiveResponseInput { chat_id } = frame.read()?;
    let others = push.connections.others_in_room(chat_id, &frame.sender).await?;
    push.broadcast(others, &Event::UserResponse { chat_id }).await
}
