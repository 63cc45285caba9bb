//! `typing`: shows the native clients of others in a room whether the sender is typing.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::connect::Dialect;
use shared::contract::actions::typing::TypingInput;
use shared::contract::events::typing::Typing;
use shared::serving::socket::{self, Frame};
use shared::sockets::connections::{Connections, Room};
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(typing).await
}

shared::parts! {
    struct App {
        connections: Connections,
        push: Push,
    }
}

async fn typing(app: &'static App, frame: Frame) -> Result<()> {
    let TypingInput { chat_id, typing } = frame.read()?;
    let Room { user, mut others } = app.connections.room(chat_id, &frame.sender).await?;
    others.retain(|device| device.dialect == Dialect::Native && device.user_id != user);
    let receivers = others.into_iter().map(|device| device.connection).collect();
    app.push.broadcast(receivers, &Typing { chat_id, user_id: user, typing }).await
}
