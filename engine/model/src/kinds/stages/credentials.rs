//! Who is it, and can they prove it: identification and password.

use super::stage_kind;
use crate::{
    Problems, Ref,
    kind::{FilterOp, exact, filter},
    kinds::{Flow, yes},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person may type to say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UserFieldsEnum")]
pub enum UserField {
    /// E-mail address.
    Email,
    /// User name.
    Username,
    /// Attribute `upn`.
    Upn,
}

/// Asks who it is, and on the same page for the password when a password stage is named.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentificationStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// What may be typed; empty: only sources and passkeys.
    #[serde(default)]
    #[schemars(length(max = 3), extend("x-yaml" = "by"))]
    pub user_fields: Vec<UserField>,
    /// Ask for the password on the same page, with this stage's rules.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "password"))]
    pub password_stage: Option<Ref<super::PasswordStage>>,
    /// Show this captcha on the same page.
    #[serde(default)]
    pub captcha_stage: Option<Ref<super::CaptchaStage>>,
    /// Offer passkeys with this stage's rules.
    #[serde(default)]
    pub webauthn_stage: Option<Ref<super::AuthenticatorValidateStage>>,
    /// `Ada` and `ada` are the same.
    #[serde(default = "yes")]
    pub case_insensitive_matching: bool,
    /// Show name and picture of who was found on the pages that follow.
    #[serde(default = "yes")]
    pub show_matched_user: bool,
    /// Go on with unknown names and fail at the password, so that names cannot be probed.
    #[serde(default = "yes")]
    pub pretend_user_exists: bool,
    /// Offer this flow to people without an account.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "enrollment"))]
    pub enrollment_flow: Option<Ref<Flow>>,
    /// Offer this flow to people who forgot their password.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "recovery"))]
    pub recovery_flow: Option<Ref<Flow>>,
    /// Offer this flow for signing in without a password.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "passwordless"))]
    pub passwordless_flow: Option<Ref<Flow>>,
    /// Sources to sign in with.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub sources: Vec<uuid::Uuid>,
    /// Name the sources beside their icons.
    #[serde(default)]
    pub show_source_labels: bool,
    /// Offer to remember the user name on this device.
    #[serde(default)]
    pub enable_remember_me: bool,
}

impl IdentificationStage {
    fn check_fields(&self, problems: &mut Problems) {
        let mut seen = Vec::new();
        for field in &self.user_fields {
            if seen.contains(field) {
                problems.add("/user_fields", "invalid", "Each field may be named once.");
            }
            seen.push(*field);
        }
        if self.user_fields.is_empty()
            && self.sources.is_empty()
            && self.passwordless_flow.is_none()
            && self.webauthn_stage.is_none()
        {
            problems.add(
                "/user_fields",
                "invalid",
                "Nobody could sign in: name at least one of username, email and upn, or a source.",
            );
        }
    }
}

stage_kind!(
    IdentificationStage,
    "identification_stage",
    "identify",
    "IdentificationStage",
    "stages/identification",
    "ak-stage-identification-form",
    "Identification",
    "authentik_stages_identification.identificationstage",
    [
        exact("captcha_stage"),
        exact("case_insensitive_matching"),
        exact("enrollment_flow"),
        exact("password_stage"),
        exact("passwordless_flow"),
        exact("recovery_flow"),
        exact("show_matched_user"),
        exact("show_source_labels"),
        exact("webauthn_stage"),
    ]
);

/// Where a password may be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BackendsEnum")]
pub enum PasswordBackend {
    /// The password kept here.
    #[serde(rename = "authentik.core.auth.InbuiltBackend")]
    Inbuilt,
    /// An app password (a token of intent `app_password`).
    #[serde(rename = "authentik.core.auth.TokenBackend")]
    Token,
    /// An LDAP source.
    #[serde(rename = "authentik.sources.ldap.auth.LDAPBackend")]
    Ldap,
    /// A Kerberos source.
    #[serde(rename = "authentik.sources.kerberos.auth.KerberosBackend")]
    Kerberos,
}

/// Asks for the password.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Where the password is checked, in this order.
    #[serde(default = "inbuilt")]
    #[schemars(length(min = 1, max = 8))]
    pub backends: Vec<PasswordBackend>,
    /// Flow for changing the password.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "change"))]
    pub configure_flow: Option<Ref<Flow>>,
    /// Wrong passwords after which the flow ends.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 1000), extend("x-yaml" = "attempts"))]
    pub failed_attempts_before_cancel: i32,
    /// Offer a button that shows the password.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "show"))]
    pub allow_show_password: bool,
}

fn five() -> i32 {
    5
}
fn inbuilt() -> Vec<PasswordBackend> {
    vec![PasswordBackend::Inbuilt, PasswordBackend::Token]
}

impl PasswordStage {
    fn check_fields(&self, problems: &mut Problems) {
        if !self.backends.iter().any(|b| matches!(b, PasswordBackend::Inbuilt | PasswordBackend::Token)) {
            problems.add(
                "/backends",
                "invalid",
                "LDAP and Kerberos sources are not built yet: name the inbuilt backend.",
            );
        }
    }
}

stage_kind!(
    PasswordStage,
    "password_stage",
    "password",
    "PasswordStage",
    "stages/password",
    "ak-stage-password-form",
    "Password",
    "authentik_stages_password.passwordstage",
    [
        exact("allow_show_password"),
        filter("backends", "backends", FilterOp::In),
        exact("configure_flow"),
        exact("failed_attempts_before_cancel")
    ]
);
