//! Conditions written in Cedar.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID};
use crate::kind::{Kind, Meta};
use crate::kinds::target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A condition written in Cedar, as it stands after `when` in a policy. Bound to something, it becomes
/// part of the policy that the binding makes; Cedar by itself never fails open.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CedarPolicy {
    /// Name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Log every run, passed or not.
    #[serde(default)]
    pub execution_logging: bool,
    /// The condition: `context has ip && context.ip.isInRange(ip("10.0.0.0/8"))`.
    #[schemars(length(min = 1, max = 65_536), extend("x-widget" = "code"))]
    pub cedar: String,
}

impl Kind for CedarPolicy {
    const META: Meta = Meta {
        kind: "cedar_policy",
        word: "cedar",
        schema: "CedarPolicy",
        path: "policies/cedar",
        component: "ak-policy-cedar-form",
        verbose_name: "Cedar Policy",
        verbose_name_plural: "Cedar Policies",
        model: "lockgate_policies_cedar.cedarpolicy",
        filters: &[CREATED, LOGGED, LAST_UPDATED, NAMED, POLICY_UUID],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(CedarPolicy);
