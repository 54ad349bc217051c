//! Roles: what they let people administer, how they are given, and that nobody gets more by one than was meant.

use crate::support::Api;
use futures_util::future;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FOLDER: &str = "\
role: help-desk
permissions: [view_user, reset_user_password]
groups: [Help desk]
---
role: greeter
permissions: [view_flow]
objects:
  - { permission: change_flow, object: default-authentication-flow }
---
group: Help desk
---
group: Reception
roles: [greeter]
parents: [Help desk]
";

/// A server and what the tests are about.
struct House {
    api: Api,
}

impl House {
    async fn start() -> Self {
        Self { api: Api::start().await }
    }

    async fn made(&self, path: &str, body: Value) -> Value {
        self.api.post(path, &body).await.expect(201)["pk"].clone()
    }

    async fn group(&self, body: Value) -> String {
        self.made("/core/groups/", body).await.as_str().expect("a key").to_owned()
    }

    async fn user(&self, username: &str, groups: &[&str], roles: &[&str]) -> i64 {
        let body = json!({"username": username, "name": username, "groups": groups, "roles": roles});
        self.made("/core/users/", body).await.as_i64().expect("a number")
    }

    /// A role with these permissions, `app_label.codename`.
    async fn role(&self, name: &str, permissions: &[&str]) -> String {
        let pk = self.made("/rbac/roles/", json!({"name": name})).await;
        let pk = pk.as_str().expect("a key").to_owned();
        self.assign(&pk, json!({"permissions": permissions})).await.expect(200);
        pk
    }

    async fn assign(&self, role: &str, body: Value) -> crate::support::Reply {
        self.api.post(&format!("/rbac/permissions/assigned_by_roles/{role}/assign/"), &body).await
    }

    async fn act_as(&self, user: i64) -> Api {
        let name = format!("of-{user}");
        self.api.post("/core/tokens/", &json!({"identifier": name, "user": user})).await.expect(201);
        let key = self.api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200);
        self.api.with_token(key["key"].as_str().expect("a key"))
    }

    async fn named(&self, path: &str, name: &str) -> String {
        let found = self.api.get(&format!("{path}?name={}", name.replace(' ', "%20"))).await.expect(200);
        found["results"][0]["pk"].as_str().expect("a key").to_owned()
    }
}

fn of<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    list["results"].as_array().expect("a list").iter().filter_map(|one| one[field].as_str()).collect()
}

fn named(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test]
async fn a_role_is_made_given_and_taken() {
    let house = House::start().await;
    let api = &house.api;
    let desk = house.role("desk", &["authentik_core.view_user", "authentik_core.reset_user_password"]).await;
    let other = house.role("other", &[]).await;
    let (ada, bea) = (house.user("ada", &[], &[]).await, house.user("bea", &[], &[&other]).await);

    // Renaming keeps what the role permits, and two have not the same name.
    let body = json!({"name": "help-desk", "permissions": [], "groups": []});
    let put = api.put(&format!("/rbac/roles/{desk}/"), &body).await.expect(200);
    assert_eq!(put, json!({"pk": desk, "name": "help-desk"}));
    let twice = api.post("/rbac/roles/", &json!({"name": "help-desk"})).await.expect(400);
    assert!(twice["name"].is_array(), "{twice}");
    assert!(api.post("/rbac/roles/", &json!({})).await.expect(400)["name"].is_array());
    let list = api.get("/rbac/roles/?ordering=-name&page_size=1").await.expect(200);
    assert_eq!((of(&list, "name"), &list["pagination"]["count"]), (vec!["other"], &json!(2)));
    assert_eq!(of(&api.get("/rbac/roles/?search=DESK").await.expect(200), "name"), ["help-desk"]);

    api.post(&format!("/rbac/roles/{desk}/add_user/"), &json!({"pk": ada})).await.expect(204);
    api.post(&format!("/rbac/roles/{desk}/add_user/"), &json!({"pk": 4711})).await.expect(404);
    let shown = api.get(&format!("/core/users/{ada}/")).await.expect(200);
    assert_eq!((&shown["roles"], named(&shown["roles_obj"])), (&json!([desk]), vec!["help-desk"]));
    let list = api.get("/core/users/?roles_by_name=help-desk&include_roles=false").await.expect(200);
    assert_eq!((of(&list, "username"), &list["results"][0]["roles_obj"]), (vec!["ada"], &Value::Null));
    let list = api.get(&format!("/core/users/?roles_by_pk={other}&roles_by_pk={desk}&ordering=username")).await;
    assert_eq!(of(&list.expect(200), "username"), ["ada", "bea"]);
    let theirs = api.get(&format!("/rbac/roles/?users={ada}")).await.expect(200);
    assert_eq!(of(&theirs, "name"), ["help-desk"]);

    // It counts at once, and ends at once.
    let as_ada = house.act_as(ada).await;
    let set = async || {
        let body = json!({"password": "a new long password"});
        as_ada.post(&format!("/core/users/{bea}/set_password/"), &body).await.status.as_u16()
    };
    let me = as_ada.get("/core/users/me/").await.expect(200);
    assert_eq!(me["user"]["roles"], json!([{"name": "help-desk", "pk": desk}]));
    assert_eq!(me["user"]["system_permissions"], json!([]));
    assert_eq!(set().await, 204, "bea holds a role too, but one that permits nothing");
    api.post(&format!("/rbac/roles/{desk}/remove_user/"), &json!({"pk": ada})).await.expect(204);
    assert_eq!(set().await, 404);
    api.patch(&format!("/core/users/{ada}/"), &json!({"roles": [desk]})).await.expect(200);
    assert_eq!(set().await, 204);
    api.delete(&format!("/rbac/roles/{desk}/")).await.expect(204);
    assert_eq!(set().await, 404);
    assert_eq!(api.get(&format!("/core/users/{ada}/")).await.expect(200)["roles"], json!([]));
    let unknown = api.patch(&format!("/core/users/{ada}/"), &json!({"roles": [desk]})).await.expect(400);
    assert!(unknown["roles"].is_array(), "{unknown}");
}

#[tokio::test]
async fn groups_hold_roles_and_pass_them_on() {
    let house = House::start().await;
    let api = &house.api;
    let role = house.role("readers", &["authentik_core.view_group"]).await;
    let above = house.group(json!({"name": "Above", "roles": [role]})).await;
    let below = house.group(json!({"name": "Below", "parents": [above]})).await;
    let shown = api.get(&format!("/core/groups/{below}/?include_inherited_roles=true")).await.expect(200);
    assert_eq!((&shown["roles"], named(&shown["inherited_roles_obj"])), (&json!([]), vec!["readers"]));
    let shown = api.get(&format!("/core/groups/{above}/")).await.expect(200);
    assert_eq!((&shown["roles"], named(&shown["roles_obj"])), (&json!([role]), vec!["readers"]));
    assert_eq!(shown["inherited_roles_obj"], Value::Null);
    for (query, found) in [
        (format!("groups={above}"), vec!["readers"]),
        (format!("groups={below}"), vec![]),
        (format!("groups={below}&inherited=true"), vec!["readers"]),
    ] {
        assert_eq!(of(&api.get(&format!("/rbac/roles/?{query}")).await.expect(200), "name"), found, "{query}");
    }
    let used = api.get(&format!("/core/groups/{above}/used_by/")).await.expect(200);
    assert_eq!(named(&used), ["readers", "Below"]);
    let ada = house.user("ada", &[&below], &[]).await;
    let as_ada = house.act_as(ada).await;
    assert_eq!(as_ada.get("/core/groups/").await.expect(200)["pagination"]["count"], 3);
    assert_eq!(as_ada.get("/core/users/me/").await.expect(200)["user"]["roles"][0]["name"], "readers");
    assert_eq!(as_ada.get(&format!("/core/groups/{above}/")).await.expect(200)["roles_obj"], json!([]), "not hers");
    as_ada.patch(&format!("/core/groups/{above}/"), &json!({"name": "X"})).await.expect(403);
    api.patch(&format!("/core/groups/{above}/"), &json!({"roles": []})).await.expect(200);
    as_ada.get("/core/groups/").await.expect(403);
    api.patch(&format!("/core/groups/{above}/"), &json!({"roles": [role]})).await.expect(200);
    api.delete(&format!("/core/groups/{above}/")).await.expect(204);
    as_ada.get("/core/groups/").await.expect(403);
}

#[tokio::test]
async fn permissions_are_listed_assigned_and_unassigned() {
    let house = House::start().await;
    let api = &house.api;
    let list =
        api.get("/rbac/permissions/?content_type__model=flow&ordering=-codename&page_size=100").await.expect(200);
    let names = of(&list, "codename");
    assert_eq!(names.first(), Some(&"view_flow"), "{names:?}");
    assert!(names.contains(&"inspect_flow") && !names.contains(&"view_user"), "{names:?}");
    let first = &list["results"][0];
    assert_eq!((&first["app_label"], &first["model"]), (&json!("authentik_flows"), &json!("flow")));
    let by_id = api.get(&format!("/rbac/permissions/{}/", first["id"])).await.expect(200);
    assert_eq!(&by_id, first);
    api.get("/rbac/permissions/1/").await.expect(404);
    assert_eq!(of(&api.get("/rbac/permissions/?codename=view_user").await.expect(200), "model"), ["user"]);
    assert_eq!(of(&api.get("/rbac/permissions/?search=reset%20password").await.expect(200), "model"), ["user"]);

    let role = house.role("writers", &["authentik_flows.view_flow"]).await;
    let held = api.get(&format!("/rbac/permissions/?role={role}")).await.expect(200);
    assert_eq!(of(&held, "codename"), ["view_flow"]);
    let flows = api.get("/flows/instances/?slug=default-authentication-flow").await.expect(200);
    let flow = flows["results"][0]["pk"].as_str().expect("a key");
    let one =
        json!({"permissions": ["authentik_flows.change_flow"], "model": "authentik_flows.flow", "object_pk": flow});
    assert_eq!(house.assign(&role, one.clone()).await.expect(200).as_array().map(Vec::len), Some(1));
    let path = "/rbac/permissions/assigned_by_roles/";
    let found = api.get(&format!("{path}?model=authentik_flows.flow&object_pk={flow}")).await.expect(200);
    let found = &found["results"][0];
    assert_eq!((&found["role_pk"], &found["name"]), (&json!(role), &json!("writers")));
    assert_eq!(found["object_permissions"][0]["object_pk"], flow);
    assert_eq!(found["model_permissions"][0]["codename"], "view_flow");
    assert_eq!(api.get(&format!("{path}?model=authentik_core.user")).await.expect(200)["results"], json!([]));
    assert!(api.get(&format!("{path}?model=x.y")).await.expect(400)["model"].is_array());
    let extra = api.get(&format!("/rbac/permissions/roles/?uuid={role}")).await.expect(200);
    assert_eq!(extra["results"][0]["object_description"], "default-authentication-flow");
    for (body, field) in [
        (json!({"permissions": ["authentik_core.no_such"]}), "permissions"),
        (json!({"permissions": ["authentik_flows.view_user"]}), "permissions"),
        (json!({}), "permissions"),
        (json!({"permissions": [], "object_pk": flow}), "model"),
        (json!({"permissions": [], "model": "authentik_flows.flow"}), "object_pk"),
        (json!({"permissions": [], "model": "authentik_flows.flow", "object_pk": role}), "object_pk"),
        (json!({"permissions": [], "model": "authentik_core.user", "object_pk": "4711"}), "object_pk"),
        (
            json!({"permissions": ["authentik_core.view_user"], "model": "authentik_flows.flow", "object_pk": flow}),
            "permissions",
        ),
    ] {
        let refused = house.assign(&role, body.clone()).await.expect(400);
        assert!(refused[field].is_array(), "{body}: {refused}");
    }

    // The one object, and no other.
    let ada = house.user("ada", &[], &[&role]).await;
    let as_ada = house.act_as(ada).await;
    let rename = async |slug: &str| {
        as_ada.patch(&format!("/flows/instances/{slug}/"), &json!({"title": "Hello"})).await.status.as_u16()
    };
    assert_eq!(rename("default-authentication-flow").await, 200);
    assert_eq!(rename("default-invalidation-flow").await, 403);
    as_ada.get("/rbac/roles/").await.expect(403);
    as_ada.get("/rbac/permissions/").await.expect(403);
    as_ada.get(&format!("/rbac/roles/{role}/")).await.expect(404);
    let unassign = format!("{path}{role}/unassign/");
    as_ada.patch(&unassign, &one).await.expect(404);
    api.patch(&unassign, &one).await.expect(204);
    assert_eq!(rename("default-authentication-flow").await, 403);
    api.patch(&unassign, &json!({"permissions": ["authentik_flows.view_flow"]})).await.expect(204);
    assert_eq!(rename("default-authentication-flow").await, 404);
}

#[tokio::test]
async fn changes_of_a_role_at_once_are_all_made() {
    const PERMISSIONS: [&str; 4] = ["view_user", "view_group", "view_application", "view_token"];
    let house = House::start().await;
    let (api, house) = (&house.api, &house);
    let old = PERMISSIONS.map(|name| format!("authentik_core.{name}"));
    let new = PERMISSIONS.map(|name| format!("authentik_core.{}", name.replace("view", "delete")));
    let desk = &house.role("desk", &old.each_ref().map(String::as_str)).await;
    let groups = future::join_all((0..4).map(|n| house.group(json!({"name": format!("group {n}")})))).await;
    let assigned = "/rbac/permissions/assigned_by_roles";

    let given = new.iter().map(|name| async move {
        house.assign(desk, json!({"permissions": [name]})).await.expect(200);
    });
    let taken = old.iter().map(|name| async move {
        let body = json!({"permissions": [name]});
        api.patch(&format!("{assigned}/{desk}/unassign/"), &body).await.expect(204);
    });
    let held = groups.iter().map(|group| async move {
        api.patch(&format!("/core/groups/{group}/"), &json!({"roles": [desk]})).await.expect(200);
    });
    future::join3(future::join_all(given), future::join_all(taken), future::join_all(held)).await;

    let list = api.get(&format!("{assigned}/?page_size=100")).await.expect(200);
    let permits = list["results"][0]["model_permissions"].as_array().expect("a list");
    let permits: BTreeSet<String> =
        permits.iter().map(|one| format!("authentik_core.{}", one["codename"].as_str().expect("a name"))).collect();
    assert_eq!(permits, BTreeSet::from(new));
    for group in &groups {
        let shown = api.get(&format!("/core/groups/{group}/")).await.expect(200);
        assert_eq!(shown["roles"], json!([desk]), "{shown}");
    }
}

#[tokio::test]
async fn what_the_folder_says_of_roles_holds_and_is_changed_there() {
    let house = House { api: Api::start_with("roles.yaml", FOLDER).await };
    let api = &house.api;
    let (desk, greeter) =
        (house.named("/rbac/roles/", "help-desk").await, house.named("/rbac/roles/", "greeter").await);
    let reception = house.named("/core/groups/", "Reception").await;
    let shown = api.get(&format!("/core/groups/{reception}/?include_inherited_roles=true")).await.expect(200);
    assert_eq!(
        (named(&shown["roles_obj"]), named(&shown["inherited_roles_obj"])),
        (vec!["greeter"], vec!["help-desk"])
    );
    let ada = house.user("ada", &[], &[]).await;
    let rita = house.user("rita", &[&reception], &[]).await;
    let as_rita = house.act_as(rita).await;
    let set = format!("/core/users/{ada}/set_password/");
    as_rita.post(&set, &json!({"password": "a new long password"})).await.expect(204);
    let slug = "default-authentication-flow";
    as_rita.patch(&format!("/flows/instances/{slug}/"), &json!({"title": "Hello"})).await.expect(200);
    let extra = api.get(&format!("/rbac/permissions/roles/?uuid={greeter}")).await.expect(200);
    assert_eq!(extra["results"][0]["object_description"], slug);

    let assigned = format!("/rbac/permissions/assigned_by_roles/{desk}");
    for (method, path, body) in [
        ("PATCH", format!("/rbac/roles/{desk}/"), json!({"name": "x"})),
        ("DELETE", format!("/rbac/roles/{desk}/"), json!({})),
        ("POST", format!("{assigned}/assign/"), json!({"permissions": ["authentik_core.view_group"]})),
        ("PATCH", format!("{assigned}/unassign/"), json!({"permissions": ["authentik_core.view_user"]})),
        ("PATCH", format!("/core/groups/{reception}/"), json!({"roles": []})),
        ("POST", "/rbac/initial_permissions/".to_owned(), json!({"name": "x", "role": desk, "permissions": []})),
    ] {
        let reply = api.send(method.parse().expect("a method"), &path, &body).await.expect(409);
        assert!(reply["detail"].as_str().is_some_and(|text| text.contains("roles.yaml")), "{method} {path}: {reply}");
    }
    // Who holds a role directly is people's data.
    api.post(&format!("/rbac/roles/{desk}/add_user/"), &json!({"pk": ada})).await.expect(204);
}

#[tokio::test]
async fn whoever_makes_something_has_what_was_promised_on_it() {
    let house = House::start().await;
    let api = &house.api;
    let role = house.role("makers", &["authentik_core.add_user", "authentik_policies_dummy.add_dummypolicy"]).await;
    let id = async |codename: &str| {
        api.get(&format!("/rbac/permissions/?codename={codename}")).await.expect(200)["results"][0]["id"].clone()
    };
    let promised = [id("view_user").await, id("delete_user").await, id("view_dummypolicy").await];
    let body = json!({"name": "makers keep", "role": role, "permissions": promised});
    let made = api.post("/rbac/initial_permissions/", &body).await.expect(201);
    assert_eq!(named(&made["permissions_obj"]), ["Can view User", "Can delete User", "Can view Dummy Policy"]);
    let wrong = api.post("/rbac/initial_permissions/", &json!({"name": "x", "role": role, "permissions": [1]})).await;
    assert_eq!(wrong.status.as_u16(), 400);
    let maya = house.user("maya", &[], &[&role]).await;
    let other = house.user("other", &[], &[]).await;
    let as_maya = house.act_as(maya).await;
    let new = as_maya.post("/core/users/", &json!({"username": "new", "name": ""})).await.expect(201)["pk"].clone();
    as_maya.get(&format!("/core/users/{new}/")).await.expect(200);
    as_maya.patch(&format!("/core/users/{new}/"), &json!({"name": "x"})).await.expect(403);
    as_maya.get(&format!("/core/users/{other}/")).await.expect(404);
    as_maya.delete(&format!("/core/users/{new}/")).await.expect(204);
    let policy = as_maya.post("/policies/dummy/", &json!({"name": "mine"})).await.expect(201)["pk"].clone();
    let list = as_maya.get("/policies/dummy/").await.expect(200);
    assert_eq!(list["results"][0]["pk"], policy);
    let pk = &made["pk"];
    api.get(&format!("/rbac/initial_permissions/{pk}/used_by/")).await.expect(200);
    api.patch(&format!("/rbac/initial_permissions/{pk}/"), &json!({"permissions": []})).await.expect(200);
    let next = as_maya.post("/core/users/", &json!({"username": "next", "name": ""})).await.expect(201)["pk"].clone();
    as_maya.get(&format!("/core/users/{next}/")).await.expect(404);
    api.delete(&format!("/rbac/roles/{role}/")).await.expect(204);
    api.get(&format!("/rbac/initial_permissions/{pk}/")).await.expect(404);
}

/// Almost everything that there is to permit about people and roles.
const MUCH: &[&str] = &[
    "authentik_core.view_user",
    "authentik_core.add_user",
    "authentik_core.change_user",
    "authentik_core.reset_user_password",
    "authentik_core.view_group",
    "authentik_core.add_group",
    "authentik_core.change_group",
    "authentik_core.add_user_to_group",
    "authentik_core.remove_user_from_group",
    "authentik_core.view_token",
    "authentik_core.add_token",
    "authentik_core.change_token",
    "authentik_core.view_token_key",
    "authentik_core.set_token_key",
    "authentik_rbac.view_role",
    "authentik_rbac.add_role",
    "authentik_rbac.change_role",
    "authentik_rbac.assign_role_permissions",
    "authentik_rbac.unassign_role_permissions",
    "authentik_rbac.add_initialpermissions",
];

#[tokio::test]
async fn nobody_gets_more_by_a_role_than_it_permits() {
    let house = House::start().await;
    let much = house.role("much", MUCH).await;
    let ops = house.role("ops", &["authentik_flows.change_flow", "authentik_flows.view_flow"]).await;
    let admins = house.named("/core/groups/", "authentik Admins").await;
    let below = house.group(json!({"name": "Below admins", "parents": [admins]})).await;
    let operators = house.group(json!({"name": "Operators", "roles": [ops]})).await;
    let night = house.group(json!({"name": "Night", "parents": [operators]})).await;
    let mallory = house.user("mallory", &[], &[&much]).await;
    let olga = house.user("olga", &[], &[&ops]).await;
    let nina = house.user("nina", &[&night], &[]).await;
    let root = house.user("root", &[&admins], &[]).await;
    let bea = house.user("bea", &[], &[]).await;
    for (name, user) in [("olgas", olga), ("roots", root)] {
        house.api.post("/core/tokens/", &json!({"identifier": name, "user": user})).await.expect(201);
    }
    let api = house.act_as(mallory).await;
    let assign = |role: &str| format!("/rbac/permissions/assigned_by_roles/{role}/assign/");

    // What the role is for.
    let own = api.post("/core/groups/", &json!({"name": "Own", "users": [mallory], "roles": [much]})).await;
    let own = own.expect(201)["pk"].as_str().expect("a key").to_owned();
    api.post(&format!("/core/users/{bea}/set_password/"), &json!({"password": "a new long password"}))
        .await
        .expect(204);
    let small = api.post("/rbac/roles/", &json!({"name": "small"})).await.expect(201)["pk"].clone();
    let small = small.as_str().expect("a key");
    api.post(&assign(small), &json!({"permissions": ["authentik_core.view_user"]})).await.expect(200);
    api.post(&format!("/rbac/roles/{small}/add_user/"), &json!({"pk": bea})).await.expect(204);
    api.post(&format!("/core/users/{bea}/set_password/"), &json!({"password": "a new long password"}))
        .await
        .expect(204);
    api.post("/core/tokens/", &json!({"identifier": "beas", "user": bea})).await.expect(201);

    let flows = house.api.get("/flows/instances/?slug=default-authentication-flow").await.expect(200);
    let flow = flows["results"][0]["pk"].clone();
    let found = house.api.get("/rbac/permissions/?codename=change_flow").await.expect(200);
    let change_flow = found["results"][0]["id"].clone();
    let more = json!({"permissions": ["authentik_flows.change_flow"]});
    let more_on_one =
        json!({"permissions": ["authentik_flows.change_flow"], "model": "authentik_flows.flow", "object_pk": flow});
    let password = json!({"password": "a new long password"});
    let refused = [
        ("POST", format!("/rbac/roles/{ops}/add_user/"), json!({"pk": mallory})),
        ("POST", format!("/rbac/roles/{ops}/remove_user/"), json!({"pk": olga})),
        ("PATCH", format!("/core/users/{mallory}/"), json!({"roles": [much, ops]})),
        ("POST", "/core/users/".to_owned(), json!({"username": "evil", "name": "", "roles": [ops]})),
        ("PATCH", format!("/core/groups/{own}/"), json!({"roles": [much, ops]})),
        ("PATCH", format!("/core/groups/{operators}/"), json!({"roles": []})),
        ("POST", "/core/groups/".to_owned(), json!({"name": "Evil", "roles": [ops], "users": [mallory]})),
        ("POST", format!("/core/groups/{operators}/add_user/"), json!({"pk": mallory})),
        ("POST", format!("/core/groups/{night}/add_user/"), json!({"pk": mallory})),
        ("PATCH", format!("/core/groups/{operators}/"), json!({"users": [mallory]})),
        ("PATCH", format!("/core/users/{mallory}/"), json!({"groups": [own, operators]})),
        ("PATCH", format!("/core/users/{mallory}/"), json!({"groups": [own, night]})),
        ("POST", "/core/users/".to_owned(), json!({"username": "evil", "name": "", "groups": [night]})),
        ("PATCH", format!("/core/groups/{own}/"), json!({"parents": [operators]})),
        ("PATCH", format!("/core/groups/{own}/"), json!({"parents": [night]})),
        ("POST", "/core/groups/".to_owned(), json!({"name": "Evil", "parents": [operators], "users": [mallory]})),
        ("POST", assign(&much), more.clone()),
        ("POST", assign(small), more.clone()),
        ("POST", assign(small), more_on_one.clone()),
        ("POST", assign(&ops), json!({"permissions": ["authentik_core.view_user"]})),
        ("PATCH", format!("/rbac/permissions/assigned_by_roles/{ops}/unassign/"), more.clone()),
        ("POST", assign(small), json!({"permissions": ["authentik_core.enable_group_superuser"]})),
        (
            "POST",
            "/rbac/initial_permissions/".to_owned(),
            json!({"name": "evil", "role": much, "permissions": [change_flow]}),
        ),
        ("POST", format!("/core/users/{olga}/set_password/"), password.clone()),
        ("POST", format!("/core/users/{nina}/set_password/"), password.clone()),
        ("PATCH", format!("/core/users/{olga}/"), json!({"email": "mallory@example.com"})),
        ("PATCH", format!("/core/users/{nina}/"), json!({"email": "mallory@example.com"})),
        ("POST", "/core/tokens/".to_owned(), json!({"identifier": "evil", "user": olga})),
        ("PATCH", "/core/tokens/beas/".to_owned(), json!({"user": olga})),
        ("GET", "/core/tokens/olgas/view_key/".to_owned(), json!({})),
        ("POST", "/core/tokens/olgas/set_key/".to_owned(), json!({"key": "a key that mallory knows well"})),
        // The superusers are as far away as they are for policies of files.
        ("POST", format!("/core/users/{root}/set_password/"), password),
        ("PATCH", format!("/core/users/{root}/"), json!({"email": "mallory@example.com"})),
        ("GET", "/core/tokens/roots/view_key/".to_owned(), json!({})),
        ("POST", "/core/tokens/".to_owned(), json!({"identifier": "evil", "user": root})),
        ("POST", format!("/core/groups/{admins}/add_user/"), json!({"pk": mallory})),
        ("POST", format!("/core/groups/{below}/add_user/"), json!({"pk": mallory})),
        ("PATCH", format!("/core/groups/{own}/"), json!({"is_superuser": true})),
        ("PATCH", format!("/core/groups/{own}/"), json!({"parents": [below]})),
        ("PATCH", format!("/core/groups/{admins}/"), json!({"roles": [much]})),
        ("POST", "/core/groups/".to_owned(), json!({"name": "Evil", "is_superuser": true, "users": [mallory]})),
        ("POST", "/core/users/".to_owned(), json!({"username": "evil", "name": "", "groups": [admins]})),
        ("DELETE", format!("/rbac/roles/{ops}/"), json!({})),
        ("POST", "/lockgate/apply/".to_owned(), json!({"files": {}})),
    ];
    let before = house.api.get("/lockgate/revisions/").await.expect(200);
    for (method, path, body) in refused {
        let reply = api.send(method.parse().expect("a method"), &path, &body).await;
        let status = reply.status.as_u16();
        assert!(matches!(status, 400 | 403 | 404), "{method} {path} {body}: {status} {}", reply.body);
        let unseen = reply.body["user"].is_array() || reply.body["object_pk"].is_array();
        assert!(status != 400 || unseen, "{method} {path} {body}: {}", reply.body);
    }
    assert_eq!(house.api.get("/lockgate/revisions/").await.expect(200), before, "nothing has changed");
    let me = api.get("/core/users/me/").await.expect(200);
    assert_eq!((named(&me["user"]["roles"]), &me["user"]["is_superuser"]), (vec!["much"], &json!(false)));
    assert_eq!(api.get("/flows/instances/").await.status.as_u16(), 403);
    assert_eq!(api.get("/core/users/?username=evil").await.expect(200)["results"], json!([]));
    assert_eq!(house.api.get(&format!("/core/users/{olga}/")).await.expect(200)["email"], "");
}

#[tokio::test]
async fn a_role_with_the_superusers_flag_handles_their_groups_when_it_handles_groups() {
    let house = House::start().await;
    let crown = "authentik_core.enable_group_superuser";
    let groups = ["authentik_core.view_group", "authentik_core.change_group", crown];
    let (full, bare) = (house.role("full", &groups).await, house.role("bare", &[groups[0], crown]).await);
    let group = house.group(json!({"name": "Some"})).await;
    let make = async |role: &str, name: &str| {
        let user = house.user(name, &[], &[role]).await;
        let body = json!({"is_superuser": true});
        house.act_as(user).await.patch(&format!("/core/groups/{group}/"), &body).await.status.as_u16()
    };
    assert_eq!(make(&bare, "bob").await, 403);
    assert_eq!(make(&full, "fay").await, 200);
}

#[tokio::test]
async fn who_reads_outposts_sees_no_secrets_without_the_right_to() {
    let house = House::start().await;
    let flow = async |slug: &str| {
        let path = format!("/flows/instances/{slug}/");
        house.api.get(&path).await.expect(200)["pk"].clone()
    };
    for name in ["wiki", "wall"] {
        let provider = json!({
            "name": name, "mode": "forward_single", "external_host": format!("https://{name}.example.com"),
            "authorization_flow": flow("default-provider-authorization-implicit-consent").await,
            "invalidation_flow": flow("default-provider-invalidation-flow").await,
        });
        let provider = house.made("/providers/proxy/", provider).await;
        house.made("/core/applications/", json!({"name": name, "slug": name, "provider": provider})).await;
    }
    let secrets = async |api: &Api, name: &str| {
        let shown = api.get(&format!("/outposts/proxy/?name={name}")).await.expect(200)["results"][0].clone();
        assert_eq!((&shown["name"], shown["client_id"].as_str().map(str::is_empty)), (&json!(name), Some(false)));
        let secret = |field: &str| shown[field].as_str().expect("the field is there").to_owned();
        (secret("client_secret"), secret("cookie_secret"))
    };
    let wiki = secrets(&house.api, "wiki").await;
    assert!(!wiki.0.is_empty() && !wiki.1.is_empty(), "superusers see them");

    let reads = ["authentik_outposts.view_outpost", "authentik_providers_proxy.view_proxyprovider"];
    let role = house.role("outposts", &reads).await;
    let outpost = house.act_as(house.user("outpost", &[], &[&role]).await).await;
    assert_eq!(secrets(&outpost, "wiki").await, Default::default());
    house.assign(&role, json!({"permissions": ["authentik_providers_proxy.change_proxyprovider"]})).await.expect(200);
    assert_eq!(secrets(&outpost, "wiki").await, Default::default(), "whoever changes it cannot set them either");

    let found = house.api.get("/providers/proxy/?name__iexact=wiki").await.expect(200)["results"][0]["pk"].clone();
    let view = "authentik_providers_proxy.view_proxyprovider_secrets";
    let one = json!({
        "permissions": [view], "model": "authentik_providers_proxy.proxyprovider", "object_pk": found.to_string(),
    });
    house.assign(&role, one).await.expect(200);
    assert_eq!(secrets(&outpost, "wiki").await, wiki);
    assert_eq!(secrets(&outpost, "wall").await, Default::default(), "what is given on one object");
    house.assign(&role, json!({"permissions": [view]})).await.expect(200);
    assert_eq!(secrets(&outpost, "wall").await, secrets(&house.api, "wall").await);
}
