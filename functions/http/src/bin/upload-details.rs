//! `POST /api/uploadDetails`: completes or changes a profile, and signs the browser in.

use std::process::ExitCode;
use std::sync::Arc;

use shared::api::UploadDetailsInput;
use shared::config::ConfigError;
use shared::cookies::{SIGNUP, SignInCookies};
use shared::database;
use shared::email::EmailAddress;
use shared::http::{self, Reply, Request};
use shared::photos::{Photo, Photos};
use shared::sessions::{Session, Sessions};
use shared::tokens::{AccessToken, AccessTokens};
use shared::users::Users;
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), upload_details).await
}

struct App {
    users: Users,
    photos: Photos,
    sessions: Sessions,
    cookies: SignInCookies,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        let database = database::connect().await?;
        Ok(Self {
            users: Users::new(&database),
            photos: Photos::new(&database),
            sessions: Sessions::new(&database),
            cookies: SignInCookies::from_env()?,
        })
    }
}

async fn upload_details(app: Arc<App>, request: Request) -> Result<Reply> {
    let proof = Proof::of(&request, app.cookies.access_tokens())?;
    let (UploadDetailsInput { full_name, email }, file) = request.form("profile").await?;
    let photo = file.map(Photo::from_bytes).transpose()?;
    let session = proof.session_for(&email, &app.sessions).await?;
    let user = session.as_ref().map(|session| session.user_id);

    if let Some(photo) = &photo {
        if let Some(user) = user
            && !app.users.has_email(user, &email).await?
        {
            return Err(NOT_YOURS);
        }
        app.photos.store(photo).await?;
    }
    let photo = photo.as_ref().map(Photo::id);
    let user = app.users.complete_profile(&email, user, &full_name, photo).await?.ok_or(NOT_YOURS)?;

    let session = match session {
        Some(session) => session,
        None => app.sessions.start(user.id, request.user_agent()).await?,
    };
    Reply::message("Successfully updated Data")?.with_cookies(app.cookies.signed_in(&session)?)
}

const NOT_YOURS: Error = Error::Forbidden("this is not your e-mail address");

/// What a browser shows: that it verified an address just now, that it is signed in, or both.
struct Proof {
    verified: Option<EmailAddress>,
    signed_in: Result<AccessToken>,
}

impl Proof {
    fn of(request: &Request, tokens: &AccessTokens) -> Result<Self> {
        let verified = tokens.read_signup(request.cookies(SIGNUP)).map(|token| token.email);
        match request.caller(tokens) {
            Err(error) if verified.is_none() => Err(error),
            signed_in => Ok(Self { verified, signed_in }),
        }
    }

    /// The session of a signed-in user, whose address is still to be compared; none for a browser that verified this very address.
    async fn session_for(self, email: &EmailAddress, sessions: &Sessions) -> Result<Option<Session>> {
        if self.verified.as_ref() == Some(email) {
            return Ok(None);
        }
        let token = self.signed_in.map_err(|_| NOT_YOURS)?;
        let session = sessions.find(token.session).await?;
        session.map(Some).ok_or(Error::Unauthorized("the session is over: sign in again"))
    }
}
