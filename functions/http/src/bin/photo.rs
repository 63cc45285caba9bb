//! `GET /uploads/{photo}`: returns a profile photo. Its address is the hash of its content, so it
//! can be cached forever.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::photos::Photos;
use shared::contract::errors::NO_SUCH_PHOTO;
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(photo).await
}

shared::parts! {
    struct App {
        photos: Photos,
    }
}

async fn photo(app: &'static App, request: Request) -> Result<Reply> {
    let id = request.path_parameter("photo").unwrap_or_default().parse().map_err(|_| NO_SUCH_PHOTO)?;
    let photo = app.photos.find(&id).await?.ok_or(NO_SUCH_PHOTO)?;
    Reply::photo(photo)
}
