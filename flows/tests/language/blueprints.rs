//! Blueprints of the reference in our language. Every `blueprints/name.yaml` has beside it, in `name.txt`,
//! the report and all files that come out; `BLESS=1 cargo test -p lockgate-flows --test language` writes
//! them, to be looked at.

use crate::{now, shipped};
use lockgate_flows::{
    Checked, Directory, Folder, Imported, Lookups, Nobody, ProcessSecrets, StoredObjects, TextFile, check,
    import_blueprints, render,
};
use std::{fs, path::Path};
use uuid::Uuid;

/// A place where every user is somebody, and no group is there yet.
struct Anybody;

impl Directory for Anybody {
    fn group(&self, _: &str) -> Option<Uuid> {
        None
    }
    fn user(&self, _: &str) -> Option<i64> {
        Some(1)
    }
    fn group_names(&self) -> Vec<String> {
        Vec::new()
    }
}

fn fixture(name: &str) -> TextFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blueprints").join(name);
    TextFile { path: name.to_owned(), text: fs::read_to_string(path).expect("readable") }
}

fn import(files: &[TextFile]) -> Imported {
    import_blueprints(files, now()).unwrap_or_else(|broken| panic!("{broken:?}"))
}

fn text(yaml: &str) -> Imported {
    import(&[TextFile { path: "b.yaml".to_owned(), text: yaml.to_owned() }])
}

fn shown(imported: &Imported) -> String {
    let files: String = imported.files.iter().map(|f| format!("\n==== {}\n{}", f.path, f.text)).collect();
    format!("{}{files}", imported.report())
}

/// The result as `lockgate check` sees it, with the variables set that it asks for.
fn checked(imported: &Imported) -> Checked {
    let below = shipped(&Nobody);
    let known = imported.variables.iter().map(|v| {
        let stand_in = if v.value.is_empty() { "secret".to_owned() } else { v.value.clone() };
        (v.name.clone(), stand_in)
    });
    let secrets = ProcessSecrets::new(known, "/nonexistent");
    let objects = StoredObjects::new(&below.documents);
    let lookups =
        Lookups { objects: &objects, directory: &Anybody, secrets: &secrets, builtin: Some(&below), now: now() };
    check(&Folder { files: imported.files.clone(), diagnostics: Vec::new() }, &lookups)
}

fn file<'i>(imported: &'i Imported, path: &str) -> &'i str {
    imported.files.iter().find(|f| f.path == path).map(|f| f.text.as_str()).unwrap_or_default()
}

const ALL: [(&str, &[&str]); 8] = [
    ("homelab", &["homelab.yaml"]),
    ("login-mfa", &["login-mfa.yaml", "recovery.yaml"]),
    ("recovery", &["recovery.yaml"]),
    ("oauth2", &["oauth2.yaml"]),
    ("roles", &["roles.yaml"]),
    ("stages", &["stages.yaml"]),
    ("phones", &["phones.yaml"]),
    ("broken", &["broken.yaml"]),
];

#[test]
fn every_blueprint_becomes_what_stands_beside_it() {
    let mut wrong = Vec::new();
    for (name, files) in ALL {
        let imported = import(&files.iter().map(|f| fixture(f)).collect::<Vec<_>>());
        let found = shown(&imported);
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/blueprints/{name}.txt"));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&beside, &found).expect("written");
        }
        if found != fs::read_to_string(&beside).unwrap_or_default() {
            wrong.push(format!("=== {name}\n{found}"));
        }
        let checked = checked(&imported);
        assert!(checked.is_sound(), "{name}\n{found}\n{}", render(&checked.diagnostics));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn secrets_are_in_no_file_and_no_report() {
    let imported = import(&[fixture("oauth2.yaml"), fixture("login-mfa.yaml"), fixture("phones.yaml")]);
    let told = format!("{}{}{imported:?}", shown(&imported), imported.to_json());
    for secret in ["correct-horse-battery", "dG9wIHNlY3JldA", "not-to-be-shown"] {
        assert!(!told.contains(secret), "{secret}");
    }
    let of = |name: &str| imported.variables.iter().find(|v| v.name == name).map(|v| v.value.as_str());
    assert_eq!(of("WIKI_CLIENT_SECRET"), Some("correct-horse-battery"));
    assert!(of("COMPANY_SIGNING_KEY_DATA").is_some_and(|v| v.contains("dG9wIHNlY3JldA")));
    assert_eq!(of("DESK_CLIENT_SECRET"), Some(""));
}

/// `body` stands in an entry of a binding on an application.
fn bound(binding: &str) -> String {
    let imported = text(&format!(
        "version: 1\nentries:\n- model: authentik_core.application\n  id: app\n  identifiers: {{ slug: app, name: app }}\n- model: authentik_policies_expression.expressionpolicy\n  id: python\n  identifiers: {{ name: python }}\n  attrs: {{ expression: return f() }}\n- model: authentik_core.group\n  id: staff\n  identifiers: {{ name: Staff }}\n- model: authentik_policies.policybinding\n  identifiers: {{ target: !KeyOf app, order: 0 }}\n  {binding}\n"
    ));
    file(&imported, "apps/app.yaml").split_once("access:\n").map(|(_, access)| access.to_owned()).unwrap_or_default()
}

#[test]
fn a_binding_that_is_not_carried_over_denies() {
    assert_eq!(bound("attrs: { group: !KeyOf staff }"), "  any:\n  - group: Staff\n");
    let denies = "  any:\n  - policy: import-denies\n";
    for binding in [
        "attrs: {}",
        "attrs: { group: !KeyOf nobody }",
        "attrs: { group: !Find [authentik_core.group, [num_pk, 3]] }",
        "attrs: { group: !KeyOf staff, user: !Find [authentik_core.user, [username, ada]] }",
        "attrs: { policy: !KeyOf staff }",
        "attrs: { policy: !Find [authentik_policies_expression.expressionpolicy, [name, gone]], negate: true, failure_result: true }",
        "attrs: { group: !Find [authentik_core.group, [name, Banned]], negate: true }",
        "conditions: [!Env SOMETHING]\n  attrs: { group: !KeyOf staff }",
        "conditions: [!Find [authentik_core.group, [name, Somebody]]]\n  attrs: { group: !KeyOf staff, negate: true }",
        "state: !Context nothing\n  attrs: { group: !KeyOf staff }",
    ] {
        assert_eq!(bound(binding), denies, "{binding}");
    }
    // Python denies, and is not turned round.
    assert_eq!(bound("attrs: { policy: !KeyOf python, negate: true }"), "  any:\n  - policy: python\n");
    // What does not apply is not there, as the reference has it.
    assert_eq!(bound("conditions: [false]\n  attrs: { group: !KeyOf staff }"), "");
}

#[test]
fn a_stage_whose_condition_is_not_carried_over_is_not_passed_over() {
    let imported = text(
        "version: 1\nentries:\n- model: authentik_policies_expression.expressionpolicy\n  id: python\n  identifiers: { name: python }\n  attrs: { expression: return f() }\n- model: authentik_policies.policybinding\n  identifiers:\n    target: !Find [authentik_flows.flowstagebinding, [target, !Find [authentik_flows.flow, [slug, default-authentication-flow]]], [order, 20]]\n    order: 5\n  attrs: { policy: !KeyOf python }\n",
    );
    let flow = file(&imported, "flows/default-authentication-flow.yaml");
    let (before, after) =
        flow.split_once("- stage: default-authentication-flow-not-carried-over\n  order: 19\n").expect(flow);
    assert!(
        before.contains("default-authentication-identification") && after.contains("default-authentication-password")
    );
    assert!(after.contains("python"), "{after}");
    assert!(file(&imported, "stages/default-authentication-flow-not-carried-over.yaml").contains("\ndeny:\n"));
    assert!(checked(&imported).is_sound());
}

/// Exports name each other by the primary keys that they had.
#[test]
fn what_was_exported_finds_itself() {
    let (flow, stage, binding) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    let imported = text(&format!(
        "version: 1\nentries:\n- model: authentik_flows.flow\n  id: null\n  conditions: []\n  state: present\n  identifiers: {{ pk: {flow}, slug: out }}\n  attrs: {{ name: Out, title: Out, designation: invalidation }}\n- model: authentik_stages_user_logout.userlogoutstage\n  identifiers: {{ pk: {stage}, name: out }}\n- model: authentik_flows.flowstagebinding\n  identifiers: {{ pk: {binding}, target: {flow}, stage: {stage}, order: 0 }}\n- model: authentik_core.group\n  identifiers: {{ pk: 7, name: Staff }}\n- model: authentik_policies.policybinding\n  identifiers: {{ target: {binding}, group: 7, order: 0 }}\n- model: authentik_stages_user_logout.userlogoutstage\n  identifiers: {{ pk: {stage} }}\n  attrs: {{}}\n"
    ));
    assert!(imported.is_whole(), "{}", imported.report());
    let flow = "flow: out\nname: Out\ntitle: Out\ndesignation: invalidation\nstages:\n- logout: {}\n  name: out\n  policies:\n  - group: Staff\n  order: 0\n";
    assert_eq!(file(&imported, "flows/out.yaml"), flow);
}

/// Where something that keeps people out is missing, nobody passes.
#[test]
fn nothing_opens_by_what_is_left_out() {
    let imported = text(
        "version: 1\nentries:\n- model: authentik_stages_prompt.promptstage\n  id: prompt\n  identifiers: { name: prompt }\n  attrs: { fields: [], validation_policies: [!Find [authentik_policies_expression.expressionpolicy, [name, gone]]] }\n- model: authentik_policies_expression.expressionpolicy\n  id: part\n  identifiers: { name: part }\n  attrs: { expression: return True, strictness: 3 }\n- model: authentik_core.application\n  id: app\n  identifiers: { slug: app }\n  attrs: { name: app, provider: !KeyOf provider }\n- model: authentik_policies.policybinding\n  identifiers: { target: !KeyOf app, order: 0, policy: !KeyOf part }\n- model: authentik_providers_proxy.proxyprovider\n  id: provider\n  identifiers: { name: provider }\n  attrs:\n    mode: forward_single\n    external_host: https://app.example\n    authentication_flow: !Find [authentik_flows.flow, [slug, with-a-second-factor]]\n    authorization_flow: !Find [authentik_flows.flow, [slug, default-provider-authorization-implicit-consent]]\n    invalidation_flow: !Find [authentik_flows.flow, [slug, default-invalidation-flow]]\n",
    );
    assert!(file(&imported, "stages/prompt.yaml").contains("validate:\n  - import-denies\n"), "{}", shown(&imported));
    let app = file(&imported, "apps/app.yaml");
    assert!(app.contains("- policy: import-denies\n") && !app.contains("forward_auth"), "{}", shown(&imported));
    assert!(file(&imported, "policies/part.yaml").is_empty() && checked(&imported).is_sound());
}

#[test]
fn what_ships_with_lockgate_keeps_its_own_rhai() {
    let imported = text(
        "version: 1\nentries:\n- model: authentik_policies_expression.expressionpolicy\n  identifiers: { name: default-authentication-flow-password-stage }\n  attrs: { expression: return f() }\n- model: authentik_policies_password.passwordpolicy\n  identifiers: { name: default-password-change-password-policy }\n  attrs: { length_min: 20 }\n",
    );
    assert!(!imported.is_whole() && imported.leftovers.iter().all(|l| l.why.contains("ships with Lockgate")));
    assert!(!shown(&imported).contains("not-carried-over"));
}

#[test]
fn what_can_be_carried_over_wholly_leaves_nothing_to_do() {
    let imported = text(
        "version: 1\ncontext: { hosts: { a: wiki, b: news } }\nentries:\n- model: authentik_core.application\n  identifiers: { slug: a }\n  attrs:\n    name: !Format ['%s of %d%%', !Context hosts.a, 5]\n    meta_description: !AtIndex [!Enumerate [!Context hosts, SEQ, !Format ['%s=%s', !Index 0, !AtIndex [!Value 0, 1]]], 1]\n    meta_hide: !Condition [NEQ, !AtIndex [!FindObject [authentik_core.application, [slug, b]], name], B]\n    open_in_new_tab: !If [!Condition [XOR, true, false, false]]\n- model: authentik_core.application\n  identifiers: { slug: b }\n  attrs: { name: B }\n",
    );
    assert!(imported.is_whole() && imported.notes.is_empty(), "{}", imported.report());
    assert_eq!(
        file(&imported, "apps/a.yaml"),
        "app: a\nname: \"wiki of 5%\"\nnew_tab: true\ndescription: \"b=news\"\n"
    );
}

#[test]
fn bombs_do_no_harm() {
    let aliases: String =
        (1..9).map(|n| format!("  a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))).collect();
    let files =
        [TextFile { path: "a".to_owned(), text: format!("context:\n  a0: &a0 [x, x]\n{aliases}entries: []\n") }];
    assert!(import_blueprints(&files, now()).is_err());
    let doubled: String =
        (1..60).map(|n| format!("  a{n}: !Format ['%s%s', !Context a{}, !Context a{}]\n", n - 1, n - 1)).collect();
    let list = vec!["x"; 1_000].join(", ");
    let loops =
        "!Enumerate [!Context list, SEQ, !Enumerate [!Context list, SEQ, !Enumerate [!Context list, SEQ, !Value 2]]]";
    let imported = text(&format!(
        "version: 1\ncontext:\n  a0: x\n{doubled}  list: [{list}]\nentries:\n- model: authentik_core.application\n  identifiers: {{ slug: a }}\n  attrs: {{ name: !Context a59, meta_description: {loops} }}\n"
    ));
    assert!(!imported.is_whole());
    assert!(imported.report().len() < 10_000, "{}", imported.report().len());
}

/// Blueprints with one thing wrong: whatever it is, nothing panics, and what comes out passes the check.
#[test]
fn whatever_is_wrong_with_a_blueprint_the_result_passes_the_check() {
    let mut seed = 7_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap_or_default() % below.max(1)
    };
    let words = [
        "!Context x",
        "!Env X",
        "!File /x",
        "null",
        "[]",
        "{}",
        "true",
        "-1",
        "!KeyOf flow",
        "\"\"",
        "name",
        "!Find [authentik_flows.flow, [slug, x]]",
    ];
    let mut read = 0;
    for round in 0..240 {
        let original = fixture(ALL[round % 4].1[0]);
        let mut lines: Vec<String> = original.text.lines().map(str::to_owned).collect();
        for _ in 0..=next(3) {
            let at = next(lines.len());
            match next(4) {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[at].clone()),
                2 => {
                    if let Some((key, _)) = lines[at].clone().split_once(": ") {
                        lines[at] = format!("{key}: {}", words[next(words.len())]);
                    }
                }
                _ => {
                    let other = next(lines.len());
                    lines.swap(at, other);
                }
            }
        }
        let files = [TextFile { path: original.path, text: lines.join("\n") }];
        let Ok(imported) = import_blueprints(&files, now()) else { continue };
        read += 1;
        let told = imported.leftovers.iter().find(|l| l.why.contains("lockgate check says"));
        assert!(told.is_none(), "{told:?}\n{}\n{}", files[0].text, shown(&imported));
    }
    assert!(read > 60, "only {read} were blueprints still");
}
