//! Second factors: asking for one, and setting up those that need nobody else's service.

use super::{device_types::check_types, stage_kind};
use crate::{
    FilterOp, Problems, Ref, Validity,
    kind::{exact, filter},
    kinds::Flow,
    reference::AnyStage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What becomes of somebody who has no second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NotConfiguredActionEnum")]
pub enum NotConfiguredAction {
    /// They go on without one.
    #[default]
    Skip,
    /// They are refused.
    Deny,
    /// They set one up first.
    Configure,
}

/// A sort of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeviceClassesEnum")]
pub enum DeviceClass {
    /// Codes on paper.
    Static,
    /// An app that shows codes.
    Totp,
    /// A passkey or security key.
    Webauthn,
    /// Duo.
    Duo,
    /// A code by SMS.
    Sms,
    /// A code by e-mail.
    Email,
}

/// How much a passkey has to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UserVerificationEnum")]
pub enum UserVerification {
    /// Always.
    Required,
    /// Where the device can.
    #[default]
    Preferred,
    /// Better not.
    Discouraged,
}

/// What a browser should offer first (WebAuthn Level 3, section 5.8.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "WebAuthnHintEnum")]
pub enum WebAuthnHint {
    /// A security key.
    SecurityKey,
    /// The device that the browser runs on.
    ClientDevice,
    /// A phone beside it.
    Hybrid,
}

/// Where a passkey lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "AuthenticatorAttachmentEnum")]
pub enum AuthenticatorAttachment {
    /// In the device that the browser runs on.
    Platform,
    /// In one that is carried along.
    CrossPlatform,
}

/// Asks for a second factor.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorValidateStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// What becomes of somebody who has none.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "otherwise"))]
    pub not_configured_action: NotConfiguredAction,
    /// Which factors are accepted.
    #[serde(default = "every_class")]
    #[schemars(length(max = 6), extend("x-yaml" = "accept"))]
    pub device_classes: Vec<DeviceClass>,
    /// The stages that set one up, where `not_configured_action` is `configure`.
    #[serde(default)]
    #[schemars(length(max = 100), extend("x-yaml" = "configure"))]
    pub configuration_stages: Vec<Ref<AnyStage>>,
    /// How long a factor that was shown counts; zero: not at all.
    #[serde(default = "no_time")]
    #[schemars(extend("x-yaml" = "remember"))]
    pub last_auth_threshold: Validity,
    /// Whether a passkey has to verify the person.
    #[serde(default)]
    pub webauthn_user_verification: UserVerification,
    /// What a browser should offer first.
    #[serde(default)]
    #[schemars(length(max = 3))]
    pub webauthn_hints: Vec<WebAuthnHint>,
    /// The only models of passkeys that are accepted, by AAGUID; empty: any.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub webauthn_allowed_device_types: Vec<Uuid>,
    /// How fast the pause after wrong codes from e-mails grows.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub email_otp_throttling_factor: f64,
    /// How fast the pause after wrong codes from SMS grows.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub sms_otp_throttling_factor: f64,
    /// How fast the pause after wrong codes of an app grows.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub totp_otp_throttling_factor: f64,
    /// How fast the pause after wrong codes on paper grows.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub static_otp_throttling_factor: f64,
}

fn every_class() -> Vec<DeviceClass> {
    use DeviceClass as C;
    vec![C::Static, C::Totp, C::Webauthn, C::Duo, C::Sms, C::Email]
}
fn no_time() -> Validity {
    Validity::seconds(0)
}
fn one() -> f64 {
    1.0
}

impl AuthenticatorValidateStage {
    fn check_fields(&self, problems: &mut Problems) {
        check_types("webauthn_allowed_device_types", &self.webauthn_allowed_device_types, problems);
        if self.not_configured_action == NotConfiguredAction::Configure && self.configuration_stages.is_empty() {
            problems.add(
                "/not_configured_action",
                "invalid",
                "When the action is set to configure, you must select a configuration stage.",
            );
        }
    }
}

stage_kind!(
    AuthenticatorValidateStage,
    "authenticator_validate_stage",
    "mfa",
    "AuthenticatorValidateStage",
    "stages/authenticator/validate",
    "ak-stage-authenticator-validate-form",
    "Authenticator Validation",
    "authentik_stages_authenticator_validate.authenticatorvalidatestage",
    [filter("configuration_stages", "configuration_stages", FilterOp::In), exact("not_configured_action")]
);

/// How long the codes of an app are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DigitsEnum")]
pub enum Digits {
    /// What every app knows.
    #[default]
    #[serde(rename = "6")]
    Six,
    /// Harder to guess; some apps cannot.
    #[serde(rename = "8")]
    Eight,
}

/// Sets up an app that shows codes (RFC 6238).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorTOTPStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Flow for setting one up from one's own settings.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "flow"))]
    pub configure_flow: Option<Ref<Flow>>,
    /// What people read instead of the name.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-yaml" = "title"))]
    pub friendly_name: String,
    /// How long the codes are.
    #[serde(default)]
    pub digits: Digits,
}

impl AuthenticatorTOTPStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    AuthenticatorTOTPStage,
    "authenticator_totp_stage",
    "enroll_totp",
    "AuthenticatorTOTPStage",
    "stages/authenticator/totp",
    "ak-stage-authenticator-totp-form",
    "TOTP Authenticator Setup",
    "authentik_stages_authenticator_totp.authenticatortotpstage",
    [exact("configure_flow"), exact("digits"), exact("friendly_name"), filter("stage_uuid", "pk", FilterOp::Exact),]
);

/// Gives out codes that each work once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorStaticStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Flow for getting new ones from one's own settings.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "flow"))]
    pub configure_flow: Option<Ref<Flow>>,
    /// What people read instead of the name.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-yaml" = "title"))]
    pub friendly_name: String,
    /// How many there are.
    #[serde(default = "six")]
    #[schemars(range(min = 0, max = 1000), extend("x-yaml" = "count"))]
    pub token_count: i32,
    /// How long each is.
    #[serde(default = "twelve")]
    #[schemars(range(min = 0, max = 100), extend("x-yaml" = "length"))]
    pub token_length: i32,
}

fn six() -> i32 {
    6
}
fn twelve() -> i32 {
    12
}

impl AuthenticatorStaticStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    AuthenticatorStaticStage,
    "authenticator_static_stage",
    "enroll_static",
    "AuthenticatorStaticStage",
    "stages/authenticator/static",
    "ak-stage-authenticator-static-form",
    "Static Authenticator Setup",
    "authentik_stages_authenticator_static.authenticatorstaticstage",
    [
        exact("configure_flow"),
        exact("friendly_name"),
        filter("stage_uuid", "pk", FilterOp::Exact),
        exact("token_count"),
        exact("token_length"),
    ]
);

/// Registers a passkey or security key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorWebAuthnStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Flow for registering one from one's own settings.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "flow"))]
    pub configure_flow: Option<Ref<Flow>>,
    /// What people read instead of the name.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-yaml" = "title"))]
    pub friendly_name: String,
    /// Whether it has to verify the person.
    #[serde(default)]
    pub user_verification: UserVerification,
    /// Where it has to live; null: anywhere.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "attachment"))]
    pub authenticator_attachment: Option<AuthenticatorAttachment>,
    /// Whether it has to remember the account, so that no user name is needed.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "resident_key"))]
    pub resident_key_requirement: UserVerification,
    /// What a browser should offer first.
    #[serde(default)]
    #[schemars(length(max = 3))]
    pub hints: Vec<WebAuthnHint>,
    /// The only models that can be registered, by AAGUID; empty: any.
    #[serde(default)]
    #[schemars(length(max = 1000), extend("x-yaml" = "only"))]
    pub device_type_restrictions: Vec<Uuid>,
    /// Failures after which the flow ends; 0: never.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_147_483_647_i64), extend("x-yaml" = "attempts"))]
    pub max_attempts: i32,
}

impl AuthenticatorWebAuthnStage {
    fn check_fields(&self, problems: &mut Problems) {
        check_types("device_type_restrictions", &self.device_type_restrictions, problems);
    }
}

stage_kind!(
    AuthenticatorWebAuthnStage,
    "authenticator_webauthn_stage",
    "enroll_webauthn",
    "AuthenticatorWebAuthnStage",
    "stages/authenticator/webauthn",
    "ak-stage-authenticator-webauthn-form",
    "WebAuthn Authenticator Setup",
    "authentik_stages_authenticator_webauthn.authenticatorwebauthnstage",
    [
        exact("authenticator_attachment"),
        exact("configure_flow"),
        filter("device_type_restrictions", "device_type_restrictions", FilterOp::In),
        exact("max_attempts"),
        exact("resident_key_requirement"),
        exact("user_verification"),
    ]
);
