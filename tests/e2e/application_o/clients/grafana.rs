//! Grafana, as the runbook of a homelab sets it up, with other host names: its
//! environment is read as Grafana reads it, its steps are those of Grafana's
//! "generic OAuth", and the roles come out of its own expression.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockgate_tests::{Client, Database, Executor, FlowEnd, Reply, Server, free_port};
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::{PASSWORD, text, words};

on_each_database!(grafana_gives_roles_by_groups, grafana_signs_out,);

const APP: &str = r#"app: grafana
name: Grafana
url: https://grafana.lockgate.test
oauth2:
  client_id: the-id-of-grafana
  client_secret: { env: GRAFANA_CLIENT_SECRET }
  redirect_uris: [https://grafana.lockgate.test/login/generic_oauth]
---
group: Grafana Admins
---
group: Grafana Editors
"#;

/// The runbook's lines for Grafana's `.env`; `{provider}` stands for the
/// address of the identity provider.
const ENVIRONMENT: &str = r"GF_AUTH_GENERIC_OAUTH_ENABLED=true
GF_AUTH_GENERIC_OAUTH_NAME=Authentik
GF_AUTH_GENERIC_OAUTH_CLIENT_ID=the-id-of-grafana
GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET=the secret/of:Grafana&more+100%
GF_AUTH_GENERIC_OAUTH_SCOPES=openid profile email
GF_AUTH_GENERIC_OAUTH_AUTH_URL={provider}/application/o/authorize/
GF_AUTH_GENERIC_OAUTH_TOKEN_URL={provider}/application/o/token/
GF_AUTH_GENERIC_OAUTH_API_URL={provider}/application/o/userinfo/
GF_AUTH_SIGNOUT_REDIRECT_URL={provider}/application/o/grafana/end-session/
GF_AUTH_OAUTH_AUTO_LOGIN=true  # Skip Grafana login screen
GF_SERVER_ROOT_URL=https://grafana.lockgate.test
GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH=contains(groups[*], 'Grafana Admins') && 'Admin' || contains(groups[*], 'Grafana Editors') && 'Editor' || 'Viewer'
";

/// Who gets which role.
const PEOPLE: [(&str, &[&str], &str); 4] = [
    ("ada", &["Grafana Admins"], "Admin"),
    ("eve", &["Grafana Editors"], "Editor"),
    ("max", &["Grafana Editors", "Grafana Admins"], "Admin"),
    ("tom", &[], "Viewer"),
];

/// Grafana with its settings, and the server that they point to.
struct Grafana {
    _server: Server,
    environment: BTreeMap<String, String>,
}

/// How Go's OAuth2 library, which Grafana uses, sends the client's secret: it
/// tries the header first, and remembers the body where that was refused.
#[derive(Clone, Copy)]
enum SecretIn {
    Header,
    Body,
}

impl Grafana {
    async fn start(database: Database) -> Self {
        let port = free_port();
        let provider = format!("http://authentik.lockgate.test:{port}");
        let environment: BTreeMap<String, String> = ENVIRONMENT
            .replace("{provider}", &provider)
            .lines()
            .filter_map(|line| line.split("  #").next()?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let secret = &environment["GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"];
        let builder = Server::builder(database).port(port).config("grafana.yaml", APP);
        let server = builder.set("GRAFANA_CLIENT_SECRET", secret).start().await;
        for (username, groups, _) in PEOPLE {
            server.api().create_user(username, PASSWORD, groups).await;
        }
        Self { _server: server, environment }
    }

    /// A setting of the section `auth.generic_oauth`.
    fn oauth(&self, name: &str) -> &str {
        &self.environment[&format!("GF_AUTH_GENERIC_OAUTH_{name}")]
    }

    fn redirect_uri(&self) -> String {
        format!("{}/login/generic_oauth", self.environment["GF_SERVER_ROOT_URL"])
    }

    /// `/login/generic_oauth` until the visitor is back: the code.
    async fn code(&self, visitor: &Client, username: &str) -> String {
        let mut url = Url::parse(self.oauth("AUTH_URL")).expect("the runbook's address is one");
        url.query_pairs_mut()
            .append_pair("client_id", self.oauth("CLIENT_ID"))
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("response_type", "code")
            .append_pair("scope", self.oauth("SCOPES"))
            .append_pair("state", "state-of-grafana");
        let back = visitor.sent_back(url.as_str(), &self.redirect_uri(), username, PASSWORD).await;
        assert_eq!(back.query("state").as_deref(), Some("state-of-grafana"));
        back.code()
    }

    /// The exchange of the code; any status.
    async fn exchange(&self, code: &str, secret: &str, place: SecretIn) -> Reply {
        let redirect_uri = self.redirect_uri();
        let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &redirect_uri)];
        let request = Client::new().request(Method::POST, self.oauth("TOKEN_URL"));
        let id = self.oauth("CLIENT_ID");
        let request = match place {
            // RFC 6749, section 2.3.1: both are encoded as in a form first.
            SecretIn::Header => request.basic_auth(encoded(id), Some(encoded(secret))),
            SecretIn::Body => {
                form.extend([("client_id", id), ("client_secret", secret)]);
                request
            }
        };
        Reply::of(request.form(&form)).await
    }

    /// What the provider tells about a visitor: the claims of the ID token, and
    /// the answer of the API address.
    async fn sign_in(&self, username: &str, place: SecretIn) -> [Value; 2] {
        let code = self.code(&Client::new(), username).await;
        let reply = self.exchange(&code, self.oauth("CLIENT_SECRET"), place).await.expect(200);
        assert_eq!(reply.header("cache-control"), "no-store");
        let tokens = reply.json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["scope"].as_str().map(words), Some(words(self.oauth("SCOPES"))));
        let request = Client::new().request(Method::GET, self.oauth("API_URL"));
        let userinfo = Reply::of(request.bearer_auth(text(&tokens["access_token"]))).await.expect(200).json();
        [payload(text(&tokens["id_token"])), userinfo]
    }

    /// The role that Grafana gives somebody with these claims.
    fn role(&self, claims: &Value) -> String {
        let path = jmespath::compile(self.oauth("ROLE_ATTRIBUTE_PATH")).expect("the runbook's expression compiles");
        let data = jmespath::Variable::from_json(&claims.to_string()).expect("claims are JSON");
        let role = path.search(data).expect("the expression can be evaluated");
        role.as_string().unwrap_or_else(|| panic!("no role for {claims:#}")).clone()
    }
}

async fn grafana_gives_roles_by_groups(database: Database) {
    let grafana = Grafana::start(database).await;
    for place in [SecretIn::Header, SecretIn::Body] {
        for (username, groups, role) in PEOPLE {
            for claims in grafana.sign_in(username, place).await {
                assert_eq!(grafana.role(&claims), role, "{claims:#}");
                // What Grafana reads besides: login, name, address.
                assert_eq!(claims["preferred_username"], username);
                assert_eq!(claims["name"], format!("{username} Example"));
                assert_eq!(claims["email"], format!("{username}@example.org"));
                let mut told: Vec<&str> = claims["groups"].as_array().into_iter().flatten().map(text).collect();
                told.sort_unstable();
                let mut groups = groups.to_vec();
                groups.sort_unstable();
                assert_eq!(told, groups);
            }
        }
        let code = grafana.code(&Client::new(), "ada").await;
        let refused = grafana.exchange(&code, "another secret", place).await;
        assert_eq!(refused.json()["error"], "invalid_client");
    }
}

/// Grafana forgets its own session and sends the visitor here, with nothing but
/// the address.
async fn grafana_signs_out(database: Database) {
    let grafana = Grafana::start(database).await;
    let visitor = Client::new();
    grafana.code(&visitor, "ada").await;
    let url = Url::parse(&grafana.environment["GF_AUTH_SIGNOUT_REDIRECT_URL"]).expect("the runbook's address is one");
    let reply = visitor.get(url.as_str()).await;
    // The flow's page, once it was shown, has ended the flow: it is asked for as JSON instead.
    let page = reply.location().and_then(|to| url.join(&to).ok());
    let flow = page.as_ref().and_then(|page| Executor::at(&visitor, page));
    let flow = flow.unwrap_or_else(|| panic!("no flow, but {}: {}", reply.status, reply.text()));
    assert!(flow.page().path().contains("invalidation"), "{}", flow.page());
    match flow.login("ada", PASSWORD).await {
        FlowEnd::Page(challenge) => assert_eq!(challenge["application_name"], "Grafana", "{challenge:#}"),
        end => panic!("no page says that ada has signed out: {end:?}"),
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Claims of a signed token, whose signature others check.
fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap_or_else(|| panic!("not a JWT: {token}"));
    let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_else(|error| panic!("{part}: {error}"));
    serde_json::from_slice(&bytes).expect("claims are JSON")
}
