//! How far a permission reaches over a kind: over all of it, over some of it, or over none, told without
//! looking at what there is. Lists are made with it: who may read all is not asked row by row.

use super::principal::KIND;
use crate::problem::PolicyProblem;
use cedar_policy::{Effect, Policy, PolicySet, ResourceConstraint};
use serde_json::{Map, Value, json};

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Over nothing of the kind.
    None,
    /// Perhaps over some of it: each has to be asked about.
    Some,
    /// Over all of it.
    All,
}

/// Two sets of policies that can be asked without a resource.
#[derive(Debug, Clone)]
pub(crate) struct Outlines {
    /// Permits at least as narrow and forbids at least as wide as the true ones.
    pub(crate) sure: PolicySet,
    /// Permits at least as wide and forbids at least as narrow.
    pub(crate) possible: PolicySet,
}

impl Outlines {
    /// The policies that do not look into the resource are in both as they are; of the others, each set leaves those of
    /// one effect out, and those of the other forget what they ask of the resource.
    pub(crate) fn of<'a>(policies: impl Iterator<Item = &'a Policy>) -> Result<Self, PolicyProblem> {
        let (mut sure, mut possible) = (Vec::new(), Vec::new());
        for policy in policies {
            let tree = policy.to_json().map_err(|e| problem(policy, &e))?;
            match (looks(policy, &tree), policy.effect()) {
                (false, _) => {
                    sure.push(policy.clone());
                    possible.push(policy.clone());
                }
                (true, Effect::Permit) => possible.push(widened(policy, tree)?),
                (true, Effect::Forbid) => sure.push(widened(policy, tree)?),
            }
        }
        Ok(Self { sure: set(sure)?, possible: set(possible)? })
    }
}

fn set(policies: Vec<Policy>) -> Result<PolicySet, PolicyProblem> {
    PolicySet::from_policies(policies).map_err(|e| PolicyProblem::whole("policies", e.to_string()))
}

fn looks(policy: &Policy, tree: &Value) -> bool {
    let by_kind = match policy.resource_constraint() {
        ResourceConstraint::Any | ResourceConstraint::Is(_) => true,
        ResourceConstraint::In(parent) | ResourceConstraint::IsIn(_, parent) => *parent.type_name() == *KIND,
        ResourceConstraint::Eq(_) => false,
    };
    !by_kind || mentions(&tree["conditions"])
}

fn widened(policy: &Policy, mut tree: Value) -> Result<Policy, PolicyProblem> {
    tree["resource"] = json!({"op": "All"});
    if let Some(conditions) = tree["conditions"].as_array_mut() {
        conditions.retain(|condition| !mentions(condition));
    }
    Policy::from_json(Some(policy.id().clone()), tree).map_err(|e| problem(policy, &e))
}

/// Whether a syntax tree speaks of the resource, but for its type, which is known.
fn mentions(node: &Value) -> bool {
    let is_resource = |map: &Map<String, Value>| map.get("Var").is_some_and(|var| var == "resource");
    match node {
        Value::Array(list) => list.iter().any(mentions),
        Value::Object(map) => {
            let asks_type = map.get("is").and_then(Value::as_object).is_some_and(|is| {
                !is.contains_key("in") && is.get("left").and_then(Value::as_object).is_some_and(is_resource)
            });
            !asks_type && (is_resource(map) || map.values().any(mentions))
        }
        _ => false,
    }
}

fn problem(policy: &Policy, error: &dyn std::fmt::Display) -> PolicyProblem {
    PolicyProblem::whole(AsRef::<str>::as_ref(policy.id()), error.to_string())
}
