//! `addFriend`: tells a new friend, on all their sockets, that the two are connected.

use std::process::ExitCode;
use std::sync::Arc;

use serde::Deserialize;
use shared::Result;
use shared::database;
use shared::ids::UserId;
use shared::push::{Event, Push};
use shared::socket::{self, Frame};
use shared::text::FullName;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |api| Ok(Push::new(api, &database::connect().await?)), add_friend).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    id: UserId,
    #[expect(dead_code, reason = "the sender's name is that of the connection's record, never that of the frame")]
    user_name: FullName,
    friend_name: FullName,
}

async fn add_friend(push: Arc<Push>, frame: Frame) -> Result<()> {
    let Input { id, friend_name, .. } = frame.read()?;
    let introduction = push.connections.introduce(&frame.sender, id).await?;
    let event = Event::NewFriend {
        id: introduction.sender,
        user_name: introduction.sender_name,
        friend_name: friend_name.as_str().to_owned(),
    };
    push.broadcast(introduction.receivers, &event).await
}
