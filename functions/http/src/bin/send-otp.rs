//! `POST /api/sendOtp`: mails a one-time code to an e-mail address.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::cookies::CookieSettings;
use shared::accounts::mail::Mailer;
use shared::accounts::otps::{CodeHasher, Otps};
use shared::contract::endpoints::send_otp::SendOtpInput;
use shared::serving::http::{self, Reply, Request};
use shared::values::code::Code;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(send_otp).await
}

shared::parts! {
    struct App {
        otps: Otps,
        hasher: CodeHasher,
        mailer: Mailer,
        cookies: CookieSettings,
    }
}

async fn send_otp(app: &'static App, request: Request) -> Result<Reply> {
    let SendOtpInput { email } = request.json()?;
    let code = Code::random()?;
    let hash = app.hasher.hash(&email, &code);
    app.otps.store(&email, &hash).await?;
    if let Err(error) = app.mailer.send_code(&email, &code).await {
        app.otps.withdraw(&email, &hash).await?;
        return Err(error);
    }
    let cookies = app.cookies.requested(app.hasher.request_proof(&hash));
    Reply::message(format!("Successfully send otp to {email}"))?.with_cookies(cookies)
}
