//! Who has access to what, and why.

use crate::support::{Api, somebody};
use serde_json::{Value, json};

const FOLDER: &str = "group: Editors\n---\napp: wiki\nname: The Wiki\nurl: https://wiki.example.com\naccess:\n  any: [{ group: Editors }]\n---\napp: open\nname: Open\nurl: https://open.example.com\n---\napp: safe\nname: Safe\nurl: https://safe.example.com\ntags: [safe]\n";
const CEDAR: &str = "@id(\"safe-needs-mfa\")\nforbid (principal, action == Action::\"access\", resource in Tag::\"safe\") unless { context.mfa };\n";

async fn start(more: &str) -> Api {
    let cedar = format!("{CEDAR}{more}");
    let api = Api::start_with_files(&[("apps.yaml", FOLDER), ("safe.cedar", &cedar)]).await;
    api.is_at_rest().await;
    let editors = api.get("/core/groups/?name=Editors").await.expect(200)["results"][0]["pk"].clone();
    for (name, groups) in [("ada", json!([editors])), ("bob", json!([]))] {
        let body = json!({"username": name, "name": name.to_uppercase(), "email": format!("{name}@example.com"), "groups": groups});
        api.post("/core/users/", &body).await.expect(201);
    }
    api
}

fn of<'v>(told: &'v Value, name: &str) -> &'v Value {
    let rows = told["results"].as_array().expect("a list").iter();
    rows.clone()
        .find(|row| row["user"]["username"] == name || row["application"]["slug"] == name)
        .unwrap_or_else(|| panic!("no {name} in {told}"))
}

#[tokio::test]
async fn people_of_an_application_come_with_their_reasons() {
    let api = start("").await;
    let told = api.get("/lockgate/applications/wiki/access/").await.expect(200);
    assert_eq!((&told["pagination"]["count"], &told["truncated"]), (&json!(3), &json!(false)), "{told}");
    let ada = of(&told, "ada");
    assert_eq!((&ada["allowed"], &ada["user"]["email"]), (&json!(true), &json!("ada@example.com")));
    assert_eq!(ada["reasons"], json!(["the group Editors"]), "{ada}");
    let bob = of(&told, "bob");
    assert_eq!(bob["allowed"], false);
    assert!(bob["reasons"][0].as_str().is_some_and(|text| text.contains("Editors")), "{bob}");

    let found = api.get("/lockgate/applications/wiki/access/?search=bob").await.expect(200);
    assert_eq!((&found["pagination"]["count"], found["results"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    let paged = api.get("/lockgate/applications/wiki/access/?page_size=1&page=2").await.expect(200);
    assert_eq!(paged["results"][0]["user"]["username"], "akadmin", "{paged}");
    api.get("/lockgate/applications/wiki/access/?page=9").await.expect(404);
    let allowed = api.get("/lockgate/applications/wiki/access/?allowed=true").await.expect(200);
    assert_eq!(
        (&allowed["pagination"]["count"], &allowed["results"][0]["user"]["username"]),
        (&json!(1), &json!("ada"))
    );
    let kept_out = api.get("/lockgate/applications/wiki/access/?allowed=false&search=b").await.expect(200);
    assert_eq!(kept_out["results"][0]["user"]["username"], "bob", "{kept_out}");
    let open = api.get("/lockgate/applications/open/access/?search=bob").await.expect(200);
    assert_eq!(open["results"][0]["reasons"], json!(["nothing is bound to it"]), "{open}");
    for (query, allowed) in [("", false), ("&mfa=true", true)] {
        let safe = api.get(&format!("/lockgate/applications/safe/access/?search=bob{query}")).await.expect(200);
        assert_eq!(safe["results"][0]["allowed"], allowed, "{safe}");
    }
    api.get("/lockgate/applications/nothing/access/").await.expect(404);
    api.get("/lockgate/applications/wiki/access/?allowed=perhaps").await.expect(400);
}

#[tokio::test]
async fn a_thousand_are_looked_at_for_those_who_are_allowed() {
    let api = start("").await;
    let mut table = "username,groups\n".to_owned();
    (0..1_050).for_each(|n| table.push_str(&format!("u{n:04},{}\n", if n % 100 == 0 { "Editors" } else { "" })));
    let reply = api.raw(http::Method::POST, "/lockgate/users/import/", "text/csv", &table).await;
    assert_eq!(reply.expect(200)["created"], 1_050);
    let told = api.get("/lockgate/applications/wiki/access/?allowed=true&page_size=5&page=2").await.expect(200);
    assert_eq!((&told["truncated"], &told["pagination"]["count"]), (&json!(true), &json!(11)), "{told}");
    assert_eq!(told["results"].as_array().map(Vec::len), Some(5));
    let few = api.get("/lockgate/applications/wiki/access/?allowed=true&search=u104").await.expect(200);
    assert_eq!((&few["truncated"], &few["pagination"]["count"]), (&json!(false), &json!(0)));
}

#[tokio::test]
async fn applications_of_somebody_come_with_what_is_missing() {
    let api = start("permit (principal == User::\"clerk\", action in [Action::\"read\", Action::\"check_access\"], resource is User);\npermit (principal == User::\"clerk\", action == Action::\"read\", resource == Object::\"application/wiki\");\n").await;
    let bob = api.get("/core/users/?username=bob").await.expect(200)["results"][0]["pk"].clone();
    let told = api.get(&format!("/lockgate/users/{bob}/access/")).await.expect(200);
    assert_eq!(told["pagination"]["count"], 3);
    let (wiki, open) = (of(&told, "wiki"), of(&told, "open"));
    assert_eq!(
        (&wiki["allowed"], &wiki["reasons"], &wiki["application"]["name"]),
        (&json!(false), &json!([]), &json!("The Wiki"))
    );
    assert!(wiki["missing"][0].as_str().is_some_and(|text| text.contains("Editors")), "{wiki}");
    assert_eq!((&open["allowed"], &open["missing"]), (&json!(true), &json!([])));
    let allowed = api.get(&format!("/lockgate/users/{bob}/access/?allowed=true&search=op")).await.expect(200);
    assert_eq!(
        (&allowed["pagination"]["count"], &allowed["results"][0]["application"]["slug"]),
        (&json!(1), &json!("open"))
    );
    api.get("/lockgate/users/999999/access/").await.expect(404);
    api.get("/lockgate/users/x/access/").await.expect(404);

    let clerk = somebody(&api, "clerk").await;
    let told = clerk.get(&format!("/lockgate/users/{bob}/access/")).await.expect(200);
    assert_eq!(told["pagination"]["count"], 1, "{told}");
    clerk.get("/lockgate/applications/wiki/access/").await.expect(200);
    clerk.get("/lockgate/applications/open/access/").await.expect(404);
    let plain = somebody(&api, "plain").await;
    plain.get(&format!("/lockgate/users/{bob}/access/")).await.expect(404);
}
