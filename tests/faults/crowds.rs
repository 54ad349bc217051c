//! A hundred administrators at once, on one user, one group and one application: no field that was acknowledged is lost,
//! nobody is in the group who has left, and nobody is missing.

use std::collections::BTreeSet;

use lockgate_tests::{Api, Database, Server};
use serde_json::{Value, json};

use super::kills::unlimited;

on_each_database!(a_hundred_administrators_on_one_object_lose_nothing);

const ADMINISTRATORS: usize = 100;
const PATCHES: usize = 5;

/// Each field belongs to one of them: what it was told last is what has to be there.
const FIELDS: [(&str, &str); 9] = [
    ("core/users/<user>/", "name"),
    ("core/users/<user>/", "email"),
    ("core/users/<user>/", "path"),
    ("core/users/<user>/", "attributes"),
    ("core/groups/<group>/", "attributes"),
    ("core/applications/crowded/", "name"),
    ("core/applications/crowded/", "meta_description"),
    ("core/applications/crowded/", "meta_publisher"),
    ("core/applications/crowded/", "group"),
];

fn value(field: &str, number: usize) -> Value {
    match field {
        "email" => json!(format!("number-{number}@example.org")),
        "attributes" => json!({ "number": number }),
        "path" => json!(format!("users/{number}")),
        _ => json!(format!("number {number}")),
    }
}

/// Patches a field until it was told so often that it was done; whoever is told that somebody was faster tries again.
async fn patch(api: Api, path: String, field: &'static str) -> Value {
    let mut last = Value::Null;
    for number in 0..PATCHES {
        last = value(field, number);
        let mut tries = 0;
        loop {
            let reply = api.patch(&path, &json!({ field: last })).await;
            tries += 1;
            match reply.status {
                200 => break,
                409 | 503 if tries < 50 => {}
                _ => panic!("{path} {field}: {} {}", reply.status, reply.text()),
            }
        }
    }
    last
}

/// Joins and leaves; whether they are a member at last.
async fn come_and_go(api: Api, group: String, pk: i64, number: usize) -> Option<i64> {
    for turn in 0..=number % 4 {
        let act = if turn % 2 == 0 { "add_user" } else { "remove_user" };
        api.post(&format!("core/groups/{group}/{act}/"), &json!({ "pk": pk })).await.expect(204);
    }
    (number % 4).is_multiple_of(2).then_some(pk)
}

/// An administrator with a token of their own.
async fn administrator(api: Api, base: String, number: usize) -> (i64, Api) {
    let name = format!("admin-{number}");
    let made = api.post("core/users/", &json!({ "username": name, "name": name })).await.expect(201).json();
    let pk = made["pk"].as_i64().expect("a number");
    let token = json!({ "identifier": name, "intent": "api", "user": pk, "expiring": false });
    api.post("core/tokens/", &token).await.expect(201);
    let key = api.get(&format!("core/tokens/{name}/view_key/")).await.expect(200).json();
    (pk, Api::new(&base, key["key"].as_str()))
}

async fn a_hundred_administrators_on_one_object_lose_nothing(database: Database) {
    let server = unlimited(Server::builder(database)).start().await;
    let api = server.api();
    let making: Vec<_> =
        (0..ADMINISTRATORS).map(|number| tokio::spawn(administrator(api.clone(), server.base(), number))).collect();
    let mut administrators = Vec::new();
    for one in making {
        administrators.push(one.await.expect("an administrator is made"));
    }
    let all: Vec<i64> = administrators.iter().map(|(pk, _)| *pk).collect();
    let rights = json!({ "name": "all of them", "is_superuser": true, "users": all });
    api.post("core/groups/", &rights).await.expect(201);
    let group = api.post("core/groups/", &json!({ "name": "crew" })).await.expect(201).json()["pk"].clone();
    let group = group.as_str().expect("a group has a pk").to_owned();
    let user = api.create_user("target", "a long enough password", &[]).await;
    api.post("core/applications/", &json!({ "name": "Crowded", "slug": "crowded" })).await.expect(201);
    let path = |path: &str| path.replace("<user>", &user.to_string()).replace("<group>", &group);

    let (mut owners, mut members) = (Vec::new(), Vec::new());
    for (number, (pk, admin)) in administrators.into_iter().enumerate() {
        match FIELDS.get(number) {
            Some((place, field)) => owners.push((*place, *field, tokio::spawn(patch(admin, path(place), field)))),
            None => members.push(tokio::spawn(come_and_go(admin, group.clone(), pk, number))),
        }
    }
    let mut expected = BTreeSet::new();
    for member in members {
        expected.extend(member.await.expect("somebody comes and goes"));
    }
    for (place, field, owner) in owners {
        let last = owner.await.expect("a field is patched");
        let stored = api.get(&path(place)).await.expect(200).json()[field].clone();
        assert_eq!(stored, last, "{place} {field}");
    }
    let crew = api.get(&format!("core/groups/{group}/")).await.expect(200).json();
    let crew: Vec<i64> = crew["users"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    assert_eq!(crew.len(), expected.len(), "somebody is a member twice, or not at all");
    assert_eq!(crew.into_iter().collect::<BTreeSet<_>>(), expected);
}
