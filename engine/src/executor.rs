//! Starts flows and steps through them.

use crate::{
    CompiledFlow, CompiledStage, Context, Pending, Plan, Response, Stage, Step, StepEnv,
    challenge::{Body, Challenge, Email, IframeLogout, ResponseErrors, SessionEnd},
    context::Standing,
    next::{flow_page, next_in_query},
    plan::{MAX_AGE, MAX_QUERY, Planned},
    ports::{Event, Facts, PortError},
    run::{Answered, End, Entered, Failure, Run},
    stages::{self, prompt::Weighed},
    step::{Effect, Outcome},
};
use lockgate_model::kinds::{DeniedAction, FlowAuthentication, FlowDesignation, InvalidResponseAction};

/// What whoever opens a link is told that fits no flow any more.
const OUTDATED: &str = "This link leads nowhere any more. Please begin again.";

/// Plans a flow. `query` is the page's query string without `?`; `context` is what the caller knows
/// and vouches for.
///
/// # Errors
/// The step to answer instead, when the flow is not for this visitor or could not be planned. There
/// is no plan then.
pub async fn start(flow: &CompiledFlow, env: &StepEnv<'_>, query: &str, context: Context) -> Result<Plan, Box<Step>> {
    let mut plan = planned(flow, env, query, context);
    let mut run = Run::new(flow, &mut plan, *env);
    let refusal = match run.admit().await {
        Ok(None) => return Ok(plan),
        Ok(Some(message)) => run.refuse(message).await,
        Err(failure) => run.failed(failure).await,
    };
    Err(Box::new(run.finish(Ok(refusal)).await))
}

fn planned(flow: &CompiledFlow, env: &StepEnv<'_>, query: &str, context: Context) -> Plan {
    let query = if query.len() > MAX_QUERY { "" } else { query };
    Plan {
        flow: flow.id,
        slug: flow.flow.slug.clone(),
        remaining: flow.stages.iter().map(|s| Planned { binding: s.binding_id, stage: s.stage_id }).collect(),
        shown: false,
        initial: Box::new(context.clone()),
        context,
        subject: env.session.map(|s| s.user.pk),
        query: query.to_owned(),
        next: next_in_query(query),
        started: env.request.now,
        step: 0,
    }
}

/// Asks whoever opened a link from a mail whether to go on as this user. Nothing comes of it by itself, so that
/// programs that open links in mails use none up.
#[must_use]
pub fn offer(flow: &CompiledFlow, env: &StepEnv<'_>, pending: Pending) -> Box<Challenge> {
    let mut plan = planned(flow, env, "", Context { pending: Some(pending), ..Context::default() });
    let run = Run::new(flow, &mut plan, *env);
    let opened = Some(run.who());
    run.challenge(Body::Email(Email { opened }), ResponseErrors::default())
}

/// Goes on with a plan that waited for its link to be opened, in the session in which it was.
pub async fn resume(flow: &CompiledFlow, plan: &mut Plan, env: &StepEnv<'_>) -> Step {
    let mut run = Run::new(flow, plan, *env);
    let result = run.reopen().await;
    run.finish(result).await
}

/// The current challenge: a GET. Runs what needs no answer, and skips what does not apply.
pub async fn challenge(flow: &CompiledFlow, plan: &mut Plan, env: &StepEnv<'_>) -> Step {
    let mut run = Run::new(flow, plan, *env);
    let result = run.ask().await;
    run.finish(result).await
}

/// Takes an answer: a POST.
pub async fn respond(flow: &CompiledFlow, plan: &mut Plan, response: &Response, env: &StepEnv<'_>) -> Step {
    let mut run = Run::new(flow, plan, *env);
    let result = run.take(response).await;
    run.finish(result).await
}

/// Judges a new password while it is typed into a field, by what will judge it when it is sent. The flow stays where it
/// is, and nothing is kept. `None` where no such password is asked for now.
///
/// # Errors
/// When a port fails.
pub async fn weigh(
    flow: &CompiledFlow,
    plan: &mut Plan,
    field: &str,
    response: &Response,
    env: &StepEnv<'_>,
) -> Result<Option<Weighed>, PortError> {
    let run = Run::new(flow, plan, *env);
    let asked = run.plan.shown && run.fits();
    match run.current().filter(|_| asked).map(|at| &at.stage) {
        Some(Stage::Prompt(prompts)) => {
            stages::prompt::weigh(&run, prompts, field, response).await.map_err(|failure| PortError(failure.0))
        }
        _ => Ok(None),
    }
}

impl<'a> Run<'a> {
    /// Whether the flow is for this visitor; `Some` says why not. Leaves out the stages whose
    /// policies are asked when planning and fail.
    async fn admit(&mut self) -> Result<Option<String>, Failure> {
        if let Some(message) = self.unauthorised() {
            return Ok(Some(message.to_owned()));
        }
        // A name that was only typed is nobody's right to run a flow.
        let principal = self.trusted_subject().await?;
        let facts = self.facts(principal.as_ref(), self.plan.context.prompt_data.clone());
        if let Some(message) = self.kept_out(&facts).await? {
            return Ok(Some(message));
        }
        let mut left_out = Vec::new();
        for stage in self.flow.stages.iter().filter(|s| s.binding.evaluate_on_plan) {
            if !self.env.decide.binding(stage.binding_id, &facts).await?.passing {
                left_out.push(stage.binding_id);
            }
        }
        drop(facts);
        self.plan.remaining.retain(|p| !left_out.contains(&p.binding));
        Ok(None)
    }

    /// What the flow's own policies have against this visitor.
    async fn kept_out(&self, facts: &Facts<'_>) -> Result<Option<String>, Failure> {
        let verdict = self.env.decide.flow(self.flow.id, facts).await?;
        Ok((!verdict.passing).then(|| verdict.messages.join("\n")))
    }

    async fn reopen(&mut self) -> Result<Outcome, Failure> {
        self.plan.subject = self.env.session.map(|s| s.user.pk);
        self.plan.started = self.env.request.now;
        self.context().is_restored = true;
        let stage = match self.current().filter(|_| self.fits()).map(|at| &at.stage) {
            Some(Stage::Email(stage)) => stage,
            // Somebody has changed the flow since.
            _ => return Ok(self.denied(OUTDATED.to_owned()).await),
        };
        let Some(reader) = stages::email::vouch(self) else { return Ok(self.denied(OUTDATED.to_owned()).await) };
        if let Some(message) = self.unauthorised() {
            return Ok(self.refuse(message.to_owned()).await);
        }
        // Before policies are asked, which keep out whose account is not active.
        if let Some(end) = stages::email::activate(self, stage, reader).await? {
            return Ok(self.ended(end).await);
        }
        let principal = self.trusted_subject().await?;
        let facts = self.facts(principal.as_ref(), self.plan.context.prompt_data.clone());
        if let Some(message) = self.kept_out(&facts).await? {
            return Ok(self.refuse(message).await);
        }
        self.plan.advance();
        Ok(if self.plan.remaining.is_empty() { self.done().await } else { Outcome::Next })
    }

    fn unauthorised(&self) -> Option<&'static str> {
        let (session, context) = (self.session(), &self.plan.context);
        let (fits, message) = match self.flow.flow.authentication {
            FlowAuthentication::None => (true, ""),
            FlowAuthentication::RequireAuthenticated => (session.is_some(), "Sign in first."),
            FlowAuthentication::RequireUnauthenticated => (session.is_none(), "You are already signed in."),
            FlowAuthentication::RequireSuperuser => {
                (session.is_some_and(|s| s.is_superuser), "This is for administrators only.")
            }
            FlowAuthentication::RequireRedirect => {
                (context.is_redirected, "This page is reached from another one only.")
            }
            FlowAuthentication::RequireOutpost => (self.env.request.from_outpost, "This is for outposts only."),
            FlowAuthentication::RequireToken => {
                (context.is_restored, "This page is reached by a link with a token only.")
            }
        };
        (!fits).then_some(message)
    }

    /// What a visitor sees whom the flow is not for.
    async fn refuse(&self, message: String) -> Outcome {
        let next = self.plan.next.clone();
        let to = match self.flow.flow.denied_action {
            DeniedAction::Message => None,
            DeniedAction::MessageContinue => next,
            DeniedAction::Continue => Some(next.unwrap_or_else(|| "/".to_owned())),
        };
        let message = if message.is_empty() { "Flow does not apply to current user.".to_owned() } else { message };
        match to {
            None => self.denied(message).await,
            Some(to) => {
                let flow = self.flow.flow.slug.clone();
                self.record(Event::FlowDenied { flow, user: self.user(), reason: message }).await;
                Outcome::Done { to }
            }
        }
    }

    /// Whether the plan still fits flow, time and session.
    fn fits(&self) -> bool {
        let plan = &*self.plan;
        let same = |p: &Planned| self.flow.stage(p.binding).is_some_and(|s| s.stage_id == p.stage);
        plan.flow == self.flow.id
            && self.env.request.now.signed_duration_since(plan.started) <= MAX_AGE
            && self.same_session()
            && plan.remaining.iter().all(same)
    }

    fn same_session(&self) -> bool {
        self.env.session.map(|s| s.user.pk) == self.plan.subject
    }

    /// Begins anew, with what the caller knew at the start or with all that is known. Wrong passwords
    /// stay counted. `Err` holds the answer when the flow is not for this visitor any more.
    async fn replan(&mut self, keep_context: bool) -> Result<(), Outcome> {
        let mut initial = (*self.plan.initial).clone();
        if !self.same_session() && initial.pending.as_ref().is_some_and(|p| p.standing != Standing::Vouched) {
            initial.pending = None;
            initial.auth_method = None;
        }
        let mut context = if keep_context { self.plan.context.clone() } else { initial.clone() };
        context.failed_attempts.clone_from(&self.plan.context.failed_attempts);
        match start(self.flow, &self.env, &self.plan.query, context).await {
            Ok(plan) => {
                let step = self.plan.step.wrapping_add(1);
                *self.plan = Plan { initial: Box::new(initial), step, ..plan };
                Ok(())
            }
            Err(step) => Err(step.outcome),
        }
    }

    async fn ask(&mut self) -> Result<Outcome, Failure> {
        if !self.fits()
            && let Err(refusal) = self.replan(false).await
        {
            return Ok(refusal);
        }
        self.settle().await
    }

    /// Goes on to the next stage that asks something, or to the end.
    async fn settle(&mut self) -> Result<Outcome, Failure> {
        loop {
            let Some(at) = self.current() else { return Ok(self.done().await) };
            if !self.plan.shown && !self.applies(at).await? {
                self.plan.advance();
                continue;
            }
            match stages::enter(self, at).await? {
                Entered::Show(body) => {
                    self.plan.shown = true;
                    return Ok(Outcome::Challenge(self.challenge(body, ResponseErrors::default())));
                }
                Entered::Pass => self.plan.advance(),
                Entered::End(end) => return Ok(self.ended(end).await),
            }
        }
    }

    /// A stage ends the flow, before its end. Where it leads elsewhere after the login has ended, the
    /// applications are told on the way.
    async fn ended(&mut self, end: End) -> Outcome {
        match end {
            End::Redirect(to) if self.plan.context.logged_out => {
                let context = &mut self.plan.context;
                context.redirect = Some(to);
                context.session_end = None;
                self.plan.remaining.clear();
                self.after_frames()
            }
            end => self.end(end).await,
        }
    }

    fn current(&self) -> Option<&'a CompiledStage> {
        let flow = self.flow;
        self.plan.current().and_then(|p| flow.stage(p.binding))
    }

    async fn applies(&mut self, at: &CompiledStage) -> Result<bool, Failure> {
        if !at.binding.re_evaluate_policies {
            return Ok(true);
        }
        let principal = self.subject().await?;
        let facts = self.facts(principal.as_ref(), self.plan.context.prompt_data.clone());
        let verdict = self.env.decide.binding(at.binding_id, &facts).await?;
        drop(facts);
        if verdict.passing {
            let messages = &mut self.plan.context.messages;
            messages.extend(verdict.messages);
            messages.truncate(32);
        }
        Ok(verdict.passing)
    }

    async fn take(&mut self, response: &Response) -> Result<Outcome, Failure> {
        if !self.fits() {
            return Ok(match self.replan(false).await {
                Ok(()) => Outcome::Next,
                Err(refusal) => refusal,
            });
        }
        if !self.plan.shown {
            // Nobody saw the question: find out which it is before an answer counts.
            let outcome = self.settle().await?;
            if !matches!(outcome, Outcome::Challenge(_)) {
                return Ok(outcome);
            }
        }
        let Some(at) = self.current() else {
            // The frames were loaded.
            self.plan.context.logout_urls.clear();
            return Ok(self.done().await);
        };
        self.plan.step = self.plan.step.wrapping_add(1);
        if let Some(errors) = Self::mismatch(stages::component(self, at), response) {
            return self.again(at, errors).await;
        }
        match stages::answer(self, at, response).await? {
            Answered::Accepted => {
                self.plan.advance();
                Ok(if self.plan.remaining.is_empty() { self.done().await } else { Outcome::Next })
            }
            Answered::Retry(errors) => self.again(at, errors).await,
            Answered::Invalid(errors) => self.invalid(at, errors).await,
            Answered::End(end) => Ok(self.ended(end).await),
        }
    }

    async fn invalid(&mut self, at: &CompiledStage, errors: ResponseErrors) -> Result<Outcome, Failure> {
        let keep = match at.binding.invalid_response_action {
            InvalidResponseAction::Retry => return self.again(at, errors).await,
            InvalidResponseAction::Restart => false,
            InvalidResponseAction::RestartWithContext => true,
        };
        Ok(match self.replan(keep).await {
            Ok(()) => Outcome::Next,
            Err(refusal) => refusal,
        })
    }

    /// The same challenge once more, with complaints.
    async fn again(&mut self, at: &CompiledStage, errors: ResponseErrors) -> Result<Outcome, Failure> {
        match stages::enter(self, at).await? {
            Entered::Show(body) => Ok(Outcome::Challenge(self.challenge(body, errors))),
            Entered::Pass => {
                self.plan.advance();
                Ok(Outcome::Next)
            }
            Entered::End(end) => Ok(self.ended(end).await),
        }
    }

    /// The end of the way. Applications that hear of the end of a login through the browser are told
    /// first, in frames.
    async fn done(&mut self) -> Outcome {
        if !self.plan.context.completed {
            self.complete().await;
            let context = &mut self.plan.context;
            if !context.logged_out {
                context.logout_urls = std::mem::take(&mut context.left_urls);
            }
        }
        self.after_frames()
    }

    /// The end, when nobody has to be told any more.
    fn after_frames(&mut self) -> Outcome {
        let end = self.ending();
        let context = &mut self.plan.context;
        if context.logout_urls.is_empty() {
            return end;
        }
        context.completed = true;
        let logout_urls = context.logout_urls.clone();
        self.plan.shown = true;
        let then = Box::new(end.into_challenge().map_or_else(|| Body::redirect("/"), |challenge| challenge.body));
        let frames = Body::IframeLogout(IframeLogout { logout_urls, then });
        Outcome::Challenge(self.challenge(frames, ResponseErrors::default()))
    }

    async fn complete(&mut self) {
        let (flow, context) = (self.flow, &self.plan.context);
        let user = self.user();
        self.effects.push(Effect::Completed {
            flow: flow.id,
            designation: flow.flow.designation,
            user,
            application: context.application.clone(),
            ticket: context.ticket.clone(),
            passage: context.passage.clone(),
        });
        // Signing in and out have events of their own; authorizations are told by who asked for them.
        let own = [FlowDesignation::Authentication, FlowDesignation::Authorization, FlowDesignation::Invalidation];
        if !own.contains(&flow.flow.designation) {
            self.record(Event::FlowCompleted { flow: flow.flow.slug.clone(), user }).await;
        }
    }

    fn ending(&self) -> Outcome {
        let context = &self.plan.context;
        if context.session_end.is_some() {
            return Outcome::Ended(self.challenge(Body::SessionEnd(self.session_end()), ResponseErrors::default()));
        }
        let to = context.redirect.clone().or_else(|| self.plan.next.clone());
        Outcome::Done { to: to.unwrap_or_else(|| "/".to_owned()) }
    }

    fn session_end(&self) -> SessionEnd {
        let context = &self.plan.context;
        let app = context.application.as_ref();
        SessionEnd {
            who: self.who(),
            application_name: app.map(|a| a.name.clone()),
            application_launch_url: app.map(|a| a.launch_url.clone()).filter(|url| !url.is_empty()),
            invalidation_flow_url: context.session_end.as_ref().and_then(|s| s.invalidation_url.clone()),
            overview_url: Some("/if/user/".to_owned()),
            brand_name: self.env.brand.title.clone(),
        }
    }

    /// The page of another flow, with where this one was going to.
    pub(crate) fn page_of(&self, slug: &str) -> String {
        flow_page(slug, self.plan.next.as_deref())
    }
}
