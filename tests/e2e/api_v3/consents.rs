//! `/api/v3/core/user_consent/`.

use lockgate_tests::{Client, Database, Executor, Site};
use serde_json::{Value, json};

use super::conventions::token_of;

on_each_database!(a_consent_is_listed_and_taken_back_by_whoever_gave_it);

/// A service of its own that asks for consent; answers its application.
async fn asking(site: &Site) -> Value {
    let api = site.server.api();
    let flow = async |slug: &str| api.get(&format!("flows/instances/{slug}/")).await.expect(200).json()["pk"].clone();
    let provider = json!({
        "name": "four",
        "mode": "forward_single",
        "external_host": format!("http://four.lockgate.test:{}", site.port()),
        "authorization_flow": flow("default-provider-authorization-explicit-consent").await,
        "invalidation_flow": flow("default-provider-invalidation-flow").await,
    });
    let provider = api.post("providers/proxy/", &provider).await.expect(201).json();
    let application = json!({ "name": "Fourth Service", "slug": "four", "provider": provider["pk"] });
    api.post("core/applications/", &application).await.expect(201).json()
}

/// Asks for the service, up to the page that asks for consent; none when nothing was asked.
async fn asked(site: &Site, client: &Client) -> Option<Value> {
    let back: String = url::form_urlencoded::byte_serialize(site.url("four", "/-/health/live/").as_bytes()).collect();
    let start = site.url("four", &format!("/outpost.goauthentik.io/start?rd={back}"));
    let mut journey = client.open(&start).await;
    for _ in 0..4 {
        let page = journey.url().clone();
        let flow = Executor::at(client, &page)?;
        let challenge = flow.challenge().await.expect(200).json();
        if challenge["component"] == "ak-stage-consent" {
            let answer = json!({ "component": "ak-stage-consent", "token": challenge["token"] });
            flow.answer(&answer).await.expect(200);
            return Some(challenge);
        }
        let to = flow.login("ada", Site::password()).await.redirect();
        let to = page.join(&to).unwrap_or_else(|error| panic!("{to}: {error}"));
        journey = client.open(to.as_str()).await;
    }
    panic!("one flow follows the other: {:#?}", journey.hops);
}

async fn a_consent_is_listed_and_taken_back_by_whoever_gave_it(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let application = asking(&site).await;
    let key = application["pk"].as_str().unwrap_or_default();
    let visitor = Client::new();
    asked(&site, &visitor).await.unwrap_or_else(|| panic!("no consent was asked for"));

    let consent = api.only(&format!("core/user_consent/?application={key}")).await;
    assert_eq!(consent["user"]["username"], "ada");
    assert_eq!(consent["application"]["slug"], "four");
    assert_eq!(consent["expiring"], true);
    assert!(consent["permissions"].is_string() && consent["expires"].is_string(), "{consent}");
    let count = async |api: &lockgate_tests::Api, filter: &str| {
        api.get(&format!("core/user_consent/?{filter}")).await.expect(200).json()["pagination"]["count"].clone()
    };
    assert_eq!(count(&api, &format!("user={}", site.ada)).await, 1);
    assert_eq!(count(&api, &format!("user={}", site.bob)).await, 0);
    assert_eq!(count(&api, "search=fourth").await, 1);

    let path = format!("core/user_consent/{}/", consent["pk"]);
    let bob = token_of(&site, site.bob, "bob-api").await;
    assert_eq!(bob.get(&path).await.expect(404).json()["detail"], "No UserConsent matches the given query.");
    bob.delete(&path).await.expect(404);
    assert_eq!(count(&bob, &format!("user={}", site.ada)).await, 0);

    // What was agreed to is not asked again, unless it is taken back.
    assert!(asked(&site, &visitor).await.is_none());
    let ada = token_of(&site, site.ada, "ada-api").await;
    assert_eq!(ada.get(&path).await.expect(200).json(), consent);
    ada.delete(&path).await.expect(204);
    assert_eq!(count(&api, "").await, 0);
    assert!(asked(&site, &visitor).await.is_some());
}
