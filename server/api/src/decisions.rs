//! `/lockgate/decisions/` and `/lockgate/explain/`: what was decided, on which facts, and what the configuration
//! in force makes of a question.

use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use chrono::{DateTime, Utc};
use http::Method;
use lockgate_identity::{Identity, decisions::Kept};
use lockgate_model::Validity;
use lockgate_policies::{Action, Decision, Facts, Login, Question, Resource, Trace, USER_KIND, describe_denial};
use lockgate_store::{Case, DateFilter, DecisionFilter, DecisionRecord};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Name of the kind in policies.
pub(crate) const KIND: &str = "decision";
/// Tag of what the reference does not have.
pub(crate) const TAG: &str = "lockgate";
const NOUN: &str = "Decision";

/// A decision that is kept.
#[derive(Debug, Serialize, JsonSchema)]
struct KeptDecision {
    /// Its id, which the page of a denied person shows.
    id: Uuid,
    /// When it was taken.
    created: DateTime<Utc>,
    /// Primary key of the account; null for a visitor.
    user: Option<i64>,
    /// Name of the account, as it was.
    username: String,
    /// What for, such as `access`.
    action: String,
    /// To what, in words.
    resource: String,
    /// Slug of the application.
    app: String,
    /// The answer.
    allow: bool,
    /// Address that the request came from.
    client_ip: Option<String>,
    /// The decision, the facts and the groups of the person, as they were.
    record: Map<String, Value>,
    /// What the configuration in force makes of the same question; null in lists, and where the account is gone.
    now: Option<Explanation>,
}

/// Whether somebody may open an application, and why.
#[derive(Debug, Serialize, JsonSchema)]
struct Explanation {
    /// The answer.
    allow: bool,
    /// What a denied person is told.
    told: Vec<String>,
    /// The decision: what determined it, the facts it used, what was missing.
    decision: Map<String, Value>,
    /// Every binding and policy that was looked at, and the smallest changes that would allow it.
    trace: Map<String, Value>,
}

impl Explanation {
    fn of((decision, trace): &(Decision, Trace)) -> Self {
        Self {
            allow: decision.allow,
            told: describe_denial(decision),
            decision: object(json!(decision)),
            trace: object(json!(trace)),
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl KeptDecision {
    fn of(record: DecisionRecord, now: Option<Explanation>) -> Self {
        Self {
            id: record.id,
            created: record.created,
            user: record.user_pk,
            username: record.username,
            action: record.action,
            resource: record.resource,
            app: record.app,
            allow: record.allow,
            client_ip: record.client_ip,
            record: object(record.record),
            now,
        }
    }
}

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/lockgate/decisions/", get(list))
        .route("/lockgate/decisions/{id}/", get(retrieve))
        .route("/lockgate/explain/", get(explain))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let one = components.reply::<KeptDecision>();
    let page = components.page_of("KeptDecision");
    let text = || json!({"type": "string"});
    let word = || json!({"type": "string", "minLength": 1});
    let moment = || json!({"type": "string", "format": "date-time"});
    let mut listing = Operation::new(Method::GET, "/lockgate/decisions/", "lockgate_decisions_list", TAG)
        .says("Lists the decisions that are kept, newest first: all denials, and a share of the permissions.")
        .query("allow", json!({"type": "boolean"}))
        .query("app", text())
        .query("client_ip", text())
        .query("created__gt", moment())
        .query("created__lt", moment())
        .query("user", json!({"type": "integer"}))
        .query("username", text());
    for name in ["QueryPaginationOrdering", "QueryPaginationPage", "QueryPaginationPageSize"] {
        listing = listing.shared_query(name);
    }
    paths.add(listing.answers(200, "One page.", page));
    let id = parameter("path", "id", json!({"type": "string", "format": "uuid"}), "Id of the decision.");
    paths.add(
        Operation::new(Method::GET, "/lockgate/decisions/{id}/", "lockgate_decisions_retrieve", TAG)
            .says("Shows a decision, and what the configuration in force makes of the same question.")
            .path(id)
            .answers(200, "The decision.", one),
    );
    paths.add(
        Operation::new(Method::GET, "/lockgate/explain/", "lockgate_explain_retrieve", TAG)
            .says("Tells whether a user may open an application, and everything that was looked at.")
            .query_required("user", word())
            .query_required("app", word())
            .query("ip", text())
            .query("at", moment())
            .query("mfa", json!({"type": "boolean"}))
            .query("methods", text())
            .query("age", text())
            .query("user_agent", text())
            .answers(200, "The explanation.", components.reply::<Explanation>()),
    );
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let page = paging::wanted(&query)?;
    let moment = |name: &str| query.parsed(name, "Enter a valid date and time.");
    let text = |name: &str| query.get(name).map(str::to_owned);
    let filter = DecisionFilter {
        user_pk: query.integer("user")?,
        username: text("username"),
        app: text("app"),
        allow: query.flag("allow"),
        client_ip: text("client_ip"),
        created: DateFilter { after: moment("created__gt")?, before: moment("created__lt")?, ..DateFilter::default() },
        ordering: query.ordering(),
        page,
    };
    let (decisions, total) = identity.store.decisions().list(&filter).await?;
    Listed::new(page, total, decisions.into_iter().map(|d| json!(KeptDecision::of(d, None))).collect())
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeptDecision>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_one(&identity, &snapshot, Action::Read, KIND, NOUN)?;
    let none = || ApiError::no_such(NOUN);
    let id: Uuid = id.parse().map_err(|_| none())?;
    let record = identity.store.decisions().get(id).await?.ok_or_else(none)?;
    let kept = Kept::of(&identity.store, &identity.principals, record.clone()).await?;
    let now = match kept {
        Some(kept) => Some(Explanation::of(&kept.explain(&snapshot, &identity.access.fetcher).await)),
        None => None,
    };
    Ok(Json(KeptDecision::of(record, now)))
}

async fn explain(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<Explanation>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require(&identity, &snapshot, Action::CheckAccess, USER_KIND)?;
    let missing = |name: &str| ApiError::field(name, "required", "This field is required.");
    let user = query.get("user").ok_or_else(|| missing("user"))?;
    let app = query.get("app").ok_or_else(|| missing("app"))?;
    let unknown = |name: &str, text: &str| ApiError::field(name, "does_not_exist", text);
    let user = identity.store.users().by_username(user, Case::Fold).await?;
    let user = user.ok_or_else(|| unknown("user", "User not found"))?;
    snapshot.app(app).ok_or_else(|| unknown("app", "Application not found"))?;
    let at = query.parsed("at", "Enter a valid date and time.")?.unwrap_or_else(|| identity.clock.now());
    let who = identity.principals.at(user.pk, at).await?.ok_or_else(|| unknown("user", "User not found"))?;
    let ip = query.parsed("ip", "Enter a valid IPv4 or IPv6 address.")?;
    let login = supposed(&query, at)?;
    let user_agent = query.get("user_agent").unwrap_or_default();
    let facts = Facts { ip, mfa: login.mfa, user_agent, login: Some(&login), ..Facts::at(at) };
    let wants = snapshot.policies.wants(Resource::App(app), &facts);
    let evidence = identity.access.fetcher.fetch(&wants, Some(&**who.principal()), &facts).await;
    let facts = Facts { evidence: &evidence, ..facts };
    // Nobody will look it up by its id.
    let (id, action, resource) = (Uuid::nil(), Action::Access, Resource::App(app));
    let question = Question { id, principal: Some(&who), action, resource, facts: &facts };
    Ok(Json(Explanation::of(&snapshot.policies.explain(&question))))
}

/// The login that a question supposes: means with commas between them, and an age such as `10m`.
fn supposed(query: &Query, at: DateTime<Utc>) -> Result<Login, ApiError> {
    let methods =
        query.get("methods").unwrap_or_default().split(',').map(str::trim).filter(|method| !method.is_empty());
    let age: Option<Validity> = query.parsed("age", "Enter a duration such as 10m.")?;
    let mfa = query.flag("mfa") == Some(true);
    Ok(Login::supposed(mfa, methods.map(str::to_owned).collect(), age.map(|age| at - age.delta())))
}
