//! `lockgate doctor forward-auth`: real proxies, each with one mistake, and the
//! finding that names it.

use lockgate_tests::{Database, Dialect, Site, SiteOptions};

use super::{doctor, finds};

on_each_database!(mistakes_of_the_declaration_are_named, strangers_are_told_nothing);

/// A change of the proxy's set-up, and the words of the finding.
type Mistake = (&'static [(&'static str, &'static str)], &'static [&'static str]);

const TRAEFIK: &[Mistake] = &[
    (&[("      middlewares: [authentik]\n", "")], &["middleware", "nothing protects it"]),
    (&[("/auth/traefik\n", "/auth/nginx\n")], &["address", "Traefik's or Caddy's words", "/auth/nginx"]),
    (&[("/auth/traefik\n", "/auth/treafik\n")], &["address", "/auth/treafik, which is no address of forward auth"]),
    (&[("/outpost.goauthentik.io/auth/traefik\n", "/\n")], &["address", "asks at /, which is no address"]),
    (
        &[("address: http://127.0.0.1:", "address: http://127.0.0.2:1")],
        &["address", "its question has not arrived here"],
    ),
    (
        &[("      rule: \"Host(`one.lockgate.test`)\"\n", "      rule: \"Host(`won.lockgate.test`)\"\n")],
        &["Traefik has no router"],
    ),
    (
        &[("middlewares: [authentik]\n      service: one", "service: authentik")],
        &["request", "are led to this server, and not to the application"],
    ),
    (
        &[
            ("middlewares: [authentik]", "middlewares: [strip, authentik]"),
            (
                "  middlewares:\n    authentik:",
                "  middlewares:\n    strip:\n      stripPrefix: { prefixes: [/deep] }\n    authentik:",
            ),
        ],
        &["header", "X-Forwarded-URI says \"/page?a=1\""],
    ),
    (
        &[
            ("middlewares: [authentik]", "middlewares: [front, authentik]"),
            (
                "  middlewares:\n    authentik:",
                "  middlewares:\n    front:\n      headers: { customRequestHeaders: { X-Forwarded-Proto: https } }\n    authentik:",
            ),
        ],
        &["header", "X-Forwarded-Proto says \"https\""],
    ),
    (
        &[
            ("middlewares: [authentik]", "middlewares: [front, authentik]"),
            (
                "  middlewares:\n    authentik:",
                "  middlewares:\n    front:\n      headers: { customRequestHeaders: { X-Forwarded-Host: inside.test } }\n    authentik:",
            ),
        ],
        &["header", "X-Forwarded-Host says \"inside.test\""],
    ),
    (
        &[(
            "  routers:\n",
            "  routers:\n    login:\n      rule: \"Host(`auth.lockgate.test`) && PathPrefix(`/if/`)\"\n      middlewares: [authentik]\n      service: authentik\n",
        )],
        &["login", "the sign-in host asks for a login itself"],
    ),
];

const NGINX: &[Mistake] = &[
    (&[("      auth_request /outpost.goauthentik.io/auth/nginx;\n", "")], &["middleware", "nothing protects it"]),
    (
        &[("auth_request /outpost.goauthentik.io/auth/nginx", "auth_request /outpost.goauthentik.io/auth/traefik")],
        &["address", "nginx' words"],
    ),
    (
        &[("      proxy_set_header X-Original-URL $scheme://$http_host$request_uri;\n", "")],
        &["header", "lacks X-Original-URL"],
    ),
    (
        &[("X-Original-URL $scheme://$http_host", "X-Original-URL https://$http_host")],
        &["header", "X-Original-URL says \"https://one.lockgate.test"],
    ),
    (&[("      error_page 401 = @goauthentik_proxy_signin;\n", "")], &["login", "visitors get 401"]),
    (&[("/start?rd=$scheme://$http_host$request_uri", "/start")], &["login", "says that visitors come from \"\""]),
    (
        &[(
            "      proxy_pass_request_body off;\n",
            "      proxy_pass_request_body off;\n      proxy_hide_header Set-Cookie;\n",
        )],
        &["cookie", "does not reach the browser"],
    ),
    (
        &[
            ("    location /outpost.goauthentik.io {\n", "    location = /outpost.goauthentik.io/auth/nginx {\n"),
            (
                "/outpost.goauthentik.io;\n      proxy_set_header Host",
                "/outpost.goauthentik.io/auth/nginx;\n      proxy_set_header Host",
            ),
        ],
        &["login", "/outpost.goauthentik.io/start does not lead to this server"],
    ),
];

const CADDY: &[Mistake] = &[
    (
        &[("uri /outpost.goauthentik.io/auth/caddy", "uri /outpost.goauthentik.io/auth/nginx")],
        &["address", "Traefik's or Caddy's words"],
    ),
    (&[("uri /outpost.goauthentik.io/auth/caddy", "uri /auth")], &["address", "asks at /auth, which is no address"]),
    (
        &[("copy_headers", "header_up X-Forwarded-Host inside.test\n\t\t\tcopy_headers")],
        &["header", "X-Forwarded-Host says \"inside.test\""],
    ),
    (&[("forward_auth 127.0.0.1:", "forward_auth 127.0.0.2:1")], &["address", "its question has not arrived here"]),
    (&[("\troute {\n", "\troute {\n\t\turi strip_prefix /deep\n")], &["header", "X-Forwarded-URI says \"/page?a=1\""]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_in_traefik_is_named() {
    each_is_named(Dialect::Traefik, TRAEFIK).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_in_nginx_is_named() {
    each_is_named(Dialect::Nginx, NGINX).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_in_caddy_is_named() {
    each_is_named(Dialect::Caddy, CADDY).await;
}

async fn each_is_named(dialect: Dialect, mistakes: &[Mistake]) {
    let mut site = Site::start(dialect, Database::Sqlite).await;
    let url = site.url("one", "/deep/page?a=1");
    let sound = doctor(&site, &["forward-auth", &url]);
    assert_eq!(sound.code, 0, "{}", sound.text);
    for words in [
        &["question", "says what visitors ask for"][..],
        &["cookie", "browsers keep"],
        &["login", "/if/flow/"],
        &["back", "logins come back"],
    ] {
        finds(&sound, "ok", words);
    }
    for (changes, words) in mistakes {
        site.behind(dialect, changes).await;
        let outcome = doctor(&site, &["forward-auth", &url]);
        finds(&outcome, "ERROR", words);
        assert_eq!(outcome.code, 1, "{changes:?}\n{}", outcome.text);
    }
}

async fn mistakes_of_the_declaration_are_named(database: Database) {
    let untrusted = ("LOCKGATE_LISTEN__TRUSTED_PROXY_CIDRS".to_owned(), "192.0.2.0/24".to_owned());
    let options = SiteOptions { settings: vec![untrusted], ..SiteOptions::default() };
    let site = Site::start_with(Dialect::Traefik, database, options).await;
    let outcome = doctor(&site, &["forward-auth", &site.url("one", "/")]);
    finds(&outcome, "ERROR", &["question", "127.0.0.1, which is not trusted"]);
    let outcome = doctor(&site, &["forward-auth", &site.url("tow", "/")]);
    finds(&outcome, "ERROR", &["provider", "no provider answers for tow.lockgate.test", "two.lockgate.test"]);
    let outcome = doctor(&site, &["forward-auth", &site.url("one", "/").replace("http:", "https:")]);
    finds(&outcome, "ERROR", &["provider", "external_host of one is http, and visitors come by https"]);
}

async fn strangers_are_told_nothing(database: Database) {
    let site = Site::direct(database).await;
    let client = lockgate_tests::Client::new();
    let address = site.server.url("/api/v3/lockgate/sights/");
    let forged = "aaaaaaaaaaaaaaaaaaaaaaaa.1700000000.00000000000000000000000000000000";
    for (name, value) in [("accept", "*/*"), ("x-lockgate-probe-key", forged), ("x-lockgate-probe", forged)] {
        let reply = lockgate_tests::Reply::of(client.request(reqwest::Method::GET, &address).header(name, value)).await;
        assert_eq!(reply.status, 403, "{name}");
        assert!(!reply.text().contains("127.0.0.1"), "{}", reply.text());
    }
    // An administrator learns how the question itself arrived.
    let told = site.server.api().get("lockgate/sights/").await.expect(200).json();
    assert_eq!((&told["own"]["peer"], &told["own"]["trusted"]), (&"127.0.0.1".into(), &true.into()));
    assert_eq!(told["probe"], serde_json::json!([]));
}
