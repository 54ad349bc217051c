//! What stages for Duo have beside their objects: how far somebody's phone is, and taking over who is enrolled at Duo
//! already.

use super::sight::Sight;
use crate::{
    body::Body,
    caller::{Caller, Visitor},
    error::ApiError,
    openapi::{
        components::{Components, form, reference},
        operation::{Operation, Paths, parameter},
    },
    people,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use http::{Method, StatusCode};
use lockgate_identity::{
    Identity, config::Snapshot, duo::DuoImportError, journal::Action as Noted, runner::DuoProgress,
};
use lockgate_model::{Object, kind::by_name, schema::KindSchema};
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

const DUO: &str = "/stages/authenticator/duo/{stage_uuid}/";

/// A device that Duo knows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct DeviceRequest {
    /// What Duo calls the account.
    #[schemars(length(min = 1, max = 255))]
    duo_user_id: String,
    /// Whose it is here.
    #[schemars(length(min = 1, max = 255))]
    username: String,
}

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<DeviceRequest>);

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    let duo = |tail: &str| format!("{DUO}{tail}/");
    Router::new()
        .route(&duo("enrollment_status"), post(enrollment_status))
        .route(&duo("import_device_manual"), post(import_one))
        .route(&duo("import_devices_automatic"), post(import_all))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let object = |properties: Value, required: &[&str]| json!({"type": "object", "properties": properties, "required": required});
    let text = || json!({"type": "string", "minLength": 1, "maxLength": 255});
    components.put("DuoResponseEnum", json!({"type": "string", "enum": ["success", "waiting", "invalid"]}));
    let status = object(json!({"duo_response": reference("DuoResponseEnum")}), &["duo_response"]);
    let status = components.put("DuoDeviceEnrollmentStatus", status);
    let device = object(json!({"duo_user_id": text(), "username": text()}), &["duo_user_id", "username"]);
    let device = components.put("AuthenticatorDuoStageManualDeviceImportRequest", device);
    let imported = object(
        json!({"count": {"type": "integer", "readOnly": true}, "error": {"type": "string", "readOnly": true}}),
        &["count", "error"],
    );
    let imported = components.put("AuthenticatorDuoStageDeviceImportResponse", imported);
    let operation = |tail: &str, says: &str| {
        let key = parameter("path", "stage_uuid", json!({"type": "string", "format": "uuid"}), "Key of the stage.");
        let id = format!("stages_authenticator_duo_{tail}_create");
        Operation::new(Method::POST, &format!("{DUO}{tail}/"), id, "stages").says(says).path(key)
    };
    let says = "Asks Duo how far somebody's enrollment has come.";
    paths.add(operation("enrollment_status", says).answers(200, "How far.", status));
    let manual = operation("import_device_manual", "Takes over a device that Duo knows.");
    paths.add(manual.body(device, true).empty(204, "Taken over."));
    let automatic = operation("import_devices_automatic", "Takes over every device that Duo knows.");
    paths.add(automatic.answers(200, "How many.", imported));
}

fn stage<'s>(snapshot: &'s Snapshot, key: &str) -> Result<&'s Object, ApiError> {
    super::find(&snapshot.objects, by_name("authenticator_duo_stage").ok_or(ApiError::Internal)?, key)
}

/// A stage for whoever may read it and make devices.
fn stage_to_import<'s>(
    identity: &Identity,
    snapshot: &'s Snapshot,
    caller: &Caller,
    key: &str,
) -> Result<&'s Object, ApiError> {
    let stage = stage(snapshot, key)?;
    Sight::of(identity, snapshot, caller).require_on(Action::Read, stage)?;
    caller.require(identity, snapshot, Action::Create, "duo_device")?;
    caller.require_oneself()?;
    Ok(stage)
}

async fn enrollment_status(
    State(identity): State<Identity>,
    visitor: Visitor,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let snapshot = identity.config.snapshot();
    let id = stage(&snapshot, &key)?.document.id;
    let progress = match &visitor.session_token {
        Some(token) => Box::pin(identity.flows().duo_progress(token, visitor.client.ip, id)).await?,
        None => None,
    };
    let none = || ApiError::field("", "invalid", "This session sets up no phone by this stage, or Duo can’t be asked.");
    let word = match progress.ok_or_else(none)? {
        DuoProgress::Success => "success",
        DuoProgress::Invalid => "invalid",
        // A phone that Duo knows is asked by the flow, not by a look at how far it is.
        DuoProgress::Waiting | DuoProgress::Denied | DuoProgress::TimedOut | DuoProgress::TooMany { .. } => "waiting",
    };
    Ok(Json(json!({"duo_response": word})))
}

async fn import_one(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let stage = stage_to_import(&identity, &snapshot, &caller, &key)?;
    let device: DeviceRequest = body.read(&FORM, false)?;
    let made = identity.take_over_duo(stage.document.id, &device.username, &device.duo_user_id).await;
    let made = made.map_err(|error| match error {
        DuoImportError::NoUser => ApiError::field("username", "does_not_exist", error.to_string()),
        other => refused(other),
    })?;
    let known = || ApiError::field("duo_user_id", "unique", "This user has this device already.");
    let (_, factor) = made.ok_or_else(known)?;
    note(&identity, &caller, (factor.pk, &factor.name));
    Ok(StatusCode::NO_CONTENT)
}

async fn import_all(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let snapshot = identity.config.snapshot();
    let stage = stage_to_import(&identity, &snapshot, &caller, &key)?;
    let outcome = Box::pin(identity.take_over_all_of_duo(stage)).await.map_err(refused)?;
    outcome.made.iter().for_each(|(_, factor)| note(&identity, &caller, (factor.pk, &factor.name)));
    Ok(Json(json!({"count": outcome.made.len(), "error": outcome.error})))
}

fn refused(error: DuoImportError) -> ApiError {
    match error {
        DuoImportError::Port(error) => {
            tracing::error!(%error, "devices of Duo could not be taken over");
            ApiError::Internal
        }
        other => ApiError::field("", "invalid", other.to_string()),
    }
}

fn note(identity: &Identity, caller: &Caller, device: (i64, &str)) {
    people::note(identity, caller, Noted::ModelCreated, "duo_device", device);
}
