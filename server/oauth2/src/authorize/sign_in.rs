//! Who is it? (OpenID Connect Core, section 3.1.2.3.)

use super::{
    Stop,
    errand::{Errand, Reached},
};
use crate::{request::AuthorizeError, visitor::SignedIn};
use chrono::DateTime;
use lockgate_engine::{Context, Pending, Standing};
use lockgate_identity::{keys::Expires, oauth::subject};
use lockgate_model::kinds::FlowDesignation;
use serde::Deserialize;
use serde_json::Value;

/// Of a token that is shown again only its signature, its audience and whom it is about count.
#[derive(Debug, Deserialize)]
struct Hint {
    iss: String,
    sub: String,
    exp: i64,
}

impl Expires for Hint {
    fn expires(&self) -> i64 {
        self.exp
    }
}

impl Errand<'_> {
    /// The person who is signed in, if it is the right one and fresh enough, or the way to become so.
    pub(super) async fn authenticated(&self, found: Option<SignedIn>, reached: Reached) -> Result<SignedIn, Stop> {
        let expected = self.expected()?;
        if let Some(signed_in) = found {
            let sub = subject(self.client, signed_in.who.principal());
            let right = expected.iter().all(|expected| *expected == sub);
            let again = reached < Reached::SignedIn && self.again(&signed_in);
            match (right, again) {
                (true, false) => return Ok(signed_in),
                // They were asked to sign in for this, and somebody else did.
                (false, _) if reached >= Reached::SignedIn => {
                    return Err(AuthorizeError::login_required("Somebody else is signed in.").into());
                }
                _ => {}
            }
        }
        if self.request.prompt.none {
            return Err(AuthorizeError::login_required("The person has to sign in.").into());
        }
        let Some(slug) = self.login_flow() else {
            return Err(self.of.trouble("Configuration error", "There is no flow to sign in with.").into());
        };
        let context = Context { pending: self.hinted(), ..self.context(self.ticket(Reached::SignedIn, 0), None) };
        Err(self.lead(&slug, context).await?.into())
    }

    /// Whether a login that there is has to be made again.
    fn again(&self, signed_in: &SignedIn) -> bool {
        let at = signed_in.session.auth.as_ref().and_then(|auth| auth.get("at")).and_then(Value::as_i64);
        let old = |max_age: i64| max_age == 0 || at.is_none_or(|at| self.of.now.timestamp() - at > max_age);
        self.request.prompt.login || self.request.max_age.is_some_and(old)
    }

    /// Whom the client expects, by name (section 5.5.1) or by a token that it was given (section 3.1.2.1);
    /// that the token has expired does not matter.
    fn expected(&self) -> Result<Vec<String>, AuthorizeError> {
        let mut expected: Vec<String> = self.request.claims.subject.iter().cloned().collect();
        if let Some(hint) = &self.request.id_token_hint {
            let key = &self.client.signing;
            let hint = key.verify::<Hint>(hint, &self.client.client_id, DateTime::UNIX_EPOCH).ok();
            let hint = hint.filter(|hint| hint.iss == self.target.issuer);
            let hint = hint.ok_or_else(|| AuthorizeError::invalid_request("The id_token_hint is not ours."))?;
            expected.push(hint.sub);
        }
        Ok(expected)
    }

    /// The application's own flow, or the brand's.
    fn login_flow(&self) -> Option<String> {
        let snapshot = self.of.snapshot;
        let own = self.client.authentication_flow.and_then(|flow| snapshot.flow_by_id(flow));
        own.map(|flow| flow.flow.slug.clone())
            .or_else(|| snapshot.default_flow(&self.of.visitor.client.host, FlowDesignation::Authentication))
    }

    /// The name to fill in: typed by the client for the person, and believed as little as a typed one.
    fn hinted(&self) -> Option<Pending> {
        let hint = self.request.login_hint.as_ref()?;
        Some(Pending { pk: None, shown: hint.clone(), identifier: hint.clone(), standing: Standing::Claimed })
    }
}
