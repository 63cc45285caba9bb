//! `POST /api/uploadDetails`: completes or changes a profile, and signs the browser in.

use std::process::ExitCode;
use std::sync::Arc;

use serde::Deserialize;
use shared::config::ConfigError;
use shared::cookies::{SIGNUP, SignInCookies};
use shared::database;
use shared::email::EmailAddress;
use shared::http::{self, Reply, Request};
use shared::photos::{Photo, Photos};
use shared::sessions::Sessions;
use shared::text::FullName;
use shared::tokens::AccessToken;
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    full_name: FullName,
    email: EmailAddress,
}

async fn upload_details(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = Caller::of(&request, &app.cookies)?;
    let (Input { full_name, email }, file) = request.form("profile").await?;
    caller.require(&email)?;

    let photo = file.map(Photo::from_bytes).transpose()?;
    if let Some(photo) = &photo {
        app.photos.store(photo).await?;
    }
    let photo = photo.as_ref().map(Photo::id);
    let user = app.users.complete_profile(&email, caller.user(), &full_name, photo).await?.ok_or(NOT_YOURS)?;

    let session = match caller {
        Caller::SigningUp(_) => app.sessions.start(user.id, request.user_agent()).await?,
        Caller::SignedIn(token) => app.sessions.renew(token.session).await?.ok_or(SESSION_OVER)?,
    };
    Reply::message("Successfully updated Data")?.with_cookies(app.cookies.signed_in(&session)?)
}

const NOT_YOURS: Error = Error::Forbidden("this is not your e-mail address");
const SESSION_OVER: Error = Error::Unauthorized("the session is over: sign in again");

/// Who may change a profile: a browser that verified its address just now, or one that is signed in.
enum Caller {
    SigningUp(EmailAddress),
    SignedIn(AccessToken),
}

impl Caller {
    fn of(request: &Request, cookies: &SignInCookies) -> Result<Self> {
        match cookies.access_tokens().read_signup(request.cookies(SIGNUP)) {
            Some(token) => Ok(Self::SigningUp(token.email)),
            None => request.caller(cookies.access_tokens()).map(Self::SignedIn),
        }
    }

    /// Refuses an address that was not the verified one; that of a signed-in user is compared by the update itself.
    fn require(&self, email: &EmailAddress) -> Result<()> {
        match self {
            Self::SigningUp(verified) if verified != email => Err(NOT_YOURS),
            _ => Ok(()),
        }
    }

    fn user(&self) -> Option<shared::ids::UserId> {
        match self {
            Self::SigningUp(_) => None,
            Self::SignedIn(token) => Some(token.user),
        }
    }
}
