//! Recovery links: a token that was made for somebody leads into a recovery flow, once.

use super::{FlowAnswer, FlowOutcome, FlowRequest, FlowRunner};
use crate::tokens::NewToken;
use chrono::TimeDelta;
use lockgate_engine::{Context, Pending};
use lockgate_model::{User, kinds::FlowDesignation};
use lockgate_store::{StoreError, TokenIntent};

/// The parameter of a flow's address that holds the key.
const PARAMETER: &str = "flow_token";

impl FlowRunner<'_> {
    /// Makes a link that leads somebody into a recovery flow without asking who it is: path and query.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn recovery_link(
        &self,
        flow: &str,
        user: &User,
        life: Option<TimeDelta>,
        by: &User,
    ) -> Result<String, StoreError> {
        let core = self.core;
        let life = life.unwrap_or_else(|| core.tuning.token_life());
        let new = NewToken {
            identifier: format!("recovery-{}", crate::system::random_uuid(&*core.random).simple()),
            intent: TokenIntent::Recovery,
            user_pk: user.pk,
            description: format!("Recovery link, made by {}", by.username),
            expires: Some(core.clock.now() + life),
            expiring: true,
            managed: None,
        };
        let token = core.tokens.create(new, None).await?;
        let key = core.tokens.view_key(token.pk).await?;
        Ok(format!("/if/flow/{flow}/?{PARAMETER}={key}"))
    }

    /// Begins the flow that a recovery link leads to, and takes the link. Nothing when the request has none, or
    /// none that is still good: then the flow is what it is for everybody.
    pub(super) async fn restore(&self, request: FlowRequest<'_>) -> Result<Option<FlowAnswer>, StoreError> {
        let parameters: Vec<(String, String)> =
            url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
        let Some((_, key)) = parameters.iter().find(|(name, _)| name == PARAMETER) else { return Ok(None) };
        let flow = self.core.config.snapshot().flow(request.slug);
        if flow.is_none_or(|flow| flow.flow.designation != FlowDesignation::Recovery) {
            return Ok(None);
        }
        self.core.feed.trust().await?;
        let Some((token, who)) = self.core.tokens.authenticate(key, TokenIntent::Recovery).await? else {
            return Ok(None);
        };
        // Who deletes it has it; a link is good for one visit.
        if !self.core.tokens.delete(token.pk).await? {
            return Ok(None);
        }
        let rest = parameters.iter().filter(|(name, _)| name != PARAMETER);
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
        let pending = Some(Pending::vouched(&who.principal().user));
        let context = Context { pending, is_restored: true, ..Context::default() };
        let begun = self.begin(FlowRequest { query: &query, ..request }, context).await?;
        Ok(begun.map(|begun| FlowAnswer { set_session: begun.set_session, ..FlowAnswer::plain(FlowOutcome::Next) }))
    }
}
