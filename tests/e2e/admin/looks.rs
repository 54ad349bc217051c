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
---
app: movies
name: Movies
url: https://movies.example.com
forward_auth: { mode: single }
"#;

/// Where somebody is who administers, and what such a page is called. Without those that need the key of something.
const PAGES: [(&str, &str); 58] = [
    ("", "overview"),
    ("applications/", "applications"),
    ("applications/guide/", "guide"),
    ("applications/guide/?service=grafana", "guide-form"),
    ("applications/new/", "application-new"),
    ("applications/wiki/", "application"),
    ("applications/wiki/access/", "application-access"),
    ("applications/wiki/bindings/", "application-bindings"),
    ("applications/wiki/setup/", "application-setup"),
    ("applications/wiki/used-by/", "application-used-by"),
    ("applications/wiki/yaml/", "application-yaml"),
    ("applications/wiki/edit/", "application-edit"),
    ("applications/wiki/delete/", "application-delete"),
    ("providers/", "providers"),
    ("providers/new/", "provider-kinds"),
    ("oauth2-providers/new/", "provider-new"),
    ("outposts/", "outposts"),
    ("users/", "users"),
    ("users/?search=nobody-of-this-name", "users-nothing"),
    ("users/new/", "users-new"),
    ("users/service-account/", "users-program"),
    ("users/import/", "users-import"),
    ("users/1/", "user"),
    ("users/1/access/", "user-access"),
    ("users/1/factors/", "user-factors"),
    ("users/1/factors/enroll/", "user-enroll"),
    ("users/1/factors/enroll/totp/", "user-enroll-totp"),
    ("users/1/sessions/", "user-sessions"),
    ("users/1/events/", "user-events"),
    ("users/1/permissions/", "user-permissions"),
    ("users/1/password/", "user-password"),
    ("groups/", "groups"),
    ("groups/?view=tree", "groups-tree"),
    ("roles/", "roles"),
    ("invitations/", "invitations"),
    ("invitations/new/", "invitation-new"),
    ("tokens/", "tokens"),
    ("tokens/new/", "token-new"),
    ("flows/", "flows"),
    ("flows/default-authentication-flow/", "flow"),
    ("flows/default-authentication-flow/stages/", "flow-stages"),
    ("flows/default-authentication-flow/try/", "flow-try"),
    ("stages/", "stages"),
    ("prompts/", "prompts"),
    ("mappings/", "mappings"),
    ("events/", "events"),
    ("decisions/", "decisions"),
    ("reputation/", "reputation"),
    ("notification-rules/", "notification-rules"),
    ("notification-transports/", "notification-transports"),
    ("policies/", "policies"),
    ("policies/explain/", "policies-explain"),
    ("policies-password/new/", "policy-new"),
    ("settings/", "settings"),
    ("brands/", "brands"),
    ("certificates/", "certificates"),
    ("jobs/", "jobs"),
    ("revisions/", "revisions"),
];

/// What else the navigation leads to; a test sees that it leads nowhere besides.
const MORE: [(&str, &str); 2] = [("blueprints/", "blueprints"), ("object-attributes/", "attributes")];

const PASSWORD: &str = "trellis-mango-orbit-58";

async fn start() -> Server {
    let server = Server::builder(Database::Sqlite).config("pages.yaml", FOLDER).start().await;
    let api = server.api();
    let ada = api.create_user("ada", PASSWORD, &["Readers"]).await;
    api.post("core/groups/", &json!({"name": "Writers"})).await.expect(201);
    api.post("stages/invitation/invitations/", &json!({"name": "come-in"})).await.expect(201);
    let role = api.post("rbac/roles/", &json!({"name": "Helpers"})).await.expect(201).json();
    let role = role["pk"].as_str().expect("a role").to_owned();
    let helps = json!({"permissions": ["authentik_core.view_user"]});
    api.post(&format!("rbac/permissions/assigned_by_roles/{role}/assign/"), &helps).await.expect(200);
    api.post(&format!("rbac/roles/{role}/add_user/"), &json!({ "pk": ada })).await.expect(204);
    api.create_user("bob", PASSWORD, &[]).await;
    server
}

/// Pages of things whose keys nobody knows beforehand.
async fn keyed(server: &Server) -> Vec<(String, &'static str)> {
    let api = server.api();
    let pk = async |path: &str| {
        let list = api.get(path).await.expect(200).json();
        list["results"][0]["pk"].as_str().map_or_else(|| list["results"][0]["pk"].to_string(), str::to_owned)
    };
    let role = pk("rbac/roles/?name=Helpers").await;
    let group = api.group("Readers").await;
    let policy = pk("policies/expression/?name=office-hours").await;
    let wiki = api.get("core/applications/wiki/").await.expect(200).json();
    let binding = pk(&format!("policies/bindings/?target={}", wiki["pk"].as_str().unwrap_or_default())).await;
    let provider = wiki["provider"].to_string();
    vec![
        (format!("roles/{role}/"), "role"),
        (format!("roles/{role}/permissions/"), "role-permissions"),
        (format!("groups/{group}/"), "group"),
        (format!("groups/{group}/members/"), "group-members"),
        (format!("policies-expression/{policy}/"), "policy"),
        (format!("policies-expression/{policy}/test/"), "policy-test"),
        (format!("policies-expression/{policy}/what-if/"), "policy-what-if"),
        (format!("applications/wiki/bindings/{binding}/"), "binding"),
        (format!("applications/wiki/bindings/{binding}/remove/"), "binding-remove"),
        (format!("oauth2-providers/{provider}/"), "provider"),
        (format!("oauth2-providers/{provider}/claims/?user=ada"), "provider-claims"),
        (format!("invitations/{}/", pk("stages/invitation/invitations/?name=come-in").await), "invitation"),
        (format!("events/{}/", pk("events/events/?action=login").await), "event"),
        (format!("certificates/{}/", pk("crypto/certificatekeypairs/").await), "certificate"),
    ]
}

async fn signs_in(look: &Look, server: &Server, name: &str, password: &str) {
    look.forget().await;
    look.browser.open(&server.url("/if/flow/default-authentication-flow/")).await;
    look.browser.sign_in(name, password).await;
    look.browser.arrives_at(&server.url("/if/user/")).await;
}

macro_rules! walks {
    ($($walk:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $walk() {
            let server = start().await;
            let mut found = Vec::new();
            for look in LOOKS {
                let mut look = Look::start(look).await;
                signs_in(&look, &server, "akadmin", BOOTSTRAP_PASSWORD).await;
                walk::$walk(&mut look, &server).await;
                found.extend(look.found().await);
            }
            assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
        }
    )+};
}

walks!(places_keep_nobody_out, things_keep_nobody_out, what_is_sent_keeps_nobody_out);

mod walk {
    use super::*;

    pub(super) async fn places_keep_nobody_out(look: &mut Look, server: &Server) {
        let at = |path: &str| server.url(&format!("/if/admin/{path}"));
        for (path, name) in PAGES.into_iter().chain(MORE) {
            look.open(&at(path), &format!("admin-{name}"), "main h1").await;
        }
        let places = look.browser.run("return [...document.querySelectorAll('.side a')].map((a) => a.pathname)").await;
        for place in places.as_array().into_iter().flatten().filter_map(|place| place.as_str()) {
            let path = place.strip_prefix("/if/admin/").unwrap_or(place);
            assert!(PAGES.iter().chain(&MORE).any(|(known, _)| *known == path), "nobody looks at {place}");
        }
        // The palette finds what is typed, by keys alone.
        look.browser.open(&at("")).await;
        look.browser.find("[data-palette]").await.click().await.expect("a button");
        look.browser.fill(".palette input", "wiki").await;
        look.at("admin-palette", ".palette li").await;
    }

    pub(super) async fn things_keep_nobody_out(look: &mut Look, server: &Server) {
        for (path, name) in keyed(server).await {
            look.open(&server.url(&format!("/if/admin/{path}")), &format!("admin-{name}"), "main h1").await;
        }
        look.open(&server.url("/if/admin/users/999999/"), "admin-not-found", "main .note").await;
        // Who may see people, and no more; and who may see nothing.
        signs_in(look, server, "ada", PASSWORD).await;
        look.open(&server.url("/if/admin/users/"), "admin-users-of-a-helper", "main h1").await;
        look.open(&server.url("/if/admin/users/import/"), "admin-not-permitted", "main .note").await;
        signs_in(look, server, "bob", PASSWORD).await;
        look.open(&server.url("/if/admin/"), "admin-denied", "main h1").await;
    }

    pub(super) async fn what_is_sent_keeps_nobody_out(look: &mut Look, server: &Server) {
        let at = |path: &str| server.url(&format!("/if/admin/{path}"));
        look.browser.open(&at("users/import/")).await;
        look.browser.fill("textarea[name=table]", "username,email\nmary,mary@example.org\nada,not an address\n").await;
        look.click("main form .foot button", "admin-users-import-check", "main table").await;
        look.browser.open(&at("users/new/")).await;
        look.browser.fill("input[name=username]", "ada").await;
        look.click("main form .foot button", "admin-users-new-wrong", ".summary").await;
        look.browser.open(&at("applications/guide/?service=grafana")).await;
        look.browser.fill("input[name=address]", &format!("https://grafana-{}.example.com", look.name())).await;
        look.browser.fill("input[name=name]", &format!("Grafana {}", look.name())).await;
        look.browser.fill("input[name=slug]", &format!("grafana-{}", look.name())).await;
        look.browser.find("input[name=access][value=everyone]").await.click().await.expect("a choice");
        look.click("main form .foot button", "admin-guide-done", ".copied").await;
        look.browser.open(&at("applications/wiki/edit/")).await;
        look.browser.fill("input[name=name]", "Another name").await;
        look.click("main form .foot button", "admin-what-would-change", "main .note").await;
        look.browser.open(&at("users/2/factors/enroll/totp/")).await;
        look.click("main form .foot button", "admin-user-enrolled", "svg.qr").await;
        look.browser.open(&at("users/")).await;
        look.browser.find("tbody tr:last-child .choose input").await.click().await.expect("a box");
        look.click(".bulk button", "admin-users-bulk", "main form").await;
        look.browser.open(&at("flows/default-authentication-flow/try/")).await;
        look.browser.fill("main form input[name=username], main form input[name=user]", "ada").await;
        look.click("main form .foot button", "admin-flow-tried", "main .panel").await;
    }
}
