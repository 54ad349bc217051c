//! A running plan, for administrators who look for what is wrong with a flow. Nothing is changed.

use super::{FlowRunner, session_data::SessionData};
use lockgate_engine::plan::MAX_AGE;
use lockgate_store::StoreError;
use serde_json::{Map, Value};
use std::net::IpAddr;
use uuid::Uuid;

/// Where a running plan stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Primary keys of the flow-stage bindings still to come; the first is the current one. Of those
    /// behind it some may be skipped when their turn comes.
    pub remaining: Vec<Uuid>,
    /// What the plan knows, under the names that expressions know. Without secrets.
    pub context: Map<String, Value>,
    /// The hash under which the session is stored: tells sessions apart, and opens none.
    pub session_id: String,
}

impl FlowRunner<'_> {
    /// The plan of this flow in the browser session of `user`, who asks from `ip`; `None` when none runs
    /// that the next step would go on with. A session in which nobody is signed in is anybody's who has
    /// its cookie; another user's is refused, whatever the cookie.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn inspect(
        &self,
        session_token: &str,
        slug: &str,
        user: i64,
        ip: IpAddr,
    ) -> Result<Option<Inspection>, StoreError> {
        let session = self.core.sessions.reload(session_token).await?;
        let own = session.filter(|s| s.user_pk.is_none_or(|pk| pk == user) && self.core.bound_here(s, ip));
        let Some(session) = own else { return Ok(None) };
        let now = self.core.clock.now();
        let plan = SessionData::read(&session.data).plan.filter(|plan| {
            plan.slug == slug && plan.subject == session.user_pk && now.signed_duration_since(plan.started) <= MAX_AGE
        });
        Ok(plan.map(|plan| Inspection {
            remaining: plan.remaining.iter().map(|planned| planned.binding).collect(),
            context: plan.context.to_map(),
            session_id: session.id_hash,
        }))
    }
}
