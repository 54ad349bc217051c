//! Three layers over each other, and again.

use crate::{load, shipped};
use lockgate_flows::{Folder, Loaded, MergePlan, Nobody, StoredObjects, merge};
use lockgate_model::{Document, Origin};
use serde_json::json;
use uuid::Uuid;

/// What the store would do with a plan.
fn apply(stored: &mut Vec<Document>, plan: &MergePlan) {
    let touched: Vec<Uuid> = plan.upserts.iter().chain(&plan.deletes).map(|d| d.id).collect();
    stored.retain(|d| !touched.contains(&d.id));
    stored.extend(plan.upserts.iter().cloned());
}

fn folder(stored: &[Document], yaml: &str) -> Loaded {
    let checked = load(&Folder::of([("a.yaml", yaml)]), &StoredObjects::new(stored));
    assert!(checked.is_sound(), "{}", lockgate_flows::render(&checked.diagnostics));
    checked.loaded
}

fn settle(stored: &mut Vec<Document>, yaml: Option<&str>) -> MergePlan {
    let below = shipped(&StoredObjects::new(stored));
    let above = yaml.map(|y| folder(stored, y));
    let plan = merge(stored.clone(), &below, above.as_ref());
    apply(stored, &plan);
    let below = shipped(&StoredObjects::new(stored));
    let above = yaml.map(|y| folder(stored, y));
    let again = merge(stored.clone(), &below, above.as_ref());
    assert!(again.is_empty(), "merging twice changes something: {again:#?}");
    lockgate_model::ObjectSet::parse(stored.clone(), &|_| true).expect("a sound configuration");
    plan
}

fn find<'s>(stored: &'s mut [Document], kind: &str, name: &str) -> &'s mut Document {
    stored.iter_mut().find(|d| d.kind == kind && d.name == name).expect("it is stored")
}

fn stages(stored: &[Document], flow: &str) -> usize {
    let flow = stored.iter().find(|d| d.kind == "flow" && d.name == flow).expect("the flow").id.to_string();
    stored.iter().filter(|d| d.kind == "flow_stage_binding" && d.body["target"] == flow).count()
}

const MINE: &str = "flow: default-authentication-flow\ndesignation: authentication\nstages:\n  - identify: { by: [email] }\n  - password\n  - dummy\n  - login\n---\napp: wiki\nurl: https://wiki.example.com\nforward_auth: {}\naccess: { any: [{ group: Staff }] }\n";

#[test]
fn an_empty_store_gets_the_built_in_configuration() {
    let mut stored = Vec::new();
    let plan = settle(&mut stored, None);
    assert_eq!((plan.upserts.len(), plan.deletes.len()), (shipped(&Nobody).documents.len(), 0));
    assert_eq!(stages(&stored, "default-authentication-flow"), 4);
}

#[test]
fn what_was_edited_is_kept_and_what_was_not_is_renewed() {
    let mut stored = Vec::new();
    settle(&mut stored, None);
    let brand = find(&mut stored, "brand", "authentik-default");
    (brand.origin, brand.body["branding_title"]) = (Origin::Api, json!("Acme"));
    find(&mut stored, "flow", "initial-setup").body["title"] = json!("an older version's title");
    let moved = stored.iter_mut().find(|d| d.kind == "flow_stage_binding" && d.body["order"] == 20).expect("one");
    (moved.origin, moved.body["order"], moved.name) = (Origin::Api, json!(25), "moved".to_owned());
    let plan = settle(&mut stored, None);
    let renewed: Vec<_> = plan.upserts.iter().map(|d| (d.name.as_str(), d.version)).collect();
    assert_eq!(renewed, [("initial-setup", 2)]);
    assert!(plan.kept.contains(&("brand".to_owned(), "authentik-default".to_owned())));
}

#[test]
fn a_stage_taken_out_through_the_api_does_not_come_back() {
    let mut stored = Vec::new();
    settle(&mut stored, None);
    let password = find(&mut stored, "password_stage", "default-authentication-password").id.to_string();
    let binding = stored.iter().find(|d| d.body["stage"] == password).expect("bound").id;
    stored.retain(|d| d.id != binding && d.body["target"] != binding.to_string());
    settle(&mut stored, None);
    assert_eq!(stages(&stored, "default-authentication-flow"), 3);
}

#[test]
fn the_folder_takes_over_and_lets_go() {
    let mut stored = Vec::new();
    settle(&mut stored, None);
    let flow = find(&mut stored, "flow", "default-authentication-flow").id;
    let plan = settle(&mut stored, Some(MINE));
    assert!(plan.adopted.iter().any(|a| a.name == "default-authentication-flow" && a.from == Origin::Builtin));
    assert_eq!(find(&mut stored, "flow", "default-authentication-flow").id, flow);
    assert_eq!(stages(&stored, "default-authentication-flow"), 4);
    let provider = find(&mut stored, "proxy_provider", "wiki");
    (provider.number, provider.body["client_id"], provider.body["cookie_secret"]) =
        (Some(1), json!("id"), json!("made"));
    assert!(settle(&mut stored, Some(MINE)).is_empty());
    assert!(settle(&mut stored, Some(&MINE.replace("wiki.example", "docs.example"))).adopted.is_empty());
    let provider = find(&mut stored, "proxy_provider", "wiki");
    assert_eq!((provider.number, &provider.body["cookie_secret"]), (Some(1), &json!("made")));
    let plan = settle(&mut stored, None);
    assert!(plan.deletes.iter().any(|d| d.name == "wiki"));
    assert_eq!(stages(&stored, "default-authentication-flow"), 4);
    assert_eq!(find(&mut stored, "flow", "default-authentication-flow").origin, Origin::Builtin);
}

#[test]
fn what_the_server_made_for_a_client_stays() {
    let yaml = "app: wiki\noauth2: { redirect_uris: [https://wiki.example.com/cb] }\n";
    let mut stored = Vec::new();
    settle(&mut stored, Some(yaml));
    let provider = find(&mut stored, "oauth2_provider", "wiki");
    (provider.body["client_id"], provider.body["client_secret"]) = (json!("made"), json!("made too"));
    assert!(settle(&mut stored, Some(yaml)).is_empty());
    settle(&mut stored, Some(&yaml.replace("/cb", "/callback")));
    let body = find(&mut stored, "oauth2_provider", "wiki").body.clone();
    assert_eq!((&body["client_id"], &body["client_secret"]), (&json!("made"), &json!("made too")));
    // What the folder says itself counts.
    settle(&mut stored, Some(&yaml.replace("{ ", "{ client_id: wiki, ")));
    assert_eq!(find(&mut stored, "oauth2_provider", "wiki").body["client_id"], "wiki");
}

#[test]
fn nobody_is_let_in_by_a_binding_that_the_folder_does_not_show() {
    let mut stored = Vec::new();
    settle(&mut stored, Some(MINE));
    let app = find(&mut stored, "application", "wiki").id;
    let mut extra =
        stored.iter().find(|d| d.kind == "policy_binding" && d.origin == Origin::Folder).expect("one").clone();
    (extra.id, extra.origin) = (Uuid::from_u128(99), Origin::Api);
    extra.body = json!({"target": app, "user": 3, "order": 50});
    extra.name = format!("{app}/3/50");
    stored.push(extra);
    let plan = settle(&mut stored, Some(MINE));
    assert_eq!(plan.deletes.iter().map(|d| d.id).collect::<Vec<_>>(), [Uuid::from_u128(99)]);
}

#[test]
fn what_refers_to_a_deleted_object_is_shown_too() {
    let mut stored = Vec::new();
    settle(&mut stored, Some("flow: mine\ndesignation: recovery\n"));
    let mine = find(&mut stored, "flow", "mine").id;
    let brand = find(&mut stored, "brand", "authentik-default");
    (brand.origin, brand.body["flow_recovery"]) = (Origin::Api, json!(mine));
    let plan = settle(&mut stored, None);
    assert_eq!(plan.deletes.len(), 1);
    assert!(plan.upserts.len() == 1 && plan.upserts[0].body["flow_recovery"].is_null());
}
