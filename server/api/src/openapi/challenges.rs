//! The challenges of the flow executor and the responses to them, by `component`: all that the contract knows, so
//! that clients have a type for each. Which of them a flow asks is another matter.

use super::components::{Components, reference};
use serde_json::{Map, Value, json};

/// A challenge: component, name of its schema, its own fields; a name ends in `?` where the field may
/// be absent, a type where it may be null.
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
    (
        "ak-stage-authenticator-validate",
        "AuthenticatorValidationChallenge",
        &[("device_challenges", "[DeviceChallenge]"), ("configuration_stages", "[SelectableStage]")],
    ),
    ("ak-stage-authenticator-totp", "AuthenticatorTOTPChallenge", &[("config_url", "string")]),
    ("ak-stage-authenticator-static", "AuthenticatorStaticChallenge", &[("codes", "[string]")]),
    ("ak-stage-authenticator-webauthn", "AuthenticatorWebAuthnChallenge", &[("registration", "object")]),
    ("ak-stage-authenticator-sms", "AuthenticatorSMSChallenge", &[("phone_number_required?", "boolean")]),
    (
        "ak-stage-authenticator-email",
        "AuthenticatorEmailChallenge",
        &[("email?", "string?"), ("email_required?", "boolean")],
    ),
    (
        "ak-stage-authenticator-duo",
        "AuthenticatorDuoChallenge",
        &[("activation_barcode", "string"), ("activation_code", "string"), ("stage_uuid", "string")],
    ),
    (
        "ak-stage-captcha",
        "CaptchaChallenge",
        &[("site_key", "string"), ("js_url", "string"), ("interactive", "boolean")],
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
            ("captcha_stage", "CaptchaChallenge?"),
            ("enroll_url?", "string"),
            ("recovery_url?", "string"),
            ("passwordless_url?", "string"),
            ("primary_action", "string"),
            ("sources", "[LoginSource]"),
            ("show_source_labels", "boolean"),
            ("enable_remember_me", "boolean"),
            ("passkey_challenge", "object?"),
        ],
    ),
    ("ak-stage-prompt", "PromptChallenge", &[("fields", "[StagePrompt]")]),
    ("ak-stage-dummy", "DummyChallenge", &[("name", "string")]),
    ("ak-stage-autosubmit", "AutosubmitChallenge", &[("url", "string"), ("attrs", "texts"), ("title?", "string")]),
    (
        "ak-stage-flow-error",
        "FlowErrorChallenge",
        &[("request_id", "string"), ("error?", "string"), ("traceback?", "string")],
    ),
    ("ak-provider-iframe-logout", "IframeLogoutChallenge", &[("logout_urls", "[LogoutURL]")]),
    ("xak-flow-redirect", "RedirectChallenge", &[("to", "string"), ("final_redirect", "boolean")]),
    ("xak-flow-shell", "ShellChallenge", &[("body", "string")]),
    (
        "xak-flow-frame",
        "FrameChallenge",
        &[("url", "string"), ("loading_overlay?", "boolean"), ("loading_text", "string")],
    ),
    ("ak-stage-email", "EmailChallenge", &[]),
    (
        "ak-stage-endpoint-agent",
        "EndpointAgentChallenge",
        &[("challenge", "string"), ("challenge_idle_timeout", "integer")],
    ),
    ("ak-provider-oauth2-device-code", "OAuthDeviceCodeChallenge", &[]),
    ("ak-provider-oauth2-device-code-finish", "OAuthDeviceCodeFinishChallenge", &[]),
    (
        "ak-provider-saml-native-logout",
        "NativeLogoutChallenge",
        &[
            ("provider_name?", "string"),
            ("is_complete?", "boolean"),
            ("post_url?", "string"),
            ("redirect_url?", "string"),
            ("saml_binding?", "SAMLBindingsEnum"),
            ("saml_request?", "string"),
            ("saml_response?", "string"),
            ("saml_relay_state?", "string"),
        ],
    ),
    (
        "ak-source-oauth-apple",
        "AppleLoginChallenge",
        &[("client_id", "string"), ("scope", "string"), ("redirect_uri", "string"), ("state", "string")],
    ),
    ("ak-source-plex", "PlexAuthenticationChallenge", &[("client_id", "string"), ("slug", "string")]),
    (
        "ak-source-telegram",
        "TelegramLoginChallenge",
        &[("bot_username", "string"), ("request_message_access", "boolean")],
    ),
];

/// Challenges that lead to a source.
const TO_SOURCES: [&str; 4] = ["xak-flow-redirect", "ak-source-oauth-apple", "ak-source-plex", "ak-source-telegram"];

/// Responses; those of challenges that only need to be seen have no fields.
const RESPONSES: &[Shape] = &[
    (
        "ak-stage-identification",
        "IdentificationChallengeResponseRequest",
        &[("uid_field?", "string?"), ("password?", "string?"), ("captcha_token?", "string?"), ("passkey?", "object?")],
    ),
    ("ak-stage-password", "PasswordChallengeResponseRequest", &[("password", "string")]),
    ("ak-stage-user-login", "UserLoginChallengeResponseRequest", &[("remember_me", "boolean")]),
    ("ak-stage-consent", "ConsentChallengeResponseRequest", &[("token", "string")]),
    ("ak-stage-prompt", "PromptChallengeResponseRequest", &[]),
    ("ak-stage-dummy", "DummyChallengeResponseRequest", &[]),
    ("ak-stage-autosubmit", "AutoSubmitChallengeResponseRequest", &[]),
    ("ak-provider-iframe-logout", "IframeLogoutChallengeResponseRequest", &[]),
    ("xak-flow-redirect", "RedirectChallengeResponseRequest", &[("to", "string")]),
    ("xak-flow-frame", "FrameChallengeResponseRequest", &[]),
    (
        "ak-stage-authenticator-validate",
        "AuthenticatorValidationChallengeResponseRequest",
        &[
            ("selected_challenge?", "DeviceChallengeRequest"),
            ("selected_stage?", "string"),
            ("code?", "string"),
            ("webauthn?", "object"),
            ("duo?", "integer"),
        ],
    ),
    ("ak-stage-authenticator-totp", "AuthenticatorTOTPChallengeResponseRequest", &[("code", "string")]),
    ("ak-stage-authenticator-static", "AuthenticatorStaticChallengeResponseRequest", &[]),
    ("ak-stage-authenticator-webauthn", "AuthenticatorWebAuthnChallengeResponseRequest", &[("response", "object")]),
    (
        "ak-stage-authenticator-sms",
        "AuthenticatorSMSChallengeResponseRequest",
        &[("code?", "string"), ("phone_number?", "string")],
    ),
    (
        "ak-stage-authenticator-email",
        "AuthenticatorEmailChallengeResponseRequest",
        &[("code?", "string"), ("email?", "string")],
    ),
    ("ak-stage-authenticator-duo", "AuthenticatorDuoChallengeResponseRequest", &[]),
    ("ak-stage-captcha", "CaptchaChallengeResponseRequest", &[("token", "string")]),
    ("ak-stage-email", "EmailChallengeResponseRequest", &[]),
    ("ak-stage-endpoint-agent", "EndpointAgentChallengeResponseRequest", &[("response?", "string?")]),
    ("ak-provider-oauth2-device-code", "OAuthDeviceCodeChallengeResponseRequest", &[("code", "string")]),
    ("ak-provider-oauth2-device-code-finish", "OAuthDeviceCodeFinishChallengeResponseRequest", &[]),
    ("ak-provider-saml-native-logout", "NativeLogoutChallengeResponseRequest", &[]),
    ("ak-source-oauth-apple", "AppleChallengeResponseRequest", &[]),
    ("ak-source-plex", "PlexAuthenticationChallengeResponseRequest", &[]),
    (
        "ak-source-telegram",
        "TelegramChallengeResponseRequest",
        &[
            ("id", "integer"),
            ("first_name?", "string"),
            ("last_name?", "string"),
            ("username?", "string"),
            ("photo_url?", "string"),
            ("auth_date", "integer"),
            ("hash", "string"),
        ],
    ),
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
    let to_sources = challenges.iter().filter(|(component, _)| TO_SOURCES.contains(component)).cloned().collect();
    components.put("LoginChallengeTypes", union(to_sources));
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
    if let Some(kind) = kind.strip_suffix('?') {
        return json!({"anyOf": [schema_of(kind), {"type": "null"}]});
    }
    match kind {
        "string" | "boolean" | "integer" => json!({"type": kind}),
        "object" => json!({"type": "object", "additionalProperties": {}}),
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
    let maybe = || json!({"type": ["string", "null"]});
    let told = json!({
        "url": text(), "provider_name": maybe(), "binding": maybe(), "saml_request": maybe(),
        "saml_response": maybe(), "saml_relay_state": maybe(),
    });
    components.put("LogoutURL", object(told, &["url"]));
    components.put("ConsentPermission", object(json!({"name": text(), "id": text()}), &["name", "id"]));
    let source = json!({"name": text(), "icon_url": {"type": ["string", "null"]}, "promoted": {"type": "boolean"},
        "challenge": reference("LoginChallengeTypes")});
    components.put("LoginSource", object(source, &["name", "challenge"]));
    components.put("PromptChoice", object(json!({"value": text(), "label": text()}), &["value", "label"]));
    let choices = json!({"type": ["array", "null"], "items": reference("PromptChoice")});
    let field = json!({
        "field_key": text(), "label": text(), "type": reference("PromptTypeEnum"), "required": {"type": "boolean"},
        "placeholder": text(), "initial_value": text(), "order": {"type": "integer"}, "sub_text": text(),
        "choices": choices,
    });
    components.put("StagePrompt", object(field, &["field_key", "label", "type", "required", "order", "sub_text"]));
    components.put("SAMLBindingsEnum", json!({"type": "string", "enum": ["redirect", "post"]}));
    factors(components);
}

/// Second factors that somebody can choose from, and stages in which one is set up.
fn factors(components: &mut Components) {
    let text = || json!({"type": "string"});
    let device = || {
        json!({
            "type": "object",
            "properties": {
                "device_class": reference("DeviceClassesEnum"), "device_uid": text(),
                "challenge": {"type": "object", "additionalProperties": {}},
                "last_used": {"type": ["string", "null"], "format": "date-time"},
            },
            "required": ["device_class", "device_uid", "challenge", "last_used"],
        })
    };
    components.put("DeviceChallenge", device());
    components.put("DeviceChallengeRequest", device());
    let stage = json!({
        "type": "object",
        "properties": {
            "pk": {"type": "string", "format": "uuid"}, "name": text(), "verbose_name": text(), "meta_model_name": text(),
        },
        "required": ["pk", "name", "verbose_name", "meta_model_name"],
    });
    components.put("SelectableStage", stage);
}
