//! `DELETE /api/deleteOtp`: invalidates the one-time code of an e-mail address.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::otps::Otps;
use shared::contract::endpoints::delete_otp::DeleteOtpInput;
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(delete_otp).await
}

shared::parts! {
    struct App {
        otps: Otps,
    }
}

async fn delete_otp(app: &'static App, request: Request) -> Result<Reply> {
    let DeleteOtpInput { email } = request.json()?;
    app.otps.delete(&email).await?;
    Reply::message("Otp deleted")
}
