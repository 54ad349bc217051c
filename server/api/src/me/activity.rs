//! `/lockgate/me/activity/`: what happened in the caller's name, and what others did to the caller's account, as the audit
//! log has it, without what only administrators are to read.

use crate::{
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
    paging::{self, Listed},
    people::{sessions::agent, views::value},
    query::Query,
};
use axum::{Router, extract::State, routing::get};
use chrono::{DateTime, Utc};
use http::Method;
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_policies::{Place, Places};
use lockgate_store::{Event, EventFilter, Page, TokenFilter};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// What concerns the person. What else is noted under a name is about the server.
const TOLD: [&str; 15] = [
    "authorize_application",
    "impersonation_ended",
    "impersonation_started",
    "invitation_used",
    "login",
    "login_failed",
    "logout",
    "model_created",
    "model_deleted",
    "model_updated",
    "password_set",
    "policy_execution",
    "secret_rotate",
    "secret_view",
    "user_write",
];

/// Tokens whose names are looked for.
const MOST_TOKENS: u64 = 100;

/// Something that happened.
#[derive(Debug, Serialize, JsonSchema)]
struct MyActivity {
    /// Primary key of the event.
    pk: Uuid,
    /// When.
    created: DateTime<Utc>,
    /// What, as in events.
    action: String,
    /// Name of the application that was opened or refused.
    application: Option<String>,
    /// Whether it was opened.
    allow: Option<bool>,
    /// The kind of the thing that was made, changed, deleted or looked at: `token`.
    thing: Option<String>,
    /// Its name.
    thing_name: Option<String>,
    /// By what somebody signed in, such as `password`.
    method: Option<String>,
    /// Address that it came from.
    client_ip: Option<String>,
    /// City of that address, if it is known.
    city: Option<String>,
    /// Two letters of its country, if it is known.
    country: Option<String>,
    /// Browser, if it is known.
    browser: Option<String>,
    /// System of the device, if it is known.
    system: Option<String>,
    /// Name of the administrator who acted as the caller.
    acted_by: Option<String>,
    /// Name of who did it to the caller's account, where that was somebody else; empty: the server by itself.
    done_by: Option<String>,
}

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/lockgate/me/activity/", get(list))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let _ = components.reply::<MyActivity>();
    let page = components.page_of("MyActivity");
    let mut listing = Operation::new(Method::GET, "/lockgate/me/activity/", "lockgate_me_activity_list", TAG)
        .says("Lists what happened in the caller's name, and what others did to the caller's account, newest first.");
    for name in ["QueryPaginationPage", "QueryPaginationPageSize"] {
        listing = listing.shared_query(name);
    }
    paths.add(listing.answers(200, "One page.", page));
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let page = paging::wanted(&query)?;
    let snapshot = identity.config.snapshot();
    let filter = EventFilter {
        concerned: Some(caller.user().pk),
        actions: TOLD.into_iter().map(str::to_owned).collect(),
        page,
        ..EventFilter::default()
    };
    let (events, total) = identity.store.events().list(&filter).await?;
    let names = names_of_tokens(&identity, caller.user().pk).await?;
    let called = |mut told: MyActivity| {
        let name = told.thing_name.as_ref().filter(|_| told.thing.as_deref() == Some("token"));
        if let Some(name) = name.and_then(|name| names.get(name)) {
            told.thing_name = Some(name.clone());
        }
        told
    };
    let told = events.into_iter().map(|event| value(&called(told(&identity, &snapshot, event, caller.user().pk))));
    Listed::new(page, total, told.collect())
}

/// What somebody calls the tokens that there are, by the identifiers that events name.
async fn names_of_tokens(identity: &Identity, user: i64) -> Result<HashMap<String, String>, ApiError> {
    let page = Page { number: 1, size: MOST_TOKENS };
    let filter = TokenFilter { user_pk: Some(user), page, ..TokenFilter::default() };
    let (tokens, _) = identity.tokens.list(&filter).await?;
    let named = tokens.into_iter().filter(|token| !token.description.is_empty());
    Ok(named.map(|token| (token.identifier, token.description)).collect())
}

fn told(identity: &Identity, snapshot: &Snapshot, event: Event, own: i64) -> MyActivity {
    let is_own = event.user_pk == Some(own);
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let context = &event.context;
    let model = &context["model"];
    let by_slug = |slug: &str| snapshot.app(slug).map(|app| app.application.name.clone());
    let (thing, thing_name) = match model {
        // A factor that was set up tells itself in a way of its own.
        Value::String(_) => (text(&context["kind"]), text(&context["name"])),
        model => (text(&model["model_name"]), text(&model["name"])),
    };
    // Consents are noted under the slug of their application.
    let thing_name = thing_name.map(|name| match thing.as_deref() {
        Some("userconsent") => by_slug(&name).unwrap_or(name),
        _ => name,
    });
    let seen = context["user_agent"].as_str().filter(|text| is_own && !text.is_empty()).map(agent);
    let family = |part: &str| {
        let known = seen.as_ref().and_then(|seen| seen.get(part)?.get("family")?.as_str());
        known.filter(|family| *family != "Other").map(str::to_owned)
    };
    // Where somebody else was is nobody's business.
    let client_ip = event.client_ip.filter(|_| is_own);
    let place = client_ip.as_deref().and_then(|ip| identity.places.place(ip.parse().ok()?));
    let Place { city, country, .. } = place.unwrap_or_default();
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    MyActivity {
        pk: event.pk,
        created: event.created,
        application: text(&context["authorized_application"]["name"])
            .or_else(|| by_slug(context["application"].as_str()?)),
        allow: context["allow"].as_bool(),
        thing,
        thing_name,
        method: text(&context["auth_method"]),
        city: filled(city),
        country: filled(country),
        browser: family("user_agent"),
        system: family("os"),
        acted_by: event.user.get("on_behalf_of").and_then(|_| text(&event.user["username"])),
        done_by: (!is_own).then(|| text(&event.user["username"]).unwrap_or_default()),
        client_ip,
        action: event.action,
    }
}
