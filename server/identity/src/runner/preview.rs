//! A prompt as people would see it, without a flow around it: for whoever writes one.

use super::{FlowRunner, decide::Decider, ports::Ports};
use crate::{config::Snapshot, net::Client, system::time_uuid};
use async_trait::async_trait;
use lockgate_engine::{
    Body, Challenge, CompiledFlow, CompiledPrompts, CompiledStage, Context, Stage, StepEnv,
    ports::{Decide, Facts, PortError, PromptExpression, RequestFacts, Verdict},
};
use lockgate_model::{
    Principal,
    kinds::{Flow, FlowStageBinding, Prompt, PromptStage},
};
use lockgate_policies::{Env, Expression, TextOrigin};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use thiserror::Error;
use uuid::Uuid;

/// Why a prompt cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PreviewError {
    /// An expression does not compile, or fails.
    #[error("{message}")]
    Expression {
        /// The field that holds it.
        field: &'static str,
        /// Why.
        message: String,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl FlowRunner<'_> {
    /// The challenge in which somebody would see this prompt alone.
    ///
    /// # Errors
    /// [`PreviewError`].
    pub async fn preview(
        &self,
        snapshot: &Snapshot,
        prompt: Prompt,
        who: &Principal,
        client: &Client,
    ) -> Result<Challenge, PreviewError> {
        let flow = alone(prompt).map_err(|error| PreviewError::Failed(error.to_string()))?;
        let core = self.core;
        let trial = Trial {
            decider: Decider { judge: core, snapshot, setup_open: false, login: None },
            failed: Mutex::default(),
        };
        let request = RequestFacts {
            id: time_uuid(&*core.clock, &*core.random).simple().to_string(),
            ip: client.ip,
            host: client.host.clone(),
            path: String::new(),
            method: String::new(),
            user_agent: client.user_agent.clone(),
            now: core.clock.now(),
            from_outpost: false,
            mfa: false,
            language: snapshot.language(&client.host, Some(&who.user), &client.languages),
        };
        let (ports, brand) = (
            Ports { core, client, acted_as: None, setup_open: false, mfa_token: None, device_token: None },
            snapshot.brand_facts(&client.host),
        );
        let post = super::mail_ports::Post { core, snapshot, client };
        // Nobody hears of what is only tried.
        let env = StepEnv { events: &Unheard, ..ports.env(&post, &trial, (&request, &brand, Some(who))) };
        let step = match lockgate_engine::start(&flow, &env, "", Context::default()).await {
            Ok(mut plan) => lockgate_engine::challenge(&flow, &mut plan, &env).await,
            Err(step) => *step,
        };
        if let Some(failed) = trial.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(failed);
        }
        match step.outcome.into_challenge() {
            Some(Challenge { body: body @ Body::Prompt(_), .. }) => Ok(Challenge::bare(body)),
            _ => Err(PreviewError::Failed("the prompt could not be shown".to_owned())),
        }
    }
}

/// A flow that asks this and nothing else.
fn alone(prompt: Prompt) -> Result<CompiledFlow, serde_json::Error> {
    let id = Uuid::nil();
    let head = json!({"name": "preview", "slug": "preview", "title": "", "designation": "stage_configuration"});
    let flow: Flow = serde_json::from_value(head)?;
    let binding: FlowStageBinding = serde_json::from_value(json!({"target": id, "stage": id, "order": 0}))?;
    let stage: PromptStage = serde_json::from_value(json!({"name": "preview", "fields": [id]}))?;
    let stage = Stage::Prompt(CompiledPrompts { stage, fields: vec![(id, prompt)], policies: Vec::new() });
    Ok(CompiledFlow { id, flow, stages: vec![CompiledStage { binding_id: id, binding, stage_id: id, stage }] })
}

/// Lets everything pass, and evaluates what is not part of the configuration yet.
struct Trial<'a> {
    decider: Decider<'a>,
    failed: Mutex<Option<PreviewError>>,
}

impl Trial<'_> {
    fn evaluate(&self, asked: PromptExpression<'_>, facts: &Facts<'_>) -> Result<Value, String> {
        let origin = TextOrigin::start(asked.field);
        let expression = Expression::compile(asked.field, asked.source, &origin).map_err(|error| error.to_string())?;
        let translated = self.decider.translate(facts, &facts.context);
        let mut env = Env::new(facts.principal, &translated);
        env.stopwatch = Some(self.decider.snapshot.stopwatch());
        env.world = Some(self.decider.snapshot.world());
        expression.eval_value(&env).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Decide for Trial<'_> {
    async fn flow(&self, _: Uuid, _: &Facts<'_>) -> Result<Verdict, PortError> {
        Ok(Verdict { passing: true, messages: Vec::new() })
    }

    async fn binding(&self, _: Uuid, _: &Facts<'_>) -> Result<Verdict, PortError> {
        Ok(Verdict { passing: true, messages: Vec::new() })
    }

    async fn policies(&self, _: &[Uuid], _: &Facts<'_>) -> Result<Verdict, PortError> {
        Ok(Verdict { passing: true, messages: Vec::new() })
    }

    fn strength(&self, field: &str, facts: &Facts<'_>) -> u8 {
        self.decider.strength(field, facts)
    }

    async fn expression(&self, asked: PromptExpression<'_>, facts: &Facts<'_>) -> Result<Value, PortError> {
        self.evaluate(asked, facts).map_err(|message| {
            let failed = PreviewError::Expression { field: asked.field, message: message.clone() };
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed);
            PortError(message)
        })
    }
}

/// A look at a prompt is no event.
struct Unheard;

#[async_trait]
impl lockgate_engine::ports::Events for Unheard {
    async fn record(&self, _: lockgate_engine::ports::Event, _: &RequestFacts) {}
}
