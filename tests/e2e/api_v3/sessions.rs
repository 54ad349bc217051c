//! `/api/v3/core/authenticated_sessions/`.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Reply, Server, Site};

use super::conventions::results;

on_each_database!(a_login_is_a_session_that_can_be_ended, a_session_lasts_thirty_days_or_as_long_as_is_set);

async fn a_login_is_a_session_that_can_be_ended(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let ada = site.signed_in("ada").await;
    let list = api.get("core/authenticated_sessions/?user__username=ada").await.expect(200).json();
    assert_eq!(results(&list).len(), 1, "{list}");
    let session = &results(&list)[0];
    assert_eq!(session["user"], site.ada);
    assert_eq!(session["last_ip"], "127.0.0.1");
    assert_eq!(session["current"], false);
    assert!(session["expires"].is_string() && session["last_used"].is_string());
    let secret = ada.cookie(&site.url("auth", "/"), "authentik_session").expect("a login has a session");
    assert!(!list.to_string().contains(&secret), "the session's secret is listed");

    let own = ada.request(reqwest::Method::GET, &site.url("auth", "/api/v3/core/authenticated_sessions/"));
    let own = Reply::of(own).await.expect(200).json();
    assert_eq!(results(&own)[0]["current"], true);
    let path = format!("core/authenticated_sessions/{}/", session["uuid"].as_str().unwrap_or_default());
    api.get(&path).await.expect(200);
    api.delete(&path).await.expect(204);
    let me = ada.request(reqwest::Method::GET, &site.url("auth", "/api/v3/core/users/me/"));
    Reply::of(me).await.expect(403);
}

async fn a_session_lasts_thirty_days_or_as_long_as_is_set(database: Database) {
    for (set, days) in [(None, 30), (Some("604800"), 7), (Some("0"), 1)] {
        let mut server = Server::builder(database);
        if let Some(set) = set {
            server = server.set("AUTHENTIK_SESSION_LIFETIME", set);
        }
        let server = server.start().await;
        let client = Client::new();
        client.open_signing_in(&server.url("/if/user/"), "akadmin", BOOTSTRAP_PASSWORD).await;
        let list = server.api().get("core/authenticated_sessions/").await.expect(200).json();
        let expires = results(&list)[0]["expires"].as_str().expect("a time").to_owned();
        let expires = chrono::DateTime::parse_from_rfc3339(&expires).expect("a time").to_utc();
        let lasts = expires - chrono::Utc::now();
        assert!((lasts - chrono::TimeDelta::days(days)).abs() < chrono::TimeDelta::minutes(5), "{set:?}: {lasts}");
    }
}
