//! What flows say about where the application is opened.

use crate::house::House;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_names_the_person_waits_for_one() {
    let house = House::open().await;
    for (slug, address, shown) in [
        ("wiki", "https://wiki.test/%(username)s", Value::Null),
        ("films", "https://films.test/all", json!("https://films.test/all")),
    ] {
        house.register(slug, json!({})).await;
        let snapshot = house.identity.config.snapshot();
        let app = snapshot.app(slug).expect("an application");
        let mut body = serde_json::to_value(&app.application).expect("JSON");
        body["meta_launch_url"] = json!(address);
        house.change(&[("application", app.id, body)]).await;

        let led = house.visit(&House::ask(slug, &[("prompt", "login")])).await;
        assert!(led.location().starts_with("/if/flow/default-authentication-flow/"), "{}", led.location());
        let asked = house.challenge("default-authentication-flow").await;
        assert_eq!(asked["application_pre"], format!("The {slug}"));
        assert_eq!(asked["application_pre_launch"], shown);
    }
}
