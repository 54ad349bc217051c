//! `/api/v3/core/groups/`.

use lockgate_tests::{Client, Database, Reply, Server, Site};
use serde_json::json;

on_each_database!(
    a_group_is_made_read_changed_and_deleted,
    membership_is_inherited_from_below,
    a_circle_of_parents_does_not_hang,
    a_superuser_group_makes_superusers,
);

async fn a_group_is_made_read_changed_and_deleted(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let user = api.create_user("mila", "some long password", &[]).await;
    let body = json!({ "name": "Staff", "attributes": { "floor": 2 }, "users": [user] });
    let made = api.post("core/groups/", &body).await.expect(201).json();
    let path = format!("core/groups/{}/", made["pk"].as_str().unwrap_or_default());
    let read = api.get(&path).await.expect(200).json();
    assert_eq!(
        (&read["name"], &read["attributes"], &read["users"]),
        (&body["name"], &body["attributes"], &body["users"])
    );
    assert_eq!(read["is_superuser"], false);
    assert_eq!(read["users_obj"][0]["username"], "mila");
    assert!(read["num_pk"].is_i64());
    assert!(api.get(&format!("{path}?include_users=false")).await.expect(200).json()["users_obj"].is_null());

    api.post("core/groups/", &body).await.expect(400);
    api.patch(&path, &json!({ "name": "Crew" })).await.expect(200);
    let remove = format!("{path}remove_user/");
    api.post(&remove, &json!({ "pk": user })).await.expect(204);
    api.post(&format!("{path}add_user/"), &json!({ "pk": 999_999 })).await.expect(404);
    assert_eq!(api.get(&path).await.expect(200).json()["users"], json!([]));
    api.delete(&path).await.expect(204);
    api.get(&path).await.expect(404);
    api.get(&format!("core/users/{user}/")).await.expect(200);
}

async fn membership_is_inherited_from_below(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let media = api.group("Media").await;
    let child = json!({ "name": "Film Club", "parents": [media], "users": [site.bob] });
    let child = api.post("core/groups/", &child).await.expect(201).json();
    let bob = site.signed_in("bob").await;
    let reply = Reply::of(site.ask(&bob, "traefik", "one", "/")).await.expect(200);
    let mut groups: Vec<String> = reply.header("X-authentik-groups").split('|').map(str::to_owned).collect();
    groups.sort();
    assert_eq!(groups, ["Film Club", "Media"]);

    // Taking the child from its parent takes bob's access, at once.
    let path = format!("core/groups/{}/", child["pk"].as_str().unwrap_or_default());
    api.patch(&path, &json!({ "parents": [] })).await.expect(200);
    let reply = Reply::of(site.ask(&bob, "traefik", "one", "/")).await;
    assert_ne!(reply.status, 200);
}

async fn a_circle_of_parents_does_not_hang(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let one = api.post("core/groups/", &json!({ "name": "One", "users": [site.bob] })).await.expect(201).json();
    let two = json!({ "name": "Two", "parents": [one["pk"]] });
    let two = api.post("core/groups/", &two).await.expect(201).json();
    let path = format!("core/groups/{}/", one["pk"].as_str().unwrap_or_default());
    let circle = api.patch(&path, &json!({ "parents": [two["pk"], one["pk"]] })).await;
    assert!(matches!(circle.status, 200 | 400), "{}", circle.text());
    api.get(&format!("core/users/{}/", site.bob)).await.expect(200);
    let ada = site.signed_in("ada").await;
    Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    let (bob, start) = (Client::new(), site.url("one", "/outpost.goauthentik.io/start"));
    let refused = bob.open_signing_in(&start, "bob", Site::password()).await;
    assert!(refused.reply.text().contains("Media"));
}

async fn a_superuser_group_makes_superusers(database: Database) {
    let site = Site::direct(database).await;
    let ada = super::conventions::token_of(&site, site.ada, "ada-api").await;
    ada.get("core/users/").await.expect(403);
    site.server.api().join(site.ada, "authentik Admins").await;
    ada.get("core/users/").await.expect(200);
    site.server.api().leave(site.ada, "authentik Admins").await;
    ada.get("core/users/").await.expect(403);
}
