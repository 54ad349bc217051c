//! Scripted logins through the flow executor's API, as homelab scripts and
//! clients of the reference do them.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::{Client, Journey, Reply};

/// Challenges answered before a flow counts as endless.
const MOST_STEPS: usize = 12;

/// How a scripted flow ended.
#[derive(Debug)]
pub enum FlowEnd {
    /// The flow is done; where to go next, as the final challenge says it.
    Redirect(String),
    /// The same challenge came back with `response_errors`.
    Refused(Value),
    /// The flow answered `ak-stage-access-denied`.
    Denied(Value),
    /// The flow ended on a page that leads nowhere by itself.
    Page(Value),
}

impl FlowEnd {
    /// Where the flow redirects to.
    ///
    /// # Panics
    /// When it did not end well.
    #[track_caller]
    pub fn redirect(self) -> String {
        match self {
            Self::Redirect(to) => to,
            other => panic!("the flow did not end well: {other:?}"),
        }
    }
}

/// One visitor in one flow.
pub struct Executor<'a> {
    client: &'a Client,
    page: Url,
    endpoint: String,
}

impl<'a> Executor<'a> {
    /// The flow `slug` of the server at `base`, entered with the query string
    /// of its page (without `?`).
    pub fn new(client: &'a Client, base: &str, slug: &str, query: &str) -> Self {
        let page =
            Url::parse(&format!("{base}/if/flow/{slug}/?{query}")).unwrap_or_else(|error| panic!("{base}: {error}"));
        let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let endpoint = format!("{base}/api/v3/flows/executor/{slug}/?query={encoded}");
        Self { client, page, endpoint }
    }

    /// The flow whose page a journey has led to; none when it ended elsewhere.
    pub fn at(client: &'a Client, page: &Url) -> Option<Self> {
        let slug = page.path().strip_prefix("/if/flow/")?.trim_end_matches('/');
        let base = page.origin().ascii_serialization();
        Some(Self::new(client, &base, slug, page.query().unwrap_or_default()))
    }

    /// Address of the executor, for requests that a test makes itself.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// GET of the current challenge; any status.
    pub async fn challenge(&self) -> Reply {
        let request = self.client.request(Method::GET, &self.endpoint);
        Reply::of(request.header("Accept", "application/json")).await
    }

    /// POST of a response, without following what it answers.
    pub async fn post(&self, response: &Value) -> Reply {
        let mut request = self.client.request(Method::POST, &self.endpoint).json(response);
        if let Some(csrf) = self.client.cookie(self.page.as_str(), "authentik_csrf") {
            request = request.header("X-authentik-CSRF", csrf);
        }
        Reply::of(request).await
    }

    /// POST of a response; the 302 to the next challenge is followed.
    pub async fn answer(&self, response: &Value) -> Reply {
        let reply = self.post(response).await;
        if reply.status == 302 { self.challenge().await } else { reply }
    }

    /// Walks the flow to its end with a user name and a password, consenting to
    /// what it asks.
    pub async fn login(&self, username: &str, password: &str) -> FlowEnd {
        let mut challenge = self.challenge().await.expect(200).json();
        for _ in 0..MOST_STEPS {
            let response = match challenge["component"].as_str().unwrap_or_default() {
                "xak-flow-redirect" => {
                    return FlowEnd::Redirect(challenge["to"].as_str().unwrap_or_default().to_owned());
                }
                "ak-stage-access-denied" | "ak-stage-flow-error" => return FlowEnd::Denied(challenge),
                "ak-stage-session-end" => return FlowEnd::Page(challenge),
                "ak-stage-identification" if challenge["password_fields"] == true => json!({
                    "component": "ak-stage-identification",
                    "uid_field": username,
                    "password": password,
                }),
                "ak-stage-identification" => {
                    json!({ "component": "ak-stage-identification", "uid_field": username })
                }
                "ak-stage-password" => {
                    json!({ "component": "ak-stage-password", "password": password })
                }
                "ak-stage-user-login" => {
                    json!({ "component": "ak-stage-user-login", "remember_me": false })
                }
                "ak-stage-consent" => {
                    json!({ "component": "ak-stage-consent", "token": challenge["token"] })
                }
                other => json!({ "component": other }),
            };
            challenge = self.answer(&response).await.expect(200).json();
            if has_errors(&challenge) {
                return FlowEnd::Refused(challenge);
            }
        }
        panic!("the flow does not end: {challenge}");
    }

    /// The page of the flow, against which its redirects are resolved.
    pub fn page(&self) -> &Url {
        &self.page
    }
}

fn has_errors(challenge: &Value) -> bool {
    challenge["response_errors"].as_object().is_some_and(|errors| !errors.is_empty())
}

impl Client {
    /// Opens an address and signs in wherever a flow asks for it.
    ///
    /// # Panics
    /// When a flow refuses the login.
    pub async fn open_signing_in(&self, url: &str, username: &str, password: &str) -> Journey {
        let mut journey = self.open(url).await;
        for _ in 0..4 {
            let page = journey.url().clone();
            let Some(flow) = Executor::at(self, &page) else {
                return journey;
            };
            let to = flow.login(username, password).await.redirect();
            let to = page.join(&to).unwrap_or_else(|error| panic!("{to}: {error}"));
            let before = std::mem::take(&mut journey.hops);
            journey = self.open(to.as_str()).await;
            journey.hops.splice(0..0, before);
        }
        panic!("one flow follows the other: {:#?}", journey.hops);
    }
}
