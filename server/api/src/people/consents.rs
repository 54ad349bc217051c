//! `/core/user_consent/`: what people agreed to share with applications, and taking it back.

use super::{
    Noun,
    shapes::UserConsent,
    sight::Sight,
    views::{self, value},
};
use crate::{
    caller::Caller,
    error::ApiError,
    objects::{face, list::mentions, reading::Reading},
    openapi::{components::Components, operation::Paths},
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, config::Snapshot, journal::Action as Noted};
use lockgate_model::{Object, ObjectSet};
use lockgate_policies::Action;
use lockgate_store::{Consent, ConsentFilter};
use serde_json::{Value, json};
use uuid::Uuid;

/// Name of the kind in policies.
const KIND: &str = "user_consent";

/// Where consents live.
const NOUN: Noun = Noun {
    path: "core/user_consent",
    stem: "core_user_consent",
    schema: "UserConsent",
    key: "id",
    key_schema: || json!({"type": "integer"}),
};

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/core/user_consent/", get(list))
        .route("/core/user_consent/{id}/", get(retrieve).delete(destroy))
        .route("/core/user_consent/{id}/used_by/", get(used_by))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let consent = components.reply::<UserConsent>();
    let page = components.page_of("UserConsent");
    let listing = NOUN
        .operation(Method::GET, "", "list")
        .says("Lists every consent that matches: one's own, or all for administrators.")
        .query("application", json!({"type": "string", "format": "uuid"}))
        .query("user", json!({"type": "integer"}));
    paths.add(listing.paged().answers(200, "One page.", page));
    paths.add(NOUN.one(Method::GET, "", "retrieve").says("Shows a consent.").answers(200, "The consent.", consent));
    let destroy = NOUN
        .one(Method::DELETE, "", "destroy")
        .says("Takes a consent back: the application's tokens end, and the next login asks again.");
    paths.add(destroy.empty(204, "Taken back."));
    paths.add(NOUN.used_by(components));
}

fn application(objects: &ObjectSet, id: Uuid) -> Option<&Object> {
    objects.get(id).filter(|o| o.kind.meta.kind == "application")
}

/// What a consent is called: its application.
fn name_of(snapshot: &Snapshot, consent: &Consent) -> String {
    application(&snapshot.objects, consent.application).map(|o| o.document.name.clone()).unwrap_or_default()
}

/// The views of consents. Those of an application or a user that was deleted this moment are left out.
async fn shown(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    consents: Vec<Consent>,
) -> Result<Vec<UserConsent>, ApiError> {
    let owners = views::owners(identity, consents.iter().map(|consent| consent.user_pk)).await?;
    let reading = Reading::new(snapshot, caller.principal());
    let show = |consent: Consent| {
        Some(UserConsent {
            pk: consent.pk,
            expires: consent.expires,
            expiring: consent.expires.is_some(),
            user: owners.get(&consent.user_pk)?.clone(),
            application: face::show(application(&snapshot.objects, consent.application)?, &reading),
            permissions: consent.permissions,
        })
    };
    Ok(consents.into_iter().filter_map(show).collect())
}

/// The applications that a query asks for by key or by words of their name; none: all.
fn applications(objects: &ObjectSet, query: &Query) -> Result<Option<Vec<Uuid>>, ApiError> {
    let key = query.uuid("application")?;
    let search = query.get("search");
    if key.is_none() && search.is_none() {
        return Ok(None);
    }
    let all = objects.iter().filter(|o| o.kind.meta.kind == "application");
    let wanted = all.filter(|o| key.is_none_or(|key| o.document.id == key) && mentions(o, &["name", "slug"], search));
    Ok(Some(wanted.map(|o| o.document.id).collect()))
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let page = paging::wanted(&query)?;
    let applications = applications(&snapshot.objects, &query)?;
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let filter = ConsentFilter { user_pk: None, applications, ordering: query.ordering(), page };
    let (store, filter) = (&identity.store, &filter);
    let fetch = |user_pk, page| async move {
        Ok(store.consents().list(&ConsentFilter { user_pk, page, ..filter.clone() }).await?)
    };
    let tell = |consent: &Consent| (consent.user_pk, name_of(&snapshot, consent));
    let (consents, total) = sight.page_of_things(KIND, query.integer("user")?, page, fetch, tell).await?;
    let shown = shown(&identity, &snapshot, &caller, consents).await?;
    Listed::new(page, total, shown.iter().map(value).collect())
}

/// A consent that the caller may do this to: one's own always.
async fn found(identity: &Identity, caller: &Caller, verb: Action, key: &str) -> Result<Consent, ApiError> {
    let pk = key.parse().map_err(|_| ApiError::no_such(NOUN.schema))?;
    let consent = identity.store.consents().get(pk).await?;
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity, snapshot: &snapshot, caller };
    let consent = consent.map(|consent| (consent.user_pk, name_of(&snapshot, &consent), consent));
    sight.owned(verb, KIND, NOUN.schema, consent).await
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<UserConsent>, ApiError> {
    let consent = found(&identity, &caller, Action::Read, &key).await?;
    let snapshot = identity.config.snapshot();
    let shown = shown(&identity, &snapshot, &caller, vec![consent]).await?.pop();
    shown.map(Json).ok_or_else(|| ApiError::no_such(NOUN.schema))
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let consent = found(&identity, &caller, Action::Delete, &key).await?;
    let snapshot = identity.config.snapshot();
    if !identity.withdraw(&snapshot, &consent).await? {
        return Err(ApiError::no_such(NOUN.schema));
    }
    super::note(&identity, &caller, Noted::ModelDeleted, KIND, (consent.pk, &name_of(&snapshot, &consent)));
    Ok(StatusCode::NO_CONTENT)
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    found(&identity, &caller, Action::Read, &key).await?;
    Ok(Json(json!([])))
}
