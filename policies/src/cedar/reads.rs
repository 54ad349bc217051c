//! Which facts a Cedar policy reads, told from its syntax tree in JSON.

use crate::fact::{Fact, Reads};
use cedar_policy::{Policy, ResourceConstraint};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a policy reads of the context.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContextReads {
    /// The facts read directly.
    pub(crate) facts: Reads,
    /// Names of the expression policies read under `checks`.
    pub(crate) checks: BTreeSet<String>,
    /// Reads `checks`, or the whole context, in a way that does not tell which names.
    pub(crate) every_check: bool,
    /// Looks at the resource's attributes or parents, so that its entity must be at hand.
    pub(crate) resource: bool,
}

impl ContextReads {
    /// Of one policy. One whose tree cannot be had counts as reading everything.
    pub(crate) fn of(policy: &Policy) -> Self {
        let resource = matches!(policy.resource_constraint(), ResourceConstraint::In(_) | ResourceConstraint::IsIn(..));
        let mut reads = Self { resource, ..Self::default() };
        match policy.to_json() {
            Ok(tree) => reads.walk(&tree),
            Err(_) => reads.everything(),
        }
        reads
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.facts.extend(&other.facts);
        self.checks.extend(other.checks.iter().cloned());
        self.every_check |= other.every_check;
        self.resource |= other.resource;
    }

    fn everything(&mut self) {
        self.facts = Reads::all();
        self.every_check = true;
        self.resource = true;
    }

    fn walk(&mut self, node: &Value) {
        match node {
            Value::Array(list) => list.iter().for_each(|v| self.walk(v)),
            Value::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), access(value)) {
                        ("." | "has", Some((left, attribute))) if is_context(left) => self.attribute(attribute),
                        ("." | "has", Some((left, name))) if is_checks(left) => {
                            self.checks.insert(name.to_owned());
                        }
                        // Only policies made from bindings read these, and they carry their own plan.
                        ("." | "has", Some((left, _)))
                            if is_attribute(left, "bindings") || is_attribute(left, "in_time") => {}
                        ("Var", _) if value == "context" => self.everything(),
                        ("Var", _) if value == "resource" => self.resource = true,
                        _ => self.walk(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn attribute(&mut self, name: &str) {
        let fact = match name {
            "mfa" => Fact::Mfa,
            "ip" => Fact::Ip,
            "now" => Fact::Second,
            "hour" => Fact::Hour,
            "weekday" => Fact::Day,
            "path" => Fact::Path,
            "host" => Fact::Host,
            "method" => Fact::Method,
            "user_agent" => Fact::UserAgent,
            "authentication_methods" => Fact::Methods,
            "authentication_age" => Fact::AuthenticationAge,
            "country" => Fact::Place,
            "asn" => Fact::Network,
            "device" => Fact::Device,
            "checks" => {
                self.every_check = true;
                return;
            }
            _ => return self.everything(),
        };
        self.facts.add(fact);
    }
}

fn access(value: &Value) -> Option<(&Value, &str)> {
    Some((value.get("left")?, value.get("attr")?.as_str()?))
}

fn is_context(node: &Value) -> bool {
    node.get("Var").is_some_and(|v| v == "context")
}

fn is_attribute(node: &Value, name: &str) -> bool {
    node.get(".").and_then(access).is_some_and(|(left, attribute)| is_context(left) && attribute == name)
}

fn is_checks(node: &Value) -> bool {
    is_attribute(node, "checks")
}
