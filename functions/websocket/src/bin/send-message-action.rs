//! `sendMessage`: stores a message and announces it to all devices of all members.

use std::process::ExitCode;

use shared::Result;
use shared::chats::log::Log;
use shared::chats::send::Draft;
use shared::contract::actions::send_message::SendMessageInput;
use shared::contract::events::ack::Answer;
use shared::serving::socket::{self, Frame, Handled};
use shared::sockets::announce::Audience;
use shared::sockets::callers::Callers;
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(send_message).await
}

shared::parts! {
    struct App {
        callers: Callers,
        log: Log,
        push: Push,
    }
}

async fn send_message(app: &'static App, frame: Frame) -> Result<Handled> {
    let SendMessageInput { chat_id, message, client_id, reply_to } = frame.read()?;
    let sender = app.callers.identify(&frame.sender).await?;
    let draft = Draft { text: message, client_id: Some(client_id), reply_to };
    let appended = app.log.send(chat_id, sender, draft, frame.deadline).await?;
    let answer = Answer::Stored { entry: appended.entry_for(sender) };
    // The sender waits for no receiver.
    let announcement = async move { app.push.announce(&appended, Some(&frame.sender), Audience::Everyone).await };
    Ok(Handled::from(answer).and(announcement))
}
