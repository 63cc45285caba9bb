//! `POST /api/verifyOtp`: exchanges a one-time code for a sign-in, or for the right to complete a new profile.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::{VerifyOtpInput, VerifyOtpOutput};
use shared::config::ConfigError;
use shared::cookies::SignInCookies;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::otps::{CodeHasher, Otps};
use shared::sessions::Sessions;
use shared::users::Users;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), verify_otp).await
}

struct App {
    otps: Otps,
    hasher: CodeHasher,
    users: Users,
    sessions: Sessions,
    cookies: SignInCookies,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        let database = database::connect().await?;
        Ok(Self {
            otps: Otps::new(&database),
            hasher: CodeHasher::from_env()?,
            users: Users::new(&database),
            sessions: Sessions::new(&database),
            cookies: SignInCookies::from_env()?,
        })
    }
}

async fn verify_otp(app: Arc<App>, request: Request) -> Result<Reply> {
    let VerifyOtpInput { email, otp } = request.json()?;
    app.otps.verify(&email, &app.hasher.hash(&email, &otp)).await?;
    let user = app.users.find_or_create(&email).await?;
    let cookies = if user.is_profile_complete {
        let session = app.sessions.start(user.id, request.user_agent()).await?;
        app.cookies.signed_in(&session)?
    } else {
        app.cookies.verified(&email)?
    };
    Reply::ok(VerifyOtpOutput { is_complete: user.is_profile_complete, message: "Otp verified" })?.with_cookies(cookies)
}
