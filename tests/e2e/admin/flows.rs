//! `/if/admin/flows/`: stages in order, the picture, and going through a flow without any effect.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Database, Server};
use serde_json::{Value, json};

use super::applications::{Desk, has, lacks};

on_each_database!(
    stages_are_added_moved_and_removed,
    a_stage_runs_for_some_alone,
    a_flow_is_tried_as_somebody,
    text_in_the_picture_stays_text,
    who_may_only_read_flows_changes_none,
);

async fn stage(server: &Server, name: &str) -> String {
    let stage = server.api().post("stages/dummy/", &json!({ "name": name })).await.expect(201).json();
    stage["pk"].as_str().unwrap_or_default().to_owned()
}

async fn flow(server: &Server, slug: &str) -> Value {
    let body = json!({"name": slug, "slug": slug, "title": "A way", "designation": "stage_configuration"});
    server.api().post("flows/instances/", &body).await.expect(201).json()
}

/// Names of the stages of a flow in order.
async fn order(server: &Server, flow: &Value) -> Vec<String> {
    let path = format!("flows/bindings/?ordering=order&target={}", flow["pk"].as_str().unwrap_or_default());
    let list = server.api().get(&path).await.expect(200).json();
    let name = |one: &Value| one["stage_obj"]["name"].as_str().unwrap_or_default().to_owned();
    list["results"].as_array().into_iter().flatten().map(name).collect()
}

async fn binding_of(server: &Server, flow: &Value, name: &str) -> String {
    let path = format!("flows/bindings/?target={}", flow["pk"].as_str().unwrap_or_default());
    let list = server.api().get(&path).await.expect(200).json();
    let found = list["results"].as_array().into_iter().flatten().find(|one| one["stage_obj"]["name"] == json!(name));
    found.and_then(|one| one["pk"].as_str()).unwrap_or_default().to_owned()
}

async fn stages_are_added_moved_and_removed(database: Database) {
    let server = Server::builder(database).start().await;
    let made = flow(&server, "way").await;
    let (first, second, third) =
        (stage(&server, "first").await, stage(&server, "second").await, stage(&server, "third").await);
    let desk = Desk::admin(&server).await;
    let home = "flows/way/stages/";
    has(&desk.page(home).await, &["It has no stages", "Add a stage"]);
    has(&desk.send(home, &[("stage", "")]).await.expect(422).text(), &["Choose a stage."]);
    desk.sends(home, &[("stage", &first), ("before", "")]).await;
    desk.sends(home, &[("stage", &third), ("before", "")]).await;
    let before = binding_of(&server, &made, "third").await;
    has(&desk.sends(home, &[("stage", &second), ("before", &before)]).await, &["Created.", "second", "<svg"]);
    assert_eq!(order(&server, &made).await, ["first", "second", "third"]);
    desk.sends(&format!("{home}{before}/move/"), &[("way", "up")]).await;
    assert_eq!(order(&server, &made).await, ["first", "third", "second"]);
    desk.sends(&format!("{home}{before}/move/"), &[("way", "up")]).await;
    desk.sends(&format!("{home}{before}/move/"), &[("way", "up")]).await;
    assert_eq!(order(&server, &made).await, ["third", "first", "second"], "the first stays the first");
    let edit = format!("{home}{before}/edit/");
    has(&desk.page(&edit).await, &["third in way"]);
    desk.send(&edit, &[("policy_engine_mode", "some")]).await.expect(422);
    let fields = [
        ("policy_engine_mode", "all"),
        ("invalid_response_action", "restart"),
        ("re_evaluate_policies", "true"),
        ("order", "0"),
    ];
    has(&desk.sends(&edit, &fields).await, &["Saved.", "begins the flow anew"]);
    has(&desk.page(&format!("{home}{before}/remove/")).await, &["The stage itself stays, in no flow."]);
    desk.sends(&format!("{home}{before}/remove/"), &[]).await;
    assert_eq!(order(&server, &made).await, ["first", "second"]);
    // A stage of another flow is not reached from here.
    let other = flow(&server, "other").await;
    let elsewhere = binding_of(&server, &made, "first").await;
    desk.get(&format!("flows/other/stages/{elsewhere}/edit/")).await.expect(404);
    desk.send(&format!("flows/other/stages/{elsewhere}/remove/"), &[]).await.expect(404);
    assert!(order(&server, &other).await.is_empty());
    has(&desk.page("flows/way/").await, &["Open in a new tab", "/if/flow/way/", "Export"]);
}

async fn a_stage_runs_for_some_alone(database: Database) {
    let server = Server::builder(database).start().await;
    let made = flow(&server, "way").await;
    let first = stage(&server, "first").await;
    let group = server.api().post("core/groups/", &json!({"name": "Staff"})).await.expect(201).json();
    let desk = Desk::admin(&server).await;
    desk.sends("flows/way/stages/", &[("stage", &first), ("before", "")]).await;
    let home = format!("flows/way/stages/{}/bindings/", binding_of(&server, &made, "first").await);
    has(&desk.page(&home).await, &["When first runs", "It always runs"]);
    let pk = group["pk"].as_str().unwrap_or_default();
    has(&desk.sends(&home, &[("group", pk), ("order", "0"), ("enabled", "true")]).await, &["Staff", "Members"]);
    has(&desk.page("flows/way/stages/").await, &["Runs only for the group Staff.", "class=\"skip\""]);
    has(&desk.sends("flows/way/bindings/", &[("group", pk), ("order", "0"), ("enabled", "true")]).await, &["Staff"]);
    has(&desk.page("flows/way/").await, &["class=\"guard\""]);
}

async fn a_flow_is_tried_as_somebody(database: Database) {
    let server = Server::builder(database).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let desk = Desk::admin(&server).await;
    let home = "flows/default-authentication-flow/try/";
    has(&desk.page(home).await, &["Go through it", "Nothing is changed"]);
    let waits = desk.send(home, &[("user", "ada")]).await.expect(200).text();
    has(&waits, &["It waits for an answer at", "value=\"password\""]);
    let fields = [
        ("user", "ada"),
        ("answers.0.stage", ""),
        ("answers.0.field", "password"),
        ("answers.0.value", "whatever it is"),
    ];
    let through = desk.send(home, &fields).await.expect(200).text();
    has(&through, &["ada is signed in", "The way"]);
    has(&desk.send(home, &[("user", "nobody")]).await.expect(422).text(), &["id=\"e-user\""]);
    has(&desk.send(home, &[("user", "ada"), ("ip", "somewhere")]).await.expect(422).text(), &["Enter a valid IPv4"]);
}

async fn text_in_the_picture_stays_text(database: Database) {
    let server = Server::builder(database).start().await;
    flow(&server, "way").await;
    let bad = stage(&server, "<img src=x onerror=alert(1)>").await;
    let desk = Desk::admin(&server).await;
    desk.sends("flows/way/stages/", &[("stage", &bad), ("before", "")]).await;
    let page = desk.page("flows/way/stages/").await;
    has(&page, &["&lt;img src=x"]);
    lacks(&page, &["<img src=x", " style="]);
}

async fn who_may_only_read_flows_changes_none(database: Database) {
    let server = Server::builder(database).start().await;
    let made = flow(&server, "way").await;
    let first = stage(&server, "first").await;
    let body = json!({"target": made["pk"], "stage": first, "order": 0});
    server.api().post("flows/bindings/", &body).await.expect(201);
    let permissions = ["authentik_flows.view_flow", "authentik_flows.view_flowstagebinding"];
    let desk = Desk::person(&server, "reader", &permissions).await;
    let page = desk.page("flows/way/stages/").await;
    has(&page, &["first"]);
    lacks(&page, &["Add a stage", ">Up<", "Remove", "Export"]);
    let binding = binding_of(&server, &made, "first").await;
    desk.send(&format!("flows/way/stages/{binding}/remove/"), &[]).await.expect(403);
    let added = desk.send("flows/way/stages/", &[("stage", &first), ("before", "")]).await;
    assert!(matches!(added.status, 403 | 422), "{}", added.status);
    assert_eq!(order(&server, &made).await, ["first"]);
    lacks(&desk.page("flows/way/try/").await, &["name=\"answers.0.field\""]);
}
