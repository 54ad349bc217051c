//! Passwords that grow old.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID};
use crate::kind::{Kind, Meta, exact};
use crate::kinds::target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Passes while the password is younger than so many days.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordExpiryPolicy {
    /// Name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Log every run, passed or not.
    #[serde(default)]
    pub execution_logging: bool,
    /// Days that a password is good for.
    #[schemars(range(min = 0, max = 36_500))]
    pub days: i32,
    /// Only fail. Otherwise the old password is made unusable, too, so that the next sign-in needs a new one.
    #[serde(default)]
    pub deny_only: bool,
}

impl Kind for PasswordExpiryPolicy {
    const META: Meta = Meta {
        kind: "password_expiry_policy",
        word: "password_expiry",
        schema: "PasswordExpiryPolicy",
        path: "policies/password_expiry",
        component: "ak-policy-password-expiry-form",
        verbose_name: "Password Expiry Policy",
        verbose_name_plural: "Password Expiry Policies",
        model: "authentik_policies_expiry.passwordexpirypolicy",
        filters: &[CREATED, LOGGED, LAST_UPDATED, NAMED, POLICY_UUID, exact("days"), exact("deny_only")],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(PasswordExpiryPolicy);
