//! Flows written back into text, and read again.

use crate::{load, shipped, text};
use lockgate_flows::{Folder, NamedPeople, Nobody, PeopleNames, export_flow, people_of_flow, render};
use lockgate_model::{Document, ObjectSet};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

fn set(documents: impl IntoIterator<Item = Document>) -> ObjectSet {
    ObjectSet::parse(documents.into_iter().collect(), &|_| true).expect("a sound configuration")
}

fn people() -> PeopleNames {
    let shipped = shipped(&Nobody).groups.into_iter().map(|group| (group.id, group.name));
    PeopleNames {
        groups: shipped.chain([(Uuid::from_u128(7), "Staff".to_owned())]).collect(),
        users: HashMap::from([(3, "ada".to_owned())]),
    }
}

/// The bodies of a flow, of its stages and of all their bindings, with their kinds.
fn parts(objects: &ObjectSet, flow: Uuid) -> Vec<(String, Value)> {
    let mut ids = BTreeSet::from([flow]);
    for binding in objects.iter().filter(|o| o.document.body["target"] == json!(flow)) {
        ids.insert(binding.document.id);
        let below = objects.iter().filter(|o| o.document.body["target"] == json!(binding.document.id));
        ids.extend(below.map(|o| o.document.id));
        ids.extend(binding.document.body["stage"].as_str().and_then(|id| Uuid::parse_str(id).ok()));
    }
    let found = ids.iter().filter_map(|id| objects.get(*id));
    let mut found: Vec<_> = found.map(|o| (o.kind.meta.kind.to_owned(), o.value.to_value())).collect();
    found.sort_by_key(|(kind, body)| (kind.clone(), body.to_string()));
    found
}

#[test]
fn every_built_in_flow_comes_back_the_same() {
    let objects = set(shipped(&Nobody).documents);
    let flows: Vec<_> = objects.iter().filter(|o| o.kind.meta.kind == "flow").map(|o| &o.document).collect();
    assert!(flows.iter().any(|f| f.name == "default-authentication-flow"));
    for flow in flows {
        let exported = export_flow(&objects, &people(), flow.id).expect("a flow");
        let checked = load(&Folder::of([("export.yaml", exported.as_str())]), &Nobody);
        assert!(checked.is_sound(), "{exported}\n{}", render(&checked.diagnostics));
        let again = checked.loaded.documents;
        let id = again.iter().find(|d| d.kind == "flow").expect("the flow").id;
        // What it refers to beside itself stays below; the flow's own joints and stages are all new.
        let names: BTreeSet<_> = again.iter().map(|d| (d.kind.clone(), d.name.clone())).collect();
        let joint = |d: &Document| matches!(d.kind.as_str(), "flow_stage_binding" | "policy_binding");
        let below = objects.iter().map(|o| &o.document);
        let below = below.filter(|d| !joint(d) && !names.contains(&(d.kind.clone(), d.name.clone()))).cloned();
        let below: Vec<Document> = below.collect();
        let read = set(below.into_iter().chain(again));
        assert_eq!(parts(&read, id), parts(&objects, flow.id), "{exported}");
    }
}

const WRITTEN: &str = r#"flow: sign-in
name: "Come in: everybody"
title: "Come in: everybody"
designation: authentication
requires: require_unauthenticated
policies:
- group: Staff
stages:
- identify:
    by:
    - username
- password:
    attempts: 3
  name: secret word
  when: |-
    !pending.authenticated
      && true
  policies:
    all:
    - user: ada
      enabled: false
      not: true
  on_invalid: restart
- login:
    session: 8h
  order: 35
- stage: secret word
  policy_engine_mode: all
- deny
"#;

#[test]
fn what_is_written_here_stands_there() {
    let checked = text(WRITTEN);
    assert!(checked.is_sound(), "{}", render(&checked.diagnostics));
    let flow = checked.loaded.documents.iter().find(|d| d.kind == "flow").expect("the flow").id;
    let objects = set(shipped(&Nobody).documents.into_iter().chain(checked.loaded.documents));
    let named = NamedPeople { groups: BTreeSet::from([Uuid::from_u128(7)]), users: BTreeSet::from([3]) };
    assert_eq!(people_of_flow(&objects, flow), named);
    assert_eq!(export_flow(&objects, &people(), flow).as_deref(), Some(WRITTEN));
    // Whoever has no name is not left out.
    let nameless = export_flow(&objects, &PeopleNames::default(), flow).expect("a flow");
    assert!(nameless.contains("user: \"3\"") && !text(&nameless).is_sound(), "{nameless}");
    assert_eq!(export_flow(&objects, &people(), Uuid::nil()), None);
}
