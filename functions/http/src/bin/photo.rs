//! `GET /uploads/{photo}`: a profile photo. Its address is made of its content, so it can be cached for ever.

use std::process::ExitCode;
use std::sync::Arc;

use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::photos::Photos;
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), photo).await
}

struct App {
    photos: Photos,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { photos: Photos::new(&database::connect().await?) })
    }
}

async fn photo(app: Arc<App>, request: Request) -> Result<Reply> {
    let unknown = || Error::NotFound("there is no such photo".into());
    let id = request.path_parameter("photo").unwrap_or_default().parse().map_err(|_| unknown())?;
    let photo = app.photos.find(&id).await?.ok_or_else(unknown)?;
    Reply::photo(photo)
}
