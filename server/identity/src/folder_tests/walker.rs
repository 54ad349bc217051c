//! Goes through a flow as a browser would, with the engine that serves flows, and remembers the stages that it came
//! by. What is answered, and whether what happens is as it should be, is for whoever leads it.

use super::{
    invitations::KEY,
    trail::{Leg, Trail},
    world::World,
};
use crate::{runner::decide::Decider, sessions::methods_by};
use lockgate_engine::{
    AppContext, Body, Challenge, CompiledFlow, ConsentRequest, Context, Effect, LoginEffect, Outcome, Plan, Response,
    Step, StepEnv,
    challenge::Permission,
    ports::{BrandFacts, RequestFacts},
};
use lockgate_flows::test_document::stage_word;
use lockgate_model::Principal;
use lockgate_policies::Login;
use serde_json::{Map, Value, json};
use std::sync::{Arc, PoisonError};
use url::form_urlencoded::Serializer;
use uuid::Uuid;

/// Pages that follow each other without a question, at most: more is a loop.
const MOST_MOVES: usize = 64;

/// Another flow that takes over.
#[derive(Debug)]
pub(crate) struct Switch {
    /// Its page.
    pub(crate) to: String,
    /// Its slug.
    pub(crate) slug: String,
    flow: Uuid,
    query: String,
    context: Box<Context>,
}

/// What the person sees.
#[derive(Debug)]
pub(crate) enum Page {
    /// A stage asks.
    Asks(Box<Challenge>),
    /// Another flow takes over.
    Leads(Switch),
    /// Gone through to the end; leads there.
    Done(String),
    /// A stage leads elsewhere.
    Redirect(String),
    /// The last page: signed out, denied.
    Last(Box<Challenge>),
    /// Something broke.
    Broken(String),
}

/// Who sets out, and from where.
pub(crate) struct Start<'a> {
    /// Slug of the flow.
    pub(crate) flow: &'a str,
    /// What is known of every request; its path and method are those of the page.
    pub(crate) request: RequestFacts,
    /// Who is signed in.
    pub(crate) session: Option<Principal>,
    /// How they proved who they are, where that is known.
    pub(crate) login: Option<Login>,
    /// Nobody administers this installation yet.
    pub(crate) setup_open: bool,
}

/// Somebody on the way through a flow.
pub(crate) struct Walker<'a> {
    world: &'a World<'a>,
    /// The stages that were come by.
    pub(crate) trail: Trail,
    /// The flow that is gone through now.
    pub(crate) flow: Option<Arc<CompiledFlow>>,
    plan: Option<Plan>,
    request: RequestFacts,
    session: Option<Principal>,
    login: Option<Login>,
    setup_open: bool,
    /// The last login on the way, unless somebody signed out after it.
    pub(crate) signed_in: Option<Box<LoginEffect>>,
    /// Somebody signed out on the way, and nobody in after it.
    pub(crate) signed_out: bool,
    /// Gone through to its end, and whom it was about.
    pub(crate) completed: Option<Option<i64>>,
    /// The account that was written last.
    pub(crate) written: Option<i64>,
    moves: usize,
    /// What is answered is the mail: its link is opened.
    opens_link: bool,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(world: &'a World<'a>, start: Start<'_>) -> Self {
        Self {
            world,
            trail: Trail::default(),
            flow: world.snapshot.flow(start.flow),
            plan: None,
            request: start.request,
            session: start.session,
            login: start.login,
            setup_open: start.setup_open,
            signed_in: None,
            signed_out: false,
            completed: None,
            written: None,
            moves: 0,
            opens_link: false,
        }
    }

    /// Opens the flow's page: on the way to an application, and to an address, where there are some.
    pub(crate) async fn set_out(&mut self, app: Option<&str>, next: Option<&str>) -> Page {
        let invitation = self.world.invitation.is_some().then(|| KEY.to_string());
        let pairs = [("next", next), ("itoken", invitation.as_deref())];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.begin(&query, self.context(app)).await
    }

    /// What whoever sends people here knows.
    fn context(&self, app: Option<&str>) -> Context {
        let Some(app) = app.and_then(|slug| self.world.snapshot.app(slug)) else { return Context::default() };
        let permissions = app.client.iter().flat_map(|client| client.mappings_of(&client.scopes));
        let permissions = permissions
            .filter(|mapping| !mapping.description.is_empty())
            .map(|mapping| Permission { name: mapping.description.clone(), id: mapping.scope.clone() });
        Context {
            consent: Some(ConsentRequest { permissions: permissions.collect(), ..ConsentRequest::default() }),
            application: Some(AppContext {
                pk: app.id,
                slug: app.application.slug.clone(),
                name: app.application.name.clone(),
                launch_url: app.application.meta_launch_url.clone(),
            }),
            ..Context::default()
        }
    }

    /// Lets the engine do something.
    async fn with_env<T>(&self, method: &str, work: impl AsyncFnOnce(&StepEnv<'_>) -> T) -> T {
        let slug = self.flow.as_ref().map_or("", |flow| flow.flow.slug.as_str());
        let (path, method) = (format!("/if/flow/{slug}/"), method.to_owned());
        let request = RequestFacts { path, method, ..self.request.clone() };
        let brand: BrandFacts = self.world.snapshot.brand_facts(&request.host);
        let (judge, snapshot) = (self.world, self.world.snapshot);
        let decider = Decider { judge, snapshot, setup_open: self.setup_open, login: self.login.clone() };
        let env = StepEnv {
            directory: self.world,
            credentials: self.world,
            factors: self.world,
            passkeys: self.world,
            captchas: self.world,
            consents: self.world,
            invitations: self.world,
            mail: self.world,
            sms: self.world,
            duo: self.world,
            decide: &decider,
            events: self.world,
            random: self.world,
            request: &request,
            brand: &brand,
            session: self.session.as_ref(),
        };
        work(&env).await
    }

    async fn begin(&mut self, query: &str, context: Context) -> Page {
        let Some(flow) = self.flow.clone() else { return Page::Broken("the flow is gone".to_owned()) };
        let begun = self.with_env("GET", async |env| lockgate_engine::start(&flow, env, query, context).await).await;
        match begun {
            Ok(plan) => {
                self.trail.planned(&flow, &plan);
                self.plan = Some(plan);
                let step = self.take(None).await;
                self.arrive(step).await
            }
            Err(step) => {
                self.plan = None;
                self.arrive(*step).await
            }
        }
    }

    /// Goes on to the flow that takes over.
    pub(crate) async fn follow(&mut self, page: Page) -> Page {
        let Page::Leads(Switch { flow, query, context, .. }) = page else { return page };
        self.flow = self.world.snapshot.flow_by_id(flow);
        self.completed = None;
        self.begin(&query, *context).await
    }

    /// Answers a page.
    pub(crate) async fn answer(&mut self, asked: &Challenge, mut fields: Map<String, Value>) -> Page {
        if let Body::Consent(consent) = &asked.body {
            // Only the page knows it.
            fields.entry("token").or_insert_with(|| json!(consent.token));
        }
        self.opens_link = matches!(asked.body, Body::Email(_));
        let answered = self.take(Some(&Response { component: None, fields })).await;
        self.opens_link = false;
        self.arrive(answered).await
    }

    /// One request: looks, or answers.
    async fn take(&mut self, response: Option<&Response>) -> Step {
        let nothing = || Step { outcome: Outcome::Next, effects: Vec::new(), retry_after: None };
        let (Some(flow), Some(mut plan)) = (self.flow.clone(), self.plan.take()) else { return nothing() };
        let opens_link = self.opens_link;
        let before: Vec<Uuid> = plan.remaining.iter().map(|stage| stage.binding).collect();
        let method = if response.is_some() { "POST" } else { "GET" };
        let step = self
            .with_env(method, async |env| match response {
                Some(_) if opens_link => lockgate_engine::resume(&flow, &mut plan, env).await,
                Some(response) => lockgate_engine::respond(&flow, &mut plan, response, env).await,
                None => lockgate_engine::challenge(&flow, &mut plan, env).await,
            })
            .await;
        self.touch(&before, &plan);
        let (world, answer) = (self.world, response);
        self.trail.went(&Leg { world, flow: &flow, before: &before, plan: &plan, answer, step: &step });
        self.plan = Some(plan);
        step
    }

    /// The stages that were left behind, and the one that was come to.
    fn touch(&self, before: &[Uuid], plan: &Plan) {
        let mut touched = self.world.touched.lock().unwrap_or_else(PoisonError::into_inner);
        let is_behind = |stage: &&Uuid| plan.remaining.iter().all(|next| next.binding != **stage);
        let current = plan.remaining.first().map(|next| next.binding);
        for stage in before.iter().filter(is_behind).copied().chain(current) {
            if !self.world.is_left_out(stage) {
                touched.stage(stage);
            }
        }
    }

    /// Carries out what a step leads to, until the next page.
    async fn arrive(&mut self, mut step: Step) -> Page {
        loop {
            self.moves += 1;
            if self.moves > MOST_MOVES {
                return Page::Broken("the flow goes round in circles".to_owned());
            }
            std::mem::take(&mut step.effects).into_iter().for_each(|effect| self.carry_out(effect));
            match step.outcome {
                Outcome::Next => step = self.take(None).await,
                // A browser loads the frames and goes on by itself.
                Outcome::Challenge(challenge) if matches!(challenge.body, Body::IframeLogout(_)) => {
                    step = self.take(Some(&Response::default())).await;
                }
                Outcome::Challenge(challenge) => return Page::Asks(challenge),
                Outcome::Switch { to, slug, flow, query, context } => {
                    return Page::Leads(Switch { to, slug, flow, query, context });
                }
                Outcome::Done { to } if self.completed.is_some() => return Page::Done(to),
                Outcome::Done { to } => return Page::Redirect(to),
                Outcome::Ended(challenge) => {
                    return match (&challenge.body, self.world.take_failure()) {
                        (Body::FlowError(_), failure) => Page::Broken(failure.unwrap_or_default()),
                        _ => Page::Last(challenge),
                    };
                }
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Login(login) => {
                self.session = self.world.principal_of(login.user);
                self.request.mfa = login.mfa;
                self.login = Some(Login { mfa: login.mfa, methods: methods_by(&login), at: Some(self.request.now) });
                self.signed_in = Some(login);
                self.signed_out = false;
            }
            Effect::Logout => {
                self.session = None;
                self.request.mfa = false;
                self.login = None;
                self.signed_in = None;
                self.signed_out = true;
            }
            Effect::UserWritten { user, .. } => {
                self.written = Some(user);
                if self.session.as_ref().is_some_and(|session| session.user.pk == user) {
                    self.session = self.world.principal_of(user);
                }
            }
            Effect::Remember { .. } => {}
            Effect::Completed { user, .. } => self.completed = Some(user),
        }
    }

    /// Word and name of the stage that asks.
    pub(crate) fn stage(&self) -> Option<(&'static str, &str)> {
        let binding = self.plan.as_ref()?.current()?.binding;
        let at = self.flow.as_ref()?.stage(binding)?;
        let object = self.world.snapshot.objects.get(at.stage_id)?;
        Some((stage_word(object.kind.meta.kind)?, &object.document.name))
    }
}
