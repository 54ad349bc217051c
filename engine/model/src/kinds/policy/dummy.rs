//! A policy for trying things out.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID};
use crate::kind::{Kind, Meta, exact};
use crate::kinds::target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Passes or fails, as it says. The reference waits a random time before; here nothing waits in the
/// way of a decision, so that the two bounds are kept and have no effect.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DummyPolicy {
    /// Name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Log every run, passed or not.
    #[serde(default)]
    pub execution_logging: bool,
    /// Whether it passes.
    #[serde(default)]
    pub result: bool,
    /// Kept for clients; nothing waits.
    #[serde(default = "five")]
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647_i64))]
    pub wait_min: i32,
    /// Kept for clients; nothing waits.
    #[serde(default = "thirty")]
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647_i64))]
    pub wait_max: i32,
}

impl Kind for DummyPolicy {
    const META: Meta = Meta {
        kind: "dummy_policy",
        word: "dummy",
        schema: "DummyPolicy",
        path: "policies/dummy",
        component: "ak-policy-dummy-form",
        verbose_name: "Dummy Policy",
        verbose_name_plural: "Dummy Policies",
        model: "authentik_policies_dummy.dummypolicy",
        filters: &[
            CREATED,
            LOGGED,
            LAST_UPDATED,
            NAMED,
            POLICY_UUID,
            exact("result"),
            exact("wait_max"),
            exact("wait_min"),
        ],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(DummyPolicy);

fn five() -> i32 {
    5
}

fn thirty() -> i32 {
    30
}
