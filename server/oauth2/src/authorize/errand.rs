//! What a request has to go through before it is answered. Flows are left with a ticket in the browser's
//! session; finding the ticket is how the next request knows that the flow was gone through, once.

use super::{Authorize, PATH, Stop, asked::Asked};
use crate::{
    answers,
    gatekeeper::Question,
    guide::Guide,
    pages::Denied,
    request::{AuthorizeError, AuthorizeRequest, Redirect},
    response::Target,
    visitor::SignedIn,
};
use axum::response::Response;
use lockgate_engine::{Context, Passage};
use lockgate_identity::{config::Client, sessions::login_of};
use lockgate_policies::{Decision, describe_denial};
use lockgate_store::StoreError;
use std::sync::Arc;

/// A request with everything that is known about it.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) of: &'a Authorize<'a>,
    pub(super) client: &'a Arc<Client>,
    pub(super) asked: &'a Asked,
    pub(super) redirect: &'a Redirect,
    pub(super) request: &'a AuthorizeRequest,
    pub(super) target: Target<'a>,
}

/// How far the person has come with this very request, and what happened in the flow that they come from.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) reached: Reached,
    pub(super) passage: Passage,
}

/// The flows between a request and its answer, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    /// Nothing was asked of them yet.
    Nothing,
    /// They have gone through the flow to sign in with.
    SignedIn,
    /// They have gone through the authorization flow.
    Authorized,
    /// They were asked for consent apart from that.
    Agreed,
}

impl Errand<'_> {
    /// How far this request has come, by the tickets of the flows behind it. Each flow begins only after
    /// the one before, so that the furthest ticket stands for them all.
    pub(super) async fn progress(&self, signed_in: Option<&SignedIn>) -> Result<Progress, Stop> {
        let nothing = Progress { reached: Reached::Nothing, passage: Passage::default() };
        let token = signed_in.map(|it| &it.token).or(self.of.visitor.token.as_ref());
        let Some(token) = token else { return Ok(nothing) };
        let mut tickets = vec![(self.cancelled(), None), (self.ticket(Reached::SignedIn, 0), Some(Reached::SignedIn))];
        if let Some(pk) = signed_in.map(pk) {
            let further = [Reached::Agreed, Reached::Authorized].map(|to| (self.ticket(to, pk), Some(to)));
            tickets.splice(1..1, further);
        }
        let names: Vec<&str> = tickets.iter().map(|(ticket, _)| ticket.as_str()).collect();
        let Some((at, passage)) = self.of.identity.flows().take_first(token, &names).await? else {
            return Ok(nothing);
        };
        match tickets[at].1 {
            Some(reached) => Ok(Progress { reached, passage }),
            None => Err(AuthorizeError::access_denied("The person did not want to go on.").into()),
        }
    }

    /// Names a flow's end: for this request, and where it matters for this person.
    pub(super) fn ticket(&self, to: Reached, who: i64) -> String {
        let what = match to {
            Reached::Nothing | Reached::SignedIn => "login",
            Reached::Authorized => "authorize",
            Reached::Agreed => "consent",
        };
        format!("{what}:{who}:{}", self.fingerprint())
    }

    fn cancelled(&self) -> String {
        format!("cancelled:{}", self.fingerprint())
    }

    fn fingerprint(&self) -> String {
        self.asked.parameters.fingerprint()
    }

    /// The policies of the application. A refusal is noted here, a permission when it is made use of.
    pub(super) async fn permitted(&self, signed_in: &SignedIn) -> Result<Decision, Stop> {
        let Authorize { identity, snapshot, visitor, method, .. } = *self.of;
        let question = Question {
            identity,
            snapshot,
            peer: &visitor.client,
            client: self.client,
            who: &signed_in.who,
            login: &login_of(&signed_in.session),
            context: &self.request.facts(&self.redirect.uri),
            path: PATH,
            method: method.as_str(),
        };
        let decision = question.decide().await;
        if decision.allow { Ok(decision) } else { Err(self.denied(signed_in, &decision)) }
    }

    /// The person is told what is missing; where nothing may be shown, the client is told.
    pub(super) fn denied(&self, signed_in: &SignedIn, decision: &Decision) -> Stop {
        if self.request.prompt.none {
            return AuthorizeError::access_denied("The person may not open this application.").into();
        }
        let of = self.of;
        let page = of.pages.denied(&Denied {
            host: &of.visitor.client.host,
            language: of.visitor.language(of.snapshot, Some(signed_in)),
            snapshot: of.snapshot,
            app: &self.client.app_name,
            who: signed_in.who.principal(),
            decision: decision.id.to_string(),
            missing: describe_denial(decision),
            record: decision,
            here: self.asked.address.clone(),
        });
        answers::no_store(page).into()
    }

    /// Leads the browser through a flow and back to this request; `None` when the flow is not for this
    /// person.
    pub(super) async fn lead(&self, slug: &str, context: Context) -> Result<Option<Response>, StoreError> {
        let led = self.guide().begin(slug, Some(&self.asked.address), context).await?;
        Ok(led.admitted.then(|| led.redirect()))
    }

    pub(super) fn guide(&self) -> Guide<'_> {
        Guide { identity: self.of.identity, visitor: self.of.visitor, path: PATH }
    }

    /// What every flow of this request knows: where it goes on, and where giving up leads. That is this
    /// address, too: it knows how the client wants to be told.
    pub(super) fn context(&self, ticket: String, signed_in: Option<&SignedIn>) -> Context {
        Context {
            application: Some(self.client.app_context(signed_in.map(|it| &**it.who.principal()))),
            redirect: Some(self.asked.address.clone()),
            ticket: Some(ticket),
            cancel: Some(self.cancelled()),
            ..Context::default()
        }
    }
}

/// Primary key of whoever is signed in.
pub(super) fn pk(signed_in: &SignedIn) -> i64 {
    signed_in.who.principal().user.pk
}
