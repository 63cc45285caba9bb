//! `sendActiveResponse`: notifies the others in a room that the sender is active.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::send_active_response::SendActiveResponseInput;
use shared::contract::events::user_response::UserResponse;
use shared::serving::socket::{self, Frame};
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(send_active_response).await
}

shared::parts! {
    struct App {
        push: Push,
    }
}

async fn send_active_response(app: &'static App, frame: Frame) -> Result<()> {
    let SendActiveResponseInput { chat_id } = frame.read()?;
    let event = UserResponse { chat_id };
    app.push.to_others_in_room(chat_id, &frame.sender, &event).await
}
