//! Conditions written in Rhai.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID};
use crate::kind::{Kind, Meta, exact};
use crate::kinds::target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A condition written in Rhai; it passes when its value is true.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpressionPolicy {
    /// Name; in Cedar it is `context.checks["<name>"]`.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Log every run, passed or not.
    #[serde(default)]
    pub execution_logging: bool,
    /// The Rhai source.
    #[schemars(length(min = 1, max = 65_536), extend("x-widget" = "code"))]
    pub expression: String,
}

impl Kind for ExpressionPolicy {
    const META: Meta = Meta {
        kind: "expression_policy",
        word: "expression",
        schema: "ExpressionPolicy",
        path: "policies/expression",
        component: "ak-policy-expression-form",
        verbose_name: "Expression Policy",
        verbose_name_plural: "Expression Policies",
        model: "authentik_policies_expression.expressionpolicy",
        filters: &[CREATED, LOGGED, exact("expression"), LAST_UPDATED, NAMED, POLICY_UUID],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(ExpressionPolicy);
