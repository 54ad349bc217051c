//! Invitations over the API: who may make, see and change them.

use crate::support::Api;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

const LIST: &str = "/stages/invitation/invitations/";

fn one(invitation: &Value) -> String {
    format!("{LIST}{}/", invitation["pk"].as_str().expect("a key"))
}

/// The key of a token of a new user in the group `Hosts`.
async fn host(api: &Api, name: &str) -> Api {
    let group = api.get("/core/groups/?name=Hosts").await.expect(200)["results"][0]["pk"].clone();
    let made = json!({"username": name, "name": "", "groups": [group]});
    let made = api.post("/core/users/", &made).await.expect(201);
    api.post("/core/tokens/", &json!({"identifier": name, "user": made["pk"]})).await.expect(201);
    let key = api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200)["key"].clone();
    api.with_token(key.as_str().expect("a key"))
}

fn names(list: &Value) -> Vec<&str> {
    list["results"].as_array().expect("a list").iter().filter_map(|found| found["name"].as_str()).collect()
}

#[tokio::test]
async fn an_invitation_is_made_found_changed_and_taken_back() {
    let api = Api::start().await;
    let flow = api.get("/flows/instances/default-authentication-flow/").await.expect(200)["pk"].clone();
    let small = api.post(LIST, &json!({"name": "small"})).await.expect(201);
    assert_eq!(
        (&small["expires"], &small["fixed_data"], &small["single_use"]),
        (&json!(null), &json!({}), &json!(false))
    );
    assert_eq!((&small["flow"], &small["flow_obj"]), (&json!(null), &json!(null)));
    let body = json!({"name": "big", "expires": "2100-01-01T00:00:00Z", "fixed_data": {"a": {"b": 1}}, "single_use": true, "flow": flow});
    let big = api.post(LIST, &body).await.expect(201);
    for (field, value) in body.as_object().expect("a map") {
        assert_eq!(&big[field], value, "{field}");
    }
    assert_eq!(
        (&big["flow_obj"]["slug"], &big["created_by"]["username"]),
        (&json!("default-authentication-flow"), &json!("akadmin"))
    );
    assert_eq!(api.get(&one(&big)).await.expect(200), big);
    assert_eq!(api.get(&format!("{}used_by/", one(&big))).await.expect(200), json!([]));

    for (query, expected) in [
        ("ordering=name", vec!["big", "small"]),
        ("ordering=-name", vec!["small", "big"]),
        ("name=small", vec!["small"]),
        ("search=SMA", vec!["small"]),
        ("search=akadm&ordering=name", vec!["big", "small"]),
        ("flow__slug=default-authentication-flow", vec!["big"]),
        ("flow__slug=none", vec![]),
        ("created_by__username=akadmin&ordering=name", vec!["big", "small"]),
        ("created_by__username=nobody", vec![]),
        ("expires=2100-01-01T00:00:00Z", vec!["big"]),
        ("page_size=1&page=2&ordering=name", vec!["small"]),
    ] {
        assert_eq!(names(&api.get(&format!("{LIST}?{query}")).await.expect(200)), expected, "{query}");
    }

    let changed = api.patch(&one(&big), &json!({"expires": null, "flow": null})).await.expect(200);
    assert_eq!(
        (&changed["expires"], &changed["flow"], &changed["single_use"]),
        (&json!(null), &json!(null), &json!(true))
    );
    let replaced = api.put(&one(&big), &json!({"name": "other"})).await.expect(200);
    assert_eq!((&replaced["name"], &replaced["fixed_data"]), (&json!("other"), &json!({"a": {"b": 1}})));
    api.delete(&one(&big)).await.expect(204);
    api.get(&one(&big)).await.expect(404);
    api.delete(&one(&big)).await.expect(404);

    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "no spaces"}), "name"),
        (json!({"name": "a", "flow": "00000000-0000-4000-8000-000000000000"}), "flow"),
        (json!({"name": "a", "flow": "none"}), "flow"),
        (json!({"name": "a", "fixed_data": []}), "fixed_data"),
        (json!({"name": "a", "fixed_data": {"password": "readable"}}), "fixed_data"),
        (json!({"name": "a", "expires": "tomorrow"}), "expires"),
        (json!({"name": "a", "single_use": "perhaps"}), "single_use"),
    ] {
        assert!(!api.post(LIST, &body).await.expect(400)[field].is_null(), "{body}");
    }
}

const HOSTS: &str = r#"
permit (principal in Group::"Hosts", action == Action::"create", resource is Object)
when { resource.kind == "invitation" && resource.name == "guest" };
permit (principal in Group::"Hosts", action == Action::"read", resource is Object)
when { resource.kind == "invitation" && resource.name == "public" };
"#;

#[tokio::test]
async fn who_may_invite_sees_their_own_and_changes_nothing() {
    let api = Api::start_with("hosts.cedar", HOSTS).await;
    api.post("/core/groups/", &json!({"name": "Hosts"})).await.expect(201);
    let (ada, bob) = (host(&api, "ada").await, host(&api, "bob").await);
    let hidden = api.post(LIST, &json!({"name": "hidden"})).await.expect(201);
    api.post(LIST, &json!({"name": "public"})).await.expect(201);
    let own = ada.post(LIST, &json!({"name": "guest"})).await.expect(201);
    ada.post(LIST, &json!({"name": "anybody"})).await.expect(403);

    assert_eq!(names(&ada.get(&format!("{LIST}?ordering=name")).await.expect(200)), ["guest", "public"]);
    assert_eq!(names(&bob.get(LIST).await.expect(200)), ["public"]);
    ada.get(&one(&own)).await.expect(200);
    bob.get(&one(&own)).await.expect(404);
    ada.get(&one(&hidden)).await.expect(404);
    // Whoever may invite may not change afterwards what an invitation says.
    for path in [one(&own)] {
        ada.patch(&path, &json!({"fixed_data": {"a": 1}})).await.expect(403);
        ada.put(&path, &json!({"name": "guest"})).await.expect(403);
        ada.delete(&path).await.expect(403);
        ada.post(&format!("{path}send_email/"), &json!({"email_addresses": ["a@example.com"]})).await.expect(403);
    }
    assert_eq!(api.get(&one(&own)).await.expect(200)["fixed_data"], json!({}));
}

const DEFAULTS: &str = "\
settings:
  default_invitation_duration: 14d
  default_invitation_single_use: true
  default_invitation_flow: default-authentication-flow
";

#[tokio::test]
async fn what_an_invitation_does_not_say_is_as_the_settings_have_it() {
    let api = Api::start_with("settings.yaml", DEFAULTS).await;
    let flow = api.get("/flows/instances/default-authentication-flow/").await.expect(200)["pk"].clone();
    let before = api.identity.clock.now();
    let silent = api.post(LIST, &json!({"name": "silent"})).await.expect(201);
    let expires: DateTime<Utc> = silent["expires"].as_str().expect("an end").parse().expect("a time");
    assert!(
        (before + TimeDelta::days(14)..api.identity.clock.now() + TimeDelta::days(14)).contains(&expires),
        "{expires}"
    );
    assert_eq!((&silent["single_use"], &silent["flow"]), (&json!(true), &flow));

    let said = json!({"name": "said", "expires": null, "single_use": false, "flow": null});
    let said = api.post(LIST, &said).await.expect(201);
    assert_eq!((&said["expires"], &said["single_use"], &said["flow"]), (&json!(null), &json!(false), &json!(null)));
    // They are of the moment at which an invitation is made.
    let replaced = api.put(&one(&said), &json!({"name": "said"})).await.expect(200);
    assert_eq!((&replaced["single_use"], &replaced["flow"]), (&json!(false), &json!(null)));
}
