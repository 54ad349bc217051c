//! Rules for new passwords.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID, password_field};
use crate::kind::{Kind, Meta, exact};
use crate::kinds::{target, yes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Passes when a new password is good enough. The rules are asked in this order, and the first that
/// fails decides: what it is made of, whether it was leaked, how easily it is guessed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordPolicy {
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
    /// Look at what the password is made of: the amounts and the length below.
    #[serde(default = "yes")]
    pub check_static_rules: bool,
    /// Least number of characters.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub length_min: i32,
    /// Least number of digits.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub amount_digits: i32,
    /// Least number of capital letters, A to Z.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub amount_uppercase: i32,
    /// Least number of small letters, a to z.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub amount_lowercase: i32,
    /// Least number of symbols.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub amount_symbols: i32,
    /// What counts as a symbol.
    #[serde(default = "symbols")]
    #[schemars(length(min = 1, max = 1_024))]
    pub symbol_charset: String,
    /// What the person is told when the password is not made as it should be; where it is empty, the
    /// rules themselves.
    #[serde(default)]
    #[schemars(length(max = 4_096))]
    pub error_message: String,
    /// Ask the service of leaked passwords; only the first five digits of a SHA-1 leave this house.
    #[serde(default)]
    pub check_have_i_been_pwned: bool,
    /// How often a password may have been leaked.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub hibp_allowed_count: i32,
    /// Estimate how easily the password is guessed, from 0 to 4.
    #[serde(default)]
    pub check_zxcvbn: bool,
    /// The estimate must be above this.
    #[serde(default = "two")]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub zxcvbn_score_threshold: i32,
}

impl Kind for PasswordPolicy {
    const META: Meta = Meta {
        kind: "password_policy",
        word: "password",
        schema: "PasswordPolicy",
        path: "policies/password",
        component: "ak-policy-password-form",
        verbose_name: "Password Policy",
        verbose_name_plural: "Password Policies",
        model: "authentik_policies_password.passwordpolicy",
        filters: &[
            CREATED,
            LOGGED,
            LAST_UPDATED,
            NAMED,
            POLICY_UUID,
            exact("amount_digits"),
            exact("amount_lowercase"),
            exact("amount_symbols"),
            exact("amount_uppercase"),
            exact("check_have_i_been_pwned"),
            exact("check_static_rules"),
            exact("check_zxcvbn"),
            exact("error_message"),
            exact("hibp_allowed_count"),
            exact("length_min"),
            exact("password_field"),
            exact("symbol_charset"),
            exact("zxcvbn_score_threshold"),
        ],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(PasswordPolicy);

/// ASCII punctuation and the space.
fn symbols() -> String {
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ".to_owned()
}

fn two() -> i32 {
    2
}
