//! What comes at once: of any number of requests that redeem one code or one
//! refresh token, in whatever order they reach the server, one set of tokens
//! is in force at most, and none where the second came at all (RFC 6749,
//! section 4.1.2; RFC 9700, section 4.14.2).

use std::future::Future;
use std::time::Duration;

use lockgate_tests::{Client, Database, Reply};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use super::ask::{OFFLINE, TOKEN};
use super::world::{PASSWORD, World, redirect_uri, secret};

on_each_database!(a_code_gives_one_set_of_tokens_at_most, a_refresh_token_has_one_successor_at_most,);

/// Schedules that are tried.
const SCHEDULES: u32 = 16;

/// When each of two to six requests is sent, in milliseconds.
fn schedules() -> impl Strategy<Value = Vec<u64>> {
    vec(0..30_u64, 2..=6)
}

/// Runs a property on random schedules, and shrinks one that fails.
fn holds<F: Future<Output = Result<(), TestCaseError>>>(property: impl Fn(Vec<u64>) -> F) {
    let config = Config { cases: SCHEDULES, failure_persistence: None, max_shrink_iters: 32, ..Config::default() };
    let outcome = tokio::task::block_in_place(|| {
        let runtime = tokio::runtime::Handle::current();
        TestRunner::new(config).run(&schedules(), |schedule| runtime.block_on(property(schedule)))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// The confidential client `web`, whose visitor is `ada`.
struct Web {
    world: World,
    ada: Client,
}

impl Web {
    async fn start(database: Database) -> Self {
        let world = World::start(database).await;
        let ada = world.signed_in("ada").await.expect("ada can sign in");
        Self { world, ada }
    }

    /// A code with which a refresh token comes.
    async fn code(&self) -> String {
        let back = redirect_uri("web");
        let mut url = url::Url::parse(&self.world.server.url("/application/o/authorize/")).expect("an address");
        url.query_pairs_mut().extend_pairs([
            ("client_id", "web"),
            ("redirect_uri", &back),
            ("response_type", "code"),
            ("scope", OFFLINE),
        ]);
        self.ada.sent_back(url.as_str(), &back, "ada", PASSWORD).await.code()
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> impl Future<Output = Reply> + use<> {
        let request = Client::new().request(Method::POST, &self.world.server.url(path));
        let both = [("client_id", "web"), ("client_secret", secret("web").unwrap_or_default())];
        Reply::of(request.form(&[form, &both].concat()))
    }

    /// The same request at the moments of a schedule; every answer.
    async fn at_once(&self, schedule: &[u64], form: &[(&str, &str)]) -> Vec<Reply> {
        let mut requests = JoinSet::new();
        for wait in schedule {
            let (wait, request) = (Duration::from_millis(*wait), self.post(TOKEN, form));
            requests.spawn(async move {
                tokio::time::sleep(wait).await;
                request.await
            });
        }
        requests.join_all().await
    }

    async fn redeemed(&self, schedule: &[u64]) -> Vec<Reply> {
        let (code, back) = (self.code().await, redirect_uri("web"));
        let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", back.as_str())];
        self.at_once(schedule, &form).await
    }

    /// Whether a token counts.
    async fn is_in_force(&self, token: &Value) -> bool {
        let token = token.as_str().expect("a token is a text");
        self.post("/application/o/introspect/", &[("token", token)]).await.expect(200).json()["active"] == true
    }

    /// One request was answered with tokens, the others refused, and nothing
    /// of it counts any more.
    async fn one_at_most(&self, answers: &[Reply]) -> Result<(), TestCaseError> {
        let (given, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        prop_assert_eq!(given.len(), 1, "{:?}", answers.iter().map(Reply::text).collect::<Vec<_>>());
        for answer in refused {
            prop_assert_eq!((answer.status, &answer.json()["error"]), (400, &Value::from("invalid_grant")));
        }
        let tokens = given[0].json();
        for kind in ["access_token", "refresh_token"] {
            prop_assert!(!self.is_in_force(&tokens[kind]).await, "the {} outlives a replay", kind);
        }
        Ok(())
    }
}

async fn a_code_gives_one_set_of_tokens_at_most(database: Database) {
    let web = &Web::start(database).await;
    let once = web.redeemed(&[0]).await.remove(0).expect(200).json();
    assert!(web.is_in_force(&once["access_token"]).await && web.is_in_force(&once["refresh_token"]).await);
    holds(|schedule| async move { web.one_at_most(&web.redeemed(&schedule).await).await });
}

async fn a_refresh_token_has_one_successor_at_most(database: Database) {
    let web = &Web::start(database).await;
    let refreshed = async |schedule: &[u64]| {
        let first = web.redeemed(&[0]).await.remove(0).expect(200).json();
        let token = first["refresh_token"].as_str().expect("there is a refresh token").to_owned();
        (first, web.at_once(schedule, &[("grant_type", "refresh_token"), ("refresh_token", &token)]).await)
    };
    let (first, once) = refreshed(&[0]).await;
    assert!(web.is_in_force(&once[0].json()["refresh_token"]).await, "{}", once[0].text());
    assert!(!web.is_in_force(&first["refresh_token"]).await);
    holds(|schedule| async move {
        let (first, answers) = refreshed(&schedule).await;
        web.one_at_most(&answers).await?;
        prop_assert!(!web.is_in_force(&first["access_token"]).await, "the family's first access token is left");
        Ok(())
    });
}
