//! `/lockgate/users/{id}/authenticators/…`: second factors that an administrator sets up for somebody, who is handed what
//! proves them. It is shown once, here.

use super::{Sort, kinds::sort_of, note_made, shown_if_own};
use crate::{
    body::Body,
    caller::Caller,
    decisions::TAG,
    error::{ApiError, NO_PERMISSION},
    openapi::{
        components::{Components, form},
        operation::{Operation, Paths, parameter},
    },
    people::{sight::Sight, users::found},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use http::{Method, StatusCode};
use lockgate_engine::ports::PortError;
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{User, kinds::Digits, schema::KindSchema};
use lockgate_policies::Action;
use lockgate_store::AuthenticatorKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::LazyLock;

/// What an app is called that nobody has named.
const APP: &str = "TOTP Authenticator";

/// What a set of codes is called that nobody has named.
const CODES: &str = "Static Token";

/// An app that shows codes.
#[derive(Deserialize, JsonSchema)]
struct AppForUserRequest {
    /// What its owner calls it.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    name: Option<String>,
    /// How long its codes are.
    #[serde(default)]
    digits: Digits,
}

/// An app that was set up.
#[derive(Serialize, JsonSchema)]
struct AppForUser {
    /// Primary key of the device.
    pk: i64,
    /// What its owner calls it.
    name: String,
    /// The address by which an app takes its secret, usually as a QR code. It is shown this once.
    config_url: String,
}

/// Codes that each work once.
#[derive(Deserialize, JsonSchema)]
struct CodesForUserRequest {
    /// What their owner calls them.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    name: Option<String>,
    /// How many.
    #[serde(default = "six")]
    #[schemars(range(min = 1, max = 100))]
    count: usize,
    /// Letters and figures of each.
    #[serde(default = "twelve")]
    #[schemars(range(min = 8, max = 100))]
    length: usize,
}

fn six() -> usize {
    6
}

fn twelve() -> usize {
    12
}

/// Codes that were made.
#[derive(Serialize, JsonSchema)]
struct CodesForUser {
    /// Primary key of the device.
    pk: i64,
    /// What their owner calls them.
    name: String,
    /// The codes. They are shown this once.
    codes: Vec<String>,
}

static APP_FORM: LazyLock<KindSchema> = LazyLock::new(form::<AppForUserRequest>);
static CODES_FORM: LazyLock<KindSchema> = LazyLock::new(form::<CodesForUserRequest>);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/lockgate/users/{id}/authenticators/totp/", post(app))
        .route("/lockgate/users/{id}/authenticators/static/", post(codes))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let operation = |word: &str, says: &str| {
        let path = format!("/lockgate/users/{{id}}/authenticators/{word}/");
        let id = format!("lockgate_users_authenticators_{word}_create");
        let key = parameter("path", "id", json!({"type": "integer"}), "Primary key of the user.");
        Operation::new(Method::POST, &path, id, TAG).says(says).path(key)
    };
    paths.add(
        operation("totp", "Sets up an app for a user, who is handed its address, and tells that once.")
            .body(components.request::<AppForUserRequest>(), true)
            .answers(201, "The app.", components.reply::<AppForUser>()),
    );
    paths.add(
        operation(
            "static",
            "Makes codes for a user, who is handed them, in place of those that there were; tells them once.",
        )
        .body(components.request::<CodesForUserRequest>(), true)
        .answers(201, "The codes.", components.reply::<CodesForUser>()),
    );
}

/// The account, if the caller may set up such a factor for it.
async fn account(
    (identity, snapshot, caller): (&Identity, &Snapshot, &Caller),
    sort: &Sort,
    (key, name): (&str, &str),
) -> Result<User, ApiError> {
    let sight = Sight { identity, snapshot, caller };
    let account = found(&sight, Action::Read, key).await?;
    caller.require_oneself()?;
    if !sight.permits(Action::Create, sort.policy, account.pk, name).await? {
        return Err(NO_PERMISSION);
    }
    shown_if_own(identity, caller, account.pk).await?;
    Ok(account)
}

async fn app(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<(StatusCode, Json<AppForUser>), ApiError> {
    let snapshot = identity.config.snapshot();
    let sort = sort_of(AuthenticatorKind::Totp).ok_or(ApiError::Internal)?;
    let given: AppForUserRequest = body.read(&APP_FORM, false)?;
    let name = given.name.as_deref().unwrap_or(APP);
    let account = account((&identity, &snapshot, &caller), sort, (&key, name)).await?;
    let issuer = snapshot.brand_facts(&caller.client.host).title;
    let (made, config_url) =
        identity.hand_out_app(&account, name, given.digits, &issuer).await.map_err(|error| failed(&error))?;
    note_made(&identity, &caller, sort, &made, account.pk);
    Ok((StatusCode::CREATED, Json(AppForUser { pk: made.pk, name: made.name, config_url })))
}

async fn codes(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<(StatusCode, Json<CodesForUser>), ApiError> {
    let snapshot = identity.config.snapshot();
    let sort = sort_of(AuthenticatorKind::Static).ok_or(ApiError::Internal)?;
    let given: CodesForUserRequest = body.read(&CODES_FORM, false)?;
    let name = given.name.as_deref().unwrap_or(CODES);
    let account = account((&identity, &snapshot, &caller), sort, (&key, name)).await?;
    let size = (given.count, given.length);
    let (made, codes) = identity.hand_out_codes(account.pk, name, size).await.map_err(|error| failed(&error))?;
    note_made(&identity, &caller, sort, &made, account.pk);
    Ok((StatusCode::CREATED, Json(CodesForUser { pk: made.pk, name: made.name, codes })))
}

fn failed(error: &PortError) -> ApiError {
    tracing::error!(%error, "a second factor could not be set up for somebody");
    ApiError::Internal
}
