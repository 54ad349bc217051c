//! The engine's questions to the policies.

use crate::{Core, config::Snapshot, principals::PrincipalEntry, system::time_uuid};
use async_trait::async_trait;
use lockgate_engine::ports::{Decide, Facts, PortError, PromptExpression, Verdict};
use lockgate_policies::{Action, Env, Login, PreparedPrincipal, Question, Resource, describe_denial};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Policies of one snapshot, asked on behalf of a flow.
pub(crate) struct Decider<'a> {
    pub(crate) core: &'a Core,
    pub(crate) snapshot: &'a Snapshot,
    /// Nobody administers this installation yet.
    pub(crate) setup_open: bool,
    /// How whoever is signed in proved it.
    pub(crate) login: Option<Login>,
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
        let question = Question { id, principal, action: Action::Run, resource, facts: &asked };
        let decision = self.snapshot.policies.decide(&question);
        if !decision.errors.is_empty() {
            return Err(PortError(decision.errors.join("; ")));
        }
        let messages = if decision.allow { decision.messages.clone() } else { describe_denial(&decision) };
        Ok(Verdict { passing: decision.allow, messages })
    }

    fn translate<'f>(
        &'f self,
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
            login: self.login.as_ref(),
            context,
            pending: &facts.pending,
            prompt_data: &facts.prompt_data,
            flow: &facts.flow,
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
        let mut verdict = Verdict { passing: true, messages: Vec::new() };
        for id in policies {
            let Some(expression) = self.snapshot.expression(*id) else {
                return Err(PortError(format!("policy {id} is gone")));
            };
            let mut env = Env::new(facts.principal, &asked);
            env.stopwatch = Some(self.snapshot.stopwatch());
            env.world = Some(self.snapshot.world());
            let outcome = expression.eval_bool(&env).map_err(PortError::from)?;
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
        env.world = Some(self.snapshot.world());
        compiled.eval_value(&env).map_err(PortError::from)
    }
}
