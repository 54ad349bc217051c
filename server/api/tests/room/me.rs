//! What everybody may know and change of oneself.

use crate::support::Api;
use serde_json::{Value, json};

const APPS: &str = "/lockgate/me/applications/";

async fn person(api: &Api, name: &str, groups: &[&Value]) -> Api {
    let made = json!({"username": name, "name": "", "groups": groups});
    let made = api.post("/core/users/", &made).await.expect(201);
    api.post("/core/tokens/", &json!({"identifier": name, "user": made["pk"]})).await.expect(201);
    let key = api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200)["key"].clone();
    api.with_token(key.as_str().expect("a key"))
}

/// An application with bindings.
async fn app(api: &Api, slug: &str, bindings: &[Value]) {
    let made = api.post("/core/applications/", &json!({"name": slug, "slug": slug})).await.expect(201);
    for (order, binding) in bindings.iter().enumerate() {
        let mut binding = binding.clone();
        binding["target"] = made["pbm_uuid"].clone();
        binding["order"] = json!(order);
        api.post("/policies/bindings/", &binding).await.expect(201);
    }
}

fn shown<'a>(list: &'a Value, slug: &str) -> Option<&'a Value> {
    list.as_array().expect("a list").iter().find(|app| app["slug"] == slug)
}

#[tokio::test]
async fn what_one_may_open_is_told_with_the_reason() {
    let api = Api::start().await;
    let outer = api.post("/core/groups/", &json!({"name": "Outer"})).await.expect(201)["pk"].clone();
    let inner = json!({"name": "Inner", "parents": [outer]});
    let inner = api.post("/core/groups/", &inner).await.expect(201)["pk"].clone();
    let ada = person(&api, "ada", &[&inner]).await;
    let bob = person(&api, "bob", &[]).await;
    app(&api, "open", &[]).await;
    app(&api, "wide", &[json!({"group": outer})]).await;
    app(&api, "near", &[json!({"group": inner, "until": "2999-01-01T00:00:00Z"})]).await;
    app(&api, "strange", &[json!({"group": inner, "negate": true})]).await;

    let list = ada.get(APPS).await.expect(200);
    let why = |slug: &str| shown(&list, slug).unwrap_or_else(|| panic!("{slug}: {list}"))["why"].clone();
    let reason = |by: &str, name: &str| json!({"by": by, "name": name, "through": [], "until": null});
    assert_eq!(why("open"), json!([reason("everybody", "")]));
    assert_eq!(why("wide"), json!([{"by": "group", "name": "Outer", "through": ["Inner"], "until": null}]));
    assert_eq!(why("near"), json!([{"by": "group", "name": "Inner", "through": [], "until": "2999-01-01T00:00:00Z"}]));
    assert!(shown(&list, "strange").is_none(), "{list}");
    let list = bob.get(APPS).await.expect(200);
    assert!(shown(&list, "wide").is_none() && shown(&list, "near").is_none(), "{list}");
    assert_eq!(shown(&list, "strange").expect("it is open")["why"], json!([reason("not_group", "")]));
}

#[tokio::test]
async fn favourites_are_ones_own_and_of_what_one_may_open() {
    let api = Api::start().await;
    let group = api.post("/core/groups/", &json!({"name": "Staff"})).await.expect(201)["pk"].clone();
    let (ada, bob) = (person(&api, "ada", &[]).await, person(&api, "bob", &[]).await);
    app(&api, "open", &[]).await;
    app(&api, "closed", &[json!({"group": group})]).await;
    ada.put("/lockgate/me/favourites/open/", &Value::Null).await.expect(204);
    ada.put("/lockgate/me/favourites/open/", &Value::Null).await.expect(204);
    ada.put("/lockgate/me/favourites/closed/", &Value::Null).await.expect(404);
    ada.put("/lockgate/me/favourites/none/", &Value::Null).await.expect(404);
    let liked =
        async |who: &Api| shown(&who.get(APPS).await.expect(200), "open").expect("it is open")["favourite"] == true;
    assert!(liked(&ada).await && !liked(&bob).await);
    assert_eq!(ada.get("/lockgate/me/settings/").await.expect(200)["favourites"], json!(["open"]));
    ada.delete("/lockgate/me/favourites/open/").await.expect(204);
    assert!(!liked(&ada).await);
}

#[tokio::test]
async fn settings_are_kept_where_clients_look_for_them_and_nothing_beside_changes() {
    let api = Api::start().await;
    let ada = person(&api, "ada", &[]).await;
    let path = {
        let found = api.get("/core/users/?username=ada").await.expect(200);
        format!("/core/users/{}/", found["results"][0]["pk"])
    };
    let attributes = json!({"desk": 7, "settings": {"theme": {"base": "light", "background": "x"}}});
    api.patch(&path, &json!({"attributes": attributes})).await.expect(200);
    let at_first = json!({"locale": "", "theme": "light", "favourites": []});
    assert_eq!(ada.get("/lockgate/me/settings/").await.expect(200), at_first);
    let wish = json!({"locale": "de", "theme": "contrast", "is_superuser": true, "attributes": {"desk": 8}});
    let settings = ada.patch("/lockgate/me/settings/", &wish).await.expect(200);
    assert_eq!(settings, json!({"locale": "de", "theme": "contrast", "favourites": []}));
    let kept = json!({"desk": 7, "settings": {"locale": "de", "theme": {"base": "contrast", "background": "x"}}});
    assert_eq!(api.get(&path).await.expect(200)["attributes"], kept);
    ada.patch("/lockgate/me/settings/", &json!({"locale": "tlh"})).await.expect(400);
    ada.patch("/lockgate/me/settings/", &json!({"theme": "pink"})).await.expect(400);
    assert_eq!(ada.get("/lockgate/me/settings/").await.expect(200)["locale"], "de");
}

#[tokio::test]
async fn activity_tells_what_happened_in_ones_own_name() {
    let api = Api::start().await;
    let (ada, bob) = (person(&api, "ada", &[]).await, person(&api, "bob", &[]).await);
    ada.post("/core/tokens/", &json!({"identifier": "of-ada", "description": "Backups"})).await.expect(201);
    bob.post("/core/tokens/", &json!({"identifier": "of-bob"})).await.expect(201);
    api.identity.journal.flush().await;
    let list = ada.get("/lockgate/me/activity/").await.expect(200);
    let told = &list["results"][0];
    let words = [&told["action"], &told["thing"], &told["thing_name"], &told["done_by"]];
    assert_eq!(words, [&json!("model_created"), &json!("token"), &json!("Backups"), &Value::Null]);
    assert!(told.get("context").is_none());
    assert!(!list.to_string().contains("bob"), "{list}");
}

#[tokio::test]
async fn activity_tells_what_others_did_to_ones_account() {
    let api = Api::start().await;
    let ada = person(&api, "ada", &[]).await;
    let pk = ada.get("/core/users/me/").await.expect(200)["user"]["pk"].clone();
    api.post(&format!("/core/users/{pk}/set_password/"), &json!({"password": "trellis-mango-orbit-58"}))
        .await
        .expect(204);
    let made = api.post(&format!("/lockgate/users/{pk}/authenticators/static/"), &json!({})).await.expect(201);
    api.delete(&format!("/authenticators/admin/static/{}/", made["pk"])).await.expect(204);
    api.identity.journal.flush().await;
    let list = ada.get("/lockgate/me/activity/").await.expect(200);
    let told: Vec<(&str, &str)> = list["results"]
        .as_array()
        .expect("a list")
        .iter()
        .inspect(|one| {
            assert_eq!(one["done_by"], "akadmin", "{one}");
            assert_eq!(one["client_ip"], Value::Null, "where an administrator was: {one}");
        })
        .map(|one| (one["action"].as_str().unwrap_or_default(), one["thing"].as_str().unwrap_or_default()))
        .collect();
    for wanted in [
        ("model_deleted", "staticdevice"),
        ("model_created", "staticdevice"),
        ("password_set", "user"),
        ("model_created", "token"),
        ("model_created", "user"),
    ] {
        assert!(told.contains(&wanted), "{wanted:?} is not in {told:?}");
    }
    // The administrator's own list has them as what was done; only the account itself was made by the server.
    let own = api.get("/lockgate/me/activity/").await.expect(200);
    let done: Vec<&Value> = own["results"].as_array().expect("a list").iter().map(|one| &one["done_by"]).collect();
    assert!(done.len() > 5 && done.iter().all(|by| by.is_null() || *by == ""), "{own}");
    assert_eq!(done.iter().filter(|by| **by == "").count(), 1, "{own}");
}

#[tokio::test]
async fn who_asks_stays_signed_in() {
    let api = Api::start().await;
    let mut here = crate::support::Browser::new(&api);
    let mut there = crate::support::Browser::new(&api);
    let made = api.post("/core/users/", &json!({"username": "ada", "name": ""})).await.expect(201);
    let password = json!({"password": "trellis-mango-orbit-58"});
    api.post(&format!("/core/users/{}/set_password/", made["pk"]), &password).await.expect(204);
    here.sign_in("ada", "trellis-mango-orbit-58").await;
    there.sign_in("ada", "trellis-mango-orbit-58").await;
    let ended = here.send(http::Method::POST, "/lockgate/me/sessions/end_others/", &Value::Null).await.expect(200);
    assert_eq!(ended, json!({"ended": 1}));
    here.send(http::Method::GET, "/core/users/me/", &Value::Null).await.expect(200);
    there.send(http::Method::GET, "/core/users/me/", &Value::Null).await.expect(403);
}
