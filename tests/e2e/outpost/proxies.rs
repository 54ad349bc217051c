//! What services behind real proxies get to see.

use lockgate_tests::{Client, Database, Dialect, Echo, Reply, Site};

on_each_database!(
    nothing_a_client_claims_reaches_a_service,
    traefik_passes_the_identity_on,
    nginx_passes_the_identity_on,
    caddy_passes_the_identity_on,
    a_post_is_let_through_with_its_method,
);

async fn nothing_a_client_claims_reaches_a_service(database: Database) {
    for dialect in [Dialect::Traefik, Dialect::Nginx, Dialect::Caddy] {
        let site = Site::start(dialect, database).await;
        let claim = |client: &Client, path: &str| {
            client
                .request(reqwest::Method::GET, &site.url("one", path))
                .header("Accept", "text/html")
                .header("X-authentik-username", "akadmin")
                .header("X-Authentik-Groups", "authentik Admins")
                .header("X-Forwarded-User", "akadmin")
        };
        let stranger = Reply::of(claim(&Client::new(), "/")).await;
        assert_eq!(stranger.status, 302, "{dialect:?}");

        // A path that needs no session carries no identity either.
        let open = Echo::of(&Reply::of(claim(&Client::new(), "/public/x")).await.expect(200));
        assert!(!open.headers("x-authentik-username").contains(&"akadmin".to_owned()), "{dialect:?}");

        let ada = site.signed_in("ada").await;
        let seen = Echo::of(&Reply::of(claim(&ada, "/")).await.expect(200));
        assert_eq!(seen.header("x-authentik-username"), "ada", "{dialect:?}");
        assert_eq!(seen.header("x-authentik-groups"), "Media", "{dialect:?}");
    }
}

async fn traefik_passes_the_identity_on(database: Database) {
    identity_arrives(Dialect::Traefik, database).await;
}

async fn nginx_passes_the_identity_on(database: Database) {
    identity_arrives(Dialect::Nginx, database).await;
}

async fn caddy_passes_the_identity_on(database: Database) {
    identity_arrives(Dialect::Caddy, database).await;
}

async fn identity_arrives(dialect: Dialect, database: Database) {
    let site = Site::start(dialect, database).await;
    let client = Client::new();
    let deep = site.url("one", "/library/films?sort=year&page=2");
    let journey = client.open_signing_in(&deep, "ada", Site::password()).await;
    assert_eq!(journey.url().as_str(), deep, "{:#?}", journey.hops);
    assert!(journey.passed("/if/flow/"));
    let seen = Echo::of(&journey.reply);
    assert_eq!(seen.target(), "/library/films?sort=year&page=2");
    for (name, value) in [
        ("x-authentik-username", "ada"),
        ("x-authentik-groups", "Media"),
        ("x-authentik-email", "ada@example.org"),
        ("x-authentik-name", "ada Example"),
        ("x-authentik-meta-app", "one"),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    let second = client.open(&site.url("two", "/")).await;
    assert_eq!(Echo::of(&second.reply).header("x-authentik-username"), "ada");
    assert!(!second.passed("/if/flow/default-authentication-flow"), "asked to sign in again");

    let third = client.open(&site.url("three", "/")).await;
    assert!(third.reply.text().contains("Admin Tools"), "{}", third.reply.text());
    assert_eq!(site.services[2].served(), 0);

    let script = client_without_session(&site);
    assert_eq!(Reply::of(script).await.status, if dialect == Dialect::Nginx { 302 } else { 401 });
}

/// A background request of a page without a session. nginx turns every 401 of
/// the gate into the redirect that its configuration names.
fn client_without_session(site: &Site) -> reqwest::RequestBuilder {
    Client::new()
        .request(reqwest::Method::GET, &site.url("one", "/api/items"))
        .header("Accept", "application/json")
        .header("X-Requested-With", "XMLHttpRequest")
}

async fn a_post_is_let_through_with_its_method(database: Database) {
    let site = Site::start(Dialect::Traefik, database).await;
    let ada = site.signed_in("ada").await;
    let post = ada.request(reqwest::Method::POST, &site.url("one", "/items")).body("a=1");
    let seen = Echo::of(&Reply::of(post).await.expect(200));
    assert_eq!(seen.target(), "/items");
    assert_eq!(seen.header("x-authentik-username"), "ada");
}
