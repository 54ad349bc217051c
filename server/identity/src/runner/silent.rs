//! Going through a flow without showing anything: for those who may ask nobody (OpenID Connect Core,
//! section 3.1.2.1, `prompt=none`).

use super::{FlowRequest, FlowRunner, Visit};
use lockgate_engine::{Context, Effect, Outcome, Stage, Step};
use lockgate_store::StoreError;

/// What became of it. Nothing is stored, whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {
    /// There was nothing to ask.
    Passed,
    /// Something has to be shown: a challenge with this component, or empty for what cannot be done
    /// unseen.
    Asks(&'static str),
    /// The flow is not for this person, or says no.
    Refused,
}

impl FlowRunner<'_> {
    /// Whether the flow, begun with this context, would come to its end without asking anything.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn silently(&self, request: FlowRequest<'_>, context: Context) -> Result<Silent, StoreError> {
        let snapshot = self.core.config.snapshot();
        let Some(flow) = snapshot.flow(request.slug) else { return Ok(Silent::Refused) };
        if flow.stages.iter().any(|at| changes(&at.stage)) {
            return Ok(Silent::Asks(""));
        }
        let session = self.session(request.session_token).await?;
        let visit = Visit::new(self.core, &snapshot, request, session).await?;
        let step = visit
            .with_env(async |env| match lockgate_engine::start(&flow, env, "", context).await {
                Ok(mut plan) => lockgate_engine::challenge(&flow, &mut plan, env).await,
                Err(step) => *step,
            })
            .await;
        Ok(judge(&step))
    }
}

/// Stages that do something as soon as they are reached.
fn changes(stage: &Stage) -> bool {
    matches!(
        stage,
        Stage::UserLogin(_) | Stage::UserLogout(_) | Stage::UserWrite(_) | Stage::UserDelete(_) | Stage::Invitation(_)
    )
}

fn judge(step: &Step) -> Silent {
    let completed = step.effects.iter().any(|effect| matches!(effect, Effect::Completed { .. }));
    match &step.outcome {
        Outcome::Done { .. } if completed => Silent::Passed,
        Outcome::Challenge(challenge) => Silent::Asks(challenge.body.component()),
        Outcome::Done { .. } | Outcome::Next | Outcome::Switch { .. } => Silent::Asks(""),
        Outcome::Ended(_) => Silent::Refused,
    }
}
