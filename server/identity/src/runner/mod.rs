//! Runs the engine on browser sessions: reads the plan, takes the step, stores what came of it and
//! carries out its effects. Of two requests that come together one wins; the other is told to look again.

mod answer;
mod captcha_ports;
mod crowd;
pub(crate) mod decide;
mod duo_ports;
mod env;
mod factor_ports;
mod inspect;
mod mail_codes;
pub(crate) mod mail_ports;
mod passkey_ports;
pub(crate) mod ports;
mod preview;
pub mod recovery_key;
mod restore;
mod session_data;
mod settle;
mod silent;
mod sms_ports;
mod strength;

use crate::{Core, config::Snapshot, net::Client, principals::PrincipalEntry};
pub use answer::{FlowAnswer, FlowOutcome};
use chrono::TimeDelta;
pub use crowd::StepLimits;
use crowd::too_many;
pub(crate) use crowd::turns_for_steps;
pub use inspect::Inspection;
pub use lockgate_engine::ports::DuoProgress;
use lockgate_engine::{
    CompiledFlow, Context, Effect, Outcome, Passage, Plan, Proof, Response, Step, StepEnv, invitation_in_query,
    ports::{BrandFacts, RequestFacts},
};
use lockgate_model::kinds::FlowDesignation;
use lockgate_store::{Session, StoreError};
pub use preview::PreviewError;
use recovery_key::is_recovered;
pub use restore::{RecoveryLink, without_link};
use session_data::SessionData;
use settle::{Rotation, Stored};
pub use silent::Silent;
use std::sync::Arc;
pub use strength::{Weighed, Weighing};
use tracing::Instrument;

/// A session that ends when the browser closes ends here at the latest, unless the settings say otherwise.
const BROWSER_SESSION: TimeDelta = TimeDelta::days(1);

/// How often a step is taken again because another request changed the session meanwhile.
const TRIES: usize = 3;

/// A request to a flow.
#[derive(Debug, Clone, Copy)]
pub struct FlowRequest<'a> {
    /// The flow.
    pub slug: &'a str,
    /// The page's query string, without `?`.
    pub query: &'a str,
    /// Value of the session cookie.
    pub session_token: Option<&'a str>,
    /// What the browser remembers of second factors.
    pub mfa_token: Option<&'a str>,
    /// What the browser remembers of who has signed in in it.
    pub device_token: Option<&'a str>,
    /// Who asks.
    pub client: &'a Client,
    /// Identifier of the request, as in the log.
    pub request_id: &'a str,
    /// Path that was asked for.
    pub path: &'a str,
}

/// A cookie to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetSession {
    /// Value of the session cookie.
    pub token: String,
    /// Seconds that the browser may keep it; `None`: until it closes.
    pub max_age: Option<i64>,
}

/// Where a flow begins that somebody else asked for.
#[derive(Debug)]
pub struct Begun {
    /// Its page.
    pub location: String,
    /// The session's identifier, if it is new.
    pub set_session: Option<SetSession>,
    /// Whether the flow is for this person. Otherwise there is no plan, and the page says so.
    pub admitted: bool,
}

enum Ask {
    Show,
    Respond(Response),
}

/// The runner.
#[derive(Clone, Copy)]
pub struct FlowRunner<'a> {
    pub(crate) core: &'a Core,
}

impl FlowRunner<'_> {
    /// The current challenge; starts the flow when the session runs another one, or none.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, request: FlowRequest<'_>) -> Result<FlowAnswer, StoreError> {
        let Some(_turn) = self.turn(request).await else { return Ok(too_many()) };
        if let Some(answer) = Box::pin(self.offer(request)).await? {
            return Ok(answer);
        }
        Box::pin(self.run(request, &Ask::Show)).instrument(step(request, "show")).await
    }

    /// Takes a response.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn post(&self, request: FlowRequest<'_>, response: Response) -> Result<FlowAnswer, StoreError> {
        if let Some(answer) = self.turned_away(request, &response) {
            return Ok(answer);
        }
        let Some(_turn) = self.turn(request).await else { return Ok(too_many()) };
        if let Some(answer) = Box::pin(self.go_on(request, &response)).await? {
            return Ok(answer);
        }
        Box::pin(self.run(request, &Ask::Respond(response))).instrument(step(request, "respond")).await
    }

    async fn run(&self, request: FlowRequest<'_>, ask: &Ask) -> Result<FlowAnswer, StoreError> {
        let snapshot = self.core.config.snapshot();
        let Some(flow) = snapshot.flow(request.slug) else { return Ok(FlowAnswer::plain(FlowOutcome::NotFound)) };
        for attempt in 0..TRIES {
            let session = self.session(request.session_token).await?;
            if session.is_none()
                && attempt == 0
                && let Some(answer) = self.may_not_begin(request)
            {
                return Ok(answer);
            }
            let visit = Visit::new(self.core, &snapshot, request, session).await?;
            if let Some(answer) = Box::pin(visit.step(&flow, ask)).await? {
                return Ok(answer);
            }
            if matches!(ask, Ask::Respond(_)) {
                // The other request may have taken this very response: look before answering twice.
                return Ok(FlowAnswer::plain(FlowOutcome::Next));
            }
        }
        Ok(FlowAnswer::plain(FlowOutcome::Next))
    }

    async fn session(&self, token: Option<&str>) -> Result<Option<Session>, StoreError> {
        match token {
            Some(token) => self.core.sessions.reload(token).await,
            None => Ok(None),
        }
    }

    /// Plans a flow with a context, for somebody who needs it gone through: the way of authorization
    /// and sign-out. `context.ticket` comes back through [`Self::take_ticket`].
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn begin(&self, request: FlowRequest<'_>, context: Context) -> Result<Option<Begun>, StoreError> {
        let snapshot = self.core.config.snapshot();
        let Some(flow) = snapshot.flow(request.slug) else { return Ok(None) };
        for attempt in 0..TRIES {
            let session = self.session(request.session_token).await?;
            // The flow's own page says so.
            if session.is_none() && attempt == 0 && self.may_not_begin(request).is_some() {
                return Ok(None);
            }
            let visit = Visit::new(self.core, &snapshot, request, session).await?;
            if let Some((set_session, admitted)) = Box::pin(visit.begin(&flow, context.clone())).await? {
                let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
                let location = format!("/if/flow/{}/{query}", request.slug);
                return Ok(Some(Begun { location, set_session, admitted }));
            }
        }
        Ok(None)
    }

    /// Whether the flow that was begun with this ticket was gone through in this session; true once.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn take_ticket(&self, session_token: &str, ticket: &str) -> Result<bool, StoreError> {
        Ok(self.take_first(session_token, &[ticket]).await?.is_some())
    }

    /// The first of these tickets that there is in this session, with what happened on the way through its
    /// flow, and takes it; see [`Self::take_ticket`].
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn take_first(
        &self,
        session_token: &str,
        tickets: &[&str],
    ) -> Result<Option<(usize, Passage)>, StoreError> {
        let Some(session) = self.core.sessions.reload(session_token).await? else { return Ok(None) };
        let mut data = SessionData::read(&session.data);
        let now = self.core.clock.now();
        let found = tickets.iter().enumerate().find_map(|(at, ticket)| Some((at, data.take(ticket, now)?)));
        let Some(found) = found else { return Ok(None) };
        // Only who stores the session without the ticket has taken it.
        Ok(self.core.sessions.save(&session, &data.write()).await?.then_some(found))
    }

    /// Whether that ticket lies ready; it stays there.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn has_ticket(&self, session_token: &str, ticket: &str) -> Result<bool, StoreError> {
        let session = self.core.sessions.reload(session_token).await?;
        let now = self.core.clock.now();
        Ok(session.is_some_and(|session| SessionData::read(&session.data).has(ticket, now)))
    }

    /// Drops the running flow.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn cancel(&self, session_token: &str) -> Result<(), StoreError> {
        if let Some(session) = self.core.sessions.reload(session_token).await? {
            let mut data = SessionData::read(&session.data);
            data.plan = None;
            self.core.sessions.save(&session, &data.write()).await?;
        }
        Ok(())
    }

    /// Drops the running flow because somebody does not want to go on, and answers where that leads.
    /// Whoever began the flow finds the ticket that it named for this.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn give_up(&self, session_token: &str) -> Result<Option<String>, StoreError> {
        let Some(session) = self.core.sessions.reload(session_token).await? else { return Ok(None) };
        let mut data = SessionData::read(&session.data);
        let given_up = data.plan.take().and_then(|plan| Some((plan.context.cancel?, plan.context.redirect?)));
        let now = self.core.clock.now();
        given_up.iter().for_each(|(ticket, _)| data.leave(ticket.clone(), Passage::default(), now));
        let saved = self.core.sessions.save(&session, &data.write()).await?;
        Ok(given_up.filter(|_| saved).map(|(_, to)| to))
    }
}

/// One request to a flow, with everything that is known about it.
struct Visit<'a> {
    core: &'a Core,
    snapshot: &'a Arc<Snapshot>,
    client: &'a Client,
    query: &'a str,
    mfa_token: Option<&'a str>,
    device_token: Option<&'a str>,
    session: Option<Session>,
    who: Option<Arc<PrincipalEntry>>,
    facts: RequestFacts,
    brand: BrandFacts,
    setup_open: bool,
}

impl<'a> Visit<'a> {
    async fn new(
        core: &'a Core,
        snapshot: &'a Arc<Snapshot>,
        request: FlowRequest<'a>,
        session: Option<Session>,
    ) -> Result<Self, StoreError> {
        let session = session.filter(|s| core.bound_here(s, request.client.ip));
        let who = match session.as_ref().and_then(|s| s.user_pk) {
            Some(pk) => core.principals.get(pk).await?.filter(|p| p.principal().user.is_active),
            None => None,
        };
        let now = core.clock.now();
        let reader = who.as_ref().map(|who| &who.principal().user);
        let facts = RequestFacts {
            id: request.request_id.to_owned(),
            ip: request.client.ip,
            host: request.client.host.clone(),
            path: request.path.to_owned(),
            method: String::new(),
            user_agent: request.client.user_agent.clone(),
            now,
            from_outpost: false,
            mfa: session.as_ref().is_some_and(crate::sessions::has_mfa),
            language: snapshot.language(&request.client.host, reader, &request.client.languages),
        };
        let brand = snapshot.brand_facts(&request.client.host);
        let setup_open = core.setup_open().await?;
        Ok(Self {
            core,
            snapshot,
            client: request.client,
            query: request.query,
            mfa_token: request.mfa_token,
            device_token: request.device_token,
            session,
            who,
            facts,
            brand,
            setup_open,
        })
    }

    fn data(&self) -> SessionData {
        self.session.as_ref().map(|s| SessionData::read(&s.data)).unwrap_or_default()
    }

    /// Takes the step and stores it; `None` when another request changed the session meanwhile.
    async fn step(self, flow: &CompiledFlow, ask: &Ask) -> Result<Option<FlowAnswer>, StoreError> {
        let mut data = self.data();
        let same_way = |plan: &Plan| plan.slug == flow.flow.slug && !is_invited_anew(plan, self.query);
        let running = data.plan.take().filter(same_way);
        let context = match &running {
            None => self.opening(flow).await?,
            Some(_) => Context::default(),
        };
        let taken = self.with_env(async |env| take(flow, running, context, self.query, ask, env).await);
        let (plan, step) = Box::pin(taken).await;
        data.plan = plan.filter(|_| step.outcome.keeps_plan());
        if let Outcome::Switch { flow: id, query, context, .. } = &step.outcome
            && let Some(next) = self.snapshot.flow_by_id(*id)
        {
            let begun =
                self.with_env(async |env| lockgate_engine::start(&next, env, query, (**context).clone()).await).await;
            data.plan = begun.ok();
        }
        Box::pin(self.conclude(data, step)).await
    }

    /// What a flow begins with that nobody prepared: one that signs out has to tell the applications, and one for
    /// one's own settings may ask again for a proof of who that is.
    async fn opening(&self, flow: &CompiledFlow) -> Result<Context, StoreError> {
        let signed_in = self.session.as_ref().filter(|session| session.user_pk.is_some() && flow.signs_out());
        let logout_urls = match signed_in {
            Some(session) => self.core.logout_urls(self.snapshot, session.uuid, None).await?,
            None => Vec::new(),
        };
        let own = matches!(flow.flow.designation, FlowDesignation::StageConfiguration | FlowDesignation::Unenrollment);
        let proof = if own { self.proof().await? } else { None };
        Ok(Context { logout_urls, proof, ..Context::default() })
    }

    /// What somebody who is signed in can show again before they change what they sign in with.
    async fn proof(&self) -> Result<Option<Proof>, StoreError> {
        let (Some(session), Some(who)) = (&self.session, &self.who) else { return Ok(None) };
        let user = &who.principal().user;
        if is_recovered(session, user, self.facts.now) {
            return Ok(Some(Proof::Nothing));
        }
        let has_password = self.core.store.users().password_hash(user.pk).await?.is_some();
        Ok(Some(if has_password { Proof::Password } else { Proof::Factor }))
    }

    /// Plans a flow and stores the plan; `None` when another request changed the session meanwhile, else
    /// the session if it is new, and whether the flow is for this person.
    async fn begin(
        self,
        flow: &CompiledFlow,
        context: Context,
    ) -> Result<Option<(Option<SetSession>, bool)>, StoreError> {
        let mut data = self.data();
        let begun = self.with_env(async |env| lockgate_engine::start(flow, env, self.query, context).await).await;
        // A flow that is not for this person says so on its own page.
        data.plan = begun.ok();
        let admitted = data.plan.is_some();
        match &self.session {
            Some(session) => Ok(self.core.sessions.save(session, &data.write()).await?.then_some((None, admitted))),
            None => {
                let new = self.core.sessions.create_anonymous(self.client, data.write()).await?;
                Ok(Some((Some(SetSession { token: new.token, max_age: new.max_age }), admitted)))
            }
        }
    }

    async fn conclude(self, mut data: SessionData, step: Step) -> Result<Option<FlowAnswer>, StoreError> {
        let mut login = None;
        let mut logout = false;
        let mut rotate = None;
        let mut left = None;
        let mut set_mfa = None;
        for effect in step.effects {
            match effect {
                Effect::Login(effect) => login = Some(effect),
                Effect::Logout => logout = true,
                Effect::UserWritten { user, password_changed: true, keep_other_sessions, .. } => {
                    rotate = Some(Rotation { user, keep_others: keep_other_sessions });
                }
                Effect::UserWritten { .. } => {}
                Effect::Remember { user, stage, lasting } => {
                    let token = self.core.remember_factor(self.mfa_token, user, stage);
                    set_mfa = token.map(|token| SetSession { token, max_age: Some(lasting.num_seconds()) });
                }
                Effect::Completed { ticket, passage, designation, application, .. } => {
                    ticket.into_iter().for_each(|ticket| data.leave(ticket, passage.clone(), self.facts.now));
                    left = application.filter(|_| designation == FlowDesignation::Invalidation);
                }
            }
        }
        // A flow that leaves the login as it is ends it at this application alone: before the plan is gone,
        // so that who is told of a failure can try again.
        if let (Some(app), Some(session), false) = (left, &self.session, logout)
            && let Some(client) = self.snapshot.app(&app.slug).and_then(|app| app.client.as_ref())
        {
            self.core.leave(session, client).await?;
        }
        let mut set_device = None;
        let stored = if let Some(login) = login {
            let lasting = login.remember_device;
            let remembers = (lasting > TimeDelta::zero())
                .then(|| self.core.remember_device(self.device_token, login.user, lasting))
                .flatten();
            set_device = remembers.map(|token| SetSession { token, max_age: Some(lasting.num_seconds()) });
            self.login(*login, &data).await?
        } else if logout {
            self.logout(&data).await?
        } else {
            self.keep(rotate, &data).await?
        };
        let Some(stored) = stored else { return Ok(None) };
        let outcome = match step.outcome.into_challenge() {
            Some(challenge) => FlowOutcome::Challenge(Box::new(challenge)),
            None => FlowOutcome::Next,
        };
        let (set_session, clear_session) = match stored {
            Stored::Same => (None, false),
            Stored::New(new) => (Some(SetSession { token: new.token, max_age: new.max_age }), false),
            Stored::Gone => (None, true),
        };
        let (retry_after, language) = (step.retry_after, self.facts.language);
        Ok(Some(FlowAnswer { outcome, set_session, set_mfa, set_device, clear_session, retry_after, language }))
    }
}

/// Whether somebody comes with another invitation than the one that the plan began with.
fn is_invited_anew(plan: &Plan, query: &str) -> bool {
    let invited = invitation_in_query(query);
    invited.is_some() && invited != invitation_in_query(&plan.query)
}

async fn take(
    flow: &CompiledFlow,
    running: Option<Plan>,
    context: Context,
    query: &str,
    ask: &Ask,
    env: &StepEnv<'_>,
) -> (Option<Plan>, Step) {
    let mut plan = match running {
        Some(plan) => plan,
        None => match lockgate_engine::start(flow, env, query, context).await {
            Ok(plan) => plan,
            Err(step) => return (None, *step),
        },
    };
    let step = match ask {
        Ask::Respond(response) => lockgate_engine::respond(flow, &mut plan, response, env).await,
        Ask::Show => lockgate_engine::challenge(flow, &mut plan, env).await,
    };
    (Some(plan), step)
}

/// A step of a flow in the trace of a request.
fn step(request: FlowRequest<'_>, what: &'static str) -> tracing::Span {
    tracing::trace_span!(target: "lockgate::trace", "flow step", flow = request.slug, what)
}
