//! What the design shows, and what it expands to.

use crate::{load, text};
use lockgate_flows::{Folder, Loaded, Nobody, render};
use lockgate_model::Document;
use serde_json::json;

const HOMELAB: &str = include_str!("homelab.yaml");

fn sound(yaml: &str) -> Loaded {
    let checked = text(yaml);
    assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
    checked.loaded
}

fn find<'l>(loaded: &'l Loaded, kind: &str, name: &str) -> &'l Document {
    let found = loaded.documents.iter().find(|d| d.kind == kind && d.name == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} among {:?}", names(loaded)))
}

fn names(loaded: &Loaded) -> Vec<String> {
    loaded.documents.iter().map(|d| format!("{} {}", d.kind, d.name)).collect()
}

fn of_target<'l>(loaded: &'l Loaded, kind: &str, target: &Document) -> Vec<&'l Document> {
    let target = target.id.to_string();
    loaded.documents.iter().filter(|d| d.kind == kind && d.body["target"] == target).collect()
}

#[test]
fn the_sample_of_the_design_expands_to_normalised_objects() {
    let folder = Folder::of([
        ("login.yaml", HOMELAB),
        ("policies/office-hours.rhai", "now.hour >= 7 && now.hour < 20 && now.weekday <= 5\n"),
        ("policies/management.cedar", "forbid (principal, action, resource);\n"),
    ]);
    let checked = load(&folder, &Nobody);
    assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
    let loaded = checked.loaded;

    let flow = find(&loaded, "flow", "default-authentication-flow");
    assert_eq!(flow.body["title"], "Welcome to {{ brand }}");
    assert_eq!(flow.source.as_ref().map(|s| (s.file.as_str(), s.line)), Some(("login.yaml", 1)));
    let orders: Vec<_> =
        of_target(&loaded, "flow_stage_binding", flow).iter().map(|b| b.body["order"].clone()).collect();
    assert_eq!(orders, [json!(10), json!(20), json!(30)]);
    let password = find(&loaded, "password_stage", "default-authentication-flow-password");
    let identify = find(&loaded, "identification_stage", "default-authentication-flow-identify");
    assert_eq!(identify.body["password_stage"], password.id.to_string());
    assert_eq!(
        find(&loaded, "user_login_stage", "default-authentication-flow-login").body["session_duration"],
        "days=30"
    );
    let when = find(&loaded, "expression_policy", "default-authentication-flow-password-when");
    let second = of_target(&loaded, "flow_stage_binding", flow)[1];
    let bound = of_target(&loaded, "policy_binding", second);
    assert_eq!(bound[0].body["policy"], when.id.to_string());
    assert_eq!(second.body["re_evaluate_policies"], true);

    let app = find(&loaded, "application", "movies");
    let provider = find(&loaded, "proxy_provider", "movies");
    assert_eq!(app.body["provider"], provider.id.to_string());
    assert_eq!(app.body["policy_engine_mode"], "all");
    assert_eq!(provider.body["mode"], "forward_single");
    assert_eq!(provider.body["external_host"], "https://movies.example.com");
    assert_eq!(provider.body["skip_path_regex"], "^/api/health$\n^/feed");
    let access = of_target(&loaded, "policy_binding", app);
    assert_eq!((access.len(), &access[1].body["negate"], &access[2].body["user"]), (3, &json!(true), &json!(3)));
    assert_eq!(access[0].body["group"], loaded.groups[0].id.to_string());

    let kinds: Vec<_> =
        loaded.documents.iter().filter(|d| ["cedar_file", "settings"].contains(&d.kind.as_str())).collect();
    assert_eq!(kinds.len(), 2);
    assert_eq!(loaded.settings.default_access, lockgate_model::kinds::DefaultAccess::Deny);
    let script = loaded.scripts.iter().find(|s| s.name == "default-authentication-flow-password-when").expect("there");
    assert_eq!((script.start.line, script.start.column), (11, 12));
    let at = loaded.spans.get(provider.id, "/skip_path_regex/1").expect("a place");
    assert_eq!((at.line, at.column), (19, 27));
}

#[test]
fn a_folder_shines_through_to_brand_and_outpost_of_the_layer_below() {
    let loaded = sound(
        "brand: authentik-default\ntitle: Acme\n---\noutpost: authentik Embedded Outpost\nauthentik_host: https://id.example.com\n",
    );
    let brand = find(&loaded, "brand", "authentik-default");
    assert!(brand.body["default"] == true && brand.body["branding_title"] == "Acme");
    assert!(brand.body["flow_authentication"].is_string());
    let config = &find(&loaded, "outpost", "authentik Embedded Outpost").body["config"];
    assert!(config["authentik_host"] == "https://id.example.com" && config["docker_map_ports"] == true);
}

#[test]
fn a_broken_document_does_not_make_what_refers_to_it_dangling() {
    let checked = text("flow: mine\ntitle: [\n---\nbrand: b.example\nflow_authentication: mine\n");
    assert_eq!(checked.diagnostics.len(), 1, "{}", render(&checked.diagnostics));
}

#[test]
fn not_any_is_all_not_and_the_other_way_round() {
    let loaded = sound(
        "app: a\naccess:\n  all:\n    - group: Staff\n    - not: { any: [{ user: ada }, { group: authentik Admins }] }\n    - { all: [{ group: Staff }] }\n",
    );
    let bound = of_target(&loaded, "policy_binding", find(&loaded, "application", "a"));
    let negated: Vec<_> = bound.iter().map(|b| b.body["negate"] == true).collect();
    assert_eq!(negated, [false, true, true, false]);
}

#[test]
fn a_day_is_meant_from_its_first_moment_to_its_end_where_the_settings_say() {
    let access = "app: a\naccess:\n  any:\n    - { group: Staff, from: 2026-12-24, until: 2026-12-31 }\n    - { user: ada, until: 2026-12-31T18:00:00+02:00 }\n---\nflow: f\ntitle: F\ndesignation: authorization\nstages:\n- consent\npolicies: [{ group: Staff, from: 2026-12-24 }]\n";
    let zoned = sound(&format!("{access}---\nsettings:\n  timezone: Europe/Berlin\n"));
    let plain = sound(access);
    let times = |loaded: &Loaded, kind, name| {
        let bound = of_target(loaded, "policy_binding", find(loaded, kind, name)).into_iter();
        bound.map(|b| (b.body["from"].clone(), b.body["until"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(
        times(&plain, "application", "a"),
        [(json!("2026-12-24T00:00:00Z"), json!("2027-01-01T00:00:00Z")), (json!(null), json!("2026-12-31T16:00:00Z"))]
    );
    assert_eq!(
        times(&zoned, "application", "a"),
        [(json!("2026-12-23T23:00:00Z"), json!("2026-12-31T23:00:00Z")), (json!(null), json!("2026-12-31T16:00:00Z"))]
    );
    assert_eq!(times(&zoned, "flow", "f"), [(json!("2026-12-23T23:00:00Z"), json!(null))]);
}
