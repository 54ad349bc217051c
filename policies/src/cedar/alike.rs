//! What decisions read of the person who asks: people who are alike to it are decided about alike, so that
//! a question about a hundred thousand of them is asked once for each sort. And whether two configurations
//! can decide differently at all.

use super::{partition::Partition, set::PolicySet};
use crate::{
    decision::Resource,
    fact::{Fact, PersonReads},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeSet;

impl PersonReads {
    fn of(partition: &Partition) -> Self {
        let mut reads = Self { mfa: partition.reads.contains(Fact::Mfa), ..Self::default() };
        for policy in partition.policies.policies() {
            match policy.to_json() {
                Ok(tree) => reads.policy(&tree),
                Err(_) => reads.person = true,
            }
        }
        for check in &partition.checks {
            reads.extend(&check.check.reads_of_person());
        }
        reads
    }

    fn policy(&mut self, tree: &Value) {
        let head = &tree["principal"];
        if !head["entity"].is_null() {
            self.entity(&head["entity"]);
        }
        if !head["in"].is_null() {
            self.entity(&head["in"]["entity"]);
        }
        self.person |= !head["slot"].is_null();
        self.walk(&tree["conditions"]);
    }

    fn walk(&mut self, node: &Value) {
        match node {
            Value::Array(list) => list.iter().for_each(|v| self.walk(v)),
            Value::Object(map) => map.iter().for_each(|(key, value)| self.operator(key, value)),
            _ => {}
        }
    }

    fn operator(&mut self, key: &str, value: &Value) {
        let (left, right) = (&value["left"], &value["right"]);
        match key {
            "in" if is_principal(left) => self.entities(right),
            "is" if is_principal(left) && value.get("in").is_some() => self.entities(&value["in"]),
            "is" | "has" if is_principal(left) => {}
            "." if is_principal(left) && matches!(value["attr"].as_str(), Some("active" | "superuser")) => {}
            "==" => match number_of(left, right).or_else(|| number_of(right, left)) {
                Some(pk) => _ = self.users.insert(pk),
                None => self.walk(value),
            },
            "Var" if value == "principal" => self.person = true,
            _ => self.walk(value),
        }
    }

    /// The groups of an expression such as `Group::"a"` or `[Group::"a", Group::"b"]`.
    fn entities(&mut self, node: &Value) {
        match (&node["Value"]["__entity"], &node["Set"]) {
            (Value::Null, Value::Array(several)) => several.iter().for_each(|one| self.entities(one)),
            (Value::Null, _) => self.person = true,
            (entity, _) => self.entity(entity),
        }
    }

    fn entity(&mut self, entity: &Value) {
        let entity = if entity["__entity"].is_null() { entity } else { &entity["__entity"] };
        match (entity["type"].as_str(), entity["id"].as_str()) {
            (Some("Group"), Some(id)) => _ = self.groups.insert(id.to_owned()),
            _ => self.person = true,
        }
    }
}

fn is_principal(node: &Value) -> bool {
    node["Var"] == "principal"
}

/// The number in `principal.pk == 7`.
fn number_of(attribute: &Value, value: &Value) -> Option<i64> {
    let access = &attribute["."];
    (is_principal(&access["left"]) && access["attr"] == "pk").then(|| value["Value"].as_i64())?
}

impl PolicySet {
    /// What decisions about a resource read of the person who asks; `None` for an unknown application,
    /// which nobody may open.
    #[must_use]
    pub fn reads_of_person(&self, resource: Resource<'_>) -> Option<PersonReads> {
        self.partition(resource).map(PersonReads::of)
    }

    /// Whether the two can decide differently about a resource for a person who is the same to both.
    /// `edited` tells the names of the policies whose own texts are not the same.
    #[must_use]
    pub fn may_differ(&self, other: &Self, resource: Resource<'_>, edited: &dyn Fn(&str) -> bool) -> bool {
        match (self.partition(resource), other.partition(resource)) {
            (None, None) => false,
            (Some(one), Some(two)) => !one.decides_as(two, edited),
            _ => true,
        }
    }
}

impl PolicySet {
    /// The moments after `now` at which the bindings of a resource begin and end, ascending.
    #[must_use]
    pub fn turning_points(&self, resource: Resource<'_>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let bound = self.partition(resource).map(|p| p.bindings.as_slice()).unwrap_or_default();
        let points = bound.iter().flat_map(|b| [b.period.from, b.period.until]).flatten().filter(|at| *at > now);
        points.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Partition {
    fn decides_as(&self, other: &Self, edited: &dyn Fn(&str) -> bool) -> bool {
        let names = |p: &Self| p.checks.iter().map(|c| c.check.name().to_owned()).collect::<Vec<_>>();
        let texts = |p: &Self| p.policies.policies().map(ToString::to_string).collect::<BTreeSet<_>>();
        // How the results of expressions are used is told by their bindings.
        self.mode == other.mode
            && self.bindings.len() == other.bindings.len()
            && self.bindings.iter().zip(&other.bindings).all(|(one, two)| {
                (one.id, one.negate, one.failure_result, one.timeout, &one.subject, one.period)
                    == (two.id, two.negate, two.failure_result, two.timeout, &two.subject, two.period)
            })
            && self.app == other.app
            && self.resource == other.resource
            && names(self) == names(other)
            && !names(self).iter().any(|name| edited(name))
            && texts(self) == texts(other)
    }
}
