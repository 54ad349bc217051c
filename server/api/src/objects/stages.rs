//! What stages have beside their objects: settings that they offer to people, templates of e-mails, models of
//! authenticators, and what needs a service that this version does not ask.

use super::{shapes::UserSetting, sight::Sight};
use crate::{
    caller::Caller,
    compatibility::refusal,
    error::ApiError,
    openapi::{
        components::{Components, reference},
        operation::{Operation, Paths, parameter},
        shapes::TypeCreate,
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::{Method, StatusCode};
use lockgate_identity::Identity;
use lockgate_model::{
    kind::by_name,
    kinds::{DeviceType, EMAIL_TEMPLATES, PasswordStage, device_type, device_types},
};
use lockgate_policies::Action;
use serde_json::{Value, json};
use uuid::Uuid;

const DEVICE_TYPES: &str = "/stages/authenticator/webauthn_device_types/";
const DUO: &str = "/stages/authenticator/duo/{stage_uuid}/";

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    let duo = |tail: &str| format!("{DUO}{tail}/");
    Router::new()
        .route("/stages/all/user_settings/", get(user_settings))
        .route("/stages/email/templates/", get(templates))
        .route(DEVICE_TYPES, get(list_device_types))
        .route(&format!("{DEVICE_TYPES}{{aaguid}}/"), get(retrieve_device_type))
        .route(&duo("enrollment_status"), post(ask_duo))
        .route(&duo("import_device_manual"), post(ask_duo))
        .route(&duo("import_devices_automatic"), post(ask_duo))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let list = json!({"type": "array", "items": components.reply::<UserSetting>()});
    paths.add(
        Operation::new(Method::GET, "/stages/all/user_settings/", "stages_all_user_settings_list", "stages")
            .says("Lists what the caller can change about how they sign in.")
            .answers(200, "The settings.", list),
    );
    let list = json!({"type": "array", "items": components.reply::<TypeCreate>()});
    paths.add(
        Operation::new(Method::GET, "/stages/email/templates/", "stages_email_templates_list", "stages")
            .says("Lists the templates that a stage can name.")
            .answers(200, "The templates.", list),
    );
    describe_device_types(components, paths);
    describe_duo(components, paths);
}

fn describe_device_types(components: &mut Components, paths: &mut Paths) {
    let uuid = || json!({"type": "string", "format": "uuid"});
    let schema = components.put(
        "WebAuthnDeviceType",
        json!({
            "type": "object",
            "description": "A model of authenticators, by what it attests.",
            "properties": {"aaguid": uuid(), "description": {"type": "string"}},
            "required": ["aaguid", "description"],
        }),
    );
    let page = components.page_of("WebAuthnDeviceType");
    let stem = "stages_authenticator_webauthn_device_types";
    let listing = Operation::new(Method::GET, DEVICE_TYPES, format!("{stem}_list"), "stages")
        .says("Lists the models of authenticators that are known.")
        .query("aaguid", uuid())
        .query("description", json!({"type": "string"}))
        .query("icon", json!({"type": "string"}));
    paths.add(listing.paged().answers(200, "One page.", page));
    let one = format!("{DEVICE_TYPES}{{aaguid}}/");
    let retrieve = Operation::new(Method::GET, &one, format!("{stem}_retrieve"), "stages");
    let retrieve = retrieve.says("Shows a model of authenticators.");
    paths.add(retrieve.path(parameter("path", "aaguid", uuid(), "The AAGUID.")).answers(200, "The model.", schema));
}

fn describe_duo(components: &mut Components, paths: &mut Paths) {
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

async fn user_settings(State(identity): State<Identity>, _: Caller) -> Json<Vec<UserSetting>> {
    let snapshot = identity.config.snapshot();
    let stages = snapshot.objects.all::<PasswordStage>();
    let offering = stages.into_iter().filter(|(_, stage)| stage.configure_flow.is_some());
    let setting = |id: uuid::Uuid| UserSetting {
        object_uid: id.to_string(),
        component: "ak-user-settings-password".to_owned(),
        title: "Change your password".to_owned(),
        configure_url: Some(format!("/flows/-/configure/{id}/")),
        icon_url: None,
    };
    Json(offering.map(|(object, _)| setting(object.document.id)).collect())
}

async fn templates(State(identity): State<Identity>, caller: Caller) -> Result<Json<Vec<TypeCreate>>, ApiError> {
    caller.require_some(&identity, &identity.config.snapshot(), Action::Read, "email_stage")?;
    let template = |(name, description): (&str, &str)| TypeCreate {
        name: name.to_owned(),
        description: description.to_owned(),
        component: String::new(),
        model_name: String::new(),
        icon_url: String::new(),
        requires_enterprise: false,
        deprecated: false,
    };
    Ok(Json(EMAIL_TEMPLATES.into_iter().map(template).collect()))
}

/// A model of authenticators as the API shows it.
pub(crate) fn shown(known: &DeviceType) -> Value {
    json!({"aaguid": known.aaguid, "description": known.description})
}

/// What models there are is no secret to whoever may see the stages that restrict to them.
fn may_see_device_types(identity: &Identity, caller: &Caller) -> Result<(), ApiError> {
    caller.require_some(identity, &identity.config.snapshot(), Action::Read, "authenticator_webauthn_stage")
}

async fn list_device_types(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    may_see_device_types(&identity, &caller)?;
    let page = paging::wanted(&query)?;
    let aaguid = query.uuid("aaguid")?;
    let words: Vec<String> =
        query.get("search").unwrap_or_default().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let wanted = |known: &&DeviceType| {
        let text = format!("{} {}", known.aaguid, known.description.to_lowercase());
        aaguid.is_none_or(|aaguid| aaguid == known.aaguid)
            && query.get("description").is_none_or(|description| description == known.description)
            // No model has a picture here.
            && query.get("icon").is_none()
            && words.iter().all(|word| text.contains(word.as_str()))
    };
    let mut found: Vec<&DeviceType> = device_types().iter().filter(wanted).collect();
    for (field, descending) in query.ordering().iter().rev() {
        match field.as_str() {
            "aaguid" => found.sort_by_key(|known| known.aaguid),
            "description" => found.sort_by_key(|known| known.description.to_lowercase()),
            _ => continue,
        }
        if *descending {
            found.reverse();
        }
    }
    Listed::cut(page, found, shown)
}

async fn retrieve_device_type(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    may_see_device_types(&identity, &caller)?;
    let known = Uuid::parse_str(&key).ok().and_then(device_type);
    known.map(|known| Json(shown(known))).ok_or_else(|| ApiError::no_such("WebAuthnDeviceType"))
}

async fn ask_duo(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let kind = by_name("authenticator_duo_stage").ok_or(ApiError::Internal)?;
    let stage = super::find(&snapshot.objects, kind, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Update, stage)?;
    Err(refusal("stages_authenticator_duo_enrollment_status_create"))
}
