//! Links that lead into a flow, or back into one: those of mails, and recovery links that an administrator makes.
//!
//! Who opens one is asked to go on, and nothing happens until they do: programs open the links of mails before people
//! do. Going on takes the link, once.

use super::{Ask, FlowAnswer, FlowOutcome, FlowRequest, FlowRunner, TRIES, Visit};
use crate::{mail::Letter, mail::Template, tokens::NewToken};
use chrono::TimeDelta;
use lockgate_engine::{Body, CompiledFlow, Context, Pending, Plan, Response, ResponseErrors, Standing};
use lockgate_model::{User, kinds::FlowDesignation};
use lockgate_store::{FlowToken, StoreError, Token, TokenIntent};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The parameter of a flow's address that holds the key.
const LINK_PARAMETER: &str = "flow_token";

/// The longest key that is looked up.
const LONGEST_KEY: usize = 512;

/// What is kept for whoever opens a link from a mail.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The address that it went to.
    pub(super) email: String,
    /// What they go on with.
    pub(super) plan: Plan,
}

/// What a key leads to.
enum Link {
    /// Into a recovery flow: a token that somebody made.
    Recovery(Token),
    /// Back into a flow: a mail that a stage has sent.
    Back(FlowToken, Box<Plan>),
}

/// A key that leads somewhere, and for whom.
struct Found {
    key: String,
    link: Link,
    user: User,
}

/// How long a recovery link lasts, and who makes it.
#[derive(Debug, Clone, Copy)]
pub struct RecoveryLink<'a> {
    /// Slug of the flow.
    pub flow: &'a str,
    /// Whom it lets in.
    pub user: &'a User,
    /// How long; as long as other tokens unless given.
    pub life: Option<TimeDelta>,
    /// Who makes it.
    pub by: &'a User,
}

impl FlowRunner<'_> {
    /// Makes a link that leads somebody into a recovery flow without asking who it is: path and query.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn recovery_link(&self, link: RecoveryLink<'_>) -> Result<String, StoreError> {
        let key = self.core.tokens.new_key();
        self.core.tokens.create(self.recovery_token(link), Some(&key)).await?;
        Ok(path(link.flow, &key))
    }

    /// As [`Self::recovery_link`], and sends it: the mail is made of path and query, and how long they lead anywhere.
    ///
    /// # Errors
    /// Whatever the database answers, or what makes the mail.
    pub async fn mail_recovery_link<E: From<StoreError>>(
        &self,
        link: RecoveryLink<'_>,
        (template, stage): (Template, Uuid),
        letter: impl FnOnce(&str, TimeDelta) -> Result<Letter, E>,
    ) -> Result<(), E> {
        let key = self.core.tokens.new_key();
        let life = link.life.unwrap_or_else(|| self.core.tuning.token_life());
        let letter = letter(&path(link.flow, &key), life)?;
        let task = self.core.mail_task(template, letter, Some(stage))?;
        self.core.tokens.create_and_ask(self.recovery_token(link), Some(&key), &[task]).await?;
        self.core.feed.settle().await;
        Ok(())
    }

    fn recovery_token(&self, link: RecoveryLink<'_>) -> NewToken {
        let core = self.core;
        let life = link.life.unwrap_or_else(|| core.tuning.token_life());
        NewToken {
            identifier: format!("recovery-{}", crate::system::random_uuid(&*core.random).simple()),
            intent: TokenIntent::Recovery,
            user_pk: link.user.pk,
            description: format!("Recovery link, made by {}", link.by.username),
            expires: Some(core.clock.now() + life),
            expiring: true,
            managed: None,
        }
    }

    /// Asks whoever opened a link whether to go on. Nothing when the request has none; where its link leads nowhere,
    /// the flow as it is for everybody, which says so.
    pub(super) async fn offer(&self, request: FlowRequest<'_>) -> Result<Option<FlowAnswer>, StoreError> {
        let Some(key) = key(request.query) else { return Ok(None) };
        let snapshot = self.core.config.snapshot();
        let Some(flow) = snapshot.flow(request.slug) else { return Ok(None) };
        let Some(found) = self.find(&flow, key).await? else { return Ok(Some(self.dead(request).await?)) };
        let session = self.session(request.session_token).await?;
        let mut answer = FlowAnswer::plain(FlowOutcome::Next);
        let has_session = session.is_some();
        if !has_session && let Some(answer) = self.may_not_begin(request) {
            return Ok(Some(answer));
        }
        let visit = Visit::new(self.core, &snapshot, request, session).await?;
        answer.language = visit.facts.language;
        let pending = Pending::vouched(&found.user);
        let asked = visit.with_env(async |env| lockgate_engine::offer(&flow, env, pending)).await;
        answer.outcome = FlowOutcome::Challenge(asked);
        if !has_session {
            // The answer has to be proven to be meant, by the session that the page was shown in.
            let new = self.core.sessions.create_anonymous(request.client, Value::Null.into()).await?;
            answer.set_session = Some(super::SetSession { token: new.token, max_age: new.max_age });
        }
        Ok(Some(answer))
    }

    /// Goes on with what a link leads to, and takes the link. Nothing when the request has none, or answers something
    /// else.
    pub(super) async fn go_on(
        &self,
        request: FlowRequest<'_>,
        response: &Response,
    ) -> Result<Option<FlowAnswer>, StoreError> {
        let Some(key) = key(request.query).filter(|_| answers_offer(response)) else { return Ok(None) };
        let snapshot = self.core.config.snapshot();
        let Some(flow) = snapshot.flow(request.slug) else { return Ok(None) };
        let Some(Found { key, link, user }) = self.find(&flow, key).await? else { return Ok(None) };
        let query = without_link(request.query);
        let request = FlowRequest { query: &query, ..request };
        match link {
            Link::Recovery(token) => {
                // Who deletes it has it.
                if !self.core.tokens.delete(token.pk).await? {
                    return Ok(Some(self.dead(request).await?));
                }
                let context =
                    Context { pending: Some(Pending::vouched(&user)), is_restored: true, ..Context::default() };
                let begun = self.begin(request, context).await?;
                let next = |set_session| FlowAnswer { set_session, ..FlowAnswer::plain(FlowOutcome::Next) };
                Ok(begun.map(|begun| next(begun.set_session)))
            }
            Link::Back(token, plan) => {
                if !self.core.store.flow_tokens().take(&key, &token, self.core.clock.now()).await? {
                    return Ok(Some(self.dead(request).await?));
                }
                self.back(request, &flow, &plan).await.map(Some)
            }
        }
    }

    async fn back(&self, request: FlowRequest<'_>, flow: &CompiledFlow, plan: &Plan) -> Result<FlowAnswer, StoreError> {
        let snapshot = self.core.config.snapshot();
        for _ in 0..TRIES {
            let session = self.session(request.session_token).await?;
            let visit = Visit::new(self.core, &snapshot, request, session).await?;
            let mut data = visit.data();
            let mut plan = plan.clone();
            let step = visit.with_env(async |env| lockgate_engine::resume(flow, &mut plan, env).await).await;
            data.plan = Some(plan).filter(|_| step.outcome.keeps_plan());
            if let Some(answer) = Box::pin(visit.conclude(data, step)).await? {
                return Ok(answer);
            }
        }
        Ok(FlowAnswer::plain(FlowOutcome::Next))
    }

    /// What a key leads to, as long as it does.
    async fn find(&self, flow: &CompiledFlow, key: String) -> Result<Option<Found>, StoreError> {
        let core = self.core;
        let recovery = flow.flow.designation == FlowDesignation::Recovery;
        core.feed.trust().await?;
        if recovery && let Some((token, who)) = core.tokens.authenticate(&key, TokenIntent::Recovery).await? {
            let user = who.principal().user.clone();
            return Ok(Some(Found { key, link: Link::Recovery(token), user }));
        }
        let Some(token) = core.store.flow_tokens().find(&key, core.clock.now()).await? else { return Ok(None) };
        // What another release has written and this one cannot read leads nowhere.
        let Ok(Kept { email, plan }) = serde_json::from_slice::<Kept>(&token.content) else { return Ok(None) };
        let Some(user) = core.store.users().get(token.user_pk).await? else { return Ok(None) };
        let made_here = plan.context.pending.as_ref().is_some_and(|pending| pending.standing == Standing::Created);
        let good = plan.flow == flow.id
            && (user.is_active || made_here)
            // It was meant for who reads that address, and that is somebody else now.
            && user.email == email
            // Somebody has got back in meanwhile.
            && !(recovery && user.password_change_date > token.created);
        Ok(good.then(|| Found { key, link: Link::Back(token, Box::new(plan)), user }))
    }

    /// The flow as it is for everybody, with a word on the link, unless it is known to be used: by this very session.
    async fn dead(&self, request: FlowRequest<'_>) -> Result<FlowAnswer, StoreError> {
        let session = self.session(request.session_token).await?;
        let running = session.and_then(|session| super::SessionData::read(&session.data).plan);
        let used_here = running.is_some_and(|plan| plan.slug == request.slug && plan.context.is_restored);
        let mut answer = Box::pin(self.run(request, &Ask::Show)).await?;
        if let FlowOutcome::Challenge(challenge) = &mut answer.outcome
            && !used_here
            && !matches!(challenge.body, Body::Redirect(_))
        {
            let text = answer.language.told("This link was used already, or has expired.");
            challenge.response_errors.add(ResponseErrors::GENERAL, "link-expired", text);
        }
        Ok(answer)
    }
}

fn path(flow: &str, key: &str) -> String {
    format!("/if/flow/{flow}/?{LINK_PARAMETER}={key}")
}

/// The key in a query string, if it can be one.
fn key(query: &str) -> Option<String> {
    let (_, key) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == LINK_PARAMETER)?;
    (!key.is_empty() && key.len() <= LONGEST_KEY).then(|| key.into_owned())
}

/// A query string without the key of a link, which is nobody's business once it is used.
#[must_use]
pub fn without_link(query: &str) -> String {
    let rest = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != LINK_PARAMETER);
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish()
}

fn answers_offer(response: &Response) -> bool {
    response.component.as_deref().is_none_or(|component| component == "ak-stage-email")
}
