//! "Grafana OAuth Integration": what Grafana does with its environment. Grafana is told nothing but these lines, and so
//! is the client here.

use std::collections::BTreeMap;

use lockgate_tests::{Client, Reply};
use reqwest::Method;
use serde_json::Value;

use super::{GRAFANA, GRAFANA_SECRET, Installation};

const PASSWORD: &str = "trellis-mango-orbit-58";

/// The lines of `.env`, with the server in the place of its host name.
const ENVIRONMENT: &str = "\
GF_AUTH_GENERIC_OAUTH_ENABLED=true
GF_AUTH_GENERIC_OAUTH_NAME=Authentik
GF_AUTH_GENERIC_OAUTH_CLIENT_ID=grafana
GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET=the-secret-of-grafana-0123456789
GF_AUTH_GENERIC_OAUTH_SCOPES=openid profile email
GF_AUTH_GENERIC_OAUTH_AUTH_URL=https://authentik.example.com/application/o/authorize/
GF_AUTH_GENERIC_OAUTH_TOKEN_URL=https://authentik.example.com/application/o/token/
GF_AUTH_GENERIC_OAUTH_API_URL=https://authentik.example.com/application/o/userinfo/
GF_AUTH_SIGNOUT_REDIRECT_URL=https://authentik.example.com/application/o/grafana/end-session/
GF_AUTH_OAUTH_AUTO_LOGIN=true
GF_SERVER_ROOT_URL=https://grafana.example.com
GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH=contains(groups[*], 'Grafana Admins') && 'Admin' || contains(groups[*], 'Grafana Editors') && 'Editor' || 'Viewer'
";

/// Grafana, as far as a login goes.
struct Grafana {
    environment: BTreeMap<String, String>,
}

impl Grafana {
    fn at(home: &Installation) -> Self {
        let lines = ENVIRONMENT.replace("https://authentik.example.com", &home.server.base());
        let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { environment: lines.lines().filter_map(pair).collect() }
    }

    fn told(&self, name: &str) -> &str {
        self.environment.get(name).unwrap_or_else(|| panic!("{name} is not set"))
    }

    fn oauth(&self, name: &str) -> &str {
        self.told(&format!("GF_AUTH_GENERIC_OAUTH_{name}"))
    }

    /// Signs somebody in, and answers what the provider tells of them.
    async fn signs_in(&self, visitor: &Client, user: &str) -> Value {
        let back = format!("{}/login/generic_oauth", self.told("GF_SERVER_ROOT_URL"));
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", self.oauth("CLIENT_ID"))
            .append_pair("redirect_uri", &back)
            .append_pair("response_type", "code")
            .append_pair("scope", self.oauth("SCOPES"))
            .append_pair("state", "as-it-was")
            .finish();
        let came = visitor.sent_back(&format!("{}?{query}", self.oauth("AUTH_URL")), &back, user, PASSWORD).await;
        assert_eq!(came.query("state").as_deref(), Some("as-it-was"));
        let form = [("grant_type", "authorization_code"), ("code", &*came.code()), ("redirect_uri", &*back)];
        let request = Client::new().request(Method::POST, self.oauth("TOKEN_URL"));
        let request = request.basic_auth(self.oauth("CLIENT_ID"), Some(self.oauth("CLIENT_SECRET")));
        let tokens = Reply::of(request.form(&form)).await.expect(200).json();
        let token = tokens["access_token"].as_str().expect("a token");
        let request = Client::new().request(Method::GET, self.oauth("API_URL")).bearer_auth(token);
        Reply::of(request).await.expect(200).json()
    }

    /// The role that its expression makes of what it is told.
    fn role(&self, told: &Value) -> String {
        let expression = jmespath::compile(self.oauth("ROLE_ATTRIBUTE_PATH")).expect("a sound expression");
        let told = jmespath::Variable::from_json(&told.to_string()).expect("JSON");
        let role = expression.search(told).expect("an answer");
        role.as_string().cloned().unwrap_or_else(|| panic!("no role: {role}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grafana_signs_people_in_and_makes_roles_of_groups() {
    let home = Installation::start().await;
    let (api, grafana) = (home.server.api(), Grafana::at(&home));
    assert_eq!(grafana.oauth("CLIENT_SECRET"), GRAFANA_SECRET);
    for (user, groups, role) in [
        ("ada", &["Grafana Admins"][..], "Admin"),
        ("ed", &["Grafana Editors"], "Editor"),
        ("both", &["Grafana Editors", "Grafana Admins"], "Admin"),
        ("gwen", &[], "Viewer"),
    ] {
        api.create_user(user, PASSWORD, groups).await;
        let told = grafana.signs_in(&Client::new(), user).await;
        assert_eq!(told["preferred_username"], user, "{told}");
        assert_eq!(told["email"], format!("{user}@example.org"), "{told}");
        assert_eq!(grafana.role(&told), role, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_of_grafana_leads_to_a_page_that_signs_out() {
    let home = Installation::start().await;
    home.server.api().create_user("ada", PASSWORD, &[]).await;
    let (grafana, ada) = (Grafana::at(&home), Client::new());
    grafana.signs_in(&ada, "ada").await;
    let page = ada.open(grafana.told("GF_AUTH_SIGNOUT_REDIRECT_URL")).await;
    assert_eq!(page.reply.status, 200, "{:#?}", page.hops);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_that_differs_by_a_slash_is_refused_and_said() {
    let home = Installation::start().await;
    let exact = format!("{GRAFANA}/login/generic_oauth");
    let ask = async |back: &str| {
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let query = format!("client_id=grafana&response_type=code&scope=openid&redirect_uri={back}");
        Client::new().get(&home.server.url(&format!("/application/o/authorize/?{query}"))).await
    };
    assert_eq!(ask(&exact).await.status, 302);
    for wrong in [format!("{exact}/"), exact.replace("https", "http"), exact.replace("generic", "general")] {
        let reply = ask(&wrong).await;
        assert_eq!(reply.status, 400, "{wrong}");
        assert!(reply.text().to_lowercase().contains("redirect"), "{}", reply.text());
    }
    let log = super::grep(&home.server.logs(), "redirect");
    assert!(!log.is_empty(), "the log says nothing of it:\n{}", home.server.logs().join("\n"));
}
