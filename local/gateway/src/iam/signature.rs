//! Checks signatures of version 4
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>), by signing the request
//! once more.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SigningCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use time::PrimitiveDateTime;
use time::macros::format_description;

use super::{Credentials, Identity, Refused};
use crate::ids::REGION;

const SERVICE: &str = "execute-api";

/// How far the clock of a client may be off.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);

/// Returns the identity that signed a request. `find` looks it up by its access key.
pub(super) fn verify<'a>(
    request: &Parts,
    body: &[u8],
    find: impl FnOnce(&str) -> Option<&'a Identity>,
) -> Result<&'a Identity, Refused> {
    let missing = || refused("MissingAuthenticationTokenException", "Missing Authentication Token");
    let incomplete = || refused("IncompleteSignatureException", "The Authorization header is incomplete");
    let invalid = |message: &str| refused("InvalidSignatureException", message);
    let unknown = || refused("UnrecognizedClientException", "The security token included in the request is invalid.");

    let authorization = text(request, AUTHORIZATION.as_str()).ok_or_else(missing)?;
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(missing)?;
    let fields: HashMap<_, _> = fields.split(',').filter_map(|field| field.trim().split_once('=')).collect();
    let field = |name: &str| fields.get(name).copied().ok_or_else(incomplete);
    let (credential, signed, signature) = (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
    let date = text(request, "x-amz-date").ok_or_else(incomplete)?;
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = SystemTime::from(PrimitiveDateTime::parse(date, format).map_err(|_| incomplete())?.assume_utc());

    let (access_key_id, scope) = credential.split_once('/').ok_or_else(incomplete)?;
    let identity = find(access_key_id).ok_or_else(unknown)?;
    if text(request, "x-amz-security-token") != identity.credentials.session_token.as_deref() {
        return Err(unknown());
    }
    if scope != format!("{}/{REGION}/{SERVICE}/aws4_request", &date[..8]) {
        return Err(invalid(&format!("Credential should be scoped to the region {REGION} and the service {SERVICE}.")));
    }
    let now = SystemTime::now();
    if now.duration_since(time).or_else(|_| time.duration_since(now)).unwrap_or_default() > MAX_SKEW {
        return Err(invalid("Signature expired"));
    }
    let signed: Vec<_> = signed.split(';').collect();
    let host = text(request, HOST.as_str()).filter(|_| signed.contains(&HOST.as_str())).ok_or_else(incomplete)?;
    let uri = format!("http://{host}{}", request.uri);
    let headers = signed.into_iter().filter_map(|name| Some((name, text(request, name)?)));
    match signature_of(&identity.credentials, time, request.method.as_str(), uri, headers, body) {
        Some(expected) if expected == signature => Ok(identity),
        _ => Err(invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method.",
        )),
    }
}

/// Returns the signature that these keys give to a request, unless it cannot be signed.
fn signature_of<'a>(
    credentials: &Credentials,
    time: SystemTime,
    method: &'a str,
    uri: String,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &'a [u8],
) -> Option<String> {
    let Credentials { access_key_id, secret_access_key, session_token } = credentials.clone();
    let identity = SigningCredentials::new(access_key_id, secret_access_key, session_token, None, "gateway").into();
    let mut settings = SigningSettings::default();
    // The client decided which headers it signed.
    settings.excluded_headers = None;
    let parameters =
        SigningParams::builder().identity(&identity).region(REGION).name(SERVICE).time(time).settings(settings);
    let request = SignableRequest::new(method, uri, headers, SignableBody::Bytes(body)).ok()?;
    Some(sign(request, &parameters.build().ok()?.into()).ok()?.into_parts().1)
}

fn text<'a>(request: &'a Parts, header: &str) -> Option<&'a str> {
    request.headers.get(header)?.to_str().ok()
}

fn refused(kind: &'static str, message: &str) -> Refused {
    Refused { kind, message: message.to_owned() }
}
