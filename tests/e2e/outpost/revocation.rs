//! What counts from the next request on: whoever loses access loses it at once.

use std::time::Duration;

use lockgate_tests::{Client, Database, Reply, Server, Site, SiteOptions};
use serde_json::{Value, json};

on_each_database!(
    a_user_who_leaves_the_group_is_out_at_once,
    a_disabled_user_is_out_at_once,
    a_deleted_user_is_out_at_once,
    a_revoked_session_is_out_at_once,
    a_session_ends_with_its_login,
    a_session_ends_with_the_providers_validity,
    a_renamed_user_is_handed_on_by_the_new_name,
);

async fn a_user_who_leaves_the_group_is_out_at_once(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    inside(&site, &ada).await;
    site.server.api().leave(site.ada, "Media").await;
    outside(&site, &ada).await;
    // Back in the group, the same session works again.
    site.server.api().join(site.ada, "Media").await;
    inside(&site, &ada).await;
}

async fn a_disabled_user_is_out_at_once(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let path = format!("core/users/{}/", site.ada);
    site.server.api().patch(&path, &json!({ "is_active": false })).await.expect(200);
    outside(&site, &ada).await;
    // The session is gone and does not come back with the user.
    site.server.api().patch(&path, &json!({ "is_active": true })).await.expect(200);
    outside(&site, &ada).await;
}

async fn a_deleted_user_is_out_at_once(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    site.server.api().delete(&format!("core/users/{}/", site.ada)).await.expect(204);
    outside(&site, &ada).await;
}

async fn a_revoked_session_is_out_at_once(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let api = site.server.api();
    let sessions = api.get("core/authenticated_sessions/?user__username=ada").await.expect(200).json();
    let sessions = sessions["results"].as_array().cloned().unwrap_or_default();
    assert!(!sessions.is_empty(), "a login makes a session");
    for session in sessions {
        let uuid = session["uuid"].as_str().unwrap_or_default();
        api.delete(&format!("core/authenticated_sessions/{uuid}/")).await.expect(204);
    }
    outside(&site, &ada).await;
}

async fn a_session_ends_with_its_login(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let stage = api.only("stages/user_login/?name=default-authentication-login").await;
    let path = format!("stages/user_login/{}/", stage["pk"].as_str().unwrap_or_default());
    api.patch(&path, &json!({ "session_duration": "seconds=2" })).await.expect(200);
    let ada = site.signed_in("ada").await;
    inside(&site, &ada).await;
    tokio::time::sleep(Duration::from_millis(2600)).await;
    outside(&site, &ada).await;
}

async fn a_session_ends_with_the_providers_validity(database: Database) {
    let site = Site::direct_with(database, SiteOptions::default()).await;
    let external = site.url("brief", "");
    open_app(&site.server, "brief", &external, &json!({ "access_token_validity": "seconds=2" })).await;
    let ada = Client::new();
    site.enter(&ada, "brief", "ada").await;
    Reply::of(site.ask(&ada, "traefik", "brief", "/")).await.expect(200);
    tokio::time::sleep(Duration::from_millis(3600)).await;
    Reply::of(site.ask(&ada, "traefik", "brief", "/")).await.expect(302);
}

async fn a_renamed_user_is_handed_on_by_the_new_name(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let path = format!("core/users/{}/", site.ada);
    site.server.api().patch(&path, &json!({ "email": "ada@new.example.org" })).await.expect(200);
    let reply = Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    assert_eq!(reply.header("X-authentik-email"), "ada@new.example.org");
}

/// Makes an app with a proxy provider through the API, open to everybody, and
/// serves it by the embedded outpost, as homelab scripts do.
pub(crate) async fn open_app(server: &Server, slug: &str, external_host: &str, more: &Value) -> i64 {
    let api = server.api();
    let flow = async |slug: &str| api.only(&format!("flows/instances/?slug={slug}")).await["pk"].clone();
    let mut provider = json!({
        "name": format!("Provider for {slug}"),
        "authorization_flow": flow("default-provider-authorization-implicit-consent").await,
        "invalidation_flow": flow("default-provider-invalidation-flow").await,
        "mode": "forward_single",
        "external_host": external_host,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        provider[key] = value.clone();
    }
    let provider = api.post("providers/proxy/", &provider).await.expect(201).json();
    let pk = provider["pk"].as_i64().unwrap_or_else(|| panic!("a provider has a numeric pk: {provider}"));
    let app = json!({ "name": slug, "slug": slug, "provider": pk });
    api.post("core/applications/", &app).await.expect(201);

    let outpost = api.only("outposts/instances/?name__iexact=authentik%20Embedded%20Outpost").await;
    let mut providers = outpost["providers"].as_array().cloned().unwrap_or_default();
    if !providers.contains(&json!(pk)) {
        providers.push(json!(pk));
        let path = format!("outposts/instances/{}/", outpost["pk"].as_str().unwrap_or_default());
        api.patch(&path, &json!({ "providers": providers })).await.expect(200);
    }
    pk
}

async fn inside(site: &Site, client: &Client) {
    let reply = Reply::of(site.ask(client, "traefik", "one", "/")).await.expect(200);
    assert_eq!(reply.header("X-authentik-username"), "ada");
}

async fn outside(site: &Site, client: &Client) {
    for dialect in ["traefik", "nginx"] {
        let reply = Reply::of(site.ask(client, dialect, "one", "/")).await;
        assert!(matches!(reply.status, 302 | 401 | 403), "{dialect} still answers {}", reply.status);
        assert_eq!(reply.header("X-authentik-username"), "");
    }
}
