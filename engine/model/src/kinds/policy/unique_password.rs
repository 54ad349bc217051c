//! Passwords that must be new.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID, password_field};
use crate::kind::{Kind, Meta, exact};
use crate::kinds::target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Passes when a new password is none of the last ones.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniquePasswordPolicy {
    /// Name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Log every run, passed or not.
    #[serde(default)]
    pub execution_logging: bool,
    /// Key of the prompt field that holds the password, or of the context.
    #[serde(default = "password_field")]
    #[schemars(length(min = 1, max = 255))]
    pub password_field: String,
    /// How many passwords count, the present one among them. As many earlier ones are remembered, by hash.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 24))]
    pub num_historical_passwords: i32,
}

impl Kind for UniquePasswordPolicy {
    const META: Meta = Meta {
        kind: "unique_password_policy",
        word: "unique_password",
        schema: "UniquePasswordPolicy",
        path: "policies/unique_password",
        component: "ak-policy-password-uniqueness-form",
        verbose_name: "Password Uniqueness Policy",
        verbose_name_plural: "Password Uniqueness Policies",
        model: "authentik_policies_unique_password.uniquepasswordpolicy",
        filters: &[
            CREATED,
            LOGGED,
            LAST_UPDATED,
            NAMED,
            POLICY_UUID,
            exact("num_historical_passwords"),
            exact("password_field"),
        ],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(UniquePasswordPolicy);

fn one() -> i32 {
    1
}
