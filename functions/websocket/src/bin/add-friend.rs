//! `addFriend`: tells a new friend, on all their sockets, that the two are connected.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::{AddFriendInput, Event};
use shared::database;
use shared::push::Push;
use shared::socket::{self, Frame};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |api| Ok(Push::new(api, &database::connect().await?)), add_friend).await
}

async fn add_friend(push: Arc<Push>, frame: Frame) -> Result<()> {
    let AddFriendInput { id, friend_name, .. } = frame.read()?;
    let introduction = push.connections.introduce(&frame.sender, id).await?;
    let event = Event::NewFriend {
        id: introduction.sender,
        user_name: introduction.sender_name,
        friend_name: friend_name.as_str().to_owned(),
    };
    push.broadcast(introduction.receivers, &event).await
}
