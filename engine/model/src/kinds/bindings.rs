//! The two joints of the model: a stage in a flow, and a policy, group or user on something bindable.

use super::{Flow, PolicyEngineMode, target, yes};
use crate::{
    Period, Problems, Ref, UserRef,
    kind::{Family, Filter, FilterOp, Kind, Lookup, Meta, exact, filter},
    reference::{AnyGroup, AnyPolicy, AnyStage, Bindable},
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What follows a response that the stage does not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "InvalidResponseActionEnum")]
pub enum InvalidResponseAction {
    /// The same challenge again, with the errors.
    #[default]
    Retry,
    /// The flow from its start.
    Restart,
    /// The flow from its start, with what is known so far.
    RestartWithContext,
}

/// One stage at one place of one flow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowStageBinding {
    /// The flow.
    #[schemars(extend("x-on-delete" = "cascade"))]
    pub target: Ref<Flow>,
    /// The stage.
    #[schemars(extend("x-on-delete" = "cascade"))]
    pub stage: Ref<AnyStage>,
    /// Ask the policies bound to this binding once, when the flow is planned.
    #[serde(default)]
    pub evaluate_on_plan: bool,
    /// Ask them again when the stage is reached.
    #[serde(default = "yes")]
    pub re_evaluate_policies: bool,
    /// Place in the flow, ascending.
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647_i64))]
    pub order: i32,
    /// How the policies bound to this binding add up.
    #[serde(default)]
    pub policy_engine_mode: PolicyEngineMode,
    /// What follows a response that the stage does not accept.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "on_invalid"))]
    pub invalid_response_action: InvalidResponseAction,
}

impl Kind for FlowStageBinding {
    const META: Meta = Meta {
        kind: "flow_stage_binding",
        word: "",
        family: Family::None,
        schema: "FlowStageBinding",
        path: "flows/bindings",
        lookup: Lookup::Uuid("fsb_uuid"),
        component: "",
        verbose_name: "Flow Stage Binding",
        verbose_name_plural: "Flow Stage Bindings",
        model: "authentik_flows.flowstagebinding",
        search: &[],
        filters: BINDING_FILTERS,
        ordering: "order",
        bindable: true,
    };

    fn identifier(&self) -> String {
        format!("{}/{}/{}", self.target.0, self.stage.0, self.order)
    }
}
target!(FlowStageBinding);

const BINDING_FILTERS: &[Filter] = &[
    exact("evaluate_on_plan"),
    filter("fsb_uuid", "pk", FilterOp::Exact),
    exact("invalid_response_action"),
    exact("order"),
    filter("pbm_uuid", "pk", FilterOp::Exact),
    exact("policy_engine_mode"),
    exact("re_evaluate_policies"),
    exact("stage"),
    exact("target"),
];

/// A policy, group or user that decides about a flow, a stage in a flow, an application, or an entitlement in one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyBinding {
    /// What it decides about.
    #[schemars(extend("x-on-delete" = "cascade"))]
    pub target: Ref<Bindable>,
    /// Passes when this policy passes.
    #[serde(default)]
    #[schemars(extend("x-on-delete" = "cascade"))]
    pub policy: Option<Ref<AnyPolicy>>,
    /// Passes for members, direct and inherited.
    #[serde(default)]
    #[schemars(extend("x-on-delete" = "cascade"))]
    pub group: Option<Ref<AnyGroup>>,
    /// Passes for this user.
    #[serde(default)]
    #[schemars(extend("x-on-delete" = "cascade"))]
    pub user: Option<UserRef>,
    /// Turns the result round; not that of an error.
    #[serde(default)]
    pub negate: bool,
    /// A disabled binding is as if absent.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Place in lists and explanations, ascending.
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647_i64))]
    pub order: i32,
    /// Seconds after which the policy counts as failed.
    #[serde(default = "thirty")]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub timeout: i32,
    /// The result when the policy fails or takes too long.
    #[serde(default)]
    pub failure_result: bool,
    /// Counts from this moment on, and before is as if absent; an addition of Lockgate. Bindings of which none
    /// counts let nobody through.
    #[serde(default)]
    pub from: Option<DateTime<Utc>>,
    /// Counts until this moment, and from then on is as if absent; an addition of Lockgate. Bindings of which
    /// none counts let nobody through.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

impl PolicyBinding {
    /// The time in which it counts.
    #[must_use]
    pub fn period(&self) -> Period {
        Period { from: self.from, until: self.until }
    }
}

fn thirty() -> i32 {
    30
}

impl Kind for PolicyBinding {
    const META: Meta = Meta {
        kind: "policy_binding",
        word: "",
        family: Family::None,
        schema: "PolicyBinding",
        path: "policies/bindings",
        lookup: Lookup::Uuid("policy_binding_uuid"),
        component: "",
        verbose_name: "Policy Binding",
        verbose_name_plural: "Policy Bindings",
        model: "authentik_policies.policybinding",
        search: &[],
        filters: &[
            exact("enabled"),
            exact("order"),
            exact("policy"),
            filter("policy__isnull", "policy", FilterOp::IsNull),
            exact("target"),
            filter("target_in", "target", FilterOp::In),
            exact("timeout"),
        ],
        ordering: "order",
        bindable: false,
    };

    fn identifier(&self) -> String {
        let subject = match (&self.policy, &self.group, &self.user) {
            (Some(policy), _, _) => policy.0.to_string(),
            (_, Some(group), _) => group.0.to_string(),
            (_, _, Some(user)) => user.0.to_string(),
            _ => String::new(),
        };
        format!("{}/{subject}/{}", self.target.0, self.order)
    }

    fn check(&self, problems: &mut Problems) {
        let subjects =
            [self.policy.is_some(), self.group.is_some(), self.user.is_some()].into_iter().filter(|s| *s).count();
        if subjects != 1 {
            problems.add("", "invalid", "Exactly one of 'policy', 'group' and 'user' must be set.");
        }
        self.period().check(problems);
    }
}
target!(PolicyBinding);
