//! `/lockgate/me/settings/` and `/lockgate/me/favourites/`: how the caller likes the pages to be. They are kept in the
//! account's attributes, under `settings`, where clients of the reference look for them; nothing is decided by them, so
//! they are no event.

use crate::{
    body::Body,
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    objects::applications::may_open,
    openapi::{
        components::{Components, form},
        operation::{Operation, Paths, parameter},
    },
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, put},
};
use http::{Method, StatusCode};
use lockgate_identity::Identity;
use lockgate_model::{User, schema::KindSchema};
use lockgate_texts::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Favourites that somebody can have.
const MOST: usize = 200;

/// Light, dark, with as much contrast as there can be, or as the browser's system is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum MyTheme {
    /// As the system is set.
    #[default]
    Automatic,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
    /// Black and white, light or dark as the system is set.
    Contrast,
}

/// How the caller likes the pages to be.
#[derive(Debug, Serialize, JsonSchema)]
struct MySettings {
    /// Tag of the language; empty: as the browser asks.
    locale: String,
    /// How pages look.
    theme: MyTheme,
    /// Slugs of applications.
    favourites: Vec<String>,
}

/// Settings to change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct MySettingsRequest {
    /// Tag of the language; empty: as the browser asks.
    #[serde(default)]
    #[schemars(length(max = 35))]
    locale: Option<String>,
    /// How pages look.
    #[serde(default)]
    theme: Option<MyTheme>,
}

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<MySettingsRequest>);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/lockgate/me/settings/", get(retrieve).patch(change))
        .route("/lockgate/me/favourites/{slug}/", put(like).delete(unlike))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let settings = components.reply::<MySettings>();
    let patched = components.patched::<MySettingsRequest>();
    let operation = |method: Method, verb: &str| {
        Operation::new(method, "/lockgate/me/settings/", format!("lockgate_me_settings_{verb}"), TAG)
    };
    let shows = operation(Method::GET, "retrieve").says("Shows how the caller likes the pages to be.");
    paths.add(shows.answers(200, "The settings.", settings.clone()));
    let changes = operation(Method::PATCH, "partial_update").says("Changes how the caller likes the pages to be.");
    paths.add(changes.body(patched, false).answers(200, "As they are now.", settings));
    let favourite = |method: Method, verb: &str| {
        let slug = parameter("path", "slug", json!({"type": "string"}), "Slug of the application.");
        let id = format!("lockgate_me_favourites_{verb}");
        Operation::new(method, "/lockgate/me/favourites/{slug}/", id, TAG).path(slug)
    };
    let put = favourite(Method::PUT, "update").says("Puts an application that the caller may open to the favourites.");
    paths.add(put.empty(204, "It is one of them."));
    let delete = favourite(Method::DELETE, "destroy").says("Takes an application from the caller's favourites.");
    paths.add(delete.empty(204, "It is none of them."));
}

fn of(user: &User) -> Option<&Map<String, Value>> {
    user.attributes.get("settings")?.as_object()
}

/// Slugs of the applications that somebody likes most.
pub(super) fn favourites(user: &User) -> Vec<&str> {
    let list = of(user).and_then(|settings| settings.get("favourites")?.as_array());
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn shown(user: &User) -> MySettings {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let theme = of(user).and_then(|settings| settings.get("theme")?.get("base"));
    MySettings {
        locale: text(of(user).and_then(|settings| settings.get("locale"))),
        theme: theme.and_then(|theme| MyTheme::deserialize(theme).ok()).unwrap_or_default(),
        favourites: favourites(user).into_iter().map(str::to_owned).collect(),
    }
}

async fn retrieve(caller: Caller) -> Json<MySettings> {
    Json(shown(caller.user()))
}

async fn change(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Json<MySettings>, ApiError> {
    let given: MySettingsRequest = body.read(&FORM, true)?;
    if given.locale.as_deref().is_some_and(|tag| !tag.is_empty() && Language::of_tag(tag).is_none()) {
        return Err(ApiError::field("locale", "invalid_choice", "There is no such language here."));
    }
    let write = |settings: &mut Map<String, Value>| {
        if let Some(locale) = given.locale {
            settings.insert("locale".to_owned(), Value::String(locale));
        }
        if let Some(theme) = given.theme {
            let kept = settings.entry("theme").or_insert_with(|| json!({}));
            if !kept.is_object() {
                *kept = json!({});
            }
            kept["base"] = json!(theme);
        }
    };
    let user = identity.people.change_settings(caller.user().pk, write).await?;
    Ok(Json(shown(&user)))
}

async fn like(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<StatusCode, ApiError> {
    if !may_open(&identity, &identity.config.snapshot(), &caller, &slug).await {
        return Err(ApiError::no_such("Application"));
    }
    let known = favourites(caller.user());
    if known.len() >= MOST && !known.contains(&slug.as_str()) {
        return Err(ApiError::field("", "max_length", format!("There can be {MOST} favourites at most.")));
    }
    keep(&identity, &caller, slug, true).await
}

async fn unlike(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<StatusCode, ApiError> {
    keep(&identity, &caller, slug, false).await
}

async fn keep(identity: &Identity, caller: &Caller, slug: String, liked: bool) -> Result<StatusCode, ApiError> {
    let write = move |settings: &mut Map<String, Value>| {
        let mut list: Vec<Value> = settings.get("favourites").and_then(Value::as_array).cloned().unwrap_or_default();
        list.retain(|one| one.as_str() != Some(&slug));
        if liked {
            list.push(Value::String(slug));
        }
        settings.insert("favourites".to_owned(), Value::Array(list));
    };
    identity.people.change_settings(caller.user().pk, write).await?;
    Ok(StatusCode::NO_CONTENT)
}
