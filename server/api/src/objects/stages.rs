//! What stages have beside their objects: settings that they offer to people, templates of e-mails, models of
//! authenticators.

use super::shapes::UserSetting;
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
        shapes::TypeCreate,
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::Method;
use lockgate_identity::Identity;
use lockgate_model::{
    Object,
    kinds::{DeviceType, EMAIL_TEMPLATES, device_type, device_types},
};
use lockgate_policies::Action;
use serde_json::{Value, json};
use uuid::Uuid;

const DEVICE_TYPES: &str = "/stages/authenticator/webauthn_device_types/";

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/stages/all/user_settings/", get(user_settings))
        .route("/stages/email/templates/", get(templates))
        .route(DEVICE_TYPES, get(list_device_types))
        .route(&format!("{DEVICE_TYPES}{{aaguid}}/"), get(retrieve_device_type))
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

async fn user_settings(State(identity): State<Identity>, _: Caller) -> Json<Vec<UserSetting>> {
    let snapshot = identity.config.snapshot();
    let offering = snapshot.objects.iter().filter(|object| object.document.body["configure_flow"].is_string());
    let mut settings: Vec<UserSetting> = offering.filter_map(setting).collect();
    settings.sort_by(|a, b| (&a.component, &a.title).cmp(&(&b.component, &b.title)));
    Json(settings)
}

/// What people can set up in a stage's own flow: its part of the reference's interface, and its heading.
fn setting(stage: &Object) -> Option<UserSetting> {
    let (component, usual) = match stage.kind.meta.kind {
        "password_stage" => ("ak-user-settings-password", "Change your password"),
        "authenticator_duo_stage" => ("ak-user-settings-authenticator-duo", "Duo device"),
        "authenticator_email_stage" => ("ak-user-settings-authenticator-email", "Email authenticator"),
        "authenticator_sms_stage" => ("ak-user-settings-authenticator-sms", "SMS device"),
        "authenticator_static_stage" => ("ak-user-settings-authenticator-static", "Static tokens"),
        "authenticator_totp_stage" => ("ak-user-settings-authenticator-totp", "TOTP authenticator"),
        "authenticator_webauthn_stage" => ("ak-user-settings-authenticator-webauthn", "WebAuthn device"),
        _ => return None,
    };
    let named = stage.document.body["friendly_name"].as_str().filter(|name| !name.is_empty());
    Some(UserSetting {
        object_uid: stage.document.id.to_string(),
        component: component.to_owned(),
        title: named.unwrap_or(usual).to_owned(),
        configure_url: Some(format!("/flows/-/configure/{}/", stage.document.id)),
        icon_url: None,
    })
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
