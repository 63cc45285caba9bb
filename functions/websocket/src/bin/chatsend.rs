//! `chatsend`: shows a message to the others in a room at once. `POST /api/sendMessage` stores it.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::chatsend::ChatsendInput;
use shared::contract::events::chat_update::ChatUpdate;
use shared::serving::socket::{self, Frame};
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(chatsend).await
}

shared::parts! {
    struct App {
        push: Push,
    }
}

async fn chatsend(app: &'static App, frame: Frame) -> Result<()> {
    let ChatsendInput { chat_id, message } = frame.read()?;
    let event = ChatUpdate { chat_id, message: message.into() };
    app.push.to_others_in_room(chat_id, &frame.sender, &event).await
}
