//! Who has access to an application and why, and the other way round: what somebody has access to. Decided as `explain`
//! decides, under the configuration in force.

use crate::{
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    objects,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
        shapes::Pagination,
    },
    paging::{self, Listed},
    people::sight::Sight,
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use chrono::{DateTime, Utc};
use http::Method;
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{User, kind::by_name};
use lockgate_policies::{
    Action, Facts, Login, PreparedPrincipal, Question, Resource, Trace, USER_KIND, describe_denial,
};
use lockgate_store::{Page, UserFilter};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Users that are looked at for one page of those who have access, or have not.
const LOOKED_AT: u64 = 1_000;

/// Users that are looked at between two turns of others.
const CHUNK: u64 = 100;

/// An account, in short.
#[derive(Debug, Serialize, JsonSchema)]
struct AccessUser {
    /// Its primary key.
    pk: i64,
    /// Its user name.
    username: String,
    /// Its display name.
    name: String,
    /// Its e-mail address.
    email: String,
}

/// Whether somebody may open an application, and why.
#[derive(Debug, Serialize, JsonSchema)]
struct UserAccess {
    /// Who.
    user: AccessUser,
    /// Whether they may.
    allowed: bool,
    /// What lets them in, or what they would be told.
    reasons: Vec<String>,
}

/// One page of who may open an application, and who may not.
#[derive(Debug, Serialize, JsonSchema)]
struct UserAccessList {
    /// Where the page lies. With `allowed`, of those who were looked at.
    pagination: Pagination,
    /// Whether there are more users than were looked at; only with `allowed`.
    truncated: bool,
    /// The users.
    results: Vec<UserAccess>,
}

/// An application, in short.
#[derive(Debug, Serialize, JsonSchema)]
struct AccessApplication {
    /// Its primary key.
    pk: Uuid,
    /// Its slug.
    slug: String,
    /// Its name.
    name: String,
}

/// Whether an application is open to somebody, and why.
#[derive(Debug, Serialize, JsonSchema)]
struct ApplicationAccess {
    /// Which.
    application: AccessApplication,
    /// Whether it is.
    allowed: bool,
    /// What lets them in.
    reasons: Vec<String>,
    /// What they would be told: what is missing.
    missing: Vec<String>,
}

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/lockgate/applications/{slug}/access/", get(of_application))
        .route("/lockgate/users/{id}/access/", get(of_user))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let shared = |mut operation: Operation| {
        for name in ["QueryPaginationPage", "QueryPaginationPageSize", "QuerySearch"] {
            operation = operation.shared_query(name);
        }
        let flag = || json!({"type": "boolean"});
        operation.query("allowed", flag()).query("mfa", flag())
    };
    let list = components.reply::<UserAccessList>();
    let path = "/lockgate/applications/{slug}/access/";
    let slug = parameter("path", "slug", json!({"type": "string"}), "Slug of the application.");
    paths.add(
        shared(Operation::new(Method::GET, path, "lockgate_applications_access_list", TAG).path(slug))
            .says("Lists users with whether they may open an application, and why: without a second factor unless `mfa` says otherwise, from no address. With `allowed`, a thousand users are looked at.")
            .answers(200, "One page.", list),
    );
    let _ = components.reply::<ApplicationAccess>();
    let page = components.page_of("ApplicationAccess");
    let id = parameter("path", "id", json!({"type": "integer"}), "Primary key of the user.");
    paths.add(
        shared(Operation::new(Method::GET, "/lockgate/users/{id}/access/", "lockgate_users_access_list", TAG).path(id))
            .says("Lists the applications that the caller sees with whether they are open to a user, why, and what is missing.")
            .answers(200, "One page.", page),
    );
}

/// What is asked of many people or applications.
struct Asking<'a> {
    identity: &'a Identity,
    snapshot: &'a Snapshot,
    now: DateTime<Utc>,
    login: Login,
}

/// An answer, with what speaks for it.
struct Answer {
    allowed: bool,
    reasons: Vec<String>,
    missing: Vec<String>,
}

impl Asking<'_> {
    /// Whether somebody may open an application; why, only `with_reasons`.
    async fn ask(&self, who: &PreparedPrincipal, app: &str, with_reasons: bool) -> Answer {
        let resource = Resource::App(app);
        let facts = Facts { mfa: self.login.mfa, login: Some(&self.login), ..Facts::at(self.now) };
        let wants = self.snapshot.policies.wants(resource, &facts);
        let evidence = Box::pin(self.identity.access.fetcher.fetch(&wants, Some(&**who.principal()), &facts)).await;
        let facts = Facts { evidence: &evidence, ..facts };
        let question =
            Question { id: Uuid::nil(), principal: Some(who), action: Action::Access, resource, facts: &facts };
        let decision = self.snapshot.policies.decide(&question);
        let allowed = decision.allow;
        // What would have to change for a denied one is looked for only where one question is explained.
        let reasons = match allowed && with_reasons {
            true => why(&self.snapshot.policies.explain(&question).1),
            false => Vec::new(),
        };
        Answer { allowed, reasons, missing: describe_denial(&decision) }
    }

    async fn user(&self, user: User, app: &str, with_reasons: bool) -> Result<UserAccess, ApiError> {
        let who = self.identity.principals.get(user.pk).await?;
        let answer = match &who {
            Some(who) => self.ask(who, app, with_reasons).await,
            None => Answer { allowed: false, reasons: Vec::new(), missing: Vec::new() },
        };
        let User { pk, username, name, email, .. } = user;
        let reasons = if answer.allowed { answer.reasons } else { answer.missing };
        Ok(UserAccess { user: AccessUser { pk, username, name, email }, allowed: answer.allowed, reasons })
    }
}

/// What lets somebody in: the bindings that they pass, and the policies of files that the decision rests on.
fn why(trace: &Trace) -> Vec<String> {
    let passed = trace.bindings.iter().filter(|binding| binding.passes == Some(true));
    let passed = passed.map(|binding| format!("{}{}", if binding.negate { "not " } else { "" }, binding.what));
    let rests = trace.policies.iter().filter(|policy| policy.determining && policy.policy.bindings.is_empty());
    let rests = rests.filter(|policy| policy.policy.file.is_some());
    let rests = rests.map(|policy| format!("the policy {}", policy.policy.id));
    let mut reasons: Vec<String> = passed.chain(rests).collect();
    if reasons.is_empty() && trace.bindings.is_empty() {
        reasons.push("nothing is bound to it".to_owned());
    }
    reasons
}

async fn of_application(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
    query: Query,
) -> Result<Json<UserAccessList>, ApiError> {
    let snapshot = identity.config.snapshot();
    let kind = by_name("application").ok_or(ApiError::Internal)?;
    let object = objects::find(&snapshot.objects, kind, &slug)?;
    objects::sight::Sight::of(&identity, &snapshot, &caller).require_on(Action::Read, object)?;
    caller.require(&identity, &snapshot, Action::CheckAccess, USER_KIND)?;
    caller.require_some(&identity, &snapshot, Action::Read, USER_KIND)?;
    let (page, asking) = (paging::wanted(&query)?, asking(&identity, &snapshot, &query));
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let filter = UserFilter { search: query.get("search").map(str::to_owned), ..UserFilter::default() };
    let (store, now, filter) = (&identity.store, asking.now, &filter);
    let fetch = |page| async move { Ok(store.users().list(&UserFilter { page, ..filter.clone() }, now).await?) };
    let Some(allowed) = query.boolean("allowed")? else {
        let (users, total) = sight.page_of_users(page, fetch).await?;
        let mut results = Vec::with_capacity(users.len());
        for user in users {
            results.push(asking.user(user, &slug, true).await?);
        }
        let pagination = paging::pagination(page, total)?;
        return Ok(Json(UserAccessList { pagination, truncated: false, results }));
    };
    let mut fitting = Vec::new();
    let mut more = 0;
    for number in 1..=LOOKED_AT / CHUNK {
        let (users, total) = fetch(Page { number, size: CHUNK }).await?;
        more = total;
        let is_last = (users.len() as u64) < CHUNK;
        let seen = sight.seen_users(&users).await?;
        for user in users.into_iter().filter(|user| seen.contains(&user.pk)) {
            let who = identity.principals.get(user.pk).await?;
            let is_allowed = match &who {
                Some(who) => asking.ask(who, &slug, false).await.allowed,
                None => false,
            };
            if is_allowed == allowed {
                fitting.push(user);
            }
        }
        if is_last {
            break;
        }
        // Other requests get their turn.
        tokio::task::yield_now().await;
    }
    let (total, shown) = paging::part(page, fitting)?;
    let mut results = Vec::with_capacity(shown.len());
    for user in shown {
        results.push(asking.user(user, &slug, true).await?);
    }
    let pagination = paging::pagination(page, total)?;
    Ok(Json(UserAccessList { pagination, truncated: more > LOOKED_AT, results }))
}

fn asking<'a>(identity: &'a Identity, snapshot: &'a Snapshot, query: &Query) -> Asking<'a> {
    let mfa = query.flag("mfa") == Some(true);
    Asking { identity, snapshot, now: identity.clock.now(), login: Login::supposed(mfa, Vec::new(), None) }
}

async fn of_user(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    query: Query,
) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let pk = key.parse().map_err(|_| ApiError::no_such("User"))?;
    let who = sight.user(Action::CheckAccess, pk).await?;
    let (page, asking) = (paging::wanted(&query)?, asking(&identity, &snapshot, &query));
    let allowed = query.boolean("allowed")?;
    let search = query.get("search").unwrap_or_default().to_lowercase();
    let apps: Vec<_> = {
        let sight = objects::sight::Sight::of(&identity, &snapshot, &caller);
        let seen = |id: Uuid| snapshot.objects.get(id).is_some_and(|object| sight.has(object));
        let named = |text: &str| text.to_lowercase().contains(&search);
        let all = snapshot.all_apps().into_iter();
        all.filter(|app| named(&app.application.name) || named(&app.application.slug))
            .filter(|app| seen(app.id))
            .collect()
    };
    let mut fitting = Vec::with_capacity(apps.len());
    for app in apps {
        let is_allowed = match allowed {
            Some(_) => Some(asking.ask(&who, &app.application.slug, false).await.allowed),
            None => None,
        };
        if is_allowed == allowed {
            fitting.push(app);
        }
    }
    let (total, shown) = paging::part(page, fitting)?;
    let mut results: Vec<Value> = Vec::with_capacity(shown.len());
    for app in shown {
        let Answer { allowed, reasons, missing } = asking.ask(&who, &app.application.slug, true).await;
        let application =
            AccessApplication { pk: app.id, slug: app.application.slug.clone(), name: app.application.name.clone() };
        results.push(json!(ApplicationAccess { application, allowed, reasons, missing }));
    }
    Listed::new(page, total, results)
}
