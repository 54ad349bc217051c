//! `/lockgate/simulate/`: goes through a flow without any effect, under what is in force or under a folder.

use crate::{
    body::Body,
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    objects::sight::Sight,
    openapi::{
        components::{Components, form},
        operation::{Operation, Paths},
    },
    revisions::{self, FolderFile, refused, texts},
};
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::{DateTime, Utc};
use http::Method;
use lockgate_flows::nearest;
use lockgate_identity::{
    Identity,
    config::{Proposed, Snapshot},
    simulation::{Answer, Simulated, Wish},
};
use lockgate_model::{
    Object,
    kinds::{Application, Flow},
    schema::KindSchema,
};
use lockgate_policies::{Action, Administered, USER_KIND};
use lockgate_store::Case;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeSet, net::IpAddr, sync::LazyLock};

/// Name of the kind in policies.
const FLOW: &str = "flow";

/// The browser, unless it is told.
const AGENT: &str = "lockgate simulate";

/// What is answered.
// Without `Debug`, as is the request: they may hold passwords.
#[derive(Deserialize, JsonSchema)]
struct SimulatedAnswer {
    /// Word or name of the stage that it is for, such as `password`; any that asks for one of its fields unless given.
    #[serde(default)]
    #[schemars(length(max = 255))]
    stage: String,
    /// The answer by key, such as `{"uid_field": "ada"}`; empty where only a yes is wanted, as at a consent.
    #[serde(default)]
    fields: Map<String, Value>,
}

/// A flow that is gone through, by whom, and under which circumstances.
#[derive(Deserialize, JsonSchema)]
struct SimulationRequest {
    /// Slug of the flow, such as `default-authentication-flow`.
    #[schemars(length(min = 1, max = 255))]
    flow: String,
    /// Primary key of who goes through it; a visitor whom nobody knows, unless this or `username` is given.
    #[serde(default)]
    user: Option<i64>,
    /// Name of who goes through it, such as `ada`.
    #[serde(default)]
    #[schemars(length(max = 255))]
    username: String,
    /// Whether they are signed in at the start. Unless given, they are, except in flows that sign people in, enrol or
    /// recover them.
    #[serde(default)]
    signed_in: Option<bool>,
    /// Whether they signed in with a second factor, where they are signed in.
    #[serde(default)]
    mfa: bool,
    /// The only password that counts as theirs, to be compared with what is answered. Their real one is never looked
    /// at: unless this is given, any counts as the right one.
    #[serde(default)]
    #[schemars(length(max = 1_024))]
    password: Option<String>,
    /// What is answered; each answer once, to the first page that asks for it. Who is known gives their own name
    /// where nothing else is asked for.
    #[serde(default)]
    #[schemars(length(max = 50))]
    answers: Vec<SimulatedAnswer>,
    /// Slug of the application that the flow leads to.
    #[serde(default)]
    #[schemars(length(max = 255))]
    app: String,
    /// Where the person was going, such as `/if/user/`.
    #[serde(default)]
    #[schemars(length(max = 2_048))]
    next: String,
    /// Address that requests come from, such as `203.0.113.9`; the caller's unless given.
    #[serde(default)]
    #[schemars(length(max = 64))]
    ip: String,
    /// Host that is asked; the one that is asked now unless given.
    #[serde(default)]
    #[schemars(length(max = 255))]
    host: String,
    /// `User-Agent` of the browser.
    #[serde(default)]
    #[schemars(length(max = 2_048))]
    user_agent: String,
    /// When; now unless given.
    #[serde(default)]
    at: Option<DateTime<Utc>>,
    /// The files of the folder under which it happens; without any, what is in force counts. Files that are not of
    /// the language do not.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    files: Option<Vec<FolderFile>>,
}

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<SimulationRequest>);

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/lockgate/simulate/", post(simulate))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        Operation::new(Method::POST, "/lockgate/simulate/", "lockgate_simulate_create", TAG)
            .says("Goes through a flow as somebody, with answers that are given in advance, and tells each step. Changes nothing.")
            .body(components.request::<SimulationRequest>(), true)
            .answers(200, "The way and its end.", components.reply::<Simulated>())
            .may_miss()
            .may_conflict(),
    );
}

async fn simulate(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Response, ApiError> {
    let live = identity.config.snapshot();
    caller.require_some(&identity, &live, Action::Execute, FLOW)?;
    let mut asked: SimulationRequest = body.read(&FORM, false)?;
    let visit = Visit { identity: &identity, live: &live, caller: &caller };
    let user = visit.user(&asked).await?;
    match asked.files.take() {
        None => visit.told(&asked, user, None).await,
        Some(files) => {
            // Its text runs here, and may name this machine's secrets.
            caller.require(&identity, &live, Action::Test, revisions::KIND)?;
            match Box::pin(identity.config.compiled(&texts(&identity, files))).await {
                Ok(proposed) => visit.told(&asked, user, Some(proposed)).await,
                Err(refusal) => refused(refusal),
            }
        }
    }
}

/// One request. What the caller may do is told by the configuration in force alone, whatever a folder says.
#[derive(Clone, Copy)]
struct Visit<'a> {
    identity: &'a Identity,
    live: &'a Snapshot,
    caller: &'a Caller,
}

impl Visit<'_> {
    /// Who goes through it, when the caller may ask what they may do.
    async fn user(&self, asked: &SimulationRequest) -> Result<Option<i64>, ApiError> {
        let Self { identity, live, caller } = *self;
        let name = asked.username.as_str();
        let (pk, named) = match (asked.user, name) {
            (None, "") => return Ok(None),
            (Some(_), name) if !name.is_empty() => {
                let text = "Give either the primary key or the name of the user, not both.";
                return Err(ApiError::field("username", "invalid", text));
            }
            (Some(pk), _) => (Some(pk), pk.to_string()),
            (None, name) => {
                let found = identity.store.users().by_username(name, Case::Fold).await?;
                (found.map(|user| user.pk), name.to_owned())
            }
        };
        caller.require_some(identity, live, Action::CheckAccess, USER_KIND)?;
        let none = || unknown("User", &named, []);
        let who = identity.principals.get(pk.ok_or_else(none)?).await?.ok_or_else(none)?;
        let may = caller.require_on(identity, live, Action::CheckAccess, &Administered::user(&who)?, "User");
        may.map_err(|error| if matches!(error, ApiError::NotFound(_)) { none() } else { error })?;
        Ok(Some(who.principal().user.pk))
    }

    async fn told(
        &self,
        asked: &SimulationRequest,
        user: Option<i64>,
        proposed: Option<Proposed>,
    ) -> Result<Response, ApiError> {
        let Self { identity, live, caller } = *self;
        let (snapshot, groups) = match &proposed {
            Some(proposed) => (&proposed.snapshot, Some(proposed.groups.clone())),
            None => (live, None),
        };
        let open = self.flows(snapshot, &asked.flow)?;
        self.app(snapshot, &asked.app)?;
        let invalid = |_| ApiError::field("ip", "invalid", "Enter a valid IPv4 or IPv6 address.");
        let ip: IpAddr = if asked.ip.is_empty() { caller.client.ip } else { asked.ip.parse().map_err(invalid)? };
        let answers: Vec<Answer> = asked.answers.iter().map(Answer::from).collect();
        let wish = Wish {
            flow: &asked.flow,
            user,
            signed_in: asked.signed_in,
            mfa: asked.mfa,
            password: asked.password.as_deref(),
            app: given(&asked.app),
            next: given(&asked.next),
            ip: Some(ip),
            host: given(&asked.host).unwrap_or(&caller.client.host),
            user_agent: given(&asked.user_agent).unwrap_or(AGENT),
            at: asked.at.unwrap_or_else(|| identity.clock.now()),
            answers: &answers,
            follows: &|slug| open.contains(slug),
        };
        let told = Box::pin(identity.simulate(snapshot, groups, &wish)).await?;
        Ok(Json(told.ok_or_else(|| ApiError::no_such("User"))?).into_response())
    }

    /// The flows that the caller may go through and look into, by slug, when the one that is asked for is among them.
    fn flows(&self, snapshot: &Snapshot, slug: &str) -> Result<BTreeSet<String>, ApiError> {
        let sight = Sight::of(self.identity, self.live, self.caller);
        let may = |flow: &Object| {
            sight.require_on(Action::Execute, flow).and_then(|()| sight.require_on(Action::Inspect, flow))
        };
        let (mut open, mut seen, mut answer) = (BTreeSet::new(), BTreeSet::new(), None);
        for (object, flow) in snapshot.objects.all::<Flow>() {
            // What a folder makes of a flow does not open it.
            let judged = self.live.objects.by_name(FLOW, &flow.slug).unwrap_or(object);
            let may = may(judged);
            if may.is_ok() {
                open.insert(flow.slug.clone());
            }
            if !matches!(may, Err(ApiError::NotFound(_))) {
                seen.insert(flow.slug.as_str());
            }
            if flow.slug == slug {
                answer = Some(may);
            }
        }
        match answer {
            Some(Ok(())) => Ok(open),
            None | Some(Err(ApiError::NotFound(_))) => Err(unknown("Flow", slug, seen)),
            Some(Err(error)) => Err(error),
        }
    }

    /// Whether the caller may know of the application.
    fn app(&self, snapshot: &Snapshot, slug: &str) -> Result<(), ApiError> {
        let sight = Sight::of(self.identity, self.live, self.caller);
        let judged = |object| self.live.objects.by_name("application", slug).unwrap_or(object);
        let is_seen = snapshot.objects.by_name("application", slug).is_some_and(|object| sight.has(judged(object)));
        if slug.is_empty() || is_seen {
            return Ok(());
        }
        let all = snapshot.objects.all::<Application>();
        let seen = all.into_iter().filter(|(object, _)| sight.has(object)).map(|(_, app)| app.slug.as_str());
        Err(unknown("Application", slug, seen))
    }
}

impl From<&SimulatedAnswer> for Answer {
    fn from(answer: &SimulatedAnswer) -> Self {
        Self { stage: answer.stage.clone(), fields: answer.fields.clone() }
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// There is none of this name, as far as the caller may know; perhaps they mean one that they may see.
fn unknown<'n>(noun: &str, name: &str, seen: impl IntoIterator<Item = &'n str>) -> ApiError {
    let shown: String = name.chars().take(100).collect();
    let near = nearest(name, seen).map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
    ApiError::NotFound(format!("No {noun} \"{shown}\" matches the given query.{near}"))
}
