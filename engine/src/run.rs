//! One step under way: the plan, the ports, and what the stages share.

use crate::{
    CompiledFlow, Plan, StepEnv,
    avatar::initials,
    challenge::{AccessDenied, Body, Challenge, Data, FlowError, FlowInfo, ResponseErrors, Who},
    context::{Context, Pending, Standing},
    ports::{Event, Facts, PortError},
    response::Response,
    step::{Effect, Outcome, Step},
    title,
};
use lockgate_model::Principal;
use serde_json::json;

/// What a denied person is told when nobody said anything better.
pub(crate) const DENIED: &str = "Request has been denied.";

/// A port failed, or the flow is broken: the step ends in a refusal.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self(error.0)
    }
}

/// How a stage ends the flow.
#[derive(Debug)]
pub(crate) enum End {
    /// Refused, with a sentence for the person.
    Denied(String),
    /// On to an address.
    Redirect(String),
    /// On to another flow.
    Switch(Box<Outcome>),
}

/// What a stage does when it is reached.
#[derive(Debug)]
pub(crate) enum Entered {
    /// Asks.
    Show(Body),
    /// Is done.
    Pass,
    /// Ends the flow.
    End(End),
}

/// What a stage makes of a response.
#[derive(Debug)]
pub(crate) enum Answered {
    /// Accepts it.
    Accepted,
    /// Does not: the binding says what follows.
    Invalid(ResponseErrors),
    /// Could not look at it: the same challenge again, whatever the binding says.
    Retry(ResponseErrors),
    /// Ends the flow.
    End(End),
}

/// One step under way.
pub(crate) struct Run<'a> {
    pub(crate) flow: &'a CompiledFlow,
    pub(crate) plan: &'a mut Plan,
    pub(crate) env: StepEnv<'a>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) retry_after: Option<u64>,
    /// What the next page says beside what was wrong with an answer.
    pub(crate) remarks: ResponseErrors,
}

impl<'a> Run<'a> {
    pub(crate) fn new(flow: &'a CompiledFlow, plan: &'a mut Plan, env: StepEnv<'a>) -> Self {
        Self { flow, plan, env, effects: Vec::new(), retry_after: None, remarks: ResponseErrors::default() }
    }

    pub(crate) fn context(&mut self) -> &mut Context {
        &mut self.plan.context
    }

    /// Who is signed in, as far as this plan has not signed them out.
    pub(crate) fn session(&self) -> Option<&'a Principal> {
        self.env.session.filter(|_| !self.plan.context.logged_out)
    }

    /// The plan's user, when more than a typed name speaks for them.
    pub(crate) fn trusted(&self) -> Option<i64> {
        let pending = self.plan.context.pending.as_ref()?;
        let pk = pending.pk?;
        match pending.standing {
            Standing::Claimed => None,
            Standing::Session => self.session().filter(|s| s.user.pk == pk).map(|_| pk),
            Standing::Proven | Standing::Created | Standing::Vouched => Some(pk),
        }
    }

    /// The plan's trusted user, or the session's where the plan is about nobody.
    pub(crate) fn trusted_or_session(&self) -> Option<i64> {
        match self.plan.context.pending {
            Some(_) => self.trusted(),
            None => self.session().map(|s| s.user.pk),
        }
    }

    /// Makes the session's user the plan's where it is about nobody.
    pub(crate) fn adopt_session(&mut self) {
        if let (None, Some(session)) = (&self.plan.context.pending, self.session()) {
            self.context().set_pending(Pending::of(&session.user, Standing::Session));
        }
    }

    /// The plan's user, trusted or not, else the session's. Asks the directory for a name that
    /// belongs to nobody, too, so that both take the same way.
    pub(crate) async fn subject(&self) -> Result<Option<Principal>, Failure> {
        match &self.plan.context.pending {
            None => Ok(self.session().cloned()),
            Some(pending) => {
                let found = self.env.directory.principal(pending.pk.unwrap_or(0)).await?;
                Ok(found.filter(|p| Some(p.user.pk) == pending.pk))
            }
        }
    }

    /// The plan's trusted user, or the session's. What a form is filled in from: a typed name must not
    /// bring up somebody else's data.
    pub(crate) async fn trusted_subject(&self) -> Result<Option<Principal>, Failure> {
        match self.trusted_or_session() {
            None => Ok(None),
            Some(pk) => Ok(self.env.directory.principal(pk).await?.filter(|p| p.user.pk == pk)),
        }
    }

    /// The facts for policies and expressions.
    pub(crate) fn facts<'b>(&'b self, principal: Option<&'b Principal>, prompt_data: Data) -> Facts<'b> {
        let context = &self.plan.context;
        let pending = context.pending.as_ref();
        let mut map = context.to_map();
        map.insert("prompt_data".to_owned(), json!(prompt_data));
        Facts {
            principal,
            session: self.session(),
            request: self.env.request,
            pending: object([
                ("pk", json!(pending.and_then(|p| p.pk))),
                ("username", json!(pending.map_or("", |p| p.shown.as_str()))),
                ("identifier", json!(pending.map_or("", |p| p.identifier.as_str()))),
                ("standing", json!(pending.map(|p| p.standing))),
                ("authenticated", json!(context.is_authenticated())),
            ]),
            prompt_data,
            flow: object([
                ("pk", json!(self.flow.id)),
                ("slug", json!(self.flow.flow.slug)),
                ("name", json!(self.flow.flow.name)),
                ("designation", json!(self.flow.flow.designation)),
            ]),
            context: map,
        }
    }

    /// 32 bytes of randomness in hexadecimal.
    pub(crate) fn token(&self) -> String {
        let mut bytes = [0_u8; 32];
        self.env.random.fill(&mut bytes);
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Who pages speak to.
    pub(crate) fn who(&self) -> Who {
        let name = match &self.plan.context.pending {
            Some(pending) => pending.shown.clone(),
            None => self.session().map(|s| s.user.username.clone()).unwrap_or_default(),
        };
        Who { pending_user_avatar: initials(&name), pending_user: name }
    }

    /// Primary key for events.
    pub(crate) fn user(&self) -> Option<i64> {
        match &self.plan.context.pending {
            Some(pending) => pending.pk,
            None => self.session().map(|s| s.user.pk),
        }
    }

    /// Frames a body.
    pub(crate) fn challenge(&self, body: Body, response_errors: ResponseErrors) -> Box<Challenge> {
        let flow = &self.flow.flow;
        let app = self.plan.context.application.as_ref().map_or("", |a| a.name.as_str());
        let background = if flow.background.is_empty() { &self.env.brand.background } else { &flow.background };
        let language = self.env.request.language;
        let title = language.told(&flow.title);
        let flow_info = FlowInfo {
            title: title::fill(&title, &self.env.brand.title, app, &self.who().pending_user),
            background: background.clone(),
            background_themed_urls: None,
            cancel_url: "/flows/-/cancel/".to_owned(),
            layout: flow.layout,
        };
        let response_errors = response_errors.with(&self.remarks);
        Box::new(Challenge { body, flow_info: Some(flow_info), response_errors }.spoken(language))
    }

    pub(crate) async fn record(&self, event: Event) {
        self.env.events.record(event, self.env.request).await;
    }

    /// The page of a refusal.
    pub(crate) async fn denied(&self, message: String) -> Outcome {
        let message = if message.is_empty() { DENIED.to_owned() } else { message };
        let flow = self.flow.flow.slug.clone();
        self.record(Event::FlowDenied { flow, user: self.user(), reason: message.clone() }).await;
        let body = Body::AccessDenied(AccessDenied { who: self.who(), error_message: Some(message) });
        Outcome::Ended(self.challenge(body, ResponseErrors::default()))
    }

    /// The page of a failure; the details are for superusers and the log.
    pub(crate) async fn failed(&self, failure: Failure) -> Outcome {
        let flow = self.flow.flow.slug.clone();
        let superuser = self.session().is_some_and(|s| s.is_superuser);
        let error = superuser.then(|| failure.0.clone());
        self.record(Event::Failed { flow, user: self.user(), error: failure.0 }).await;
        let body = Body::FlowError(FlowError { request_id: self.env.request.id.clone(), error });
        Outcome::Ended(self.challenge(body, ResponseErrors::default()))
    }

    /// What a stage's end means for the caller.
    pub(crate) async fn end(&self, end: End) -> Outcome {
        match end {
            End::Denied(message) => self.denied(message).await,
            End::Redirect(to) => Outcome::Done { to },
            End::Switch(outcome) => *outcome,
        }
    }

    /// Closes the step.
    pub(crate) async fn finish(self, result: Result<Outcome, Failure>) -> Step {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(failure) => self.failed(failure).await,
        };
        Step { outcome, effects: self.effects, retry_after: self.retry_after }
    }

    /// A complaint about a response to another challenge than the current one.
    pub(crate) fn mismatch(expected: &str, response: &Response) -> Option<ResponseErrors> {
        let component = response.component.as_deref().filter(|c| *c != expected)?;
        let shown: String = component.chars().take(64).collect();
        let text = format!("This answers \"{shown}\", but the flow is at \"{expected}\".");
        Some(ResponseErrors::one("component", "invalid", text))
    }
}

fn object<const N: usize>(pairs: [(&str, serde_json::Value); N]) -> Data {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
