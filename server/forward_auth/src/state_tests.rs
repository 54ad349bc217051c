use super::*;
use proptest::prelude::*;

fn url(text: &str) -> Url {
    Url::parse(text).expect("address")
}

fn returned(mode: ProxyMode, wanted: &str) -> Option<String> {
    let external = url("https://app.example.com");
    Home { external: &external, mode, cookie_domain: ".example.com" }.return_url(wanted).map(String::from)
}

#[test]
fn one_host_returns_to_itself_only() {
    let returned = |wanted| returned(ProxyMode::ForwardSingle, wanted);
    for (wanted, expected) in [
        ("https://app.example.com/deep?x=1&y=%20", "https://app.example.com/deep?x=1&y=%20"),
        ("https://APP.example.com", "https://app.example.com/"),
        ("https://app.example.com:443/a", "https://app.example.com/a"),
        ("http://app.example.com/a", "https://app.example.com/a"),
        ("/a?b", "https://app.example.com/a?b"),
        ("https://app.example.com/a#frag", "https://app.example.com/a"),
        ("https://app.example.com/?next=https://evil.test", "https://app.example.com/?next=https://evil.test"),
    ] {
        assert_eq!(returned(wanted).as_deref(), Some(expected), "{wanted}");
    }
    for wanted in [
        "",
        "a",
        "//evil.test/",
        "///evil.test/",
        "/\\evil.test",
        "\\\\evil.test",
        "https:evil.test",
        "https:/evil.test",
        "https:\\\\evil.test",
        "https://evil.test",
        "https://app.example.com.evil.test/",
        "https://app.example.com@evil.test/",
        "https://evil.test\\@app.example.com/",
        "https://evil.test#@app.example.com/",
        "https://user@app.example.com/",
        "https://app.example.com:8443/",
        "https://other.example.com/",
        "javascript:alert(1)//https://app.example.com/",
        "data:text/html,x",
        "ftp://app.example.com/",
        "https://app.example.com/\r\nx: y",
        "https://app.example.com/a b",
        "\thttps://app.example.com/",
        "https://app.example.com/outpost.goauthentik.io/sign_out",
        "https://app.example.com/./outpost.goauthentik.io/sign_out",
        "https://app.example.com/?X-authentik-logout=true",
        "https://app.example.com/?%58-authentik-auth-callback=true",
    ] {
        assert_eq!(returned(wanted), None, "{wanted}");
    }
}

#[test]
fn a_plain_address_returns_as_it_is() {
    let external = url("https://app.example.com");
    let home = Home { external: &external, mode: ProxyMode::ForwardSingle, cookie_domain: "" };
    let returned = |wanted: &str| home.return_text(wanted.to_owned());
    for wanted in ["https://app.example.com/", "https://app.example.com/deep?x=1&y=<2>"] {
        assert_eq!(returned(wanted).as_deref(), Some(wanted));
    }
    for wanted in [
        "https://app.example.com/outpost.goauthentik.io/sign_out",
        "https://app.example.com/?X-authentik-logout=true",
        "https://app.example.com/?X-%61uthentik-logout=true",
        "https://app.example.com.evil.test/",
        "https://app.example.com@evil.test/",
        "https://app.example.com:8443/",
    ] {
        assert_eq!(returned(wanted), None, "{wanted}");
    }
    let long = format!("https://app.example.com/{}", "x".repeat(MAX_TARGET));
    assert_eq!(returned(&long), None);
}

#[test]
fn a_domain_returns_to_its_hosts_only() {
    let returned = |wanted| returned(ProxyMode::ForwardDomain, wanted);
    for wanted in ["https://movies.example.com/x", "https://example.com/", "https://a.b.example.com:8443/"] {
        assert_eq!(returned(wanted).as_deref(), Some(wanted));
    }
    for wanted in ["https://badexample.com/", "https://example.com.evil.test/", "https://evil.test/?.example.com"] {
        assert_eq!(returned(wanted), None, "{wanted}");
    }
}

#[test]
fn a_state_is_believed_once_signed_for_this_provider_and_browser_and_in_time() {
    let (me, other) = (sid([1; 32]), sid([2; 32]));
    let target = url("https://app.example.com/deep?x=1");
    let state = State::new("client", &me, [3; 32], Some(target.to_string()), 1_000);
    let text = state.sign(Some(&SigningKey::of_secret("secret"))).expect("signed");
    let open = |secret, client, cookies: &[&str], now| {
        State::open(&text, secret, client, cookies.iter().copied(), now).map(|s| s.redirect)
    };
    assert_eq!(open("secret", "client", &["junk", &me], 1_010), Ok(target.to_string()));
    assert_eq!(open("other secret", "client", &[&me], 1_010), Err(BadState::Forged));
    assert_eq!(open("secret", "other client", &[&me], 1_010), Err(BadState::Forged));
    assert_eq!(open("secret", "client", &[&other], 1_010), Err(BadState::OtherBrowser));
    assert_eq!(open("secret", "client", &[], 1_010), Err(BadState::OtherBrowser));
    assert_eq!(open("secret", "client", &[&me], 1_001 + LIFE), Err(BadState::Late));
    assert_eq!(open("secret", "client", &[&me], 999), Err(BadState::Late));
    assert_eq!(open("", "client", &[&me], 1_010), Err(BadState::NoSecret));
    assert_eq!(state.sign(None), Err(BadState::NoSecret));
}

#[test]
fn unsigned_and_tampered_states_are_forged() {
    let me = sid([1; 32]);
    let text =
        State::new("client", &me, [3; 32], None, 1_000).sign(Some(&SigningKey::of_secret("secret"))).expect("signed");
    let (head, rest) = text.split_once('.').expect("three parts");
    let (body, signature) = rest.split_once('.').expect("three parts");
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let evil = State { redirect: "https://evil.test".into(), ..State::new("client", &me, [3; 32], None, 1_000) };
    let evil = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&evil).expect("json"));
    for forged in [
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{head}.{evil}.{signature}"),
        format!("{head}.{body}"),
        format!("{head}.{body}.{signature}A"),
        "x".repeat(MAX_STATE + 1),
        String::new(),
    ] {
        let opened = State::open(&forged, "secret", "client", [me.as_str()].into_iter(), 1_000);
        assert_eq!(opened, Err(BadState::Forged), "{forged:.80}");
    }
}

proptest! {
    /// Whatever is asked for, the browser is only ever sent to the provider's own hosts.
    #[test]
    fn no_wanted_address_leads_elsewhere(
        scheme in "(https?:)?[/\\\\]{0,3}",
        user in "([a-z.]{0,12}[@:#?\\\\])?",
        host in "(app\\.example\\.com|example\\.com|evil\\.test|[a-z.]{0,10}example\\.com)",
        tail in "[ -~\t\r\n]{0,24}",
    ) {
        let wanted = format!("{scheme}{user}{host}{tail}");
        let external = url("https://app.example.com");
        for mode in [ProxyMode::ForwardSingle, ProxyMode::ForwardDomain] {
            let home = Home { external: &external, mode, cookie_domain: ".example.com" };
            let text = home.return_text(wanted.clone()).map(|text| url(&text));
            prop_assert_eq!(text, home.return_url(&wanted), "{}", wanted);
        }
        if let Some(to) = returned(ProxyMode::ForwardSingle, &wanted) {
            prop_assert!(to.starts_with("https://app.example.com/"), "{wanted} -> {to}");
        }
        if let Some(to) = returned(ProxyMode::ForwardDomain, &wanted) {
            let host = Url::parse(&to).expect("an address").host_str().map(str::to_owned).unwrap_or_default();
            prop_assert!(host == "example.com" || host.ends_with(".example.com"), "{wanted} -> {to}");
        }
    }
}
