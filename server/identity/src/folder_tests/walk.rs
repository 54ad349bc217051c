//! Goes through a flow as a browser would, one step of the test after the other, with the engine that serves
//! flows. The first step that is not as expected is the last.

use super::{page, report::Failure, values::holds, world::World};
use crate::runner::decide::Decider;
use lockgate_engine::{
    AppContext, Body, Challenge, CompiledFlow, ConsentRequest, Context, Effect, Outcome, Plan, Response,
    ResponseErrors, Step, StepEnv,
    challenge::Permission,
    ports::{BrandFacts, RequestFacts},
};
use lockgate_flows::{
    Span,
    test_document::{Ending, FlowStep, FlowTest, StepAction, stage_word},
};
use lockgate_model::Principal;
use serde_json::{Map, Value, json};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, PoisonError},
};
use url::form_urlencoded::Serializer;
use uuid::Uuid;

/// Where requests come from unless the test says.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Pages that follow each other without a question, at most: more is a loop.
const MOST_MOVES: usize = 64;

/// Another flow that takes over.
#[derive(Debug)]
struct Switch {
    to: String,
    flow: Uuid,
    query: String,
    context: Box<Context>,
}

/// What the person sees.
#[derive(Debug)]
enum Page {
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

/// Somebody on the way through a flow.
pub(super) struct Walk<'a> {
    world: &'a World<'a>,
    test: &'a FlowTest,
    flow: Option<Arc<CompiledFlow>>,
    plan: Option<Plan>,
    session: Option<Principal>,
    /// The session was opened with a second factor.
    mfa: bool,
    signed_in: Option<i64>,
    signed_out: bool,
    /// Gone through to its end, and whom it was about.
    completed: Option<Option<i64>>,
    written: Option<i64>,
    moves: usize,
}

type Walked<T> = Result<T, Failure>;

impl<'a> Walk<'a> {
    pub(super) fn new(world: &'a World<'a>, test: &'a FlowTest) -> Self {
        world.happens(&test.circumstances);
        let session = test.signed_in.and_then(|user| world.person(user, world.moment(&test.circumstances)));
        Self {
            world,
            test,
            flow: world.snapshot.flow(&test.slug),
            plan: None,
            mfa: test.circumstances.mfa && session.is_some(),
            session,
            signed_in: None,
            signed_out: false,
            completed: None,
            written: None,
            moves: 0,
        }
    }

    /// Goes the whole way.
    pub(super) async fn go(mut self) -> Walked<()> {
        let query =
            self.test.next.as_ref().map(|next| Serializer::new(String::new()).append_pair("next", next).finish());
        let mut page = self.begin(&query.unwrap_or_default(), self.context()).await;
        for step in &self.test.steps {
            if matches!(page, Page::Leads(_)) && !leads(step) {
                page = self.follow(page).await;
            }
            page = match &step.action {
                StepAction::Stage { word, name, answer, fails } => {
                    let asked = self.at_stage(step, word, name.as_deref(), page)?;
                    match answer {
                        None => self.look(step, asked)?,
                        Some(answer) => self.answer(step, asked, answer, fails.as_deref()).await?,
                    }
                }
                StepAction::Ends { how, user, to, wrote } => {
                    self.ends(step, *how, &page)?;
                    self.ended_for(step, user.as_deref(), to.as_deref(), &page)?;
                    self.wrote(step, wrote)?;
                    page
                }
            };
        }
        Ok(())
    }

    /// What whoever sends people here knows.
    fn context(&self) -> Context {
        let app = self.test.app.as_ref().and_then(|slug| self.world.snapshot.app(slug));
        let Some(app) = app else { return Context::default() };
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

    fn request(&self, method: &str) -> RequestFacts {
        let so = &self.test.circumstances;
        let slug = self.flow.as_ref().map_or("", |flow| flow.flow.slug.as_str());
        RequestFacts {
            id: "test".to_owned(),
            ip: so.ip.unwrap_or(HERE),
            host: "localhost".to_owned(),
            path: format!("/if/flow/{slug}/"),
            method: method.to_owned(),
            user_agent: "lockgate test".to_owned(),
            now: self.world.moment(so),
            from_outpost: false,
            mfa: self.mfa,
        }
    }

    /// Lets the engine do something.
    async fn with_env<T>(&self, method: &str, work: impl AsyncFnOnce(&StepEnv<'_>) -> T) -> T {
        let (request, brand): (RequestFacts, BrandFacts) =
            (self.request(method), self.world.snapshot.brand_facts("localhost"));
        let decider = Decider { judge: self.world, snapshot: self.world.snapshot, setup_open: false, login: None };
        let env = StepEnv {
            directory: self.world,
            credentials: self.world,
            factors: self.world,
            consents: self.world,
            invitations: self.world,
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

    async fn follow(&mut self, page: Page) -> Page {
        let Page::Leads(Switch { flow, query, context, .. }) = page else { return page };
        self.flow = self.world.snapshot.flow_by_id(flow);
        self.completed = None;
        self.begin(&query, *context).await
    }

    /// One request: looks, or answers.
    async fn take(&mut self, response: Option<&Response>) -> Step {
        let nothing = || Step { outcome: Outcome::Next, effects: Vec::new(), retry_after: None };
        let (Some(flow), Some(mut plan)) = (self.flow.clone(), self.plan.take()) else { return nothing() };
        let before: Vec<Uuid> = plan.remaining.iter().map(|stage| stage.binding).collect();
        let method = if response.is_some() { "POST" } else { "GET" };
        let step = self
            .with_env(method, async |env| match response {
                Some(response) => lockgate_engine::respond(&flow, &mut plan, response, env).await,
                None => lockgate_engine::challenge(&flow, &mut plan, env).await,
            })
            .await;
        self.touch(&before, &plan);
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
                Outcome::Switch { to, flow, query, context, .. } => {
                    return Page::Leads(Switch { to, flow, query, context });
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
                self.mfa = login.mfa;
                self.signed_in = Some(login.user);
                self.signed_out = false;
            }
            Effect::Logout => {
                self.session = None;
                self.mfa = false;
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
    fn stage(&self) -> Option<(&'static str, &str)> {
        let binding = self.plan.as_ref()?.current()?.binding;
        let at = self.flow.as_ref()?.stage(binding)?;
        let object = self.world.snapshot.objects.get(at.stage_id)?;
        Some((stage_word(object.kind.meta.kind)?, &object.document.name))
    }

    fn failure(&self, at: &Span, expected: impl Into<String>, happened: impl Into<String>) -> Failure {
        let why = self.world.take_notes();
        Failure { span: at.clone(), expected: expected.into(), happened: happened.into(), why }
    }

    /// Stages of this word that policies left out.
    fn left_out(&self, word: &str) -> Vec<String> {
        let objects = &self.world.snapshot.objects;
        let stages = self.flow.iter().flat_map(|flow| &flow.stages).filter(|at| self.world.is_left_out(at.binding_id));
        let stages = stages.filter_map(|at| objects.get(at.stage_id));
        let stages = stages.filter(|stage| stage_word(stage.kind.meta.kind) == Some(word));
        stages.map(|stage| format!("policies leave out the stage {}", stage.document.name)).collect()
    }

    fn at_stage(&self, step: &FlowStep, word: &str, name: Option<&str>, page: Page) -> Walked<Box<Challenge>> {
        let here = self.stage().filter(|_| matches!(page, Page::Asks(_)));
        let fits = here.is_some_and(|(at, called)| at == word && name.is_none_or(|name| name == called));
        match page {
            Page::Asks(challenge) if fits => Ok(challenge),
            other => {
                let expected = match name {
                    None => format!("the flow asks at {word}"),
                    Some(name) => format!("the flow asks at {word} ({name})"),
                };
                let mut failure = self.failure(&step.span, expected, self.described(&other));
                failure.why.extend(self.left_out(word));
                Err(failure)
            }
        }
    }

    fn look(&self, step: &FlowStep, challenge: Box<Challenge>) -> Walked<Page> {
        self.shows(step, &challenge)?;
        Ok(Page::Asks(challenge))
    }

    async fn answer(
        &mut self,
        step: &FlowStep,
        asked: Box<Challenge>,
        answer: &Map<String, Value>,
        fails: Option<&str>,
    ) -> Walked<Page> {
        if fails.is_none() {
            self.shows(step, &asked)?;
        }
        let mut fields = answer.clone();
        if let Body::Consent(consent) = &asked.body {
            // Only the page knows it.
            fields.entry("token").or_insert_with(|| json!(consent.token));
        }
        self.world.take_notes();
        let answered = self.take(Some(&Response { component: None, fields })).await;
        let page = self.arrive(answered).await;
        let refused = match &page {
            Page::Asks(challenge) if !challenge.response_errors.is_empty() => Some(challenge),
            _ => None,
        };
        match (fails, refused) {
            (None, None) => Ok(page),
            (None, Some(_)) => Err(self.failure(&step.span, "the answer is accepted", self.described(&page))),
            (Some(field), Some(challenge)) if !challenge.response_errors.of(key_of(field)).is_empty() => {
                self.shows(step, challenge)?;
                Ok(page)
            }
            (Some(field), _) => {
                let expected = format!("the answer is refused, with a complaint about {field}");
                Err(self.failure(&step.span, expected, self.described(&page)))
            }
        }
    }

    fn shows(&self, step: &FlowStep, challenge: &Challenge) -> Walked<()> {
        let texts = page::texts(challenge);
        match step.shows.iter().find(|(wanted, _)| !texts.iter().any(|text| text.contains(wanted))) {
            None => Ok(()),
            Some((wanted, at)) => Err(self.failure(at, format!("the page shows \"{wanted}\""), page::quoted(&texts))),
        }
    }

    fn ends(&self, step: &FlowStep, how: Ending, page: &Page) -> Walked<()> {
        let denied = matches!(page, Page::Last(c) if matches!(c.body, Body::AccessDenied(_)));
        let done = matches!(page, Page::Done(_)) || (matches!(page, Page::Last(_)) && !denied);
        let elsewhere = matches!(page, Page::Redirect(_) | Page::Leads(_));
        let fits = match how {
            Ending::Login => (done || elsewhere) && self.signed_in.is_some(),
            Ending::Logout => (done || elsewhere) && self.signed_out,
            Ending::Deny => denied,
            Ending::Redirect => elsewhere,
            Ending::Done => done,
        };
        if !fits {
            let expected = match how {
                Ending::Login => "the flow ends, and somebody is signed in",
                Ending::Logout => "the flow ends, and somebody is signed out",
                Ending::Deny => "the flow ends with a refusal",
                Ending::Redirect => "the flow leads elsewhere",
                Ending::Done => "the flow is gone through to its end",
            };
            return Err(self.failure(&step.span, expected, self.described(page)));
        }
        match page {
            Page::Last(challenge) => self.shows(step, challenge),
            _ if step.shows.is_empty() => Ok(()),
            _ => Err(self.failure(&step.span, "the flow ends with a page that shows a text", self.described(page))),
        }
    }

    fn ended_for(&self, step: &FlowStep, user: Option<&str>, to: Option<&str>, page: &Page) -> Walked<()> {
        let whom = self.signed_in.or(self.completed.flatten()).and_then(|pk| self.world.username(pk));
        if let Some(user) = user.filter(|user| whom.as_deref() != Some(user)) {
            let happened = whom.map_or_else(|| "it was about nobody".to_owned(), |whom| format!("it was {whom}"));
            return Err(self.failure(&step.span, format!("the flow ends for {user}"), happened));
        }
        let led = match page {
            Page::Done(to) | Page::Redirect(to) | Page::Leads(Switch { to, .. }) => Some(to.as_str()),
            _ => None,
        };
        match to.filter(|to| led != Some(to)) {
            None => Ok(()),
            Some(to) => Err(self.failure(&step.span, format!("the flow leads to {to}"), self.described(page))),
        }
    }

    fn wrote(&self, step: &FlowStep, wanted: &Map<String, Value>) -> Walked<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let written = self.written.and_then(|pk| self.world.principal_of(pk));
        let Some(written) = written else {
            return Err(self.failure(&step.span, "an account is written", "no account was written"));
        };
        let account = page::account(&written);
        for (field, value) in wanted {
            let actual = account.get(field).unwrap_or(&Value::Null);
            if !holds(actual, value) {
                let happened = match account.get(field) {
                    Some(actual) => format!("{field} is {actual}"),
                    None => {
                        let known: Vec<&str> = account.keys().map(String::as_str).collect();
                        format!("an account has no {field}; it has {}", known.join(", "))
                    }
                };
                return Err(self.failure(&step.span, format!("{field} is or contains {value}"), happened));
            }
        }
        Ok(())
    }

    /// Where the person is, in words.
    fn described(&self, page: &Page) -> String {
        match page {
            Page::Asks(challenge) => {
                let (word, name) = self.stage().unwrap_or(("a stage", ""));
                let errors = page::complaints(&challenge.response_errors);
                format!("the flow asks at {word} ({name}){errors}")
            }
            Page::Leads(Switch { to, .. }) | Page::Redirect(to) => {
                format!("the flow leads to {to}{}", self.session_told())
            }
            Page::Done(to) => format!("the flow is over and leads to {to}{}", self.session_told()),
            Page::Last(challenge) => match &challenge.body {
                Body::AccessDenied(denied) => {
                    format!("the flow ends with a refusal: {}", denied.error_message.as_deref().unwrap_or_default())
                }
                _ => format!("the flow is over{}", self.session_told()),
            },
            Page::Broken(error) => format!("the flow broke: {error}"),
        }
    }

    fn session_told(&self) -> String {
        match self.signed_in.and_then(|pk| self.world.username(pk)) {
            Some(user) => format!("; {user} is signed in"),
            None if self.signed_out => "; nobody is signed in any more".to_owned(),
            None => "; nobody was signed in".to_owned(),
        }
    }
}

/// Whether a step looks at where the flow leads before going there.
fn leads(step: &FlowStep) -> bool {
    matches!(&step.action, StepAction::Ends { how: Ending::Redirect, .. })
}

/// `form` stands for the page as a whole.
fn key_of(field: &str) -> &str {
    if field == "form" { ResponseErrors::GENERAL } else { field }
}
