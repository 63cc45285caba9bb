//! `GET /api/allConnection`: lists the chats of the signed-in user, each with the other member and
//! the last message.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::chats::inbox::Inbox;
use shared::chats::log::Log;
use shared::contract::endpoints::all_connection::{AllConnectionInput, AllConnectionOutput, LastMessage, ListedChat};
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(all_connection).await
}

shared::parts! {
    struct App {
        log: Log,
        tokens: ShortLivedTokens,
    }
}

async fn all_connection(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let AllConnectionInput { limit, before } = request.query()?;
    let Inbox { chats, next } = app.log.inbox(caller.user, before, limit.get()).await?;
    if chats.is_empty() {
        return Ok(Reply::no_content());
    }
    let photos = request.photo_base();
    let data = chats.into_iter().map(|chat| ListedChat {
        id: chat.id,
        friend: chat.friend.into_person(&photos),
        chats: chat.last.map_or(LastMessage::None([]), LastMessage::Some),
        unread: chat.unread,
        delivered: chat.friend_marks.delivered,
        read: chat.friend_marks.read,
        last_activity: chat.last_activity,
    });
    Reply::ok(AllConnectionOutput { data: data.collect(), next })
}
