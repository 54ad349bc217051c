//! The page for people tells the truth: its examples are read from it and compiled.

use super::{app, compile, group, noon, person, prepared};
use crate::{Action, Facts, LinkInput, Linked, PolicyInput, Question, Resource, Severity, TextOrigin};
use uuid::Uuid;

const PAGE: &str = include_str!("../../../docs/cedar.md");
const SCHEMA: &str = include_str!("../../builtin/schema.cedarschema");

fn examples() -> Vec<(String, String)> {
    let blocks = PAGE.split("```cedar\n").skip(1);
    let texts = blocks.map(|block| block.split("```").next().expect("an end").to_owned());
    texts.enumerate().map(|(n, text)| (format!("example-{n}.cedar"), text)).collect()
}

fn house() -> PolicyInput {
    let groups = ["Help desk", "Temps", "Leads", "Editors", "Staff"];
    PolicyInput {
        apps: vec![app("grafana", &["management"]), app("wiki", &["internal"])],
        groups: groups.into_iter().map(group).collect(),
        cedar_files: examples(),
        links: vec![LinkInput {
            name: "editors-open-wiki".to_owned(),
            template: "readers".to_owned(),
            principal: Some(Linked::Group("Editors".to_owned())),
            resource: Some(Linked::App("wiki".to_owned())),
            origin: TextOrigin::start("links.yaml"),
            keys: Vec::new(),
        }],
        ..PolicyInput::default()
    }
}

#[test]
fn every_example_is_valid() {
    assert!(examples().len() >= 7, "the page lost its examples");
    let set = compile(&house());
    let told: Vec<String> = set.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(told, [""; 0]);
}

#[test]
fn the_examples_do_what_they_say() {
    let set = compile(&house());
    let temp = prepared(person("temp", &["Temps"]));
    let decide = |app, facts: &Facts<'_>| {
        let resource = Resource::App(app);
        set.decide(&Question { id: Uuid::nil(), principal: Some(&temp), action: Action::Access, resource, facts })
    };
    let lan = Facts { ip: Some("192.168.7.1".parse().expect("an address")), ..Facts::at(noon()) };
    assert!(decide("wiki", &lan).allow);
    assert!(!decide("wiki", &Facts::at(noon())).allow, "from nowhere");
    assert!(!decide("wiki", &Facts { now: noon() + chrono::TimeDelta::hours(12), ..lan }).allow, "at night");
    let refused = decide("grafana", &lan);
    assert_eq!((refused.allow, refused.severity), (false, Some(Severity::Warning)));
}

#[test]
fn the_page_names_every_action_and_attribute() {
    for action in Action::ADMINISTRATIVE {
        assert!(PAGE.contains(&format!("`{}`", action.as_str())), "{action:?} is not on the page");
        assert!(SCHEMA.contains(&format!("\"{}\"", action.as_str())), "{action:?} is not in the schema");
    }
    let facts = SCHEMA.split("type Facts = {").nth(1).and_then(|rest| rest.split("\n};").next()).expect("the facts");
    let lines = facts.lines().map(str::trim).filter(|line| !line.starts_with("//") && line.contains(':'));
    for line in lines {
        let name = line.split(':').next().unwrap_or_default().trim_end_matches('?');
        // What bindings leave for the policies made of them is no business of people.
        assert!(
            matches!(name, "bindings" | "in_time") || PAGE.contains(&format!("`{name}`")),
            "{name} is not on the page"
        );
    }
}
