use super::*;
use chrono::DateTime;
use lockgate_model::{User, UserType, people::GroupFact};
use serde_json::json;
use uuid::Uuid;

fn principal(username: &str, groups: &[&str], attributes: Value) -> Principal {
    let time = DateTime::UNIX_EPOCH;
    let user = User {
        pk: 1,
        uuid: Uuid::nil(),
        username: username.into(),
        name: "Ann Lée".into(),
        email: "ann@example.org".into(),
        is_active: true,
        user_type: UserType::Internal,
        path: "users".into(),
        attributes: Map::new(),
        date_joined: time,
        last_login: None,
        last_updated: time,
        password_change_date: time,
    };
    Principal {
        user,
        uid: "ab".repeat(32),
        groups: groups.iter().map(|name| GroupFact { pk: Uuid::nil(), name: (*name).into() }).collect(),
        direct_groups: vec![],
        roles: Vec::new(),
        timed: Vec::new(),
        holds_until: None,
        is_superuser: false,
        attributes: attributes.as_object().cloned().unwrap_or_default(),
    }
}

fn provider(more: Value) -> ProxyProvider {
    let mut body = json!({
        "name": "My app",
        "authorization_flow": Uuid::nil(),
        "invalidation_flow": Uuid::nil(),
        "external_host": "https://app.test",
    });
    let fields = body.as_object_mut().expect("an object");
    fields.extend(more.as_object().cloned().unwrap_or_default());
    serde_json::from_value(body).expect("a provider")
}

fn built(principal: &Principal, claims: Value, more: Value) -> HeaderMap {
    let claims = claims.as_object().cloned().unwrap_or_default();
    build(&About {
        principal,
        claims: &claims,
        provider: &provider(more),
        app: "my-app",
        outpost: "authentik Embedded Outpost",
        jwks: "https://auth.test/application/o/my-app/jwks/",
        jwt: "eyJ.x.y",
    })
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).unwrap_or_else(|| "-".into())
}

#[test]
fn every_header_of_the_contract_is_there() {
    let ann = principal("ann", &["authentik Admins", "staff"], json!({}));
    let headers =
        built(&ann, json!({"name": "Ann", "preferred_username": "ann", "entitlements": ["a", "b"]}), json!({}));
    for (name, expected) in [
        ("X-authentik-username", "ann"),
        ("X-authentik-groups", "authentik Admins|staff"),
        ("X-authentik-entitlements", "a|b"),
        ("X-authentik-email", "ann@example.org"),
        ("X-authentik-name", "Ann"),
        ("X-authentik-uid", &"ab".repeat(32)),
        ("X-authentik-jwt", "eyJ.x.y"),
        ("X-authentik-meta-jwks", "https://auth.test/application/o/my-app/jwks/"),
        ("X-authentik-meta-outpost", "authentik Embedded Outpost"),
        ("X-authentik-meta-provider", "My app"),
        ("X-authentik-meta-app", "my-app"),
        ("Authorization", "-"),
    ] {
        assert_eq!(text(&headers, name), expected, "{name}");
    }
    assert!(text(&headers, "X-authentik-meta-version").starts_with("goauthentik.io/outpost/"));
    let headers = built(&ann, json!({"email": null}), json!({}));
    assert_eq!(text(&headers, "X-authentik-name"), "Ann Lée", "UTF-8 as it is");
    assert_eq!(text(&headers, "X-authentik-email"), "", "there and empty");
}

#[test]
fn no_name_can_forge_a_header_or_another_group() {
    for (name, expected) in [
        ("ann\r\nX-authentik-groups: admins", "ann%0D%0AX-authentik-groups: admins"),
        ("a\0b", "a%00b"),
        ("a\u{85}b", "a%C2%85b"),
        ("a%0Ab", "a%250Ab"),
        ("100% sure", "100% sure"),
        ("\u{7f}", "%7F"),
        (" ann ", "ann"),
    ] {
        let headers = built(&principal(name, &[], json!({})), json!({}), json!({}));
        assert_eq!(text(&headers, "X-authentik-username"), expected, "{name:?}");
        assert_eq!(headers.get_all("x-authentik-groups").iter().count(), 1);
    }
    let groups = ["a|admins", "a%7Cadmins", "b\nc", ""];
    let headers = built(&principal("ann", &groups, json!({})), json!({}), json!({}));
    assert_eq!(text(&headers, "X-authentik-groups"), "a%7Cadmins|a%257Cadmins|b%0Ac");
}

#[test]
fn what_is_too_long_is_left_out_and_never_cut() {
    let long = "x".repeat(MAX_VALUE + 1);
    let huge = "g".repeat(MAX_LONG);
    let ann = principal(&long, &["first", &huge, "last"], json!({}));
    let headers = built(&ann, json!({}), json!({}));
    assert_eq!(text(&headers, "X-authentik-username"), "");
    assert_eq!(text(&headers, "X-authentik-groups"), "first|last");
}

#[test]
fn additional_headers_cannot_pass_for_ours() {
    let more = json!({"additionalHeaders": {
        "X-Role": "editor", "X-Level": 7, "X-Bad": "a\r\nX-authentik-username: root", "X-Float": 1.5, "X-List": ["a"],
        "x-AUTHENTIK-username": "root", "X_authentik_username": "root", "Set-Cookie": "a=b", "Transfer-Encoding": "chunked",
        "Connection": "X-authentik-username", "Location": "https://evil.test", "bad name": "x", "": "x", "Remote-User": "ann",
    }});
    let headers = built(&principal("ann", &[], more), json!({}), json!({}));
    assert_eq!(text(&headers, "x-role"), "editor");
    assert_eq!(text(&headers, "x-level"), "7");
    assert_eq!(text(&headers, "x-bad"), "a%0D%0AX-authentik-username: root");
    assert_eq!(text(&headers, "remote-user"), "ann");
    assert_eq!(text(&headers, "x-authentik-username"), "ann");
    for name in
        ["x-float", "x-list", "x_authentik_username", "set-cookie", "transfer-encoding", "connection", "location"]
    {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(headers.len(), 12 + 4);
}

#[test]
fn basic_credentials_come_from_attributes() {
    let settings =
        json!({"basic_auth_enabled": true, "basic_auth_user_attribute": "u", "basic_auth_password_attribute": "p"});
    let basic = |attributes: Value, settings: &Value| {
        text(&built(&principal("ann", &[], attributes), json!({}), settings.clone()), "authorization")
    };
    let encoded = |text: &str| format!("Basic {}", STANDARD.encode(text));
    assert_eq!(basic(json!({"u": "svc", "p": "s3:cret"}), &settings), encoded("svc:s3:cret"));
    assert_eq!(basic(json!({"p": 1234}), &settings), encoded("ann@example.org:1234"));
    assert_eq!(basic(json!({"u": "a:b", "p": "x"}), &settings), "-", "a colon would move the border");
    assert_eq!(basic(json!({"u": "", "p": ""}), &settings), "-");
    assert_eq!(basic(json!({"u": "svc", "p": "x"}), &json!({})), "-", "not enabled");
}
