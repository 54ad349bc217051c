//! `/api/v3/events/…`: people are told of events, here and elsewhere.

use lockgate_tests::{Database, Receiver, Server, Site, eventually};
use serde_json::{Value, json};

use super::conventions::token_of;

on_each_database!(
    a_webhook_hears_of_an_event_even_when_it_was_away,
    people_find_what_they_are_told_where_they_sign_in,
    a_rule_in_the_folder_tells_in_its_own_words,
    a_failing_mapping_does_not_report_itself_forever,
);

/// A policy that matches these events, bound to a rule with this body.
async fn rule(site: &Site, action: &str, body: Value) -> Value {
    let api = site.server.api();
    let rule = api.post("events/rules/", &body).await.expect(201).json();
    let policy = json!({ "name": format!("{action} of {}", rule["name"]), "action": action });
    let policy = api.post("policies/event_matcher/", &policy).await.expect(201).json();
    let binding = json!({ "target": rule["pk"], "policy": policy["pk"], "order": 0 });
    api.post("policies/bindings/", &binding).await.expect(201);
    rule
}

async fn happens(server: &Server, action: &str, user: i64, message: &str) -> String {
    let user = json!({ "pk": user, "username": "ada", "email": "ada@example.com" });
    let body = json!({ "action": action, "app": "test", "user": user, "context": { "message": message } });
    let made = server.api().post("events/events/", &body).await.expect(201).json();
    made["pk"].as_str().unwrap_or_default().to_owned()
}

async fn tasks(server: &Server, query: &str) -> Vec<Value> {
    let found = server.api().get(&format!("tasks/tasks/?{query}")).await.expect(200).json();
    found["results"].as_array().cloned().unwrap_or_default()
}

async fn a_webhook_hears_of_an_event_even_when_it_was_away(database: Database) {
    let mut site = Site::direct(database).await;
    let receiver = Receiver::start().await;
    let api = site.server.api();
    let admins = api.group("authentik Admins").await;
    let headers = json!({ "name": "key", "expression": r##"#{ "X-Key": "k-" + notification.severity }"## });
    let headers = api.post("propertymappings/notification/", &headers).await.expect(201).json();
    let hook = json!({ "name": "hook", "mode": "webhook", "webhook_url": receiver.url(),
        "webhook_mapping_headers": headers["pk"] });
    let hook = api.post("events/transports/", &hook).await.expect(201).json();
    let slack = json!({ "name": "slack", "mode": "webhook_slack", "webhook_url": receiver.url(), "send_once": true });
    let slack = api.post("events/transports/", &slack).await.expect(201).json();
    let tested = format!("events/transports/{}/test/", hook["pk"].as_str().unwrap_or_default());
    let said = api.post(&tested, &json!({})).await.expect(200).json();
    assert!(said["messages"][0].as_str().unwrap_or_default().contains("204"), "{said}");
    receiver.answers(503);
    let said = api.post(&tested, &json!({})).await.expect(500);
    assert!(said.text().contains("503") && !said.text().contains("s3cret"), "{}", said.text());
    assert_eq!(receiver.heard().len(), 2);

    let body = json!({ "name": "attacks", "severity": "alert", "destination_group": admins,
        "transports": [hook["pk"], slack["pk"]], "destination_event_user": true });
    rule(&site, "suspicious_request", body).await;
    happens(&site.server, "suspicious_request", site.ada, "somebody knocks").await;
    // Akadmin and ada by the one, one of them by the other; none is reached.
    eventually(async || tasks(&site.server, "actor_name=notify_send&state=queued").await.len() == 3).await;
    eventually(async || receiver.heard().len() >= 5).await;
    let waiting = tasks(&site.server, "actor_name=notify_send&state=queued").await;
    assert!(waiting.iter().all(|task| !task["eta"].is_null()), "{waiting:#?}");

    // What waits survives the end of the process.
    receiver.answers(204);
    let before = receiver.heard().len();
    site.server.kill();
    site.server.launch().await;
    eventually(async || tasks(&site.server, "actor_name=notify_send&aggregated_status=info").await.len() == 3).await;
    let heard = receiver.heard().split_off(before);
    assert_eq!(heard.len(), 3, "{heard:#?}");
    let plain: Vec<_> = heard.iter().filter(|(_, body)| body["body"].is_string()).collect();
    assert_eq!(plain.len(), 2);
    for (headers, body) in plain {
        assert_eq!(headers["x-key"], "k-alert");
        assert_eq!(body["body"], "suspicious_request: somebody knocks");
        assert_eq!((&body["severity"], &body["event_user_username"]), (&json!("alert"), &json!("ada")));
    }
    let told = heard.iter().find_map(|(_, body)| body["attachments"].as_array()).expect("one in Slack's form");
    assert_eq!(told[0]["title"], "suspicious_request: somebody knocks");
}

async fn people_find_what_they_are_told_where_they_sign_in(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let local = api.only("events/transports/?name=default-local-transport").await;
    let email = api.only("events/transports/?name=default-email-transport").await;
    let body = json!({ "name": "own", "severity": "warning", "transports": [local["pk"], email["pk"]],
        "destination_event_user": true });
    rule(&site, "password_set", body).await;
    let event = happens(&site.server, "password_set", site.ada, "yours").await;
    let ada = token_of(&site, site.ada, "own").await;
    let bob = token_of(&site, site.bob, "other").await;
    let path = format!("events/notifications/?event={event}");
    let count = async |api: &lockgate_tests::Api| {
        api.get(&path).await.expect(200).json()["pagination"]["count"].as_i64().unwrap_or_default()
    };
    eventually(async || count(&ada).await == 1).await;
    assert_eq!(count(&bob).await, 0);
    let told = ada.only(&path).await;
    assert_eq!((&told["severity"], &told["body"]), (&json!("warning"), &json!("password_set: yours")));
    // Mail is honest about not being there.
    eventually(async || tasks(&site.server, "actor_name=notify_send&state=rejected").await.len() == 1).await;
    let rejected = tasks(&site.server, "actor_name=notify_send&state=rejected").await.remove(0);
    assert!(rejected["logs"][0]["event"].as_str().unwrap_or_default().contains("no mail"), "{rejected}");
}

async fn a_rule_in_the_folder_tells_in_its_own_words(database: Database) {
    let receiver = Receiver::start().await;
    let folder = r#"
notification_mapping: words
expression: |
  #{ text: notification.event.action + " by " + notification.event.user.username, to: user.username }
---
notification_transport: chat
mode: webhook
url: { env: CHAT_URL }
body: words
---
policy: attacks
event_matcher: { action: suspicious_request }
---
policy: loud
expression: context.event.action == "suspicious_request" && context.event.context.message.contains("loud")
---
notification_rule: attacks
severity: alert
event_user: true
transports: [chat]
policies: [attacks, loud]
"#;
    let server = Server::builder(database).config("notify.yaml", folder).set("CHAT_URL", &receiver.url()).start().await;
    let ada = server.api().create_user("ada", "a long enough password", &[]).await;
    happens(&server, "suspicious_request", ada, "a quiet one").await;
    happens(&server, "suspicious_request", ada, "a loud one").await;
    eventually(async || !receiver.heard().is_empty()).await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 1, "{heard:#?}");
    assert_eq!(heard[0].1, json!({ "text": "suspicious_request by ada", "to": "ada" }));
    let rule = server.api().only("events/rules/?name=attacks").await;
    let path = format!("events/rules/{}/", rule["pk"].as_str().unwrap_or_default());
    server.api().patch(&path, &json!({ "severity": "notice" })).await.expect(409);
}

async fn a_failing_mapping_does_not_report_itself_forever(database: Database) {
    let site = Site::direct(database).await;
    let receiver = Receiver::start().await;
    let api = site.server.api();
    let mapping = json!({ "name": "broken", "expression": "notification.no_such.thing" });
    let mapping = api.post("propertymappings/notification/", &mapping).await.expect(201).json();
    let hook = json!({ "name": "hook", "mode": "webhook", "webhook_url": receiver.url(),
        "webhook_mapping_body": mapping["pk"] });
    let hook = api.post("events/transports/", &hook).await.expect(201).json();
    let body = json!({ "name": "mappings", "transports": [hook["pk"]], "destination_event_user": true });
    rule(&site, "property_mapping_exception", body).await;
    happens(&site.server, "property_mapping_exception", site.ada, "the first").await;
    eventually(async || tasks(&site.server, "actor_name=notify_send&state=rejected").await.len() == 1).await;
    let path = "events/events/?actions=property_mapping_exception";
    eventually(async || {
        api.get(path).await.expect(200).json()["pagination"]["count"].as_i64().unwrap_or_default() == 2
    })
    .await;
    // The failure is noted, and nobody is told of it: the default rule and this one would be.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(tasks(&site.server, "actor_name=notify_rule").await.len(), 2);
    assert!(receiver.heard().is_empty());
}
