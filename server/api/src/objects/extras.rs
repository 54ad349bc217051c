//! The read-only fields that are computed: one table, each with its schema and its value.
//!
//! What a whole family shows comes first, then what one kind adds.

use super::{certificate, extra_values as values, reading::Reading, shapes};
use crate::{
    openapi::{components::Components, components::reference, shapes::ThemedUrls},
    people::{
        deeds::ContentType,
        shapes::{Group, PartialGroup, PartialUser},
    },
};
use lockgate_model::{Family, KindDef, Object, kind::KINDS, kinds::RedirectUri};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::LazyLock};

/// A field that is computed.
pub(crate) struct Extra {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its schema.
    pub(crate) schema: fn(&mut Components) -> Value,
    /// Its value.
    pub(crate) value: fn(&Object, &Reading<'_>) -> Value,
}

type Schema = fn(&mut Components) -> Value;
type Of = fn(&Object, &Reading<'_>) -> Value;

const fn extra(name: &'static str, schema: Schema, value: Of) -> Extra {
    Extra { name, schema, value }
}

fn text(_: &mut Components) -> Value {
    json!({"type": "string", "readOnly": true})
}
fn maybe_text(_: &mut Components) -> Value {
    json!({"type": ["string", "null"], "readOnly": true})
}
fn managed(_: &mut Components) -> Value {
    json!({"type": ["string", "null"], "description": "Stable identifier of objects that the server made."})
}
fn uuid(_: &mut Components) -> Value {
    json!({"type": "string", "format": "uuid", "readOnly": true})
}
fn uuids(_: &mut Components) -> Value {
    json!({"type": "array", "items": {"type": "string", "format": "uuid"}, "readOnly": true})
}
fn integer(_: &mut Components) -> Value {
    json!({"type": "integer", "readOnly": true})
}
fn flag(_: &mut Components) -> Value {
    json!({"type": "boolean", "readOnly": true})
}
fn maybe_time(_: &mut Components) -> Value {
    json!({"type": ["string", "null"], "format": "date-time", "readOnly": true})
}
fn time(_: &mut Components) -> Value {
    json!({"type": "string", "format": "date-time", "readOnly": true})
}
fn maybe(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}
fn list(items: Value) -> Value {
    json!({"type": "array", "items": items, "readOnly": true})
}

/// What every kind with a place in the admin interface tells about itself.
const DESCRIBED: &[Extra] = &[
    extra("component", text, |o, _| json!(o.kind.meta.component)),
    extra("verbose_name", text, |o, _| json!(o.kind.meta.verbose_name)),
    extra("verbose_name_plural", text, |o, _| json!(o.kind.meta.verbose_name_plural)),
    extra("meta_model_name", text, |o, _| json!(o.kind.meta.model)),
];

const STAGE: &[Extra] = &[extra("flow_set", |_| list(reference("FlowSet")), values::flow_set)];

const POLICY: &[Extra] =
    &[extra("bound_to", integer, |o, r| json!(r.referring(o.document.id, "policy_binding", "policy").len()))];

const PROVIDER: &[Extra] = &[
    extra("assigned_application_slug", maybe_text, |o, r| values::assigned(o, r, "provider", "slug")),
    extra("assigned_application_name", maybe_text, |o, r| values::assigned(o, r, "provider", "name")),
    extra("assigned_backchannel_application_slug", maybe_text, |o, r| {
        values::assigned(o, r, "backchannel_providers", "slug")
    }),
    extra("assigned_backchannel_application_name", maybe_text, |o, r| {
        values::assigned(o, r, "backchannel_providers", "name")
    }),
];

const MAPPING: &[Extra] = &[extra("managed", managed, values::managed)];

const FLOW: &[Extra] = &[
    extra("policybindingmodel_ptr_id", uuid, values::id),
    extra("background_url", text, |o, _| o.document.body["background"].clone()),
    extra("background_themed_urls", |c| maybe(c.reply::<ThemedUrls>()), |_, _| Value::Null),
    extra("stages", uuids, values::flow_stages),
    extra("policies", uuids, values::bound_policies),
    // Flows are compiled with the snapshot; nothing of them is cached per person.
    extra("cache_count", integer, |_, _| json!(0)),
    extra("export_url", text, |_, _| json!(values::EXPORT_URL)),
];

const FLOW_STAGE_BINDING: &[Extra] = &[
    extra("policybindingmodel_ptr_id", uuid, values::id),
    extra("stage_obj", |_| reference("Stage"), |o, r| values::family_view(o, r, "stage")),
];

const POLICY_BINDING: &[Extra] = &[
    extra("policy_obj", |_| maybe(reference("Policy")), |o, r| values::family_view(o, r, "policy")),
    extra("group_obj", |c| maybe(c.reply::<PartialGroup>()), values::group_view),
    extra("user_obj", |c| maybe(c.reply::<PartialUser>()), values::user_view),
    extra("expires", maybe_time, |_, _| Value::Null),
    extra("expiring", flag, |_, _| json!(false)),
];

const APPLICATION: &[Extra] = &[
    extra("pbm_uuid", uuid, values::id),
    extra("provider_obj", |_| maybe(reference("Provider")), |o, r| values::family_view(o, r, "provider")),
    extra(
        "backchannel_providers_obj",
        |_| list(reference("Provider")),
        |o, r| values::family_views(o, r, "backchannel_providers"),
    ),
    extra("launch_url", maybe_text, values::launch_url),
    extra("meta_icon_url", maybe_text, |o, _| values::none_if_empty(&o.document.body["meta_icon"])),
    extra("meta_icon_themed_urls", |c| maybe(c.reply::<ThemedUrls>()), |_, _| Value::Null),
];

const OUTPOST: &[Extra] = &[
    extra("providers_obj", |_| list(reference("Provider")), |o, r| values::family_views(o, r, "providers")),
    extra(
        "service_connection_obj",
        |_| json!({"type": ["object", "null"], "description": "Always null: Lockgate deploys no outposts."}),
        |_, _| Value::Null,
    ),
    extra("refresh_interval_s", integer, values::refresh_interval),
    extra("token_identifier", text, |o, _| json!(format!("ak-outpost-{}-api", o.document.id))),
    extra("managed", managed, values::managed),
];

const PROXY: &[Extra] = &[
    extra("redirect_uris", |c| list(c.reply::<RedirectUri>()), values::redirect_uris),
    extra("outpost_set", |_| list(json!({"type": "string"})), values::outposts),
];

const PROMPT: &[Extra] = &[extra("prompt_stages_obj", |_| list(reference("PromptStage")), values::prompt_stages)];

const VALIDATE: &[Extra] = &[extra(
    "webauthn_allowed_device_types_obj",
    |_| list(reference("WebAuthnDeviceType")),
    |o, _| values::device_types(o, "webauthn_allowed_device_types"),
)];

const WEBAUTHN: &[Extra] = &[extra(
    "device_type_restrictions_obj",
    |_| list(reference("WebAuthnDeviceType")),
    |o, _| values::device_types(o, "device_type_restrictions"),
)];

const KEY_PAIR: &[Extra] = &[
    extra("fingerprint_sha256", maybe_text, |o, _| certificate::facts(o).sha256),
    extra("fingerprint_sha1", maybe_text, |o, _| certificate::facts(o).sha1),
    extra("cert_expiry", maybe_time, |o, _| certificate::facts(o).expiry),
    extra("cert_subject", maybe_text, |o, _| certificate::facts(o).subject),
    extra("private_key_available", flag, |o, _| json!(certificate::has_key(o))),
    extra("key_type", |c| maybe(c.reply::<shapes::KeyType>()), |o, _| certificate::facts(o).key_type),
    extra("certificate_download_url", text, |o, _| certificate::download(o, "view_certificate")),
    extra("private_key_download_url", text, |o, _| certificate::download(o, "view_private_key")),
    extra("managed", managed, values::managed),
];

const NOTIFICATION_TRANSPORT: &[Extra] = &[extra("mode_verbose", text, values::mode_verbose)];

const NOTIFICATION_RULE: &[Extra] =
    &[extra("destination_group_obj", |c| maybe(c.reply::<Group>()), values::destination_group)];

const GEOIP: &[Extra] = &[extra("countries_obj", |c| list(c.reply::<shapes::DetailedCountry>()), values::countries)];

const INITIAL_PERMISSIONS: &[Extra] = &[extra(
    "permissions_obj",
    |c| list(c.reply::<crate::rbac::shapes::Permission>()),
    |o, _| crate::rbac::initial::shown(o),
)];

const BLUEPRINT: &[Extra] = &[
    extra(
        "last_applied",
        |_| json!({"type": "string", "format": "date-time", "readOnly": true}),
        |o, _| match &o.document.body["applied"] {
            Value::Null => json!(o.document.created),
            applied => applied.clone(),
        },
    ),
    extra("last_applied_hash", text, |o, _| o.document.body["applied_hash"].clone()),
    extra("status", |_| reference("BlueprintInstanceStatusEnum"), |o, _| o.document.body["status"].clone()),
    extra("managed_models", |_| list(json!({"type": "string"})), |o, _| o.document.body["models"].clone()),
    extra("metadata", |_| json!({"type": "object", "additionalProperties": {}, "readOnly": true}), |_, _| json!({})),
];

const OBJECT_ATTRIBUTE: &[Extra] = &[
    extra(
        "object_type_obj",
        |c| c.reply::<ContentType>(),
        |o, _| json!(ContentType::of(o.document.body["object_type"].as_str().unwrap_or_default())),
    ),
    extra("created", time, |o, _| json!(o.document.created)),
    extra("last_updated", time, |o, _| json!(o.document.updated)),
    extra("managed", managed, values::managed),
];

static EXTRAS: LazyLock<HashMap<&'static str, Vec<&'static Extra>>> = LazyLock::new(|| {
    KINDS.iter().map(|k| (k.meta.kind, of_family(k.meta.family).chain(own(k.meta.kind)).collect())).collect()
});

/// The computed fields of a kind, in order.
pub(crate) fn of(kind: &KindDef) -> &'static [&'static Extra] {
    EXTRAS.get(kind.meta.kind).map_or(&[], Vec::as_slice)
}

/// The computed fields that a whole family shows.
pub(crate) fn of_family(family: Family) -> impl Iterator<Item = &'static Extra> {
    let (described, more): (&[Extra], &[Extra]) = match family {
        Family::None => (&[], &[]),
        Family::Stage => (DESCRIBED, STAGE),
        Family::Policy => (DESCRIBED, POLICY),
        Family::Provider => (DESCRIBED, PROVIDER),
        Family::Mapping => (DESCRIBED, MAPPING),
    };
    described.iter().chain(more)
}

fn own(kind: &str) -> std::slice::Iter<'static, Extra> {
    let extras: &'static [Extra] = match kind {
        "flow" => FLOW,
        "flow_stage_binding" => FLOW_STAGE_BINDING,
        "policy_binding" => POLICY_BINDING,
        "application" => APPLICATION,
        "outpost" => OUTPOST,
        "proxy_provider" => PROXY,
        "prompt" => PROMPT,
        "authenticator_validate_stage" => VALIDATE,
        "authenticator_webauthn_stage" => WEBAUTHN,
        "key_pair" => KEY_PAIR,
        "geoip_policy" => GEOIP,
        "blueprint_instance" => BLUEPRINT,
        "object_attribute" => OBJECT_ATTRIBUTE,
        "notification_transport" => NOTIFICATION_TRANSPORT,
        "notification_rule" => NOTIFICATION_RULE,
        "initial_permissions" => INITIAL_PERMISSIONS,
        _ => &[],
    };
    extras.iter()
}
