//! Acting as somebody else, and as several people in one browser.

use super::{
    deeds::{ImpersonationRequest, UserSwitchRequest, UserSwitchResponse},
    sight::Sight,
    users::{NOUN, found},
};
use crate::{
    body::Body,
    caller::Caller,
    compatibility::refusal,
    error::{ACTING, ApiError, NO_PERMISSION},
    executor::{Cookies, session_cookies},
    openapi::{
        components::{Components, form},
        operation::Paths,
    },
};
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::{Method, StatusCode};
use lockgate_identity::Identity;
use lockgate_model::schema::KindSchema;
use lockgate_policies::Action;
use serde_json::json;
use std::sync::LazyLock;

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<ImpersonationRequest>);
static SWITCH_FORM: LazyLock<KindSchema> = LazyLock::new(form::<UserSwitchRequest>);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/core/users/{id}/impersonate/", post(begin))
        .route("/core/users/impersonate_end/", get(end))
        .route("/core/users/switch/", post(switch))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        NOUN.one(Method::POST, "impersonate/", "impersonate_create")
            .says("Makes the browser's session that of the user, until it is ended. It is noted who began it and why.")
            .body(components.request::<ImpersonationRequest>(), true)
            .empty(204, "The session is the user's."),
    );
    paths.add(
        NOUN.operation(Method::GET, "impersonate_end/", "impersonate_end_retrieve")
            .says("Gives the session back to who it is in truth.")
            .empty(204, "The session is one's own."),
    );
    paths.add(
        NOUN.operation(Method::POST, "switch/", "switch_create")
            .says("Refuses: a browser has one session.")
            .query("next", json!({"type": "string"}))
            .body(components.request::<UserSwitchRequest>(), false)
            .answers(200, "Never.", components.reply::<UserSwitchResponse>()),
    );
}

/// A token has no session that could become somebody else's.
const NO_SESSION: ApiError = ApiError::BadRequest("This takes the session of a browser, and a token has none.");

async fn begin(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<(StatusCode, Cookies), ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let account = found(&sight, Action::Impersonate, &key).await?;
    if caller.original.is_some() {
        return Err(ACTING);
    }
    let settings = &snapshot.settings;
    if !settings.impersonation {
        return Err(ApiError::Forbidden("Acting as others is turned off."));
    }
    if account.pk == caller.user().pk || !account.is_active {
        return Err(NO_PERMISSION);
    }
    let given: ImpersonationRequest = body.read(&FORM, !settings.impersonation_require_reason)?;
    let reason = given.reason.unwrap_or_default();
    if reason.trim().is_empty() && settings.impersonation_require_reason {
        return Err(ApiError::field("reason", "blank", "This field may not be blank."));
    }
    let session = caller.session.as_ref().ok_or(NO_SESSION)?;
    let new = identity.impersonate(session, caller.user(), &account, &reason, &caller.client).await?;
    let new = new.ok_or(ApiError::Stale)?;
    Ok((StatusCode::NO_CONTENT, session_cookies(&new.token, new.max_age, &caller.client)))
}

/// Whoever acts as nobody else is told the same: it has ended.
async fn end(State(identity): State<Identity>, caller: Caller) -> Result<(StatusCode, Cookies), ApiError> {
    let Some(session) = caller.session.as_ref().filter(|session| session.original_pk.is_some()) else {
        return Ok((StatusCode::NO_CONTENT, axum::response::AppendHeaders(Vec::new())));
    };
    let new = identity.end_impersonation(session, caller.user(), &caller.client).await?;
    let new = new.ok_or(ApiError::Stale)?;
    Ok((StatusCode::NO_CONTENT, session_cookies(&new.token, new.max_age, &caller.client)))
}

async fn switch(_: Caller, body: Body) -> Result<StatusCode, ApiError> {
    let _: UserSwitchRequest = body.read(&SWITCH_FORM, false)?;
    Err(refusal("core_users_switch_create"))
}
