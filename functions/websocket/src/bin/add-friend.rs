//! `addFriend`: notifies a new friend on all their sockets that the two are connected.

use std::process::ExitCode;

use shared::Result;
use shared::contract::actions::add_friend::AddFriendInput;
use shared::contract::events::new_friend::NewFriend;
use shared::serving::socket::{self, Frame};
use shared::sockets::connections::Connections;
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(add_friend).await
}

shared::parts! {
    struct App {
        connections: Connections,
        push: Push,
    }
}

async fn add_friend(app: &'static App, frame: Frame) -> Result<()> {
    let AddFriendInput { id, friend_name, .. } = frame.read()?;
    let friend = app.connections.of_friend(&frame.sender, id).await?;
    let event =
        NewFriend { id: friend.sender, user_name: friend.sender_name, friend_name: friend_name.as_str().to_owned() };
    app.push.broadcast(friend.receivers, &event).await
}
