//! `POST /api/verifyOtp`: exchanges a one-time code for a sign-in, or for the right to complete a
//! new profile.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::cookies::SignInCookies;
use shared::accounts::otps::{CodeHasher, Otps};
use shared::accounts::sessions::Sessions;
use shared::accounts::users::Users;
use shared::contract::endpoints::verify_otp::{VerifyOtpInput, VerifyOtpOutput};
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(verify_otp).await
}

shared::parts! {
    struct App {
        otps: Otps,
        hasher: CodeHasher,
        users: Users,
        sessions: Sessions,
        cookies: SignInCookies,
    }
}

async fn verify_otp(app: &'static App, request: Request) -> Result<Reply> {
    let VerifyOtpInput { email, otp } = request.json()?;
    let hash = app.hasher.hash(&email, &otp);
    app.otps.check(&email, &hash).await?;
    let user = app.users.find_or_create(&email).await?;
    let session = match user.is_profile_complete {
        true => Some(app.sessions.start(user.id, request.user_agent()).await?),
        false => None,
    };
    // Spent last, so that the code still works after a failure up to here. A code whose answer is
    // lost is spent, because a repeat looks like a second browser.
    if let Err(error) = app.otps.spend(&email, &hash).await {
        if let Some(session) = session {
            app.sessions.end(session.id).await?;
        }
        return Err(error);
    }
    let cookies = match &session {
        Some(session) => app.cookies.signed_in(session)?,
        None => app.cookies.verified(&email)?,
    };
    Reply::ok(VerifyOtpOutput { is_complete: user.is_profile_complete, message: "Otp verified" })?.with_cookies(cookies)
}
