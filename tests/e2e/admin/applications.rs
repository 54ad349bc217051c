//! `/if/admin/applications/`: the guided set-up, what to paste, who has access, and what is bound.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Reply, Server};
use reqwest::Method;
use serde_json::json;

on_each_database!(
    a_service_is_put_behind_the_login_in_one_form,
    grafana_gets_its_client_its_groups_and_the_secret_once,
    the_guide_tells_what_is_wrong_and_makes_nothing,
    who_may_open_it_is_told_with_the_reason,
    bindings_are_added_changed_and_removed,
    a_provider_shows_its_endpoints_and_what_its_tokens_say,
    who_may_not_is_neither_offered_nor_let,
);

/// Somebody in a browser of their own, who administers.
pub(super) struct Desk<'s> {
    pub(super) server: &'s Server,
    client: Client,
}

impl<'s> Desk<'s> {
    /// The first administrator.
    pub(super) async fn admin(server: &'s Server) -> Self {
        Self::signed_in(server, "akadmin").await
    }

    pub(super) async fn signed_in(server: &'s Server, name: &str) -> Self {
        let client = Client::new();
        client.open_signing_in(&server.url("/if/user/"), name, BOOTSTRAP_PASSWORD).await;
        Self { server, client }
    }

    /// Somebody with these permissions and no others.
    pub(super) async fn person(server: &'s Server, name: &str, permissions: &[&str]) -> Self {
        let api = server.api();
        let user = api.create_user(name, BOOTSTRAP_PASSWORD, &[]).await;
        let role = api.post("rbac/roles/", &json!({ "name": format!("role of {name}") })).await.expect(201).json();
        let role = role["pk"].as_str().unwrap_or_default().to_owned();
        let path = format!("rbac/permissions/assigned_by_roles/{role}/assign/");
        api.post(&path, &json!({ "permissions": permissions })).await.expect(200);
        api.post(&format!("rbac/roles/{role}/add_user/"), &json!({ "pk": user })).await.expect(204);
        Self::signed_in(server, name).await
    }

    fn url(&self, path: &str) -> String {
        self.server.url(&format!("/if/admin/{path}"))
    }

    /// A page, whatever its status.
    pub(super) async fn get(&self, path: &str) -> Reply {
        self.client.get(&self.url(path)).await
    }

    /// A page that is there.
    pub(super) async fn page(&self, path: &str) -> String {
        self.get(path).await.expect(200).text()
    }

    /// Sends the form of a page.
    pub(super) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let any = self.page("").await;
        let token = any.split("data-csrf=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let form: Vec<(&str, &str)> = std::iter::once(("csrf_token", token)).chain(fields.iter().copied()).collect();
        Reply::of(self.client.request(Method::POST, &self.url(path)).header("Accept", "text/html").form(&form)).await
    }

    /// Sends a form that leads to another page, and opens that.
    pub(super) async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let reply = self.send(path, fields).await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        let to = reply.location().unwrap_or_default();
        self.client.get(&self.server.url(&to)).await.expect(200).text()
    }
}

/// That a page has all of these words.
#[track_caller]
pub(super) fn has(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "no {word} in\n{page}");
    }
}

/// That a page has none of these words.
#[track_caller]
pub(super) fn lacks(page: &str, words: &[&str]) {
    for word in words {
        assert!(!page.contains(word), "{word} in\n{page}");
    }
}

/// What stands between two texts for the first time.
pub(super) fn between<'p>(page: &'p str, before: &str, after: &str) -> &'p str {
    page.split(before).nth(1).and_then(|rest| rest.split(after).next()).unwrap_or_default()
}

async fn a_service_is_put_behind_the_login_in_one_form(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let group = api.post("core/groups/", &json!({ "name": "Media" })).await.expect(201).json();
    let desk = Desk::admin(&server).await;
    has(&desk.page("applications/").await, &["Set up an application"]);
    has(&desk.page("applications/guide/").await, &["Sonarr", "Grafana", "AdGuard Home", "OpenID Connect"]);
    let form = desk.page("applications/guide/?service=sonarr").await;
    has(&form, &["value=\"Sonarr\"", "value=\"sonarr\"", "^/api", "Media"]);
    let fields = [
        ("service", "sonarr"),
        ("name", "Sonarr"),
        ("slug", "sonarr"),
        ("address", "https://sonarr.example.org/"),
        ("access", "groups"),
        ("groups", group["pk"].as_str().unwrap_or_default()),
        ("skip", "^/api\n^/feed"),
        ("heading", "Media"),
        ("about", "Series"),
    ];
    let made = desk.send("applications/guide/", &fields).await.expect(200).text();
    has(
        &made,
        &[
            "Sonarr is set up",
            "traefik.http.routers.sonarr.middlewares=authentik@docker",
            "auth_request",
            "forward_auth",
        ],
    );
    let app = api.get("core/applications/sonarr/").await.expect(200).json();
    let provider = &app["provider_obj"];
    let provider = api.get(&format!("providers/proxy/{}/", provider["pk"])).await.expect(200).json();
    assert_eq!(provider["external_host"], "https://sonarr.example.org");
    assert_eq!(provider["skip_path_regex"], "^/api\n^/feed");
    let pk = app["pk"].as_str().unwrap_or_default();
    let binding = api.only(&format!("policies/bindings/?target={pk}")).await;
    assert_eq!(binding["group"], group["pk"]);
    has(&desk.page("applications/sonarr/").await, &["Media", "https://sonarr.example.org", "Settings"]);
    has(&desk.page("applications/sonarr/setup/").await, &["Host(`sonarr.example.org`)", "sonarr:8989", "app: sonarr"]);
    // The slug is taken now: said at its field, and nothing is made twice.
    let twice = desk.send("applications/guide/", &fields).await.expect(422).text();
    has(&twice, &["id=\"e-slug\"", "value=\"https://sonarr.example.org\""]);
}

async fn grafana_gets_its_client_its_groups_and_the_secret_once(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let desk = Desk::admin(&server).await;
    let fields = [
        ("service", "grafana"),
        ("name", "Grafana"),
        ("slug", "grafana"),
        ("address", "https://grafana.example.org"),
        ("access", "groups"),
        ("make_groups", "true"),
    ];
    let made = desk.send("applications/guide/", &fields).await.expect(200).text();
    let secret = between(&made, "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET=", "\n").to_owned();
    assert!(secret.len() > 20, "{secret}");
    has(
        &made,
        &[
            "GF_AUTH_GENERIC_OAUTH_CLIENT_ID=grafana",
            "/application/o/grafana/end-session/",
            "Grafana Editors",
            "Copy the secret now",
        ],
    );
    let app = api.get("core/applications/grafana/").await.expect(200).json();
    let provider = api.get(&format!("providers/oauth2/{}/", app["provider"])).await.expect(200).json();
    assert_eq!(provider["client_secret"], json!(secret));
    assert_eq!(provider["redirect_uris"][0]["url"], "https://grafana.example.org/login/generic_oauth");
    assert_eq!(provider["property_mappings"].as_array().map(Vec::len), Some(3));
    let bound = api.get(&format!("policies/bindings/?target={}", app["pk"].as_str().unwrap_or_default())).await.json();
    assert_eq!(bound["pagination"]["count"], 2, "its groups let in: {bound}");
    let later = desk.page("applications/grafana/setup/").await;
    has(&later, &["GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET=", "Kept by the provider"]);
    lacks(&later, &[&secret]);
}

async fn the_guide_tells_what_is_wrong_and_makes_nothing(database: Database) {
    let server = Server::builder(database).start().await;
    let desk = Desk::admin(&server).await;
    let fields =
        [("service", "openid-connect"), ("name", ""), ("address", "javascript:alert(1)"), ("access", "groups")];
    let wrong = desk.send("applications/guide/", &fields).await.expect(422).text();
    has(&wrong, &["It needs a name.", "Enter the whole address", "nobody can be sent back", "Choose a group"]);
    let text = [
        ("service", "forward-auth"),
        ("name", "<script>alert(1)</script>"),
        ("address", "https://x.example.org"),
        ("access", "everyone"),
        ("skip", "^/(unclosed"),
    ];
    let refused = desk.send("applications/guide/", &text).await;
    lacks(&refused.text(), &["<script>alert"]);
    desk.send("applications/guide/", &[("service", "nothing")]).await.expect(422);
    let without = server.get("/if/admin/applications/guide/").await;
    assert_eq!(without.status, 302, "a visitor signs in first");
}

const FOLDER: &str = "\
app: media
name: The media
url: http://media.lockgate.test
access:
  any: [{ group: Viewers }]
---
group: Viewers
";

async fn who_may_open_it_is_told_with_the_reason(database: Database) {
    let server = Server::builder(database).config("apps.yaml", FOLDER).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &["Viewers"]).await;
    server.api().create_user("bob", BOOTSTRAP_PASSWORD, &[]).await;
    let desk = Desk::admin(&server).await;
    let all = desk.page("applications/media/access/").await;
    has(&all, &["ada", "bob", "the group Viewers", "May open it", "May not"]);
    let some = desk.page("applications/media/access/?allowed=true").await;
    has(&some, &[">ada<"]);
    lacks(&some, &[">bob<"]);
    has(&desk.page("applications/media/access/?search=nobody").await, &["Nobody matches"]);
    has(&desk.page("applications/media/").await, &["It is declared in apps.yaml, line 1", "Viewers"]);
    let why = desk.page("policies/explain/?user=bob&app=media").await;
    has(&why, &["bob may not open media", "Join the group Viewers."]);
    has(&desk.page("policies/explain/?user=ada&app=media").await, &["ada may open media", "Passes"]);
    desk.get("policies/explain/?user=nobody&app=media").await.expect(422);
}

async fn bindings_are_added_changed_and_removed(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let app = api.post("core/applications/", &json!({"name": "Wiki", "slug": "wiki"})).await.expect(201).json();
    let group = api.post("core/groups/", &json!({"name": "Writers"})).await.expect(201).json();
    let group = group["pk"].as_str().unwrap_or_default();
    let desk = Desk::admin(&server).await;
    let home = "applications/wiki/bindings/";
    has(&desk.page(home).await, &["Everybody may open it", "Add a binding"]);
    let none = desk.send(home, &[("order", "0"), ("enabled", "true")]).await.expect(422).text();
    has(&none, &["one of them"]);
    let both = [("group", group), ("user", "akadmin"), ("order", "0"), ("enabled", "true")];
    desk.send(home, &both).await.expect(422);
    let bound = desk.sends(home, &[("group", group), ("order", "0"), ("enabled", "true"), ("negate", "true")]).await;
    has(&bound, &["Created.", "Writers", "Everybody but members"]);
    let pk = app["pk"].as_str().unwrap_or_default();
    let binding = api.only(&format!("policies/bindings/?target={pk}")).await;
    let own = format!("{home}{}/", binding["pk"].as_str().unwrap_or_default());
    has(&desk.page(&own).await, &["Binding of not the group Writers"]);
    desk.send(&own, &[("order", "many")]).await.expect(422);
    let saved = desk.sends(&own, &[("order", "7"), ("until", "2036-01-01T00:00")]).await;
    has(&saved, &["Saved.", "Disabled", "Until 2036-01-01 00:00 UTC", "Members"]);
    let changed = api.only(&format!("policies/bindings/?target={pk}")).await;
    assert_eq!((&changed["order"], &changed["enabled"], &changed["negate"]), (&json!(7), &json!(false), &json!(false)));
    has(&desk.page(&format!("{own}remove/")).await, &["everybody with an account may open the application"]);
    // A binding of something else is not reached from here.
    api.post("core/applications/", &json!({"name": "Other", "slug": "other"})).await.expect(201);
    let elsewhere = own.replace("wiki", "other");
    desk.get(&elsewhere).await.expect(404);
    desk.send(&format!("{elsewhere}remove/"), &[]).await.expect(404);
    has(&desk.sends(&format!("{own}remove/"), &[]).await, &["Deleted.", "Everybody may open it"]);
}

async fn a_provider_shows_its_endpoints_and_what_its_tokens_say(database: Database) {
    let server = Server::builder(database).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let desk = Desk::admin(&server).await;
    let fields = [
        ("service", "openid-connect"),
        ("name", "Wiki"),
        ("address", "https://wiki.example.org"),
        ("redirects", "https://wiki.example.org/back"),
        ("access", "everyone"),
    ];
    has(
        &desk.send("applications/guide/", &fields).await.expect(200).text(),
        &["Wiki is set up", "OIDC_CLIENT_ID=wiki"],
    );
    let app = server.api().get("core/applications/wiki/").await.expect(200).json();
    let home = format!("oauth2-providers/{}/", app["provider"]);
    let page = desk.page(&home).await;
    has(
        &page,
        &["/application/o/wiki/.well-known/openid-configuration", "/application/o/token/", "Of the application Wiki"],
    );
    let claims = desk.page(&format!("{home}claims/?user=ada")).await;
    has(&claims, &["Claims about ada", "preferred_username", "ada@example.org"]);
    has(&desk.get(&format!("{home}claims/?user=nobody")).await.expect(422).text(), &["There is nobody of this name."]);
}

async fn who_may_not_is_neither_offered_nor_let(database: Database) {
    let server = Server::builder(database).config("apps.yaml", FOLDER).start().await;
    let group = server.api().group("Viewers").await;
    let reader = ["authentik_core.view_application"];
    let desk = Desk::person(&server, "reader", &reader).await;
    lacks(&desk.page("applications/").await, &["Set up an application"]);
    desk.get("applications/guide/").await.expect(403);
    let fields =
        [("service", "forward-auth"), ("name", "X"), ("address", "https://x.example.org"), ("access", "everyone")];
    desk.send("applications/guide/", &fields).await.expect(403);
    server.api().get("core/applications/x/").await.expect(404);
    let page = desk.page("applications/media/").await;
    lacks(&page, &["Edit</a>", "Who may open it"]);
    desk.get("applications/media/bindings/").await.expect(403);
    let bound = desk.send("applications/media/bindings/", &[("group", &group), ("order", "3")]).await;
    assert!(matches!(bound.status, 403 | 422), "{}", bound.status);
    desk.get("applications/media/access/").await.expect(403);
}
