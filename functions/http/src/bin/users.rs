//! `GET /api/users`: lists everyone with a complete profile.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::accounts::users::{PublicDirectory, Users};
use shared::contract::endpoints::users::{UsersInput, UsersOutput};
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(users).await
}

shared::parts! {
    struct App {
        users: Users,
        tokens: ShortLivedTokens,
        directory: PublicDirectory,
    }
}

async fn users(app: &'static App, request: Request) -> Result<Reply> {
    if !app.directory.0 {
        request.caller(&app.tokens)?;
    }
    let UsersInput { search, limit, after } = request.query()?;
    let limit = limit.get();
    // One more profile than requested shows whether there is another page.
    let mut profiles = app.users.directory(search.as_ref(), after, limit + 1).await?;
    let has_more = profiles.len() > limit;
    profiles.truncate(limit);
    let photos = request.photo_base();
    let data: Vec<_> = profiles.into_iter().map(|profile| profile.into_person(&photos)).collect();
    let next = data.last().filter(|_| has_more).map(|person| person.id);
    Reply::ok(UsersOutput { data, next })
}
