//! Roles in the admin interface: what they permit is ticked, who holds them is said, and their holders see no more.

use super::people::{Visit, hidden};
use lockgate_tests::{Api, BOOTSTRAP_PASSWORD, Client, Database, Executor, FlowEnd, Server};
use serde_json::{Value, json};

on_each_database!(
    a_role_is_defined_by_ticks_and_given_to_people,
    who_may_only_reset_passwords_sees_only_that,
    who_may_look_is_offered_nothing_else,
);

const PASSWORD: &str = "trellis-mango-orbit-58";
const NEW: &str = "walnut-prism-harbor-93";

async fn codenames(api: &Api, role: &str) -> Vec<String> {
    let list = api.get(&format!("rbac/permissions/?page_size=100&role={role}")).await.expect(200).json();
    let all = list["results"].as_array().cloned().unwrap_or_default();
    all.iter().map(|one| one["codename"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn a_role_is_defined_by_ticks_and_given_to_people(database: Database) {
    let server = Server::builder(database).start().await;
    let (api, admin) = (server.api(), Visit::of(&server, "akadmin", BOOTSTRAP_PASSWORD).await);
    let ada = api.create_user("ada", PASSWORD, &[]).await.to_string();
    let home = admin.done("/if/admin/roles/new/", &[("name", "Help desk")]).await;
    let home = home.trim_end_matches("?done=created").to_owned();
    let role = api.only("rbac/roles/?name=Help%20desk").await["pk"].as_str().unwrap_or_default().to_owned();
    assert!(admin.page(&home).await.contains("Nothing yet"));
    let permissions = format!("{home}permissions/");
    let page = admin.page(&permissions).await;
    for there in ["reset_user_password", "view_user", "Save directory", "On single things"] {
        assert!(page.contains(there), "{there}");
    }
    let tick = async |loaded: &str, names: &[&str]| {
        let fields = [("section", "Directory"), ("loaded", loaded)].into_iter();
        let fields: Vec<(&str, &str)> = fields.chain(names.iter().map(|name| ("permission", *name))).collect();
        admin.done(&permissions, &fields).await;
    };
    let loaded = async || hidden(&admin.page(&permissions).await, "loaded");
    assert_eq!(loaded().await, "");
    tick("", &["view_user", "reset_user_password"]).await;
    // Another section keeps what this one has.
    admin.done(&permissions, &[("section", "Events"), ("permission", "view_event")]).await;
    assert_eq!(codenames(&api, &role).await.len(), 3);
    // What somebody else takes away meanwhile does not come back by saving a page that has it still.
    let old = loaded().await;
    tick(&old, &["reset_user_password"]).await;
    tick(&old, &["view_user", "reset_user_password"]).await;
    assert_eq!(loaded().await, "reset_user_password");
    tick(&loaded().await, &["view_user"]).await;
    let left = codenames(&api, &role).await;
    assert!(left.len() == 2 && !left.contains(&"reset_user_password".to_owned()), "{left:?}");
    assert!(admin.page(&home).await.contains(">view<"));

    // On one thing.
    let objects = format!("{permissions}objects/");
    let one = [("action", "add"), ("permission", "authentik_core.change_user"), ("object", "ada")];
    admin.done(&objects, &one).await;
    let page = admin.page(&permissions).await;
    assert!(
        page.contains("Can change User") && page.contains(&format!("authentik_core.change_user user {ada}")),
        "{page}"
    );
    let nobody = [("action", "add"), ("permission", "authentik_core.change_user"), ("object", "nobody")];
    admin.post(&objects, &nobody).await.expect(422);
    admin.post(&objects, &[("action", "add"), ("permission", "x.y"), ("object", "ada")]).await.expect(422);
    let taken = format!("authentik_core.change_user user {ada}");
    admin.done(&objects, &[("action", "remove"), ("key", &taken)]).await;
    let single = api.get(&format!("rbac/permissions/roles/?uuid={role}")).await.expect(200).json();
    assert_eq!(single["pagination"]["count"], 0);

    // Given and taken, from either side.
    let holders = format!("{home}holders/");
    admin.post(&holders, &[("action", "add"), ("user", "nobody")]).await.expect(422);
    admin.done(&holders, &[("action", "add"), ("user", "ada")]).await;
    assert!(admin.page(&holders).await.contains("ada@example.org"));
    let own = format!("/if/admin/users/{ada}/permissions/");
    let page = admin.page(&own).await;
    assert!(page.contains("Help desk") && page.contains("User: view"), "{page}");
    admin.done(&own, &[("action", "remove"), ("key", &role)]).await;
    let roles = async || api.get(&format!("core/users/{ada}/")).await.expect(200).json()["roles"].clone();
    assert_eq!(roles().await, json!([]));
    admin.post(&own, &[("action", "add"), ("role", "No such")]).await.expect(422);
    admin.done(&own, &[("action", "add"), ("role", "Help desk")]).await;
    admin.done(&holders, &[("action", "remove"), ("key", &ada)]).await;
    assert_eq!(roles().await, json!([]));
}

/// Somebody with these permissions on everything, in a browser.
async fn holder(server: &Server, name: &str, permissions: &[&str]) -> Visit {
    let api = server.api();
    let user = api.create_user(name, PASSWORD, &[]).await;
    let role = api.post("rbac/roles/", &json!({"name": format!("role of {name}")})).await.expect(201).json();
    let role = role["pk"].as_str().unwrap_or_default().to_owned();
    let given = json!({"permissions": permissions});
    api.post(&format!("rbac/permissions/assigned_by_roles/{role}/assign/"), &given).await.expect(200);
    api.post(&format!("rbac/roles/{role}/add_user/"), &json!({"pk": user})).await.expect(204);
    Visit::of(server, name, PASSWORD).await
}

async fn who_may_only_reset_passwords_sees_only_that(database: Database) {
    let server = Server::builder(database).start().await;
    let bob = server.api().create_user("bob", PASSWORD, &[]).await;
    let she = holder(&server, "ada", &["authentik_core.view_user", "authentik_core.reset_user_password"]).await;
    let list = she.page("/if/admin/users/").await;
    assert!(list.contains("bob") && list.contains(">Users</a>"), "{list}");
    for absent in [
        ">Groups</a>",
        ">Applications</a>",
        ">Roles</a>",
        ">Event log</a>",
        ">Create</a>",
        ">Import</a>",
        ">Export</a>",
    ] {
        assert!(!list.contains(absent), "{absent}");
    }
    let home = format!("/if/admin/users/{bob}/");
    let page = she.page(&home).await;
    assert!(page.contains(">Set password</a>"), "{page}");
    for absent in [
        ">Edit<",
        ">Delete<",
        ">Deactivate<",
        ">Act as<",
        ">Factors<",
        ">Sessions<",
        ">Events<",
        ">Permissions<",
        ">Used by<",
        ">Access<",
        "Add to a group",
    ] {
        assert!(!page.contains(absent), "{absent}");
    }
    let path = format!("{home}password/");
    she.page(&path).await;
    she.done(&path, &[("password", NEW), ("again", NEW)]).await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), "default-authentication-flow", "");
    assert!(matches!(flow.login("bob", NEW).await, FlowEnd::Redirect(_)));

    // What is not offered is not done either.
    for (path, fields) in [
        ("active/", vec![("active", "false")]),
        ("delete/", vec![("name", "bob")]),
        ("sessions/end/", vec![]),
        ("groups/", vec![("action", "add"), ("group", "authentik Admins")]),
        ("factors/enroll/totp/", vec![("digits", "6")]),
    ] {
        let status = she.post(&format!("{home}{path}"), &fields).await.status;
        assert!(matches!(status, 403 | 404 | 422), "{path}: {status}");
    }
    let acts = she.post(&format!("{home}impersonate/"), &[("reason", "x")]).await;
    assert!(acts.status != 303, "{}", acts.text());
    she.post("/if/admin/users/new/", &[("username", "eve"), ("type", "internal"), ("path", "users")]).await.expect(422);
    she.get("/if/admin/users/import/").await.expect(403);
    let bob: Value = server.api().only("core/users/?username=bob").await;
    assert_eq!((&bob["is_active"], &bob["groups"]), (&json!(true), &json!([])));
}

async fn who_may_look_is_offered_nothing_else(database: Database) {
    let server = Server::builder(database).start().await;
    let looks = ["user", "group", "role", "token"].map(|noun| format!("authentik_core.view_{noun}"));
    let looks: Vec<String> = looks.iter().map(|name| name.replace("core.view_role", "rbac.view_role")).collect();
    let looks: Vec<&str> = looks.iter().map(String::as_str).collect();
    let bob = server.api().create_user("bob", PASSWORD, &["authentik Admins"]).await;
    let she = holder(&server, "ada", &looks).await;
    let group = server.api().group("authentik Admins").await;
    let role =
        server.api().only("rbac/roles/?name=role%20of%20ada").await["pk"].as_str().unwrap_or_default().to_owned();
    for (path, absent) in [
        (format!("/if/admin/users/{bob}/"), vec!["Take out", "Add to a group", ">Edit<", ">Set password<"]),
        (format!("/if/admin/users/{bob}/permissions/"), vec!["Take away", "Give a role"]),
        (format!("/if/admin/groups/{group}/members/"), vec!["Take out", "Add a member"]),
        ("/if/admin/groups/?view=tree".to_owned(), vec![">Create</a>"]),
        (format!("/if/admin/roles/{role}/permissions/"), vec!["Save directory", ">Permit<"]),
        (format!("/if/admin/roles/{role}/holders/"), vec!["Take away", ">Give<"]),
    ] {
        let page = she.page(&path).await;
        for absent in absent {
            assert!(!page.contains(absent), "{path}: {absent}");
        }
    }
    let ticks = [("section", "Directory"), ("permission", "delete_user")];
    she.post(&format!("/if/admin/roles/{role}/permissions/"), &ticks).await.expect(403);
    she.post(&format!("/if/admin/groups/{group}/members/"), &[("action", "add"), ("user", "ada")]).await.expect(422);
}
