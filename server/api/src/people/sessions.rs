//! `/core/authenticated_sessions/`: where people are signed in, and ending it.

use super::{
    Noun,
    shapes::{AuthenticatedSession, BulkDeleteSessionResponse},
    sight::Sight,
    views::value,
};
use crate::{
    caller::Caller,
    error::{ApiError, NO_PERMISSION},
    openapi::{components::Components, operation::Paths},
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{delete, get},
};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, journal::Action as Noted};
use lockgate_policies::{Action, Administered, Network, Place, Places, USER_KIND};
use lockgate_store::{Session, SessionFilter};
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use uuid::Uuid;

/// Name of the kind in policies.
const KIND: &str = "session";

/// Users whose sessions can be ended at once.
const MAX_BULK: usize = 1_000;

/// Where sessions live.
const NOUN: Noun = Noun {
    path: "core/authenticated_sessions",
    stem: "core_authenticated_sessions",
    schema: "AuthenticatedSession",
    key: "uuid",
    key_schema: || json!({"type": "string", "format": "uuid"}),
};

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/core/authenticated_sessions/", get(list))
        .route("/core/authenticated_sessions/bulk_delete/", delete(bulk_delete))
        .route("/core/authenticated_sessions/{uuid}/", get(retrieve).delete(destroy))
        .route("/core/authenticated_sessions/{uuid}/used_by/", get(used_by))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let session = components.reply::<AuthenticatedSession>();
    let page = components.page_of("AuthenticatedSession");
    let text = || json!({"type": "string"});
    let listing = NOUN
        .operation(Method::GET, "", "list")
        .says("Lists every session that matches: one's own, or all for administrators.")
        .query("session__last_ip", text())
        .query("session__last_user_agent", text())
        .query("user__username", text());
    paths.add(listing.paged().answers(200, "One page.", page));
    paths.add(NOUN.one(Method::GET, "", "retrieve").says("Shows a session.").answers(200, "The session.", session));
    let destroy =
        NOUN.one(Method::DELETE, "", "destroy").says("Ends a session, with the sign-ins that derive from it.");
    paths.add(destroy.empty(204, "Ended."));
    let users = json!({"type": "array", "items": {"type": "integer"}});
    paths.add(
        NOUN.operation(Method::DELETE, "bulk_delete/", "bulk_delete_destroy")
            .says("Ends all sessions of some users.")
            .query_required("user_pks", users)
            .answers(200, "How many were ended.", components.reply::<BulkDeleteSessionResponse>()),
    );
    paths.add(NOUN.used_by(components));
}

fn shown(identity: &Identity, session: Session, caller: &Caller) -> AuthenticatedSession {
    let ip = session.last_ip.parse::<IpAddr>().ok();
    AuthenticatedSession {
        uuid: session.uuid,
        current: caller.session.as_ref().is_some_and(|own| own.uuid == session.uuid),
        user_agent: agent(&session.user_agent),
        geo_ip: ip.and_then(|ip| place(identity, ip)),
        asn: ip.and_then(|ip| network(identity, ip)),
        user: session.user_pk.unwrap_or_default(),
        last_ip: session.last_ip,
        last_user_agent: session.user_agent,
        last_used: session.last_used,
        expires: session.expires,
    }
}

fn place(identity: &Identity, ip: IpAddr) -> Option<Map<String, Value>> {
    let Place { continent, country, city, lat, long } = identity.places.place(ip)?;
    let told = json!({"continent": continent, "country": country, "city": city, "lat": lat, "long": long});
    told.as_object().cloned()
}

fn network(identity: &Identity, ip: IpAddr) -> Option<Map<String, Value>> {
    let Network { asn, organization } = identity.places.network(ip)?;
    json!({"asn": asn, "as_org": organization, "network": identity.places.prefix(ip)}).as_object().cloned()
}

/// What a `User-Agent` says of itself, as far as people care: browser, system, sort of device.
pub(crate) fn agent(text: &str) -> Map<String, Value> {
    let first = |words: &[(&'static str, &'static str)]| {
        words.iter().find(|(mark, _)| text.contains(mark)).map_or("Other", |(_, name)| *name)
    };
    // Browsers name their ancestors too, so the youngest comes first.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Mac OS X", "Mac OS X"),
        ("CrOS", "Chrome OS"),
        ("Linux", "Linux"),
    ]);
    let device = first(&[("iPhone", "iPhone"), ("iPad", "iPad"), ("Macintosh", "Mac")]);
    let described = json!({
        "device": {"brand": "", "family": device, "model": ""},
        "os": {"family": system, "major": "", "minor": "", "patch": "", "patch_minor": ""},
        "user_agent": {"family": browser, "major": "", "minor": "", "patch": ""},
        "string": text,
    });
    described.as_object().cloned().unwrap_or_default()
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let page = paging::wanted(&query)?;
    let text = |name: &str| query.get(name).map(str::to_owned);
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let filter = SessionFilter {
        search: text("search"),
        user_pk: None,
        username: text("user__username"),
        last_ip: text("session__last_ip"),
        user_agent: text("session__last_user_agent"),
        ordering: query.ordering(),
        page,
    };
    let (stored, filter) = (&identity.sessions, &filter);
    let fetch =
        |user_pk, page| async move { Ok(stored.list(&SessionFilter { user_pk, page, ..filter.clone() }).await?) };
    let tell = |session: &Session| (session.user_pk.unwrap_or_default(), session.uuid.to_string());
    let (sessions, total) = sight.page_of_things(KIND, None, page, fetch, tell).await?;
    Listed::new(page, total, sessions.into_iter().map(|s| value(&shown(&identity, s, &caller))).collect())
}

/// A session that the caller may see: one's own always.
async fn found(sight: &Sight<'_>, key: &str) -> Result<Session, ApiError> {
    let identity = sight.identity;
    let uuid = Uuid::parse_str(key).map_err(|_| ApiError::no_such(NOUN.schema))?;
    let session = identity.store.sessions().by_uuid(uuid, identity.clock.now()).await?;
    let session = session.and_then(|s| Some((s.user_pk?, s.uuid.to_string(), s)));
    sight.owned(Action::Read, KIND, NOUN.schema, session).await
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<AuthenticatedSession>, ApiError> {
    let snapshot = identity.config.snapshot();
    let session = found(&Sight { identity: &identity, snapshot: &snapshot, caller: &caller }, &key).await?;
    Ok(Json(shown(&identity, session, &caller)))
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let session = found(&sight, &key).await?;
    if let Some(owner) = session.user_pk.filter(|pk| *pk != caller.user().pk) {
        let owner = identity.principals.get(owner).await?.ok_or(NO_PERMISSION)?;
        sight.require(Action::EndSession, &Administered::user(&owner)?)?;
    }
    let ended = identity.sessions.end_by_uuid(session.uuid).await?;
    identity.feed.settle().await;
    note_ended(&identity, &caller, Some(session.uuid), session.user_pk.as_slice(), ended.into());
    Ok(StatusCode::NO_CONTENT)
}

async fn bulk_delete(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<BulkDeleteSessionResponse>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::EndSession, USER_KIND)?;
    let users: Vec<i64> = query.several("user_pks", "Enter a number.")?;
    if users.is_empty() || users.len() > MAX_BULK {
        let text = format!("Name between 1 and {MAX_BULK} users.");
        return Err(ApiError::field("user_pks", "required", text));
    }
    if !caller.may(&identity, &snapshot, Action::EndSession, USER_KIND) {
        let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
        for user in &users {
            sight.user(Action::EndSession, *user).await?;
        }
    }
    let deleted = identity.sessions.end_of_users(&users, None).await?;
    identity.feed.settle().await;
    note_ended(&identity, &caller, None, &users, deleted);
    Ok(Json(BulkDeleteSessionResponse { deleted }))
}

/// Notes that somebody has ended sessions: one, or those of some people.
pub(crate) fn note_ended(identity: &Identity, caller: &Caller, one: Option<Uuid>, owners: &[i64], ended: u64) {
    if ended == 0 {
        return;
    }
    let key = one.map(|uuid| uuid.to_string()).unwrap_or_default();
    let entry = super::entry(caller, Noted::ModelDeleted, KIND, (key, "")).with("ended", ended);
    // Whose they were sees it among what was done to the account.
    identity.journal.record(match owners {
        [owner] => entry.with("owner", json!({"pk": owner})),
        several => entry.with("owners", several.to_vec()),
    });
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let snapshot = identity.config.snapshot();
    found(&Sight { identity: &identity, snapshot: &snapshot, caller: &caller }, &key).await?;
    Ok(Json(json!([])))
}
