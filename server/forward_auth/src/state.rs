//! The state that travels through a login and back: where the visitor wanted to go, bound to the
//! browser that started, signed with the provider's own secret.

use crate::dialect::{MAX_TARGET, PREFIX};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use lockgate_identity::{config::hosts::in_domain, keys::SigningKey};
use lockgate_model::kinds::ProxyMode;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use thiserror::Error;
use url::{Position, Url};

/// Seconds that a login may take, and that the browser keeps the other half of its state.
pub const LIFE: i64 = 3_600;

/// The longest state that is looked at: a signed [`MAX_TARGET`] address, in base64.
const MAX_STATE: usize = 2 * MAX_TARGET;

/// Query words that act on any path of a protected host.
pub const CALLBACK_FLAG: &str = "X-authentik-auth-callback";
/// See [`CALLBACK_FLAG`].
pub const LOGOUT_FLAG: &str = "X-authentik-logout";

/// What the state holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Who made it: `goauthentik.io/outpost/<client id>`.
    pub iss: String,
    /// The browser's half: the value of its state cookie.
    pub sid: String,
    /// Makes each state different.
    pub state: String,
    /// Where to go afterwards; empty: to the application's front page.
    pub redirect: String,
    /// When it was made, seconds since 1970.
    pub iat: i64,
}

/// Why a state is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadState {
    /// Not signed by this provider's secret, or not a state at all.
    #[error("the state was not made here")]
    Forged,
    /// Another browser started this login.
    #[error("the login was started in another browser, or its cookie is gone")]
    OtherBrowser,
    /// It took too long.
    #[error("the login took too long")]
    Late,
    /// The provider has no secret to sign with.
    #[error("the provider has no cookie secret")]
    NoSecret,
}

impl State {
    /// A state for a login that starts now.
    #[must_use]
    pub fn new(client_id: &str, sid: &str, noise: [u8; 32], redirect: Option<String>, now: i64) -> Self {
        Self {
            iss: issuer(client_id),
            sid: sid.to_owned(),
            state: URL_SAFE_NO_PAD.encode(noise),
            redirect: redirect.unwrap_or_default(),
            iat: now,
        }
    }

    /// Signs it (RFC 7515, HS256).
    ///
    /// # Errors
    /// When there is no secret.
    pub fn sign(&self, key: Option<&SigningKey>) -> Result<String, BadState> {
        key.and_then(|key| key.sign(self).ok()).ok_or(BadState::NoSecret)
    }

    /// Opens a state that came back: signature, issuer, age, and that one of the browser's state
    /// cookies holds its `sid` (RFC 6749, section 10.12).
    ///
    /// # Errors
    /// When any of that is off.
    pub fn open<'c>(
        text: &str,
        secret: &str,
        client_id: &str,
        mut cookies: impl Iterator<Item = &'c str>,
        now: i64,
    ) -> Result<Self, BadState> {
        if secret.is_empty() {
            return Err(BadState::NoSecret);
        }
        if text.len() > MAX_STATE {
            return Err(BadState::Forged);
        }
        let mut rules = Validation::new(Algorithm::HS256);
        rules.required_spec_claims.clear();
        (rules.validate_exp, rules.validate_aud) = (false, false);
        let key = DecodingKey::from_secret(secret.as_bytes());
        let state: Self = jsonwebtoken::decode(text, &key, &rules).map_err(|_| BadState::Forged)?.claims;
        if state.iss != issuer(client_id) {
            return Err(BadState::Forged);
        }
        if !cookies.any(|cookie| is_sid(cookie) && bool::from(cookie.as_bytes().ct_eq(state.sid.as_bytes()))) {
            return Err(BadState::OtherBrowser);
        }
        if !(0..=LIFE).contains(&(now - state.iat)) {
            return Err(BadState::Late);
        }
        Ok(state)
    }
}

fn issuer(client_id: &str) -> String {
    ["goauthentik.io/outpost/", client_id].concat()
}

/// A browser's half of its states, from 32 random bytes.
#[must_use]
pub fn sid(noise: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(noise)
}

/// Whether a cookie can be one of [`sid`]: then it serves for further logins in the same browser, so
/// that two tabs do not spoil each other's.
#[must_use]
pub fn is_sid(cookie: &str) -> bool {
    cookie.len() == 43 && cookie.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Where a provider may send browsers back to.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    /// The provider's public address.
    pub external: &'a Url,
    /// Its mode.
    pub mode: ProxyMode,
    /// Its cookie domain.
    pub cookie_domain: &'a str,
}

impl Home<'_> {
    /// The address to return to, when `wanted` is one of this provider's: same host and port, or in
    /// mode `forward_domain` any host in the cookie domain. Never an address that acts by itself.
    #[must_use]
    pub fn return_url(&self, wanted: &str) -> Option<Url> {
        // A backslash is a slash to browsers and a letter to everybody else.
        let fine = wanted.len() <= MAX_TARGET && wanted.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if !fine {
            return None;
        }
        let mut url = if wanted.starts_with('/') && !wanted.starts_with("//") {
            self.external.join(wanted).ok()?
        } else {
            let scheme_ok = ["http://", "https://"].iter().any(|s| wanted.get(..s.len()) == Some(*s));
            Url::parse(wanted).ok().filter(|_| scheme_ok)?
        };
        if !url.username().is_empty() || url.password().is_some() || !self.is_home(&url) || acts(&url) {
            return None;
        }
        url.set_fragment(None);
        if self.external.scheme() == "https" && url.port().is_none() {
            // The cookie is `Secure`: in the clear the visitor would never arrive.
            url.set_scheme("https").ok()?;
        }
        Some(url)
    }

    /// As [`Self::return_url`], as text. What is plainly one of this provider's own addresses, as nearly
    /// everything is that a proxy asks about, is not parsed for that.
    #[must_use]
    pub fn return_text(&self, wanted: String) -> Option<String> {
        if self.is_plain(&wanted) { Some(wanted) } else { self.return_url(&wanted).map(String::from) }
    }

    fn is_plain(&self, wanted: &str) -> bool {
        let path = wanted.strip_prefix(&self.external[..Position::BeforePath]).filter(|path| path.starts_with('/'));
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#' | b'%');
        // Whatever acts by itself has our name in it.
        path.is_some_and(|path| path.bytes().all(plain) && !path.contains("authentik")) && wanted.len() <= MAX_TARGET
    }

    fn is_home(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let same = Some(host) == self.external.host_str() && url.port() == self.external.port();
        match self.mode {
            ProxyMode::ForwardDomain => same || in_domain(host, self.cookie_domain),
            ProxyMode::Proxy | ProxyMode::ForwardSingle => same,
        }
    }
}

/// Addresses of our own, and flags that would sign the visitor out or run a callback.
fn acts(url: &Url) -> bool {
    let flags = [CALLBACK_FLAG, LOGOUT_FLAG];
    url.path().starts_with(PREFIX) || url.query_pairs().any(|(key, _)| flags.contains(&&*key))
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
