//! Access tokens that open something of ours (RFC 6750; RFC 9449, section 7): where they stand in a
//! request, whether they count, and what a client is told when they do not.

use crate::{
    answers,
    endpoint::{Call, Refusal},
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use lockgate_identity::{keys::public_algorithms, oauth::ValidToken};
use serde_json::json;
use std::{fmt::Write as _, sync::Arc};

/// How a token was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

/// Why a request is not let in.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// No token: nothing is said about errors then (RFC 6750, section 3.1).
    Missing,
    /// A token, or a proof, that does not count.
    Token {
        /// `error`.
        code: &'static str,
        /// `error_description`.
        why: String,
        /// Answer with a challenge of this scheme.
        dpop: bool,
    },
    /// The token is presented in a way that leaves open which one is meant.
    Request(&'static str),
    /// The token's scopes do not reach.
    Scope(&'static str),
    /// Anything else that a client is told.
    Other(Refusal),
}

impl<E: Into<Refusal>> From<E> for Rejected {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl Call<'_> {
    /// The token of the request, if it counts right now and belongs to who sends it.
    ///
    /// # Errors
    /// [`Rejected`].
    pub(crate) async fn bearer(&self) -> Result<ValidToken, Rejected> {
        let (scheme, token) = self.presented_token()?.ok_or(Rejected::Missing)?;
        let invalid =
            |why: &str| Rejected::Token { code: "invalid_token", why: why.to_owned(), dpop: scheme == Scheme::Dpop };
        let found = self.identity.access_token(&self.snapshot, token).await?;
        let found = found.ok_or_else(|| invalid("The access token is unknown, expired or revoked."))?;
        let _ = self.named.set(Arc::clone(&found.client));
        match (&found.token.facts.jkt, scheme) {
            (None, Scheme::Bearer) => Ok(found),
            // Who has stolen a bound token would present it so (RFC 9449, section 7.1).
            (Some(_), Scheme::Bearer) => Err(Rejected::Token {
                code: "invalid_token",
                why: "The access token is bound to a key: present it as DPoP, with a proof.".to_owned(),
                dpop: true,
            }),
            (None, Scheme::Dpop) => Err(invalid("The access token is not bound to a key: present it as Bearer.")),
            (Some(bound), Scheme::Dpop) => {
                let proven = match self.dpop(Some(token)).await {
                    Ok(proven) => proven,
                    Err(Refusal::Protocol { code, description, .. }) => {
                        return Err(Rejected::Token { code, why: description.into_owned(), dpop: true });
                    }
                    Err(other) => return Err(other.into()),
                };
                match proven {
                    Some(proven) if proven == *bound => Ok(found),
                    Some(_) => Err(invalid("The access token is bound to another key.")),
                    None => Err(Rejected::Token {
                        code: "invalid_dpop_proof",
                        why: "The DPoP proof is missing.".to_owned(),
                        dpop: true,
                    }),
                }
            }
        }
    }

    /// The token and how it was presented: in the header, or as a parameter, and only once (RFC 6750,
    /// section 2).
    fn presented_token(&self) -> Result<Option<(Scheme, &str)>, Rejected> {
        let mut lines = self.headers.get_all(header::AUTHORIZATION).iter();
        let in_header = lines.next().map(|line| line.to_str().unwrap_or_default());
        let in_parameter = self.get("access_token");
        if lines.next().is_some() || (in_header.is_some() && in_parameter.is_some()) {
            return Err(Rejected::Request("The access token may be presented in one way only."));
        }
        if let Some(token) = in_parameter {
            return Ok(Some((Scheme::Bearer, token)));
        }
        let Some((scheme, token)) = in_header.and_then(|line| line.split_once(' ')) else { return Ok(None) };
        let scheme = match scheme {
            bearer if bearer.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
            dpop if dpop.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
            _ => return Ok(None),
        };
        Ok(Some((scheme, token.trim())))
    }

    /// The answer to a request that is not let in.
    pub(crate) fn reject(&self, rejected: &Rejected) -> Response {
        let (status, code, why, dpop) = match rejected {
            Rejected::Missing => (StatusCode::UNAUTHORIZED, "", "An access token is needed.", false),
            Rejected::Token { code, why, dpop } => (StatusCode::UNAUTHORIZED, *code, why.as_str(), *dpop),
            Rejected::Request(why) => (StatusCode::BAD_REQUEST, "invalid_request", *why, false),
            Rejected::Scope(why) => (StatusCode::FORBIDDEN, "insufficient_scope", *why, false),
            Rejected::Other(refusal) => return self.refuse(refusal, None),
        };
        let body = json!({
            "error": if code.is_empty() { "unauthorized" } else { code },
            "error_description": why,
            "request_id": self.request_id,
        });
        let mut response = answers::no_store((status, Json(body)).into_response());
        if let Ok(challenge) = HeaderValue::try_from(challenge(code, why, dpop)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// RFC 6750, section 3; RFC 9449, section 7.1. The descriptions are ours, without quotes in them.
fn challenge(code: &str, why: &str, dpop: bool) -> String {
    let mut text = String::from(if dpop { "DPoP" } else { "Bearer" });
    text.push_str(" realm=\"Lockgate\"");
    if !code.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(text, ", error=\"{code}\", error_description=\"{why}\"");
    }
    if dpop {
        let _ = write!(text, ", algs=\"{}\"", public_algorithms().collect::<Vec<_>>().join(" "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_no_token_is_told_of_no_error() {
        assert_eq!(challenge("", "An access token is needed.", false), "Bearer realm=\"Lockgate\"");
        let told = challenge("invalid_token", "It has expired.", true);
        assert!(
            told.starts_with("DPoP realm=\"Lockgate\", error=\"invalid_token\", error_description=\"It has expired.\"")
        );
        assert!(told.contains("algs=\"RS256 "), "{told}");
    }
}
