//! Goes through a flow as a test says, one step after the other. The first step that is not as expected is the last.

use super::{
    page,
    report::Failure,
    values::holds,
    walker::{Page, Start, Switch, Walker},
    world::World,
};
use lockgate_engine::{Body, Challenge, ResponseErrors, ports::RequestFacts};
use lockgate_flows::{
    Span,
    test_document::{Ending, FlowStep, FlowTest, StepAction, stage_word},
};
use lockgate_texts::Language;
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv4Addr};

/// Where requests come from unless the test says.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The way of one test.
pub(super) struct Walk<'a> {
    world: &'a World<'a>,
    test: &'a FlowTest,
    walker: Walker<'a>,
}

type Walked<T> = Result<T, Failure>;

impl<'a> Walk<'a> {
    pub(super) fn new(world: &'a World<'a>, test: &'a FlowTest) -> Self {
        let so = &test.circumstances;
        world.happens(so);
        let session = test.signed_in.and_then(|user| world.person(user, world.moment(so)));
        let request = RequestFacts {
            id: "test".to_owned(),
            ip: so.ip.unwrap_or(HERE),
            host: "localhost".to_owned(),
            path: String::new(),
            method: String::new(),
            user_agent: "lockgate test".to_owned(),
            now: world.moment(so),
            from_outpost: false,
            mfa: so.mfa && session.is_some(),
            language: Language::default(),
        };
        let start = Start { flow: &test.slug, request, session, login: None, setup_open: false };
        Self { world, test, walker: Walker::new(world, start) }
    }

    /// Goes the whole way.
    pub(super) async fn go(mut self) -> Walked<()> {
        let mut page = self.walker.set_out(self.test.app.as_deref(), self.test.next.as_deref()).await;
        for step in &self.test.steps {
            if matches!(page, Page::Leads(_)) && !leads(step) {
                page = self.walker.follow(page).await;
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

    fn failure(&self, at: &Span, expected: impl Into<String>, happened: impl Into<String>) -> Failure {
        let why = self.world.take_notes();
        Failure { span: at.clone(), expected: expected.into(), happened: happened.into(), why }
    }

    /// Stages of this word that policies left out.
    fn left_out(&self, word: &str) -> Vec<String> {
        let objects = &self.world.snapshot.objects;
        let stages =
            self.walker.flow.iter().flat_map(|flow| &flow.stages).filter(|at| self.world.is_left_out(at.binding_id));
        let stages = stages.filter_map(|at| objects.get(at.stage_id));
        let stages = stages.filter(|stage| stage_word(stage.kind.meta.kind) == Some(word));
        stages.map(|stage| format!("policies leave out the stage {}", stage.document.name)).collect()
    }

    fn at_stage(&self, step: &FlowStep, word: &str, name: Option<&str>, page: Page) -> Walked<Box<Challenge>> {
        let here = self.walker.stage().filter(|_| matches!(page, Page::Asks(_)));
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
        self.world.take_notes();
        let page = self.walker.answer(&asked, answer.clone()).await;
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
            Ending::Login => (done || elsewhere) && self.walker.signed_in.is_some(),
            Ending::Logout => (done || elsewhere) && self.walker.signed_out,
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
        let signed_in = self.walker.signed_in.as_ref().map(|login| login.user);
        let whom = signed_in.or(self.walker.completed.flatten()).and_then(|pk| self.world.username(pk));
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
        let written = self.walker.written.and_then(|pk| self.world.principal_of(pk));
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
                let (word, name) = self.walker.stage().unwrap_or(("a stage", ""));
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
        match self.walker.signed_in.as_ref().and_then(|login| self.world.username(login.user)) {
            Some(user) => format!("; {user} is signed in"),
            None if self.walker.signed_out => "; nobody is signed in any more".to_owned(),
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
