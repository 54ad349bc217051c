//! The id of a request leads from a person's page to the log and to events.

use lockgate_tests::{Client, Database, Executor, Reply, Site};

on_each_database!(the_id_on_a_page_is_that_of_log_and_event);

async fn the_id_on_a_page_is_that_of_log_and_event(database: Database) {
    let site = Site::direct(database).await;
    let id_of = |reply: &Reply| reply.header("x-authentik-id");

    // Somebody is denied: the page tells the decision, and the log has it under the request.
    let bob = Client::new();
    let denied = bob.open_signing_in(&site.url("one", "/outpost.goauthentik.io/start"), "bob", Site::password()).await;
    assert_eq!(denied.reply.status, 403, "{:#?}", denied.hops);
    let line = site.server.logged(&["policy_execution", &id_of(&denied.reply)]).await;
    let line: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
    let context: serde_json::Value =
        serde_json::from_str(line["context"].as_str().unwrap_or_default()).expect("a context in JSON");
    let decision = context["decision"].as_str().expect("a decision").to_owned();
    assert!(denied.reply.text().contains(&decision), "{decision}: {}", denied.reply.text());

    // What goes wrong on the sign-in host: a page, under the answer's own id.
    let missing = bob.get(&site.url("auth", "/application/o/authorize/?client_id=nobody")).await;
    assert!(missing.status >= 400, "{}", missing.status);
    assert!(missing.text().contains(&id_of(&missing)), "{}", missing.text());
    // Nobody chooses it.
    let chosen = bob.request(reqwest::Method::GET, &site.url("auth", "/nothing")).header("x-authentik-id", "f00");
    assert_ne!(id_of(&Reply::of(chosen.header("accept", "text/html")).await), "f00");

    // A wrong password: the line of the log and the event carry the id of the request that brought it.
    let stranger = Client::new();
    Executor::new(&stranger, &site.server.base(), "default-authentication-flow", "").login("akadmin", "wrong").await;
    let line = site.server.logged(&["login_failed", "request_id"]).await;
    let line: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
    let id = line["request_id"].as_str().expect("an id").to_owned();
    assert_eq!(id.len(), 32, "{line}");
    let path = "events/events/?action=login_failed";
    let mut kept = serde_json::Value::Null;
    for _ in 0..50 {
        kept = site.server.api().get(path).await.expect(200).json()["results"][0]["context"]["request_id"].clone();
        if !kept.is_null() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(kept, id);
    // Background work belongs to no request.
    assert!(site.server.logs().iter().any(|line| line.contains("\"serving\"") && !line.contains("request_id")));
}
