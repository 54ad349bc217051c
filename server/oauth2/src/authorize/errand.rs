//! What a request has to go through before it is answered. Flows are left with a ticket in the browser's
//! session; finding the ticket is how the next request knows that the flow was gone through, once.

use super::{Authorize, PATH, Stop, asked::Asked};
use crate::{
    answers,
    gatekeeper::Question,
    pages::Denied,
    request::{AuthorizeError, AuthorizeRequest, Redirect},
    response::Target,
    visitor::SignedIn,
};
use axum::response::Response;
use lockgate_engine::{Cancel, Context};
use lockgate_identity::{
    config::Client,
    runner::{Begun, FlowRequest},
    sessions::has_mfa,
};
use lockgate_policies::{Decision, describe_denial};
use lockgate_store::StoreError;
use std::sync::Arc;
use url::form_urlencoded::Serializer;

/// The longest address that is shown in the address of a flow; the plan knows it anyway.
const MAX_SHOWN: usize = 4_096;

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

/// How far the person has come with this very request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    /// Nothing was asked of them yet.
    Nothing,
    /// They have signed in for it.
    SignedIn,
    /// They have gone through the authorization flow.
    Authorized,
    /// They were asked for consent apart from that.
    Agreed,
}

impl Errand<'_> {
    /// How far this request has come, by the tickets of the flows behind it. Each flow begins only after
    /// the one before, so that the furthest ticket stands for them all.
    pub(super) async fn reached(&self, signed_in: Option<&SignedIn>) -> Result<Reached, Stop> {
        let token = signed_in.map(|it| &it.token).or(self.of.visitor.token.as_ref());
        let Some(token) = token else { return Ok(Reached::Nothing) };
        let mut tickets = vec![(self.cancelled(), None), (self.ticket(Reached::SignedIn, 0), Some(Reached::SignedIn))];
        if let Some(pk) = signed_in.map(pk) {
            let further = [Reached::Agreed, Reached::Authorized].map(|to| (self.ticket(to, pk), Some(to)));
            tickets.splice(1..1, further);
        }
        let names: Vec<&str> = tickets.iter().map(|(ticket, _)| ticket.as_str()).collect();
        match self.of.identity.flows().take_first(token, &names).await?.map(|at| tickets[at].1) {
            None => Ok(Reached::Nothing),
            Some(Some(reached)) => Ok(reached),
            Some(None) => Err(AuthorizeError::access_denied("The person did not want to go on.").into()),
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
    pub(super) fn permitted(&self, signed_in: &SignedIn) -> Result<Decision, Stop> {
        let Authorize { identity, snapshot, visitor, method, .. } = *self.of;
        let question = Question {
            identity,
            snapshot,
            peer: &visitor.client,
            client: self.client,
            who: &signed_in.who,
            mfa: has_mfa(&signed_in.session),
            context: &self.request.facts(&self.redirect.uri),
            path: PATH,
            method,
        };
        let decision = question.decide();
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
            snapshot: of.snapshot,
            app: &self.client.app_name,
            who: signed_in.who.principal(),
            decision: decision.id.to_string(),
            missing: describe_denial(decision),
            record: decision,
            here: self.own_address(),
        });
        answers::no_store(page).into()
    }

    /// Leads the browser through a flow and back to this request.
    pub(super) async fn lead(&self, slug: &str, context: Context) -> Result<Response, StoreError> {
        let of = self.of;
        let next = self.own_address();
        let query = match next.len() {
            0..=MAX_SHOWN => Serializer::new(String::new()).append_pair("next", &next).finish(),
            _ => String::new(),
        };
        let begun = of.identity.flows().begin(self.flow_request(slug, &query), context).await?;
        Ok(match begun {
            Some(Begun { location, set_session }) => {
                let cookies = of.visitor.cookies(set_session.as_ref());
                answers::redirect(&location, cookies)
            }
            // Other requests of this browser were faster every time; the flow starts from its page.
            None => answers::redirect(&format!("/if/flow/{slug}/?{query}"), []),
        })
    }

    pub(super) fn flow_request<'f>(&'f self, slug: &'f str, query: &'f str) -> FlowRequest<'f> {
        let visitor = self.of.visitor;
        FlowRequest {
            slug,
            query,
            session_token: visitor.token.as_deref(),
            client: &visitor.client,
            request_id: &visitor.request_id,
            path: PATH,
        }
    }

    /// What every flow of this request knows: where it goes on, and where giving up leads. That is this
    /// address, too: it knows how the client wants to be told.
    pub(super) fn context(&self, ticket: String, signed_in: Option<&SignedIn>) -> Context {
        Context {
            application: Some(self.client.app_context(signed_in.map(|it| &**it.who.principal()))),
            redirect: Some(self.own_address()),
            ticket: Some(ticket),
            cancel: Some(Cancel { ticket: self.cancelled(), to: self.own_address() }),
            ..Context::default()
        }
    }

    /// The request as it came.
    fn own_address(&self) -> String {
        format!("{PATH}?{}", self.of.parameters.to_query())
    }
}

/// Primary key of whoever is signed in.
pub(super) fn pk(signed_in: &SignedIn) -> i64 {
    signed_in.who.principal().user.pk
}
