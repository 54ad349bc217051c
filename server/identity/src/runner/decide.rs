//! The engine's questions to the policies.

use crate::{Core, config::Snapshot, principals::PrincipalEntry, system::time_uuid};
use async_trait::async_trait;
use lockgate_engine::ports::{Decide, Facts, PortError, PromptExpression, Verdict};
use lockgate_model::Principal;
use lockgate_policies::{
    Action, Env, Evidence, Outcome, PreparedPrincipal, Question, Resource, Wants, describe_denial,
};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Policies of one snapshot, asked on behalf of a flow.
pub(crate) struct Decider<'a> {
    pub(crate) core: &'a Core,
    pub(crate) snapshot: &'a Snapshot,
    /// Nobody administers this installation yet.
    pub(crate) setup_open: bool,
}

impl Decider<'_> {
    async fn prepared(&self, facts: &Facts<'_>) -> Result<Option<Arc<PrincipalEntry>>, PortError> {
        match facts.principal {
            Some(principal) => self.core.principals.get(principal.user.pk).await.map_err(PortError::from),
            None => Ok(None),
        }
    }

    async fn ask(&self, resource: Resource<'_>, facts: &Facts<'_>) -> Result<Verdict, PortError> {
        let who = self.prepared(facts).await?;
        let mut context = facts.context.clone();
        context.insert("setup_open".to_owned(), json!(self.setup_open));
        let asked = self.translate(facts, &context);
        let id = time_uuid(&*self.core.clock, &*self.core.random);
        let principal: Option<&PreparedPrincipal> = who.as_ref().map(|entry| &***entry);
        let wants = self.snapshot.policies.wants(resource, &asked);
        let evidence = self.fetch(&wants, facts.principal, &asked).await;
        let asked = lockgate_policies::Facts { evidence: &evidence, ..asked };
        let question = Question { id, principal, action: Action::Run, resource, facts: &asked };
        let decision = self.snapshot.policies.decide(&question);
        self.core.access.retire(self.snapshot, &decision, who.as_deref()).await;
        if !decision.errors.is_empty() {
            return Err(PortError(decision.errors.join("; ")));
        }
        let messages = if decision.allow { decision.messages.clone() } else { describe_denial(&decision) };
        Ok(Verdict { passing: decision.allow, messages })
    }

    async fn fetch(&self, wants: &Wants, who: Option<&Principal>, facts: &lockgate_policies::Facts<'_>) -> Evidence {
        match wants.is_empty() {
            true => Evidence::default(),
            false => Box::pin(self.core.access.fetcher.fetch(wants, who, facts)).await,
        }
    }

    /// A condition in Cedar, asked about the flow that is running.
    async fn condition(
        &self,
        id: Uuid,
        facts: &Facts<'_>,
        asked: &lockgate_policies::Facts<'_>,
    ) -> Result<Outcome, PortError> {
        let who = self.prepared(facts).await?;
        let question = Question {
            id: time_uuid(&*self.core.clock, &*self.core.random),
            principal: who.as_ref().map(|entry| &***entry),
            action: Action::Run,
            resource: Resource::Flow(facts.flow.get("slug").and_then(Value::as_str).unwrap_or_default()),
            facts: asked,
        };
        let holds = self.snapshot.policies.condition(id, &question);
        let holds = holds.ok_or_else(|| PortError(format!("policy {id} is gone")))?.map_err(PortError)?;
        Ok(Outcome { passing: holds, messages: Vec::new(), retires_password: false })
    }

    /// One policy by itself. What it cannot be asked for want of a fact that the person can do something
    /// about is a refusal with that word; any other failure is one.
    async fn check(
        &self,
        id: Uuid,
        facts: &Facts<'_>,
        asked: &lockgate_policies::Facts<'_>,
    ) -> Result<Outcome, PortError> {
        let Some(check) = self.snapshot.check(id) else { return self.condition(id, facts, asked).await };
        let mut env = Env::new(facts.principal, asked);
        env.stopwatch = Some(self.snapshot.stopwatch());
        match check.run(&env) {
            Ok(outcome) => Ok(outcome),
            Err(error) => match error.told() {
                Some(told) => {
                    tracing::warn!(%error, "a policy failed");
                    Ok(Outcome { passing: false, messages: vec![told.to_owned()], retires_password: false })
                }
                None => Err(PortError::from(error)),
            },
        }
    }

    fn translate<'f>(
        &self,
        facts: &'f Facts<'_>,
        context: &'f serde_json::Map<String, Value>,
    ) -> lockgate_policies::Facts<'f> {
        lockgate_policies::Facts {
            now: facts.request.now,
            ip: Some(facts.request.ip),
            path: &facts.request.path,
            host: &facts.request.host,
            method: &facts.request.method,
            user_agent: &facts.request.user_agent,
            mfa: facts.request.mfa,
            context,
            pending: &facts.pending,
            prompt_data: &facts.prompt_data,
            flow: &facts.flow,
            ..lockgate_policies::Facts::at(facts.request.now)
        }
    }
}

#[async_trait]
impl Decide for Decider<'_> {
    async fn flow(&self, flow: Uuid, facts: &Facts<'_>) -> Result<Verdict, PortError> {
        let flow = self.snapshot.flow_by_id(flow).ok_or_else(|| PortError("the flow is gone".to_owned()))?;
        self.ask(Resource::Flow(&flow.flow.slug), facts).await
    }

    async fn binding(&self, binding: Uuid, facts: &Facts<'_>) -> Result<Verdict, PortError> {
        self.ask(Resource::Stage(binding), facts).await
    }

    async fn policies(&self, policies: &[Uuid], facts: &Facts<'_>) -> Result<Verdict, PortError> {
        let asked = self.translate(facts, &facts.context);
        let mut wants = Wants::default();
        policies.iter().filter_map(|id| self.snapshot.check(*id)).for_each(|check| check.want(&asked, &mut wants));
        let evidence = self.fetch(&wants, facts.principal, &asked).await;
        let asked = lockgate_policies::Facts { evidence: &evidence, ..asked };
        let mut verdict = Verdict { passing: true, messages: Vec::new() };
        for id in policies {
            let outcome = self.check(*id, facts, &asked).await?;
            verdict.passing &= outcome.passing;
            if !outcome.passing {
                verdict.messages.extend(outcome.messages);
            }
        }
        Ok(verdict)
    }

    async fn expression(&self, expression: PromptExpression<'_>, facts: &Facts<'_>) -> Result<Value, PortError> {
        let compiled = self
            .snapshot
            .prompt_expression(expression.prompt, expression.field)
            .ok_or_else(|| PortError("the prompt's expression is gone".to_owned()))?;
        let asked = self.translate(facts, &facts.context);
        let mut env = Env::new(facts.principal, &asked);
        env.stopwatch = Some(self.snapshot.stopwatch());
        compiled.eval_value(&env).map_err(PortError::from)
    }
}
