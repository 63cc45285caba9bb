//! Mail, sent over SMTP.

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::{PoolConfig, authentication::Credentials, response::Category};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::otps::CODE_LIFETIME;
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::UNDELIVERABLE;
use crate::error::{Error, Result};
use crate::values::code::Code;
use crate::values::email::EmailAddress;

/// Gmail's submission service over TLS.
const DEFAULT_URL: &str = "smtps://smtp.gmail.com:465";

/// The time limit of an SMTP step, so that a hung server is reported within five seconds.
const STEP_TIMEOUT: Duration = Duration::from_secs(4);

/// Sends mail through one server.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl FromEnv for Mailer {
    /// Reads `EMAIL_SERVICE_USERNAME` and `EMAIL_SERVICE_KEY` (the account), `EMAIL_SERVICE_URL`
    /// (Gmail by default; `smtps://host:465`, or `smtp://host:587?tls=required`; only servers of this
    /// machine and of private networks may do without encryption), and `EMAIL_FROM` (the user name by
    /// default).
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        let username: String = environment.required("EMAIL_SERVICE_USERNAME")?;
        let key: String = environment.required("EMAIL_SERVICE_KEY")?;
        let url: String = environment.optional("EMAIL_SERVICE_URL")?.unwrap_or_else(|| DEFAULT_URL.to_owned());
        if !is_encrypted(&url) && !is_private(&url) {
            return Err(ConfigError::malformed(
                "EMAIL_SERVICE_URL",
                "must be smtps://…, or end with ?tls=required: otherwise, codes and the password are not encrypted",
            ));
        }
        let from = match environment.optional("EMAIL_FROM")? {
            Some(from) => from,
            None => username.parse().map_err(|_| {
                ConfigError::malformed("EMAIL_FROM", "must be set if EMAIL_SERVICE_USERNAME is not an e-mail address")
            })?,
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)
            .map_err(|_| {
                ConfigError::malformed("EMAIL_SERVICE_URL", "must be an address such as smtps://smtp.example.com:465")
            })?
            .credentials(Credentials::new(username, key))
            .timeout(Some(STEP_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(1))
            .build();
        let connecting = transport.clone();
        environment.connect_early("mail server", async move { connecting.test_connection().await });
        Ok(Self { transport, from })
    }
}

/// Returns whether mail is sent to this address only over TLS.
fn is_encrypted(url: &str) -> bool {
    url.starts_with("smtps://") || url.contains("tls=required")
}

/// Returns whether the host of an address is this machine, or an address in a private network.
fn is_private(url: &str) -> bool {
    let authority = url.split("://").nth(1).and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback(),
        Err(_) => host == "localhost",
    }
}

impl Mailer {
    /// Mails a one-time code.
    ///
    /// # Errors
    /// [`UNDELIVERABLE`] if the mail server knows that the mailbox does not exist;
    /// [`Error::Unavailable`] if it cannot be reached or accepts no mail.
    pub async fn send_code(&self, to: &EmailAddress, code: &Code) -> Result<()> {
        let minutes = CODE_LIFETIME.as_secs() / 60;
        let text = format!(
            "Your sign-in code is {code}.\n\n\
             It is valid for {minutes} minutes and for one sign-in. Nobody will ever ask you for it.\n\
             If you did not try to sign in, ignore this mail.\n"
        );
        let address: Address = to.as_str().parse().map_err(|_| UNDELIVERABLE)?;
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(format!("{code} is your sign-in code"))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| Error::Internal(error.into()))?;
        self.transport.send(mail).await.map_err(delivery_error)?;
        Ok(())
    }
}

/// Converts a failed delivery into an error. The server's text may quote the address, so only its
/// code is kept.
fn delivery_error(error: lettre::transport::smtp::Error) -> Error {
    match error.status() {
        // 5.5.x: the mailbox is unavailable, unknown, or not allowed (RFC 5321, section 4.2.3).
        Some(code) if error.is_permanent() && code.category == Category::MailSystem => UNDELIVERABLE,
        Some(code) => Error::Unavailable(format!("the mail server answered {code}").into()),
        None => Error::Unavailable(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_servers_may_do_without_encryption() {
        for url in ["smtps://smtp.example.com:465", "smtp://smtp.example.com:587?tls=required"] {
            assert!(is_encrypted(url), "{url}");
        }
        for url in ["smtp://127.0.0.1:2525", "smtp://localhost:25", "smtp://[::1]:25", "smtp://172.17.0.1:25"] {
            assert!(!is_encrypted(url) && is_private(url), "{url}");
        }
        for url in ["smtp://smtp.example.com:587", "smtp://8.8.8.8:25", "smtp://127.0.0.1@smtp.example.com:25"] {
            assert!(!is_encrypted(url) && !is_private(url), "{url}");
        }
    }
}
