//! The engine's questions to the policies.

use crate::{Core, config::Snapshot, principals::PrincipalEntry, system::time_uuid};
use async_trait::async_trait;
use lockgate_engine::ports::{Decide, Facts, PortError, PromptExpression, Verdict};
use lockgate_model::Principal;
use lockgate_policies::{
    Action, Decision, Env, Evidence, Login, Outcome, PreparedPrincipal, Question, Resource, Wants, describe_denial,
};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Puts a question of a flow to the policies: knows people in the form that decisions read.
#[async_trait]
pub(crate) trait Judge: Send + Sync {
    /// Decides.
    async fn decide(
        &self,
        snapshot: &Snapshot,
        resource: Resource<'_>,
        who: Option<&Principal>,
        facts: &lockgate_policies::Facts<'_>,
    ) -> Result<Decision, PortError>;

    /// Whether a condition in Cedar holds.
    async fn condition(
        &self,
        snapshot: &Snapshot,
        policy: Uuid,
        resource: Resource<'_>,
        who: Option<&Principal>,
        facts: &lockgate_policies::Facts<'_>,
    ) -> Result<bool, PortError>;

    /// Fetches what policies want to know.
    async fn fetch(&self, wants: &Wants, who: Option<&Principal>, facts: &lockgate_policies::Facts<'_>) -> Evidence;

    /// Hears that a policy was evaluated by itself.
    fn evaluated(&self, _policy: Uuid) {}
}

/// Whether the condition of this id holds for a question.
pub(crate) fn holds(snapshot: &Snapshot, policy: Uuid, question: &Question<'_>) -> Result<bool, PortError> {
    let holds = snapshot.policies.condition(policy, question);
    holds.ok_or_else(|| PortError(format!("policy {policy} is gone")))?.map_err(PortError)
}

impl Core {
    async fn known(&self, who: Option<&Principal>) -> Result<Option<Arc<PrincipalEntry>>, PortError> {
        match who {
            Some(principal) => self.principals.get(principal.user.pk).await.map_err(PortError::from),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl Judge for Core {
    async fn decide(
        &self,
        snapshot: &Snapshot,
        resource: Resource<'_>,
        who: Option<&Principal>,
        facts: &lockgate_policies::Facts<'_>,
    ) -> Result<Decision, PortError> {
        let known = self.known(who).await?;
        let decision = self.access.decide(snapshot, known.as_deref(), Action::Run, resource, facts).await;
        self.access.retire(snapshot, &decision, known.as_deref()).await;
        Ok(decision)
    }

    async fn condition(
        &self,
        snapshot: &Snapshot,
        policy: Uuid,
        resource: Resource<'_>,
        who: Option<&Principal>,
        facts: &lockgate_policies::Facts<'_>,
    ) -> Result<bool, PortError> {
        let known = self.known(who).await?;
        let id = time_uuid(&*self.clock, &*self.random);
        let principal: Option<&PreparedPrincipal> = known.as_ref().map(|entry| &***entry);
        holds(snapshot, policy, &Question { id, principal, action: Action::Run, resource, facts })
    }

    async fn fetch(&self, wants: &Wants, who: Option<&Principal>, facts: &lockgate_policies::Facts<'_>) -> Evidence {
        match wants.is_empty() {
            true => Evidence::default(),
            false => Box::pin(self.access.fetcher.fetch(wants, who, facts)).await,
        }
    }
}

/// Policies of one snapshot, asked on behalf of a flow.
pub(crate) struct Decider<'a> {
    pub(crate) judge: &'a dyn Judge,
    pub(crate) snapshot: &'a Snapshot,
    /// Nobody administers this installation yet.
    pub(crate) setup_open: bool,
    /// How whoever is signed in proved it.
    pub(crate) login: Option<Login>,
}

impl Decider<'_> {
    async fn ask(&self, resource: Resource<'_>, facts: &Facts<'_>) -> Result<Verdict, PortError> {
        let mut context = facts.context.clone();
        context.insert("setup_open".to_owned(), json!(self.setup_open));
        if let Resource::Flow(slug) = resource {
            let flow = self.snapshot.flow(slug);
            let offered = flow.is_some_and(|flow| self.snapshot.is_offered(&facts.request.host, flow.id));
            context.insert("offered".to_owned(), json!(offered));
        }
        let asked = self.translate(facts, &context);
        let decision = self.judge.decide(self.snapshot, resource, facts.principal, &asked).await?;
        if !decision.errors.is_empty() {
            return Err(PortError(decision.errors.join("; ")));
        }
        let messages = if decision.allow { decision.messages.clone() } else { describe_denial(&decision) };
        Ok(Verdict { passing: decision.allow, messages })
    }

    /// A condition in Cedar, asked about the flow that is running.
    async fn condition(
        &self,
        id: Uuid,
        facts: &Facts<'_>,
        asked: &lockgate_policies::Facts<'_>,
    ) -> Result<Outcome, PortError> {
        let flow = facts.flow.get("slug").and_then(Value::as_str).unwrap_or_default();
        let holds = self.judge.condition(self.snapshot, id, Resource::Flow(flow), facts.principal, asked).await?;
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
        env.world = Some(self.snapshot.world());
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

    /// What people may change of themselves is settled for the installation.
    fn with_settings(&self, context: &serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
        let settings = &self.snapshot.settings;
        let told = serde_json::json!({
            "default_user_change_name": settings.default_user_change_name,
            "default_user_change_email": settings.default_user_change_email,
            "default_user_change_username": settings.default_user_change_username,
        });
        let mut context = context.clone();
        context.insert("settings".to_owned(), told);
        context
    }

    pub(super) fn translate<'f>(
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
        let context = self.with_settings(&facts.context);
        let asked = self.translate(facts, &context);
        let mut wants = Wants::default();
        policies.iter().filter_map(|id| self.snapshot.check(*id)).for_each(|check| check.want(&asked, &mut wants));
        let evidence = self.judge.fetch(&wants, facts.principal, &asked).await;
        let asked = lockgate_policies::Facts { evidence: &evidence, ..asked };
        let mut verdict = Verdict { passing: true, messages: Vec::new() };
        for id in policies {
            let outcome = self.check(*id, facts, &asked).await?;
            self.judge.evaluated(*id);
            verdict.passing &= outcome.passing;
            if !outcome.passing {
                verdict.messages.extend(outcome.messages);
            }
        }
        Ok(verdict)
    }

    fn strength(&self, field: &str, facts: &Facts<'_>) -> u8 {
        lockgate_policies::strength(&Env::new(facts.principal, &self.translate(facts, &facts.context)), field)
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
