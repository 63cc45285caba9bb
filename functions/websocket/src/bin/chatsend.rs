//! `chatsend`: shows a message to the frontends of the reference in a room at once.
//! `POST /api/sendMessage` stores it, and shows it to native clients.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::chatsend::ChatsendInput;
use shared::contract::actions::connect::Dialect;
use shared::contract::events::chat_update::ChatUpdate;
use shared::serving::socket::{self, Frame};
use shared::sockets::connections::Connections;
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(chatsend).await
}

shared::parts! {
    struct App {
        connections: Connections,
        push: Push,
    }
}

async fn chatsend(app: &'static App, frame: Frame) -> Result<()> {
    let ChatsendInput { chat_id, message } = frame.read()?;
    let mut others = app.connections.room(chat_id, &frame.sender).await?.others;
    others.retain(|device| device.dialect == Dialect::Reference);
    let receivers = others.into_iter().map(|device| device.connection).collect();
    app.push.broadcast(receivers, &ChatUpdate { chat_id, message: message.into() }).await
}
