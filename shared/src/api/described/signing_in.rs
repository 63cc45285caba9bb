//! The endpoints that make users and sessions.

use super::endpoints::{Endpoint, Sets, Takes, body, no_access, no_refresh, reply, says, too_many, wrong_body};
use super::examples;
use super::schemas::Schemas;
use crate::api::*;
use crate::cookies::{ACCESS, REFRESH, SIGNUP};
use crate::error::Error;
use crate::photos::MAX_PHOTO_BYTES;

const TAG: &str = "Signing in";
const CLEARED: &str = "All cookies are cleared, on both paths.";

pub(super) fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    vec![
        Endpoint {
            method: "POST",
            path: "/api/sendOtp",
            function: "SendOtp",
            tag: TAG,
            summary: "Mails a one-time code to an e-mail address",
            who: "anyone",
            cookies: &[""],
            takes: Takes::Json(body::<SendOtpInput>(schemas, r#"{"email":"ada@example.com"}"#)),
            effect: "mails a code of six digits that is good for 3 minutes. Three codes are free, then each has to wait, first 30 seconds (429)",
            gives: vec![says(schemas, "Successfully send otp to ada@example.com")],
            fails: [
                wrong_body(["\"email\" is required", "\"email\" must be a valid e-mail address"]),
                vec![too_many()],
            ]
            .into_iter()
            .flatten()
            .collect(),
            ..Endpoint::default()
        },
        Endpoint {
            method: "POST",
            path: "/api/verifyOtp",
            function: "VerifyOtp",
            tag: TAG,
            summary: "Exchanges a one-time code for a sign-in, or for the right to complete a new profile",
            who: "anyone",
            cookies: &[""],
            takes: Takes::Json(body::<VerifyOtpInput>(schemas, r#"{"email":"ada@example.com","otp":"314159"}"#)),
            effect: "`isComplete`; sets `refresh-key` and `access-key` where the profile is complete, `signup-key` where it is not. 404 no code was asked for; 401 wrong, used or expired, and after 5 wrong tries",
            gives: vec![reply(schemas, VerifyOtpOutput { is_complete: true, message: "Otp verified" })],
            sets: Sets {
                with_success: "`refresh-key` and `access-key`, each with its marker, where the profile is complete; `signup-key` where it is not.",
                with_401: "",
            },
            fails: [
                vec![
                    Error::Unauthorized("the code is wrong or no longer valid"),
                    Error::NotFound("no code was asked for with this e-mail address".into()),
                ],
                wrong_body(["\"otp\" must be a code of 6 digits"]),
            ]
            .into_iter()
            .flatten()
            .collect(),
            ..Endpoint::default()
        },
        Endpoint {
            method: "DELETE",
            path: "/api/deleteOtp",
            function: "DeleteOtp",
            tag: TAG,
            summary: "Makes the one-time code of an e-mail address useless",
            who: "anyone",
            cookies: &[""],
            takes: Takes::Json(body::<DeleteOtpInput>(schemas, r#"{"email":"ada@example.com"}"#)),
            effect: "the code is good for nothing, if there was one",
            gives: vec![says(schemas, "Otp deleted")],
            fails: wrong_body(["\"email\" is required"]),
            ..Endpoint::default()
        },
        Endpoint {
            method: "POST",
            path: "/api/uploadDetails",
            function: "UploadDetails",
            tag: TAG,
            summary: "Completes or changes a profile, and signs the browser in",
            who: "`signup-key` of that address, or `access-key` of that user",
            cookies: &[SIGNUP, ACCESS],
            takes: Takes::Form(body::<UploadDetailsInput>(
                schemas,
                r#"{"fullName":"Ada Lovelace","email":"ada@example.com"}"#,
            )),
            effect: "completes or changes the profile; sets `refresh-key` and `access-key`",
            gives: vec![says(schemas, "Successfully updated Data")],
            sets: Sets {
                with_success: "`refresh-key` and `access-key`, each with its marker; `signup-key` has done its work and is cleared.",
                with_401: "",
            },
            fails: [
                vec![
                    no_access(),
                    Error::Forbidden("this is not your e-mail address"),
                    Error::TooLarge(MAX_PHOTO_BYTES),
                    Error::UnsupportedMedia("\"profile\" must be a JPEG, PNG or WebP image"),
                ],
                wrong_body(["\"fullName\" must be 1 to 100 characters long"]),
            ]
            .into_iter()
            .flatten()
            .collect(),
            ..Endpoint::default()
        },
        Endpoint {
            method: "POST",
            path: "/api/logout",
            function: "Logout",
            tag: TAG,
            summary: "Ends this session, closes its sockets, and makes the browser forget its tokens",
            who: "`refresh-key`",
            cookies: &[REFRESH],
            effect: "ends this session, closes its sockets, clears the cookies",
            gives: vec![says(schemas, "Successfully deleted")],
            sets: Sets { with_success: CLEARED, with_401: CLEARED },
            fails: vec![no_refresh(), Error::Unauthorized("the session is over already")],
            ..Endpoint::default()
        },
        Endpoint {
            method: "GET",
            path: "/api/refresh",
            function: "Refresh",
            tag: TAG,
            summary: "Exchanges the refresh token for the next one and an access token",
            who: "`refresh-key`",
            cookies: &[REFRESH],
            effect: "the next `refresh-key` and an `access-key`. 401 clears the cookies",
            gives: vec![says(schemas, "Successfully updated tokens")],
            sets: Sets { with_success: "`refresh-key` and `access-key`, each with its marker.", with_401: CLEARED },
            fails: vec![
                no_refresh(),
                Error::Unauthorized("the session is over: sign in again"),
                Error::Unauthorized("this refresh-key was used before: the session is over, sign in again"),
            ],
            ..Endpoint::default()
        },
        Endpoint {
            method: "GET",
            path: "/api/userDetails",
            function: "UserDetails",
            tag: TAG,
            summary: "The signed-in user",
            who: "`access-key`",
            cookies: &[ACCESS],
            effect: "`userdata`: `{\"_id\",\"email\",\"fullName\",\"photoUrl\",\"isProfileComplete\"}`",
            gives: vec![reply(schemas, UserDetailsOutput { userdata: examples::ada_herself() })],
            fails: vec![no_access(), Error::Unauthorized("this user does not exist any more")],
            ..Endpoint::default()
        },
    ]
}
