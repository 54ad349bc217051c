//! What ends by itself, while somebody goes on asking: never before its time, and not one request after.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lockgate_tests::{Client, Database, Reply, Site, SiteOptions};
use serde_json::{Value, json};

use super::open_app;

on_each_database!(a_binding_ends_and_begins_by_itself, a_membership_ends_by_itself);

async fn a_binding_ends_and_begins_by_itself(database: Database) {
    let (site, ada) = beside_the_folder(database).await;
    let (until, from) = (soon(3), soon(5));
    let first = bind(&site, 0, json!({ "until": until })).await;
    bind(&site, 1, json!({ "from": from })).await;
    assert_eq!(first["until"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()), Some(until));
    assert_eq!(first["from"], Value::Null);
    let path = format!("policies/bindings/{}/", first["pk"].as_str().unwrap_or_default());
    let refused = site.server.api().patch(&path, &json!({ "from": from, "until": until })).await.expect(400);
    assert_eq!(refused.json(), json!({ "until": ["'until' must lie after 'from'."] }));
    watch(&site, &ada, until, 200, 403).await;
    watch(&site, &ada, from, 403, 200).await;
}

async fn a_membership_ends_by_itself(database: Database) {
    let (site, ada) = beside_the_folder(database).await;
    bind(&site, 0, json!({})).await;
    let group = group(&site).await;
    let path = format!("core/groups/{}", group["pk"].as_str().unwrap_or_default());
    let api = site.server.api();
    let until = soon(3);
    api.post(&format!("{path}/add_user/"), &json!({ "pk": site.ada, "until": until })).await.expect(204);
    let told = api.get(&format!("{path}/memberships/")).await.expect(200).json();
    assert_eq!((&told[0]["pk"], &told[0]["in_force"]), (&json!(site.ada), &json!(true)), "{told}");
    // Who is put in once more, by somebody who knows of no times, does not stay longer.
    api.post(&format!("{path}/add_user/"), &json!({ "pk": site.ada })).await.expect(204);
    watch(&site, &ada, until, 200, 403).await;
    let members = api.get(&format!("{path}/")).await.expect(200).json();
    assert_eq!(members["users"], json!([]));
    let told = api.get(&format!("{path}/memberships/")).await.expect(200).json();
    assert_eq!(told[0]["in_force"], false);
}

fn soon(seconds: i64) -> DateTime<Utc> {
    Utc::now() + TimeDelta::seconds(seconds)
}

/// An application of the API beside those of the folder, and somebody who is inside.
async fn beside_the_folder(database: Database) -> (Site, Client) {
    let site = Site::direct_with(database, SiteOptions::default()).await;
    open_app(&site.server, "brief", &site.url("brief", ""), &json!({})).await;
    let ada = Client::new();
    site.enter(&ada, "brief", "ada").await;
    Reply::of(site.ask(&ada, "traefik", "brief", "/")).await.expect(200);
    (site, ada)
}

async fn group(site: &Site) -> Value {
    site.server.api().only("core/groups/?name=Media").await
}

async fn bind(site: &Site, order: i32, times: Value) -> Value {
    let api = site.server.api();
    let app = api.get("core/applications/brief/").await.expect(200).json();
    let mut binding = json!({ "target": app["pk"], "group": group(site).await["pk"], "order": order });
    for (key, value) in times.as_object().into_iter().flatten() {
        binding[key] = value.clone();
    }
    api.post("policies/bindings/", &binding).await.expect(201).json()
}

/// Asks until well after a moment: every answer that was there before it is `before`, every answer to what was
/// asked after it is `after`.
async fn watch(site: &Site, client: &Client, moment: DateTime<Utc>, before: u16, after: u16) {
    let (mut early, mut late) = (0, 0);
    while late < 10 {
        let asked = Utc::now();
        let status = Reply::of(site.ask(client, "traefik", "brief", "/")).await.status;
        let answered = Utc::now();
        if answered < moment {
            assert_eq!(status, before, "{} too early", moment - answered);
            early += 1;
        } else if asked >= moment {
            assert_eq!(status, after, "{} too late", asked - moment);
            late += 1;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(early > 0, "the moment had passed before anybody asked");
}
