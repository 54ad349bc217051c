//! "Debugging OAuth", "Common Mistakes" and "Debug Mode".

use crate::api_v3::oauth2_providers::with_application;

use super::{GRAFANA_SECRET, Installation, curl, grep};

#[tokio::test(flavor = "multi_thread")]
async fn curl_gets_a_token_with_id_and_secret() {
    let home = Installation::start().await;
    let ask = |client: &str, secret: &str| {
        let told = curl(&[
            "-X",
            "POST",
            &home.server.url("/application/o/token/"),
            "-d",
            "grant_type=client_credentials",
            "-d",
            &format!("client_id={client}"),
            "-d",
            &format!("client_secret={secret}"),
        ]);
        serde_json::from_str::<serde_json::Value>(&told).unwrap_or_else(|_| panic!("{told}"))
    };
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    // As by clicks: a provider with nothing but what its form wants.
    let clicked = with_application(&home.server.api(), "clicked").await;
    let told = ask(&text(&clicked["client_id"]), &text(&clicked["client_secret"]));
    assert!(told["access_token"].is_string() && told["token_type"] == "Bearer", "{told}");
    let told = ask("scripts", GRAFANA_SECRET);
    assert!(told["access_token"].is_string() && told["token_type"] == "Bearer", "{told}");
    // A wrong secret is told from other mistakes, and stands in no log.
    let told = ask("scripts", "not-the-secret");
    assert_eq!(told["error"], "invalid_client", "{told}");
    // Of a client that only signs people in, the answer still tells whether id and secret are right.
    let told = ask("grafana", GRAFANA_SECRET);
    assert_eq!(told["error"], "unauthorized_client", "{told}");
    let told = ask("grafana", "not-the-secret");
    assert_eq!(told["error"], "invalid_client", "{told}");
    assert!(grep(&home.server.logs(), "not-the-secret").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_debug_tells_more() {
    let quiet = Installation::start().await;
    quiet.server.get("/if/flow/default-authentication-flow/").await.expect(200);
    assert_eq!(grep(&quiet.server.logs(), "\\bDEBUG\\b"), [""; 0]);
    let loud = Installation::start_with(|builder| builder.set("AUTHENTIK_LOG_LEVEL", "debug")).await;
    loud.server.get("/if/flow/default-authentication-flow/").await.expect(200);
    let worker = loud.server.begin(&["worker"]);
    lockgate_tests::eventually(async || !grep(&loud.server.logs(), "\\bDEBUG\\b").is_empty()).await;
    lockgate_tests::eventually(async || !grep(&worker.lines(), "\\bDEBUG\\b").is_empty()).await;
    let log = [loud.server.logs(), worker.lines()].concat();
    assert!(grep(&log, &loud.database.password).is_empty() && grep(&log, GRAFANA_SECRET).is_empty());
}
