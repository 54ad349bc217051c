use super::*;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value that HTTP permits"));
    }
    map
}

fn ask(dialect: Dialect, trusted: bool, target: &str, lines: &[(&'static str, &str)]) -> Result<String, Malformed> {
    let headers = headers(lines);
    let asked = Asked { method: &Method::GET, target, headers: &headers, trusted };
    Question::parse(dialect, asked).map(|q| format!("{} {}", q.method, q.url()))
}

fn traefik(proto: &str, host: &str, uri: &str) -> Result<String, Malformed> {
    let lines = [("x-forwarded-proto", proto), ("x-forwarded-host", host), ("x-forwarded-uri", uri)];
    ask(Dialect::Traefik, true, "/outpost.goauthentik.io/auth/traefik", &lines)
}

#[test]
fn traefik_and_caddy_tell_the_address_in_three_headers() {
    assert_eq!(traefik("https", "App.test:8443", "/a?b=c|d"), Ok("GET https://app.test:8443/a?b=c|d".into()));
    assert_eq!(traefik("wss", "app.test", "/"), Ok("GET https://app.test/".into()));
    assert_eq!(traefik("HTTPS, http", "app.test, inner", "/"), Ok("GET https://app.test/".into()));
    let lines = [("x-forwarded-proto", "http"), ("x-forwarded-host", "a.test"), ("x-forwarded-uri", "/x")];
    for missing in 0..3 {
        let mut some = lines.to_vec();
        let (name, _) = some.remove(missing);
        assert_eq!(ask(Dialect::Caddy, true, "/", &some), Err(Malformed::Missing(name)));
    }
}

#[test]
fn nasty_headers_are_refused() {
    let long = format!("/{}", "a".repeat(MAX_TARGET));
    for (proto, host, uri) in [
        ("javascript", "app.test", "/"),
        ("", "app.test", "/"),
        ("https", "", "/"),
        ("https", "app.test@evil.test", "/"),
        ("https", "app.test/evil", "/"),
        ("https", "app.test\\evil", "/"),
        ("https", "app.test:", "/"),
        ("https", "app.test:99999999", "/"),
        ("https", "app.test:80:80", "/"),
        ("https", "[::1", "/"),
        ("https", "[::g]", "/"),
        ("https", "äpp.test", "/"),
        ("https", "app.test", ""),
        ("https", "app.test", "https://evil.test/"),
        ("https", "app.test", "a"),
        ("https", "app.test", "/a b"),
        ("https", "app.test", "/a\tb"),
        ("https", "app.test", "/ä"),
        ("https", "app.test", "/a#b"),
        ("https", "app.test", &long),
    ] {
        assert!(matches!(traefik(proto, host, uri), Err(Malformed::Invalid(_))), "{proto} {host} {uri:.60}");
    }
    let twice = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "app.test"),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-uri", "/"),
    ];
    assert_eq!(ask(Dialect::Traefik, true, "/", &twice), Err(Malformed::Invalid("x-forwarded-host")));
}

#[test]
fn a_stranger_speaks_only_for_the_host_that_it_asked() {
    let lines = [
        ("host", "direct.test:9000"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "app.test"),
        ("x-forwarded-uri", "/public/"),
        ("x-original-url", "https://app.test/public/"),
        ("x-forwarded-method", "OPTIONS"),
    ];
    for dialect in [Dialect::Traefik, Dialect::Caddy, Dialect::Nginx] {
        assert_eq!(ask(dialect, false, "/ours", &lines), Ok("GET http://direct.test:9000/".into()));
    }
    let envoy = "/outpost.goauthentik.io/auth/envoy/public/";
    let map = headers(&lines);
    let asked = Asked { method: &Method::GET, target: envoy, headers: &map, trusted: false };
    assert!(!Question::parse(Dialect::Envoy, asked).expect("a question").vouched);
}

#[test]
fn nginx_tells_a_path_or_a_whole_url() {
    let url = |value| ask(Dialect::Nginx, true, "/", &[("host", "in.test"), ("x-original-url", value)]);
    assert_eq!(url("https://app.test:444/a?b"), Ok("GET https://app.test:444/a?b".into()));
    for bad in
        ["app.test/a", "https://app.test", "https://app.test?x/", "ftp://app.test/", "https:///a", "https://u@h/"]
    {
        assert_eq!(url(bad), Err(Malformed::Invalid("x-original-url")), "{bad}");
    }
    let lines = [("host", "in.test"), ("x-original-uri", "/p?q"), ("x-original-url", "https://app.test/other")];
    assert_eq!(ask(Dialect::Nginx, true, "/", &lines), Ok("GET http://in.test/p?q".into()));
    let lines = [
        ("host", "in.test"),
        ("x-original-uri", "/p"),
        ("x-forwarded-host", "app.test"),
        ("x-forwarded-proto", "https"),
        ("x-original-method", "DELETE"),
    ];
    assert_eq!(ask(Dialect::Nginx, true, "/", &lines), Ok("DELETE https://app.test/p".into()));
    assert_eq!(ask(Dialect::Nginx, true, "/", &[("host", "a")]), Err(Malformed::Missing("x-original-url")));
}

#[test]
fn envoy_hangs_the_path_behind_ours() {
    let ask = |target| ask(Dialect::Envoy, true, target, &[("host", "app.test"), ("x-forwarded-proto", "https")]);
    assert_eq!(ask("/outpost.goauthentik.io/auth/envoy/a/b?c"), Ok("GET https://app.test/a/b?c".into()));
    assert_eq!(ask("/outpost.goauthentik.io/auth/envoy"), Ok("GET https://app.test/".into()));
    assert_eq!(ask("/outpost.goauthentik.io/auth/envoyx"), Err(Malformed::Invalid("path")));
}

#[test]
fn scripts_are_told_from_people() {
    let script = |lines: &[(&'static str, &str)]| is_script(&headers(lines));
    assert!(!script(&[]) && !script(&[("accept", "*/*")]) && !script(&[("accept", "text/html,application/json")]));
    assert!(!script(&[("sec-fetch-mode", "navigate"), ("accept", "application/json")]));
    for line in [
        ("x-requested-with", "XMLHttpRequest"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-dest", "empty"),
        ("accept", "application/json"),
        ("accept", "text/event-stream"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        assert!(script(&[line]), "{line:?}");
    }
}

#[test]
fn flags_and_cookies() {
    let map = headers(&[("cookie", "a=1; session=x=y"), ("cookie", "session=z;xsession=q"), ("host", "h")]);
    let asked = Asked {
        method: &Method::GET,
        target: "/p?redirect=%3FX-authentik-logout%3Dtrue&X-authentik-auth-callback=TRUE",
        headers: &map,
        trusted: true,
    };
    let question = Question::direct(asked).expect("a question");
    assert_eq!(question.cookies("session").collect::<Vec<_>>(), ["x=y", "z"]);
    assert!(question.has_flag("X-authentik-auth-callback"));
    assert!(!question.has_flag("X-authentik-logout"), "it stands inside another value");
}
