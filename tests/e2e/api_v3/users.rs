//! `/api/v3/core/users/`.

use lockgate_tests::{Client, Database, Executor, FlowEnd, Server, Site};
use serde_json::json;

use super::conventions::results;

on_each_database!(
    a_user_is_made_read_changed_and_deleted,
    a_password_is_set_and_never_shown,
    users_are_found_by_group_and_by_state,
    the_last_way_in_is_not_thrown_away,
);

async fn a_user_is_made_read_changed_and_deleted(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let group = api.post("core/groups/", &json!({ "name": "Staff" })).await.expect(201).json()["pk"].clone();
    let body = json!({
        "username": "mila", "name": "Mila Ø", "email": "mila@example.org",
        "path": "people/berlin", "attributes": { "desk": 4, "tags": ["a"] }, "groups": [group],
    });
    let made = api.post("core/users/", &body).await.expect(201).json();
    let path = format!("core/users/{}/", made["pk"]);
    let read = api.get(&path).await.expect(200).json();
    for key in ["username", "name", "email", "path", "attributes", "groups"] {
        assert_eq!(read[key], body[key], "{key}");
    }
    assert_eq!(
        (&read["type"], &read["is_active"], &read["is_superuser"]),
        (&json!("internal"), &json!(true), &json!(false))
    );
    assert_eq!(read["uid"].as_str().map(str::len), Some(64));
    assert!(read["uuid"].is_string() && read["date_joined"].is_string() && read["last_login"].is_null());
    assert_eq!(read["groups_obj"][0]["name"], "Staff");

    let patched = api.patch(&path, &json!({ "name": "Mila" })).await.expect(200).json();
    assert_eq!((&patched["name"], &patched["email"]), (&json!("Mila"), &body["email"]));
    let put = api.put(&path, &json!({ "username": "mila2", "name": "M" })).await.expect(200).json();
    assert_eq!(put["username"], "mila2");
    api.put(&path, &json!({ "name": "M" })).await.expect(400);

    api.delete(&path).await.expect(204);
    api.get(&path).await.expect(404);
    api.delete(&path).await.expect(404);
    let next = api.post("core/users/", &json!({ "username": "mila", "name": "" })).await.expect(201).json();
    assert!(next["pk"].as_i64() > made["pk"].as_i64(), "the number of a deleted user came back");
}

async fn a_password_is_set_and_never_shown(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let pk = api.create_user("mila", "first long password", &[]).await;
    let before = api.get(&format!("core/users/{pk}/")).await.expect(200);
    assert!(!before.text().contains("argon2"), "the hash is shown");
    assert!(before.json().get("password").is_none());
    let set = format!("core/users/{pk}/set_password/");
    api.post(&set, &json!({ "password": "second long password" })).await.expect(204);
    api.post(&set, &json!({})).await.expect(400);
    api.post(&set, &json!({ "password": "" })).await.expect(400);
    api.post(&set, &json!({ "password": "x".repeat(100_000) })).await.expect(400);
    let base = server.base();
    for (password, works) in [("first long password", false), ("second long password", true)] {
        let client = Client::new();
        let flow = Executor::new(&client, &base, "default-authentication-flow", "");
        let end = flow.login("mila", password).await;
        assert_eq!(matches!(end, FlowEnd::Redirect(_)), works, "{password}: {end:?}");
    }
}

async fn users_are_found_by_group_and_by_state(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let names = async |query: &str| -> Vec<String> {
        let list = api.get(&format!("core/users/?ordering=username&{query}")).await.expect(200).json();
        results(&list).iter().filter_map(|user| user["username"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names("groups_by_name=Media").await, ["ada"]);
    assert_eq!(names(&format!("groups_by_pk={}", api.group("Media").await)).await, ["ada"]);
    assert_eq!(names("is_superuser=true").await, ["akadmin"]);
    assert_eq!(names("email=bob@example.org").await, ["bob"]);
    api.patch(&format!("core/users/{}/", site.bob), &json!({ "is_active": false })).await.expect(200);
    assert_eq!(names("is_active=false&type=internal").await, ["bob"]);
}

async fn the_last_way_in_is_not_thrown_away(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let me = api.get("core/users/me/").await.expect(200).json();
    let path = format!("core/users/{}/", me["user"]["pk"]);
    let reply = api.delete(&path).await;
    assert!(matches!(reply.status, 400 | 403 | 409), "an administrator deletes themselves: {}", reply.status);
    api.get("core/users/me/").await.expect(200);
}
