//! `lockgate export`: what was made through the API, as documents; `lockgate import-blueprint`: blueprints of
//! the reference, as documents.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use lockgate_tests::{CommandOutcome, Database, Server, binary};
use serde_json::{Value, json};

on_each_database!(what_was_made_through_the_api_moves_into_the_folder);

async fn what_was_made_through_the_api_moves_into_the_folder(database: Database) {
    let server = Server::builder(database).config("groups.yaml", "group: Viewers\n").start().await;
    let api = server.api();
    let flow = api.only("flows/instances/?slug=default-provider-authorization-explicit-consent").await;
    let out = api.only("flows/instances/?slug=default-provider-invalidation-flow").await;
    let provider = json!({
        "name": "wiki", "authorization_flow": flow["pk"], "invalidation_flow": out["pk"], "client_id": "wiki",
        "client_secret": "it's a secret", "redirect_uris": [{"matching_mode": "strict", "url": "https://wiki.example/cb"}],
    });
    let provider = api.post("providers/oauth2/", &provider).await.expect(201).json();
    let app = json!({"name": "Wiki", "slug": "wiki", "provider": provider["pk"]});
    let app = api.post("core/applications/", &app).await.expect(201).json();
    let policy = json!({"name": "mornings", "expression": "// early\nnow.hour < 12"});
    let policy = api.post("policies/expression/", &policy).await.expect(201).json();
    let staff = api.post("core/groups/", &json!({"name": "Staff", "attributes": {"a": 1}})).await.expect(201).json();
    for (order, subject) in [(0, json!({"policy": policy["pk"]})), (10, json!({"group": staff["pk"]}))] {
        let mut binding = subject;
        binding["target"] = app["pk"].clone();
        binding["order"] = json!(order);
        api.post("policies/bindings/", &binding).await.expect(201);
    }

    let place = tempfile::TempDir::with_prefix("lockgate-export-").expect("the temporary folder is writable");
    let (folder, secrets) = (place.path().join("out"), place.path().join("secrets.env"));
    let (out, env) = (folder.to_string_lossy().into_owned(), secrets.to_string_lossy().into_owned());
    let told = server.run(&["export", "--out", &out, "--secrets", &env]);
    assert_eq!(told.code, 0, "{}", told.text);
    let read = |path: &str| fs::read_to_string(folder.join(path)).unwrap_or_default();
    let written = read("apps/wiki.yaml");
    for line in [
        "app: wiki\nname: Wiki\noauth2:\n",
        "client_secret:\n    env: WIKI_CLIENT_SECRET\n",
        "consent: explicit\n",
        "access:\n  any:\n  - policy: mornings\n  - group: Staff\n",
    ] {
        assert!(written.contains(line), "{line}:\n{written}");
    }
    assert_eq!(read("policies/mornings.yaml"), "policy: mornings\nexpression: |-\n  // early\n  now.hour < 12\n");
    assert_eq!(read("groups.yaml"), "group: Staff\nattributes:\n  a: 1\n");
    assert_eq!(fs::read_to_string(&secrets).expect("written"), "WIKI_CLIENT_SECRET='it'\\''s a secret'\n");
    assert_eq!(fs::metadata(&secrets).expect("there").permissions().mode() & 0o777, 0o600);
    // The folder's own group is not among it, unless it is asked for, and nothing is overwritten.
    let told = server.run(&["export", "--all"]);
    assert!(told.text.contains("group: Viewers\n") && !told.text.contains("it's a secret"), "{}", told.text);
    assert_ne!(server.run(&["export", "--out", &out]).code, 0);

    let checked = Command::new(binary()).args(["check", &out]).env("WIKI_CLIENT_SECRET", "x").output();
    let checked = CommandOutcome::from(checked.expect("the binary can be started"));
    assert_eq!(checked.code, 0, "{}", checked.text);
}

const BLUEPRINT: &str = "version: 1
entries:
  - model: authentik_core.group
    id: family
    identifiers: { name: Family }
  - model: authentik_core.application
    id: movies
    identifiers: { slug: movies }
    attrs: { name: Movies, meta_launch_url: 'https://movies.example' }
  - model: authentik_policies.policybinding
    identifiers: { target: !KeyOf movies, order: 0 }
    attrs: { group: !KeyOf family }
";

const MORE: &str = "version: 1
entries:
  - model: authentik_policies.policybinding
    identifiers: { target: !Find [authentik_core.application, [slug, movies]], order: 10 }
    attrs: { policy: !KeyOf rule }
  - model: authentik_policies_expression.expressionpolicy
    id: rule
    identifiers: { name: rule }
    attrs: { expression: return request.user.is_active }
";

/// Runs a command in a folder of its own.
fn run(folder: &Path, arguments: &[&str]) -> CommandOutcome {
    let output = Command::new(binary()).args(arguments).current_dir(folder).output();
    CommandOutcome::from(output.expect("the binary can be started"))
}

#[test]
fn blueprints_become_a_folder_that_passes_the_check() {
    let place = tempfile::TempDir::with_prefix("lockgate-import-").expect("the temporary folder is writable");
    let folder = place.path();
    let write = |path: &str, text: &str| fs::write(folder.join(path), text).expect("a fresh folder is writable");
    fs::create_dir(folder.join("more")).expect("a fresh folder is writable");
    write("one.yaml", BLUEPRINT);
    write("more/two.yaml", MORE);
    let told = run(folder, &["import-blueprint", "one.yaml"]);
    assert_eq!(told.code, 0, "{}", told.text);
    let app = fs::read_to_string(folder.join("imported/apps/movies.yaml")).unwrap_or_default();
    assert_eq!(app, "app: movies\nname: Movies\nurl: \"https://movies.example\"\naccess:\n  any:\n  - group: Family\n");
    let told = run(folder, &["import-blueprint", "one.yaml"]);
    assert!(told.code == 1 && told.text.contains("--force overwrites it"), "{}", told.text);

    let told = run(folder, &["import-blueprint", "more", "one.yaml", "--out", "both", "--format", "json"]);
    assert_eq!(told.code, 3, "{}", told.text);
    let report: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    let left = &report["leftovers"][0];
    assert_eq!((&left["file"], &left["line"]), (&json!("more/two.yaml"), &json!(9)), "{report:#}");
    let policy = fs::read_to_string(folder.join("both/policies/rule.yaml")).unwrap_or_default();
    assert!(policy.ends_with("#     return request.user.is_active\npolicy: rule\nexpression: \"false\"\n"), "{policy}");
    for out in ["imported", "both"] {
        assert_eq!(run(folder, &["check", out]).code, 0);
    }

    write("broken.yaml", "version: 1\nentries: [\n");
    let told = run(folder, &["import-blueprint", "one.yaml", "broken.yaml", "--out", "none"]);
    assert!(told.code == 1 && told.text.contains("broken.yaml:"), "{}", told.text);
    assert!(!folder.join("none").exists());
}
