//! Goes through a flow without any effect: as somebody of the directory or as a visitor, with answers that are given
//! in advance, under the configuration in force or under another one. What happens is what the engine that serves
//! flows does over an installation in memory, as the tests of a folder go through flows; the directory is read for
//! the one person, and nothing is written, sent or counted. No password is looked up, so that none can be guessed.

mod answers;
mod shapes;

pub use answers::Answer;
pub use shapes::{Simulated, SimulatedEnd, SimulatedHow, SimulatedOutcome, SimulatedStep};

use crate::{
    Core,
    config::Snapshot,
    evidence::Fetcher,
    factors::{factor, is_hashed},
    folder_tests::{
        coverage::Touched,
        page,
        trail::{How, Stop},
        walker::{Page, Start, Walker},
        world::{Account, Held, Outside, Proof, World},
    },
    look::Look,
    principals::Principals,
    sessions::{methods_by, methods_of},
};
use answers::Answers;
use chrono::{DateTime, Utc};
use lockgate_engine::{Body, ports::RequestFacts};
use lockgate_flows::test_document::stage_word;
use lockgate_model::{
    Group, Principal,
    kinds::{FlowDesignation, UserField},
};
use lockgate_policies::Login;
use lockgate_store::{Store, StoreError};
use lockgate_texts::Language;
use serde_json::Value;
use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr},
    sync::Mutex,
};

/// Where requests come from unless somebody says.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What is to be gone through, by whom, and how. Has no `Debug`, since it may hold passwords.
pub struct Wish<'a> {
    /// Slug of the flow.
    pub flow: &'a str,
    /// Primary key of who goes through it; `None`: a visitor.
    pub user: Option<i64>,
    /// Whether they are signed in at the start; `None`: as suits the flow.
    pub signed_in: Option<bool>,
    /// Whether they signed in with a second factor.
    pub mfa: bool,
    /// The only password that counts as theirs; `None`: any does, if they have one.
    pub password: Option<&'a str>,
    /// Slug of the application that the flow leads to.
    pub app: Option<&'a str>,
    /// Where the person was going.
    pub next: Option<&'a str>,
    /// Address that requests come from.
    pub ip: Option<IpAddr>,
    /// Host that is asked.
    pub host: &'a str,
    /// `User-Agent` of requests.
    pub user_agent: &'a str,
    /// When.
    pub at: DateTime<Utc>,
    /// What is answered.
    pub answers: &'a [Answer],
    /// Whether the flow with this slug may be gone on with where one leads to it.
    pub follows: &'a (dyn Fn(&str) -> bool + Sync),
}

/// Where it happens.
pub struct Scene<'a> {
    store: &'a Store,
    principals: &'a Principals,
    fetcher: &'a Fetcher,
    /// The configuration.
    snapshot: &'a Snapshot,
    /// Every group.
    groups: Vec<Group>,
}

impl<'a> Scene<'a> {
    /// What is stored, under a configuration with these groups.
    #[must_use]
    pub fn of(look: &'a Look, fetcher: &'a Fetcher, snapshot: &'a Snapshot, groups: Vec<Group>) -> Self {
        Self { store: &look.store, principals: &look.principals, fetcher, snapshot, groups }
    }

    /// Goes through it; `None` where there is no such user.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn simulate(self, wish: &Wish<'_>) -> Result<Option<Simulated>, StoreError> {
        let person = match wish.user {
            None => None,
            Some(pk) => match self.principals.at(pk, wish.at).await? {
                Some(found) => Some(found.principal().as_ref().clone()),
                None => return Ok(None),
            },
        };
        let setup_open = self.store.installation().setup_is_open().await?;
        let account = match &person {
            Some(person) => Some(self.account(person, wish).await?),
            None => None,
        };
        let touched = Mutex::new(Touched::default());
        let outside = Outside { store: self.store, fetcher: self.fetcher };
        let world = World::around(account, self.groups, wish.at, (self.snapshot, outside), &touched);
        if let (Some(person), Some(app)) = (&person, wish.app.and_then(|slug| self.snapshot.app(slug)))
            && let Some(consent) = self.store.consents().find(person.user.pk, app.id, wish.at).await?
        {
            let permissions = consent.permissions.split_whitespace().map(str::to_owned).collect();
            world.has_agreed(person.user.pk, app.id, (permissions, consent.expires));
        }
        let play = Play { world: &world, wish, person: person.as_ref(), setup_open };
        Ok(Some(Box::pin(play.go()).await))
    }

    /// The person as a world in memory knows them.
    async fn account(&self, person: &Principal, wish: &Wish<'_>) -> Result<Account, StoreError> {
        let mut account = account(person, self.proof(person, wish).await?);
        let factors = self.store.authenticators().usable(person.user.pk).await?;
        let factors = factors.into_iter().filter(|one| !is_hashed(one));
        account.factors = factors.map(|one| Held { factor: factor(one), codes: None }).collect();
        Ok(account)
    }

    /// Which password is right. Who has none is not let in by one.
    async fn proof(&self, person: &Principal, wish: &Wish<'_>) -> Result<Proof, StoreError> {
        Ok(match wish.password {
            Some(password) => Proof::Password(password.to_owned()),
            None if self.store.users().password_hash(person.user.pk).await?.is_none() => Proof::Nothing,
            None => Proof::Anything,
        })
    }
}

impl Core {
    /// Goes through a flow under a configuration, with the groups that there would be, or those that there are;
    /// `None` where there is no such user.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn simulate(
        &self,
        snapshot: &Snapshot,
        groups: Option<Vec<Group>>,
        wish: &Wish<'_>,
    ) -> Result<Option<Simulated>, StoreError> {
        let groups = match groups {
            Some(groups) => groups,
            None => self.store.groups().all().await?,
        };
        let (store, principals, fetcher) = (&self.store, &*self.principals, &self.access.fetcher);
        Scene { store, principals, fetcher, snapshot, groups }.simulate(wish).await
    }
}

/// A person as a world in memory knows them.
fn account(person: &Principal, proof: Proof) -> Account {
    let timed: HashSet<_> = person.timed.iter().map(|membership| membership.group.pk).collect();
    Account {
        user: person.user.clone(),
        uid: person.uid.clone(),
        groups: person.direct_groups.iter().copied().filter(|group| !timed.contains(group)).collect(),
        timed: person.timed.clone(),
        roles: person.roles.clone(),
        superuser: false,
        proof,
        factors: Vec::new(),
    }
}

/// What the person types who is asked for their name.
fn own_names(person: &Principal) -> Vec<(UserField, String)> {
    let user = &person.user;
    let upn = user.attributes.get("upn").and_then(|upn| upn.as_str()).unwrap_or_default();
    let names = [(UserField::Username, &*user.username), (UserField::Email, &*user.email), (UserField::Upn, upn)];
    names.into_iter().filter(|(_, name)| !name.is_empty()).map(|(field, name)| (field, name.to_owned())).collect()
}

/// One way through a flow.
struct Play<'a> {
    world: &'a World<'a>,
    wish: &'a Wish<'a>,
    person: Option<&'a Principal>,
    setup_open: bool,
}

impl Play<'_> {
    async fn go(self) -> Simulated {
        let wish = self.wish;
        let signed_in = self.is_signed_in();
        let mut walker = Walker::new(self.world, self.start(signed_in));
        let mut answers = Answers::new(wish.answers, self.person.map(own_names).unwrap_or_default());
        let mut notes = Vec::new();
        let mut page = walker.set_out(wish.app, wish.next).await;
        loop {
            page = match page {
                Page::Leads(switch) if (wish.follows)(&switch.slug) => walker.follow(Page::Leads(switch)).await,
                Page::Leads(switch) => {
                    notes.push(format!("The flow {} is not gone on with: you may not look into it.", switch.slug));
                    page = Page::Leads(switch);
                    break;
                }
                Page::Asks(challenge) => {
                    let (word, name) = walker.stage().unwrap_or_default();
                    let Some(fields) = answers.next(word, name, &challenge) else {
                        page = Page::Asks(challenge);
                        break;
                    };
                    let next = walker.answer(&challenge, fields).await;
                    self.reasoned(&mut walker);
                    next
                }
                end => {
                    page = end;
                    break;
                }
            };
        }
        let end = self.end(&walker, page);
        notes.extend(self.world.limits());
        notes.extend(answers.unasked());
        Simulated {
            flow: wish.flow.to_owned(),
            user: self.person.map(|person| person.user.username.clone()),
            signed_in,
            at: wish.at,
            steps: walker.trail.stops.iter().map(|stop| self.step(stop)).collect(),
            end,
            notes,
        }
    }

    /// Flows that people go through before they are anybody begin with nobody.
    fn is_signed_in(&self) -> bool {
        use FlowDesignation::{Authentication, Enrollment, Recovery};
        let flow = self.world.snapshot.flow(self.wish.flow);
        let suits = flow.is_some_and(|flow| ![Authentication, Enrollment, Recovery].contains(&flow.flow.designation));
        self.person.is_some_and(|person| person.user.is_active) && self.wish.signed_in.unwrap_or(suits)
    }

    fn start(&self, signed_in: bool) -> Start<'_> {
        let wish = self.wish;
        let session = self.person.filter(|_| signed_in).and_then(|person| self.world.principal_of(person.user.pk));
        let mfa = wish.mfa && session.is_some();
        let request = RequestFacts {
            id: "simulation".to_owned(),
            ip: wish.ip.unwrap_or(HERE),
            host: wish.host.to_owned(),
            path: String::new(),
            method: String::new(),
            user_agent: wish.user_agent.to_owned(),
            now: wish.at,
            from_outpost: false,
            mfa,
            language: Language::default(),
        };
        let login =
            session.is_some().then(|| Login::supposed(mfa, methods_of("password", &Value::Null, mfa), Some(wish.at)));
        Start { flow: wish.flow, request, session, login, setup_open: self.setup_open }
    }

    /// What the log of events would say of an answer belongs to the stage that took it.
    fn reasoned(&self, walker: &mut Walker<'_>) {
        let notes = self.world.take_notes();
        let taken = |stop: &&mut Stop| !matches!(stop.how, How::Asks | How::Skipped | How::Passed);
        if let Some(stop) = walker.trail.stops.iter_mut().rev().find(taken) {
            stop.why.extend(notes);
        }
    }

    fn step(&self, stop: &Stop) -> SimulatedStep {
        let at = stop.flow.stage(stop.binding);
        let object = at.and_then(|at| self.world.snapshot.objects.get(at.stage_id));
        let component = at.map(|at| at.stage.component()).filter(|component| !component.is_empty());
        SimulatedStep {
            flow: stop.flow.flow.slug.clone(),
            stage: object.map(|object| object.document.name.clone()).unwrap_or_default(),
            kind: object.and_then(|object| stage_word(object.kind.meta.kind)).unwrap_or_default().to_owned(),
            component: component.map(str::to_owned),
            outcome: match stop.how {
                How::Skipped => SimulatedOutcome::Skipped,
                How::Passed => SimulatedOutcome::Passed,
                How::Asks => SimulatedOutcome::Shown,
                How::Accepted => SimulatedOutcome::Accepted,
                How::Refused => SimulatedOutcome::Refused,
                How::Denied => SimulatedOutcome::Denied,
                How::Led => SimulatedOutcome::Redirected,
                How::Failed => SimulatedOutcome::Failed,
            },
            asks: stop.asks.clone(),
            answered: stop.answered.clone(),
            complaints: page::complained(&stop.complaints),
            why: stop.why.clone(),
        }
    }

    fn end(&self, walker: &Walker<'_>, page: Page) -> SimulatedEnd {
        let name = |pk: i64| self.world.username(pk);
        let mut end = SimulatedEnd { wrote: walker.written.and_then(name), ..SimulatedEnd::default() };
        end.user = walker.completed.flatten().and_then(name);
        end.how = match &page {
            Page::Asks(_) => SimulatedHow::Waits,
            Page::Broken(_) => SimulatedHow::Failed,
            Page::Last(last) if matches!(last.body, Body::AccessDenied(_)) => SimulatedHow::Denied,
            _ if walker.signed_in.is_some() => SimulatedHow::SignedIn,
            _ if walker.signed_out => SimulatedHow::SignedOut,
            Page::Leads(_) | Page::Redirect(_) => SimulatedHow::Redirect,
            Page::Done(_) | Page::Last(_) => SimulatedHow::Done,
        };
        if let Some(login) = &walker.signed_in {
            end.user = name(login.user);
            end.methods = methods_by(login);
            end.session_seconds = login.duration.map(|duration| duration.num_seconds());
        }
        let refusal = self.world.take_refusal();
        match page {
            Page::Asks(asked) => {
                end.stage = walker.stage().map(|(_, name)| name.to_owned());
                end.asks = asked.body.asks().into_iter().map(str::to_owned).collect();
            }
            Page::Leads(switch) => end.to = Some(switch.to),
            Page::Done(to) => end.to = Some(to),
            // Whom a flow is not for may be sent on without a word.
            Page::Redirect(to) => (end.to, end.message) = (Some(to), refusal),
            Page::Last(last) => {
                if let Body::AccessDenied(denied) = last.body {
                    end.message = denied.error_message;
                }
            }
            Page::Broken(error) => end.message = Some(error),
        }
        if end.message.is_some() {
            end.why = self.why_ended(walker);
        }
        end
    }

    /// What the stage says that the way ended at, or else the flow that did not begin.
    fn why_ended(&self, walker: &Walker<'_>) -> Vec<String> {
        let Some(flow) = &walker.flow else { return Vec::new() };
        let ended = |stop: &&Stop| matches!(stop.how, How::Denied | How::Failed) && stop.flow.id == flow.id;
        match walker.trail.stops.last().filter(ended) {
            Some(stop) => stop.why.clone(),
            None => self.world.why(flow.id),
        }
    }
}
