//! `DELETE /api/deleteOtp`: makes the one-time code of an e-mail address useless.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::DeleteOtpInput;
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::otps::Otps;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), delete_otp).await
}

struct App {
    otps: Otps,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { otps: Otps::new(&database::connect().await?) })
    }
}

async fn delete_otp(app: Arc<App>, request: Request) -> Result<Reply> {
    let DeleteOtpInput { email } = request.json()?;
    app.otps.delete(&email).await?;
    Reply::message("Otp deleted")
}
