//! `/api/v3/tasks/…`: the work in the background.

use lockgate_tests::{Database, Server, eventually};
use serde_json::json;

on_each_database!(what_is_done_again_and_again_is_told_of_and_can_be_sent, workers_are_listed);

async fn what_is_done_again_and_again_is_told_of_and_can_be_sent(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let schedule = async |name: &str| api.only(&format!("tasks/schedules/?actor_name={name}")).await;
    // All of it is done once at first start.
    eventually(async || schedule("expired_consents").await["last_task_status"] == "info").await;
    let first = schedule("expired_consents").await;
    let path = format!("tasks/schedules/{}/", first["id"].as_str().unwrap_or_default());
    let paused = api.patch(&path, &json!({ "paused": true })).await.expect(200).json();
    assert_eq!(paused["paused"], true);
    let runs = async || {
        let done = "tasks/tasks/?actor_name=expired_consents&aggregated_status=info";
        api.get(done).await.expect(200).json()["pagination"]["count"].as_i64().unwrap_or_default()
    };
    assert_eq!(runs().await, 1);
    api.post(&format!("{path}send/"), &json!({})).await.expect(204);
    eventually(async || runs().await == 2).await;
    let done = api.get("tasks/tasks/?actor_name=expired_consents").await.expect(200).json()["results"][0].clone();
    assert!(done["logs"][0]["event"].as_str().unwrap_or_default().ends_with("rows"), "{done}");
    let again = format!("tasks/tasks/{}/retry/", done["message_id"].as_str().unwrap_or_default());
    api.post(&again, &json!({})).await.expect(204);
    let one = format!("tasks/tasks/{}/", done["message_id"].as_str().unwrap_or_default());
    eventually(async || {
        let task = api.get(&one).await.expect(200).json();
        task["state"] == "done"
            && task["retries"] == 1
            && task["previous_logs"].as_array().is_some_and(|l| l.len() == 1)
    })
    .await;
    // It is done at another time from now on.
    api.put(&path, &json!({ "crontab": "* * * * * *", "paused": false })).await.expect(200);
    eventually(async || runs().await >= 4).await;
}

async fn workers_are_listed(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let workers = async || api.get("tasks/workers/").await.expect(200).json().as_array().cloned().unwrap_or_default();
    eventually(async || workers().await.len() == 1).await;
    assert_eq!(workers().await[0]["version_matching"], true);
    assert_eq!(api.get("tasks/tasks/status/").await.expect(200).json()["error"], 0);
}
