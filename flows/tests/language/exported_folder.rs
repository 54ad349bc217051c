//! Whole configurations written into folders, and read again.

use crate::{Town, load, now, shipped};
use lockgate_flows::{
    Checked, ExportRequest, Exported, Folder, Loaded, Lookups, Nobody, PeopleNames, ProcessSecrets, StoredObjects,
    TextFile, check, export_documents, render,
};
use lockgate_model::{Document, ObjectSet, Origin, kind::KINDS};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

const EVERYTHING: &str = include_str!("everything.yaml");

fn set(documents: Vec<Document>) -> ObjectSet {
    ObjectSet::parse(documents, &|_| true).expect("a sound configuration")
}

/// Builtin documents with others over them.
fn layered(builtin: &Loaded, above: &Loaded) -> ObjectSet {
    let mut all: BTreeMap<Uuid, Document> = builtin.documents.iter().map(|d| (d.id, d.clone())).collect();
    all.extend(above.documents.iter().map(|d| (d.id, d.clone())));
    set(all.into_values().collect())
}

fn people(builtin: &Loaded, above: &Loaded) -> PeopleNames {
    let groups = builtin.groups.iter().chain(&above.groups).map(|g| (g.id, g.name.clone()));
    PeopleNames {
        groups: groups.chain([(Uuid::from_u128(7), "Staff".to_owned())]).collect(),
        users: HashMap::from([(3, "ada".to_owned())]),
    }
}

fn export(builtin: &Loaded, above: &Loaded, wanted: &dyn Fn(&Document) -> bool) -> Exported {
    let (objects, people) = (layered(builtin, above), people(builtin, above));
    export_documents(ExportRequest {
        objects: &objects,
        groups: &above.groups,
        people: &people,
        builtin,
        wanted,
        stand_ins: HashMap::new(),
        comments: BTreeMap::new(),
    })
}

fn read(exported: &Exported) -> Checked {
    let below = shipped(&Nobody);
    let variables = exported.variables.iter().map(|v| (v.name.clone(), v.value.clone()));
    let secrets = ProcessSecrets::new(variables, "/nonexistent");
    let folder = Folder { files: exported.files.clone(), diagnostics: Vec::new() };
    let lookups = Lookups { objects: &Nobody, directory: &Town, secrets: &secrets, builtin: Some(&below), now: now() };
    let checked = check(&folder, &lookups);
    assert!(checked.is_sound(), "{}\n{}", shown(&exported.files), render(&checked.diagnostics));
    checked
}

fn shown(files: &[TextFile]) -> String {
    files.iter().map(|f| format!("== {}\n{}", f.path, f.text)).collect()
}

/// What a configuration says, without places and without what the server makes.
fn said(documents: &[Document]) -> BTreeMap<(String, Uuid), Value> {
    let said = |d: &Document| {
        let mut body = d.body.clone();
        // Several addresses of one list are told by what they are for.
        if let Some(uris) = body["redirect_uris"].as_array_mut() {
            uris.sort_by_key(|uri| uri["redirect_uri_type"].as_str().map(str::to_owned));
        }
        ((d.kind.clone(), d.id), json!({"name": d.name, "body": body}))
    };
    documents.iter().map(said).collect()
}

/// What was exported, read and exported again is the same, objects and text.
pub(crate) fn comes_back(builtin: &Loaded, above: &Loaded) -> Exported {
    let exported = export(builtin, above, &|d| d.origin == Origin::Folder);
    assert_eq!(exported.left_out, []);
    let again = read(&exported).loaded;
    assert_eq!(said(&again.documents), said(&above.documents), "{}", shown(&exported.files));
    let groups = |loaded: &Loaded| {
        let mut all: Vec<_> = loaded.groups.iter().map(|g| (g.name.clone(), g.superuser, g.parents.clone())).collect();
        all.sort();
        all
    };
    assert_eq!(groups(&again), groups(above));
    // What was exported from the export is the same text.
    assert_eq!(shown(&export(builtin, &again, &|d| d.origin == Origin::Folder).files), shown(&exported.files));
    exported
}

#[test]
fn the_built_in_configuration_comes_back_the_same() {
    let builtin = shipped(&Nobody);
    let mut above = builtin.clone();
    above.documents.iter_mut().for_each(|d| d.origin = Origin::Folder);
    comes_back(&builtin, &above);
}

#[test]
fn the_homelab_comes_back_the_same() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/homelab/config");
    let builtin = shipped(&Nobody);
    let secrets = ProcessSecrets::new([("GRAFANA_CLIENT_SECRET".to_owned(), "s3cret".to_owned())], "/nonexistent");
    let lookups =
        Lookups { objects: &Nobody, directory: &Town, secrets: &secrets, builtin: Some(&builtin), now: now() };
    let checked = check(&Folder::read(&root), &lookups);
    assert!(checked.is_sound(), "{}", render(&checked.diagnostics));
    let exported = comes_back(&builtin, &checked.loaded);
    let paths: Vec<_> = exported.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(
        paths,
        ["apps/grafana.yaml", "apps/traefik.yaml", "apps/whoami.yaml", "groups.yaml", "mappings/grafana-role.yaml"]
    );
    assert_eq!(
        exported.files[2].text,
        "app: whoami\nname: Who am I\nurl: \"http://whoami.localhost\"\ndescription: Shows what a service gets to know about you\nforward_auth:\n  mode: single\n  skip:\n  - \"^/health$\"\naccess:\n  any:\n  - group: Household\n  - group: authentik Admins\n"
    );
    assert!(
        exported.files[0].text.contains("client_secret:\n    env: GRAFANA_CLIENT_SECRET\n"),
        "{}",
        exported.files[0].text
    );
    assert!(!shown(&exported.files).contains("s3cret") && !format!("{exported:?}").contains("s3cret"));
}

/// Everything that the language can say in one text: shared stages, fields used twice, mappings that make
/// a scope ambiguous, both directions of a "not".
#[test]
fn everything_comes_back_the_same() {
    let builtin = shipped(&Nobody);
    let folder = Folder::of([
        ("all.yaml", EVERYTHING),
        ("rules/night.cedar", "// nobody\nforbid (principal, action == Action::\"access\", resource);\n"),
        (
            "rules/readers.cedar",
            "@id(\"readers\")\npermit (principal in ?principal, action == Action::\"access\", resource in ?resource);\n",
        ),
    ]);
    let checked = load(&folder, &Nobody);
    assert!(checked.is_sound(), "{}", render(&checked.diagnostics));
    let kinds: BTreeSet<&str> = checked.loaded.documents.iter().map(|d| d.kind.as_str()).collect();
    let absent = KINDS.iter().map(|k| k.meta).filter(|m| !m.word.is_empty() && !kinds.contains(m.kind));
    assert_eq!(absent.map(|m| m.kind).collect::<Vec<_>>(), [] as [&str; 0], "kinds that have a word");
    let exported = comes_back(&builtin, &checked.loaded);
    for file in &exported.files {
        assert!(file.text.ends_with('\n'), "{}", file.path);
    }
    let text = |path: &str| exported.files.iter().find(|f| f.path == path).map(|f| f.text.as_str()).unwrap_or_default();
    // A stage of two flows is declared apart, and named by both.
    assert!(text("stages/shared-password.yaml").starts_with("stage: shared-password\npassword:\n"));
    assert_eq!(shown(&exported.files).matches("stage: shared-password\n").count(), 3);
    // One of two mappings of a scope: the scope would mean both.
    assert!(
        text("apps/half.yaml").contains("scopes: []\n  mappings:\n  - extra-profile\n"),
        "{}",
        text("apps/half.yaml")
    );
    assert!(text("rules/night.cedar").starts_with("// nobody\n"));
}

/// What was made through the API is written; what it is bound to comes along, and nothing else.
#[test]
fn what_was_made_through_the_api_is_adopted() {
    let builtin = shipped(&Nobody);
    let folder = load(
        &Folder::of([(
            "a.yaml",
            "app: mine\naccess:\n  any:\n  - user: ada\n---\npolicy: rule\nexpression: \"true\"\n",
        )]),
        &Nobody,
    );
    let mut above = folder.loaded;
    let app = above.documents.iter().find(|d| d.kind == "application").expect("the app").clone();
    let flow = builtin.documents.iter().find(|d| d.name == "default-user-settings-flow").expect("the flow");
    above.documents.iter_mut().filter(|d| d.kind != "application").for_each(|d| d.origin = Origin::Api);
    // On a flow that ships with the binary.
    let joint = above.documents.iter().find(|d| d.kind == "policy_binding").expect("a binding").clone();
    let on_flow = Document { id: Uuid::from_u128(1), body: json!({"target": flow.id, "user": 3, "order": 0}), ..joint };
    above.documents.push(on_flow);
    let exported = export(&builtin, &above, &|d| d.origin == Origin::Api);
    let paths: Vec<_> = exported.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["flows/default-user-settings-flow.yaml", "policies/rule.yaml"]);
    assert!(
        exported.files[0].text.contains("policies:\n- user: ada\nstages:\n- stage: default-user-settings\n"),
        "{}",
        exported.files[0].text
    );
    // The folder's own application is not declared a second time.
    assert_eq!(exported.left_out.len(), 1);
    assert_eq!(exported.left_out[0].why, "it belongs into the document of application \"mine\" (a.yaml:1)");
    assert_eq!(app.origin, Origin::Folder);
    let stored = StoredObjects::new(&builtin.documents);
    let files = exported.files.iter().map(|f| (f.path.clone(), f.text.clone()));
    let again = load(&Folder::of(files), &stored);
    assert!(again.is_sound(), "{}", render(&again.diagnostics));
}
