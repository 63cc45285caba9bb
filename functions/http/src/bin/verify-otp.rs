//! `POST /api/verifyOtp`: exchanges a one-time code for a sign-in, or for the right to complete a
//! new profile.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::cookies::SignInCookies;
use shared::accounts::otps::CodeHasher;
use shared::accounts::sign_ins::{Attempt, SignIns};
use shared::contract::credentials::OTP;
use shared::contract::endpoints::verify_otp::{VerifyOtpInput, VerifyOtpOutput};
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(verify_otp).await
}

shared::parts! {
    struct App {
        hasher: CodeHasher,
        sign_ins: SignIns,
        cookies: SignInCookies,
    }
}

async fn verify_otp(app: &'static App, request: Request) -> Result<Reply> {
    let VerifyOtpInput { email, otp } = request.json()?;
    let hash = app.hasher.hash(&email, &otp);
    let is_requester = app.hasher.is_requester(&hash, request.cookies(OTP));
    let attempt = Attempt { email: &email, hash: &hash, is_requester, user_agent: request.user_agent() };
    let session = app.sign_ins.sign_in(attempt).await?;
    let cookies = match &session {
        Some(session) => app.cookies.signed_in(session)?,
        None => app.cookies.verified(&email)?,
    };
    Reply::ok(VerifyOtpOutput { is_complete: session.is_some(), message: "Otp verified" })?.with_cookies(cookies)
}
