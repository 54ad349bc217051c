//! What failed sign-ins say of an address and a name.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID};
use crate::kinds::{target, yes};
use crate::{
    Problems,
    kind::{Kind, Meta, exact},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Passes when the score is at or below the threshold: it recognises those who tried too often. Every
/// sign-in counts one up, every failure one down. To keep them out, bind it with `not`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReputationPolicy {
    /// Name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Log every run, passed or not.
    #[serde(default)]
    pub execution_logging: bool,
    /// Count what came from the same address.
    #[serde(default = "yes")]
    pub check_ip: bool,
    /// Count what was tried under the same user name.
    #[serde(default = "yes")]
    pub check_username: bool,
    /// The score at which it passes.
    #[serde(default = "five_failures")]
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647_i64))]
    pub threshold: i32,
}

impl Kind for ReputationPolicy {
    const META: Meta = Meta {
        kind: "reputation_policy",
        word: "reputation",
        schema: "ReputationPolicy",
        path: "policies/reputation",
        component: "ak-policy-reputation-form",
        verbose_name: "Reputation Policy",
        verbose_name_plural: "Reputation Policies",
        model: "authentik_policies_reputation.reputationpolicy",
        filters: &[
            CREATED,
            LOGGED,
            LAST_UPDATED,
            NAMED,
            POLICY_UUID,
            exact("check_ip"),
            exact("check_username"),
            exact("threshold"),
        ],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }

    fn check(&self, problems: &mut Problems) {
        if !self.check_ip && !self.check_username {
            problems.add("", "invalid", "Either IP or Username must be checked");
        }
    }
}
target!(ReputationPolicy);

fn five_failures() -> i32 {
    -5
}
