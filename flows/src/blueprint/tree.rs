//! YAML with tags as a tree in which every value knows its line.

use super::report::Place;
use crate::raw::Raw;
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use serde_saphyr::{Options, Spanned, Tagged, options::DuplicateKeyPolicy};

/// A value of a blueprint, before its tags mean anything.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// `!Find`, without the exclamation mark; empty where there is none.
    pub(super) tag: String,
    pub(super) value: Yaml,
    pub(super) line: u32,
}

#[derive(Debug, Clone)]
pub(super) enum Yaml {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Yaml::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Yaml::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Yaml::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The document of a blueprint.
///
/// # Errors
/// Why the text is none, and where.
pub(super) fn parse(file: &str, text: &str) -> Result<Node, (Place, String)> {
    match serde_saphyr::from_str_with_options::<Spanned<Marked>>(text, options()) {
        Ok(raw) => Ok(node(raw)),
        Err(error) => {
            let line = error.location().map_or(1, |l| narrow(l.line()));
            let told = error.render();
            let told = told.lines().next().unwrap_or_default();
            let told = told.split(" at line ").next().unwrap_or(told).trim_start_matches("error: ");
            Err((Place { file: file.to_owned(), line }, format!("not a blueprint that can be read: {told}")))
        }
    }
}

/// The limits of our own texts; words such as `yes` are told by where they stand.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 64,
            max_nodes: 100_000,
            max_events: 200_000,
            max_anchors: 200,
            max_aliases: 1_000,
            max_merge_keys: 200,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 10_000,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        leading_zero_numbers_as_strings: true,
        strict_booleans: true,
        with_snippet: false,
    }
}

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn node(raw: Spanned<Marked>) -> Node {
    let line = narrow(raw.referenced.line()).max(1);
    let Marked { tag, value } = raw.value;
    let value = match value {
        Raw::Null => Yaml::Null,
        Raw::Bool(b) => Yaml::Bool(b),
        Raw::Number(n) => Yaml::Number(n),
        Raw::Text(t) => Yaml::Text(t),
        Raw::List(items) => Yaml::List(items.into_iter().map(node).collect()),
        Raw::Map(entries) => Yaml::Map(entries.into_iter().map(|(k, v)| (k, node(v))).collect()),
    };
    // Tags of YAML's own say nothing new.
    let tag = tag.filter(|t| !t.starts_with("tag:yaml.org,2002:") && t != "!");
    Node { tag: tag.map(|t| t.trim_start_matches('!').to_owned()).unwrap_or_default(), value, line }
}

/// A value and its tag as the parser hands them over.
struct Marked {
    tag: Option<String>,
    value: Raw<String, Spanned<Marked>>,
}

impl<'de> Deserialize<'de> for Marked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(value, tag) = Tagged::deserialize(deserializer)?;
        Ok(Self { tag, value })
    }
}

#[cfg(test)]
mod tests {
    use super::{Yaml, parse};

    #[test]
    fn tags_and_lines_are_kept() {
        let node = parse("a.yaml", "a: !KeyOf flow\nb: !Find\n  - x\n  - [slug, !Env NAME]\nc: !Context\nd: yes\n")
            .expect("sound");
        let of = |key: &str| node.get(key).map(|n| (n.tag.clone(), n.line)).expect("there");
        assert_eq!((of("a"), of("b").0, of("c").0), (("KeyOf".to_owned(), 1), "Find".to_owned(), "Context".to_owned()));
        let inner = node.get("b").and_then(|b| b.list()).map(|l| &l[1]).and_then(|p| p.list()).expect("a list");
        assert_eq!((inner[1].tag.as_str(), inner[1].text(), inner[1].line), ("Env", Some("NAME"), 4));
        assert!(matches!(node.get("d").map(|n| &n.value), Some(Yaml::Text(t)) if t == "yes"));
    }
}
