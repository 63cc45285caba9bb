//! `messageRecieved`: notifies the others in a room that a message arrived.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::message_received::MessageReceivedInput;
use shared::contract::events::message_sent::MessageSent;
use shared::serving::socket::{self, Frame};
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(message_received).await
}

shared::parts! {
    struct App {
        push: Push,
    }
}

async fn message_received(app: &'static App, frame: Frame) -> Result<()> {
    let MessageReceivedInput { chat_id, message } = frame.read()?;
    let event = MessageSent { chat_id, message: message.into() };
    app.push.to_others_in_room(chat_id, &frame.sender, &event).await
}
