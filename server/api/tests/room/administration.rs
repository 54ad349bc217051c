//! What policies of a folder let people administer, and that nobody becomes an administrator by it.

use crate::support::Api;
use lockgate_identity::places::GeoFiles;
use serde_json::{Value, json};

const HELP_DESK: &str = r#"
@id("help-desk-resets-passwords")
permit (principal in Group::"Help desk", action in [Action::"read", Action::"set_password"], resource is User)
unless { resource.superuser };
"#;

/// A server with these policies, and what the tests are about.
struct House {
    api: Api,
}

impl House {
    async fn with(policies: &str) -> Self {
        Self { api: Api::start_with("admin.cedar", policies).await }
    }

    async fn group(&self, body: Value) -> String {
        let made = self.api.post("/core/groups/", &body).await.expect(201);
        made["pk"].as_str().expect("a key").to_owned()
    }

    async fn user(&self, username: &str, groups: &[&str]) -> i64 {
        let body = json!({"username": username, "name": username, "groups": groups});
        self.api.post("/core/users/", &body).await.expect(201)["pk"].as_i64().expect("a number")
    }

    /// A client that acts as a user.
    async fn act_as(&self, user: i64) -> Api {
        let name = format!("of-{user}");
        self.api.post("/core/tokens/", &json!({"identifier": name, "user": user})).await.expect(201);
        let key = self.api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200);
        self.api.with_token(key["key"].as_str().expect("a key"))
    }

    /// Key of the group whose members are superusers.
    async fn admins(&self) -> String {
        let found = self.api.get("/core/groups/?is_superuser=true").await.expect(200);
        found["results"][0]["pk"].as_str().expect("a key").to_owned()
    }
}

fn names(list: &Value) -> Vec<&str> {
    list["results"].as_array().expect("a list").iter().filter_map(|user| user["username"].as_str()).collect()
}

#[tokio::test]
async fn a_help_desk_resets_the_passwords_of_people_and_nothing_else() {
    let house = House::with(HELP_DESK).await;
    let desk = house.group(json!({"name": "Help desk"})).await;
    let admins = house.admins().await;
    let below = house.group(json!({"name": "Night shift", "parents": [admins]})).await;
    let helper = house.user("helper", &[&desk]).await;
    let (ada, root, night) =
        (house.user("ada", &[]).await, house.user("root", &[&admins]).await, house.user("night", &[&below]).await);
    let desk_api = house.act_as(helper).await;

    // She sees whom she may read, and only those count.
    let list = desk_api.get("/core/users/?page_size=2").await.expect(200);
    assert_eq!(names(&list), ["ada", "helper"]);
    assert_eq!(list["pagination"]["count"], 2);
    assert_eq!(names(&desk_api.get("/core/users/?search=root").await.expect(200)), [""; 0]);
    let second = desk_api.get("/core/users/?page_size=1&page=2&ordering=-username").await.expect(200);
    assert_eq!((names(&second), &second["pagination"]["count"]), (vec!["ada"], &json!(2)));
    assert_eq!(desk_api.get("/core/users/?page_size=2&page=2").await.status.as_u16(), 404);
    let shown = desk_api.get(&format!("/core/users/{helper}/")).await.expect(200);
    assert_eq!((&shown["groups"], &shown["groups_obj"]), (&json!([desk]), &json!([])), "groups are not hers to see");
    assert_eq!(desk_api.get("/core/users/paths/").await.expect(200)["paths"], json!(["users"]));

    let set = async |user: i64| {
        let body = json!({"password": "a new long password"});
        desk_api.post(&format!("/core/users/{user}/set_password/"), &body).await.status.as_u16()
    };
    assert_eq!(set(ada).await, 204);
    assert_eq!(set(helper).await, 204);
    for hidden in [root, night, 4711] {
        assert_eq!(set(hidden).await, 404);
        desk_api.get(&format!("/core/users/{hidden}/")).await.expect(404);
    }
    let others = [
        ("PATCH", format!("/core/users/{ada}/"), json!({"name": "x"}), 403),
        ("DELETE", format!("/core/users/{ada}/"), json!({}), 403),
        ("POST", "/core/users/".to_owned(), json!({"username": "x", "name": ""}), 403),
        ("POST", "/core/users/service_account/".to_owned(), json!({"name": "x"}), 403),
        ("POST", "/core/tokens/".to_owned(), json!({"identifier": "x", "user": ada}), 403),
        ("DELETE", format!("/core/authenticated_sessions/bulk_delete/?user_pks={ada}"), json!({}), 403),
        ("GET", format!("/core/applications/?for_user={ada}"), json!({}), 403),
        ("GET", "/core/groups/".to_owned(), json!({}), 403),
        ("GET", format!("/core/groups/{desk}/"), json!({}), 404),
        ("POST", format!("/core/groups/{desk}/add_user/"), json!({"pk": ada}), 404),
        ("GET", "/flows/instances/".to_owned(), json!({}), 403),
    ];
    for (method, path, body, status) in others {
        let reply = desk_api.send(method.parse().expect("a method"), &path, &body).await;
        assert_eq!(reply.status.as_u16(), status, "{method} {path}: {}", reply.body);
    }
    assert_eq!(desk_api.get("/core/tokens/").await.expect(200)["pagination"]["count"], 1, "her own");
}

#[tokio::test]
async fn what_may_be_read_and_not_changed_is_403() {
    let house = House::with(
        r#"permit (principal in Group::"Help desk", action == Action::"read", resource is User);
        permit (principal in Group::"Help desk", action in Action::"take_over", resource is User)
        unless { resource.superuser };"#,
    )
    .await;
    let desk = house.group(json!({"name": "Help desk"})).await;
    let admins = house.admins().await;
    let (helper, root) = (house.user("helper", &[&desk]).await, house.user("root", &[&admins]).await);
    house.api.post("/core/tokens/", &json!({"identifier": "roots", "user": root})).await.expect(201);
    let ada = house.user("ada", &[]).await;
    let desk_api = house.act_as(helper).await;
    assert!(names(&desk_api.get("/core/users/").await.expect(200)).contains(&"root"));
    desk_api.post(&format!("/core/users/{root}/set_password/"), &json!({"password": "x"})).await.expect(403);
    desk_api.post("/core/tokens/", &json!({"identifier": "mine", "user": root})).await.expect(403);
    desk_api.get("/core/tokens/roots/view_key/").await.expect(404);
    // A token of somebody else's is as good as that user, so that it takes the act on the user.
    desk_api.post("/core/tokens/", &json!({"identifier": "adas", "user": ada})).await.expect(201);
    desk_api.post("/core/tokens/", &json!({"identifier": "own"})).await.expect(201);
    desk_api.patch("/core/tokens/own/", &json!({"user": root})).await.expect(403);
}

#[tokio::test]
async fn nobody_makes_a_superuser_who_may_not_do_it_to_one() {
    let house = House::with(
        r#"permit (principal in Group::"Leads", action in [Action::"manage", Action::"manage_members"], resource)
        when { resource is User || resource is Group }
        unless { (resource is User && resource.superuser) || (resource is Group && resource.superuser) };"#,
    )
    .await;
    let leads = house.group(json!({"name": "Leads"})).await;
    let admins = house.admins().await;
    let staff = house.group(json!({"name": "Staff"})).await;
    let below = house.group(json!({"name": "Below admins", "parents": [admins]})).await;
    let lead = house.user("lead", &[&leads]).await;
    let root = house.user("root", &[&admins]).await;
    let api = house.act_as(lead).await;

    // What leads are for.
    let own = api.post("/core/groups/", &json!({"name": "Project", "parents": [staff], "users": [lead]})).await;
    let own = own.expect(201)["pk"].as_str().expect("a key").to_owned();
    api.patch(&format!("/core/groups/{own}/"), &json!({"name": "Project X", "parents": []})).await.expect(200);
    let made = api.post("/core/users/", &json!({"username": "new", "name": "", "groups": [own]})).await.expect(201);
    let new = made["pk"].as_i64().expect("a number");
    api.patch(&format!("/core/users/{new}/"), &json!({"groups": [own, staff]})).await.expect(200);
    api.post(&format!("/core/groups/{staff}/add_user/"), &json!({"pk": lead})).await.expect(204);

    // Every way to the superusers, directly or around a corner; `admins` and all in it are not even seen.
    let refused = [
        ("POST", format!("/core/groups/{admins}/add_user/"), json!({"pk": lead})),
        ("POST", format!("/core/groups/{below}/add_user/"), json!({"pk": lead})),
        ("POST", format!("/core/groups/{staff}/add_user/"), json!({"pk": root})),
        ("PATCH", format!("/core/users/{lead}/"), json!({"groups": [leads, admins]})),
        ("PATCH", format!("/core/users/{new}/"), json!({"groups": [below]})),
        ("POST", "/core/users/".to_owned(), json!({"username": "evil", "name": "", "groups": [admins]})),
        ("POST", "/core/users/".to_owned(), json!({"username": "evil", "name": "", "groups": [below]})),
        ("PATCH", format!("/core/groups/{own}/"), json!({"is_superuser": true})),
        ("PATCH", format!("/core/groups/{own}/"), json!({"parents": [admins]})),
        ("PATCH", format!("/core/groups/{own}/"), json!({"parents": [below]})),
        ("PATCH", format!("/core/groups/{admins}/"), json!({"users": [lead]})),
        ("PATCH", format!("/core/groups/{admins}/"), json!({"is_superuser": false})),
        ("POST", "/core/groups/".to_owned(), json!({"name": "Evil", "is_superuser": true, "users": [lead]})),
        ("POST", "/core/groups/".to_owned(), json!({"name": "Evil", "parents": [admins], "users": [lead]})),
        ("POST", "/core/groups/".to_owned(), json!({"name": "Evil", "parents": [below], "users": [lead]})),
        ("POST", format!("/core/users/{root}/set_password/"), json!({"password": "x"})),
        ("POST", format!("/core/users/{new}/set_password/"), json!({"password": "x"})),
        ("PATCH", format!("/core/users/{root}/"), json!({"email": "lead@example.com"})),
        ("DELETE", format!("/core/users/{root}/"), json!({})),
        ("POST", "/core/tokens/".to_owned(), json!({"identifier": "evil", "user": root})),
        ("POST", "/core/tokens/".to_owned(), json!({"identifier": "evil", "user": new})),
        ("GET", "/core/tokens/authentik-bootstrap-token/view_key/".to_owned(), json!({})),
        ("POST", "/core/users/service_account/".to_owned(), json!({"name": "evil"})),
    ];
    for (method, path, body) in refused {
        let reply = api.send(method.parse().expect("a method"), &path, &body).await;
        let status = reply.status.as_u16();
        // A user whom the caller does not see, in a body, is 400 as one that does not exist is.
        assert!(matches!(status, 400 | 403 | 404), "{method} {path} {body}: {status} {}", reply.body);
        assert!(status != 400 || reply.body["user"].is_array(), "{method} {path} {body}: {}", reply.body);
    }
    let me = api.get("/core/users/me/").await.expect(200);
    assert_eq!(me["user"]["is_superuser"], false);
    assert_eq!(house.api.get(&format!("/core/users/{new}/")).await.expect(200)["is_superuser"], false);
    let found = house.api.get("/core/users/?is_superuser=true").await.expect(200);
    assert_eq!(names(&found), ["akadmin", "root"]);
}

#[tokio::test]
async fn users_become_only_what_may_be_changed() {
    let house = House::with(
        r#"permit (principal in Group::"Partners", action in Action::"manage", resource is User)
        when { resource.path like "partners/*" };"#,
    )
    .await;
    let partners = house.group(json!({"name": "Partners"})).await;
    let manager = house.user("manager", &[&partners]).await;
    let ada = house.user("ada", &[]).await;
    let api = house.act_as(manager).await;
    api.post("/core/users/", &json!({"username": "p", "name": "", "path": "users"})).await.expect(403);
    let made = api.post("/core/users/", &json!({"username": "p", "name": "", "path": "partners/x"})).await.expect(201);
    let path = format!("/core/users/{}/", made["pk"]);
    api.patch(&path, &json!({"name": "P", "path": "partners/y"})).await.expect(200);
    api.patch(&path, &json!({"path": "users"})).await.expect(403);
    api.patch(&format!("/core/users/{ada}/"), &json!({"path": "partners/x"})).await.expect(404);
    assert_eq!(names(&api.get("/core/users/").await.expect(200)), ["p"]);
    api.delete(&path).await.expect(204);
}

#[tokio::test]
async fn objects_are_delegated_by_kind_tag_and_name() {
    let policies = r#"permit (principal in Group::"Media", action in Action::"manage", resource in Tag::"media");
        permit (principal in Group::"Media", action in Action::"manage", resource in Kind::"application")
        when { resource.slug like "media-*" && resource.origin == "api" };
        permit (principal in Group::"Media", action == Action::"read", resource in Kind::"flow")
        when { resource.slug like "default-*" };
        permit (principal in Group::"Media", action == Action::"execute", resource == Object::"flow/default-authentication-flow");"#;
    let apps = "app: films\nname: Films\ntags: [media]\n---\napp: papers\nname: Papers\n";
    let folder = tempfile::TempDir::new().expect("a folder");
    let config = folder.path().join("config");
    std::fs::create_dir(&config).expect("a folder");
    std::fs::write(config.join("media.cedar"), policies).expect("a file");
    std::fs::write(config.join("apps.yaml"), apps).expect("a file");
    let house = House { api: Api::start_around(folder, Some(config), GeoFiles::default()).await };
    assert_eq!(house.api.identity.config.health().error, None);
    let media = house.group(json!({"name": "Media"})).await;
    let user = house.user("mia", &[&media]).await;
    let api = house.act_as(user).await;
    let app = |slug: &str| json!({"name": slug, "slug": slug});
    house.api.post("/core/applications/", &app("wiki")).await.expect(201);
    api.post("/core/applications/", &app("media-movies")).await.expect(201);
    api.post("/core/applications/", &app("other")).await.expect(403);
    api.patch("/core/applications/media-movies/", &json!({"name": "Movies"})).await.expect(200);
    api.patch("/core/applications/media-movies/", &json!({"slug": "other"})).await.expect(403);
    api.patch("/core/applications/wiki/", &json!({"name": "W"})).await.expect(404);
    api.patch("/core/applications/papers/", &json!({"name": "P"})).await.expect(404);
    // Allowed by its tag, and the folder's all the same.
    api.patch("/core/applications/films/", &json!({"name": "F"})).await.expect(409);
    let listed = api.get("/core/applications/?superuser_full_list=true").await.expect(200);
    assert_eq!(listed["pagination"]["count"], 2);
    let flows = api.get("/flows/instances/?page_size=100").await.expect(200);
    let slugs: Vec<&str> =
        flows["results"].as_array().expect("a list").iter().filter_map(|f| f["slug"].as_str()).collect();
    assert!(!slugs.is_empty() && slugs.iter().all(|slug| slug.starts_with("default-")), "{slugs:?}");
    api.get("/flows/instances/initial-setup/").await.expect(404);
    api.get("/flows/instances/default-authentication-flow/").await.expect(200);
    api.delete("/flows/instances/default-authentication-flow/").await.expect(403);
    api.get("/flows/instances/default-authentication-flow/export/").await.expect(403);
    api.get("/flows/instances/default-invalidation-flow/execute/").await.expect(403);
    assert_ne!(api.get("/flows/instances/default-authentication-flow/execute/").await.status.as_u16(), 403);
    api.delete("/core/applications/media-movies/").await.expect(204);
}

#[tokio::test]
async fn what_belongs_to_people_is_judged_by_its_owner() {
    let house = House::with(
        r#"permit (principal in Group::"Auditors", action == Action::"read", resource in Kind::"token")
        when { resource has owner && !resource.owner.superuser };
        permit (principal in Group::"Auditors", action in [Action::"read", Action::"view_key"], resource is User)
        when { resource.user_type == "service_account" };"#,
    )
    .await;
    let auditors = house.group(json!({"name": "Auditors"})).await;
    let (auditor, ada) = (house.user("auditor", &[&auditors]).await, house.user("ada", &[]).await);
    house.api.post("/core/tokens/", &json!({"identifier": "adas", "user": ada})).await.expect(201);
    house.api.post("/core/users/service_account/", &json!({"name": "robot"})).await.expect(200);
    let api = house.act_as(auditor).await;
    let tokens = api.get("/core/tokens/?ordering=identifier").await.expect(200);
    let found: Vec<&str> =
        tokens["results"].as_array().expect("a list").iter().filter_map(|t| t["identifier"].as_str()).collect();
    assert_eq!(found, ["adas", &format!("of-{auditor}"), "service-account-robot-password"]);
    assert_eq!(tokens["pagination"]["count"], 3);
    api.get("/core/tokens/authentik-bootstrap-token/").await.expect(404);
    api.get("/core/tokens/adas/").await.expect(200);
    api.delete("/core/tokens/adas/").await.expect(403);
    api.get("/core/tokens/adas/view_key/").await.expect(403);
    api.get("/core/tokens/service-account-robot-password/view_key/").await.expect(200);
    api.post("/core/tokens/service-account-robot-password/set_key/", &json!({"key": "0123456789abcdef0123"}))
        .await
        .expect(403);
}
