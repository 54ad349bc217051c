//! Puts questions to the policies, and remembers what the answers touched.

use super::world::World;
use crate::{
    config::Snapshot,
    runner::decide::{Judge, holds},
};
use async_trait::async_trait;
use lockgate_engine::ports::PortError;
use lockgate_model::Principal;
use lockgate_policies::{Action, Decision, Evidence, Facts, PreparedPrincipal, Question, Resource, Wants};
use std::sync::{Arc, PoisonError};
use uuid::Uuid;

impl World<'_> {
    /// Whether somebody may open an application.
    ///
    /// # Errors
    /// When nobody can say anything about them.
    pub(super) fn access(&self, who: &Principal, app: &str, facts: &Facts<'_>) -> Result<Decision, PortError> {
        self.answer(Some(who), Action::Access, Resource::App(app), facts)
    }

    fn answer(
        &self,
        who: Option<&Principal>,
        action: Action,
        resource: Resource<'_>,
        facts: &Facts<'_>,
    ) -> Result<Decision, PortError> {
        let prepared = who.map(|who| PreparedPrincipal::new(Arc::new(who.clone()))).transpose();
        let prepared = prepared.map_err(PortError::from)?;
        let question = Question { id: Uuid::nil(), principal: prepared.as_ref(), action, resource, facts };
        let decision = self.snapshot.policies.decide(&question);
        if let Resource::Stage(stage) = resource {
            self.judged(stage, decision.allow);
        }
        if let Some(target) = self.target(resource) {
            let results = self.snapshot.policies.bindings(resource, who, &decision);
            let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
            touched.decision(self.snapshot, target, &decision, &results);
        }
        Ok(decision)
    }

    fn target(&self, resource: Resource<'_>) -> Option<Uuid> {
        match resource {
            Resource::App(slug) => self.snapshot.app(slug).map(|app| app.id),
            Resource::Flow(slug) => self.snapshot.flow(slug).map(|flow| flow.id),
            Resource::Stage(id) | Resource::Rule(id) => Some(id),
            Resource::Entitlement(..) | Resource::Administered(_) => None,
        }
    }
}

#[async_trait]
impl Judge for World<'_> {
    async fn decide(
        &self,
        _: &Snapshot,
        resource: Resource<'_>,
        who: Option<&Principal>,
        facts: &Facts<'_>,
    ) -> Result<Decision, PortError> {
        self.answer(who, Action::Run, resource, facts)
    }

    async fn condition(
        &self,
        snapshot: &Snapshot,
        policy: Uuid,
        resource: Resource<'_>,
        who: Option<&Principal>,
        facts: &Facts<'_>,
    ) -> Result<bool, PortError> {
        let prepared = who.map(|who| PreparedPrincipal::new(Arc::new(who.clone()))).transpose();
        let principal = prepared.map_err(PortError::from)?;
        let question =
            Question { id: Uuid::nil(), principal: principal.as_ref(), action: Action::Run, resource, facts };
        holds(snapshot, policy, &question)
    }

    /// There is nothing outside of a test: what has to be fetched is not known, and denies.
    async fn fetch(&self, _: &Wants, _: Option<&Principal>, _: &Facts<'_>) -> Evidence {
        Evidence::default()
    }

    fn evaluated(&self, policy: Uuid) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).policy(policy);
    }
}
