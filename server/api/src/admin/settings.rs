//! `/admin/settings/`: the settings of the installation, a document like those of a folder.

use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    objects::{
        sight::Sight,
        version::{IfMatch, Tagged},
        write,
    },
    openapi::{
        components::{Components, reference},
        operation::{Operation, Paths},
    },
};
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::Method;
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{
    KindDef, Object, Problems,
    kind::by_name,
    kinds::{DefaultAccess, FolderSettings},
};
use lockgate_policies::Action;
use serde_json::{Map, Value, json};

/// Name of the kind.
const KIND: &str = "settings";

/// Fields of the document that the surface has not, or calls otherwise.
const OWN: [&str; 6] = [
    "default_access",
    "timezone",
    "default_invitation_duration",
    "default_invitation_single_use",
    "default_invitation_flow",
    "flags",
];

/// The switch that says what an application without bindings does.
const OPEN: &str = "core_default_app_access";

/// All switches; clients fail when one is missing.
const FLAGS: [&str; 4] =
    [OPEN, "enterprise_audit_include_expanded_diff", "flows_continuous_login", "flows_refresh_others"];

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/admin/settings/", get(retrieve).put(replace).patch(change))
}

fn kind() -> Result<&'static KindDef, ApiError> {
    by_name(KIND).ok_or(ApiError::Internal)
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let Ok(kind) = kind() else { return };
    let schema = kind.schema();
    for (name, part) in schema.root["$defs"].as_object().into_iter().flatten() {
        components.put(name, part.clone());
    }
    let flag = || json!({"type": "boolean"});
    let flags: Map<String, Value> = FLAGS.iter().map(|name| ((*name).to_owned(), flag())).collect();
    let flags = json!({"type": "object", "properties": flags, "required": FLAGS});
    let fields = schema.fields.iter().filter(|field| !OWN.contains(&field.name.as_str()));
    // What is left out stays as it is: nothing has a default.
    let fields = fields.map(|field| {
        let mut schema = field.schema.clone();
        schema.as_object_mut().map(|schema| schema.remove("default"));
        (field.name.clone(), schema)
    });
    let properties: Map<String, Value> = fields.chain([("flags".to_owned(), flags)]).collect();
    let object = |required: Vec<&String>| {
        let description = "Settings of the installation.";
        json!({"type": "object", "description": description, "properties": properties, "required": required})
    };
    let flags = "flags".to_owned();
    components.put("Settings", object(properties.keys().collect()));
    components.put("SettingsRequest", object(vec![&flags]));
    components.put("PatchedSettingsRequest", object(Vec::new()));
    let operation = |method, verb: &str| {
        let operation = Operation::new(method, "/admin/settings/", format!("admin_settings_{verb}"), "admin");
        operation.answers(200, "The settings.", reference("Settings")).tagged()
    };
    paths.add(operation(Method::GET, "retrieve").says("Shows the settings of the installation."));
    let replace = operation(Method::PUT, "update").says("Replaces the settings; what is left out stays.");
    paths.add(replace.body(reference("SettingsRequest"), true).may_conflict().conditional());
    let change = operation(Method::PATCH, "partial_update").says("Changes some of the settings.");
    paths.add(change.body(reference("PatchedSettingsRequest"), false).may_conflict().conditional());
}

/// The settings as clients know them.
fn shown(identity: &Identity, settings: &FolderSettings) -> Value {
    let mut shown = serde_json::to_value(settings).unwrap_or_default();
    let rules = identity.reputation.rules();
    shown["reputation_lower_limit"] = json!(rules.lowest);
    shown["reputation_upper_limit"] = json!(rules.highest);
    shown["flags"][OPEN] = json!(settings.default_access == DefaultAccess::Allow);
    if let Some(shown) = shown.as_object_mut() {
        shown.retain(|name, _| name == "flags" || !OWN.contains(&name.as_str()));
    }
    shown
}

/// A body in the document's own words.
fn accept(given: &Map<String, Value>, whole: bool) -> Result<Map<String, Value>, ApiError> {
    let mut own: Map<String, Value> =
        given.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    let flags = match given.get("flags") {
        None if whole => return Err(ApiError::field("flags", "required", "This field is required.")),
        None => return Ok(own),
        Some(Value::Object(flags)) => flags,
        Some(_) => return Err(ApiError::field("flags", "invalid", "Expected an object of switches.")),
    };
    let mut problems = Problems::default();
    let mut kept = Map::new();
    for name in FLAGS {
        match flags.get(name) {
            Some(Value::Bool(on)) if name == OPEN => {
                let access = if *on { DefaultAccess::Allow } else { DefaultAccess::Deny };
                own.insert("default_access".to_owned(), json!(access));
            }
            Some(Value::Bool(on)) => drop(kept.insert(name.to_owned(), json!(on))),
            Some(_) => problems.add(&format!("/flags/{name}"), "invalid", "Must be a valid boolean."),
            None => problems.add(&format!("/flags/{name}"), "required", "This field is required."),
        }
    }
    problems.into_result()?;
    own.insert("flags".to_owned(), Value::Object(kept));
    Ok(own)
}

fn stored(snapshot: &Snapshot) -> Option<&Object> {
    snapshot.objects.all::<FolderSettings>().into_iter().map(|(object, _)| object).next()
}

async fn retrieve(State(identity): State<Identity>, caller: Caller) -> Result<Response, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require(&identity, &snapshot, Action::Read, KIND)?;
    Ok(tagged(&identity, &snapshot))
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    wanted: IfMatch,
    body: Body,
) -> Result<Response, ApiError> {
    store(&identity, &caller, &wanted, &body, true).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    wanted: IfMatch,
    body: Body,
) -> Result<Response, ApiError> {
    store(&identity, &caller, &wanted, &body, false).await
}

/// As they are now, under their version, if they have one.
fn tagged(identity: &Identity, snapshot: &Snapshot) -> Response {
    let shown = shown(identity, &snapshot.settings);
    match stored(snapshot) {
        Some(object) => Tagged::of(object, shown).into_response(),
        None => Json(shown).into_response(),
    }
}

async fn store(
    identity: &Identity,
    caller: &Caller,
    wanted: &IfMatch,
    body: &Body,
    whole: bool,
) -> Result<Response, ApiError> {
    let snapshot = write::settled(identity, |snapshot| async move {
        // The answer shows them.
        caller.require(identity, &snapshot, Action::Read, KIND)?;
        caller.require(identity, &snapshot, Action::Update, KIND)?;
        let given = accept(&body.0, whole)?;
        let present = stored(&snapshot);
        wanted.holds(present.map(|object| &object.document))?;
        match present {
            Some(object) => {
                Sight::of(identity, &snapshot, caller).require_on(Action::Update, object)?;
                write::update(identity, &snapshot, caller, object, &given, false).await
            }
            // They were there all along, with the defaults.
            None => {
                let made = write::make(identity, &snapshot, caller, (Action::Update, kind()?), &given).await;
                made.map(|(_, after)| after)
            }
        }
    })
    .await?;
    Ok(tagged(identity, &snapshot))
}
