//! The challenges of the flow executor and the responses to them, by `component`.

use super::components::{Components, reference};
use serde_json::{Map, Value, json};

/// A challenge: component, name of its schema, its own fields; a name ends in `?` where the field may
/// be absent.
type Shape = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const WHO: &[(&str, &str)] = &[("pending_user", "string"), ("pending_user_avatar", "string")];

/// Challenges that say whom they speak to.
const PERSONAL: &[Shape] = &[
    ("ak-stage-password", "PasswordChallenge", &[("recovery_url?", "string"), ("allow_show_password", "boolean")]),
    ("ak-stage-user-login", "UserLoginChallenge", &[]),
    (
        "ak-stage-consent",
        "ConsentChallenge",
        &[
            ("header_text", "string"),
            ("permissions", "[ConsentPermission]"),
            ("additional_permissions", "[ConsentPermission]"),
            ("token", "string"),
        ],
    ),
    ("ak-stage-access-denied", "AccessDeniedChallenge", &[("error_message?", "string")]),
    (
        "ak-stage-session-end",
        "SessionEndChallenge",
        &[
            ("application_name?", "string"),
            ("application_launch_url?", "string"),
            ("invalidation_flow_url?", "string"),
            ("overview_url?", "string"),
            ("brand_name", "string"),
        ],
    ),
];

/// Challenges that do not.
const PLAIN: &[Shape] = &[
    (
        "ak-stage-identification",
        "IdentificationChallenge",
        &[
            ("user_fields", "[UserFieldsEnum]"),
            ("pending_user_identifier?", "string"),
            ("password_fields", "boolean"),
            ("allow_show_password", "boolean"),
            ("application_pre?", "string"),
            ("application_pre_launch?", "string"),
            ("flow_designation", "FlowDesignationEnum"),
            ("captcha_stage", "null"),
            ("enroll_url?", "string"),
            ("recovery_url?", "string"),
            ("passwordless_url?", "string"),
            ("primary_action", "string"),
            ("sources", "[LoginSource]"),
            ("show_source_labels", "boolean"),
            ("enable_remember_me", "boolean"),
            ("passkey_challenge", "null"),
        ],
    ),
    ("ak-stage-prompt", "PromptChallenge", &[("fields", "[StagePrompt]")]),
    ("ak-stage-dummy", "DummyChallenge", &[("name", "string")]),
    ("ak-stage-autosubmit", "AutosubmitChallenge", &[("url", "string"), ("attrs", "texts"), ("title?", "string")]),
    ("ak-stage-flow-error", "FlowErrorChallenge", &[("request_id", "string"), ("error?", "string")]),
    ("ak-provider-iframe-logout", "IframeLogoutChallenge", &[("logout_urls", "[LogoutURL]")]),
    ("xak-flow-redirect", "RedirectChallenge", &[("to", "string"), ("final_redirect", "boolean")]),
    ("xak-flow-shell", "ShellChallenge", &[("body", "string")]),
];

/// Responses; those of challenges that only need to be seen have no fields.
const RESPONSES: &[Shape] = &[
    (
        "ak-stage-identification",
        "IdentificationChallengeResponseRequest",
        &[("uid_field?", "string"), ("password?", "string")],
    ),
    ("ak-stage-password", "PasswordChallengeResponseRequest", &[("password", "string")]),
    ("ak-stage-user-login", "UserLoginChallengeResponseRequest", &[("remember_me", "boolean")]),
    ("ak-stage-consent", "ConsentChallengeResponseRequest", &[("token", "string")]),
    ("ak-stage-prompt", "PromptChallengeResponseRequest", &[]),
    ("ak-stage-dummy", "DummyChallengeResponseRequest", &[]),
    ("ak-stage-autosubmit", "AutoSubmitChallengeResponseRequest", &[]),
    ("ak-provider-iframe-logout", "IframeLogoutChallengeResponseRequest", &[]),
    ("xak-flow-redirect", "RedirectChallengeResponseRequest", &[("to", "string")]),
];

/// Adds all of them; answers the union of challenges and the union of responses.
pub(crate) fn describe(components: &mut Components) -> (Value, Value) {
    parts(components);
    let mut challenges = Vec::new();
    for (component, name, fields) in PERSONAL {
        let fields: Vec<_> = WHO.iter().chain(*fields).copied().collect();
        challenges.push((*component, components.put(name, challenge(component, &fields))));
    }
    for (component, name, fields) in PLAIN {
        challenges.push((*component, components.put(name, challenge(component, fields))));
    }
    let mut responses = Vec::new();
    for (component, name, fields) in RESPONSES {
        let mut schema = object(component, fields);
        schema["required"].as_array_mut().into_iter().for_each(|r| r.retain(|f| f != "component"));
        if *component == "ak-stage-prompt" {
            schema["additionalProperties"] = json!({});
        }
        responses.push((*component, components.put(name, schema)));
    }
    let challenge = components.put("ChallengeTypes", union(challenges));
    let response = components.put("FlowChallengeResponseRequest", union(responses));
    (challenge, response)
}

fn challenge(component: &str, fields: &[(&str, &str)]) -> Value {
    let mut schema = object(component, fields);
    schema["properties"]["flow_info"] = reference("ContextualFlowInfo");
    let errors = json!({"type": "array", "items": reference("ErrorDetail")});
    schema["properties"]["response_errors"] = json!({"type": "object", "additionalProperties": errors});
    schema
}

fn object(component: &str, fields: &[(&str, &str)]) -> Value {
    let mut properties = Map::new();
    let mut required = vec!["component"];
    properties.insert("component".to_owned(), json!({"type": "string", "const": component}));
    for (name, kind) in fields {
        let bare = name.trim_end_matches('?');
        if bare.len() == name.len() {
            required.push(bare);
        }
        properties.insert(bare.to_owned(), schema_of(kind));
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn schema_of(kind: &str) -> Value {
    if let Some(item) = kind.strip_prefix('[').and_then(|k| k.strip_suffix(']')) {
        return json!({"type": "array", "items": schema_of(item)});
    }
    match kind {
        "string" | "boolean" | "integer" | "null" => json!({"type": kind}),
        "texts" => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        name => reference(name),
    }
}

fn union(members: Vec<(&str, Value)>) -> Value {
    let mapping: Map<String, Value> =
        members.iter().map(|(component, schema)| ((*component).to_owned(), schema["$ref"].clone())).collect();
    let members: Vec<Value> = members.into_iter().map(|(_, schema)| schema).collect();
    json!({"oneOf": members, "discriminator": {"propertyName": "component", "mapping": mapping}})
}

fn parts(components: &mut Components) {
    let text = || json!({"type": "string"});
    let object =
        |fields: Value, required: &[&str]| json!({"type": "object", "properties": fields, "required": required});
    components.put("ErrorDetail", object(json!({"string": text(), "code": text()}), &["string", "code"]));
    let themed = json!({"anyOf": [reference("ThemedUrls"), {"type": "null"}]});
    let info = json!({
        "title": text(), "background": text(), "background_themed_urls": themed, "cancel_url": text(),
        "layout": reference("FlowLayoutEnum"),
    });
    components.put("ContextualFlowInfo", object(info, &["cancel_url", "layout"]));
    let told = json!({"url": text(), "provider_name": text(), "binding": text()});
    components.put("LogoutURL", object(told, &["url"]));
    components.put("ConsentPermission", object(json!({"name": text(), "id": text()}), &["name", "id"]));
    let source = json!({"name": text(), "icon_url": {"type": ["string", "null"]}, "promoted": {"type": "boolean"},
        "challenge": {"type": "object", "additionalProperties": {}}});
    components.put("LoginSource", object(source, &["name", "challenge"]));
    components.put("PromptChoice", object(json!({"value": text(), "label": text()}), &["value", "label"]));
    let choices = json!({"type": ["array", "null"], "items": reference("PromptChoice")});
    let field = json!({
        "field_key": text(), "label": text(), "type": reference("PromptTypeEnum"), "required": {"type": "boolean"},
        "placeholder": text(), "initial_value": text(), "order": {"type": "integer"}, "sub_text": text(),
        "choices": choices,
    });
    components.put("StagePrompt", object(field, &["field_key", "label", "type", "required", "order", "sub_text"]));
}
