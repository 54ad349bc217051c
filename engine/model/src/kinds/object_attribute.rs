//! Rules for the free-form attributes of users and groups.

use super::{target, yes};
use crate::{
    Problems,
    kind::{Family, Kind, Lookup, Meta, exact},
};
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whose attributes a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AttributeOwner {
    /// Those of users.
    #[serde(rename = "authentik_core.user")]
    User,
    /// Those of groups.
    #[serde(rename = "authentik_core.group")]
    Group,
}

impl AttributeOwner {
    /// The model, as rules name it.
    #[must_use]
    pub fn model(self) -> &'static str {
        match self {
            Self::User => "authentik_core.user",
            Self::Group => "authentik_core.group",
        }
    }
}

/// What an attribute may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ObjectAttributeTypeEnum")]
pub enum AttributeType {
    /// A text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
}

/// A rule for one attribute of users or groups, which holds for what is written through the API from now on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectAttribute {
    /// Whose attribute.
    pub object_type: AttributeOwner,
    /// A rule that is turned off is as if absent.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The attribute. With whose it is, it makes up the name of the rule, which has 255 characters at most.
    #[schemars(length(min = 1, max = 240))]
    pub key: String,
    /// What people call it.
    #[schemars(length(min = 1, max = 255))]
    pub label: String,
    /// What a text must be like as a whole; empty: anything.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub regex: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub value_type: AttributeType,
    /// Heading under which forms show it.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub group: String,
    /// No two have the same value.
    #[serde(default)]
    pub is_unique: bool,
    /// Everyone has it.
    #[serde(default)]
    pub is_required: bool,
}

impl ObjectAttribute {
    /// What is wrong with a value, if anything is.
    #[must_use]
    pub fn complaint(&self, value: Option<&Value>) -> Option<String> {
        let label = &self.label;
        let value = match value {
            None | Some(Value::Null) => return self.is_required.then(|| format!("{label} is required.")),
            Some(Value::String(text)) if text.is_empty() && self.is_required => {
                return Some(format!("{label} is required."));
            }
            Some(value) => value,
        };
        match (self.value_type, value) {
            (AttributeType::Text, Value::String(text)) => {
                // One that is no expression was refused when the rule was made.
                let fits = self.regex.is_empty() || whole(&self.regex).is_ok_and(|regex| regex.is_match(text));
                (!fits).then(|| format!("{label} must match {}.", self.regex))
            }
            (AttributeType::Number, Value::Number(_)) | (AttributeType::Boolean, Value::Bool(_)) => None,
            (AttributeType::Text, _) => Some(format!("{label} must be a text.")),
            (AttributeType::Number, _) => Some(format!("{label} must be a number.")),
            (AttributeType::Boolean, _) => Some(format!("{label} must be true or false.")),
        }
    }
}

fn whole(regex: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?:{regex})$"))
}

impl Kind for ObjectAttribute {
    const META: Meta = Meta {
        kind: "object_attribute",
        word: "",
        family: Family::None,
        schema: "ObjectAttribute",
        path: "core/object_attributes",
        lookup: Lookup::Uuid("attribute_id"),
        component: "",
        verbose_name: "Object Attribute",
        verbose_name_plural: "Object Attributes",
        model: "authentik_core.objectattribute",
        search: &["key", "label", "group"],
        filters: &[exact("enabled")],
        ordering: "key",
        bindable: false,
    };

    fn identifier(&self) -> String {
        format!("{}/{}", self.object_type.model(), self.key)
    }

    fn check(&self, problems: &mut Problems) {
        if let Err(error) = whole(&self.regex) {
            problems.add("/regex", "invalid", format!("Not a valid regular expression: {error}"));
        }
    }
}
target!(ObjectAttribute);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(more: Value) -> ObjectAttribute {
        let mut rule =
            json!({"object_type": "authentik_core.user", "key": "cost", "label": "Cost centre", "type": "text"});
        for (name, value) in more.as_object().expect("an object") {
            rule[name] = value.clone();
        }
        serde_json::from_value(rule).expect("a rule")
    }

    #[test]
    fn values_are_held_against_the_rule() {
        let text = rule(json!({"regex": "[A-Z][0-9]", "is_required": true}));
        for (value, sound) in
            [(json!("A1"), true), (json!("xA1x"), false), (json!(7), false), (json!(""), false), (Value::Null, false)]
        {
            assert_eq!(text.complaint(Some(&value)).is_none(), sound, "{value}");
        }
        assert!(text.complaint(None).is_some());
        assert!(rule(json!({})).complaint(None).is_none());
        assert!(rule(json!({"type": "number"})).complaint(Some(&json!("7"))).is_some());
        assert!(rule(json!({"type": "boolean"})).complaint(Some(&json!(true))).is_none());
    }
}
