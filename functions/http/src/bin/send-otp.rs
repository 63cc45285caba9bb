//! `POST /api/sendOtp`: mails a one-time code to an e-mail address.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::SendOtpInput;
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::mail::Mailer;
use shared::otps::{Code, CodeHasher, Otps};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), send_otp).await
}

struct App {
    otps: Otps,
    hasher: CodeHasher,
    mailer: Mailer,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        let database = database::connect().await?;
        Ok(Self { otps: Otps::new(&database), hasher: CodeHasher::from_env()?, mailer: Mailer::from_env()? })
    }
}

async fn send_otp(app: Arc<App>, request: Request) -> Result<Reply> {
    let SendOtpInput { email } = request.json()?;
    let code = Code::random()?;
    let hash = app.hasher.hash(&email, &code);
    app.otps.store(&email, &hash).await?;
    if let Err(error) = app.mailer.send_code(&email, &code).await {
        app.otps.withdraw(&email, &hash).await?;
        return Err(error);
    }
    Reply::message(format!("Successfully send otp to {email}"))
}
