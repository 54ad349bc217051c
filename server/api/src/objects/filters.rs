//! Parameters of lists that no single field answers, and all parameters of a kind for the document.

use super::reading::Reading;
use crate::{
    openapi::crud::filter_schema,
    query::{Query, flag},
};
use lockgate_model::{KindDef, Object, kinds::CertificateKeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

/// A parameter of a list, as the document shows it.
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) param: &'static str,
    /// Its schema.
    pub(crate) schema: Value,
}

/// A parameter that is computed.
pub(crate) struct Computed {
    /// Its name.
    pub(crate) param: &'static str,
    schema: fn() -> Value,
    /// Whether an object is wanted; `None` when the values make no sense and are ignored.
    test: fn(&Object, &Reading<'_>, &[&str]) -> Option<bool>,
}

const fn computed(
    param: &'static str,
    schema: fn() -> Value,
    test: fn(&Object, &Reading<'_>, &[&str]) -> Option<bool>,
) -> Computed {
    Computed { param, schema, test }
}

fn boolean() -> Value {
    json!({"type": "boolean"})
}
fn text() -> Value {
    json!({"type": "string"})
}
fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}
fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}
fn integer() -> Value {
    json!({"type": "integer"})
}
fn uuids() -> Value {
    json!({"type": "array", "items": {"type": "string", "format": "uuid"}})
}

/// Whether the answer to a yes-or-no parameter is the object's.
fn agrees(values: &[&str], is: bool) -> Option<bool> {
    Some(flag(values.first()?)? == is)
}

fn unused(object: &Object, reading: &Reading<'_>, kind: &str, field: &str) -> bool {
    reading.referring(object.document.id, kind, field).is_empty()
}

fn same_text(value: Option<&str>, values: &[&str]) -> Option<bool> {
    let wanted = values.first()?.to_lowercase();
    Some(value.is_some_and(|value| value.to_lowercase() == wanted))
}

const APPLICATION_ISNULL: Computed = computed("application__isnull", boolean, |o, r, values| {
    let backchannel = unused(o, r, "application", "backchannel_providers");
    agrees(values, unused(o, r, "application", "provider") && backchannel)
});

const PROXY: &[Computed] = &[
    APPLICATION_ISNULL,
    computed("authorization_flow__slug__iexact", text, |o, r, values| {
        let flow = r.pointed(&o.document.body["authorization_flow"]);
        same_text(flow.and_then(|f| f.document.body["slug"].as_str()), values)
    }),
    computed("certificate__name__iexact", text, |o, r, values| {
        let pair = r.pointed(&o.document.body["certificate"]);
        same_text(pair.and_then(|p| p.document.body["name"].as_str()), values)
    }),
];

const OAUTH2: &[Computed] = &[
    NAME,
    computed("application", uuid, |o, r, values| {
        let serving = r.referring(o.document.id, "application", "provider");
        let wanted: Vec<Uuid> = values.iter().filter_map(|v| v.parse().ok()).collect();
        Some(serving.iter().any(|app| wanted.contains(&app.document.id)))
    }),
];

const FLOW_STAGE_BINDING: &[Computed] = &[computed("policies", uuids, |o, r, values| {
    let bound = super::extra_values::bound_policies(o, r);
    Some(bound.as_array().is_some_and(|b| b.iter().any(|p| values.iter().any(|v| p == v))))
})];

const KEY_PAIR: &[Computed] = &[
    computed("has_key", boolean, |o, _, values| agrees(values, super::certificate::has_key(o))),
    computed("key_type", texts, |o, _, values| {
        o.typed::<CertificateKeyPair>()?;
        let kind = super::certificate::facts(o).key_type;
        Some(values.iter().any(|v| kind == *v))
    }),
];

const APPLICATION: &[Computed] = &[computed("only_with_launch_url", boolean, |o, r, values| {
    let wanted = flag(values.first()?)?;
    Some(!wanted || super::extra_values::launch_url(o, r).as_str().is_some_and(|url| !url.is_empty()))
})];

/// The part or the name of the model that a rule is for.
fn of_model(object: &Object, values: &[&str], pick: fn((&str, &str)) -> String) -> Option<bool> {
    let model = object.document.body["object_type"].as_str()?.split_once('.')?;
    Some(values.first().copied() == Some(pick(model).as_str()))
}

const OBJECT_ATTRIBUTE: &[Computed] = &[
    computed("object_type__app_label", text, |o, _, values| of_model(o, values, |(app, _)| app.to_owned())),
    computed("object_type__model", text, |o, _, values| of_model(o, values, |(_, model)| model.to_owned())),
];

/// Parameters of lists of families.
pub(crate) const STAGES: &[Computed] = &[NAME];
/// See [`STAGES`].
pub(crate) const POLICIES: &[Computed] = &[
    NAME,
    computed("bindings__isnull", boolean, |o, r, values| agrees(values, unused(o, r, "policy_binding", "policy"))),
    computed("promptstage__isnull", boolean, |o, r, values| {
        agrees(values, unused(o, r, "prompt_stage", "validation_policies"))
    }),
];
/// See [`STAGES`].
pub(crate) const PROVIDERS: &[Computed] = &[
    NAME,
    APPLICATION_ISNULL,
    // Providers that need no browser are those of protocols that this build does not speak.
    computed("backchannel", boolean, |_, _, values| agrees(values, false)),
];
/// See [`STAGES`].
pub(crate) const MAPPINGS: &[Computed] = &[
    NAME,
    computed("managed", texts, |o, _, values| {
        Some(o.document.managed.as_deref().is_some_and(|managed| values.contains(&managed)))
    }),
    computed("managed__isnull", boolean, |o, _, values| agrees(values, o.document.managed.is_none())),
];

const NAME: Computed =
    computed("name", text, |o, _, values| Some(o.document.body["name"].as_str() == values.first().copied()));

/// The list of roles answers these itself: it takes the database to know who holds one.
const ROLE: &[Computed] = &[
    computed("groups", uuid, |_, _, _| None),
    computed("inherited", boolean, |_, _, _| None),
    computed("users", integer, |_, _, _| None),
];

/// Secrets are kept from whoever reads: nobody finds out what one is by asking which stages have it.
const EMAIL_AUTHENTICATOR: &[Computed] = &[computed("password", text, |_, _, _| Some(false))];
const SMS_AUTHENTICATOR: &[Computed] =
    &[computed("auth", text, |_, _, _| Some(false)), computed("auth_password", text, |_, _, _| Some(false))];

const INVITATION_STAGE: &[Computed] =
    &[computed("no_flows", boolean, |o, r, values| agrees(values, unused(o, r, "flow_stage_binding", "stage")))];

fn own(kind: &str) -> &'static [Computed] {
    match kind {
        "role" => ROLE,
        "authenticator_email_stage" => EMAIL_AUTHENTICATOR,
        "authenticator_sms_stage" => SMS_AUTHENTICATOR,
        "invitation_stage" => INVITATION_STAGE,
        "proxy_provider" => PROXY,
        "oauth2_provider" => OAUTH2,
        "flow_stage_binding" => FLOW_STAGE_BINDING,
        "key_pair" => KEY_PAIR,
        "application" => APPLICATION,
        "object_attribute" => OBJECT_ATTRIBUTE,
        _ => &[],
    }
}

/// All parameters of a kind's list.
pub(crate) fn of(kind: &KindDef) -> Vec<Parameter> {
    let declared = kind.meta.filters.iter();
    let declared = declared.map(|f| Parameter { param: f.param, schema: filter_schema(kind, f.param, f.field, f.op) });
    let more = match kind.meta.kind {
        "application" => vec![
            Parameter { param: "for_user", schema: json!({"type": "integer"}) },
            Parameter { param: "superuser_full_list", schema: boolean() },
        ],
        "notification_rule" => vec![Parameter { param: "destination_group__name", schema: text() }],
        _ => Vec::new(),
    };
    let mut all: Vec<Parameter> = declared.chain(described(own(kind.meta.kind))).chain(more).collect();
    all.sort_by_key(|p| p.param);
    all
}

/// Computed parameters for the document.
pub(crate) fn described(computed: &'static [Computed]) -> impl Iterator<Item = Parameter> {
    computed.iter().map(|c| Parameter { param: c.param, schema: (c.schema)() })
}

/// Keeps the objects that the computed parameters of their kind want.
pub(crate) fn keep(kind: &KindDef, found: &mut Vec<&Object>, reading: &Reading<'_>, query: &Query) {
    retain(own(kind.meta.kind), found, reading, query);
}

/// Keeps the objects that these parameters want.
pub(crate) fn retain(computed: &[Computed], found: &mut Vec<&Object>, reading: &Reading<'_>, query: &Query) {
    for parameter in computed {
        let repeats = (parameter.schema)()["type"] == "array";
        let values =
            if repeats { query.all(parameter.param) } else { query.get(parameter.param).into_iter().collect() };
        if !values.is_empty() {
            found.retain(|o| (parameter.test)(o, reading, &values).unwrap_or(true));
        }
    }
}
