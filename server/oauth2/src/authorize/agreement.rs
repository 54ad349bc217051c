//! Does the person agree? (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.4.)

use super::{
    PATH, Stop,
    errand::{Errand, Progress, Reached, pk},
};
use crate::{guide::permissions, request::AuthorizeError, visitor::SignedIn};
use lockgate_engine::{CompiledFlow, ConsentRequest, Context, Stage, challenge::Permission};
use lockgate_identity::oauth::OFFLINE_ACCESS;
use lockgate_identity::{runner::Silent, sessions::login_of};
use lockgate_model::kinds::FlowDesignation;
use lockgate_policies::{Action, Facts, Resource};
use std::sync::Arc;

/// The flow that asks where the application's own does not.
const ASKING: &str = "default-provider-authorization-explicit-consent";

impl Errand<'_> {
    /// The application's authorization flow, and the question for consent where the request makes it
    /// necessary and nobody was asked in that flow.
    pub(super) async fn agreed(&self, signed_in: &SignedIn, come: &Progress) -> Result<(), Stop> {
        let of = self.of;
        let Some(own) = of.snapshot.flow_by_id(self.client.authorization_flow) else {
            return Err(of.trouble("Configuration error", "The application has no authorization flow.").into());
        };
        if come.reached < Reached::Authorized {
            self.pass(&own, Reached::Authorized, signed_in).await?;
        }
        // An agreement counts for the request that it was given to: what comes from the flow to sign in with
        // is none.
        let consented = come.passage.consented.as_deref().filter(|_| come.reached >= Reached::Authorized);
        if !self.must_ask(signed_in, consented).await? {
            return Ok(());
        }
        let unasked = || AuthorizeError::new("consent_required", "The person could not be asked for consent.");
        // The flow that asks was gone through, and has not asked.
        if come.reached >= Reached::Agreed {
            return Err(unasked().into());
        }
        let asking = self.asking_flow().ok_or_else(unasked)?;
        self.pass(&asking, Reached::Agreed, signed_in).await
    }

    /// Goes through a flow: unseen where nothing may be shown or nothing is there to be shown, else by
    /// leading the browser there.
    async fn pass(&self, flow: &CompiledFlow, to: Reached, signed_in: &SignedIn) -> Result<(), Stop> {
        let consent =
            ConsentRequest { header: None, permissions: self.permissions(), always: self.request.prompt.consent };
        let context =
            Context { consent: Some(consent), ..self.context(self.ticket(to, pk(signed_in)), Some(signed_in)) };
        let slug = &flow.flow.slug;
        if !self.request.prompt.none && !flow.stages.is_empty() {
            return Err(match self.lead(slug, context).await? {
                Some(led) => led.into(),
                None => self.refused(flow, signed_in).await,
            });
        }
        let flows = self.of.identity.flows();
        let error = match flows.silently(self.guide().request(slug, ""), context).await? {
            Silent::Passed => return Ok(()),
            Silent::Refused => return Err(self.refused(flow, signed_in).await),
            // A flow without stages asks nothing: it sends away whom it is not for.
            Silent::Asks(_) if flow.stages.is_empty() => return Err(self.refused(flow, signed_in).await),
            Silent::Asks("ak-stage-consent") => {
                AuthorizeError::new("consent_required", "The person has to be asked for consent.")
            }
            Silent::Asks(_) => AuthorizeError::new("interaction_required", "The person has to be asked first."),
        };
        Err(error.into())
    }

    /// The flow is not for this person: a page says what its policies miss; that the flow requires something
    /// else of its visitors is for the client.
    async fn refused(&self, flow: &CompiledFlow, signed_in: &SignedIn) -> Stop {
        let visitor = self.of.visitor;
        let login = login_of(&signed_in.session);
        let facts = Facts {
            ip: Some(visitor.client.ip),
            path: PATH,
            host: &visitor.client.host,
            method: self.of.method.as_str(),
            user_agent: &visitor.client.user_agent,
            ..Facts::at(self.of.now).with_login(&login)
        };
        let access = &self.of.identity.access;
        let who = Some(&*signed_in.who);
        let flow = Resource::Flow(&flow.flow.slug);
        let decision = access.decide(self.of.snapshot, who, Action::Run, flow, &facts).await;
        if decision.allow {
            return AuthorizeError::access_denied("The person may not open this application.").into();
        }
        access.keep(&decision, who, &self.client.app_slug, &facts);
        access.record(self.of.snapshot, &decision, who, visitor.client.ip, &self.client.app_slug);
        self.denied(signed_in, &decision)
    }

    /// Whether the request itself makes the question necessary, beside what was agreed to for it just now:
    /// because it says so, whatever was agreed to before, or because it wants access while the person is not
    /// there and they have never agreed to that (section 11).
    async fn must_ask(&self, signed_in: &SignedIn, consented: Option<&[String]>) -> Result<bool, Stop> {
        if self.request.prompt.consent && consented.is_none() {
            return Ok(true);
        }
        let just_now = consented.is_some_and(|ids| ids.iter().any(|id| id == OFFLINE_ACCESS));
        if !self.request.is_offline() || just_now {
            return Ok(false);
        }
        let consents = self.of.identity.store.consents();
        let known = consents.find(pk(signed_in), self.client.app_id, self.of.now).await?;
        let covered = known.is_some_and(|known| known.permissions.split(' ').any(|id| id == OFFLINE_ACCESS));
        Ok(!covered)
    }

    fn asking_flow(&self) -> Option<Arc<CompiledFlow>> {
        let snapshot = self.of.snapshot;
        let usual = snapshot.flow(ASKING).filter(|flow| asks(flow));
        usual.or_else(|| snapshot.flows_for(FlowDesignation::Authorization).into_iter().find(|flow| asks(flow)))
    }

    /// What the consent page lists: the scopes, those too that own a claim which is asked for alone.
    fn permissions(&self) -> Vec<Permission> {
        let request = self.request;
        let scopes: Vec<String> = request.scopes.iter().chain(&request.claims.scopes).cloned().collect();
        permissions(self.client, &scopes)
    }
}

fn asks(flow: &CompiledFlow) -> bool {
    flow.stages.iter().any(|at| matches!(at.stage, Stage::Consent(_)))
}
