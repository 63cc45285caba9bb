//! The mail server fails at each step of a delivery.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use test_support::{
    Browser, Reply, ScriptedSmtp, Setup, SmtpFault, SmtpStep, Stack, new_email, skip_on_deployed_stack,
};

use crate::ANSWER;

/// A stack and its mail server.
struct Mailing {
    smtp: ScriptedSmtp,
    stack: Stack,
}

impl Mailing {
    fn start() -> Self {
        let smtp = ScriptedSmtp::start();
        let stack = Setup::default().set("EMAIL_SERVICE_URL", format!("smtp://{}", smtp.address)).start();
        Self { smtp, stack }
    }

    async fn send_otp(&self, email: &str) -> Reply {
        Browser::new(&self.stack).post("/api/sendOtp", json!({ "email": email })).await
    }

    async fn verify(&self, email: &str, otp: &str) -> Reply {
        Browser::new(&self.stack).post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await
    }

    /// Requests a code, which must be reported as not sent.
    async fn expect_failure(&self, email: &str, statuses: &[u16]) {
        let start = Instant::now();
        let reply = self.send_otp(email).await;
        let elapsed = start.elapsed();
        assert!(statuses.contains(&reply.status), "the answer is {}", reply.status);
        reply.expect_error(reply.status);
        assert!(elapsed < ANSWER, "the answer took {elapsed:?}");
    }

    /// Checks that codes that were not delivered are worth nothing, and that a new one signs in.
    async fn expect_no_use_of_undelivered_codes(&self, email: &str) {
        for mail in self.smtp.mails_to(email) {
            let reply = self.verify(email, &mail.code).await;
            assert!(matches!(reply.status, 401 | 404), "an undelivered code is answered with {}", reply.status);
        }
    }

    /// Checks that a new code signs in.
    async fn expect_sign_in(&self, email: &str) {
        self.send_otp(email).await.expect(200);
        let mail = self.smtp.mails_to(email).pop().unwrap();
        assert!(mail.is_accepted);
        self.verify(email, &mail.code).await.expect(200);
    }
}

/// Lets each step fail in the same way.
async fn each_step_fails(fault: SmtpFault, statuses: &[u16]) {
    if skip_on_deployed_stack() {
        return;
    }
    let mailing = Mailing::start();
    for step in SmtpStep::ALL {
        println!("{step:?}");
        let email = new_email();
        // The function connects when it starts, and again when it is invoked if that failed.
        mailing.smtp.fail([(step, fault); 2]);
        mailing.expect_failure(&email, statuses).await;
        mailing.smtp.fail([]);
        mailing.expect_no_use_of_undelivered_codes(&email).await;
        mailing.expect_sign_in(&email).await;
    }
}

#[tokio::test]
async fn a_mail_server_that_is_busy_at_any_step_is_reported() {
    each_step_fails(SmtpFault::Answer("451 4.3.0 Try again later"), &[503]).await;
}

/// The mailbox may be unknown, which is the caller's mistake, or the server refuses this backend.
#[tokio::test]
async fn a_mail_server_that_refuses_any_step_is_reported() {
    each_step_fails(SmtpFault::Answer("550 5.7.1 Refused"), &[422, 503]).await;
}

#[tokio::test]
async fn a_mail_server_that_hangs_up_at_any_step_is_reported() {
    each_step_fails(SmtpFault::Close, &[503]).await;
}

#[tokio::test]
async fn a_mail_server_that_hangs_at_any_step_is_reported() {
    if skip_on_deployed_stack() {
        return;
    }
    let mailing = Mailing::start();
    // All at the same time, because each takes four seconds. A process whose first connection hangs
    // opens another one.
    let emails = SmtpStep::ALL.map(|_| new_email());
    mailing.smtp.fail([SmtpStep::ALL, SmtpStep::ALL].concat().into_iter().map(|step| (step, SmtpFault::Hang)));
    join_all(emails.iter().map(|email| mailing.expect_failure(email, &[503]))).await;

    mailing.smtp.fail([]);
    for email in &emails {
        // The server that hung after it had the mail may have delivered it.
        mailing.expect_sign_in(email).await;
    }
}

#[tokio::test]
async fn a_slow_mail_server_delivers() {
    if skip_on_deployed_stack() {
        return;
    }
    let mailing = Mailing::start();
    mailing.smtp.delay(Duration::from_millis(200));

    mailing.expect_sign_in(&new_email()).await;
}

/// The mail may still arrive, but the code in it is worth nothing once another one is requested.
#[tokio::test]
async fn a_mail_server_that_is_too_slow_is_reported() {
    if skip_on_deployed_stack() {
        return;
    }
    let (mailing, email) = (Mailing::start(), new_email());
    mailing.smtp.delay(Duration::from_millis(1000));
    mailing.expect_failure(&email, &[503]).await;

    mailing.smtp.fail([]);
    mailing.expect_sign_in(&email).await;
}
