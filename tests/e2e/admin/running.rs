//! What keeps the installation running: settings, certificates, jobs, revisions, and what administrators are told.

use chrono::{DateTime, Utc};
use lockgate_tests::{Api, BOOTSTRAP_PASSWORD, Client, Database, Receiver, Reply, Server, eventually};
use reqwest::Method;
use serde_json::{Value, json};

on_each_database!(
    the_session_duration_counts_for_the_next_sign_in,
    settings_are_changed_and_bad_ones_are_told,
    certificates_are_made_and_tell_what_uses_them,
    jobs_are_seen_and_done_again,
    somebody_goes_back_to_a_revision,
    a_transport_is_tried_and_notifications_are_seen,
    drift_is_told_until_the_folder_is_read,
    who_may_only_look_is_offered_nothing_else,
);

/// What was edited, what was made here, and a folder that does not compile.
async fn drift_is_told_until_the_folder_is_read(database: Database) {
    let server = Server::builder(database).config("a.yaml", "group: Readers\n").start().await;
    let (api, client) = (server.api(), admin(&server).await);
    let calm = page(&client, &server, "drift/").await;
    assert!(calm.contains("Nothing was edited") && calm.contains("Nothing was made here"), "{calm}");
    api.patch("flows/instances/default-authentication-flow/", &json!({"title": "Come in"})).await.expect(200);
    api.post("core/applications/", &json!({"name": "Beside", "slug": "beside"})).await.expect(201);
    server.write("a.yaml", "group: [\n");
    eventually(async || page(&client, &server, "drift/").await.contains("Does not compile")).await;
    let told = page(&client, &server, "drift/").await;
    for words in ["The folder is not in force", "a.yaml:", "+ title: Come in", "/if/admin/applications/beside/yaml/"] {
        assert!(told.contains(words), "{words} is missing:\n{told}");
    }
    server.write("a.yaml", "group: Writers\n");
    let back = send(&client, &server, "revisions/reload/", &[]).await;
    assert_eq!(back.status, 303, "{}", back.text());
    assert!(page(&client, &server, "drift/").await.contains("In force"));
    let person = person(&server, "bob", &["authentik_core.view_user"]).await;
    assert_eq!(person.get(&server.url("/if/admin/drift/")).await.status, 403);
}

/// Somebody signed in in a browser of their own.
pub(super) async fn signed_in(server: &Server, name: &str) -> Client {
    let client = Client::new();
    client.open_signing_in(&server.url("/if/user/"), name, BOOTSTRAP_PASSWORD).await;
    client
}

/// The first administrator in a browser.
pub(super) async fn admin(server: &Server) -> Client {
    signed_in(server, "akadmin").await
}

/// Somebody with these permissions and no others, in a browser.
pub(super) async fn person(server: &Server, name: &str, permissions: &[&str]) -> Client {
    let api = server.api();
    let user = api.create_user(name, BOOTSTRAP_PASSWORD, &[]).await;
    let role = api.post("rbac/roles/", &json!({"name": format!("role of {name}")})).await.expect(201).json();
    let role = role["pk"].as_str().unwrap_or_default().to_owned();
    if !permissions.is_empty() {
        let path = format!("rbac/permissions/assigned_by_roles/{role}/assign/");
        api.post(&path, &json!({"permissions": permissions})).await.expect(200);
    }
    api.post(&format!("rbac/roles/{role}/add_user/"), &json!({"pk": user})).await.expect(204);
    signed_in(server, name).await
}

/// A page of the admin interface.
#[track_caller]
pub(super) fn page(client: &Client, server: &Server, path: &str) -> impl Future<Output = String> {
    let url = server.url(&format!("/if/admin/{path}"));
    let client = client.clone();
    async move { client.get(&url).await.expect(200).text() }
}

/// The proof that a form comes from our own page.
pub(super) fn csrf(page: &str) -> String {
    let found = page.split("data-csrf=\"").nth(1).and_then(|rest| rest.split('"').next());
    found.unwrap_or_else(|| panic!("no token:\n{page}")).to_owned()
}

/// Sends a form of a page.
async fn send(client: &Client, server: &Server, path: &str, fields: &[(&str, &str)]) -> Reply {
    let token = csrf(&page(client, server, "notifications/").await);
    let mut form = vec![("csrf_token", token.as_str())];
    form.extend_from_slice(fields);
    let url = server.url(&format!("/if/admin/{path}"));
    Reply::of(client.request(Method::POST, &url).header("Accept", "text/html").form(&form)).await
}

/// What a form of settings holds, with a few fields otherwise.
fn filled(page: &str, other: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for tag in page.split("<input ").skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let part = |name: &str| tag.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        let (Some(name), value) = (part("name"), part("value").unwrap_or_default()) else { continue };
        let left_out = tag.contains("type=\"checkbox\"") && !tag.contains(" checked");
        if name != "csrf_token" && !left_out && other.iter().all(|(known, _)| *known != name) {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    fields.extend(other.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

async fn set(client: &Client, server: &Server, other: &[(&str, &str)]) -> Reply {
    let shown = page(client, server, "settings/").await;
    let fields = filled(&shown, other);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(client, server, "settings/", &fields).await
}

/// How long the last session of somebody lasts.
async fn lifetime(api: &Api, name: &str) -> f64 {
    let list = api.get(&format!("core/authenticated_sessions/?user__username={name}")).await.expect(200).json();
    let ends = list["results"].as_array().into_iter().flatten().filter_map(|one| one["expires"].as_str());
    let ends = ends.filter_map(|time| time.parse::<DateTime<Utc>>().ok()).max().expect("a session");
    (ends - Utc::now()).num_seconds() as f64 / 86_400.0
}

async fn the_session_duration_counts_for_the_next_sign_in(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    api.create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let client = admin(&server).await;
    signed_in(&server, "ada").await;
    let usual = lifetime(&api, "ada").await;
    assert!((29.9..30.1).contains(&usual), "{usual}");
    let shown = page(&client, &server, "settings/").await;
    assert!(shown.contains("General") && shown.contains("Session duration"), "{shown}");
    set(&client, &server, &[("session_duration", "60d")]).await.expect(303);
    let stage = api.only("stages/user_login/?name=default-authentication-login").await;
    assert_eq!(stage["session_duration"], "days=60");
    signed_in(&server, "ada").await;
    let days = lifetime(&api, "ada").await;
    assert!((59.9..60.1).contains(&days), "{days}");
    assert!(page(&client, &server, "settings/").await.contains("value=\"days=60\""));
    let refused = set(&client, &server, &[("session_duration", "a while")]).await.expect(422).text();
    assert!(refused.contains("is not a duration") && refused.contains("a while"), "{refused}");
    set(&client, &server, &[("session_duration", "0")]).await.expect(303);
    let stage = api.only("stages/user_login/?name=default-authentication-login").await;
    assert_eq!(stage["session_duration"], "seconds=0");
}

async fn settings_are_changed_and_bad_ones_are_told(database: Database) {
    let server = Server::builder(database).start().await;
    let (api, client) = (server.api(), admin(&server).await);
    let before = api.get("admin/settings/").await.expect(200).json();
    let other = [
        ("event_retention", "90d"),
        ("default_token_length", "64"),
        ("footer_links.0.name", "Imprint"),
        ("footer_links.0.href", "https://example.com/imprint"),
    ];
    set(&client, &server, &other).await.expect(303);
    let after = api.get("admin/settings/").await.expect(200).json();
    assert_eq!((&after["event_retention"], &after["default_token_length"]), (&json!("days=90"), &json!(64)));
    assert_eq!(after["footer_links"], json!([{"name": "Imprint", "href": "https://example.com/imprint"}]));
    assert_eq!((&after["flags"], &after["impersonation"]), (&before["flags"], &before["impersonation"]));
    let shown = page(&client, &server, "settings/").await;
    assert!(shown.contains("value=\"Imprint\"") && shown.contains("value=\"64\""), "{shown}");
    let refused = set(&client, &server, &[("default_token_length", "3")]).await.expect(422).text();
    assert!(refused.contains("aria-invalid") && refused.contains("value=\"3\""), "{refused}");
    assert_eq!(api.get("admin/settings/").await.json()["default_token_length"], 64);
    // An application without bindings.
    let fields = filled(&page(&client, &server, "settings/").await, &[]);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .filter(|(name, _)| name != "open_by_default" && name != "impersonation")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    send(&client, &server, "settings/", &fields).await.expect(303);
    let closed = api.get("admin/settings/").await.expect(200).json();
    assert_eq!((&closed["flags"]["core_default_app_access"], &closed["impersonation"]), (&json!(false), &json!(false)));
    // From another page.
    let url = server.url("/if/admin/settings/");
    let forged = client.request(Method::POST, &url).form(&[("event_retention", "1d")]);
    Reply::of(forged).await.expect(403);
}

async fn certificates_are_made_and_tell_what_uses_them(database: Database) {
    let server = Server::builder(database).start().await;
    let (api, client) = (server.api(), admin(&server).await);
    let wanted =
        [("common_name", "web"), ("subject_alt_name", "web.example.com"), ("validity_days", "10"), ("alg", "ecdsa")];
    let made = send(&client, &server, "certificates/generate/", &wanted).await.expect(303);
    let to = made.location().expect("its page");
    let one = client.get(&server.url(&to)).await.expect(200).text();
    for words in
        ["Created.", "web", "Ends in 10 days", "Download certificate", "Download private key", "Nothing refers to it"]
    {
        assert!(one.contains(words), "{words}:\n{one}");
    }
    let list = page(&client, &server, "certificates/").await;
    assert!(list.contains("Ends in 10 days") && list.contains("Generate"), "{list}");
    let bad = [("common_name", "web two"), ("subject_alt_name", "not a name!"), ("validity_days", "x"), ("alg", "rsa")];
    let refused = send(&client, &server, "certificates/generate/", &bad).await.expect(422).text();
    assert!(refused.contains("web two") && refused.contains("aria-invalid"), "{refused}");
    let key = to.split('/').nth(4).unwrap_or_default().to_owned();
    let pem = page(&client, &server, &format!("certificates/{key}/certificate/")).await;
    assert!(pem.contains("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE KEY"), "{pem}");
    let file = server.url(&format!("/api/v3/crypto/certificatekeypairs/{key}/view_certificate/?download"));
    assert!(client.get(&file).await.expect(200).text().starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(page(&client, &server, "certificates/new/").await.contains("New certificate"));
    // What uses it, and the first page tells of its end.
    let brand = api.only("core/brands/?default=true").await;
    let path = format!("core/brands/{}/", brand["brand_uuid"].as_str().unwrap_or_default());
    api.patch(&path, &json!({"web_certificate": key})).await.expect(200);
    let one = page(&client, &server, &format!("certificates/{key}/")).await;
    assert!(one.contains("authentik-default"), "{one}");
    assert!(page(&client, &server, "").await.contains("Ends in 10 days"));
}

async fn jobs_are_seen_and_done_again(database: Database) {
    let server = Server::builder(database).start().await;
    let (api, client) = (server.api(), admin(&server).await);
    let schedules = api.get("tasks/schedules/").await.expect(200).json();
    let key = schedules["results"][0]["id"].as_str().expect("a schedule").to_owned();
    let actor = schedules["results"][0]["actor_name"].as_str().unwrap_or_default().to_owned();
    assert!(page(&client, &server, "schedules/").await.contains("Next run"));
    send(&client, &server, &format!("schedules/{key}/run/"), &[]).await.expect(303);
    let done = async || api.get(&format!("tasks/tasks/?actor_name={actor}&state=done")).await.json();
    eventually(async || done().await["pagination"]["count"].as_u64().unwrap_or_default() >= 1).await;
    let job = done().await["results"][0]["message_id"].as_str().unwrap_or_default().to_owned();
    let one = page(&client, &server, &format!("jobs/{job}/")).await;
    assert!(one.contains("Do it again") && one.contains("What it said"), "{one}");
    send(&client, &server, &format!("jobs/{job}/retry/"), &[]).await.expect(303);
    for state in ["", "?aggregated_status=error", "?aggregated_status=info&search=x"] {
        page(&client, &server, &format!("jobs/{state}")).await;
    }
    eventually(async || page(&client, &server, "jobs/workers/").await.contains("Same as here")).await;
    // When it is done.
    let refused =
        send(&client, &server, &format!("schedules/{key}/"), &[("crontab", "often")]).await.expect(422).text();
    assert!(refused.contains("value=\"often\"") && refused.contains("Enter minutes"), "{refused}");
    let fields = [("crontab", "30 3 * * *"), ("paused", "true")];
    send(&client, &server, &format!("schedules/{key}/"), &fields).await.expect(303);
    let now = api.get(&format!("tasks/schedules/{key}/")).await.expect(200).json();
    assert_eq!((&now["crontab"], &now["paused"]), (&json!("30 3 * * *"), &json!(true)));
}

async fn somebody_goes_back_to_a_revision(database: Database) {
    let server = Server::builder(database).start().await;
    let (api, client) = (server.api(), admin(&server).await);
    // What the server makes for itself at its first start is a revision, too.
    let pairs = "crypto/certificatekeypairs/?name=authentik%20Self-signed%20Certificate";
    eventually(async || api.get(pairs).await.json()["pagination"]["count"] == 1).await;
    api.post("core/applications/", &json!({"name": "Wiki", "slug": "wiki"})).await.expect(201);
    let revisions = async || api.get("lockgate/revisions/").await.expect(200).json();
    let number = revisions().await["results"][0]["number"].as_i64().expect("a revision");
    api.patch("core/applications/wiki/", &json!({"name": "The wiki"})).await.expect(200);
    api.post("core/applications/", &json!({"name": "Blog", "slug": "blog"})).await.expect(201);
    send(&client, &server, "revisions/reload/", &[]).await.expect(303);
    let list = page(&client, &server, "revisions/").await;
    assert!(list.contains(&format!("Revision {number}")) && list.contains("akadmin"), "{list}");
    let one = page(&client, &server, &format!("revisions/{}/", number + 1)).await;
    assert!(one.contains("name: Wiki") && one.contains("name: The wiki") && one.contains("Go back to it"), "{one}");
    let asked = page(&client, &server, &format!("revisions/{number}/rollback/")).await;
    for words in ["changed app wiki", "- name: The wiki", "+ name: Wiki", "deleted app blog"] {
        assert!(asked.contains(words), "{words}:\n{asked}");
    }
    let path = format!("revisions/{number}/rollback/");
    send(&client, &server, &path, &[("confirm", "no")]).await.expect(422);
    assert_eq!(api.get("core/applications/wiki/").await.json()["name"], "The wiki");
    let fields = [("confirm", number.to_string()), ("message", "it was better".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let back = send(&client, &server, &path, &fields).await.expect(303);
    let newest = client.get(&server.url(&back.location().unwrap_or_default())).await.expect(200).text();
    assert!(newest.contains("In force") && newest.contains("it was better"), "{newest}");
    assert_eq!(api.get("core/applications/wiki/").await.json()["name"], "Wiki");
    api.get("core/applications/blog/").await.expect(404);
    // The folder is held back until it changes; what is wrong with it is told.
    let told = send(&client, &server, "revisions/reload/", &[]).await.expect(200).text();
    assert!(told.contains("The folder is held back"), "{told}");
    server.write("broken.yaml", "app: [");
    let told = send(&client, &server, "revisions/reload/", &[]).await.expect(200).text();
    assert!(told.contains("The newest configuration is not in force") && told.contains("broken.yaml"), "{told}");
    assert!(page(&client, &server, "revisions/").await.contains("The newest configuration is not in force"));
}

async fn a_transport_is_tried_and_notifications_are_seen(database: Database) {
    let server = Server::builder(database).start().await;
    let (api, client) = (server.api(), admin(&server).await);
    assert!(page(&client, &server, "notifications/").await.contains("You were told nothing yet"));
    let local = api.only("events/transports/?name=default-local-transport").await;
    let key = local["pk"].as_str().unwrap_or_default().to_owned();
    assert!(page(&client, &server, &format!("notification-transports/{key}/")).await.contains("Send a test to me"));
    let sent = send(&client, &server, &format!("notification-transports/{key}/test/"), &[]).await.expect(200).text();
    assert!(sent.contains("It stands among your notifications."), "{sent}");
    let told = page(&client, &server, "notifications/?seen=false").await;
    assert!(told.contains("Test notification from Lockgate"), "{told}");
    let count = "<span class=\"badge\">1</span><span class=\"unseen\"> new notifications";
    assert!(told.contains(count), "{told}");
    send(&client, &server, "notifications/seen/", &[]).await.expect(303);
    let seen = page(&client, &server, "notifications/?seen=false").await;
    assert!(!seen.contains("Test notification") && !seen.contains("new notifications"), "{seen}");
    // Whoever follows one has seen it.
    send(&client, &server, &format!("notification-transports/{key}/test/"), &[]).await.expect(200);
    let one: Value = api.get("events/notifications/?seen=false").await.expect(200).json();
    let one = one["results"][0]["pk"].as_str().expect("a notification").to_owned();
    eventually(async || {
        let followed = client.get(&server.url(&format!("/if/admin/notifications/{one}/"))).await.expect(303);
        followed.location().is_some_and(|to| to.starts_with("/if/admin/events/"))
    })
    .await;
    assert_eq!(api.get(&format!("events/notifications/{one}/")).await.json()["seen"], true);
    // One that nobody answers.
    let receiver = Receiver::start().await;
    receiver.answers(503);
    let hook = json!({"name": "hook", "mode": "webhook", "webhook_url": receiver.url()});
    let hook = api.post("events/transports/", &hook).await.expect(201).json();
    let path = format!("notification-transports/{}/test/", hook["pk"].as_str().unwrap_or_default());
    let failed = send(&client, &server, &path, &[]).await.expect(422).text();
    assert!(failed.contains("It could not be sent") && failed.contains("503"), "{failed}");
}

async fn who_may_only_look_is_offered_nothing_else(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let wanted = [
        "authentik_crypto.view_certificatekeypair",
        "authentik_tasks.view_task",
        "authentik_tasks_schedules.view_schedule",
    ];
    let reader = person(&server, "ada", &wanted).await;
    for (place, offered) in [("certificates/", "Generate"), ("jobs/", "Do it again"), ("schedules/", "Run now")] {
        assert!(!page(&reader, &server, place).await.contains(offered), "{place}");
    }
    let schedules = api.get("tasks/schedules/").await.expect(200).json();
    let key = schedules["results"][0]["id"].as_str().expect("a schedule").to_owned();
    let one = page(&reader, &server, &format!("schedules/{key}/")).await;
    assert!(!one.contains("Run now") && !one.contains("Change it"), "{one}");
    // Whatever is offered, the API decides.
    send(&reader, &server, &format!("schedules/{key}/run/"), &[]).await.expect(403);
    send(&reader, &server, &format!("schedules/{key}/"), &[("crontab", "1 1 * * *")]).await.expect(422);
    let wanted = [("common_name", "web"), ("validity_days", "10"), ("alg", "rsa")];
    send(&reader, &server, "certificates/generate/", &wanted).await.expect(422);
    send(&reader, &server, "revisions/reload/", &[]).await.expect(403);
    for place in ["settings/", "revisions/", "events/"] {
        reader.get(&server.url(&format!("/if/admin/{place}"))).await.expect(403);
    }
}
