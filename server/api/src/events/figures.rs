//! The audit log in figures, as dashboards ask for them.

use super::{KIND, NOUN, choosing, chosen, shapes};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
    query::Query,
};
use axum::{Json, Router, extract::State, routing::get};
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::Validity;
use lockgate_policies::Action;
use lockgate_store::{DateFilter, EventFilter};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Applications that are told of at most.
const MOST: i64 = 100;

/// Days that are looked back at most.
const FURTHEST: i64 = 366;

/// Spans that are counted at once.
const SPANS: usize = 20;

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/events/events/stats/", get(stats))
        .route("/events/events/top_per_user/", get(top_per_user))
        .route("/events/events/volume/", get(volume))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let ordered =
        |operation: Operation| choosing(operation).shared_query("QueryPaginationOrdering").shared_query("QuerySearch");
    let list = |schema: Value| json!({"type": "array", "items": schema});
    let top = NOUN.operation(Method::GET, "top_per_user/", "top_per_user_list");
    paths.add(
        ordered(top.says("Lists the applications that were opened most often."))
            .query("top_n", json!({"type": "integer", "default": 15}))
            .answers(200, "The applications.", list(components.reply::<shapes::EventTopPerUser>())),
    );
    let volume = NOUN.operation(Method::GET, "volume/", "volume_list");
    paths.add(
        ordered(volume.says("Tells how often each action happened in each hour of the last days."))
            .query("history_days", json!({"type": "integer", "default": 7}))
            .answers(200, "The figures.", list(components.reply::<shapes::EventVolume>())),
    );
    let stats = NOUN.operation(Method::GET, "stats/", "stats_retrieve");
    paths.add(
        ordered(stats.says("Tells how much happened, and by how many people."))
            .query("count_steps", json!({"type": "array", "items": {"type": "string", "minLength": 1}}))
            .answers(200, "The figures.", components.reply::<shapes::EventStats>()),
    );
}

async fn top_per_user(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<Vec<shapes::EventTopPerUser>>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require(&identity, &snapshot, Action::Read, KIND)?;
    let mut filter = chosen(&identity, &query).await?;
    if filter.actions.is_empty() && filter.action_part.is_none() {
        filter.actions = vec!["authorize_application".to_owned()];
    }
    let most = query.integer("top_n")?.unwrap_or(15).clamp(1, MOST).unsigned_abs();
    let counted = identity.store.events().top_applications(&filter, most).await?;
    let shown = counted.into_iter().map(|one| shapes::EventTopPerUser {
        application: application(&snapshot, &one.application),
        counted_events: one.events,
        unique_users: one.users,
    });
    Ok(Json(shown.collect()))
}

/// An application as events tell it, as it is now.
fn application(snapshot: &Snapshot, key: &str) -> Map<String, Value> {
    let app = Uuid::parse_str(key).ok().and_then(|id| snapshot.app_by_id(id)).or_else(|| snapshot.app(key));
    let name = app.map_or(key, |app| app.application.name.as_str());
    let pk = app.map_or_else(|| key.to_owned(), |app| app.id.to_string());
    let told = json!({"pk": pk, "app": "authentik_core", "name": name, "model_name": "application"});
    told.as_object().cloned().unwrap_or_default()
}

async fn volume(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<Vec<shapes::EventVolume>>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let days = query.integer("history_days")?.unwrap_or(7).clamp(0, FURTHEST);
    let filter = chosen(&identity, &query).await?;
    let counted = match u16::try_from(days) {
        // Of all that happened, most has been counted before.
        Ok(days) if filter == EventFilter::default() => identity.volume(days).await?,
        _ => {
            let filter = since(&filter, identity.clock.now() - TimeDelta::days(days));
            identity.store.events().volume(&filter).await?
        }
    };
    let shown = |hour: lockgate_store::HourFigures| shapes::EventVolume {
        action: hour.action,
        time: hour.hour,
        count: hour.count,
    };
    Ok(Json(counted.into_iter().map(shown).collect()))
}

/// What a filter chooses, as far as it is later than that.
fn since(filter: &EventFilter, moment: DateTime<Utc>) -> EventFilter {
    let after = filter.created.after.map_or(moment, |after| after.max(moment));
    EventFilter { created: DateFilter { after: Some(after), ..filter.created }, ..filter.clone() }
}

async fn stats(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<shapes::EventStats>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let (filter, events) = (chosen(&identity, &query).await?, identity.store.events());
    let mut count_step = Map::new();
    for step in query.repeated("count_steps").into_iter().take(SPANS) {
        let span: Validity =
            step.parse().map_err(|error| ApiError::field("count_steps", "invalid", format!("{error}")))?;
        let since = since(&filter, identity.clock.now() - span.delta());
        count_step.insert(step.to_owned(), json!(events.count(&since).await?));
    }
    Ok(Json(shapes::EventStats { unique_users: events.unique_users(&filter).await?, count_step }))
}
