//! A new password while it is typed: how strong it is, and what the policies that will judge it have to say already.
//! Nothing of it is kept, and nobody else is asked: what only others know is found out when it is sent.

use super::{FlowRequest, FlowRunner, Visit, decide::Judge, is_invited_anew};
use crate::{Core, config::Snapshot};
use async_trait::async_trait;
pub use lockgate_engine::Weighed;
use lockgate_engine::{Response, ports::PortError};
use lockgate_model::Principal;
use lockgate_policies::{Decision, Evidence, Facts, History, PasswordFacts, PasswordWant, Resource, Wants};
use lockgate_store::StoreError;
use std::time::Duration;
use uuid::Uuid;

/// What comes of a password that somebody types.
#[derive(Debug)]
pub enum Weighing {
    /// This.
    Done(Weighed),
    /// No new password is asked for there now.
    NotAsked,
    /// There were too many; come back after this time.
    TooMany(Duration),
    /// It could not be judged; the log has why.
    Failed,
}

impl FlowRunner<'_> {
    /// Judges what is typed into a field of the prompt that the session's flow is at. The flow stays where it is.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn weigh(
        &self,
        request: FlowRequest<'_>,
        field: &str,
        response: &Response,
    ) -> Result<Weighing, StoreError> {
        let snapshot = self.core.config.snapshot();
        let session = self.session(request.session_token).await?;
        let (Some(flow), Some(session)) = (snapshot.flow(request.slug), session) else {
            return Ok(Weighing::NotAsked);
        };
        if let Err(wait) = self.core.weighings.count(&session.uuid) {
            return Ok(Weighing::TooMany(wait));
        }
        let visit = Visit::new(self.core, &snapshot, request, Some(session)).await?;
        let same_way =
            |plan: &lockgate_engine::Plan| plan.slug == flow.flow.slug && !is_invited_anew(plan, visit.query);
        let Some(mut plan) = visit.data().plan.filter(same_way) else { return Ok(Weighing::NotAsked) };
        let weighed = visit
            .with_judge(&AtOnce(self.core), async |env| {
                lockgate_engine::weigh(&flow, &mut plan, field, response, env).await
            })
            .await;
        Ok(match weighed {
            Ok(Some(weighed)) => {
                let told = |text: &String| visit.facts.language.told(text).into_owned();
                let messages = weighed.messages.iter().map(told).collect();
                Weighing::Done(Weighed { messages, ..weighed })
            }
            Ok(None) => Weighing::NotAsked,
            Err(error) => {
                tracing::warn!(flow = request.slug, %error, "a password could not be judged while it was typed");
                Weighing::Failed
            }
        })
    }
}

/// Puts questions to the policies as at any other time, but for what takes long or needs somebody else.
struct AtOnce<'a>(&'a Core);

#[async_trait]
impl Judge for AtOnce<'_> {
    async fn decide(
        &self,
        snapshot: &Snapshot,
        resource: Resource<'_>,
        who: Option<&Principal>,
        facts: &Facts<'_>,
    ) -> Result<Decision, PortError> {
        self.0.decide(snapshot, resource, who, facts).await
    }

    async fn condition(
        &self,
        snapshot: &Snapshot,
        policy: Uuid,
        resource: Resource<'_>,
        who: Option<&Principal>,
        facts: &Facts<'_>,
    ) -> Result<bool, PortError> {
        self.0.condition(snapshot, policy, resource, who, facts).await
    }

    async fn fetch(&self, wants: &Wants, who: Option<&Principal>, facts: &Facts<'_>) -> Evidence {
        let local = self.0.access.fetcher.pwned.is_local();
        let at_once = |want: &PasswordWant| PasswordWant { history: 0, leaked: want.leaked && local, ..want.clone() };
        let passwords = wants.passwords.iter().map(at_once).filter(|want| want.leaked).collect();
        let mut evidence = self.0.fetch(&Wants { passwords, ..wants.clone() }, who, facts).await;
        for want in &wants.passwords {
            // As good as it can be, until it is sent.
            let leaked =
                if local { evidence.passwords.get(&want.field).and_then(|known| known.leaked) } else { Some(0) };
            let known = PasswordFacts { leaked, history: Some(History::New) };
            evidence.passwords.insert(want.field.clone(), known);
        }
        evidence
    }
}
