//! `/metrics`.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Executor, Reply, Site};

on_each_database!(metrics_tell_requests_logins_decisions_and_the_snapshot);

async fn metrics_tell_requests_logins_decisions_and_the_snapshot(database: Database) {
    let site = Site::direct(database).await;
    let base = site.server.base();
    let ada = site.signed_in("ada").await;
    Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    let stranger = Client::new();
    Executor::new(&stranger, &base, "default-authentication-flow", "").login("akadmin", "wrong").await;
    let admin = Client::new();
    Executor::new(&admin, &base, "default-authentication-flow", "").login("akadmin", BOOTSTRAP_PASSWORD).await;

    let text = site.server.get("/metrics").await.expect(200).text();
    for what in ["http_request", "_bucket", "login", "decision", "session", "revision", "hash"] {
        let line = text.lines().find(|line| !line.starts_with('#') && line.contains(what));
        assert!(line.is_some(), "nothing about {what} in:\n{text}");
    }
    // Labels are routes, not addresses: their number must stay bounded.
    site.server.get("/application/o/some-slug-of-mine/jwks/").await;
    site.server.get("/no/such/page/at-all").await;
    let text = site.server.get("/metrics").await.expect(200).text();
    assert!(!text.contains("some-slug-of-mine") && !text.contains("at-all"), "an address became a label");
    assert!(!text.contains("ada"), "a person became a label");
}
