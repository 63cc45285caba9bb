//! `POST /api/uploadDetails`: completes or changes a profile, and signs the browser in.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::cookies::SignInCookies;
use shared::accounts::photos::{Photo, Photos};
use shared::accounts::sessions::{Session, Sessions};
use shared::accounts::tokens::{AccessToken, ShortLivedTokens};
use shared::accounts::users::Users;
use shared::contract::credentials::{ACCESS, SIGNUP};
use shared::contract::endpoints::upload_details::UploadDetailsInput;
use shared::contract::errors::{NOT_YOUR_EMAIL, SESSION_OVER};
use shared::serving::http::{self, Reply, Request};
use shared::values::email::EmailAddress;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(upload_details).await
}

shared::parts! {
    struct App {
        users: Users,
        photos: Photos,
        sessions: Sessions,
        cookies: SignInCookies,
    }
}

async fn upload_details(app: &'static App, request: Request) -> Result<Reply> {
    let proof = Proof::from_request(&request, app.cookies.short_lived_tokens())?;
    let (UploadDetailsInput { full_name, email }, file) = request.form("profile").await?;
    let photo = file.map(Photo::from_bytes).transpose()?;
    let session = proof.session_for(&email, &app.sessions).await?;
    let user = session.as_ref().map(|session| session.user_id);

    if let Some(photo) = &photo {
        if let Some(user) = user
            && !app.users.has_email(user, &email).await?
        {
            return Err(NOT_YOUR_EMAIL);
        }
        app.photos.store(photo).await?;
    }
    let photo = photo.as_ref().map(Photo::id);
    let user = app.users.complete_profile(&email, user, &full_name, photo).await?.ok_or(NOT_YOUR_EMAIL)?;

    let session = match session {
        Some(session) => session,
        None => app.sessions.start(user.id, request.user_agent()).await?,
    };
    Reply::message("Successfully updated Data")?.with_cookies(app.cookies.signed_in(&session)?)
}

/// The proofs that a browser presents: that it has just verified an address, that it is signed in,
/// or both.
struct Proof {
    verified: Option<EmailAddress>,
    /// The genuine access tokens.
    signed_in: Result<Vec<AccessToken>>,
}

impl Proof {
    fn from_request(request: &Request, tokens: &ShortLivedTokens) -> Result<Self> {
        let verified = tokens.read_signup(request.cookies(SIGNUP)).map(|token| token.email);
        match tokens.read_every_access(request.cookies(ACCESS)) {
            Err(error) if verified.is_none() => Err(error),
            signed_in => Ok(Self { verified, signed_in }),
        }
    }

    /// Returns `None` for a browser that has verified this address. Otherwise returns the session
    /// of the signed-in user, whose address must still be compared.
    async fn session_for(self, email: &EmailAddress, sessions: &Sessions) -> Result<Option<Session>> {
        if self.verified.as_ref() == Some(email) {
            return Ok(None);
        }
        for token in self.signed_in.map_err(|_| NOT_YOUR_EMAIL)? {
            if let Some(session) = sessions.find(token.session).await? {
                return Ok(Some(session));
            }
        }
        Err(SESSION_OVER)
    }
}
