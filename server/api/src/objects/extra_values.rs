//! The values of computed fields, for [`super::extras`].

use super::{
    face,
    families::{self, FamilyFace},
    reading::Reading,
};
use lockgate_model::{
    Object, Validity,
    kinds::{
        Flow, GeoIPPolicy, MatchingMode, NotificationTransport, Outpost, RedirectUri, RedirectUriType, device_type,
        policy::country_name,
    },
};
use serde_json::{Value, json};

/// The primary key once more, under another name.
pub(crate) fn id(object: &Object, _: &Reading<'_>) -> Value {
    json!(object.document.id)
}

/// The stable identifier of what the server made itself.
pub(crate) fn managed(object: &Object, _: &Reading<'_>) -> Value {
    json!(object.document.managed)
}

/// Null for an empty text.
pub(crate) fn none_if_empty(value: &Value) -> Value {
    if value.as_str().is_none_or(str::is_empty) { Value::Null } else { value.clone() }
}

/// The flows that a stage is bound to.
pub(crate) fn flow_set(object: &Object, reading: &Reading<'_>) -> Value {
    let bindings = reading.referring(object.document.id, "flow_stage_binding", "stage");
    let mut flows: Vec<&Object> = bindings.iter().filter_map(|b| reading.pointed(&b.document.body["target"])).collect();
    flows.sort_by(|a, b| a.document.name.cmp(&b.document.name));
    flows.dedup_by_key(|f| f.document.id);
    flows.into_iter().filter_map(flow_head).collect()
}

/// Fields of a flow that do not lead back to stages.
pub(crate) const FLOW_HEAD: &[&str] =
    &["name", "slug", "title", "designation", "policy_engine_mode", "compatibility_mode", "layout", "denied_action"];

fn flow_head(object: &Object) -> Option<Value> {
    object.typed::<Flow>()?;
    let body = object.value.to_value();
    let mut head = json!({
        "pk": object.document.id,
        "policybindingmodel_ptr_id": object.document.id,
        "background_url": body["background"],
        "export_url": EXPORT_URL,
    });
    for field in FLOW_HEAD {
        head[field] = body[field].clone();
    }
    Some(head)
}

/// Where a flow can be had as text: nowhere, as long as nothing is exported.
pub(crate) const EXPORT_URL: &str = "";

/// The stages of a flow in order.
pub(crate) fn flow_stages(object: &Object, reading: &Reading<'_>) -> Value {
    let bindings = reading.referring(object.document.id, "flow_stage_binding", "target");
    bindings.into_iter().map(|b| b.document.body["stage"].clone()).collect()
}

/// The policies bound to an object in order.
pub(crate) fn bound_policies(object: &Object, reading: &Reading<'_>) -> Value {
    let bindings = reading.referring(object.document.id, "policy_binding", "target");
    bindings.into_iter().map(|b| b.document.body["policy"].clone()).filter(|p| !p.is_null()).collect()
}

/// A field of the application that a provider serves.
pub(crate) fn assigned(object: &Object, reading: &Reading<'_>, through: &str, field: &str) -> Value {
    let apps = reading.referring(object.document.id, "application", through);
    apps.first().map_or(Value::Null, |app| app.document.body[field].clone())
}

/// What a field points at, as its family shows it.
pub(crate) fn family_view(object: &Object, reading: &Reading<'_>, field: &str) -> Value {
    let pointed = reading.pointed(&object.document.body[field]);
    pointed.map_or(Value::Null, |o| shown_by_family(o, reading))
}

/// What a list points at, as its family shows it.
pub(crate) fn family_views(object: &Object, reading: &Reading<'_>, field: &str) -> Value {
    let list = object.document.body[field].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|v| reading.pointed(v)).map(|o| shown_by_family(o, reading)).collect()
}

fn shown_by_family(object: &Object, reading: &Reading<'_>) -> Value {
    let face: Option<&FamilyFace> = families::face(object.kind.meta.family);
    face.map_or(Value::Null, |face| face.show(object, reading))
}

/// The group of a binding.
pub(crate) fn group_view(object: &Object, reading: &Reading<'_>) -> Value {
    let pk = object.document.body["group"].as_str().and_then(|g| uuid::Uuid::parse_str(g).ok());
    pk.and_then(|pk| reading.groups.get(&pk)).cloned().unwrap_or_default()
}

/// The group that a notification rule tells.
pub(crate) fn destination_group(object: &Object, reading: &Reading<'_>) -> Value {
    let pk = object.document.body["destination_group"].as_str().and_then(|g| uuid::Uuid::parse_str(g).ok());
    pk.and_then(|pk| reading.whole_groups.get(&pk)).cloned().unwrap_or_default()
}

/// How a transport tells people, in words.
pub(crate) fn mode_verbose(object: &Object, _: &Reading<'_>) -> Value {
    json!(object.typed::<NotificationTransport>().map_or("", |transport| transport.mode.in_words()))
}

/// The user of a binding.
pub(crate) fn user_view(object: &Object, reading: &Reading<'_>) -> Value {
    let pk = object.document.body["user"].as_i64();
    pk.and_then(|pk| reading.users.get(&pk)).cloned().unwrap_or_default()
}

/// Where an application is opened by who looks.
pub(crate) fn launch_url(object: &Object, reading: &Reading<'_>) -> Value {
    let url = reading.snapshot.app_by_id(object.document.id).map(|app| app.launch_url(Some(reading.caller)));
    json!(url.filter(|url| !url.is_empty()))
}

/// Seconds between two looks of an outpost; five minutes unless its settings say otherwise.
pub(crate) fn refresh_interval(object: &Object, _: &Reading<'_>) -> Value {
    let config = object.typed::<Outpost>().and_then(|o| o.config.get("refresh_interval"));
    let interval: Option<Validity> = config.and_then(Value::as_str).and_then(|t| t.parse().ok());
    json!(interval.map_or(300, |i| i.as_secs()))
}

/// The two addresses that a proxy provider redirects to.
pub(crate) fn redirect_uris(object: &Object, _: &Reading<'_>) -> Value {
    let external = object.document.body["external_host"].as_str().unwrap_or_default().trim_end_matches('/');
    let uri = |tail: &str| RedirectUri {
        matching_mode: MatchingMode::Strict,
        url: format!("{external}{tail}?X-authentik-auth-callback=true"),
        redirect_uri_type: RedirectUriType::Authorization,
    };
    json!([uri("/outpost.goauthentik.io/callback"), uri("")])
}

/// Names of the outposts that list a provider, the embedded one always among them.
pub(crate) fn outposts(object: &Object, reading: &Reading<'_>) -> Value {
    let listing = reading.referring(object.document.id, "outpost", "providers");
    listing.into_iter().map(|o| o.document.name.clone()).collect()
}

/// The stages that ask for a field.
pub(crate) fn prompt_stages(object: &Object, reading: &Reading<'_>) -> Value {
    let stages = reading.referring(object.document.id, "prompt_stage", "fields");
    stages.into_iter().map(|s| face::show(s, reading)).collect()
}

/// The models of authenticators that a list names.
pub(crate) fn device_types(object: &Object, field: &str) -> Value {
    let named = object.document.body[field].as_array().into_iter().flatten();
    let known = named.filter_map(|aaguid| device_type(aaguid.as_str()?.parse().ok()?));
    known.map(super::stages::shown).collect()
}

/// The countries of a GeoIP policy with their names.
pub(crate) fn countries(object: &Object, _: &Reading<'_>) -> Value {
    let codes = object.typed::<GeoIPPolicy>().map(|policy| policy.countries.as_slice()).unwrap_or_default();
    codes.iter().map(|code| json!({"code": code, "name": country_name(code)})).collect()
}
