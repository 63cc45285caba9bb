//! The cookies of a browser: tokens, which scripts cannot read, and markers, which they can.
//!
//! A token is set for `/api` and `HttpOnly`. `refresh-key` and `access-key` each have a marker of
//! the same name for `/`, whose value is always `1`, so that a script sees that the user is signed
//! in but never sees a token. A browser sends both to `/api`. Their order does not matter, because
//! the value that verifies is used.

use std::str::FromStr;
use std::time::Duration;

use cookie::{Cookie, SameSite};

use super::otps::CODE_LIFETIME;
use super::sessions::Session;
use super::tokens::{RefreshToken, RefreshTokens, ShortLivedTokens, SignupToken};
use crate::config::{ConfigError, Environment, Flag, FromEnv, Seconds};
use crate::contract::credentials::{ACCESS, OTP, REFRESH, SIGNUP};
use crate::error::Result;
use crate::values::email::EmailAddress;

/// The path that tokens are sent to: the endpoints of the HTTP API, and the WebSocket API, whose
/// stage has the same name.
const TOKEN_PATH: &str = "/api";
const MARKER_PATH: &str = "/";

/// The cookie attributes that depend on the sites of the page and the API.
#[derive(Clone)]
pub struct CookieSettings {
    same_site: SameSite,
    secure: bool,
    domain: Option<String>,
}

impl FromEnv for CookieSettings {
    /// Reads `COOKIE_SAME_SITE` (`Lax`, `Strict` or `None`; `Lax` by default), `COOKIE_SECURE`
    /// (`true` by default) and `COOKIE_DOMAIN` (the parent domain of both APIs; by default, cookies
    /// go only to the host of the HTTP API). Browsers reject `None` without `Secure`.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        let same_site = environment.optional::<SameSiteName>("COOKIE_SAME_SITE")?.map_or(SameSite::Lax, |name| name.0);
        let secure = environment.optional::<Flag>("COOKIE_SECURE")?.is_none_or(|flag| flag.0);
        if same_site.is_none() && !secure {
            return Err(ConfigError::malformed("COOKIE_SECURE", "must be true if COOKIE_SAME_SITE is None"));
        }
        Ok(Self { same_site, secure, domain: environment.optional("COOKIE_DOMAIN")? })
    }
}

impl CookieSettings {
    /// Returns cookies that clear all cookies, on both paths.
    pub fn cleared(&self) -> Vec<Cookie<'static>> {
        let mut cookies = self.cleared_session();
        cookies.extend(self.alone(vec![self.token(SIGNUP, String::new(), Duration::ZERO)]));
        cookies
    }

    /// Returns the cookie of a browser that requested a code, with its
    /// [proof](super::otps::CodeHasher::request_proof).
    pub fn requested(&self, proof: String) -> Vec<Cookie<'static>> {
        self.alone(vec![self.token(OTP, proof, CODE_LIFETIME)])
    }

    /// Returns cookies that clear the tokens of a session with their markers, but not that of a
    /// sign-up in progress.
    fn cleared_session(&self) -> Vec<Cookie<'static>> {
        let mut cookies = self.with_marker(REFRESH, String::new(), String::new(), Duration::ZERO);
        cookies.extend(self.with_marker(ACCESS, String::new(), String::new(), Duration::ZERO));
        self.alone(cookies)
    }

    /// Puts cookies before these that clear the ones of the host alone, which an API leaves behind
    /// that had no `COOKIE_DOMAIN` before. They come first, because some browsers take both for the
    /// same cookie if the domain is the host.
    fn alone(&self, cookies: Vec<Cookie<'static>>) -> Vec<Cookie<'static>> {
        if self.domain.is_none() {
            return cookies;
        }
        let without_domain = cookies.iter().map(|cookie| {
            let mut cookie = cookie.clone();
            cookie.unset_domain();
            cookie.set_value("");
            cookie.set_max_age(cookie::time::Duration::ZERO);
            cookie
        });
        without_domain.chain(cookies.clone()).collect()
    }

    fn with_marker(
        &self,
        name: &'static str,
        token: String,
        marker: String,
        lifetime: Duration,
    ) -> Vec<Cookie<'static>> {
        vec![self.token(name, token, lifetime), self.cookie(name, marker, MARKER_PATH, lifetime)]
    }

    fn token(&self, name: &'static str, token: String, lifetime: Duration) -> Cookie<'static> {
        let mut cookie = self.cookie(name, token, TOKEN_PATH, lifetime);
        cookie.set_http_only(true);
        cookie
    }

    fn cookie(&self, name: &'static str, value: String, path: &'static str, lifetime: Duration) -> Cookie<'static> {
        let max_age = cookie::time::Duration::seconds(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        let mut cookie =
            Cookie::build((name, value)).path(path).max_age(max_age).same_site(self.same_site).secure(self.secure);
        // Some browsers accept cross-site cookies only if they are partitioned.
        if self.same_site.is_none() {
            cookie = cookie.partitioned(true);
        }
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain.clone());
        }
        cookie.build()
    }
}

struct SameSiteName(SameSite);

impl FromStr for SameSiteName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "Lax" => Ok(Self(SameSite::Lax)),
            "Strict" => Ok(Self(SameSite::Strict)),
            "None" => Ok(Self(SameSite::None)),
            _ => Err("must be Lax, Strict or None"),
        }
    }
}

/// Creates the cookies of browsers that sign in.
pub struct SignInCookies {
    settings: CookieSettings,
    tokens: ShortLivedTokens,
    refresh: RefreshTokens,
    access_lifetime: Duration,
}

impl FromEnv for SignInCookies {
    /// Reads `ACCESS_TOKEN_TTL` (seconds; 900 by default), and the variables of the other parts.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            settings: CookieSettings::from_env(environment).await?,
            tokens: ShortLivedTokens::from_env(environment).await?,
            refresh: RefreshTokens::from_env(environment).await?,
            access_lifetime: environment
                .optional::<Seconds>("ACCESS_TOKEN_TTL")?
                .map_or(Duration::from_secs(15 * 60), |ttl| ttl.0),
        })
    }
}

impl SignInCookies {
    /// Returns the reader of access and sign-up tokens.
    pub fn short_lived_tokens(&self) -> &ShortLivedTokens {
        &self.tokens
    }

    /// Returns the reader of refresh tokens.
    pub fn refresh_tokens(&self) -> &RefreshTokens {
        &self.refresh
    }

    /// Returns the cookies of a signed-in browser. They clear its sign-up token.
    ///
    /// # Errors
    /// [`crate::Error::Internal`] if signing fails.
    pub fn signed_in(&self, session: &Session) -> Result<Vec<Cookie<'static>>> {
        let marker = || "1".to_owned();
        let refresh = self.refresh.sign(&session.refresh_token())?;
        let access = self.tokens.sign_access(&session.access_token(), self.access_lifetime)?;
        let mut cookies = self.settings.with_marker(REFRESH, refresh, marker(), RefreshToken::LIFETIME);
        cookies.extend(self.settings.with_marker(ACCESS, access, marker(), self.access_lifetime));
        cookies.push(self.settings.token(SIGNUP, String::new(), Duration::ZERO));
        Ok(self.settings.alone(cookies))
    }

    /// Returns the cookie of a browser that verified an address and must still complete the
    /// profile.
    ///
    /// # Errors
    /// [`crate::Error::Internal`] if signing fails.
    pub fn verified(&self, email: &EmailAddress) -> Result<Vec<Cookie<'static>>> {
        let token = self.settings.token(SIGNUP, self.tokens.sign_signup(email)?, SignupToken::LIFETIME);
        Ok(self.settings.alone(vec![token]))
    }

    /// Returns cookies that clear the tokens of a session with their markers. A sign-up in progress
    /// goes on.
    pub fn cleared(&self) -> Vec<Cookie<'static>> {
        self.settings.cleared_session()
    }
}

/// Returns the values of the cookie `name` in a `Cookie` header, in the order of the header.
pub(crate) fn values<'a>(header: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(same_site: SameSite) -> CookieSettings {
        CookieSettings { same_site, secure: true, domain: None }
    }

    #[test]
    fn scripts_can_read_the_marker_but_not_the_token() {
        let [token, marker] = settings(SameSite::Lax)
            .with_marker(ACCESS, "token".to_owned(), "1".to_owned(), Duration::from_secs(900))
            .try_into()
            .unwrap();
        assert_eq!(token.to_string(), "access-key=token; HttpOnly; SameSite=Lax; Secure; Path=/api; Max-Age=900");
        assert_eq!(marker.to_string(), "access-key=1; SameSite=Lax; Secure; Path=/; Max-Age=900");
    }

    #[test]
    fn cross_site_cookies_are_partitioned() {
        let cookie = settings(SameSite::None).token(SIGNUP, "token".to_owned(), Duration::from_secs(1)).to_string();
        assert!(cookie.contains("SameSite=None; Partitioned; Secure"), "{cookie}");
    }

    #[test]
    fn clearing_covers_every_cookie_on_both_paths() {
        let mut cleared: Vec<_> = settings(SameSite::Lax)
            .cleared()
            .iter()
            .map(|cookie| format!("{} {}", cookie.name(), cookie.path().unwrap()))
            .collect();
        cleared.sort();
        assert_eq!(
            cleared,
            ["access-key /", "access-key /api", "refresh-key /", "refresh-key /api", "signup-key /api"]
        );
    }

    #[test]
    fn cookies_of_the_host_alone_are_cleared_before_those_of_the_domain() {
        let settings = CookieSettings { domain: Some("example.com".to_owned()), ..settings(SameSite::Lax) };

        let cookies = settings.alone(vec![settings.token(ACCESS, "token".to_owned(), Duration::from_secs(900))]);

        let [host, domain] = cookies.try_into().unwrap();
        assert_eq!(host.to_string(), "access-key=; HttpOnly; SameSite=Lax; Secure; Path=/api; Max-Age=0");
        assert_eq!((domain.value(), domain.domain()), ("token", Some("example.com")));
    }

    #[test]
    fn all_values_of_a_name_are_found() {
        let header = "access-key=token; other=x;access-key=1; xaccess-key=y";
        assert_eq!(values(header, ACCESS).collect::<Vec<_>>(), ["token", "1"]);
    }
}
