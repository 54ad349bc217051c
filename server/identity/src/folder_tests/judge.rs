//! Puts questions to the policies, and remembers what the answers touched.

use super::world::World;
use crate::{
    config::Snapshot,
    decisions::grounds,
    runner::decide::{Judge, holds},
};
use async_trait::async_trait;
use lockgate_engine::ports::PortError;
use lockgate_model::Principal;
use lockgate_policies::{Action, Decision, Evidence, Facts, PreparedPrincipal, Question, Resource, Wants};
use std::sync::{Arc, PoisonError};
use uuid::Uuid;

/// What is not found out of passwords.
const PASSWORDS: &str =
    "Whether a password was leaked or used before is not looked up here: policies that want to know it refuse.";

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
        if let Some(target) = self.target(resource) {
            if let Resource::Stage(_) | Resource::Flow(_) = resource {
                self.judged(target, decision.allow, grounds(self.snapshot, resource, who, &decision));
            }
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
        let evidence = self.fetch(&self.snapshot.policies.wants(resource, facts), who, facts).await;
        self.answer(who, Action::Run, resource, &Facts { evidence: &evidence, ..*facts })
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

    /// There is nothing outside of a test: what has to be fetched is not known, and denies. Passwords are never
    /// looked up anywhere.
    async fn fetch(&self, wants: &Wants, who: Option<&Principal>, facts: &Facts<'_>) -> Evidence {
        let wants = if wants.passwords.is_empty() {
            wants.clone()
        } else {
            self.falls_short(PASSWORDS);
            Wants { passwords: Vec::new(), ..wants.clone() }
        };
        match &self.outside {
            Some(outside) if !wants.is_empty() => outside.fetcher.fetch(&wants, who, facts).await,
            _ => Evidence::default(),
        }
    }

    fn evaluated(&self, policy: Uuid) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).policy(policy);
    }
}
