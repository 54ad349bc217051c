//! Domain-wide forward auth: one sign-in for every host below a domain, and
//! still each app's own policies.

use lockgate_tests::{Client, Database, Reply, Site, SiteOptions};

on_each_database!(
    one_sign_in_serves_the_whole_domain,
    an_app_of_its_own_keeps_its_own_policies,
    hosts_outside_the_domain_are_not_served,
    a_return_address_must_lie_below_the_domain,
);

async fn one_sign_in_serves_the_whole_domain(database: Database) {
    let site = domain_site(database).await;
    let ada = signed_in_at_the_domain(&site).await;
    for host in ["anything", "deeper.below"] {
        let reply = Reply::of(site.ask(&ada, "traefik", host, "/x")).await.expect(200);
        assert_eq!(reply.header("X-authentik-username"), "ada", "{host}");
        assert_eq!(reply.header("X-authentik-meta-app"), "everything", "{host}");
    }
    let cookies = ada.cookie_names(&site.url("anything", "/"));
    assert!(cookies.iter().any(|name| name.starts_with("authentik_proxy_")), "{cookies:?}");
    assert!(!cookies.contains(&"authentik_session".to_owned()), "the login's own cookie reaches the services");
}

async fn an_app_of_its_own_keeps_its_own_policies(database: Database) {
    let site = domain_site(database).await;
    let ada = signed_in_at_the_domain(&site).await;
    // `reports` names no provider of its own and wants a group that ada is not in.
    let reply = Reply::of(site.ask(&ada, "traefik", "reports", "/")).await;
    assert_ne!(reply.status, 200, "the policies of the domain opened an app of its own");
    assert_eq!(reply.header("X-authentik-username"), "");
    site.server.api().join(site.ada, "Admin Tools").await;
    let reply = Reply::of(site.ask(&ada, "traefik", "reports", "/")).await.expect(200);
    // The session, and so the token, are the domain's.
    assert_eq!(reply.header("X-authentik-meta-app"), "everything");
    // An app with a provider of its own has sessions of its own.
    assert_ne!(Reply::of(site.ask(&ada, "traefik", "one", "/")).await.status, 200);
}

async fn hosts_outside_the_domain_are_not_served(database: Database) {
    let site = domain_site(database).await;
    let ada = signed_in_at_the_domain(&site).await;
    for outside in ["elsewhere.example", "evillockgate.test", "lockgate.test.evil.example"] {
        let question = ada
            .request(reqwest::Method::GET, &site.url("anything", "/outpost.goauthentik.io/auth/traefik"))
            .header("Accept", "text/html")
            .header("X-Forwarded-Proto", "http")
            .header("X-Forwarded-Host", outside)
            .header("X-Forwarded-Uri", "/");
        Reply::of(question).await.expect(400);
    }
}

async fn a_return_address_must_lie_below_the_domain(database: Database) {
    let site = domain_site(database).await;
    for (to, below) in [
        (site.url("anything", "/-/health/live/"), true),
        ("http://evil.example/".to_owned(), false),
        ("http://evillockgate.test/".to_owned(), false),
        ("http://lockgate.test.evil.example/".to_owned(), false),
    ] {
        let ada = Client::new();
        let encoded: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let start = site.url("anything", &format!("/outpost.goauthentik.io/start?rd={encoded}"));
        let journey = ada.open_signing_in(&start, "ada", Site::password()).await;
        if below {
            assert_eq!(journey.url().as_str(), to, "{:#?}", journey.hops);
        }
        for hop in &journey.hops {
            let host = hop.url.host_str().unwrap_or_default();
            assert!(host.ends_with(".lockgate.test"), "rd={to} leads to {}", hop.url);
        }
    }
}

async fn domain_site(database: Database) -> Site {
    // The port is part of an app's address, so it is chosen before the server.
    let extra = |port: u16| {
        format!(
            "app: everything
name: Everything Else
url: http://auth.lockgate.test:{port}
forward_auth: {{ mode: domain, domain: lockgate.test }}
access:
  any: [{{ group: Media }}]
---
app: reports
name: Reports
url: http://reports.lockgate.test:{port}
access:
  any: [{{ group: Admin Tools }}]
"
        )
    };
    Site::direct_with(database, SiteOptions { extra: Some(extra), ..SiteOptions::default() }).await
}

async fn signed_in_at_the_domain(site: &Site) -> Client {
    let ada = Client::new();
    site.enter(&ada, "anything", "ada").await;
    ada
}
