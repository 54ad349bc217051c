//! Does the person agree? (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.4.)

use super::{
    PATH, Stop,
    errand::{Errand, Reached, pk},
};
use crate::{request::AuthorizeError, visitor::SignedIn};
use lockgate_engine::{CompiledFlow, ConsentRequest, Context, Stage, challenge::Permission};
use lockgate_identity::oauth::OFFLINE_ACCESS;
use lockgate_identity::{runner::Silent, sessions::has_mfa};
use lockgate_model::kinds::FlowDesignation;
use lockgate_policies::{Action, Facts, Resource};
use std::sync::Arc;

/// The flow that asks where the application's own does not.
const ASKING: &str = "default-provider-authorization-explicit-consent";

/// What offline access is to people, where its mapping says nothing.
const OFFLINE: &str = "Keep access while you are not there";

impl Errand<'_> {
    /// The application's authorization flow, and the question for consent where the request makes it
    /// necessary and that flow does not ask it.
    pub(super) async fn agreed(&self, signed_in: &SignedIn, reached: Reached) -> Result<(), Stop> {
        let of = self.of;
        let Some(own) = of.snapshot.flow_by_id(self.client.authorization_flow) else {
            return Err(of.trouble("Configuration error", "The application has no authorization flow.").into());
        };
        if reached < Reached::Authorized {
            if own.stages.is_empty() {
                self.may_run(&own, signed_in)?;
            } else {
                self.pass(&own, Reached::Authorized, signed_in).await?;
            }
        }
        if reached < Reached::Agreed && !asks(&own) && self.must_ask(signed_in).await? {
            let Some(asking) = self.asking_flow() else {
                let text = "There is no flow that asks for consent.";
                return Err(AuthorizeError::new("consent_required", text).into());
            };
            self.pass(&asking, Reached::Agreed, signed_in).await?;
        }
        Ok(())
    }

    /// A flow without stages shows nothing; whether it may be run at all is a question all the same.
    fn may_run(&self, flow: &CompiledFlow, signed_in: &SignedIn) -> Result<(), Stop> {
        let visitor = self.of.visitor;
        let facts = Facts {
            ip: Some(visitor.client.ip),
            path: PATH,
            host: &visitor.client.host,
            method: self.of.method,
            user_agent: &visitor.client.user_agent,
            mfa: has_mfa(&signed_in.session),
            ..Facts::at(self.of.now)
        };
        let access = &self.of.identity.access;
        let who = Some(&*signed_in.who);
        let decision = access.decide(self.of.snapshot, who, Action::Run, Resource::Flow(&flow.flow.slug), &facts);
        if decision.allow {
            return Ok(());
        }
        access.record(&decision, who, visitor.client.ip, &self.client.app_slug);
        Err(self.denied(signed_in, &decision))
    }

    /// Goes through a flow: unseen where nothing may be shown, else by leading the browser there.
    async fn pass(&self, flow: &CompiledFlow, to: Reached, signed_in: &SignedIn) -> Result<(), Stop> {
        let consent =
            ConsentRequest { header: None, permissions: self.permissions(), always: self.request.prompt.consent };
        let context =
            Context { consent: Some(consent), ..self.context(self.ticket(to, pk(signed_in)), Some(signed_in)) };
        let slug = &flow.flow.slug;
        if !self.request.prompt.none {
            return Err(self.lead(slug, context).await?.into());
        }
        let flows = self.of.identity.flows();
        let error = match flows.silently(self.flow_request(slug, ""), context).await? {
            Silent::Passed => return Ok(()),
            Silent::Asks("ak-stage-consent") => {
                AuthorizeError::new("consent_required", "The person has to be asked for consent.")
            }
            Silent::Asks(_) => AuthorizeError::new("interaction_required", "The person has to be asked first."),
            Silent::Refused => AuthorizeError::access_denied("The person may not open this application."),
        };
        Err(error.into())
    }

    /// Whether the request itself makes the question necessary: because it says so, or because it wants
    /// access while the person is not there and they have not agreed to that (section 11).
    async fn must_ask(&self, signed_in: &SignedIn) -> Result<bool, Stop> {
        if self.request.prompt.consent || !self.request.is_offline() {
            return Ok(self.request.prompt.consent);
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

    /// What the consent page lists: the scopes whose mappings say something to people, those too that own
    /// a claim which is asked for alone.
    fn permissions(&self) -> Vec<Permission> {
        let request = self.request;
        let scopes: Vec<String> = request.scopes.iter().chain(&request.claims.scopes).cloned().collect();
        let told = self.client.mappings_of(&scopes).filter(|m| !m.description.is_empty());
        let mut list: Vec<Permission> =
            told.map(|m| Permission { name: m.description.clone(), id: m.scope.clone() }).collect();
        if request.is_offline() && !list.iter().any(|permission| permission.id == OFFLINE_ACCESS) {
            list.push(Permission { name: OFFLINE.to_owned(), id: OFFLINE_ACCESS.to_owned() });
        }
        list
    }
}

fn asks(flow: &CompiledFlow) -> bool {
    flow.stages.iter().any(|at| matches!(at.stage, Stage::Consent(_)))
}
