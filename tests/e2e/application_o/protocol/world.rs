//! The installation that all cases of a database share.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_tests::{Api, Client, Database, Executor, FlowEnd, Server};
use serde_json::json;

use super::jwt::public_key;
use crate::application_o::DEVICE_FLOW;

/// Password of everybody.
pub(super) const PASSWORD: &str = "a long enough password";
/// A verifier and its challenge (RFC 7636, appendix B).
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// People, and the groups that they are in. Who is named after what happens to
/// them belongs to one case alone.
const PEOPLE: &[(&str, &[&str])] = &[
    ("ada", &["Staff"]),
    ("bob", &[]),
    ("leaver", &["Staff"]),
    ("disabled", &["Staff"]),
    ("leaver_at_code", &["Staff"]),
    ("disabled_at_code", &["Staff"]),
    ("disabled_at_userinfo", &["Staff"]),
    ("signed_out", &["Staff"]),
    ("machine", &[]),
];

/// Confidential clients and their secrets. The first one has every letter that
/// a form encodes.
const SECRETS: &[(&str, &str)] = &[
    ("web", "the secret/of:web&more+100%=0123456789abcdefghijkl"),
    ("other", "the-secret-of-other-0123456789abcdefghijklmnopqrst"),
    ("mixed", "the-secret-of-mixed-0123456789abcdefghijklmnopqrst"),
    ("pattern", "the-secret-of-pattern-0123456789abcdefghijklmnopqr"),
    ("robot", "the-secret-of-robot-0123456789abcdefghijklmnopqrst"),
    ("pushing", "the-secret-of-pushing-0123456789abcdefghijklmnopqr"),
    ("bound", "the-secret-of-bound-0123456789abcdefghijklmnopqrst"),
    ("staff", "the-secret-of-staff-0123456789abcdefghijklmnopqrst"),
    ("asking", "the-secret-of-asking-0123456789abcdefghijklmnopqrs"),
    ("brief", "the-secret-of-brief-0123456789abcdefghijklmnopqrst"),
    ("careful", "the-secret-of-careful-0123456789abcdefghijklmnopqr"),
    ("plain", "the-secret-of-plain-0123456789abcdefghijklmnopqrst"),
    ("narrow", "the-secret-of-narrow-0123456789abcdefghijklmnopqrs"),
    ("trusting", "the-secret-of-trusting-0123456789abcdefghijklmnopq"),
    ("fleeting", "the-secret-of-fleeting-0123456789abcdefghijklmnopq"),
    ("lasting", "the-secret-of-lasting-0123456789abcdefghijklmnopqr"),
];

/// What is particular of each application, within `oauth2:`.
const APPS: &[(&str, &str)] = &[
    (
        "web",
        r#"redirect_uris: [https://web.lockgate.test/cb, "https://web.lockgate.test/second?fixed=1"]
  post_logout_redirect_uris: [https://web.lockgate.test/bye]
  scopes: [openid, profile, email, offline_access]
  grants: [authorization_code, refresh_token, client_credentials, password, device_code, token_exchange]"#,
    ),
    (
        "other",
        r"redirect_uris: [https://other.lockgate.test/cb, https://web.lockgate.test/cb]
  post_logout_redirect_uris: [https://other.lockgate.test/bye]
  scopes: [openid, profile, offline_access]
  grants: [authorization_code, refresh_token, device_code, token_exchange]",
    ),
    (
        "mixed",
        r"redirect_uris: [https://mixed.lockgate.test/cb]
  scopes: [openid, profile, email, offline_access]
  grants: [authorization_code, implicit, hybrid, refresh_token]
  claims_in_id_token: false",
    ),
    (
        "spa",
        r"client_type: public
  redirect_uris: [https://spa.lockgate.test/cb]
  scopes: [openid, profile, email, offline_access]
  grants: [authorization_code, refresh_token, device_code]",
    ),
    (
        "native",
        r#"client_type: public
  redirect_uris: ["http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost/cb", "com.example.app:/cb"]"#,
    ),
    ("pattern", r#"redirect_uris: [{ url: "https://[a-z]+\\.pattern\\.lockgate\\.test/cb", regex: true }]"#),
    (
        "robot",
        r"redirect_uris: [https://robot.lockgate.test/cb]
  grants: [authorization_code, client_credentials]
  jwks: '<keys>'",
    ),
    ("pushing", "redirect_uris: [https://pushing.lockgate.test/cb]\n  require_pushed_requests: true"),
    (
        "bound",
        r"redirect_uris: [https://bound.lockgate.test/cb]
  scopes: [openid, profile, email, offline_access]
  require_dpop: true",
    ),
    (
        "staff",
        r"redirect_uris: [https://staff.lockgate.test/cb]
  scopes: [openid, profile, offline_access]
  grants: [authorization_code, refresh_token, client_credentials]
access:
  any: [{ group: Staff }]",
    ),
    ("asking", "redirect_uris: [https://asking.lockgate.test/cb]\n  consent: explicit"),
    (
        "brief",
        r"redirect_uris: [https://brief.lockgate.test/cb]
  scopes: [openid, profile, offline_access]
  grants: [authorization_code, refresh_token, client_credentials]
  access_token: 1s
  refresh_token: 1s",
    ),
    ("fleeting", "redirect_uris: [https://fleeting.lockgate.test/cb]\n  access_code: 1s"),
    ("careful", "redirect_uris: [https://careful.lockgate.test/cb]\n  require_pkce: true"),
    (
        "plain",
        r"redirect_uris: [https://plain.lockgate.test/cb]
  claims_in_id_token: false
  signing_key: none
  subject: user_username
  issuer: global",
    ),
    ("narrow", "redirect_uris: []\n  scopes: [openid, profile]\n  grants: [client_credentials]"),
    (
        "trusting",
        r"redirect_uris: []
  scopes: [openid, profile]
  grants: [client_credentials, token_exchange]
  jwt_federation_providers: [web]",
    ),
    (
        "lasting",
        r"redirect_uris: [https://lasting.lockgate.test/cb]
  scopes: [openid, offline_access]
  refresh_threshold: 1h",
    ),
];

/// A running server with everything above.
pub(super) struct World {
    pub(super) server: Server,
    /// What cases may name from the start.
    pub(super) known: BTreeMap<String, String>,
}

impl World {
    pub(super) async fn start(database: Database) -> Self {
        let mut builder = Server::builder(database).config("apps.yaml", &documents());
        for (client, secret) in SECRETS {
            builder = builder.set(&variable(client), secret);
        }
        let server = builder.start().await;
        let mut known = BTreeMap::from([("base".to_owned(), server.base())]);
        for (client, _) in APPS {
            let issuer = match *client {
                "plain" => server.url("/"),
                slug => server.url(&format!("/application/o/{slug}/")),
            };
            known.insert(format!("issuer.{client}"), issuer);
        }
        let api = server.api();
        for (name, groups) in PEOPLE {
            let pk = api.create_user(name, PASSWORD, groups).await;
            known.insert(format!("pk.{name}"), pk.to_string());
        }
        known.insert("group.Staff".to_owned(), api.group("Staff").await);
        let key = app_password(&api, &known["pk.machine"]).await;
        known.insert("folded".to_owned(), STANDARD.encode(format!("machine:{key}")));
        known.insert("app_password".to_owned(), key);
        Self { server, known }
    }

    /// A browser in which somebody has signed in.
    pub(super) async fn signed_in(&self, username: &str) -> Result<Client, String> {
        let client = Client::new();
        let base = self.server.base();
        let flow = Executor::new(&client, &base, "default-authentication-flow", "");
        match flow.login(username, PASSWORD).await {
            FlowEnd::Redirect(_) => Ok(client),
            other => Err(format!("{username} cannot sign in: {other:?}")),
        }
    }
}

/// The secret of a client that has one.
pub(super) fn secret(client: &str) -> Option<&'static str> {
    SECRETS.iter().find(|(name, _)| *name == client).map(|(_, secret)| *secret)
}

/// The address to which a client has its answers sent.
pub(super) fn redirect_uri(client: &str) -> String {
    match client {
        "native" => "http://127.0.0.1:51004/cb".to_owned(),
        "pattern" => "https://one.pattern.lockgate.test/cb".to_owned(),
        other => format!("https://{other}.lockgate.test/cb"),
    }
}

fn documents() -> String {
    let keys = json!({ "keys": [public_key(0)] }).to_string();
    let mut text = String::new();
    for (client, more) in APPS {
        let own = match secret(client) {
            Some(_) => format!("\n  client_secret: {{ env: {} }}", variable(client)),
            None => String::new(),
        };
        text += &format!("app: {client}\nname: The {client}\noauth2:\n  client_id: {client}{own}\n  {more}\n---\n");
    }
    text.replace("<keys>", &keys) + "group: Staff\n" + DEVICE_FLOW
}

fn variable(client: &str) -> String {
    format!("SECRET_OF_{}", client.to_ascii_uppercase())
}

async fn app_password(api: &Api, user: &str) -> String {
    let token = json!({
        "identifier": "machine",
        "intent": "app_password",
        "user": user.parse::<i64>().unwrap_or_default(),
        "expiring": false,
    });
    api.post("core/tokens/", &token).await.expect(201);
    let key = api.get("core/tokens/machine/view_key/").await.expect(200).json();
    key["key"].as_str().unwrap_or_default().to_owned()
}
