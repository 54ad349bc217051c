//! What the auth endpoints answer to good and bad questions.

use lockgate_tests::{Client, Database, Reply, Site, SiteOptions, query_of};
use url::Url;

on_each_database!(
    every_dialect_redirects_or_refuses_a_stranger,
    every_dialect_lets_a_session_in,
    an_unknown_host_is_told_so,
    missing_or_malformed_headers_are_refused,
    forged_cookies_are_no_session,
    a_cookie_of_one_app_opens_no_other,
    forwarded_headers_of_untrusted_peers_are_not_believed,
    scripts_get_401_instead_of_a_redirect,
    listed_paths_need_no_session,
    ping_answers_on_any_host,
);

/// The first thing that looks like a UUID in a text.
pub(super) fn first_uuid(text: &str) -> Option<uuid::Uuid> {
    let words = text.split(|letter: char| !(letter.is_ascii_hexdigit() || letter == '-'));
    words.filter(|word| word.len() == 36).find_map(|word| word.parse().ok())
}

async fn every_dialect_redirects_or_refuses_a_stranger(database: Database) {
    let site = Site::direct(database).await;
    for dialect in ["traefik", "caddy", "envoy"] {
        let reply = Reply::of(site.ask(&Client::new(), dialect, "one", "/a?b=c")).await.expect(302);
        let to = Url::parse(&reply.location().expect("a redirect has a target")).expect("an absolute address");
        assert!(to.as_str().starts_with(&site.url("auth", "/application/o/authorize/?")), "{dialect}: {to}");
        assert_eq!(query_of(&to, "response_type").as_deref(), Some("code"));
        let callback = "/outpost.goauthentik.io/callback?X-authentik-auth-callback=true";
        assert_eq!(query_of(&to, "redirect_uri"), Some(site.url("one", callback)));
        assert!(query_of(&to, "state").is_some_and(|state| state.len() >= 32));
        let scopes = query_of(&to, "scope").unwrap_or_default();
        for scope in ["openid", "email", "profile", "ak_proxy"] {
            assert!(scopes.split(' ').any(|one| one == scope), "{scope} is missing in {scopes}");
        }
        nothing_about_a_person(&reply);
    }
    let reply = Reply::of(site.ask(&Client::new(), "nginx", "one", "/a?b=c")).await.expect(401);
    nothing_about_a_person(&reply);
}

async fn every_dialect_lets_a_session_in(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    for dialect in ["traefik", "caddy", "envoy", "nginx"] {
        let reply = Reply::of(site.ask(&ada, dialect, "one", "/a?b=c")).await.expect(200);
        for (name, value) in [
            ("X-authentik-username", "ada"),
            ("X-authentik-groups", "Media"),
            ("X-authentik-email", "ada@example.org"),
            ("X-authentik-name", "ada Example"),
            ("X-authentik-meta-app", "one"),
            ("X-authentik-meta-outpost", "authentik Embedded Outpost"),
        ] {
            assert_eq!(reply.header(name), value, "{dialect}: {name}");
        }
        assert_eq!(reply.header("X-authentik-meta-jwks"), site.url("auth", "/application/o/one/jwks/"));
        assert!(reply.header("X-authentik-meta-version").starts_with("goauthentik.io/outpost/"));
        assert!(!reply.header("X-authentik-meta-provider").is_empty());
    }
}

async fn an_unknown_host_is_told_so(database: Database) {
    let site = Site::direct(database).await;
    for dialect in ["traefik", "caddy", "envoy", "nginx"] {
        let reply = Reply::of(site.ask(&Client::new(), dialect, "nobody", "/")).await.expect(400);
        let said = reply.json();
        assert_eq!(said["Host"], format!("nobody.lockgate.test:{}", site.port()), "{dialect}: {said}");
        for key in ["Message", "Detail"] {
            assert!(said[key].as_str().is_some_and(|text| !text.is_empty()), "{dialect}: {said}");
        }
    }
}

async fn missing_or_malformed_headers_are_refused(database: Database) {
    let site = Site::direct(database).await;
    let client = site.signed_in("ada").await;
    let bare = |dialect: &str| {
        let url = site.url("one", &format!("/outpost.goauthentik.io/auth/{dialect}"));
        client.request(reqwest::Method::GET, &url).header("Accept", "text/html")
    };
    let host = format!("one.lockgate.test:{}", site.port());
    let questions = [
        bare("nginx"),
        bare("nginx").header("X-Original-URL", "not a url"),
        bare("nginx").header("X-Original-URL", "javascript:alert(1)"),
        bare("traefik").header("X-Forwarded-Host", &host),
        bare("traefik").header("X-Forwarded-Host", &host).header("X-Forwarded-Proto", "http"),
        bare("traefik")
            .header("X-Forwarded-Host", &host)
            .header("X-Forwarded-Proto", "gopher")
            .header("X-Forwarded-Uri", "/"),
        bare("traefik")
            .header("X-Forwarded-Host", "one.lockgate.test:http:80")
            .header("X-Forwarded-Proto", "http")
            .header("X-Forwarded-Uri", "/"),
    ];
    for (index, question) in questions.into_iter().enumerate() {
        let reply = Reply::of(question).await;
        assert!((400..=500).contains(&reply.status), "question {index}: {} {}", reply.status, reply.text());
        nothing_about_a_person(&reply);
    }
    site.server.get("/-/health/ready/").await.expect(200);
}

async fn forged_cookies_are_no_session(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let at = site.url("one", "/");
    let name = proxy_cookie(&ada, &at);
    let real = ada.cookie(&at, &name).expect("a session has a cookie");
    let mut changed = real.clone().into_bytes();
    changed[0] = if changed[0] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).expect("a cookie is text");
    let long = "A".repeat(4000);
    for forged in ["", "x", "null", changed.as_str(), &real[1..], long.as_str(), "../../etc/passwd", "' OR 1=1"] {
        let stranger = Client::new();
        stranger.set_cookie(&at, &format!("{name}={forged}"));
        stranger.set_cookie(&at, &format!("authentik_session={forged}"));
        let reply = Reply::of(site.ask(&stranger, "traefik", "one", "/")).await;
        assert_eq!(reply.status, 302, "{forged}");
        nothing_about_a_person(&reply);
    }
}

async fn a_cookie_of_one_app_opens_no_other(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    site.enter(&ada, "two", "ada").await;
    let one = site.url("one", "/");
    let names = (proxy_cookie(&ada, &one), proxy_cookie(&ada, &site.url("two", "/")));
    assert_ne!(names.0, names.1, "two apps share one cookie name");
    let value = ada.cookie(&one, &names.0).expect("a session has a cookie");

    let thief = Client::new();
    thief.set_cookie(&site.url("two", "/"), &format!("{}={value}", names.1));
    thief.set_cookie(&site.url("two", "/"), &format!("{}={value}", names.0));
    Reply::of(site.ask(&thief, "traefik", "two", "/")).await.expect(302);
}

async fn forwarded_headers_of_untrusted_peers_are_not_believed(database: Database) {
    let options = SiteOptions {
        settings: vec![("LOCKGATE_LISTEN__TRUSTED_PROXY_CIDRS".to_owned(), "10.20.0.0/16".to_owned())],
        ..SiteOptions::default()
    };
    let site = Site::direct_with(database, options).await;
    let ada = site.signed_in("ada").await;
    let forged = ada
        .request(reqwest::Method::GET, &site.url("nobody", "/outpost.goauthentik.io/auth/traefik"))
        .header("Accept", "text/html")
        .header("X-Forwarded-Proto", "http")
        .header("X-Forwarded-Host", format!("one.lockgate.test:{}", site.port()))
        .header("X-Forwarded-Uri", "/");
    let reply = Reply::of(forged).await;
    assert!(reply.status >= 400, "a forged host was believed: {} {:?}", reply.status, reply.headers);

    let page = Client::new();
    let login = page
        .request(reqwest::Method::GET, &site.url("auth", "/flows/-/default/authentication/"))
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "https");
    let to = Reply::of(login).await.expect(302).location().unwrap_or_default();
    assert!(!to.contains("evil.example"), "{to}");

    let address = "203.0.113.7";
    let caller = site.server.api();
    let asked = caller.request(reqwest::Method::GET, "core/users/me/").header("X-Forwarded-For", address);
    Reply::of(asked).await.expect(200);
    assert!(!site.server.logs().iter().any(|line| line.contains(address)), "a forged address is logged");
}

async fn scripts_get_401_instead_of_a_redirect(database: Database) {
    let site = Site::direct(database).await;
    let stranger = Client::new();
    for (name, value) in [
        ("X-Requested-With", "XMLHttpRequest"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Mode", "websocket"),
        ("Upgrade", "websocket"),
    ] {
        for dialect in ["traefik", "caddy", "envoy", "nginx"] {
            let question = site.ask(&stranger, dialect, "one", "/socket").header(name, value);
            let reply = Reply::of(question).await;
            assert_eq!(reply.status, 401, "{dialect}, {name}: {value}");
            assert_eq!(reply.location(), None);
        }
    }
    let page = site.ask(&stranger, "traefik", "one", "/").header("Sec-Fetch-Mode", "navigate");
    Reply::of(page).await.expect(302);
}

async fn listed_paths_need_no_session(database: Database) {
    let site = Site::direct(database).await;
    let stranger = Client::new();
    for dialect in ["traefik", "caddy", "envoy", "nginx"] {
        let reply = Reply::of(site.ask(&stranger, dialect, "one", "/public/logo.png?v=3")).await.expect(200);
        nothing_about_a_person(&reply);
        // The expression is anchored, and looks at the path alone.
        for private in ["/private?x=/public/", "/private/public/", "/publicity"] {
            let reply = Reply::of(site.ask(&stranger, dialect, "one", private)).await;
            assert!(matches!(reply.status, 302 | 401), "{dialect}: {private} is open: {}", reply.status);
        }
    }
    // Nor does a path climb out of the listed folder.
    for climbing in ["/public/../private", "/public/%2e%2e/private", "/public/..%2fprivate"] {
        let reply = Reply::of(site.ask(&stranger, "traefik", "one", climbing)).await;
        assert_ne!(reply.status, 200, "{climbing} is open");
    }
}

async fn ping_answers_on_any_host(database: Database) {
    let site = Site::direct(database).await;
    for host in ["one", "auth", "nobody"] {
        let reply = Client::new().get(&site.url(host, "/outpost.goauthentik.io/ping")).await.expect(204);
        assert!(reply.body.is_empty());
    }
}

/// Name of the one cookie with which a visitor has a session at an app; the one that
/// guards a login on its way is none.
fn proxy_cookie(client: &Client, url: &str) -> String {
    let names: Vec<String> = client
        .cookie_names(url)
        .into_iter()
        .filter(|name| name.starts_with("authentik_proxy_") && !name.ends_with("_state"))
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    names[0].clone()
}

#[track_caller]
fn nothing_about_a_person(reply: &Reply) {
    for name in reply.headers.keys() {
        let person = ["username", "groups", "email", "name", "uid", "jwt"];
        let told = person.iter().any(|what| name.as_str() == format!("x-authentik-{what}"));
        let empty = reply.header(name.as_str()).is_empty();
        assert!(!told || empty, "{name}: {}", reply.header(name.as_str()));
    }
}
