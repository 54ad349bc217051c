//! Who is it? (OpenID Connect Core, section 3.1.2.3.)

use super::{
    Stop,
    errand::{Errand, Progress, Reached, pk},
};
use crate::{guide::login_flow, request::AuthorizeError, visitor::SignedIn};
use lockgate_engine::{Context, Pending, Standing};
use lockgate_identity::{oauth::subject, sessions::auth_of};

impl Errand<'_> {
    /// The person who is signed in, if it is the right one and fresh enough, or the way to become so.
    pub(super) async fn authenticated(&self, found: Option<SignedIn>, come: &Progress) -> Result<SignedIn, Stop> {
        let expected = self.expected().await?;
        let mut why = "Nobody has signed in.";
        if let Some(signed_in) = found {
            let sub = subject(self.client, signed_in.who.principal());
            let right = expected.iter().all(|expected| *expected == sub);
            // Who has come further has signed in as was asked, or did not have to.
            let done = match come.reached {
                Reached::Nothing => false,
                // The flow may have ended without a login.
                Reached::SignedIn => come.passage.signed_in == Some(pk(&signed_in)),
                Reached::Authorized | Reached::Agreed => true,
            };
            if right && (done || !self.again(&signed_in)) {
                return Ok(signed_in);
            }
            why = if right { "The person has not signed in again." } else { "Somebody else is signed in." };
        }
        // They were asked to sign in for this already: the same flow would end in the same way.
        if come.reached >= Reached::SignedIn {
            return Err(AuthorizeError::login_required(why).into());
        }
        if self.request.prompt.none {
            return Err(AuthorizeError::login_required("The person has to sign in.").into());
        }
        let Some(slug) = login_flow(self.of.snapshot, &self.of.visitor.client.host, Some(self.client)) else {
            return Err(self.of.trouble("Configuration error", "There is no flow to sign in with.").into());
        };
        let context = Context { pending: self.hinted(), ..self.context(self.ticket(Reached::SignedIn, 0), None) };
        match self.lead(&slug, context).await? {
            Some(led) => Err(led.into()),
            // Such as one for people who are not signed in yet, where somebody has to sign in again.
            None => Err(AuthorizeError::login_required("The flow to sign in with is not for this person.").into()),
        }
    }

    /// Whether a login that there is has to be made again.
    fn again(&self, signed_in: &SignedIn) -> bool {
        let at = auth_of(&signed_in.session)["at"].as_i64();
        let old = |max_age: i64| max_age == 0 || at.is_none_or(|at| self.of.now.timestamp() - at > max_age);
        self.request.prompt.login || self.request.max_age.is_some_and(old)
    }

    /// Whom the client expects, by name (section 5.5.1) or by a token that it was given (section 3.1.2.1);
    /// that the token has expired does not matter.
    async fn expected(&self) -> Result<Vec<String>, Stop> {
        let mut expected: Vec<String> = self.request.claims.subject.iter().cloned().collect();
        if let Some(hint) = &self.request.id_token_hint {
            let hint = self.of.identity.oauth.id_token_hint(self.client, hint).await?;
            let hint = hint.filter(|hint| hint.iss == self.target.issuer);
            let hint = hint.ok_or_else(|| AuthorizeError::invalid_request("The id_token_hint is not ours."))?;
            expected.push(hint.sub);
        }
        Ok(expected)
    }

    /// The name to fill in: typed by the client for the person, and believed as little as a typed one.
    fn hinted(&self) -> Option<Pending> {
        let hint = self.request.login_hint.as_ref()?;
        Some(Pending { pk: None, shown: hint.clone(), identifier: hint.clone(), standing: Standing::Claimed })
    }
}
