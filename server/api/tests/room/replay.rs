//! Decisions that are kept, taken again under another folder.

use crate::support::Api;
use chrono::TimeDelta;
use http::Method;
use lockgate_flows::Folder;
use lockgate_identity::{
    config::Texts,
    look::Look,
    places::GeoFiles,
    replay::{Bounds, Replay},
    system::SystemClock,
};
use lockgate_policies::Facts;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc, time::Duration};

const APPS: &str =
    "app: wiki\nname: Wiki\naccess:\n  any: [{ group: Editors }]\n---\ngroup: Editors\n---\ngroup: Staff\n";

/// A server where ada and bob have asked for the wiki, and only ada was let in.
async fn house() -> (Api, i64) {
    let api = Api::start_with("apps.yaml", APPS).await;
    api.is_at_rest().await;
    let groups = api.get("/core/groups/?name=Editors").await.expect(200);
    let ada = user(&api, "ada", json!([groups["results"][0]["pk"]])).await;
    let bob = user(&api, "bob", json!([])).await;
    for (pk, times) in [(ada, 1), (bob, 2)] {
        for _ in 0..times {
            ask(&api, pk).await;
        }
    }
    api.identity.journal.flush().await;
    (api, bob)
}

async fn user(api: &Api, name: &str, groups: Value) -> i64 {
    let body = json!({"username": name, "name": name, "groups": groups});
    api.post("/core/users/", &body).await.expect(201)["pk"].as_i64().expect("a number")
}

/// One decision, kept as those of sign-ins are.
async fn ask(api: &Api, pk: i64) {
    let identity = &api.identity;
    let snapshot = identity.config.snapshot();
    let who = identity.principals.get(pk).await.expect("a database").expect("a user");
    let facts = Facts::at(identity.clock.now());
    let decision = identity.access.app(&snapshot, Some(&who), "wiki", &facts).await;
    identity.access.keep(&decision, Some(&who), "wiki", &facts);
}

async fn count(api: &Api, path: &str) -> i64 {
    api.get(path).await.expect(200)["pagination"]["count"].as_i64().expect("a number")
}

fn folder(text: &str) -> Value {
    json!({"files": [{"path": "apps.yaml", "text": text}]})
}

#[tokio::test]
async fn decisions_are_taken_again_under_a_folder_and_nothing_is_kept_of_it() {
    let (api, bob) = house().await;
    let before = (count(&api, "/lockgate/decisions/").await, count(&api, "/events/events/").await);
    api.post("/lockgate/replay/", &folder(APPS)).await.expect(200);
    api.identity.journal.flush().await;
    let after = (count(&api, "/lockgate/decisions/").await, count(&api, "/events/events/").await);
    assert_eq!(after, before, "a replay is no decision and no event");
    let same = api.post("/lockgate/replay/", &json!({})).await.expect(200);
    assert_eq!((&same["otherwise"], &same["differing"]), (&json!([]), &json!(0)), "{same}");
    assert_eq!(same["decided"].as_i64(), Some(before.0));
    assert_eq!((&same["truncated"], &same["stopped_at"]), (&json!(false), &Value::Null));

    let staff = api.get("/core/groups/?name=Staff").await.expect(200)["results"][0]["pk"].clone();
    let open = APPS.replace("access:\n  any: [{ group: Editors }]\n", "");
    let told = api.post("/lockgate/replay/", &folder(&open)).await.expect(200);
    assert_eq!((&told["differing"], &told["decided"]), (&json!(2), &same["decided"]), "{told}");
    let one = &told["otherwise"][0];
    assert_eq!((&one["username"], &one["app"], &one["was"]), (&json!("bob"), &json!("wiki"), &json!(false)));
    assert_eq!((&one["now"]["allow"], &one["why"]), (&json!(true), &json!(["wiki has no bindings"])), "{one}");
    assert_eq!(
        api.get(&format!("/lockgate/decisions/{}/", one["id"].as_str().expect("an id"))).await.expect(200)["user"],
        bob
    );

    // The groups that they were in then count, not those of now.
    api.post(&format!("/core/groups/{}/add_user/", staff.as_str().expect("a key")), &json!({"pk": bob}))
        .await
        .expect(204);
    let staffed = folder(&APPS.replace("{ group: Editors }", "{ group: Staff }"));
    let told = api.post("/lockgate/replay/", &staffed).await.expect(200);
    let names: Vec<&str> =
        told["otherwise"].as_array().expect("a list").iter().filter_map(|o| o["username"].as_str()).collect();
    assert!(!names.contains(&"bob"), "{told}");

    let mut recent = folder(&open);
    recent["since"] = json!("0s");
    assert_eq!(api.post("/lockgate/replay/", &recent).await.expect(200)["decided"], 0);
    api.delete(&format!("/core/users/{bob}/")).await.expect(204);
    let left = api.post("/lockgate/replay/", &json!({"since": "hours=1"})).await.expect(200);
    assert_eq!(left["left_out"], 2, "{left}");
    assert_eq!(count(&api, "/lockgate/decisions/").await, before.0);
}

#[tokio::test]
async fn what_would_be_too_much_is_left_and_said() {
    let (api, _) = house().await;
    let open = APPS.replace("access:\n  any: [{ group: Editors }]\n", "");
    let folder = Folder::received([("apps.yaml".to_owned(), open)]);
    let texts = Texts { folder, root: PathBuf::new(), received: true };
    let proposed = api.identity.config.compiled(&texts).await.expect("a sound folder");
    let look = Look::open(api.store.clone(), Arc::new(SystemClock), None, &GeoFiles::default()).await.expect("a look");
    let fetcher = look.fetcher();
    let replay = Replay::of(&look, &fetcher, &proposed.snapshot);
    let since = api.identity.clock.now() - TimeDelta::hours(1);
    let all = replay.since(since, Bounds::default()).await.expect("a database");
    let one = Bounds { differences: Some(1), ..Bounds::default() };
    let listed = replay.since(since, one).await.expect("a database");
    assert_eq!((listed.truncated, listed.differing, listed.otherwise.len()), (true, 2, 1));
    assert_eq!((listed.decided, &listed.otherwise[..]), (all.decided, &all.otherwise[..1]));
    let short = Bounds { time: Some(Duration::ZERO), ..Bounds::default() };
    let stopped = replay.since(since, short).await.expect("a database");
    assert_eq!((stopped.decided + stopped.left_out, stopped.stopped_at.is_some()), (1, true));
}

#[tokio::test]
async fn what_is_wrong_is_told_and_who_may_not_is_refused() {
    let (api, _) = house().await;
    let told = api.post("/lockgate/replay/", &folder(&APPS.replace("name: Wiki", "naem: Wiki"))).await.expect(400);
    let at = &told["diagnostics"][0];
    assert_eq!((&at["file"], &at["line"], &at["column"]), (&json!("apps.yaml"), &json!(2), &json!(1)), "{told}");
    assert!(told["non_field_errors"][0].as_str().is_some_and(|text| text.starts_with("apps.yaml:2:1: ")), "{told}");
    let told = api.post("/lockgate/replay/", &json!({"since": "a week"})).await.expect(400);
    assert!(told["since"][0].as_str().is_some_and(|text| text.contains("write 30d, 8h")), "{told}");
    api.post("/lockgate/replay/", &json!({"files": "no"})).await.expect(400);
    api.anonymous(Method::POST, "/lockgate/replay/", &json!({})).await.expect(403);

    // Neither half of the right is enough.
    for right in [
        "action == Action::\"test\", resource in Kind::\"revision\"",
        "action == Action::\"read\", resource in Kind::\"decision\"",
    ] {
        let policy = format!("permit (principal in Group::\"Half\", {right});");
        let half = Api::start_with("admin.cedar", &policy).await;
        let group = half.post("/core/groups/", &json!({"name": "Half"})).await.expect(201);
        let pk = user(&half, "half", json!([group["pk"]])).await;
        half.post("/core/tokens/", &json!({"identifier": "half", "user": pk})).await.expect(201);
        let key = half.get("/core/tokens/half/view_key/").await.expect(200);
        let half = half.with_token(key["key"].as_str().expect("a key"));
        half.post("/lockgate/replay/", &json!({})).await.expect(403);
        half.post("/lockgate/replay/", &folder(APPS)).await.expect(403);
    }
}
