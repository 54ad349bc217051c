//! The sorts of authenticators: one table, from which routes, permissions and shapes are made.

use crate::{objects::stages, openapi::components::Components, openapi::components::reference};
use lockgate_model::kinds::{DeviceType, device_type};
use lockgate_store::{Authenticator, AuthenticatorKind};
use serde_json::{Value, json};

/// What is known of a sort beside its rows.
pub(super) struct Sort {
    /// Which.
    pub(super) kind: AuthenticatorKind,
    /// Name of the kind in policies.
    pub(super) policy: &'static str,
    /// Name of its schema.
    pub(super) schema: &'static str,
    /// Human name.
    pub(super) verbose_name: &'static str,
    /// The reference's name for the model: `app_label` and class.
    pub(super) model: (&'static str, &'static str),
    /// The longest name, in characters.
    pub(super) longest: usize,
}

const fn sort(
    kind: AuthenticatorKind,
    policy: &'static str,
    verbose_name: &'static str,
    model: (&'static str, &'static str),
) -> Sort {
    let longest = if matches!(kind, AuthenticatorKind::WebAuthn) { 200 } else { 64 };
    Sort { kind, policy, schema: model.1, verbose_name, model, longest }
}

/// Every sort.
pub(super) static SORTS: [Sort; 6] = [
    sort(AuthenticatorKind::Duo, "duo_device", "Duo Device", ("authentik_stages_authenticator_duo", "DuoDevice")),
    sort(
        AuthenticatorKind::Email,
        "email_device",
        "Email Device",
        ("authentik_stages_authenticator_email", "EmailDevice"),
    ),
    sort(AuthenticatorKind::Sms, "sms_device", "SMS Device", ("authentik_stages_authenticator_sms", "SMSDevice")),
    sort(
        AuthenticatorKind::Static,
        "static_device",
        "Static Device",
        ("authentik_stages_authenticator_static", "StaticDevice"),
    ),
    sort(AuthenticatorKind::Totp, "totp_device", "TOTP Device", ("authentik_stages_authenticator_totp", "TOTPDevice")),
    sort(
        AuthenticatorKind::WebAuthn,
        "webauthn_device",
        "WebAuthn Device",
        ("authentik_stages_authenticator_webauthn", "WebAuthnDevice"),
    ),
];

/// The sort of an authenticator.
pub(super) fn sort_of(kind: AuthenticatorKind) -> Option<&'static Sort> {
    SORTS.iter().find(|sort| sort.kind == kind)
}

impl Sort {
    /// What only this sort shows. Codes and secrets are not among it.
    fn own(&self) -> Vec<Own> {
        let text = || json!({"type": "string", "readOnly": true});
        match self.kind {
            AuthenticatorKind::Duo | AuthenticatorKind::Totp => Vec::new(),
            AuthenticatorKind::Email => vec![own("email", text(), |a| detail(a, "email"))],
            AuthenticatorKind::Sms => vec![own("phone_number", text(), |a| detail(a, "phone_number"))],
            AuthenticatorKind::Static => {
                let tokens = json!({"type": "array", "items": reference("StaticDeviceToken"), "readOnly": true,
                    "description": "Always empty: codes are shown once, where they are made."});
                vec![own("token_set", tokens, |_| json!([]))]
            }
            AuthenticatorKind::WebAuthn => {
                let time = json!({"type": "string", "format": "date-time", "readOnly": true});
                let model = json!({"anyOf": [reference("WebAuthnDeviceType"), {"type": "null"}], "readOnly": true});
                vec![
                    own("created_on", time, |a| json!(a.created)),
                    own("device_type", model, |a| model_of(a).map_or(Value::Null, stages::shown)),
                    own("aaguid", text(), |a| detail(a, "aaguid")),
                ]
            }
        }
    }

    /// An authenticator as the API shows it.
    pub(super) fn show(&self, authenticator: &Authenticator, owner: Value) -> Value {
        let mut shown = json!({"pk": authenticator.pk, "name": authenticator.name, "user": owner});
        for own in self.own() {
            shown[own.name] = (own.value)(authenticator);
        }
        shown
    }

    /// An authenticator among those of other sorts.
    pub(super) fn in_brief(&self, authenticator: &Authenticator) -> Value {
        let (app, class) = self.model;
        json!({
            "verbose_name": self.verbose_name,
            "verbose_name_plural": format!("{}s", self.verbose_name),
            "meta_model_name": format!("{app}.{}", class.to_lowercase()),
            "pk": authenticator.pk.to_string(),
            "name": authenticator.name,
            "type": format!("{app}.{class}"),
            "confirmed": authenticator.confirmed,
            "created": authenticator.created,
            "last_updated": authenticator.last_updated,
            "last_used": authenticator.last_used,
            "extra_description": model_of(authenticator).map(|known| known.description),
            "external_id": null,
        })
    }

    /// Adds the schemas of this sort.
    pub(super) fn describe(&self, components: &mut Components) {
        let name = || json!({"type": "string", "minLength": 1, "maxLength": self.longest});
        let owner = components.reply::<super::PartialUser>();
        let mut properties = json!({
            "pk": {"type": "integer", "readOnly": true},
            "name": {"type": "string", "maxLength": self.longest},
            "user": owner,
        });
        let mut required = vec!["pk", "name", "user"];
        for own in self.own() {
            properties[own.name] = own.schema;
            required.push(own.name);
        }
        let description = format!("A {}.", self.verbose_name);
        let shown =
            json!({"type": "object", "description": description, "properties": properties, "required": required});
        components.put(self.schema, shown);
        let body = |required: &[&str]| {
            let mut body = json!({"type": "object", "properties": {"name": name()}});
            if !required.is_empty() {
                body["required"] = json!(required);
            }
            body
        };
        components.put(&format!("{}Request", self.schema), body(&["name"]));
        components.put(&format!("Patched{}Request", self.schema), body(&[]));
        components.page_of(self.schema);
    }
}

/// The model of a passkey or security key, where it is known.
fn model_of(authenticator: &Authenticator) -> Option<&'static DeviceType> {
    device_type(authenticator.details.get("aaguid")?.as_str()?.parse().ok()?)
}

fn detail(authenticator: &Authenticator, name: &str) -> Value {
    authenticator.details.get(name).cloned().unwrap_or_else(|| json!(""))
}

/// A field that only one sort has.
struct Own {
    name: &'static str,
    schema: Value,
    value: fn(&Authenticator) -> Value,
}

fn own(name: &'static str, schema: Value, value: fn(&Authenticator) -> Value) -> Own {
    Own { name, schema, value }
}
