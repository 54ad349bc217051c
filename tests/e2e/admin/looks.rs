//! Pages of the admin interface in every look: nothing keeps anybody out, and nothing is wider than its window.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Database, LOOKS, Look, Server};
use serde_json::json;

const FOLDER: &str = r#"app: wiki
name: The wiki
url: https://wiki.example.com
description: What we know, and where to find it when somebody asks.
oauth2:
  client_id: wiki
  client_type: public
  redirect_uris: [https://wiki.example.com/callback]
access:
  any: [{ group: Readers }, { policy: office-hours }]
---
policy: office-hours
expression: now.hour >= 7
---
group: Readers
"#;

/// Where somebody is who administers, and what such a page is called.
const PAGES: [(&str, &str); 24] = [
    ("", "overview"),
    ("applications/", "applications"),
    ("applications/guide/", "guide"),
    ("applications/wiki/", "application"),
    ("applications/wiki/access/", "application-access"),
    ("applications/wiki/bindings/", "application-bindings"),
    ("applications/wiki/yaml/", "application-yaml"),
    ("applications/wiki/edit/", "application-edit"),
    ("applications/wiki/delete/", "application-delete"),
    ("providers/", "providers"),
    ("users/", "users"),
    ("users/new/", "users-new"),
    ("users/import/", "users-import"),
    ("users/1/", "user"),
    ("users/1/factors/", "user-factors"),
    ("groups/", "groups"),
    ("flows/default-authentication-flow/stages/", "flow-stages"),
    ("flows/default-authentication-flow/try/", "flow-try"),
    ("policies/", "policies"),
    ("policies-password/new/", "policy-new"),
    ("events/", "events"),
    ("settings/", "settings"),
    ("revisions/", "revisions"),
    ("jobs/", "jobs"),
];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_kept_out_of_what_is_administered() {
    let server = Server::builder(Database::Sqlite).config("pages.yaml", FOLDER).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &["Readers"]).await;
    server.api().post("core/groups/", &json!({"name": "Writers"})).await.expect(201);
    let mut found = Vec::new();
    for look in LOOKS {
        let mut look = Look::start(look).await;
        look.browser.open(&server.url("/if/flow/default-authentication-flow/")).await;
        look.browser.sign_in("akadmin", BOOTSTRAP_PASSWORD).await;
        look.browser.arrives_at(&server.url("/if/user/")).await;
        for (path, name) in PAGES {
            look.open(&server.url(&format!("/if/admin/{path}")), &format!("admin-{name}"), "main h1").await;
        }
        // The palette finds what is typed, by keys alone.
        look.browser.open(&server.url("/if/admin/")).await;
        look.browser.find("[data-palette]").await.click().await.expect("a button");
        look.browser.fill(".palette input", "wiki").await;
        look.at("admin-palette", ".palette li").await;
        found.extend(look.found().await);
    }
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}
