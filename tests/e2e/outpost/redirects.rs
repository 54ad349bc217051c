//! Where a login may lead: back to the app, and nowhere else.

use lockgate_tests::{Client, Database, Dialect, Reply, Site, query_of};
use url::Url;

on_each_database!(
    a_foreign_return_address_leads_to_the_app,
    a_callback_without_its_state_is_refused,
    a_code_works_once,
    a_denied_visitor_is_told_what_is_missing,
    signing_out_ends_every_app_and_the_login,
    header_values_of_people_cannot_break_out,
);

async fn a_foreign_return_address_leads_to_the_app(database: Database) {
    let site = Site::direct(database).await;
    for foreign in [
        "https://evil.example/",
        "//evil.example/",
        "http://one.lockgate.test.evil.example/",
        "http://one.lockgate.test@evil.example/",
        "http://two.lockgate.test/",
        "javascript:alert(1)",
        "http:\\\\evil.example",
        "/\\evil.example",
    ] {
        let ada = Client::new();
        let encoded: String = url::form_urlencoded::byte_serialize(foreign.as_bytes()).collect();
        let start = site.url("one", &format!("/outpost.goauthentik.io/start?rd={encoded}"));
        let journey = ada.open_signing_in(&start, "ada", Site::password()).await;
        for hop in &journey.hops {
            let host = hop.url.host_str().unwrap_or_default();
            assert!(host == "one.lockgate.test" || host == "auth.lockgate.test", "rd={foreign} leads to {}", hop.url);
        }
        let reply = Reply::of(site.ask(&ada, "traefik", "one", "/")).await;
        assert_eq!(reply.status, 200, "rd={foreign}: the login itself works");
    }
}

async fn a_callback_without_its_state_is_refused(database: Database) {
    let site = Site::direct(database).await;
    let callback = "/outpost.goauthentik.io/callback?X-authentik-auth-callback=true";
    for query in ["", "&code=abc", "&code=abc&state=abc", "&state=abc", "&code=abc&state=e30.e30.e30"] {
        let client = Client::new();
        let reply = client.get(&site.url("one", &format!("{callback}{query}"))).await;
        assert!(matches!(reply.status, 302 | 400), "{query}: {}", reply.status);
        Reply::of(site.ask(&client, "traefik", "one", "/")).await.expect(302);
    }
}

async fn a_code_works_once(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    // Signed in already, so the authorize endpoint answers with a code at once.
    let start = site.url("two", "/outpost.goauthentik.io/start");
    let mut next = Url::parse(&start).expect("an address");
    while !next.path().ends_with("/callback") {
        let reply = ada.get(next.as_str()).await.expect(302);
        next = next.join(&reply.location().unwrap_or_default()).expect("an address");
    }
    assert!(query_of(&next, "code").is_some_and(|code| code.len() >= 32), "{next}");

    // Somebody else who has seen the address gets nothing for it.
    let thief = Client::new();
    let stolen = thief.get(next.as_str()).await;
    assert!(matches!(stolen.status, 302 | 400), "{}", stolen.status);
    Reply::of(site.ask(&thief, "traefik", "two", "/")).await.expect(302);

    let replay = Client::new();
    ada.get(next.as_str()).await;
    replay.get(next.as_str()).await;
    Reply::of(site.ask(&replay, "traefik", "two", "/")).await.expect(302);
}

async fn a_denied_visitor_is_told_what_is_missing(database: Database) {
    let site = Site::direct(database).await;
    let bob = Client::new();
    let start = site.url("three", "/outpost.goauthentik.io/start");
    let journey = bob.open_signing_in(&start, "bob", Site::password()).await;
    let text = journey.reply.text();
    assert!(matches!(journey.reply.status, 200 | 403), "{}", journey.reply.status);
    assert!(journey.url().as_str().starts_with(&site.url("auth", "/")), "{}", journey.url());
    assert!(text.contains("Admin Tools") && text.contains("Third Service"), "{text}");
    assert!(super::requests::first_uuid(&text).is_some(), "no decision id: {text}");
    Reply::of(site.ask(&bob, "traefik", "three", "/")).await.expect(302);
}

async fn signing_out_ends_every_app_and_the_login(database: Database) {
    let site = Site::start(Dialect::Traefik, database).await;
    let ada = site.signed_in("ada").await;
    site.enter(&ada, "two", "ada").await;
    ada.open(&site.url("two", "/outpost.goauthentik.io/sign_out")).await;
    for host in ["two", "one"] {
        let journey = ada.open(&site.url(host, "/")).await;
        assert!(journey.url().path().starts_with("/if/flow/"), "{host}: {:#?}", journey.hops);
    }
}

async fn header_values_of_people_cannot_break_out(database: Database) {
    let site = Site::direct(database).await;
    let name = "Zoë \u{1F980}\r\nX-authentik-username: akadmin";
    let path = format!("core/users/{}/", site.ada);
    let reply = site.server.api().patch(&path, &serde_json::json!({ "name": name })).await;
    // Refusing such a name is as good as encoding it.
    assert!(matches!(reply.status, 200 | 400), "{}", reply.text());
    let ada = site.signed_in("ada").await;
    let reply = Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    assert_eq!(reply.headers.get_all("x-authentik-username").iter().count(), 1);
    assert_eq!(reply.header("X-authentik-username"), "ada");
    assert!(!reply.header("X-authentik-name").contains(['\r', '\n']));
}
