//! Policies: conditions with a name, bound wherever they are needed.

use super::target;
use crate::kind::{Family, FilterOp, Kind, Lookup, Meta, exact, filter};
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
        word: "policy",
        family: Family::Policy,
        schema: "ExpressionPolicy",
        path: "policies/expression",
        lookup: Lookup::Uuid("policy_uuid"),
        component: "ak-policy-expression-form",
        verbose_name: "Expression Policy",
        verbose_name_plural: "Expression Policies",
        model: "authentik_policies_expression.expressionpolicy",
        search: &["name"],
        filters: &[
            filter("created", "created", FilterOp::Exact),
            exact("execution_logging"),
            exact("expression"),
            filter("last_updated", "updated", FilterOp::Exact),
            exact("name"),
            filter("policy_uuid", "pk", FilterOp::Exact),
        ],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(ExpressionPolicy);
