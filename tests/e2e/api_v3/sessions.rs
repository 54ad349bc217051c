//! `/api/v3/core/authenticated_sessions/`.

use lockgate_tests::{Database, Reply, Site};

use super::conventions::results;

on_each_database!(a_login_is_a_session_that_can_be_ended);

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
