//! Accounts out of a table, over the API.

use crate::support::{Api, Reply, somebody};
use http::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;

async fn import(api: &Api, query: &str, table: &str) -> Reply {
    api.raw(Method::POST, &format!("/lockgate/users/import/{query}"), "text/csv; charset=utf-8", table).await
}

fn counts(told: &Value) -> [u64; 5] {
    ["rows", "created", "updated", "unchanged", "refused"].map(|name| told[name].as_u64().expect("a number"))
}

async fn group(api: &Api, name: &str) -> Value {
    api.post("/core/groups/", &json!({"name": name})).await.expect(201)["pk"].clone()
}

/// A thousand sound rows, and five that are not.
fn thousand() -> String {
    let mut table = "username,email,name,groups,active\n".to_owned();
    for n in 0..1_000 {
        let _ = writeln!(table, "user{n},u{n}@example.com,\"User, {n}\",staff,true");
    }
    table.push_str(",x@example.com,nameless,,\nbad,nowhere,Bad,,\nbad2,b@example.com,Bad,nogroup,\nuser7,,,,\nshort\n");
    table
}

#[tokio::test]
async fn a_table_is_taken_in_once_by_whoever_sends_it_twice_at_once() {
    let api = Api::start().await;
    group(&api, "staff").await;
    let table = thousand();
    let told = import(&api, "?dry_run=true", &table).await.expect(200);
    assert_eq!(counts(&told), [1_005, 1_000, 0, 0, 5], "{}", told["refused"]);
    assert_eq!(api.get("/core/users/?search=user").await.expect(200)["pagination"]["count"], 0);

    let (one, two) = tokio::join!(import(&api, "", &table), import(&api, "", &table));
    let (one, two) = (one.expect(200), two.expect(200));
    let both = |at: usize| counts(&one)[at] + counts(&two)[at];
    assert_eq!((both(1), both(3), both(4)), (1_000, 1_000, 10), "{:?} {:?}", counts(&one), counts(&two));
    let again = import(&api, "", &table).await.expect(200);
    assert_eq!(counts(&again), [1_005, 0, 0, 1_000, 5]);

    let refused: Vec<&Value> = again["report"].as_array().expect("a list").iter().collect();
    let lines: Vec<u64> = refused.iter().filter_map(|row| row["line"].as_u64()).collect();
    assert_eq!(lines, [1_002, 1_003, 1_004, 1_005, 1_006], "{refused:?}");
    assert!(refused.iter().all(|row| row["outcome"] == "refused" && row["message"] != ""), "{refused:?}");
    let text = refused[2]["message"].as_str().unwrap_or_default();
    assert!(text.contains("create_groups=true") && !text.contains("--"), "{text}");

    // Every account is whole.
    let staff = api.get("/core/users/?groups_by_name=staff&page_size=1").await.expect(200);
    assert_eq!(staff["pagination"]["count"], 1_000);
    let events = api.get("/events/events/?action=model_created&search=from+a+table").await.expect(200);
    let made: u64 =
        events["results"].as_array().expect("a list").iter().filter_map(|e| e["context"]["made"].as_u64()).sum();
    assert_eq!((made, &events["results"][0]["user"]["username"]), (1_000, &json!("akadmin")), "{events}");
}

#[tokio::test]
async fn accounts_that_are_there_change_when_that_is_asked_for() {
    let api = Api::start().await;
    let table = "username,name,groups\nada,Ada,\n";
    assert_eq!(counts(&import(&api, "", table).await.expect(200)), [1, 1, 0, 0, 0]);
    let table = "username,name,groups\nAda,Ada Lovelace,new group\n";
    let told = import(&api, "?create_groups=true", table).await.expect(200);
    assert_eq!(counts(&told), [1, 0, 0, 0, 1]);
    let text = told["report"][0]["message"].as_str().unwrap_or_default();
    assert!(text.contains("name, groups") && text.contains("update=true"), "{text}");
    let told = import(&api, "?create_groups=true&update=true", table).await.expect(200);
    assert_eq!((counts(&told), &told["report"][0]["outcome"]), ([1, 0, 1, 0, 0], &json!("updated")));
    let ada = api.get("/core/users/?username=ada").await.expect(200)["results"][0].clone();
    assert_eq!((&ada["name"], &ada["groups_obj"][0]["name"]), (&json!("Ada Lovelace"), &json!("new group")));
    let own = import(&api, "?update=true", "username,active\nakadmin,false\n").await.expect(200);
    assert_eq!(counts(&own)[4], 1, "{own}");
}

#[tokio::test]
async fn every_row_takes_what_its_effects_take() {
    let permits = "permit (principal == User::\"clerk\", action == Action::\"create\", resource is User);\n\
        permit (principal == User::\"clerk\", action == Action::\"manage_members\", resource == Group::\"staff\");\n\
        permit (principal == User::\"clerk\", action == Action::\"read\", resource == Group::\"staff\");\n\
        permit (principal == User::\"clerk\", action == Action::\"read\", resource == Group::\"board\");\n";
    let api = Api::start_with("clerk.cedar", permits).await;
    for name in ["staff", "board", "secret"] {
        group(&api, name).await;
    }
    api.post("/core/users/", &json!({"username": "hidden", "name": "x"})).await.expect(201);
    let clerk = somebody(&api, "clerk").await;
    let hash = "pbkdf2_sha256$1$c2FsdHNhbHQ$hGJrCBMGmqbvTPwnpmJFqPSmEKNXrKxqkYKOvRAGVWc=";
    let table = format!(
        "username,groups,password_hash\nok,staff,\nroot,authentik Admins,\nlord,board,\nspy,secret,\nkeyed,,{hash}\nhidden,,\nmaker,new group,\n"
    );
    for query in ["?dry_run=true&create_groups=true", "?create_groups=true"] {
        let told = import(&clerk, query, &table).await.expect(200);
        assert_eq!(counts(&told), [7, 1, 0, 0, 6], "{told}");
        let why = |name: &str| {
            let row = told["report"].as_array().expect("a list").iter().find(|row| row["username"] == name);
            row.and_then(|row| row["message"].as_str()).unwrap_or_default().to_owned()
        };
        assert!(why("lord").contains("permission"), "{told}");
        // What one may not see does not exist.
        assert!(why("root").contains("no group") && why("spy").contains("no group"), "{told}");
        assert!(why("keyed").contains("permission") && why("maker").contains("permission"), "{told}");
        assert_eq!(why("hidden"), "the user name is taken", "{told}");
    }
    let users = api.get("/core/users/?page_size=50").await.expect(200);
    let names: Vec<&str> =
        users["results"].as_array().expect("a list").iter().filter_map(|user| user["username"].as_str()).collect();
    assert!(names.contains(&"ok") && !names.contains(&"root") && !names.contains(&"keyed"), "{names:?}");
    import(&api.with_token("nobody"), "", &table).await.expect(403);
    let plain = somebody(&api, "plain").await;
    import(&plain, "", &table).await.expect(403);
}

#[tokio::test]
async fn what_is_no_table_is_refused_as_a_whole() {
    let api = Api::start().await;
    let told = import(&api, "", "name,mail\nada,x\n").await.expect(400);
    assert!(told["non_field_errors"][0].as_str().is_some_and(|text| text.starts_with("line 1: ")), "{told}");
    import(&api, "?dry_run=perhaps", "username\nada\n").await.expect(400);
    api.post("/lockgate/users/import/", &json!({})).await.expect(415);
    let large = format!("username\n{}", "x".repeat(2 << 20));
    import(&api, "", &large).await.expect(413);
    let empty = import(&api, "", "username\n").await.expect(200);
    assert_eq!(counts(&empty), [0; 5]);
}
